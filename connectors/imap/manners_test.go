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
	"hashsend/connectors/imap/wire"
)

// running runs a source as long as a test goes on.
func running(t *testing.T, src *Source, k mail.Handler, cursor string) (stop func()) {
	t.Helper()
	ctx, end := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- src.Run(ctx, func(string) string { return cursor }, k) }()
	stop = sync.OnceFunc(func() {
		end()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(live); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(what)
		}
	}
}

func newTaker() *taker { return &taker{cursors: map[string]string{}, fail: map[string]error{}} }

// A body that comes slowly keeps nothing behind it away, is taken in when it is
// there, and is looked at again where its connection is lost.
func TestSlowBody(t *testing.T) {
	for name, breaks := range map[string]bool{"comes": false, "breaks": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			release := make(chan struct{})
			var once sync.Once
			s := newScripted(t, func(s *scripted) {
				s.hook = func(x *scriptedConn, tag, command, args string) bool {
					if command != "UID FETCH" || !strings.HasPrefix(args, "1 ") || !strings.Contains(args, "BODY.PEEK[]") {
						return false
					}
					first := false
					once.Do(func() { first = true })
					if first {
						text := raw("ours", "slow")
						x.sayf("* 1 FETCH (UID 1 BODY[] {%d}\r\n%s", len(text), text[:20])
						<-release
						if breaks {
							x.hangUp()
							return true
						}
						x.sayf("%s)", text[22:]) // the line end of sayf was a part of it
						x.say(tag + " OK done")
						return true
					}
					return false
				}
			})
			k := newTaker()
			running(t, s.source(nil), k, "7:0:0:0:0")
			s.put("INBOX", strings.Replace(raw("ours", "slow"), "\r\n", "\r\n", 1))
			s.put("INBOX", raw("ours", "quick"))
			eventually(t, "the mail behind the slow one did not arrive", func() bool { return slices.Contains(k.all(), "INBOX: quick") })
			close(release)
			eventually(t, "the slow mail did not arrive", func() bool { return len(k.all()) == 2 })
		})
	}
}

// While a conversation is live the server is asked twice a second at most.
func TestQuickQuestions(t *testing.T) {
	t.Parallel()
	s := newScripted(t, func(s *scripted) { s.caps = "IMAP4rev1 AUTH=PLAIN SASL-IR" })
	k := newTaker()
	running(t, s.source(func(c *Config) { c.Poll, c.Sent, c.Junk, c.All = time.Hour, None, None, None }), k, "7:0:0:0:0")
	s.put("INBOX", raw("ours", "reply"))
	eventually(t, "the reply did not arrive", func() bool { return len(k.all()) == 1 })
	s.put("INBOX", raw("ours", "another"))
	begun := time.Now()
	eventually(t, "the second reply did not arrive", func() bool { return len(k.all()) == 2 })
	if took := time.Since(begun); took > 2*time.Second {
		t.Errorf("it took %s although the conversation is live", took)
	}
	time.Sleep(1500 * time.Millisecond) // what is counted is what happens in that time
	if asked := s.asked("NOOP"); len(asked) > 5 {
		t.Errorf("%d questions in under 3 s", len(asked))
	}
}

// A server that asks for a pause gets it: nobody signs in meanwhile, and the quick
// rhythm ends.
func TestThrottled(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var until time.Time
	noops := 0
	s := newScripted(t, func(s *scripted) {
		s.caps = "IMAP4rev1 AUTH=PLAIN SASL-IR"
		s.hook = func(x *scriptedConn, tag, command, _ string) bool {
			mu.Lock()
			defer mu.Unlock()
			if command == "NOOP" {
				noops++
			}
			if noops == 2 {
				noops++
				until = time.Now().Add(1500 * time.Millisecond)
			}
			if time.Now().Before(until) {
				x.say(tag + " BAD Request is throttled. Suggested Backoff Time: 1500 milliseconds")
				x.say("* BYE Connection closed. 14")
				x.hangUp()
				return true
			}
			return false
		}
	})
	k := newTaker()
	src := s.source(func(c *Config) { c.Sent, c.Junk, c.All = None, None, None })
	running(t, src, k, "7:0:0:0:0")
	eventually(t, "the server was not throttled", func() bool { mu.Lock(); defer mu.Unlock(); return !until.IsZero() })
	signedIn := func() int { s.mu.Lock(); defer s.mu.Unlock(); return s.logins }
	before := signedIn()
	s.put("INBOX", raw("ours", "reply"))
	eventually(t, "the reply did not arrive", func() bool { return len(k.all()) == 1 })
	if time.Now().Before(until) {
		t.Error("the pause was not kept")
	}
	if n := signedIn() - before; n > 2 {
		t.Errorf("%d logins", n)
	}
	if src.seats.mayHurry() {
		t.Error("the quick rhythm goes on")
	}
}

// What a refusal is about, by the words of servers.
func TestTrouble(t *testing.T) {
	for _, c := range []struct {
		said  wire.Said
		kind  trouble
		pause time.Duration
	}{
		{wire.Said{Status: "BAD", Text: "Request is throttled. Suggested Backoff Time: 30000 milliseconds"}, busy, 30 * time.Second},
		{wire.Said{Status: "BAD", Text: "Throttled; backoff time 5 seconds"}, busy, 5 * time.Second},
		{wire.Said{Status: "NO", Code: "UNAVAILABLE", Text: "Maximum number of connections from user+IP exceeded (mail_max_userip_connections=10)"}, connections, 0},
		{wire.Said{Status: "NO", Code: "ALERT", Text: "Too many simultaneous connections. (Failure)"}, connections, 0},
		{wire.Said{Status: "BYE", Text: "Too many concurrent connections"}, connections, 0},
		{wire.Said{Status: "NO", Code: "UNAVAILABLE", Text: "Internal error"}, inUse, 0},
		{wire.Said{Status: "NO", Code: "INUSE", Text: "Mailbox is locked"}, inUse, 0},
		{wire.Said{Status: "NO", Code: "LIMIT", Text: "LOGIN Rate limit hit."}, busy, 0},
		{wire.Said{Status: "NO", Code: "SERVERBUG", Text: "UID SEARCH Server error - Please try again later"}, noTrouble, 0},
		{wire.Said{Status: "NO", Text: "EXAMINE Unsafe Login. Please contact kefu@188.com for help"}, identify, 0},
		{wire.Said{Status: "NO", Code: "AUTHENTICATIONFAILED", Text: "Invalid credentials (Failure)"}, wrongSecrets, 0},
		{wire.Said{Status: "NO", Text: "no such folder"}, noTrouble, 0},
	} {
		if kind, pause := troubleOf(fmt.Errorf("open: %w", &c.said)); kind != c.kind || pause != c.pause {
			t.Errorf("%s: %v, %s", &c.said, kind, pause)
		}
	}
}

// A mail that becomes visible after one with a higher UID is taken in, also when
// the program was started anew in between; what was there at the first start is not.
func TestLateUID(t *testing.T) {
	t.Parallel()
	s := newScripted(t, nil)
	s.put("INBOX", raw("ours", "from before the first start"))
	only := func(c *Config) { c.Sent, c.Junk, c.All = None, None, None }
	k := newTaker()
	stop := running(t, s.source(only), k, "")
	eventually(t, "the folder was not opened", func() bool { k.mu.Lock(); defer k.mu.Unlock(); return k.cursors["INBOX"] != "" })
	s.mu.Lock()
	s.folder("INBOX").next = 3
	s.mu.Unlock()
	s.put("INBOX", raw("ours", "third"))
	eventually(t, "the third did not arrive", func() bool { return len(k.all()) == 1 })
	stop()
	s.mu.Lock()
	f := s.folder("INBOX")
	f.mails = slices.Insert(f.mails, 1, scriptedMail{uid: 2, date: "NIL", raw: raw("ours", "second")})
	s.mu.Unlock()
	k.mu.Lock()
	cursor := k.cursors["INBOX"]
	k.mu.Unlock()
	running(t, s.source(only), k, cursor)
	eventually(t, "the second did not arrive", func() bool { return len(k.all()) == 2 })
	s.put("INBOX", raw("ours", "fourth"))
	eventually(t, "the fourth did not arrive", func() bool { return len(k.all()) == 3 })
	if got := k.all(); !slices.Equal(got, []string{"INBOX: third", "INBOX: second", "INBOX: fourth"}) {
		t.Errorf("got %q", got)
	}
}

// A server whose numbers begin anew without a word about it is noticed.
func TestRestoredServer(t *testing.T) {
	t.Parallel()
	s := newScripted(t, nil)
	only := func(c *Config) { c.Sent, c.Junk, c.All = None, None, None }
	k := newTaker()
	s.put("INBOX", raw("ours", "new with a low number"))
	running(t, s.source(only), k, fmt.Sprintf("7:900:%d:0:ffffffffffffffff", time.Now().Unix()))
	eventually(t, "the mail did not arrive", func() bool { return len(k.all()) == 1 })
	s.put("INBOX", raw("ours", "and the next"))
	eventually(t, "the next did not arrive", func() bool { return len(k.all()) == 2 })
}

// A large folder is ready at once, and little is asked.
func TestLargeFolder(t *testing.T) {
	s := newScripted(t, nil)
	f := s.folder("INBOX")
	for n := range 100_000 {
		f.mails = append(f.mails, scriptedMail{uid: n + 1, date: "NIL", raw: "Subject: old\r\n\r\nold\r\n"})
	}
	f.next = 100_001
	begun := time.Now()
	arrives(t, s, s.source(nil), func() { s.put("INBOX", raw("ours", "reply")) }, "INBOX: reply")
	if took := time.Since(begun); took > live {
		t.Errorf("it took %s", took)
	}
	if n := len(s.asked("UID FETCH")); n > 4 {
		t.Errorf("%d fetches", n)
	}
}

// Folders of sent mail are known by the names that programs give them.
func TestSentNames(t *testing.T) {
	for _, name := range []string{
		"Sent Objects", "Sent-Mail", "Elementos enviados", "Itens Enviados", "Mensagens enviadas", "Skickade objekt", "Sendt post",
		"Sendte elementer", "Lähetetyt", "Elementy wysłane", "Odeslaná pošta", "Elküldött elemek", "Gönderilmiş Öğeler", "Надіслані", "送信済みアイテム", "已发送",
		"보낸 편지함", "Απεσταλμένα", "Trimise", "SENT", "INBOX.Sent Items", "Éléments envoyés",
	} {
		all := []wire.Folder{{Name: "INBOX", Delimiter: "."}, {Name: "INBOX.Work.sent", Delimiter: "."}, {Name: name, Delimiter: "."}, {Name: "Notes", Delimiter: "."}}
		if got := withRole(all, roleSent, sentNames()); got != name {
			t.Errorf("%s: took %q", name, got)
		}
	}
	if n := len(languages); n < 30 {
		t.Errorf("%d languages", n)
	}
	for _, l := range languages {
		for _, name := range slices.Concat(l.sent, l.junk) {
			if plainName(name) != name {
				t.Errorf("%s: %q can never be found", l.code, name)
			}
			if slices.Contains(l.junk, name) && slices.Contains(sentNames(), name) {
				t.Errorf("%s: %q is both", l.code, name)
			}
		}
	}
}

// The Sent folder is made where the server wants it, and our copies are found there
// by servers that do not search headers.
func TestKeeperFallbacks(t *testing.T) {
	text := raw("ours", "kept")
	for name, c := range map[string]struct {
		change func(*scripted)
		folder string
	}{
		"personal namespace": {func(s *scripted) {
			s.folders = s.folders[:1]
			s.hook = func(x *scriptedConn, tag, command, args string) bool {
				switch {
				case command == "NAMESPACE":
					x.say(`* NAMESPACE (("INBOX." ".")) NIL NIL` + "\r\n" + tag + " OK done")
					return true
				case command == "CREATE" && !strings.HasPrefix(args, `"INBOX.`):
					x.say(tag + " NO Invalid mailbox name")
					return true
				}
				return false
			}
		}, "INBOX.Sent"},
		"no NAMESPACE": {func(s *scripted) {
			s.folders, s.caps = s.folders[:1], "IMAP4rev1 AUTH=PLAIN SASL-IR"
			refuses(func(c, a string) bool { return c == "CREATE" && a == `"Sent"` }, "NO not here")(s)
		}, "INBOX.Sent"},
		"there already": {func(s *scripted) {
			s.folders[1].role = ""
			s.folders[1].name = "Ablage"
			refuses(is("CREATE"), "NO [ALREADYEXISTS] there")(s)
			s.folders = append(s.folders, &scriptedFolder{name: "Sent", validity: 3, next: 1, role: `\Noselect`})
		}, "Sent"},
		"no search by header": {refuses(func(c, a string) bool { return c == "UID SEARCH" && strings.Contains(a, "HEADER") }, "NO [SERVERBUG] Please try again later"), "Sent"},
		"no search at all":    {refuses(is("UID SEARCH"), "BAD unknown"), "Sent"},
		"no dates in APPEND":  {refuses(func(c, a string) bool { return c == "APPEND" && strings.Contains(a, `\Seen`) }, "BAD bad date"), "Sent"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScripted(t, c.change)
			src := s.source(nil)
			if err := src.KeepSent(t.Context(), outgoing(text), time.Now()); err != nil {
				t.Fatal(err)
			}
			s.mu.Lock()
			kept := s.folder(c.folder)
			n := 0
			if kept != nil {
				n = len(kept.mails)
			}
			s.mu.Unlock()
			if n != 1 {
				t.Fatalf("the copy is not in %s\n%s", c.folder, strings.Join(s.asked("."), "\n"))
			}
			if c.folder != "Sent" || kept.role != `\Sent` {
				return
			}
			if id, found, err := src.FindSent(t.Context(), "trace.kept", time.Now()); err != nil || !found || id != "kept@example.com" {
				t.Errorf("found %q, %v, %v", id, found, err)
			}
		})
	}
}

// looker is a taker that does not open its mails.
type looker struct{ *taker }

func (k *looker) Handle(_ context.Context, cursor string, m mail.Incoming) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.cursors[m.Folder] = cursor
	k.got = append(k.got, m.Header.Get("X-Extra"))
	return nil
}

// Of mail that is not ours nothing but some header fields is read, of a large one
// that we have sent the header; the handler gets all fields of what it takes.
func TestWhatIsRead(t *testing.T) {
	s := newScripted(t, nil)
	k := &looker{newTaker()}
	s.put("INBOX", "Subject: private\r\nX-Secret: diary\r\n\r\nlong text")
	s.put("INBOX", "X-Extra: one\r\n"+raw("ours", "copy")+strings.Repeat("large ", 20000))
	s.put("INBOX", "X-Extra: two\r\nSubject: ours\r\n\r\nshort")
	running(t, s.source(nil), k, "7:0:0:0:0")
	eventually(t, "the mails did not arrive", func() bool { return len(k.all()) == 2 })
	if got := k.all(); !slices.Equal(got, []string{"one", "two"}) {
		t.Errorf("got %q", got)
	}
	if got := s.asked(`BODY\.PEEK\[\]`); len(got) != 1 || !strings.Contains(got[0], "FETCH 3 ") {
		t.Errorf("read whole: %q", got)
	}
	if got := s.asked(`BODY\.PEEK\[HEADER\]`); len(got) != 1 || !strings.Contains(got[0], "FETCH 2 ") {
		t.Errorf("read the header of: %q", got)
	}
}

// The named fields tell all that the whole header tells about whose a mail is.
func TestNamedFields(t *testing.T) {
	var all strings.Builder
	for i, f := range []string{"Message-ID", "In-Reply-To", "References", "X-Microsoft-Original-Message-ID", "X-Google-Original-Message-ID", "Origin-MessageId"} {
		fmt.Fprintf(&all, "%s: <id%d@example.org>\r\n", f, i)
	}
	for i, f := range []string{"From", "Sender", "Reply-To", "To", "Cc", "Delivered-To", "X-Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "X-Forwarded-To", "X-Rcpt-To"} {
		fmt.Fprintf(&all, "%s: a%d@example.org\r\n", f, i)
	}
	all.WriteString("Subject: #Send plan\r\nDate: Fri, 27 Nov 2026 10:00:00 +0000\r\nThread-Index: AdpXb0I2YWFhYWFhYWFhYWFhYWFhYQ==\r\n")
	read := func(text string) string {
		h, err := readHeader(strings.NewReader(text + "\r\n"))
		if err != nil {
			t.Fatal(err)
		}
		m := h.Message()
		m.Header = nil
		return fmt.Sprintf("%+v", m)
	}
	some := pick(strings.TrimSuffix(all.String(), "\r\n"), headForms[0].section)
	if got, want := read(some), read(all.String()); got != want {
		t.Errorf("the named fields say\n%s\nall say\n%s", got, want)
	}
}

// patient is a taker that is told how its folders fare.
type patient struct {
	*taker
	told chan error
}

func (k *patient) Health(_, _ string, err error) { k.told <- err }

// The handler is told of trouble and of its end.
func TestHealth(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	refused := 0
	s := newScripted(t, func(s *scripted) {
		s.hook = func(x *scriptedConn, tag, command, _ string) bool {
			mu.Lock()
			defer mu.Unlock()
			if command != "EXAMINE" || refused == 4 { // each attempt asks twice: after ID once more
				return false
			}
			refused++
			x.say(tag + " NO not now")
			return true
		}
	})
	k := &patient{newTaker(), make(chan error, 9)}
	running(t, s.source(func(c *Config) { c.Sent, c.Junk, c.All = None, None, None }), k, "7:0:0:0:0")
	for i, want := range []bool{true, true, false} {
		select {
		case err := <-k.told:
			if (err != nil) != want {
				t.Errorf("told %d: %v", i, err)
			}
		case <-time.After(live):
			t.Fatal("it is not told")
		}
	}
}

// While a conversation is live, a server that announces nothing is looked at often;
// afterwards, and where it has throttled, in its usual rhythm.
func TestSilentAnnouncements(t *testing.T) {
	t.Parallel()
	s := newScripted(t, func(s *scripted) {
		s.hook = func(x *scriptedConn, tag, command, _ string) bool {
			if command != "IDLE" {
				return false
			}
			x.say("+ idling")
			x.command() //nolint:errcheck // the client hangs up
			x.say(tag + " OK idled")
			return true
		}
	})
	k := newTaker()
	src := s.source(func(c *Config) { c.Poll, c.Burst, c.Sent, c.Junk, c.All = time.Hour, -1, None, None, None })
	s.put("INBOX", raw("ours", "first"))
	running(t, src, k, "7:0:0:0:0")
	eventually(t, "the first did not arrive", func() bool { return len(k.all()) == 1 })
	s.put("INBOX", raw("ours", "reply"))
	eventually(t, "the reply did not arrive", func() bool { return len(k.all()) == 2 })
	if src.seats.pause(time.Millisecond); src.isLive() {
		t.Error("a throttled account is live")
	}
}

// A server that has announced new mail is believed, and not asked in between.
func TestAnnouncementsAreBelieved(t *testing.T) {
	t.Parallel()
	s := newScripted(t, nil)
	k := newTaker()
	src := s.source(func(c *Config) { c.Poll, c.Burst, c.Sent, c.Junk, c.All = time.Hour, -1, None, None, None })
	running(t, src, k, "7:0:0:0:0")
	eventually(t, "IDLE was not begun", func() bool { return len(s.asked("IDLE")) > 0 })
	s.put("INBOX", raw("ours", "reply"))
	eventually(t, "the reply did not arrive", func() bool { return len(k.all()) == 1 })
	eventually(t, "the announcement is not believed", func() bool { return src.quirks.announces() && src.isLive() })
	eventually(t, "IDLE was not begun again", func() bool { return len(s.asked("IDLE")) == 2 })
	time.Sleep(liveLook + 500*time.Millisecond) // what is counted is what happens in that time
	if n := len(s.asked("IDLE")); n > 2 {
		t.Errorf("%d times IDLE", n)
	}
}
