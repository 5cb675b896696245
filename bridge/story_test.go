package bridge

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/tools/txtar"

	"hashsend/bridge/chat"
	"hashsend/bridge/core"
	"hashsend/bridge/mail"
	"hashsend/bridge/store"
)

var update = flag.Bool("update", false, "rewrite the transcripts of the stories")

// TestStories plays the scripts of testdata/stories on a real database with
// invented time, and compares what the bridge does with the transcript.
func TestStories(t *testing.T) {
	files, err := filepath.Glob("testdata/stories/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no stories", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			var got string
			synctest.Test(t, func(t *testing.T) { got = play(t, dir, string(a.Files[0].Data)) })
			if *update {
				a.Files = []txtar.File{a.Files[0], {Name: "transcript", Data: []byte(got)}}
				if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if len(a.Files) < 2 || got != string(a.Files[1].Data) {
				t.Errorf("the transcript differs (go test ./bridge -update rewrites it); got:\n%s", got)
			}
		})
	}
}

// stage is the environment of a story: chat networks and a mail server that record what they
// receive.
type stage struct {
	t      *testing.T
	dir    string
	mu     sync.Mutex // guards out, sent, names
	out    bytes.Buffer
	heard  []line // what this step has brought about, not yet in out
	sent   []mail.Message
	names  map[string]string // random ids -> names that are the same in every run
	nets   map[string]*net
	refuse map[string]string // recipient or "*" -> answer of the mail server
	mode   map[string]string
	trust  mail.Trust
	events int
	uid    int

	bridge *Bridge
	store  *store.Store
	stop   context.CancelFunc
	done   chan error
}

func play(t *testing.T, dir, script string) string {
	s := &stage{t: t, dir: dir, nets: map[string]*net{}, refuse: map[string]string{}, mode: map[string]string{}, names: map[string]string{}, trust: mail.Proven}
	for _, name := range []string{"matrix", "slack"} {
		s.nets[name] = &net{s: s, name: name, keys: map[string]bool{}, asked: map[chat.FileID]int{}, posted: map[string]chat.MessageID{}, count: map[chat.RoomID]int{}}
	}
	lines := strings.Split(script, "\n")
	for _, line := range lines {
		if rest, ok := strings.CutPrefix(line, "set "); ok {
			k, v, _ := strings.Cut(rest, " ")
			s.mode[k] = v
		}
	}
	s.start()
	for _, line := range lines {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") || strings.HasPrefix(line, "set ") {
			continue
		}
		s.printf("· %s", line)
		s.step(line)
		synctest.Wait()
		s.flush()
	}
	s.end()
	s.flush()
	return s.out.String()
}

var randomID = regexp.MustCompile(`/f/[0-9]+\.[0-9]+\.[0-9]+\.[a-z2-7]{26}/|hs\.[a-z2-7]{16}\.(root|[a-z2-7]{16})\.[a-z2-7]{16}@|\+(leave\.)?[a-z2-7]{26}@`)

func (s *stage) printf(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.out.WriteString(randomID.ReplaceAllStringFunc(fmt.Sprintf(format, args...), s.stable) + "\n")
}

// line is an event in a lane.
type line struct{ lane, text string }

// emit notes what happens in a lane. Lanes do not wait for each other, so their
// order among each other says nothing: flush puts them in one that is always the same.
func (s *stage) emit(lane, format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heard = append(s.heard, line{lane, fmt.Sprintf(format, args...)})
}

func (s *stage) flush() {
	s.mu.Lock()
	heard := s.heard
	s.heard = nil
	s.mu.Unlock()
	slices.SortStableFunc(heard, func(a, b line) int { return strings.Compare(a.lane, b.lane) })
	for _, l := range heard {
		s.printf("%s", l.text)
	}
}

func (s *stage) stable(id string) string {
	if s.names[id] == "" {
		kind := "id"
		switch {
		case strings.HasPrefix(id, "/f/"):
			return "/f/LINK/"
		case strings.Contains(id, ".root."):
			kind = "anchor"
		case strings.HasPrefix(id, "+leave."):
			kind = "+leave."
		case strings.HasPrefix(id, "+"):
			kind = "+token"
		}
		s.names[id] = fmt.Sprintf("%s%d@", kind, len(s.names)+1)
	}
	return s.names[id]
}

func (s *stage) start() {
	st, err := store.Open(context.Background(), s.dir, slog.New(slog.DiscardHandler))
	if err != nil {
		s.t.Fatal(err)
	}
	hold := core.DefaultHold()
	if s.mode["hold"] == "0" {
		hold = core.Hold{}
	}
	box := core.Mailbox{
		Name: "main", Address: mail.Address{Name: "Acme", Address: "team@example.org"}, Own: []string{"owner@example.org"}, Owner: "Olga",
		Submitter: (*submitter)(s), Verifier: (*verifier)(s), PlusWorks: s.mode["plus"] != "off", KeepsSent: true, PerHour: s.number("hourly"),
	}
	if s.mode["keeper"] != "" {
		box.Keeper = sentFolder{}
	}
	if s.mode["opens"] != "" {
		box.Opens = core.OpenWhere{Network: "matrix", Room: chat.RoomID(strings.Trim(s.mode["opens"], "*"))}
	}
	s.store = st
	s.bridge, err = New(core.Options{
		Store: st, Chats: []chat.Connector{s.first(), slackNet{s.nets["slack"]}}, Mailboxes: []core.Mailbox{box}, Hold: hold, Files: core.Files{URL: s.mode["url"], FFmpeg: s.ffmpeg()},
		TellDeletes: s.mode["deletes"] == "notice",
		Zone:        time.FixedZone("CET", 3600),
		Home:        s.home(),
		Access:      core.Access{Allow: map[string]core.Level{"*": core.Speak, "alice": core.Link, "acme": core.Ask}, Moderators: core.Link, Mail: []string{"friend.example"}, Newcomers: strings.Fields(s.mode["newcomers"])},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	s.stop, s.done = stop, make(chan error, 1)
	go func() { s.done <- s.bridge.Run(ctx) }()
	synctest.Wait()
}

func (s *stage) end() {
	s.stop()
	if err := <-s.done; err != nil {
		s.t.Errorf("Run: %v", err)
	}
	if err := s.store.Close(); err != nil {
		s.t.Error(err)
	}
}

// step plays one line of a script.
func (s *stage) step(line string) {
	verb, rest, _ := strings.Cut(line, " ")
	switch verb {
	case "wait":
		d, err := time.ParseDuration(rest)
		if err != nil {
			s.t.Fatal(err)
		}
		time.Sleep(d)
	case "restart":
		s.end()
		s.start()
	case "admin":
		room, cmd, _ := strings.Cut(rest, " ")
		a, err := s.bridge.Do(context.Background(), Request{Network: "matrix", Place: chat.Place{Room: chat.RoomID(strings.TrimPrefix(room, "-"))}, Line: cmd})
		s.printf("  admin: %v %s %v", a.OK, indent(a.Text), err)
	case "refuse":
		who, how, _ := strings.Cut(rest, " ")
		s.mu.Lock()
		s.refuse[who] = how
		s.mu.Unlock()
	case "trust":
		s.mu.Lock()
		defer s.mu.Unlock()
		s.trust = map[string]mail.Trust{"proven": mail.Proven, "failed": mail.Failed, "unproven": mail.Unproven}[rest]
	case "down", "up":
		s.mu.Lock()
		defer s.mu.Unlock()
		s.nets[rest].down = verb == "down"
	case "closed":
		s.mu.Lock()
		defer s.mu.Unlock()
		s.nets["matrix"].closed = chat.RoomID(rest)
	case "mail", "sent", "junk", "archive":
		s.mail(verb, rest)
	case "bounce":
		s.bounce(rest)
	case "delivered", "late", "read":
		s.report(verb, rest)
	case "join", "leave", "invite", "rename", "topic", "move":
		s.member(verb, strings.Fields(rest))
	case "ghost", "putout":
		s.ghosts(verb, rest)
	case "missed", "gap":
		s.gap(verb, rest)
	case "encrypt", "sealed", "key", "unlock":
		s.encryption(verb, rest)
	case "settings":
		s.settings(rest)
	case "desk", "share", "unshare", "revoke", "unknown":
		s.happening(verb, rest)
	default:
		if !s.outStep(line) && !s.pollStep(line) {
			s.say(line)
		}
	}
}

func indent(text string) string { return strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n    ") }

func (s *stage) head(who, network, room, thread string) (string, chat.Head) {
	if network == "" {
		network = "matrix"
	}
	s.events++
	return network, chat.Head{
		Event: chat.EventID(fmt.Sprint("e", s.events)), At: time.Now(),
		Place: chat.Place{Room: chat.RoomID(room), Thread: chat.ThreadID(thread)},
		By:    chat.Author{ID: chat.UserID(strings.ToLower(who)), Name: who, Server: "acme"},
	}
}

func (s *stage) handle(network string, e chat.Event) {
	if err := s.bridge.HandleChat(network)(context.Background(), "", e); err != nil {
		s.printf("  error: %v", err)
	}
}

// "Alice in lunch: text", "Bob@slack/mod in general#thread answers m1: text".
var speech = regexp.MustCompile(`^(\w+)(?:@(\w+))?(?:/(\w+))? in (\w+)(?:#(\w+))?(?: (answers|edits|deletes|reacts|unreacts|shares) ([\w.]+))?: ?(.*)$`)

func (s *stage) say(line string) {
	m := speech.FindStringSubmatch(line)
	if m == nil {
		s.t.Fatalf("script: %s", line)
	}
	network, head := s.head(m[1], m[2], m[4], m[5])
	verb, of, text := m[6], chat.MessageID(m[7]), m[8]
	id := chat.MessageID(fmt.Sprint("m", s.events))
	cmd, isCommand := strings.CutPrefix(text, "!send ")
	slash, isSlash := strings.CutPrefix(text, "/send ")
	switch {
	case verb == "edits":
		s.edit(network, m[3], chat.Edited{Head: head, Message: of, Body: chat.Body{Text: text}})
	case verb == "deletes":
		s.handle(network, chat.Deleted{Head: head, Message: of})
	case verb == "reacts", verb == "unreacts":
		s.handle(network, chat.Reacted{Head: head, Message: of, Reaction: id, Emoji: text, Removed: verb == "unreacts"})
	case isCommand:
		rank := chat.Member
		if m[3] == "mod" {
			rank = chat.Moderator
		}
		s.handle(network, chat.Command{Head: head, Message: id, Text: cmd, Rank: rank, Root: head.Place.Thread, About: of})
	case isSlash:
		s.handle(network, chat.Command{Head: head, Text: slash, Root: head.Place.Thread, About: of, Private: true, Via: fmt.Sprint("answer", s.events)})
	default:
		p := chat.Posted{Head: head, Message: id, Body: chat.Body{Text: text}, Root: chat.MessageID(head.Place.Thread)}
		if verb == "answers" {
			p.ReplyTo = of
		}
		if verb == "shares" {
			p.Body.Files = []chat.File{shared(m[7])}
		}
		s.manner(&p, m[3])
		s.printf("  (%s)", id)
		s.handle(network, p)
	}
}

// happening plays what only some networks know: "share general", "revoke why".
func (s *stage) happening(verb, rest string) {
	network, head := s.head("Alice", "slack", rest, "")
	switch verb {
	case "desk":
		head.By.ID, head.By.Name = chat.UserID(strings.ToLower(rest)), rest
		head.Place = chat.Place{}
		s.handle(network, chat.PageOpened{Head: head})
	case "share", "unshare":
		s.handle(network, chat.Shared{Head: head, Shared: verb == "share"})
	case "revoke":
		s.handle(network, chat.Revoked{Head: head, Why: rest})
	case "unknown":
		s.handle(network, chat.Unknown{Head: head, Type: rest, Raw: []byte("{}")})
	}
}

// encryption plays what happens in encrypted rooms: "encrypt lunch", "sealed Alice
// in lunch with k1: text", "key k1" for one that came and was not told of, "unlock
// lunch k1".
func (s *stage) encryption(verb, rest string) {
	args, text, _ := strings.Cut(rest, ": ")
	f := strings.Fields(args)
	s.mu.Lock()
	if verb == "key" || verb == "unlock" {
		s.nets["matrix"].keys[f[len(f)-1]] = true
	}
	s.mu.Unlock()
	switch verb {
	case "encrypt":
		network, head := s.head("Alice", "", f[0], "")
		s.handle(network, chat.Encrypted{Head: head})
	case "sealed":
		network, head := s.head(f[0], "", f[2], "")
		s.handle(network, chat.Sealed{Head: head, Message: chat.MessageID(fmt.Sprint("m", s.events)), Lock: f[4], Raw: []byte(text)})
	case "unlock":
		network, head := s.head("Alice", "", f[0], "")
		s.handle(network, chat.Unlocked{Head: head, Lock: f[1]})
	}
}

// mail plays a mail: "mail FROM [to A,B] [answers N] [no-ids] …: text", where N is
// the number of a mail that the bridge has sent and \n in the text ends a line.
func (s *stage) mail(verb, rest string) {
	args, text, _ := strings.Cut(rest, ": ")
	f := strings.Fields(args)
	s.uid++
	var files []string
	h := map[string]string{
		"From": f[0], "Date": time.Now().Format(time.RFC1123Z), "Subject": "Hello", "To": "team@example.org",
		"Message-ID": fmt.Sprintf("<in%d@example.com>", s.uid),
	}
	for i := 1; i < len(f); i++ {
		next := func() string { i++; return f[i] }
		switch f[i] {
		case "to":
			h["To"] = next()
		case "cc":
			h["Cc"] = next()
		case "delivered":
			h["Delivered-To"] = next()
		case "id":
			h["Message-ID"] = "<" + next() + ">"
		case "subject":
			h["Subject"] = strings.ReplaceAll(next(), "_", " ")
		case "cites":
			h["In-Reply-To"] = "<" + next() + ">"
		case "name":
			h["From"] = strings.ReplaceAll(next(), "_", " ") + " <" + f[0] + ">"
		case "no-id":
			delete(h, "Message-ID")
		case "date":
			h["Date"] = strings.ReplaceAll(next(), "_", " ")
		case "forwards":
			h["Content-Type"] = "multipart/mixed; boundary=ff"
			text = forwarding(text)
		case "tokens": // of two mails
			a, b := s.sent[atoi(next())-1], s.sent[atoi(next())-1]
			h["To"] = a.ReplyTo[0].Address + ", " + b.ReplyTo[0].Address
		case "long":
			text = strings.Repeat(text+`\n\n`, 5000/len(text))
		case "with":
			files = append(files, next())
		case "reaction":
			h["Content-Disposition"] = "reaction"
		case "auto":
			h["Auto-Submitted"] = "auto-replied"
		case "quiet":
			h["X-Auto-Response-Suppress"] = "All"
		case "bulk":
			h["List-Unsubscribe"] = "<https://example.org/leave>"
		case "list":
			h["List-Id"] = "<" + next() + ">"
		case "answers":
			s.answer(h, next())
		case "token":
			h["To"] = s.sent[0].ReplyTo[0].Address
		case "no-token":
			h["To"] = "team@example.org"
		case "no-ids":
			delete(h, "In-Reply-To")
			delete(h, "References")
		case "anchor-only":
			h["References"] = "<" + s.sent[0].References[0] + ">"
			delete(h, "In-Reply-To")
		case "thread-index":
			h["Thread-Index"] = s.sent[0].Header.Get("Thread-Index")
		case "leave-address":
			h["To"] = strings.Replace(s.sent[0].ReplyTo[0].Address, "+", "+leave.", 1)
		default:
			s.t.Fatalf("mail: %q", f[i])
		}
	}
	var raw strings.Builder
	for _, name := range []string{"From", "To", "Cc", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "Thread-Index", "Auto-Submitted", "X-Auto-Response-Suppress", "List-Unsubscribe", "List-Id", "Content-Disposition", "Delivered-To", "Content-Type"} {
		if h[name] != "" {
			fmt.Fprintf(&raw, "%s: %s\r\n", name, h[name])
		}
	}
	raw.WriteString(withFiles(strings.ReplaceAll(text, `\n`, "\r\n"), files))
	s.deliver(map[string]mail.Place{"mail": mail.Inbox, "sent": mail.Sent, "junk": mail.Junk, "archive": mail.Archive}[verb], raw.String())
}

func atoi(number string) int {
	n, err := strconv.Atoi(number)
	if err != nil {
		panic("script: " + err.Error())
	}
	return n
}

func (s *stage) answer(h map[string]string, number string) {
	m := s.sent[atoi(number)-1]
	h["In-Reply-To"] = "<" + m.ID + ">"
	h["References"] = "<" + strings.Join(append(slices.Clone(m.References), m.ID), "> <") + ">"
	if h["Subject"] == "Hello" {
		h["Subject"] = "Re: " + m.Subject
	}
	if len(m.ReplyTo) > 0 && h["To"] == "team@example.org" {
		h["To"] = m.ReplyTo[0].Address
	}
}

func (s *stage) deliver(place mail.Place, raw string) {
	box := s.bridge.inbox(s.bridge.env.BoxNamed("main"))
	m, err := mail.Parse(strings.NewReader(raw), mail.DefaultLimits)
	if err != nil {
		s.t.Fatal(err)
	}
	head := mail.Head{Mailbox: "main", Folder: "INBOX", Place: place, Header: m.Header, Received: time.Now()}
	if wants, err := box.Wants(context.Background(), head); err != nil || !wants {
		s.printf("  not ours (%v)", err)
		return
	}
	in := mail.Incoming{Head: head, Open: func(context.Context) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(raw)), nil }}
	if err := box.Handle(context.Background(), fmt.Sprint("1:", s.uid), in); err != nil {
		s.printf("  error: %v", err)
	}
}

var errDown = errors.New("connection refused")
