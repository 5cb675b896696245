package bridge

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/retry"
)

// ghosts plays what befalls those who stand for people by email: "ghost Alice/mod in
// supper: ann@example.com of lunch direct" is Alice's invitation of the one who stands for
// Ann in lunch, "putout Alice in lunch: ann@example.com" puts her out.
func (s *stage) ghosts(verb, rest string) {
	args, whom, _ := strings.Cut(rest, ": ")
	f, about := strings.Fields(args), strings.Fields(whom)
	by, rank, _ := strings.Cut(f[0], "/")
	network, head := s.head(by, "", f[2], "")
	known := f[2]
	if len(about) > 2 {
		known = about[2]
	}
	ghost := strings.TrimSuffix(strings.TrimPrefix(string(s.ghost(known, about[0])), "@mail_"), ":acme")
	if verb == "putout" {
		s.handle(network, chat.PutOut{Head: head, Ghost: ghost})
		return
	}
	name, _, _ := strings.Cut(about[0], "@")
	e := chat.Invited{Head: head, As: chat.UserID(" as " + name), Ghost: ghost, Direct: about[len(about)-1] == "direct"}
	if rank == "mod" {
		e.Rank = chat.Moderator
	}
	s.handle(network, e)
}

// edit plays an edit. In a network where edits are events of their own, the fifth event
// of a story is the edit "edit005", and can be deleted. "Alice/to_ann in lunch edits m1: …"
// mentions somebody whom the message did not mention.
func (s *stage) edit(network, how string, e chat.Edited) {
	if network == "matrix" {
		e.Edit = chat.MessageID(fmt.Sprintf("edit%03d", s.events))
	}
	p := chat.Posted{Head: e.Head}
	s.manner(&p, how)
	e.Mentions, e.MentionsAll = p.Mentions, p.MentionsAll
	s.handle(network, e)
}

// followNet is a network that has to enter a room that another one goes on as. Into
// one that is closed it is not let, and "other…" comes from nowhere.
type followNet struct{ *net }

func (n followNet) Follow(_ context.Context, from, to chat.RoomID, by chat.Author) error {
	n.s.mu.Lock()
	closed := n.closed == to
	n.s.mu.Unlock()
	switch {
	case closed:
		return retry.After(chat.MayNot(errors.New("nobody has invited me into the new room")), 5*time.Second)
	case strings.HasPrefix(string(to), "other"):
		return retry.Never(errors.New("the new room does not say that it comes from this one"))
	}
	n.s.emit(n.name, "  %s: follow %s to %s, as %s says", n.name, from, to, by.Name)
	return nil
}

// opened is what was in a sealed message: "edit of m1: words", "!send help", or words.
func opened(s chat.Sealed) chat.Event {
	text := string(s.Raw)
	if rest, is := strings.CutPrefix(text, "edit of "); is {
		of, text, _ := strings.Cut(rest, ": ")
		return chat.Edited{Head: s.Head, Message: chat.MessageID(of), Edit: "edit" + s.Message, Body: chat.Body{Text: text}}
	}
	if cmd, is := strings.CutPrefix(text, "!send "); is {
		return chat.Command{Head: s.Head, Message: s.Message, Text: cmd}
	}
	return chat.Posted{Head: s.Head, Message: s.Message, Body: chat.Body{Text: text}}
}

// crowd is how many people are in the room "crowd": three, and those who come and go.
// Of other rooms it is not known.
func (n *net) crowd(room chat.RoomID) int {
	n.s.mu.Lock()
	defer n.s.mu.Unlock()
	if room != "crowd" {
		return 0
	}
	return 3 + n.count["come"]
}

func (n *net) comeAndGo(verb string) {
	n.s.mu.Lock()
	defer n.s.mu.Unlock()
	n.count["come"] += map[string]int{"join": 1, "leave": -1}[verb]
}

// ffmpeg is a stand-in for that program, where a story has it: "set ffmpeg works", or
// "set ffmpeg fails".
func (s *stage) ffmpeg() string {
	script := map[string]string{"works": `cat > /dev/null; printf 'speech for all' > "$out"`, "fails": "exit 1"}[s.mode["ffmpeg"]]
	if script == "" {
		return ""
	}
	path := filepath.Join(s.dir, "ffmpeg")
	if err := os.WriteFile(path, []byte("#!/bin/sh\nfor out; do :; done\n"+script), 0o700); err != nil {
		s.t.Fatal(err)
	}
	return path
}

// plainNet is a network without encryption: it has few abilities beside.
type plainNet struct{ n *net }

func (p plainNet) Name() string { return p.n.Name() }

func (p plainNet) Run(ctx context.Context, cursor string, h chat.Handler) error {
	return p.n.Run(ctx, cursor, h)
}

func (p plainNet) Send(ctx context.Context, m chat.Outgoing) (chat.MessageID, error) {
	return p.n.Send(ctx, m)
}

func (p plainNet) Describe(ctx context.Context, room chat.RoomID) (chat.Description, error) {
	return p.n.Describe(ctx, room)
}

func (plainNet) Encryption() string { return "there is none" }

// Backfill hands over what was missed in a room, and writes down that it was asked.
func (n followNet) Backfill(ctx context.Context, p chat.Place, since chat.MessageID, _ time.Time, handle chat.Handler) error {
	n.s.emit(n.name+" "+string(p.Room), "  %s: catch up with %s after %q", n.name, p.Room, since)
	n.s.mu.Lock()
	down, missed := n.down, n.missed
	n.s.mu.Unlock()
	if down {
		return errDown
	}
	for _, e := range missed {
		if e.EventHead().Place.Room == p.Room {
			if err := handle(ctx, "", e); err != nil {
				return err
			}
		}
	}
	return nil
}

// gap plays what is said while nobody listens, "missed Alice in lunch: text", and that
// this is noticed: "gap".
func (s *stage) gap(verb, rest string) {
	if verb == "gap" {
		s.handle("matrix", chat.Gap{})
		return
	}
	m := speech.FindStringSubmatch(rest)
	network, head := s.head(m[1], m[2], m[4], m[5])
	head.Late = true
	s.mu.Lock()
	defer s.mu.Unlock()
	s.nets[network].missed = append(s.nets[network].missed, chat.Posted{Head: head, Message: chat.MessageID(fmt.Sprint("m", s.events)), Body: chat.Body{Text: m[8]}})
}
