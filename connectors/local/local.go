package local

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/retry"
)

// Connector is a chat.Connector on a Server of the same process.
type Connector struct {
	s   *Server
	env chat.Env
}

// The abilities that it offers beside Connector.
var (
	_ chat.Connector = (*Connector)(nil)
	_ chat.Announcer = (*Connector)(nil)
	_ chat.Creator   = (*Connector)(nil)
	_ chat.Deleter   = (*Connector)(nil)
	_ chat.Describer = (*Connector)(nil)
	_ chat.Editor    = (*Connector)(nil)
	_ chat.Filer     = (*Connector)(nil)
	_ chat.Finder    = (*Connector)(nil)
	_ chat.Limiter   = (*Connector)(nil)
	_ chat.Opener    = (*Connector)(nil)
	_ chat.Reactor   = (*Connector)(nil)
	_ chat.Threader  = (*Connector)(nil)
)

// Open connects a server to the bridge. The caller closes the server.
func Open(s *Server, env chat.Env) *Connector { return &Connector{s: s, env: env} }

// Name is its name in the configuration.
func (c *Connector) Name() string { return c.env.Name }

// Run receives until ctx ends. The cursor is the number of the last entry.
func (c *Connector) Run(ctx context.Context, cursor string, handle chat.Handler) error {
	seq, err := strconv.ParseInt(cursor, 10, 64)
	if err != nil && cursor != "" {
		return fmt.Errorf("the stored cursor %q is not a number", cursor)
	}
	failures := 0
	for ctx.Err() == nil {
		entries, changed := c.s.After(seq)
		for _, e := range entries {
			err := handle(context.WithoutCancel(ctx), strconv.FormatInt(e.Seq, 10), convert(e)...)
			if err != nil {
				failures++
				c.env.Log.Warn("could not store an entry of the room; trying again", "error", err)
				break
			}
			seq, failures = e.Seq, 0
		}
		if failures > 0 {
			retry.Sleep(ctx, retry.Backoff(failures, 100*time.Millisecond, 10*time.Second))
			continue
		}
		if len(entries) > 0 {
			continue
		}
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
	return nil
}

// convert makes events of an entry. The bridge's own entries have none.
func convert(e Entry) []chat.Event {
	if e.Bridge {
		return nil
	}
	head := chat.Head{
		Event: chat.EventID(e.ID()), At: e.At, Place: chat.Place{Room: chat.RoomID(e.Room), Thread: chat.ThreadID(e.Thread)},
		By: chat.Author{ID: chat.UserID(e.By), Name: e.Name, Server: "local"},
	}
	switch e.Kind {
	case "said", "emote":
		if rest, is := strings.CutPrefix(e.Text, "!send"); is && (rest == "" || rest[0] == ' ') {
			return []chat.Event{chat.Command{Head: head, Message: chat.MessageID(e.ID()), Text: strings.TrimSpace(rest), Rank: chat.Admin, Root: head.Place.Thread}}
		}
		kind := chat.Said
		if e.Kind == "emote" {
			kind = chat.Emote
		}
		return []chat.Event{chat.Posted{
			Head: head, Message: chat.MessageID(e.ID()), Kind: kind, Body: chat.Body{Text: e.Text, HTML: e.HTML, Files: chatFiles(e)},
			ReplyTo: chat.MessageID(e.ReplyTo), Root: chat.MessageID(e.Thread),
		}}
	case "edit":
		return []chat.Event{chat.Edited{Head: head, Message: chat.MessageID(e.Of), Body: chat.Body{Text: e.Text, HTML: e.HTML}}}
	case "delete":
		return []chat.Event{chat.Deleted{Head: head, Message: chat.MessageID(e.Of)}}
	case "react":
		return []chat.Event{chat.Reacted{Head: head, Message: chat.MessageID(e.Of), Reaction: chat.MessageID(e.ID()), Emoji: e.Text}}
	}
	return nil
}

func (c *Connector) entry(kind string, m chat.Outgoing) Entry {
	return Entry{
		Kind: kind, Room: string(m.Place.Room), Thread: string(m.Place.Thread), By: m.As.ID, Name: m.As.Name, Bridge: true,
		Key: m.Key, Text: m.Body.Text, HTML: m.Body.HTML, ReplyTo: string(m.ReplyTo), For: string(m.For),
	}
}

func (c *Connector) add(e Entry) (chat.MessageID, error) {
	e, err := c.s.Add(e)
	if err != nil {
		return "", err
	}
	return chat.MessageID(e.ID()), nil
}

// Send posts a message, once for each Key.
func (c *Connector) Send(_ context.Context, m chat.Outgoing) (chat.MessageID, error) {
	if m.Place.Room == "" {
		return "", retry.Never(errors.New("no room given"))
	}
	kind := map[chat.Kind]string{chat.Said: "said", chat.Notice: "notice", chat.Emote: "emote"}[m.Kind]
	return c.add(c.entry(kind, m))
}

// Edit replaces a message; see chat.Editor.
func (c *Connector) Edit(_ context.Context, of chat.MessageID, m chat.Outgoing) (chat.MessageID, error) {
	e := c.entry("edit", m)
	e.Of = string(of)
	return c.add(e)
}

// Delete deletes a message; see chat.Deleter.
func (c *Connector) Delete(_ context.Context, of chat.MessageID, m chat.Outgoing) error {
	e := c.entry("delete", m)
	e.Of = string(of)
	_, err := c.add(e)
	return err
}

// React puts an emoji on a message; see chat.Reactor.
func (c *Connector) React(_ context.Context, to chat.MessageID, emoji string, m chat.Outgoing) (chat.MessageID, error) {
	e := c.entry("react", m)
	e.Of, e.Text = string(to), emoji
	return c.add(e)
}

// Limits says that reactions are shown as their senders' own; see chat.Limiter.
func (c *Connector) Limits() chat.Limits { return chat.Limits{OwnReactions: true} }

// Find looks for a message by its key; see chat.Finder.
func (c *Connector) Find(_ context.Context, _ chat.Place, key string, _ time.Time) (chat.MessageID, bool, error) {
	e, found := c.s.ByKey(key)
	if !found {
		return "", false, nil
	}
	return chat.MessageID(e.ID()), true, nil
}

// Describe returns the room's name and the number of people who have posted there; see
// chat.Describer.
func (c *Connector) Describe(_ context.Context, room chat.RoomID) (chat.Description, error) {
	d := chat.Description{Name: string(room)}
	all, _ := c.s.After(0)
	var people []string
	for _, e := range all {
		if e.Room != string(room) {
			continue
		}
		if e.Kind == "room" {
			d.Name = e.Text
		}
		if !e.Bridge && e.By != "" && !slices.Contains(people, e.By) {
			people = append(people, e.By)
		}
	}
	d.Members = len(people)
	return d, nil
}

// ThreadOf names the thread with this root; see chat.Threader.
func (c *Connector) ThreadOf(_ chat.Place, root chat.MessageID) chat.ThreadID {
	return chat.ThreadID(root)
}

// Announce sets the line above the room; see chat.Announcer.
func (c *Connector) Announce(_ context.Context, p chat.Place, s chat.Sign) error {
	_, err := c.s.Add(Entry{Kind: "sign", Room: string(p.Room), Thread: string(p.Thread), Bridge: true, Text: s.Text})
	return err
}

// Create makes a room; see chat.Creator.
func (c *Connector) Create(_ context.Context, n chat.NewRoom) (chat.RoomID, error) {
	_, err := c.s.Add(Entry{Kind: "room", Room: n.Key, Bridge: true, Key: n.Key, Text: n.Name})
	return chat.RoomID(n.Key), err
}
