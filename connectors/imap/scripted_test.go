package imap

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"hashsend/connectors/mailnet"
)

// scripted is an IMAP server whose faults a test chooses. It knows just what the
// connector asks.
type scripted struct {
	t       *testing.T
	port    int
	mu      sync.Mutex
	news    *sync.Cond
	folders []*scriptedFolder
	log     []string // "connection: line" of what it was asked
	open    int      // connections that are there
	most    int      // and how many there were at most at the same time
	logins  int

	caps       string // before and after the login
	list       []string
	selectSays []string
	greeting   string
	gone       func(x *scriptedConn) // called when a connection has ended
	// hook may answer a command by itself; true: it has.
	hook func(x *scriptedConn, tag, command, args string) bool
	// fetch writes the answer for one mail; nil: as it should be.
	fetch func(n int, m scriptedMail, items, section string, data string) string
}

type scriptedFolder struct {
	name     string
	role     string
	validity int
	next     int
	mails    []scriptedMail
}

type scriptedMail struct {
	uid  int
	date string
	raw  string
}

type scriptedConn struct {
	s        *scripted
	n        int
	conn     net.Conn
	r        *bufio.Reader
	selected *scriptedFolder
	told     int
	in       bool
}

const everything = "IMAP4rev1 IDLE UIDPLUS NAMESPACE SPECIAL-USE LIST-EXTENDED MOVE SASL-IR AUTH=PLAIN"

func newScripted(t *testing.T, change func(*scripted)) *scripted {
	t.Helper()
	s := &scripted{t: t, caps: everything, greeting: "* OK ready"}
	s.news = sync.NewCond(&s.mu)
	for _, name := range []string{"INBOX", "Sent"} {
		s.folders = append(s.folders, &scriptedFolder{name: name, validity: 7, next: 1})
	}
	s.folders[1].role = `\Sent`
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
		for n := 1; ; n++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conns.Store(c, true)
			serving.Go(func() {
				(&scriptedConn{s: s, n: n, conn: c, r: bufio.NewReader(c)}).serve()
				c.Close()
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		conns.Range(func(c, _ any) bool { c.(net.Conn).Close(); return true })
		serving.Wait()
	})
	return s
}

// source opens a connector on the server, with times that suit a test.
func (s *scripted) source(change func(*Config)) *Source {
	s.t.Helper()
	cfg := Config{Server: mailnet.Server{Host: "127.0.0.1", Port: s.port, TLS: mailnet.Plain, User: "team", Password: "secret", Timeout: time.Second}, Poll: 100 * time.Millisecond}
	if change != nil {
		change(&cfg)
	}
	src, err := Open("main", cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		s.t.Fatal(err)
	}
	src.firstWait, src.patience, src.slowAfter, src.turnTime = 20*time.Millisecond, 0, 200*time.Millisecond, 200*time.Millisecond
	s.t.Cleanup(func() { src.Close() })
	return src
}

func (s *scripted) folder(name string) *scriptedFolder {
	for _, f := range s.folders {
		if f.name == name || strings.EqualFold(name, "INBOX") && f.name == "INBOX" {
			return f
		}
	}
	return nil
}

func (s *scripted) put(folder, raw string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.folder(folder)
	f.mails = append(f.mails, scriptedMail{uid: f.next, date: `"27-Nov-2026 10:00:00 +0000"`, raw: raw})
	f.next++
	s.news.Broadcast()
}

// asked returns the lines that match a pattern.
func (s *scripted) asked(pattern string) (all []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	re := regexp.MustCompile(pattern)
	for _, l := range s.log {
		if re.MatchString(l) {
			all = append(all, l)
		}
	}
	return all
}

func (x *scriptedConn) say(line string) { io.WriteString(x.conn, line+"\r\n") } //nolint:errcheck // the client may be gone

func (x *scriptedConn) sayf(format string, args ...any) { x.say(fmt.Sprintf(format, args...)) }

func (x *scriptedConn) hangUp() { x.conn.Close() }

// command reads a line with the literals in it; those stand in quotes then.
func (x *scriptedConn) command() (string, error) {
	var all strings.Builder
	for {
		line, err := x.r.ReadString('\n')
		if err != nil {
			return "", err
		}
		line = strings.TrimRight(line, "\r\n")
		m := regexp.MustCompile(`\{(\d+)\+?\}$`).FindStringSubmatch(line)
		if m == nil {
			all.WriteString(line)
			break
		}
		size, _ := strconv.Atoi(m[1])
		all.WriteString(strings.TrimSuffix(line, m[0]))
		x.say("+ go on")
		data := make([]byte, size)
		if _, err := io.ReadFull(x.r, data); err != nil {
			return "", err
		}
		all.WriteString(`"` + string(data) + `"`)
	}
	x.s.mu.Lock()
	x.s.log = append(x.s.log, fmt.Sprintf("%d: %s", x.n, all.String()))
	x.s.mu.Unlock()
	return all.String(), nil
}

func (x *scriptedConn) serve() {
	s := x.s
	s.mu.Lock()
	s.open++
	s.most = max(s.most, s.open)
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.open--
		s.mu.Unlock()
		if s.gone != nil {
			s.gone(x)
		}
	}()
	x.say(s.greeting)
	for {
		line, err := x.command()
		if err != nil {
			return
		}
		tag, rest, _ := strings.Cut(line, " ")
		command, args, _ := strings.Cut(rest, " ")
		if command == "UID" {
			sub, more, _ := strings.Cut(args, " ")
			command, args = "UID "+sub, more
		}
		if s.hook != nil && s.hook(x, tag, command, args) {
			continue
		}
		if !x.answer(tag, command, args) {
			return
		}
	}
}

func (x *scriptedConn) answer(tag, command, args string) bool {
	s := x.s
	ok := func() { x.say(tag + " OK done") }
	switch command {
	case "CAPABILITY":
		x.say("* CAPABILITY " + s.caps)
		ok()
	case "LOGIN":
		x.login(tag, args == `"team" "secret"`)
	case "AUTHENTICATE":
		_, first, _ := strings.Cut(args, " ")
		if first == "" {
			x.say("+ ")
			first, _ = x.command()
			_, first, _ = strings.Cut(first, ": ")
		}
		b, _ := base64.StdEncoding.DecodeString(first)
		x.login(tag, string(b) == "\x00team\x00secret")
	case "LIST":
		for _, f := range s.folders {
			x.sayf(`* LIST (%s) "/" "%s"`, f.role, f.name)
		}
		for _, l := range s.list {
			x.say(l)
		}
		ok()
	case "NAMESPACE":
		x.say(`* NAMESPACE (("" "/")) NIL NIL`)
		ok()
	case "SELECT", "EXAMINE":
		x.selectFolder(tag, strings.Trim(args, `"`))
	case "CREATE":
		s.mu.Lock()
		s.folders = append(s.folders, &scriptedFolder{name: strings.Trim(args, `"`), validity: 9, next: 1})
		s.mu.Unlock()
		ok()
	case "IDLE":
		x.idle(tag)
	case "NOOP":
		x.announce()
		ok()
	case "UID SEARCH":
		x.sayf("* SEARCH%s", x.search(args))
		ok()
	case "UID FETCH":
		x.fetch(tag, args)
	case "APPEND":
		m := regexp.MustCompile(`(?s)^"([^"]*)".*? "(.*)"$`).FindStringSubmatch(args)
		s.put(m[1], m[2])
		ok()
	case "LOGOUT":
		x.say("* BYE bye")
		ok()
		return false
	case "ID", "UID STORE", "UID EXPUNGE", "UID COPY", "UID MOVE":
		ok()
	default:
		x.say(tag + " BAD what?")
	}
	return true
}

func (x *scriptedConn) login(tag string, right bool) {
	x.s.mu.Lock()
	x.s.logins++
	x.s.mu.Unlock()
	if !right {
		x.say(tag + " NO [AUTHENTICATIONFAILED] no")
		return
	}
	x.in = true
	x.say(tag + " OK in")
}

func (x *scriptedConn) selectFolder(tag, name string) {
	s := x.s
	s.mu.Lock()
	f := s.folder(name)
	if f == nil {
		s.mu.Unlock()
		x.say(tag + " NO there is none")
		return
	}
	n, next, validity := len(f.mails), f.next, f.validity
	s.mu.Unlock()
	x.selected, x.told = f, n
	for _, l := range s.selectSays {
		x.say(l)
	}
	x.sayf("* %d EXISTS", n)
	x.sayf("* OK [UIDVALIDITY %d] v", validity)
	x.sayf("* OK [UIDNEXT %d] n", next)
	x.say(tag + " OK [READ-ONLY] open")
}

func (x *scriptedConn) announce() {
	if x.selected == nil {
		return
	}
	x.s.mu.Lock()
	n := len(x.selected.mails)
	x.s.mu.Unlock()
	if n != x.told {
		x.told = n
		x.sayf("* %d EXISTS", n)
	}
}

func (x *scriptedConn) idle(tag string) {
	x.say("+ idling")
	done := make(chan struct{})
	go func() {
		defer close(done)
		x.command() //nolint:errcheck // the client hangs up
	}()
	for {
		x.announce()
		select {
		case <-done:
			x.say(tag + " OK idled")
			return
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// matching returns what a set of UIDs names.
func (x *scriptedConn) matching(set string) (all []scriptedMail, numbers []int) {
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	if x.selected == nil || len(x.selected.mails) == 0 {
		return nil, nil
	}
	highest := x.selected.mails[len(x.selected.mails)-1].uid
	number := func(s string) int {
		if s == "*" {
			return highest
		}
		n, _ := strconv.Atoi(s)
		return n
	}
	for i, m := range x.selected.mails {
		for span := range strings.SplitSeq(set, ",") {
			a, b, two := strings.Cut(span, ":")
			if !two {
				b = a
			}
			from, to := number(a), number(b)
			if m.uid >= min(from, to) && m.uid <= max(from, to) {
				all, numbers = append(all, m), append(numbers, i+1)
				break
			}
		}
	}
	return all, numbers
}

func (x *scriptedConn) search(criteria string) string {
	set := "1:*"
	words := strings.Fields(criteria)
	if i := slices.Index(words, "UID"); i >= 0 {
		set = words[i+1]
	}
	var b strings.Builder
	mails, _ := x.matching(set)
	for _, m := range mails {
		if i := slices.Index(words, "HEADER"); i >= 0 {
			head, _, _ := strings.Cut(m.raw, "\r\n\r\n")
			if !strings.Contains(head, words[i+1]+": "+strings.Trim(words[i+2], `"`)) {
				continue
			}
		}
		b.WriteString(" " + strconv.Itoa(m.uid))
	}
	return b.String()
}

func (x *scriptedConn) fetch(tag, args string) {
	set, items, _ := strings.Cut(args, " ")
	mails, numbers := x.matching(set)
	for i, m := range mails {
		parts := []string{"UID " + strconv.Itoa(m.uid)}
		if strings.Contains(items, "RFC822.SIZE") {
			parts = append(parts, "RFC822.SIZE "+strconv.Itoa(len(m.raw)))
		}
		if strings.Contains(items, "INTERNALDATE") {
			parts = append(parts, "INTERNALDATE "+m.date)
		}
		section := regexp.MustCompile(`BODY\.PEEK\[([^\]]*)\](<0\.(\d+)>)?`).FindStringSubmatch(items)
		if section == nil {
			x.sayf("* %d FETCH (%s)", numbers[i], strings.Join(parts, " "))
			continue
		}
		data, name := m.raw, "BODY["+section[1]+"]"
		if section[1] != "" {
			head, _, _ := strings.Cut(m.raw, "\r\n\r\n")
			data = pick(head, section[1]) + "\r\n"
		}
		if section[2] != "" {
			most, _ := strconv.Atoi(section[3])
			data, name = data[:min(len(data), most)], name+"<0>"
		}
		if x.s.fetch != nil {
			io.WriteString(x.conn, x.s.fetch(numbers[i], m, strings.Join(parts, " "), name, data)) //nolint:errcheck // the client may be gone
			continue
		}
		x.sayf("* %d FETCH (%s %s {%d}\r\n%s)", numbers[i], strings.Join(parts, " "), name, len(data), data)
	}
	x.say(tag + " OK fetched")
}

// pick takes the fields that a section names from a header.
func pick(head, section string) string {
	_, list, some := strings.Cut(section, "(")
	var b strings.Builder
	for line := range strings.SplitSeq(head, "\r\n") {
		name, _, _ := strings.Cut(line, ":")
		if !some || slices.ContainsFunc(strings.Fields(strings.Trim(list, ")")), func(f string) bool { return strings.EqualFold(f, name) }) {
			b.WriteString(line + "\r\n")
		}
	}
	return b.String()
}
