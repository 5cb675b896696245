package lab

import (
	"context"
	"testing"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"
)

// Person is somebody with an account on a homeserver and an ordinary client.
type Person struct {
	*mautrix.Client
	t testing.TB
}

// For is the same person in a test of its own.
func (p *Person) For(t testing.TB) *Person { return &Person{Client: p.Client, t: t} }

// Person registers an account.
func (h *Homeserver) Person(name string) *Person {
	h.t.Helper()
	c, err := mautrix.NewClient(h.URL, "", "")
	if err != nil {
		h.t.Fatal(err)
	}
	ctx := context.Background()
	req := &mautrix.ReqRegister[any]{Username: name, Password: name + "-password", DeviceID: "LAB"}
	resp, err := c.RegisterDummy(ctx, req)
	if err != nil {
		h.t.Fatalf("register %s: %v", name, err)
	}
	c.UserID, c.AccessToken, c.DeviceID = resp.UserID, resp.AccessToken, resp.DeviceID
	return &Person{Client: c, t: h.t}
}

// Login is one more program of somebody who has an account.
func (h *Homeserver) Login(name, device string) *Person {
	h.t.Helper()
	c, err := mautrix.NewClient(h.URL, "", "")
	if err != nil {
		h.t.Fatal(err)
	}
	resp, err := c.Login(context.Background(), &mautrix.ReqLogin{
		Type: mautrix.AuthTypePassword, Password: name + "-password", DeviceID: id.DeviceID(device), StoreCredentials: true,
		Identifier: mautrix.UserIdentifier{Type: mautrix.IdentifierTypeUser, User: name},
	})
	if err != nil {
		h.t.Fatalf("log in as %s: %v", name, err)
	}
	c.DeviceID = resp.DeviceID
	return &Person{Client: c, t: h.t}
}

// Room makes a room with these people invited.
func (p *Person) Room(name string, invite ...id.UserID) id.RoomID {
	p.t.Helper()
	resp, err := p.CreateRoom(context.Background(), &mautrix.ReqCreateRoom{Preset: "private_chat", Name: name, Invite: invite})
	if err != nil {
		p.t.Fatalf("make a room: %v", err)
	}
	return resp.RoomID
}

// Say posts a text and returns its event id.
func (p *Person) Say(room id.RoomID, text string) id.EventID {
	p.t.Helper()
	resp, err := p.SendText(context.Background(), room, text)
	if err != nil {
		p.t.Fatalf("post %q: %v", text, err)
	}
	return resp.EventID
}

// SayIn posts a text in the thread under a message.
func (p *Person) SayIn(room id.RoomID, root id.EventID, text string) id.EventID {
	p.t.Helper()
	return p.relate(room, text, (&event.RelatesTo{}).SetThread(root, root))
}

// Answer posts a text as an answer to a message.
func (p *Person) Answer(room id.RoomID, to id.EventID, text string) id.EventID {
	p.t.Helper()
	return p.relate(room, text, (&event.RelatesTo{}).SetReplyTo(to))
}

func (p *Person) relate(room id.RoomID, text string, how *event.RelatesTo) id.EventID {
	p.t.Helper()
	content := &event.MessageEventContent{MsgType: event.MsgText, Body: text, RelatesTo: how}
	resp, err := p.SendMessageEvent(context.Background(), room, event.EventMessage, content)
	if err != nil {
		p.t.Fatalf("post %q: %v", text, err)
	}
	return resp.EventID
}

// Remove takes back what was said.
func (p *Person) Remove(room id.RoomID, what id.EventID) {
	p.t.Helper()
	if _, err := p.RedactEvent(context.Background(), room, what); err != nil {
		p.t.Fatalf("take back a message: %v", err)
	}
}

// Edit changes what was said.
func (p *Person) Edit(room id.RoomID, of id.EventID, text string) {
	p.t.Helper()
	content := &event.MessageEventContent{MsgType: event.MsgText, Body: text}
	content.SetEdit(of)
	if _, err := p.SendMessageEvent(context.Background(), room, event.EventMessage, content); err != nil {
		p.t.Fatalf("edit: %v", err)
	}
}

// React puts an emoji on a message.
func (p *Person) React(room id.RoomID, to id.EventID, emoji string) id.EventID {
	p.t.Helper()
	resp, err := p.SendReaction(context.Background(), room, to, emoji)
	if err != nil {
		p.t.Fatalf("react with %s: %v", emoji, err)
	}
	return resp.EventID
}

// Reactions lists those to a message: emoji and the name of who reacted.
func (p *Person) Reactions(room id.RoomID, to id.EventID) (all []string) {
	p.t.Helper()
	for _, e := range p.timeline(room, event.EventReaction) {
		if about := e.Content.AsReaction().RelatesTo; about.EventID == to {
			name, err := p.GetDisplayName(context.Background(), e.Sender)
			if err != nil {
				p.t.Fatalf("who is %s: %v", e.Sender, err)
			}
			all = append(all, about.Key+" "+name.DisplayName)
		}
	}
	return all
}

// Messages returns the texts of a room, oldest first.
func (p *Person) Messages(room id.RoomID) []*event.Event {
	p.t.Helper()
	return p.timeline(room, event.EventMessage)
}

// timeline returns the events of a type of a room, oldest first.
func (p *Person) timeline(room id.RoomID, kind event.Type) (all []*event.Event) {
	p.t.Helper()
	from := ""
	for {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		resp, err := p.Client.Messages(ctx, room, from, "", mautrix.DirectionBackward, nil, 100)
		cancel()
		if err != nil {
			p.t.Fatalf("read the room: %v", err)
		}
		for _, e := range resp.Chunk {
			if e.Type == kind && e.Content.ParseRaw(e.Type) == nil {
				all = append([]*event.Event{e}, all...)
			}
		}
		if resp.End == "" || len(resp.Chunk) == 0 {
			return all
		}
		from = resp.End
	}
}

// Sees waits until a message with this text stands in a room.
func (p *Person) Sees(room id.RoomID, limit time.Duration, is func(body string) bool) *event.Event {
	p.t.Helper()
	var found *event.Event
	var last []string
	defer func() {
		if found == nil {
			p.t.Logf("in the room: %q", last)
		}
	}()
	Wait(p.t, "a message in the room", limit, func() bool {
		last = nil
		for _, e := range p.Messages(room) {
			body := e.Content.AsMessage().Body
			last = append(last, body)
			if is(body) {
				found = e
			}
		}
		return found != nil
	})
	return found
}

// Joined reports whether a user is in a room.
func (p *Person) Joined(room id.RoomID, user id.UserID) bool {
	resp, err := p.JoinedMembers(context.Background(), room)
	if err != nil {
		return false
	}
	_, in := resp.Joined[user]
	return in
}
