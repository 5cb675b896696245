package smtp

import (
	"log/slog"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"hashsend/bridge/mail"
	"hashsend/bridge/retry"
	"hashsend/connectors/mailnet"
)

// A connection that the server is done with costs nothing: the mail goes over a
// new one at once.
func TestNewConnectionAtOnce(t *testing.T) {
	for name, change := range map[string]func(*scripted){
		"421 to MAIL":                once("MAIL", "!421 4.4.2 timeout exceeded\r\n"),
		"421 to RCPT":                once("RCPT", "!421 4.7.0 closing\r\n"),
		"421 to DATA":                once("DATA", "!421 closing\r\n"),
		"421 at the end":             once(".", "!421 4.3.0 closing\r\n"),
		"hangs up at MAIL":           once("MAIL", "!"),
		"hangs up at DATA":           once("DATA", "!"),
		"half an answer to MAIL":     once("MAIL", "!25"),
		"half an answer to RCPT":     once("RCPT", "!250-2."),
		"half a refusal at the end":  once(".", "!4"),
		"most of a refusal there":    once(".", "!451 4.3.0 no"),
		"250 to DATA":                once("DATA", "250 2.0.0 ok"),
		"an answer that is none":     once("RCPT", "hello"),
		"an answer without end":      once("RCPT", "250 "+strings.Repeat("x", 2<<20)),
		"an answer of endless lines": once("RCPT", strings.Repeat("250-more\r\n", 200_000)+"250 end"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, out := newScripted(t, change)
			begun := time.Now()
			if _, _, err := submit(t, out, outgoing(small, "ann@home.example")); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(begun); took > live {
				t.Errorf("it took %s", took)
			}
			if got := s.to(); !slices.Equal(got, []string{"ann@home.example"}) {
				t.Errorf("taken: %q", got)
			}
		})
	}
}

// A kept connection says with its first answer that it is of no use any more.
func TestKeptConnection(t *testing.T) {
	for _, answer := range []string{"!421 4.4.2 timeout exceeded\r\n", "!", "451 4.3.0 too many mails on this connection", "452 4.5.3 enough on this one", "503 5.5.1 sign in first"} {
		t.Run(answer, func(t *testing.T) {
			t.Parallel()
			s, out := newScripted(t, func(s *scripted) {
				s.hook = func(x *scriptedConn, line string) string {
					if strings.HasPrefix(line, "MAIL") && x.sent > 0 {
						return answer
					}
					return ""
				}
			})
			for range 3 {
				if _, _, err := submit(t, out, outgoing(small, "ann@home.example")); err != nil {
					t.Fatal(err)
				}
			}
			if len(s.to()) != 3 || s.conns != 3 {
				t.Errorf("%d mails over %d connections", len(s.to()), s.conns)
			}
		})
	}
}

// Odd answers that say yes are taken for that.
func TestOddAnswers(t *testing.T) {
	for name, change := range map[string]func(*scripted){
		"a huge answer":              always("RCPT", "250 2.1.5 "+strings.Repeat("fine ", 100_000)),
		"bare line feeds":            always("RCPT", "250-2.1.5 yes\n250 2.1.5 indeed"),
		"a code alone":               always("RCPT", "250"),
		"a line without code inside": always("RCPT", "250-yes\r\nand more\r\n250 end"),
		"251 to RCPT":                always("RCPT", "251 2.1.5 will forward"),
		"a banner of many lines":     func(s *scripted) { s.banner = "220-welcome\r\n220-to us\r\n220 ready" },
		"offers in lower case":       func(s *scripted) { s.offers = []string{"size 5000", "auth plain"} },
		"AUTH with an equals sign":   func(s *scripted) { s.offers = []string{"AUTH=PLAIN LOGIN"} },
		"cut behind the last code":   always(".", "!250"),
		"cut in the last words":      always(".", "!250 2.0.0 O"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, out := newScripted(t, change)
			for range 2 {
				res, _, err := submit(t, out, outgoing(small, "ann@home.example"))
				if err != nil || len(res.Outcomes) != 1 || res.Outcomes[0].State != mail.Accepted {
					t.Fatalf("%+v, %v", res, err)
				}
			}
			if len(s.to()) != 2 {
				t.Errorf("taken: %q", s.to())
			}
		})
	}
	_, out := newScripted(t, always(".", "!2"))
	if _, _, err := submit(t, out, outgoing(small, "ann@home.example")); !retry.IsUnclear(err) {
		t.Errorf("one digit tells nothing: %v", err)
	}
}

// Names in EHLO: the machine's or its address, and after a refusal another, which
// is remembered; only when that is refused as well the admin has to set one.
func TestLocalName(t *testing.T) {
	s, out := newScripted(t, func(s *scripted) {
		s.hook = func(_ *scriptedConn, line string) string {
			if strings.HasPrefix(line, "EHLO") && !strings.HasSuffix(line, " demo.example") {
				return "501 5.5.4 Invalid domain name"
			}
			return ""
		}
	})
	for range 2 {
		if _, _, err := submit(t, out, outgoing(small, "ann@home.example")); err != nil {
			t.Fatal(err)
		}
		out.mu.Lock()
		for _, x := range out.idle {
			go x.drop()
		}
		out.idle = nil
		out.mu.Unlock()
	}
	if got := s.asked("EHLO"); len(got) != 3 || got[2] != "2: EHLO demo.example" || strings.Contains(got[0], "localhost") {
		t.Errorf("said %q", got)
	}
	_, out = newScripted(t, always("EHLO", "550 5.7.1 I do not like your name"))
	_, _, err := submit(t, out, outgoing(small, "ann@home.example"))
	if a := accountError(err); a == nil || a.Trouble != mail.NameRefused || !strings.Contains(a.Advice, "smtp.local_name") || retry.IsNever(err) {
		t.Errorf("refused names: %v", err)
	}
	s, out = newScripted(t, func(s *scripted) {
		s.offers = nil
		s.hook = func(_ *scriptedConn, line string) string {
			if strings.HasPrefix(line, "EHLO") {
				return "502 what?"
			}
			return ""
		}
	})
	out.cfg.Server.User = ""
	if _, _, err := submit(t, out, outgoing(small, "ann@home.example")); err != nil || len(s.asked("HELO")) != 1 {
		t.Errorf("HELO: %v, %q", err, s.asked("HELO"))
	}
}

func TestLocalNames(t *testing.T) {
	local := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 7), Port: 5}
	for _, c := range []struct{ known, set, host, user, want string }{
		{"", "", "mx.example.org", "team@example.org", "mx.example.org [192.0.2.7] example.org localhost"},
		{"", "", "laptop", "team", "[192.0.2.7] localhost"},
		{"", "", "laptop.local", "team@example.org", "[192.0.2.7] example.org localhost"},
		{"", "bridge.example.org", "laptop", "", "bridge.example.org [192.0.2.7] localhost"},
		{"example.org", "", "bad_name.example.org", "team@example.org", "example.org [192.0.2.7] localhost"},
	} {
		if got := strings.Join(localNames(c.known, c.set, c.host, local, c.user), " "); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
	for _, bad := range []string{"", "a b", "-x.org", "[1.2.3]", "[::1]", "ä.org", "a\r\nQUIT"} {
		if isName(bad) {
			t.Errorf("%q is taken for a name", bad)
		}
	}
	if !isName("[IPv6:2001:db8::1]") {
		t.Error("an IPv6 literal is refused")
	}
	if _, err := Open(Config{Server: mailnet.Server{Host: "x", Port: 1}, LocalName: "my machine"}, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "local_name") {
		t.Errorf("a bad name: %v", err)
	}
}

// Parameters that a server offers and refuses are left out, from then on as well.
func TestRefusedParameters(t *testing.T) {
	for name, c := range map[string]struct {
		verb, word string
		refusal    string
	}{
		"NOTIFY": {"RCPT", "NOTIFY", "501 5.5.4 Unsupported option: NOTIFY"},
		"RET":    {"MAIL", "RET=", "555 5.5.4 Unsupported option: RET=HDRS"},
		"SIZE":   {"MAIL", "SIZE=", "501 5.5.2 Syntax error in parameters"},
		"BODY":   {"MAIL", "BODY=", "504 Command parameter not implemented"},
		"ENVID":  {"MAIL", "ENVID=", "500 unrecognized"},
		"UTF8":   {"MAIL", "SMTPUTF8", "555 5.5.4 unknown parameter"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, out := newScripted(t, func(s *scripted) {
				s.offers = append(s.offers, "DSN", "SMTPUTF8")
				s.hook = func(_ *scriptedConn, line string) string {
					if strings.HasPrefix(line, c.verb) && strings.Contains(line, c.word) {
						return c.refusal
					}
					return ""
				}
			})
			for range 2 {
				o := outgoing(small, "ann@home.example")
				o.EnvelopeID, o.UTF8 = "abc", true
				if res, _, err := submit(t, out, o); err != nil || res.Outcomes[0].State != mail.Accepted {
					t.Fatalf("%+v, %v", res, err)
				}
			}
			refused := 0
			for _, l := range s.asked(c.verb) {
				if strings.Contains(l, c.word) {
					refused++
				}
			}
			if refused != 1 {
				t.Errorf("asked with %s %d times", c.word, refused)
			}
		})
	}
}

// The rest of too many recipients goes in another transaction at once.
func TestTooManyRecipients(t *testing.T) {
	to := []string{"a@x.example", "b@x.example", "c@x.example", "d@x.example", "e@x.example"}
	limit := func(answer string, then string) func(*scripted) {
		return func(s *scripted) {
			s.hook = func(x *scriptedConn, line string) string {
				switch {
				case strings.HasPrefix(line, "RCPT") && len(x.rcpt) == 2:
					return answer
				case line == "." && x.sent > 0:
					return then
				}
				return ""
			}
		}
	}
	for _, answer := range []string{"452 4.5.3 Error: too many recipients", "452 too many recipients", "552 5.5.3 too many recipients", "452 recipient limit exceeded", "451 4.3.0 Multiple destination domains, use a separate transaction"} {
		s, out := newScripted(t, limit(answer, ""))
		res, dots, err := submit(t, out, outgoing(small, to...))
		if err != nil || dots != 3 || len(res.Outcomes) != 5 {
			t.Errorf("%s: %+v, %d dots, %v", answer, res, dots, err)
		}
		for i, o := range res.Outcomes {
			if o.Address != to[i] || o.State != mail.Accepted {
				t.Errorf("%s: %+v", answer, o)
			}
		}
		if got := s.to(); !slices.Equal(got, []string{"a@x.example b@x.example", "c@x.example d@x.example", "e@x.example"}) {
			t.Errorf("%s: taken %q", answer, got)
		}
	}
	// What is known of the first ones outlives a failure of the others.
	for _, then := range []string{"451 4.3.0 not now", "!", "554 5.7.1 no"} {
		_, out := newScripted(t, limit("452 4.5.3 too many", then))
		res, _, err := submit(t, out, outgoing(small, to...))
		if err != nil || len(res.Outcomes) != 5 {
			t.Fatalf("%s: %+v, %v", then, res, err)
		}
		for i, o := range res.Outcomes {
			if want := map[bool]mail.OutcomeState{true: mail.Accepted, false: mail.Deferred}[i < 2]; o.State != want || o.Address != to[i] {
				t.Errorf("%s: %+v", then, o)
			}
		}
	}
}

// The next way of signing in is tried where one is refused, and no third.
func TestSignIn(t *testing.T) {
	for name, c := range map[string]struct {
		offers, refuse, answer string
		works                  bool
		asked                  int
	}{
		"PLAIN refused":      {"AUTH PLAIN LOGIN", "AUTH PLAIN", "504 5.5.4 mechanism disabled", true, 2},
		"PLAIN wrong":        {"AUTH PLAIN LOGIN", "AUTH PLAIN", "535 5.7.8 no", true, 2},
		"both refused":       {"AUTH PLAIN LOGIN", "AUTH", "535 5.7.8 no", false, 2},
		"refused, hangs up":  {"AUTH PLAIN LOGIN", "AUTH", "!535 5.7.8 no\r\n", false, 1},
		"an old server":      {"AUTH=LOGIN", "AUTH PLAIN", "504 no", true, 1},
		"too busy to say":    {"AUTH PLAIN LOGIN", "AUTH", "454 4.7.0 Too many login attempts", false, 1},
		"others are offered": {"AUTH CRAM-MD5 GSSAPI LOGIN", "AUTH CRAM", "535 no", true, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, out := newScripted(t, func(s *scripted) {
				s.offers = []string{c.offers}
				s.hook = func(_ *scriptedConn, line string) string {
					switch {
					case strings.HasPrefix(line, c.refuse):
						return c.answer
					case line == "AUTH LOGIN":
						return "334 VXNlciBOYW1lAA=="
					case line == "dGVhbUBkZW1vLmV4YW1wbGU=":
						return "334 UGFzc3dvcmQA"
					case line == "c2VjcmV0":
						return "235 in"
					}
					return ""
				}
			})
			_, _, err := submit(t, out, outgoing(small, "ann@home.example"))
			if (err == nil) != c.works {
				t.Errorf("%v", err)
			}
			if a := accountError(err); !c.works && (a == nil || (a.Trouble != mail.NotSignedIn) != strings.HasPrefix(c.answer, "454") || !retry.IsCongested(err) || retry.IsNever(err)) {
				t.Errorf("%v: %+v", err, a)
			}
			if got := s.asked("AUTH"); len(got) != c.asked {
				t.Errorf("asked %q", got)
			}
		})
	}
}
