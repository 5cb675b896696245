package lab

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// raw is a mail as its author's program writes it.
func raw(m *MailSystem, from, to, id, text string) []byte {
	return fmt.Appendf(nil, "From: %s\r\nTo: %s\r\nSubject: %s\r\nMessage-ID: <%s>\r\nDate: %s\r\n\r\n%s\r\n",
		m.Address(from), to, id, id, time.Now().Format(time.RFC1123Z), text)
}

// mox signs what is submitted, judges what arrives, takes plus addresses, and
// keeps its mail over a restart.
func TestMox(t *testing.T) {
	m := Mox(t)
	m.Send(t, "alice", []string{"bob+tag@localhost"}, raw(m, "alice", "bob+tag@localhost", "1@localhost", "How are you?"))
	is := func(x Mail) bool { return strings.Contains(x.Text, "How are you?") }
	got := m.Gets("bob", "INBOX", 20*time.Second, is)
	for _, field := range []string{"Authentication-Results:", "DKIM-Signature:"} {
		if !strings.Contains(string(got.Raw), field) {
			t.Errorf("the mail has no %s", field)
		}
	}
	m.RestartIMAP()
	m.Gets("bob", "INBOX", 20*time.Second, is)
}

// Toxiproxy cuts a connection and lets new ones through, and swallows what is
// sent into a black hole.
func TestToxiproxy(t *testing.T) {
	echo, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { echo.Close(); <-done }) //nolint:errcheck // the test is over
	go func() {
		defer close(done)
		for {
			c, err := echo.Accept()
			if err != nil {
				return
			}
			go func() {
				io.Copy(c, c) //nolint:errcheck // being cut is the purpose
				c.Close()     //nolint:errcheck // it may be closed already
			}()
		}
	}()
	link := Toxiproxy(t).Link("echo", echo.Addr().(*net.TCPAddr).Port)
	dial := func() (net.Conn, error) { return net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", link.Port)) }
	says := func(c net.Conn, limit time.Duration) error {
		fmt.Fprintln(c, "hello")                 //nolint:errcheck // seen by the answer
		c.SetReadDeadline(time.Now().Add(limit)) //nolint:errcheck // seen by the answer
		_, err := bufio.NewReader(c).ReadString('\n')
		return err
	}
	open := func() net.Conn {
		t.Helper()
		c, err := dial()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() }) //nolint:errcheck // the test is over
		if err := says(c, 10*time.Second); err != nil {
			t.Fatalf("no answer through the link: %v", err)
		}
		return c
	}
	c := open()
	link.Cut()
	if err := says(c, 10*time.Second); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the connection was not cut: %v", err)
	}
	if c, err := dial(); err == nil {
		c.Close() //nolint:errcheck // there should be none
		t.Error("a link that is cut takes connections")
	}
	link.Mend()
	c = open()
	link.Toxic("hole", "timeout", "downstream", map[string]any{"timeout": 0})
	if err := says(c, 300*time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the black hole answers: %v", err)
	}
	link.Heal("hole")
	open()
}

// A token lets its user in until it runs out, at IMAP and at submission.
func TestTokens(t *testing.T) {
	m := Dovecot(t)
	login := func(token string) (read, submit error) {
		c, err := imapclient.DialStartTLS(fmt.Sprintf("127.0.0.1:%d", m.IMAP), &imapclient.Options{TLSConfig: m.TLSConfig()})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close() //nolint:errcheck // it was only tried
		way := func() sasl.Client {
			return sasl.NewOAuthBearerClient(&sasl.OAuthBearerOptions{Username: m.Address("bob"), Token: token, Host: "localhost", Port: m.IMAP})
		}
		s, err := smtp.DialStartTLS(fmt.Sprintf("127.0.0.1:%d", m.Submission), m.TLSConfig())
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close() //nolint:errcheck // it was only tried
		return c.Authenticate(way()), s.Auth(way())
	}
	if read, submit := login(m.Token("bob", time.Hour)); read != nil || submit != nil {
		t.Errorf("a good token is refused: %v, %v", read, submit)
	}
	for name, token := range map[string]string{"one that has run out": m.Token("bob", -time.Minute), "somebody else's": m.Token("carol", time.Hour), "an invented one": "x"} {
		if read, submit := login(token); read == nil || submit == nil {
			t.Errorf("%s is taken: %v, %v", name, read, submit)
		}
	}
}

// One domain takes mail and bounces it later, one keeps it waiting; mail from
// another server and mail over LMTP arrive.
func TestWaysOfDelivery(t *testing.T) {
	m := Dovecot(t)
	m.Send(t, "alice", []string{"gone@bounce.test"}, raw(m, "alice", "gone@bounce.test", "bounce@example.test", "x"))
	m.Send(t, "alice", []string{"full@defer.test"}, raw(m, "alice", "full@defer.test", "wait@example.test", "x"))
	m.Gets("alice", "INBOX", 20*time.Second, func(x Mail) bool { return strings.Contains(string(x.Raw), "Status: 5.1.1") })
	for _, x := range m.Folder("alice", "INBOX") {
		if strings.Contains(string(x.Raw), "full@defer.test") {
			t.Errorf("the mail that should wait came back:\n%s", x.Raw)
		}
	}
	for name, dial := range map[string]func() (*smtp.Client, error){
		"smtp": func() (*smtp.Client, error) { return smtp.Dial(fmt.Sprintf("127.0.0.1:%d", m.SMTP)) },
		"lmtp": func() (*smtp.Client, error) {
			c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", m.LMTP))
			if err != nil {
				return nil, err
			}
			return smtp.NewClientLMTP(c), nil
		},
	} {
		c, err := dial()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		mail := string(raw(m, "carol", m.Address("bob"), name+"@example.test", "over "+name))
		if err := c.SendMail("carol@far.test", []string{"bob+x@example.test"}, strings.NewReader(mail)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		c.Close() //nolint:errcheck // the mail was taken or refused
		m.Gets("bob", "INBOX", 20*time.Second, func(x Mail) bool { return strings.Contains(x.Text, "over "+name) })
	}
}

// A new mail from neomutt lies in its author's Sent and in the other's INBOX;
// answers stand inside and below the quote, also those that mutt writes.
func TestMailPrograms(t *testing.T) {
	m := Dovecot(t)
	m.NeomuttNew(t, "alice", "bob@example.test", "Lunch", "At twelve?")
	first := m.Gets("bob", "INBOX", 20*time.Second, func(x Mail) bool { return strings.Contains(x.Text, "At twelve?") })
	m.Gets("alice", "Sent", 10*time.Second, func(x Mail) bool { return x.ID == first.ID })
	if first.Subject != "Lunch" {
		t.Errorf("the subject is %q", first.Subject)
	}
	m.NeomuttReply(t, "bob", "Inside it.", Inline, false)
	got := m.Gets("alice", "INBOX", 20*time.Second, func(x Mail) bool { return strings.Contains(x.Text, "Inside it.") })
	if !strings.Contains(got.Text, "> At twelve?") || len(got.InReplyTo) == 0 || got.InReplyTo[0] != first.ID {
		t.Errorf("the answer cites %v and says %q", got.InReplyTo, got.Text)
	}
	t.Run("mutt", func(t *testing.T) {
		m.MuttReply(t, "alice", "Below it.", Bottom, false)
		got := m.Gets("bob", "INBOX", 20*time.Second, func(x Mail) bool { return strings.Contains(x.Text, "Below it.") })
		if !strings.HasSuffix(strings.TrimSpace(got.Text), "Below it.") {
			t.Errorf("the answer says %q", got.Text)
		}
	})
}

// What a test has started is gone when the test is over, and when the process
// that runs the tests was killed.
func TestNothingStaysBehind(t *testing.T) {
	sleep := func() *exec.Cmd { return exec.Command("sleep", "600") }
	if os.Getenv("HASHSEND_E2E_ORPHAN") != "" {
		fmt.Println("child", start(t, "sleep", sleep).cmd.Process.Pid)
		select {} // until it is killed
	}
	var kept *Process
	t.Run("a test", func(t *testing.T) { kept = start(t, "sleep", sleep) })
	select {
	case <-kept.Exited():
	case <-time.After(10 * time.Second):
		t.Error("a child outlived its test")
	}

	killed := start(t, "tests", func() *exec.Cmd {
		cmd := exec.Command(os.Args[0], "-test.run", "^TestNothingStaysBehind$", "-test.v")
		cmd.Env = append(os.Environ(), "HASHSEND_E2E_ORPHAN=1")
		return cmd
	})
	child := 0
	Wait(t, "the child's number", 20*time.Second, func() bool {
		_, after, found := strings.Cut(killed.Output(), "child ")
		if found && strings.Contains(after, "\n") {
			fmt.Sscan(after, &child) //nolint:errcheck // 0 is seen below
		}
		return child != 0
	})
	if err := syscall.Kill(killed.cmd.Process.Pid, syscall.SIGKILL); err != nil { // it alone, not its group
		t.Fatal(err)
	}
	Wait(t, "the child to end", 10*time.Second, func() bool {
		state, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", child))
		return err != nil || strings.Contains(string(state), ") Z ")
	})
}

// Two ports are never the same, and a server can listen on each.
func TestPorts(t *testing.T) {
	seen := map[int]bool{}
	for range 50 {
		p := Port(t)
		if seen[p] {
			t.Errorf("port %d was given twice", p)
		}
		seen[p] = true
	}
}

// The browser is found where it is installed.
func TestChromium(t *testing.T) {
	out, err := exec.Command(Chromium(t), "--version").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "Chromium") {
		t.Errorf("%v: %s", err, out)
	}
}
