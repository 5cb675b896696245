// Package failures shows that what breaks in other bridges does not break here:
// many mails on one connection, refusals at every step, greylisting, a homeserver
// that is away, the first seconds after a start, order, and talkative logs. What
// a crash does is shown in package kill.
package failures

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"maunium.net/go/mautrix/id"

	"hashsend/bridge/mail"
	"hashsend/cmd/hashsend/e2e/lab"
)

func TestMain(m *testing.M) {
	code := m.Run()
	lab.Clean()
	os.Exit(code)
}

const (
	soon  = time.Minute
	owner = "bridge@example.test"
)

// relay is a submission server that fails as a test says.
type relay struct {
	port int
	mu   sync.Mutex
	got  []mail.Message
	fail func(n int, step string) error // n counts the attempts of that step
	n    map[string]int
}

var errHangUp = errors.New("hang up")

func (r *relay) now(step string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.n[step]++
	if r.fail == nil {
		return nil
	}
	return r.fail(r.n[step], step)
}

func (r *relay) mails() []mail.Message {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]mail.Message(nil), r.got...)
}

type session struct {
	r *relay
	c *smtp.Conn
}

func (s *session) Reset()                               {}
func (s *session) Logout() error                        { return nil }
func (s *session) Mail(string, *smtp.MailOptions) error { return nil }
func (s *session) Rcpt(string, *smtp.RcptOptions) error { return s.r.now("rcpt") }

func (s *session) Data(body io.Reader) error {
	m, err := mail.Parse(body, mail.DefaultLimits)
	if err != nil {
		return err
	}
	if err := s.r.now("data"); err != nil {
		if errors.Is(err, errHangUp) {
			s.c.Close() //nolint:errcheck // that is the point
		}
		return err
	}
	s.r.mu.Lock()
	s.r.got = append(s.r.got, m)
	s.r.mu.Unlock()
	return nil
}

// scene is a bridge that gets its mail by LMTP and sends through a relay.
type scene struct {
	t      testing.TB
	home   *lab.Homeserver
	bridge *lab.Bridge
	relay  *relay
	alice  *lab.Person
	lmtp   int
}

func open(t testing.TB) *scene { return openOn(t, lab.Dendrite) }

func openOn(t testing.TB, homeserver func(testing.TB, ...string) *lab.Homeserver) *scene {
	t.Helper()
	s := &scene{t: t, relay: &relay{n: map[string]int{}}, bridge: lab.NewBridge(t, true), lmtp: lab.Port(t)}
	srv := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &session{r: s.relay, c: c}, nil }))
	srv.Domain, srv.ErrorLog = "relay.test", log.New(io.Discard, "", 0)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { srv.Serve(l); close(done) }() //nolint:errcheck // it ends with Close
	t.Cleanup(func() { srv.Close(); <-done })
	s.relay.port = l.Addr().(*net.TCPAddr).Port
	s.home = homeserver(t, s.bridge.Registration)
	s.alice = s.home.Person("alice")
	s.bridge.LogLevel = "info"
	s.bridge.Configure(s.home.URL, fmt.Sprintf("  - {name: main, title: Acme, address: %s, plus_addresses: true, trust: {dkim: false}, largest_mail_mb: 40, lmtp: {listen: '127.0.0.1:%d'}, smtp: {host: 127.0.0.1, port: %d, tls: none}}", owner, s.lmtp, s.relay.port), "hold: {quiet: 0, max: 0, live: 0}\n")
	s.bridge.Run()
	s.bridge.Running()
	return s
}

// room makes a linked room and returns the address that its people answer to.
func (s *scene) room(name string) (room id.RoomID, answerTo string) {
	s.t.Helper()
	room = s.alice.Room(name, s.bridge.Bot)
	lab.Wait(s.t, "the bridge in the room", soon, func() bool { return s.alice.Joined(room, s.bridge.Bot) })
	s.bridge.Admin("--room", "matrix/"+string(room), "link", "bob@other.test", "title", name, "yes")
	s.alice.Say(room, "opening "+name)
	lab.Wait(s.t, "the first mail", soon, func() bool {
		for _, m := range s.relay.mails() {
			if strings.Contains(m.Text, "opening "+name) {
				answerTo = m.ReplyTo[0].Address
			}
		}
		return answerTo != ""
	})
	return room, answerTo
}

// push gives mails to the bridge on one connection.
func (s *scene) push(each func(i int) (to, text string), n int) {
	s.t.Helper()
	conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", s.lmtp))
	if err != nil {
		s.t.Fatal(err)
	}
	c := smtp.NewClientLMTP(conn)
	defer c.Close() //nolint:errcheck // the mails were taken
	for i := range n {
		to, text := each(i)
		err := c.Mail("bob@other.test", nil)
		if err == nil {
			err = c.Rcpt(to, nil)
		}
		if err == nil {
			var w *smtp.DataCommand
			if w, err = c.Data(); err == nil {
				fmt.Fprintf(w, "From: Bob <bob@other.test>\r\nTo: %s\r\nMessage-ID: <%s@other.test>\r\n\r\n%s\r\n", to, text, text)
				err = w.Close()
			}
		}
		if err != nil {
			s.t.Fatalf("mail %d was refused: %v", i, err)
		}
	}
}

// words returns the words with a prefix that stand in a room, in order.
func (s *scene) words(room id.RoomID, prefix string) (all []string) {
	for _, e := range s.alice.Messages(room) {
		if e.Sender == s.alice.UserID {
			continue
		}
		if w, _, _ := strings.Cut(e.Content.AsMessage().Body, "\n"); strings.HasPrefix(w, prefix) {
			all = append(all, w)
		}
	}
	return all
}

// Rows 1 to 3, 6, 7, 12: many mails on one connection into two rooms; mail that
// comes while the homeserver is away and right after a start; nothing in the log.
func TestPushedMail(t *testing.T) {
	s := open(t)
	lunch, toLunch := s.room("Lunch")
	boat, toBoat := s.room("Boat")
	s.push(func(i int) (string, string) {
		if i%2 == 0 {
			return toLunch, fmt.Sprintf("lunch-%03d", i)
		}
		return toBoat, fmt.Sprintf("boat-%03d", i)
	}, 20)
	both := func(want int) {
		t.Helper()
		lab.Wait(t, "the mails in their rooms", 2*time.Minute, func() bool {
			return len(s.words(lunch, "lunch-")) >= want && len(s.words(boat, "boat-")) >= want
		})
		for room, wrong := range map[id.RoomID]string{lunch: "boat-", boat: "lunch-"} {
			if w := s.words(room, wrong); len(w) > 0 {
				t.Errorf("posted in the wrong room: %v", w)
			}
		}
		for room, own := range map[id.RoomID]string{lunch: "lunch-", boat: "boat-"} {
			w := s.words(room, own)
			if len(w) != want {
				t.Errorf("%d mails stand in the room, not %d", len(w), want)
			}
			for i := 1; i < len(w); i++ {
				if w[i] <= w[i-1] {
					t.Errorf("%s came after %s", w[i], w[i-1])
				}
			}
		}
	}
	both(10)

	s.home.Stop()
	s.push(func(i int) (string, string) { return toLunch, fmt.Sprintf("lunch-2%02d", i) }, 5)
	s.push(func(i int) (string, string) { return toBoat, fmt.Sprintf("boat-2%02d", i) }, 5)
	s.bridge.Kill()
	s.bridge.Run()
	lab.Wait(t, "the bridge to listen", soon, func() bool {
		c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", s.lmtp))
		if err == nil {
			c.Close() //nolint:errcheck // it was only tried
		}
		return err == nil
	})
	s.push(func(i int) (string, string) { return toLunch, fmt.Sprintf("lunch-3%02d", i) }, 5)
	s.push(func(i int) (string, string) { return toBoat, fmt.Sprintf("boat-3%02d", i) }, 5)
	s.home.Resume()
	both(20)

	out := s.bridge.Output()
	for _, secret := range []string{"lunch-", "boat-", "bob@other.test", "as-token", "hs-token", "opening"} {
		if strings.Contains(out, secret) {
			t.Errorf("%q stands in the log:\n%s", secret, out)
		}
	}
}

// Rows 4, 5, 10, 11, 13: plain messages as fast as they can be said, through a
// relay that refuses, hangs up and puts off: all arrive, in order, once.
func TestRelayFails(t *testing.T) {
	s := open(t)
	room, _ := s.room("Lunch")
	s.relay.mu.Lock()
	s.relay.fail = func(n int, step string) error {
		switch {
		case step == "rcpt" && n%5 == 2:
			return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "greylisted"}
		case step == "data" && n%3 == 1:
			return &smtp.SMTPError{Code: 451, Message: "not now"}
		case step == "data" && n%7 == 3:
			return errHangUp
		}
		return nil
	}
	s.relay.mu.Unlock()
	const said = 100
	for i := range said {
		s.alice.Say(room, fmt.Sprintf("word-%03d", i))
	}
	var text strings.Builder
	lab.Wait(t, "all mails", 3*time.Minute, func() bool {
		text.Reset()
		for _, m := range s.relay.mails() {
			text.WriteString(m.Text)
		}
		return strings.Contains(text.String(), fmt.Sprintf("word-%03d", said-1))
	})
	last := -1
	for i := range said {
		w := fmt.Sprintf("word-%03d", i)
		if n := strings.Count(text.String(), w); n != 1 {
			t.Errorf("%s was mailed %d times", w, n)
		}
		if at := strings.Index(text.String(), w); at < last {
			t.Errorf("%s came too early", w)
		} else {
			last = at
		}
	}

	// What is refused for good is said at the message.
	s.relay.mu.Lock()
	s.relay.fail = func(_ int, step string) error {
		if step == "data" {
			return &smtp.SMTPError{Code: 550, Message: "we do not like it"}
		}
		return nil
	}
	s.relay.mu.Unlock()
	s.alice.Say(room, "refused for good")
	s.alice.Sees(room, soon, func(body string) bool { return strings.Contains(body, "we do not like it") })
}
