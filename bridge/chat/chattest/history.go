package chattest

import (
	"context"
	"slices"
	"testing"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/retry"
)

func fetches(t *testing.T, f Fixture) {
	room := side[Removes](t, f, "Fetcher")
	c := f.Connect(t).(chat.Fetcher)
	id := f.Say(t, "read me again")
	var p chat.Posted
	eventually(t, "the message cannot be fetched", func() (any, bool) { // some servers show it a moment later
		var err error
		p, err = c.Fetch(t.Context(), f.Place(), id)
		return err, err == nil
	})
	if p.Message != id || p.Body.Text != "read me again" || p.By.ID == "" || p.By.Name == "" || p.Place != f.Place() {
		t.Errorf("Fetch = %+v; want the words, their author and their place", p)
	}
	room.Remove(t, id)
	for _, gone := range []chat.MessageID{id, id + "0"} {
		eventually(t, "Fetch of a message that is not there is no final error", func() (any, bool) {
			_, err := c.Fetch(t.Context(), f.Place(), gone)
			return err, err != nil && retry.IsNever(err)
		})
	}
}

// backfills reads the history behind a message, and from the moment of the link on.
func backfills(t *testing.T, f Fixture) {
	c := f.Connect(t)
	known := []chat.MessageID{f.Say(t, "long ago"), f.Say(t, "the last one known")} // they may be handed over again
	since := known[1]
	time.Sleep(1100 * time.Millisecond) // some networks count in seconds
	linked := time.Now()
	time.Sleep(1100 * time.Millisecond)
	first, second := f.Say(t, "one"), f.Say(t, "two")
	send(t, c, chat.Outgoing{Key: key(t, 1), Place: f.Place(), As: ann, Body: chat.Body{Text: "of the bridge"}, At: time.Now()})
	read := func(since chat.MessageID, linked time.Time) (all []chat.Posted) {
		t.Helper()
		patiently(t, "Backfill", func() error {
			all = nil
			return c.(chat.Backfiller).Backfill(t.Context(), f.Place(), since, linked, func(_ context.Context, _ string, events ...chat.Event) error {
				for _, e := range events {
					if p, is := e.(chat.Posted); is && (since == "" || !slices.Contains(known, p.Message)) {
						all = append(all, p)
					}
				}
				return nil
			})
		})
		return all
	}
	for name, got := range map[string][]chat.Posted{"since a message": read(since, time.Time{}), "since the link": read("", linked), "since both": read(since, linked)} {
		if len(got) != 2 || got[0].Message != first || got[1].Message != second {
			t.Errorf("Backfill %s hands over %+v; want one and two, oldest first", name, got)
			continue
		}
		for _, p := range got {
			if !p.Late || p.Event == "" || p.By.ID == "" || p.Place != f.Place() {
				t.Errorf("Backfill %s hands over %+v; want it marked Late, with an event id, an author and its place", name, p)
			}
		}
	}
	refused := c.(chat.Backfiller).Backfill(t.Context(), f.Place(), since, linked, func(context.Context, string, ...chat.Event) error {
		return context.DeadlineExceeded
	})
	if refused == nil {
		t.Error("Backfill returns nil though the handler has refused an event")
	}
}

// unseals tries what cannot be read: for now, and never.
func unseals(t *testing.T, f Fixture) {
	room := side[Seals](t, f, "Unsealer")
	c := f.Connect(t)
	r := receive(t, f, c, "", nil)
	settle(t, f, r)
	room.Seal(t)
	s := wait(t, r, func(chat.Sealed) bool { return true })
	if s.Message == "" || s.Event == "" || len(s.Raw) == 0 || s.Lock == "" || s.Place != f.Place() {
		t.Errorf("what is sealed came as %+v; want ids, its place, its lock and what Unsealer needs", s)
	}
	if e, err := c.(chat.Unsealer).Unseal(t.Context(), s); e != nil || err == nil || retry.IsNever(err) {
		t.Errorf("Unseal without the key = %+v, %v; want an error that is temporary, as the key may still come", e, err)
	}
	s.Raw = []byte("{")
	if e, err := c.(chat.Unsealer).Unseal(t.Context(), s); e != nil || err == nil || !retry.IsNever(err) {
		t.Errorf("Unseal of what is damaged = %+v, %v; want an error that is final", e, err)
	}
}

// wait waits for an event.
func wait[E chat.Event](t *testing.T, r *running, is func(E) bool) (hit E) {
	t.Helper()
	limit := time.After(Patience)
	var before []chat.Event
	for {
		select {
		case e := <-r.events:
			if e, kind := e.(E); kind && is(e) {
				return e
			}
			before = append(before, e)
		case <-limit:
			t.Fatalf("no %T arrived within %v; what did: %s", hit, Patience, list(before))
		}
	}
}
