package imap

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hashsend/bridge/mail"
)

// live is how long a live reply may take with a server that misbehaves.
const live = 5 * time.Second

// arrives runs the connector, puts what a test wants into the mailbox, and waits
// for the mails that are to be taken in.
func arrives(t *testing.T, s *scripted, src *Source, put func(), want ...string) *taker {
	t.Helper()
	k := &taker{cursors: map[string]string{}, fail: map[string]error{}}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- src.Run(ctx, func(folder string) string { k.mu.Lock(); defer k.mu.Unlock(); return k.cursors[folder] }, k)
	}()
	defer func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	}()
	wait := func(what string, ok func() bool) {
		t.Helper()
		for end := time.Now().Add(live); !ok(); time.Sleep(2 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%s: got %q, passed %v\n%s", what, k.all(), k.cursors, strings.Join(s.asked("."), "\n"))
			}
		}
	}
	wait("the inbox was not opened", func() bool { k.mu.Lock(); defer k.mu.Unlock(); return len(k.cursors) > 1 })
	put()
	wait("the reply did not arrive", func() bool { return len(k.all()) >= len(want) })
	got := k.all()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	return k
}

// What servers write that nobody needs, or write in a way of their own, keeps no
// reply away.
func TestOddAnswers(t *testing.T) {
	plain := func(end, items string) func(int, scriptedMail, string, string, string) string {
		return func(n int, _ scriptedMail, parts, section, data string) string {
			return fmt.Sprintf("* %d FETCH (%s%s %s {%d}\r\n%s%s\r\n", n, parts, items, section, len(data), data, end)
		}
	}
	dated := func(date string) func(*scripted) {
		return func(s *scripted) {
			s.fetch = func(n int, _ scriptedMail, parts, section, data string) string {
				parts = strings.Replace(parts, `"27-Nov-2026 10:00:00 +0000"`, date, 1)
				return fmt.Sprintf("* %d FETCH (%s %s {%d}\r\n%s)\r\n", n, parts, section, len(data), data)
			}
		}
	}
	says := func(lines ...string) func(*scripted) { return func(s *scripted) { s.selectSays = lines } }
	fetch := func(f func(int, scriptedMail, string, string, string) string) func(*scripted) {
		return func(s *scripted) { s.fetch = f }
	}
	lists := func(lines ...string) func(*scripted) { return func(s *scripted) { s.list = lines } }
	for name, change := range map[string]func(*scripted){
		"keyword with parentheses": says(`* FLAGS (\Answered \Seen done(3) list)item)`),
		"keyword with brackets":    says(`* FLAGS (\Seen Label-[Old]/All of it)`, `* OK [PERMANENTFLAGS (\Seen Label-[Old]/All of it \*)] kept`),
		"keyword with quotes":      says(`* FLAGS (\Seen "open`, `* OK [PERMANENTFLAGS (\Seen " \*)] kept`),
		"keyword with controls":    says("* FLAGS (\\Seen a\x01b\x00c \xff)"),
		"space before the end":     says(`* OK [PERMANENTFLAGS (\Seen \* )] x`, `* FLAGS ( \Seen  )`),
		"unknown answers":          says(`* X-NEWS (a (b`, `* 12 SURPRISE`, `*`, `* `, `hello`, `* OK`, `* OK [`, `* OK [UIDNEXT x] y`, `* 99999999999 EXISTS`),
		"date without a zone":      dated(`"03-Jul-2024 10:00:00"`),
		"date of RFC 5322":         dated(`"Mon, 30 Dec 2024 21:00:02 +9900"`),
		"date of zeros":            dated(`"00-Jan-0000 00:00:00 +0000"`),
		"date that is NIL":         dated(`NIL`),
		"date that is an atom":     dated(`never`),
		"date that is empty":       dated(`""`),
		"space behind the literal": fetch(plain(" )", "")),
		"line end behind it":       fetch(plain("\r\n)", "")),
		"no end at all":            fetch(plain("", "")),
		"items nobody asked for":   fetch(plain(` X-ODD (1 ("a)" NIL) 2) MODSEQ (77) X-AGE "b(c")`, ` X-GM-MSGID 99 FLAGS (\Seen todo(2))`)),
		"flags that do not close":  fetch(plain(")", ` FLAGS (\Seen :( x)`)),
		"items behind the literal": fetch(func(n int, m scriptedMail, _, section, data string) string {
			return fmt.Sprintf("* %d FETCH (%s {%d}\r\n%s UID %d)\r\n", n, section, len(data), data, m.uid)
		}),
		"items on the next line": fetch(func(n int, m scriptedMail, _, section, data string) string {
			return fmt.Sprintf("* %d FETCH (%s {%d}\r\n%s\r\nUID %d)\r\n", n, section, len(data), data, m.uid)
		}),
		"two answers for one mail": fetch(func(n int, m scriptedMail, parts, section, data string) string {
			return fmt.Sprintf("* %d FETCH (%s)\r\n* %d FETCH (FLAGS ())\r\n* %d FETCH (UID %d %s {%d}\r\n%s)\r\n", n, parts, n, n, m.uid, section, len(data), data)
		}),
		"spaces doubled and missing": fetch(func(n int, m scriptedMail, _, section, data string) string {
			return fmt.Sprintf("*  %d  FETCH(UID  %d   %s{%d}\r\n%s)\r\n", n, m.uid, section, len(data), data)
		}),
		"a quoted section": fetch(func(n int, m scriptedMail, _, section, data string) string {
			if strings.HasPrefix(section, "BODY[]") {
				return fmt.Sprintf("* %d FETCH (UID %d %s {%d}\r\n%s)\r\n", n, m.uid, section, len(data), data)
			}
			subject, _, _ := strings.Cut(data, "\r\n")
			return fmt.Sprintf("* %d FETCH (UID %d %s \"%s\")\r\n", n, m.uid, section, subject)
		}),
		"lower case": fetch(func(n int, m scriptedMail, _, section, data string) string {
			return fmt.Sprintf("* %d fetch (uid %d %s {%d}\r\n%s)\r\n", n, m.uid, strings.ToLower(section), len(data), data)
		}),
		"partial without its origin": fetch(func(n int, _ scriptedMail, parts, section, data string) string {
			section, _, _ = strings.Cut(section, "<")
			return fmt.Sprintf("* %d FETCH (%s %s {%d}\r\n%s)\r\n", n, parts, section, len(data), data)
		}),
		"partial with its length": fetch(func(n int, _ scriptedMail, parts, section, data string) string {
			return fmt.Sprintf("* %d FETCH (%s %s {%d}\r\n%s)\r\n", n, parts, strings.Replace(section, "<0>", "<0.65536>", 1), len(data), data)
		}),
		"the section called HEADER": fetch(func(n int, _ scriptedMail, parts, section, data string) string {
			if !strings.HasPrefix(section, "BODY[]") {
				section = "BODY[HEADER]"
			}
			return fmt.Sprintf("* %d FETCH (%s %s {%d}\r\n%s)\r\n", n, parts, section, len(data), data)
		}),
		"other names of folders":   lists(`* LIST (\HasNoChildren) "/" "R&D"`, `* LIST () "/" "a\b"`, "* LIST () \"/\" \"\xff\xfe\"", `* LIST () "/" not quoted at all`),
		"a delimiter that is none": lists(`* LIST (\HasNoChildren) "" "Z"`, `* LIST () NIL NIL`, `* LIST`, `* LIST () "/"`, `* LIST () "long" x`),
		"a greeting with caps":     func(s *scripted) { s.greeting = "* OK [CAPABILITY " + everything + "] welcome [to] all" },
		"talk before the greeting": func(s *scripted) { s.greeting = "hello\r\n* OK ready" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScripted(t, change)
			arrives(t, s, s.source(nil), func() {
				s.put("INBOX", raw("something else", "newsletter"))
				s.put("INBOX", raw("ours", "reply"))
				s.put("Sent", raw("ours", "own words"))
			}, "INBOX: reply", "Sent: own words")
		})
	}
}

// refuses answers a command once, or always, with a refusal.
func refuses(when func(command, args string) bool, answer string) func(*scripted) {
	return func(s *scripted) {
		s.hook = func(x *scriptedConn, tag, command, args string) bool {
			if !when(command, args) {
				return false
			}
			x.say(tag + " " + answer)
			return true
		}
	}
}

func is(command string) func(string, string) bool {
	return func(c, _ string) bool { return c == command }
}

// A command that a server refuses is replaced by another that it takes.
func TestFallbacks(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*scripted)
		asked  string // what must have been asked
		never  string // what must not
		early  bool   // it is asked before the mail comes
	}{
		"AUTHENTICATE refused": {change: refuses(is("AUTHENTICATE"), "NO AUTHENTICATE failed."), asked: `LOGIN "team" "secret"`},
		"AUTHENTICATE unknown": {change: refuses(is("AUTHENTICATE"), "BAD unknown"), asked: `LOGIN "team" "secret"`},
		"AUTHENTICATE hangs up": {change: func(s *scripted) {
			s.hook = func(x *scriptedConn, tag, command, _ string) bool {
				if command != "AUTHENTICATE" {
					return false
				}
				x.say(tag + " NO AUTHENTICATE failed.")
				x.hangUp()
				return true
			}
		}, asked: `LOGIN "team" "secret"`},
		"no mechanism": {change: func(s *scripted) { s.caps = "IMAP4rev1" }, asked: `LOGIN "team" "secret"`, never: "AUTHENTICATE|IDLE|NAMESPACE"},
		"LIST without RETURN": {
			change: func(s *scripted) { s.caps = strings.Replace(everything, "LIST-EXTENDED ", "", 1) },
			asked:  `LIST "" "\*"$`, never: "RETURN",
		},
		"LIST RETURN refused":  {change: refuses(func(c, a string) bool { return c == "LIST" && strings.Contains(a, "RETURN") }, "BAD syntax"), asked: `LIST "" "\*"$`},
		"IDLE refused":         {change: refuses(is("IDLE"), "BAD IDLE is off"), asked: "NOOP", early: true},
		"IDLE refused for now": {change: refuses(is("IDLE"), "NO not today"), asked: "NOOP", early: true},
		"EXAMINE refused":      {change: refuses(is("EXAMINE"), "BAD unknown"), asked: "SELECT"},
		"SEARCH refused":       {change: refuses(is("UID SEARCH"), "NO [SERVERBUG] internal"), asked: `UID FETCH 1:\* \(UID\)`},
		"SEARCH unknown":       {change: refuses(is("UID SEARCH"), "BAD what"), asked: `UID FETCH 1:\* \(UID\)`},
		"partial refused": {
			change: refuses(func(_, a string) bool { return strings.Contains(a, "]<") }, "BAD no partial fetch"),
			asked:  `BODY.PEEK\[HEADER\]\)`,
		},
		"fields refused": {
			change: refuses(func(_, a string) bool { return strings.Contains(a, "HEADER.FIELDS") }, "NO not supported"),
			asked:  `BODY.PEEK\[HEADER\]<0`,
		},
		"fields that stay empty": {change: func(s *scripted) {
			s.fetch = func(n int, _ scriptedMail, parts, section, data string) string {
				if strings.Contains(section, "FIELDS") {
					data = "\r\n"
				}
				return fmt.Sprintf("* %d FETCH (%s %s {%d}\r\n%s)\r\n", n, parts, section, len(data), data)
			}
		}, asked: `BODY.PEEK\[HEADER\]<0`},
		"ID wanted": {change: func(s *scripted) {
			told := sync.Map{}
			s.hook = func(x *scriptedConn, tag, command, _ string) bool {
				if command == "ID" {
					told.Store(x.n, true)
				}
				if _, ok := told.Load(x.n); command != "EXAMINE" || ok {
					return false
				}
				x.say(tag + " NO EXAMINE Unsafe Login. Please contact us")
				return true
			}
		}, asked: `ID \("name" "hashsend"`},
		"ID offered": {change: func(s *scripted) { s.caps = everything + " ID" }, asked: `ID \("name" "hashsend"`},
		"ID offered and refused": {change: func(s *scripted) {
			refuses(is("ID"), "BAD no")(s)
			s.caps = everything + " ID"
		}, asked: "EXAMINE"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScripted(t, c.change)
			arrives(t, s, s.source(nil), func() {
				if c.early {
					eventually(t, "it was not asked", func() bool { return len(s.asked(c.asked)) > 0 })
				}
				s.put("INBOX", raw("ours", "reply"))
				s.put("Sent", raw("ours", "own words"))
			}, "INBOX: reply", "Sent: own words")
			if len(s.asked(c.asked)) == 0 {
				t.Errorf("%q was not asked in\n%s", c.asked, strings.Join(s.asked("."), "\n"))
			}
			if c.never != "" && len(s.asked(c.never)) > 0 {
				t.Errorf("asked %q", s.asked(c.never))
			}
		})
	}
}

// telling is a taker that is told of mails that were set aside.
type telling struct {
	*taker
	missed chan mail.Missed
}

func (k *telling) Missed(ctx context.Context, cursor string, m mail.Missed) error {
	k.missed <- m
	return k.Pass(ctx, m.Mailbox, m.Folder, cursor)
}

// A mail that the server does not give is set aside after three attempts; what lies
// behind it arrives meanwhile.
func TestMailThatIsNotGiven(t *testing.T) {
	names := func(args, what string) bool {
		set, items, _ := strings.Cut(args, " ")
		return strings.Contains(items, what) && (set == "1" || strings.HasPrefix(set, "1:") || strings.HasPrefix(set, "1,"))
	}
	for name, c := range map[string]struct {
		fault func(x *scriptedConn, tag string)
		what  string
	}{
		"header refused":  {func(x *scriptedConn, tag string) { x.say(tag + " NO [SERVERBUG] error while fetching") }, "BODY.PEEK[HEADER"},
		"header missing":  {func(x *scriptedConn, tag string) { x.say(tag + " OK done") }, "BODY.PEEK[HEADER"},
		"header is NIL":   {func(x *scriptedConn, tag string) { x.say("* 1 FETCH (UID 1 BODY[HEADER] NIL)\r\n" + tag + " OK done") }, "BODY.PEEK[HEADER"},
		"header hangs up": {func(x *scriptedConn, _ string) { x.hangUp() }, "BODY.PEEK[HEADER"},
		"header breaks":   {func(x *scriptedConn, _ string) { x.say("* 1 FETCH (UID 1 BODY[HEADER] {900}\r\nSubj"); x.hangUp() }, "BODY.PEEK[HEADER"},
		"body refused":    {func(x *scriptedConn, tag string) { x.say(tag + " NO error while fetching") }, "BODY.PEEK[]"},
		"body missing":    {func(x *scriptedConn, tag string) { x.say(tag + " OK done") }, "BODY.PEEK[]"},
		"body hangs up":   {func(x *scriptedConn, _ string) { x.hangUp() }, "BODY.PEEK[]"},
		"body says bye":   {func(x *scriptedConn, _ string) { x.say("* BYE internal error"); x.hangUp() }, "BODY.PEEK[]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScripted(t, func(s *scripted) {
				s.hook = func(x *scriptedConn, tag, command, args string) bool {
					if command != "UID FETCH" || x.selected == nil || x.selected.name != "INBOX" || !names(args, c.what) {
						return false
					}
					c.fault(x, tag)
					return true
				}
			})
			k := &telling{taker: &taker{cursors: map[string]string{}, fail: map[string]error{}}, missed: make(chan mail.Missed, 9)}
			src := s.source(nil)
			ctx, stop := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- src.Run(ctx, func(string) string { return "7:0:0:0:0" }, k) }()
			defer func() { stop(); <-done }() //nolint:errcheck // its error is not what is tested
			begun := time.Now()
			s.put("INBOX", raw("ours", "poison"))
			s.put("INBOX", raw("ours", "reply"))
			select {
			case m := <-k.missed:
				if m.Number != 1 || m.Folder != "INBOX" || m.Err == nil {
					t.Errorf("told of %+v", m)
				}
			case <-time.After(live):
				t.Fatalf("the mail was not set aside\n%s", strings.Join(s.asked("."), "\n"))
			}
			for len(k.all()) == 0 && time.Since(begun) < live {
				time.Sleep(2 * time.Millisecond)
			}
			if got := k.all(); !slices.Equal(got, []string{"INBOX: reply"}) {
				t.Errorf("got %q after %s", got, time.Since(begun))
			}
			asked := 0
			for _, l := range s.asked(`UID FETCH 1 .*BODY\.PEEK\[`) {
				if strings.Contains(l, c.what) {
					asked++
				}
			}
			if asked < maxAttempts || asked > 4*maxAttempts {
				t.Errorf("it was asked for %d times by itself", asked)
			}
			k.mu.Lock()
			p, err := parseCursor(k.cursors["INBOX"])
			k.mu.Unlock()
			if err != nil || p.UID != 2 || p.Seen&3 != 3 {
				t.Errorf("the position is %v (%v)", p, err)
			}
		})
	}
}

// A server that allows one connection gets one: the folders take turns on it, and
// the words are about connections.
func TestOneConnection(t *testing.T) {
	for name, refusal := range map[string]string{
		"with a code":  "NO [UNAVAILABLE] Maximum number of connections from user+IP exceeded",
		"with LIMIT":   "NO [LIMIT] Too many simultaneous connections",
		"without code": "NO Too many concurrent connections. (Failure)",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			var in *scriptedConn
			s := newScripted(t, func(s *scripted) {
				s.gone = func(x *scriptedConn) {
					mu.Lock()
					defer mu.Unlock()
					if in == x {
						in = nil
					}
				}
				s.hook = func(x *scriptedConn, tag, command, _ string) bool {
					mu.Lock()
					defer mu.Unlock()
					if command != "AUTHENTICATE" && command != "LOGIN" {
						return false
					}
					if in != nil && in != x {
						x.say(tag + " " + refusal)
						return true
					}
					in = x
					return false
				}
			})
			src := s.source(nil)
			arrives(t, s, src, func() {
				s.put("INBOX", raw("ours", "reply"))
				s.put("Sent", raw("ours", "own words"))
			}, "INBOX: reply", "Sent: own words")
			if !src.seats.isSingle() {
				t.Error("the folders do not take turns")
			}
			if _, found, err := src.FindSent(t.Context(), "trace.own words", time.Now()); err != nil || !found {
				t.Errorf("the keeper has no turn: %v, %v", found, err)
			}
		})
	}
}
