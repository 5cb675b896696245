package matrix

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"hashsend/bridge/chat"
	"hashsend/cmd/hashsend/e2e/lab"
)

// run runs a connector from a cursor until it has handed over a text; it returns
// the texts in the order in which they came, and the last cursor. What is in seen
// is left out as a repeat, as the bridge does.
func run(t *testing.T, c chat.Connector, cursor, until string, seen map[chat.EventID]bool) (texts []string, last string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var stored atomic.Pointer[string]
	stored.Store(&cursor)
	found := false
	err := c.Run(ctx, cursor, func(_ context.Context, cursor string, events ...chat.Event) error {
		for _, e := range events {
			if p, is := e.(chat.Posted); is && !seen[p.Event] {
				seen[p.Event] = true
				texts = append(texts, p.Body.Text)
				found = found || p.Body.Text == until
			}
		}
		if cursor != "" {
			stored.Store(&cursor)
		}
		if found || until == "" {
			cancel()
		}
		return nil
	})
	if err != nil || (until != "" && !found) {
		t.Fatalf("Run: %v; %q came: %v", err, until, found)
	}
	return texts, *stored.Load()
}

// longAway shows that a plain account fills the gap that a homeserver leaves
// after a long absence, in order and without what is older, and hears nothing of
// what is said in rooms while it is not in them.
func (p place) longAway(t *testing.T) {
	r := p.room(t)
	p.alice.Say(r.id, "long ago")
	seen := map[chat.EventID]bool{}
	_, cursor := run(t, p.connect(t), "", "", seen)
	p.alice.Say(r.id, "just now")
	_, cursor = run(t, p.connect(t), cursor, "just now", seen)
	var want []string
	for n := range 210 {
		text := fmt.Sprint("missed ", n)
		p.alice.Say(r.id, text)
		want = append(want, text)
	}
	got, cursor := run(t, p.connect(t), cursor, want[len(want)-1], seen)
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%d messages came: %v\nwant %d in order", len(got), got, len(want))
	}

	must(t)(p.alice.KickUser(t.Context(), r.id, &mautrix.ReqKickUser{UserID: p.bot}))
	for n := range 20 {
		p.alice.Say(r.id, fmt.Sprint("among us ", n))
	}
	must(t)(p.alice.InviteUser(t.Context(), r.id, &mautrix.ReqInviteUser{UserID: p.bot}))
	if err := p.connect(t).Join(t.Context(), r.Place().Room, ""); err != nil {
		t.Fatal(err)
	}
	want = nil
	for n := range 110 {
		text := fmt.Sprint("with you ", n)
		p.alice.Say(r.id, text)
		want = append(want, text)
	}
	if got, _ := run(t, p.connect(t), cursor, want[len(want)-1], seen); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("after the return %d messages came: %v\nwant %d in order", len(got), got, len(want))
	}
}

// ghosts plays what befalls ghosts.
func (p place) ghosts(t *testing.T) {
	r := p.room(t)
	c := p.connect(t)
	listen(t, c)
	ann := chat.Sender{ID: "annxexamplexorg", Name: "Ann (email)"}
	ghost := id.NewUserID("hashsend_"+ann.ID, lab.ServerName)
	n := 0
	say := func(as chat.Sender) id.EventID {
		t.Helper()
		n++
		written := time.Now().Add(-10 * time.Minute).Truncate(time.Millisecond)
		sent, err := c.Send(t.Context(), chat.Outgoing{Key: fmt.Sprintf("ghosts.%d", n), Place: r.Place(), As: as, Body: chat.Body{Text: "hello"}, At: written})
		if err != nil {
			t.Fatal(err)
		}
		lab.Wait(t, "the words of the ghost, at the time of writing", 10*time.Second, func() bool {
			e, err := p.alice.GetEvent(t.Context(), r.id, id.EventID(sent))
			return err == nil && e.Sender == ghost && time.UnixMilli(e.Timestamp).Equal(written)
		})
		return id.EventID(sent)
	}
	say(ann)
	must(t)(p.alice.KickUser(t.Context(), r.id, &mautrix.ReqKickUser{UserID: ghost}))
	say(ann) // it is let in again: mail is not lost because of it
	renamed := chat.Sender{ID: ann.ID, Name: "Ann Miller (email)"}
	say(renamed)
	lab.Wait(t, "the ghost's new name", 10*time.Second, func() bool {
		name, err := r.member(ghost)
		return err == nil && name == renamed.Name
	})
	must(t)(p.alice.SendStateEvent(t.Context(), r.id, event.StatePowerLevels, "", map[string]any{
		"users": map[id.UserID]int{p.alice.UserID: 100}, "invite": 50, "events_default": 0,
	}))
	say(renamed) // the bot has no power: what is there stays there
	d, err := c.Describe(t.Context(), r.Place().Room)
	if err != nil || d.Members != 1 {
		t.Errorf("Describe = %+v, %v; want one person: ghosts are none", d, err)
	}
	first, err := c.Create(t.Context(), chat.NewRoom{Key: "new.1", Name: "Supper", Invite: []chat.UserID{chat.UserID(p.alice.UserID)}})
	if err != nil {
		t.Fatal(err)
	}
	if second, err := p.connect(t).Create(t.Context(), chat.NewRoom{Key: "new.1", Name: "Supper"}); err != nil || second != first {
		t.Errorf("Create with the same key = %q, %v; want %q", second, err, first)
	}
	must(t)(p.alice.JoinRoomByID(t.Context(), id.RoomID(first)))
}
