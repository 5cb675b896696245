package matrix

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"hashsend/bridge/chat"
	"hashsend/bridge/retry"
	"hashsend/cmd/hashsend/e2e/lab"
)

// edits has an edit come with its id, and its end told by that id (EVENTS A7, A13).
func (p place) edits(t *testing.T) {
	r := p.room(t)
	events := listen(t, p.connect(t), r.Place().Room)
	first := p.alice.Say(r.id, "Lunch at twelve")
	next(t, events, func(e chat.Posted) bool { return e.Message == chat.MessageID(first) })
	content := &event.MessageEventContent{MsgType: event.MsgText, Body: "Lunch at one"}
	content.SetEdit(first)
	edit, err := p.alice.SendMessageEvent(t.Context(), r.id, event.EventMessage, content)
	if err != nil {
		t.Fatal(err)
	}
	e := next(t, events, func(e chat.Edited) bool { return e.Message == chat.MessageID(first) })
	if e.Edit != chat.MessageID(edit.EventID) || e.Body.Text != "Lunch at one" {
		t.Errorf("the edit came as %+v", e)
	}
	must(t)(p.alice.RedactEvent(t.Context(), r.id, edit.EventID))
	next(t, events, func(e chat.Deleted) bool { return e.Message == chat.MessageID(edit.EventID) })
}

// newest is the newest version that rooms of this homeserver can have.
func (p place) newest(t *testing.T) string {
	t.Helper()
	caps, err := p.alice.Capabilities(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []string{"12", "11", "10"} {
		if _, has := caps.RoomVersions.Available[v]; has {
			return v
		}
	}
	t.Fatalf("rooms can have the versions %v", caps.RoomVersions.Available)
	return ""
}

// upgrade follows a room into the one that replaces it, and no further (EVENTS A41).
func (p place) upgrade(t *testing.T) {
	ctx := t.Context()
	r := p.room(t)
	c := p.connect(t)
	events := listen(t, c, r.Place().Room)
	version := p.newest(t)
	var made struct {
		Room id.RoomID `json:"replacement_room"`
	}
	must(t)(p.alice.MakeRequest(ctx, http.MethodPost, p.alice.BuildClientURL("v3", "rooms", r.id, "upgrade"), map[string]any{"new_version": version}, &made))
	m := next(t, events, func(e chat.Moved) bool { return e.Place.Room == chat.RoomID(r.id) })
	if m.To != chat.RoomID(made.Room) || m.By.ID != chat.UserID(p.alice.UserID) || m.By.Server != lab.ServerName {
		t.Errorf("the move to %s came as %+v", made.Room, m)
	}
	err := c.Follow(ctx, m.Place.Room, m.To, m.By)
	if err != nil { // nobody has let us in yet
		if pause, again := retry.Pause(err); !errors.Is(err, chat.ErrMayNot) || retry.IsNever(err) || !again || pause > time.Minute {
			t.Errorf("Follow without an invitation: %v", err)
		}
		must(t)(p.alice.InviteUser(ctx, made.Room, &mautrix.ReqInviteUser{UserID: p.bot}))
		err = c.Follow(ctx, m.Place.Room, m.To, m.By)
	}
	if err != nil {
		t.Fatalf("Follow into a room of version %s: %v", version, err)
	}
	if err := c.Follow(ctx, m.Place.Room, m.To, m.By); err != nil {
		t.Errorf("Follow again: %v", err)
	}
	said := p.alice.Say(made.Room, "here we are")
	next(t, events, func(e chat.Posted) bool { return e.Message == chat.MessageID(said) })

	other := p.alice.Room("Somebody else's", p.bot)
	if err := c.Follow(ctx, r.Place().Room, chat.RoomID(other), m.By); !retry.IsNever(err) || errors.Is(err, chat.ErrMayNot) {
		t.Errorf("Follow into a room that comes from nowhere: %v", err)
	}
	if p.alice.Joined(other, p.bot) {
		t.Error("the bridge stays in a room that is not the conversation's")
	}
}

// comeAndGo has ghosts invited and put out by people (EVENTS A35, A36, A39).
func (p place) comeAndGo(t *testing.T) {
	ctx := t.Context()
	r := p.room(t)
	c := p.connect(t)
	events := listen(t, c, r.Place().Room)
	const sender = "ben0example0org"
	ghost := id.NewUserID("hashsend_"+sender, lab.ServerName)
	n := 0
	say := func() {
		t.Helper()
		n++
		if _, err := c.Send(ctx, chat.Outgoing{Key: fmt.Sprint("come.", n), Place: r.Place(), As: chat.Sender{ID: sender, Name: "Ben (email)"}, Body: chat.Body{Text: "hello"}}); err != nil {
			t.Fatal(err)
		}
	}
	say()

	// A chat of two: the ghost comes, and brings the bridge along.
	resp, err := p.alice.CreateRoom(ctx, &mautrix.ReqCreateRoom{Preset: "trusted_private_chat", IsDirect: true, Invite: []id.UserID{ghost}})
	if err != nil {
		t.Fatal(err)
	}
	two := chat.RoomID(resp.RoomID)
	in := next(t, events, func(e chat.Invited) bool { return e.Place.Room == two })
	if in.As != chat.UserID(ghost) || in.Ghost != sender || !in.Direct || in.By.ID != chat.UserID(p.alice.UserID) || in.By.Name != "alice" {
		t.Errorf("the invitation came as %+v", in)
	}
	for range 2 {
		if err := c.Join(ctx, two, in.As); err != nil {
			t.Fatal(err)
		}
	}
	if !p.alice.Joined(resp.RoomID, ghost) || !p.alice.Joined(resp.RoomID, p.bot) {
		t.Error("the ghost or the bridge is not in the chat of two")
	}
	said := p.alice.Say(resp.RoomID, "between us")
	next(t, events, func(e chat.Posted) bool { return e.Message == chat.MessageID(said) })

	// Where it may not bring the bridge along it stays, and that is final.
	resp, err = p.alice.CreateRoom(ctx, &mautrix.ReqCreateRoom{Preset: "private_chat", IsDirect: true, Invite: []id.UserID{ghost}, PowerLevelOverride: &event.PowerLevelsEventContent{
		Users: map[id.UserID]int{p.alice.UserID: 100}, InvitePtr: ptr(50),
	}})
	if err != nil {
		t.Fatal(err)
	}
	next(t, events, func(e chat.Invited) bool { return e.Place.Room == chat.RoomID(resp.RoomID) })
	if err := c.Join(ctx, chat.RoomID(resp.RoomID), chat.UserID(ghost)); !retry.IsNever(err) {
		t.Errorf("Join where the bridge cannot come: %v", err)
	}
	if err := c.Refuse(ctx, chat.RoomID(resp.RoomID), chat.UserID(ghost), "invite the bridge, too"); err != nil {
		t.Fatal(err)
	}
	lab.Wait(t, "the ghost to leave, with a reason", 10*time.Second, func() bool {
		var m event.MemberEventContent
		err := p.alice.StateEvent(ctx, resp.RoomID, event.StateMember, string(ghost), &m)
		return err == nil && m.Membership == event.MembershipLeave && m.Reason == "invite the bridge, too"
	})

	// Put out, once by each way; the end of a ban is nothing.
	out := func(how string) {
		t.Helper()
		if e := next(t, events, func(e chat.PutOut) bool { return e.Place.Room == r.Place().Room }); e.Ghost != sender || e.By.ID != chat.UserID(p.alice.UserID) {
			t.Errorf("%s came as %+v", how, e)
		}
	}
	must(t)(p.alice.KickUser(ctx, r.id, &mautrix.ReqKickUser{UserID: ghost}))
	out("a kick")
	say()
	must(t)(p.alice.BanUser(ctx, r.id, &mautrix.ReqBanUser{UserID: ghost}))
	out("a ban")
	must(t)(p.alice.UnbanUser(ctx, r.id, &mautrix.ReqUnbanUser{UserID: ghost}))
	must(t)(p.alice.InviteUser(ctx, r.id, &mautrix.ReqInviteUser{UserID: ghost}))
	_, before := nextAfter(t, events, func(e chat.Invited) bool { return e.Place.Room == r.Place().Room })
	for _, e := range before {
		if o, is := e.(chat.PutOut); is {
			t.Errorf("the end of a ban came as %+v", o)
		}
	}
}

func ptr[T any](v T) *T { return &v }
