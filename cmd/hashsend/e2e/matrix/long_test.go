package matrix

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"hashsend/bridge/chat"
	"hashsend/cmd/hashsend/e2e/lab"
)

// long posts texts up to and beyond what an event may have: all of each is in the room, as
// a message or as a file. A notice is cut, and an edit that is too long says so.
func (p place) long(t *testing.T) {
	r, c := p.room(t), p.connect(t)
	posted := func(msg chat.MessageID) (e *event.Event) {
		t.Helper()
		lab.Wait(t, "the message", 10*time.Second, func() (there bool) {
			var err error
			e, err = p.alice.GetEvent(t.Context(), r.id, id.EventID(msg))
			return err == nil && e.Content.ParseRaw(e.Type) == nil
		})
		return e
	}
	out := func(key, text string) chat.Outgoing {
		return chat.Outgoing{Key: "long." + key, Place: r.Place(), As: chat.Sender{ID: "annxlong", Name: "Ann (email)"}, Body: chat.Body{Text: text}}
	}
	for _, size := range []int{20_000, 33_000, 48_000, 58_000, 62_000, 100_000} {
		text := "@alice, " + strings.Repeat("\"No\", she said & left.\n", size/23)
		sent, err := c.Send(t.Context(), out(fmt.Sprint(size), text))
		if err != nil {
			t.Fatalf("%d bytes: %v", size, err)
		}
		e := posted(sent)
		m := e.Content.AsMessage()
		if m.MsgType == event.MsgFile {
			if data := string(p.alice.Download(e)); size < 50_000 || data != text {
				t.Errorf("%d bytes came as a file of %d", size, len(data))
			}
		} else if !strings.HasSuffix(m.Body, text) {
			t.Errorf("%d bytes came as %d", size, len(m.Body))
		}
	}

	first, err := c.Send(t.Context(), out("first", "short"))
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Repeat("a longer text\n", 2_200)
	edit, err := c.Edit(t.Context(), first, out("edit", text))
	if err != nil {
		t.Fatal(err)
	}
	if m := posted(edit).Content.AsMessage(); m.NewContent == nil || !strings.HasSuffix(m.NewContent.Body, text) {
		t.Errorf("the edit came as %+v", m)
	}
	if _, err := c.Edit(t.Context(), first, out("edit2", strings.Repeat("x", 100_000))); !errors.Is(err, chat.ErrTooLarge) {
		t.Errorf("an edit of 100 kB: %v", err)
	}

	notice := chat.Outgoing{Key: "long.notice", Place: r.Place(), Kind: chat.Notice, Body: chat.Body{Text: strings.Repeat("x", 100_000)}}
	sent, err := c.Send(t.Context(), notice)
	if err != nil {
		t.Fatal(err)
	}
	if m := posted(sent).Content.AsMessage(); !strings.HasSuffix(m.Body, "x…") {
		t.Errorf("a notice came as %d bytes", len(m.Body))
	}
}
