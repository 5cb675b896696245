package slack

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/chat/chattest"
	"hashsend/bridge/retry"
	"hashsend/connectors/slack/slacktest"
	"hashsend/connectors/slack/wire"
)

// caught is what Backfill hands over, in short.
func caught(t *testing.T, c *Connector, p chat.Place, since chat.MessageID, linked time.Time) (all []string) {
	t.Helper()
	err := c.Backfill(t.Context(), p, since, linked, func(_ context.Context, _ string, events ...chat.Event) error {
		for _, ev := range events {
			if !ev.EventHead().Late {
				t.Errorf("%s is not marked as late", chattest.Brief(ev))
			}
			all = append(all, strings.TrimPrefix(chattest.Brief(ev), "posted by Alice Example: "))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestBackfill(t *testing.T) {
	l := newLab(t, true)
	l.Unlimited()
	c := l.connect(t)
	place := chat.Place{Room: chat.RoomID(l.lounge)}
	l.Say(l.alice, l.lounge, "before the link")
	time.Sleep(1100 * time.Millisecond) // the history is asked for by the second, with one to spare
	root := l.Say(l.alice, l.lounge, "root")
	time.Sleep(1100 * time.Millisecond)
	linked := time.Now()
	time.Sleep(1100 * time.Millisecond)
	first := l.Say(l.alice, l.lounge, "first")
	deliver(t, c, l.outgoing("k1", "our own"))
	l.Say(l.alice, l.lounge, "in an old thread", slacktest.Said{Thread: root})
	second := l.Say(l.alice, l.lounge, "secnod")
	l.Edit(l.lounge, second, "second")
	gone := l.Say(l.alice, l.lounge, "taken back")
	l.Remove(l.lounge, gone)
	l.Say(l.alice, l.lounge, "under the first", slacktest.Said{Thread: first})
	l.Remove(l.lounge, first) // leaves a tombstone
	var many []string
	for n := range 250 { // more than a page
		many = append(many, fmt.Sprintf("n%03d", n))
		l.Say(l.alice, l.lounge, many[n])
	}
	got := caught(t, c, place, "", linked)
	want := append([]string{
		"deleted " + string(wire.MessageID(l.lounge, first)), "in an old thread (in " + root + ")", "second", "edited " + string(wire.MessageID(l.lounge, second)) + ": second",
		"under the first (in " + first + ")",
	}, many...)
	if !slices.Equal(got, want) {
		t.Errorf("the channel is caught up by %q, want %q", got, want)
	}
	// From a message that is known on: an hour more, because events may have come
	// out of order, but never what was said before the link.
	if got := caught(t, c, place, wire.MessageID(l.lounge, second), linked); !slices.Equal(got, want) {
		t.Errorf("after a message it is caught up by %q", got)
	}
	// One thread alone.
	if got := caught(t, c, chat.Place{Room: place.Room, Thread: chat.ThreadID(root)}, "", linked); !slices.Equal(got, []string{want[1]}) {
		t.Errorf("the thread is caught up by %q, want %q", got, want[1])
	}
	// B29: that the channel is shared by now is told before what was said there.
	l.Share(l.lounge, true)
	var told chat.Event
	if err := c.Backfill(t.Context(), place, "", linked, func(_ context.Context, _ string, events ...chat.Event) error {
		if told == nil {
			told = events[0]
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if s, is := told.(chat.Shared); !is || !s.Shared || s.Place != place {
		t.Errorf("the first event is %+v, want that the channel is shared", told)
	}
	l.Share(l.lounge, false)
	// The history may ask for a pause.
	l.Break("conversations.history", slacktest.Fault{Status: 429, RetryAfter: 1})
	if got := caught(t, c, place, "", linked); len(got) != len(want) {
		t.Errorf("after a pause there were %d events, want %d", len(got), len(want))
	}
	// Or may not answer.
	l.Break("conversations.history", slacktest.Fault{Status: 503})
	if err := c.Backfill(t.Context(), place, "", linked, nil); err == nil || retry.IsNever(err) {
		t.Errorf("Backfill: %v, want an error that passes", err)
	}
}

func TestFetch(t *testing.T) {
	l := newLab(t, true)
	c := l.connect(t)
	place := chat.Place{Room: chat.RoomID(l.lounge)}
	root := l.Say(l.alice, l.lounge, "root")
	l.Say(l.alice, l.lounge, "another")
	reply := l.Say(l.alice, l.lounge, "in the thread", slacktest.Said{Thread: root})
	inThread := chat.Place{Room: place.Room, Thread: chat.ThreadID(root)}
	for _, x := range []struct {
		in   chat.Place
		ts   string
		want string
	}{{place, root, "root"}, {inThread, reply, "in the thread"}, {inThread, root, "root"}} {
		got, err := c.Fetch(t.Context(), x.in, wire.MessageID(l.lounge, x.ts))
		if err != nil || got.Body.Text != x.want {
			t.Errorf("Fetch of %q: %q, %v", x.want, got.Body.Text, err)
		}
	}
	// B3: some tokens may not read threads. A root stands in the channel's history, so
	// does an answer that was shown in the channel, too.
	both := l.Say(l.alice, l.lounge, "in both", slacktest.Said{Thread: root, Broadcast: true})
	for _, code := range []string{"missing_scope", "not_allowed_token_type"} {
		l.Break("conversations.replies", slacktest.Fault{Error: code}, slacktest.Fault{Error: code})
		if got, err := c.Fetch(t.Context(), inThread, wire.MessageID(l.lounge, both)); err != nil || got.Body.Text != "in both" {
			t.Errorf("after %s Fetch gives %q, %v", code, got.Body.Text, err)
		}
		if _, err := c.Fetch(t.Context(), inThread, wire.MessageID(l.lounge, reply)); !retry.IsNever(err) {
			t.Errorf("after %s Fetch of what stands in the thread alone: %v, want a final error", code, err)
		}
		l.Break("conversations.history", slacktest.Fault{Error: code}, slacktest.Fault{Error: code})
		if got, err := c.Fetch(t.Context(), place, wire.MessageID(l.lounge, root)); err != nil || got.Body.Text != "root" {
			t.Errorf("after %s for the history Fetch of a root gives %q, %v", code, got.Body.Text, err)
		}
		l.Break("conversations.replies", slacktest.Fault{Error: code})
		if _, err := c.Fetch(t.Context(), place, wire.MessageID(l.lounge, root)); !retry.IsNever(err) {
			t.Errorf("after %s for the history Fetch: %v, want a final error", code, err)
		}
	}
	mine := deliver(t, c, l.outgoing("k1", "our own"))
	for _, id := range []chat.MessageID{wire.MessageID(l.lounge, "1700000000.000100"), mine} {
		if _, err := c.Fetch(t.Context(), place, id); !retry.IsNever(err) {
			t.Errorf("Fetch of %s: %v, want a final error", id, err)
		}
	}
}
