package smtp

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"hashsend/connectors/mailnet"
)

// scripted is a submission server whose answers a test chooses.
type scripted struct {
	t     *testing.T
	port  int
	mu    sync.Mutex
	conns int
	log   []string // "connection: line"
	mails []string // "to to: text"

	banner string
	offers []string
	// hook gives the answer to a line; empty: as it should be. "!" hangs up, after
	// what stands behind it was sent. The end of a mail is the line ".".
	hook func(x *scriptedConn, line string) string
}

type scriptedConn struct {
	n    int
	sent int // mails taken on it
	rcpt []string
	text strings.Builder
}

func newScripted(t *testing.T, change func(*scripted)) (*scripted, *Submitter) {
	t.Helper()
	s := &scripted{t: t, banner: "220 ready", offers: []string{"SIZE 100000", "8BITMIME", "AUTH PLAIN LOGIN"}}
	if change != nil {
		change(s)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.port = l.Addr().(*net.TCPAddr).Port
	var serving sync.WaitGroup
	var conns sync.Map
	serving.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conns.Store(c, true)
			serving.Go(func() {
				s.serve(c)
				c.Close()
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		conns.Range(func(c, _ any) bool { c.(net.Conn).Close(); return true })
		serving.Wait()
	})
	out, err := Open(Config{Server: mailnet.Server{Host: "127.0.0.1", Port: s.port, TLS: mailnet.Plain, User: "team@demo.example", Password: "secret", Timeout: time.Second}}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { out.Close() })
	return s, out
}

func (s *scripted) serve(c net.Conn) {
	s.mu.Lock()
	s.conns++
	x := &scriptedConn{n: s.conns}
	s.mu.Unlock()
	r := bufio.NewReader(c)
	say := func(answer string) bool {
		rest, bye := strings.CutPrefix(answer, "!")
		if rest != "" {
			if !bye {
				rest += "\r\n"
			}
			io.WriteString(c, rest) //nolint:errcheck // the client may be gone
		}
		return !bye
	}
	if !say(s.banner) {
		return
	}
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		s.mu.Lock()
		s.log = append(s.log, fmt.Sprintf("%d: %s", x.n, line))
		s.mu.Unlock()
		answer := ""
		if s.hook != nil {
			answer = s.hook(x, line)
		}
		if answer == "" {
			answer = s.answer(x, line)
		}
		if !say(answer) {
			return
		}
		if line != "DATA" || !strings.HasPrefix(answer, "354") {
			continue
		}
		x.text.Reset()
		for {
			text, err := r.ReadString('\n')
			if err != nil {
				return
			}
			if text == ".\r\n" {
				break
			}
			x.text.WriteString(strings.TrimPrefix(text, "."))
		}
		if s.hook != nil {
			answer = s.hook(x, ".")
		} else {
			answer = ""
		}
		if answer == "" || strings.HasPrefix(answer, "!2") {
			s.mu.Lock()
			s.mails = append(s.mails, strings.Join(x.rcpt, " ")+": "+x.text.String())
			s.mu.Unlock()
			x.sent++
		}
		if answer == "" {
			answer = "250 2.0.0 taken"
		}
		if !say(answer) {
			return
		}
	}
}

func (s *scripted) answer(x *scriptedConn, line string) string {
	verb, _, _ := strings.Cut(line, " ")
	switch verb {
	case "EHLO":
		return "250-here\r\n250-" + strings.Join(s.offers, "\r\n250-") + "\r\n250 HELP"
	case "MAIL", "RSET":
		x.rcpt = nil
	case "RCPT":
		_, to, _ := strings.Cut(line, "<")
		to, _, _ = strings.Cut(to, ">")
		x.rcpt = append(x.rcpt, to)
	case "DATA":
		return "354 go on"
	case "AUTH":
		return "235 2.7.0 in"
	case "QUIT":
		return "!221 bye\r\n"
	}
	return "250 2.0.0 ok"
}

func (s *scripted) asked(begin string) (all []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.log {
		if _, line, _ := strings.Cut(l, ": "); strings.HasPrefix(line, begin) {
			all = append(all, l)
		}
	}
	return all
}

// to is what the server has taken, by recipients.
func (s *scripted) to() (all []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.mails {
		to, _, _ := strings.Cut(m, ":")
		all = append(all, to)
	}
	return all
}

// once gives an answer to the first line that begins so.
func once(begin, answer string) func(*scripted) {
	return func(s *scripted) {
		var mu sync.Mutex
		used := false
		s.hook = func(_ *scriptedConn, line string) string {
			mu.Lock()
			defer mu.Unlock()
			if used || !strings.HasPrefix(line, begin) {
				return ""
			}
			used = true
			return answer
		}
	}
}

// always gives an answer to every line that begins so.
func always(begin, answer string) func(*scripted) {
	return func(s *scripted) {
		s.hook = func(_ *scriptedConn, line string) string {
			if strings.HasPrefix(line, begin) {
				return answer
			}
			return ""
		}
	}
}

const live = 5 * time.Second

// canned is a connection whose other side has said everything beforehand.
type canned struct {
	net.Conn
	r io.Reader
}

func (c *canned) Read(b []byte) (int, error) { return c.r.Read(b) }
