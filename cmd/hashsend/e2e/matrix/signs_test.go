package matrix

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"hashsend/bridge/chat"
	"hashsend/bridge/retry"
	"hashsend/cmd/hashsend/e2e/lab"
)

// signs shows what the bridge leaves in a room beside words: how far a message has
// come (EVENTS A51), and that the room is linked (A52); and that it knows when it may do so no
// more (A42).
func (p place) signs(t *testing.T) {
	ctx := t.Context()
	p.cfg.SendStatus = true
	r := p.room(t)
	c := p.connect(t)
	said := p.alice.Say(r.id, "how far does this come?")
	for n, s := range []chat.State{
		{Phase: chat.Accepted},
		{Phase: chat.Delivered},
		{Phase: chat.Read},
		{Phase: chat.Delayed, Reason: "no answer"},
		{Phase: chat.Failed, Reason: "the mailbox is full", Later: true},
		{Phase: chat.Failed, Reason: "no such user"},
	} {
		s.Key = fmt.Sprint("signs.", n, r.id)
		for range 2 {
			if err := c.Report(ctx, chat.MessageID(said), r.Place(), s); err != nil {
				t.Fatal(err)
			}
		}
	}
	var told []string
	lab.Wait(t, "the states of the message", 10*time.Second, func() bool {
		told = nil
		page, err := p.alice.Client.Messages(ctx, r.id, "", "", mautrix.DirectionBackward, nil, 100)
		if err != nil {
			return false
		}
		slices.Reverse(page.Chunk)
		for _, e := range page.Chunk {
			if e.Type.Type != event.BeeperMessageStatus.Type || e.Sender != p.bot {
				continue
			}
			about, _ := e.Content.Raw["m.relates_to"].(map[string]any)
			if about["event_id"] == string(said) && about["rel_type"] == "m.reference" {
				told = append(told, fmt.Sprint(e.Content.Raw["status"], " ", e.Content.Raw["message"]))
			}
		}
		return len(told) >= 6
	})
	want := "[SUCCESS <nil> SUCCESS delivered SUCCESS read PENDING no answer FAIL_RETRIABLE the mailbox is full FAIL_PERMANENT no such user]"
	if fmt.Sprint(told) != want {
		t.Errorf("states %v\nwant   %v", told, want)
	}
	p.mended(t, c, r, said)
	sign := chat.Sign{Text: "1 person reads this room by email.", Channel: "abc", Title: "Lunch"}
	mayState := func(level int) {
		t.Helper()
		must(t)(p.alice.SendStateEvent(ctx, r.id, event.StatePowerLevels, "", map[string]any{
			"users": map[id.UserID]int{p.alice.UserID: 100, p.bot: level}, "events_default": 0, "state_default": 50,
		}))
	}
	find := func() (b event.BridgeEventContent, err error) {
		err = p.alice.StateEvent(ctx, r.id, event.StateBridge, "org.hashsend", &b)
		return b, err
	}
	mayState(0)
	if err := c.Announce(ctx, r.Place(), sign); err != nil {
		t.Errorf("Announce without power: %v", err)
	}
	if b, err := find(); !errors.Is(err, mautrix.MNotFound) {
		t.Errorf("without power the room says %+v, %v", b, err)
	}
	mayState(50)
	if err := c.Announce(ctx, r.Place(), sign); err != nil {
		t.Fatal(err)
	}
	if b, err := find(); err != nil || b.BridgeBot != p.bot || b.Protocol.ID != "email" || b.Channel != (event.BridgeInfoSection{ID: "abc", DisplayName: "Lunch"}) {
		t.Errorf("the room says %+v, %v", b, err)
	}
	if err := c.Announce(ctx, r.Place(), chat.Sign{}); err != nil {
		t.Fatal(err)
	}
	if b, err := find(); err != nil || b.Protocol.ID != "" {
		t.Errorf("after the end the room says %+v, %v", b, err)
	}

	must(t)(p.alice.SendStateEvent(ctx, r.id, event.StatePowerLevels, "", map[string]any{
		"users": map[id.UserID]int{p.alice.UserID: 100}, "events_default": 10,
	}))
	_, err := c.Send(ctx, chat.Outgoing{Key: "signs.muted" + string(r.id), Place: r.Place(), Body: chat.Body{Text: "hello"}})
	if !errors.Is(err, chat.ErrMayNot) || !retry.IsNever(err) {
		t.Errorf("Send without the right to: %v", err)
	}
}

// mended has a failure end, and come again: its sign goes, and is there again (B38).
func (p place) mended(t *testing.T, c chat.Reporter, r room, said id.EventID) {
	signs := func() (n int) {
		for _, reaction := range p.alice.Reactions(r.id, said) {
			if strings.HasPrefix(reaction, "⚠️") {
				n++
			}
		}
		return n
	}
	for n, want := range []struct {
		state chat.State
		signs int
	}{
		{chat.State{Phase: chat.Failed, Reason: "no such user"}, 1},
		{chat.State{Phase: chat.Accepted, Recovered: true}, 0},
		{chat.State{Phase: chat.Failed, Reason: "the mailbox is full"}, 1},
	} {
		want.state.Key = fmt.Sprint("mended.", n, r.id)
		for range 2 {
			if err := c.Report(t.Context(), chat.MessageID(said), r.Place(), want.state); err != nil {
				t.Fatal(err)
			}
		}
		lab.Wait(t, fmt.Sprintf("%d signs after state %d", want.signs, n), 10*time.Second, func() bool { return signs() == want.signs })
	}
}
