package chattest

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/retry"
)

func describes(t *testing.T, f Fixture) {
	want := side[Describes](t, f, "Describer").Description(t)
	c := f.Connect(t).(chat.Describer)
	f.Say(t, "here I am")
	if got, err := c.Describe(t.Context(), f.Place().Room); err != nil || got != want {
		t.Errorf("Describe = %+v, %v; want %+v", got, err, want)
	}
}

func creates(t *testing.T, f Fixture) {
	room := side[Rooms](t, f, "Creator")
	c := f.Connect(t)
	settle(t, f, receive(t, f, c, "", nil)) // a homeserver asks its application service about a room
	create := func(c chat.Connector, key string) (id chat.RoomID) {
		t.Helper()
		n := chat.NewRoom{Key: key, Name: "Garden", Invite: []chat.UserID{room.Person()}}
		patiently(t, "Create", func() (err error) { id, err = c.(chat.Creator).Create(t.Context(), n); return err })
		return id
	}
	one, other := key(t, 1), key(t, 2)
	first := create(c, one)
	if again := create(c, one); again != first || first == "" {
		t.Errorf("the second attempt made %q, want %q again", again, first)
	}
	if again := create(f.Connect(t), one); again != first {
		t.Errorf("the attempt after a restart made %q, want %q again", again, first)
	}
	if second := create(c, other); second == first {
		t.Errorf("another key made no other room: %q", second)
	}
	eventually(t, "the person does not know of the new room by its name", func() (any, bool) {
		name, known := room.Room(t, first)
		return name, known && name == "Garden"
	})
	send(t, c, chat.Outgoing{Key: key(t, 3), Place: chat.Place{Room: first}, As: ann, Body: chat.Body{Text: "welcome"}, At: time.Now()})
}

func threads(t *testing.T, f Fixture) {
	room := side[Threads](t, f, "Threader")
	c := f.Connect(t)
	r := receive(t, f, c, "", nil)
	settle(t, f, r)
	root := f.Say(t, "shall we plant beans?")
	in := f.Place()
	if in.Thread = c.(chat.Threader).ThreadOf(f.Place(), root); in.Thread == "" {
		t.Fatal("the thread has no name")
	}
	id := send(t, c, chat.Outgoing{Key: key(t, 1), Place: in, As: ann, Body: chat.Body{Text: "yes, by the wall"}, At: time.Now()})
	eventually(t, "what was sent to the thread does not stand in it", func() (any, bool) {
		lines := room.ReadUnder(t, root)
		return lines, slices.ContainsFunc(lines, func(l Line) bool {
			return l.ID == id && l.Author == ann.Name && strings.Contains(l.Text, "by the wall")
		})
	})
	said := room.SayUnder(t, root, "and peas")
	_, p := r.until(t, "and peas")
	if p.Message != said || p.Place != in || p.Root != root {
		t.Errorf("what the person said in the thread came as %+v; want the place %+v and the root %q", p, in, root)
	}
}

func joins(t *testing.T, f Fixture) {
	room := side[Invites](t, f, "Joiner")
	c := f.Connect(t).(chat.Joiner)
	asked := room.Invite(t)
	for range 2 {
		patiently(t, "Join", func() error { return c.Join(t.Context(), asked, "") })
	}
	eventually(t, "the bridge has not entered the room", func() (any, bool) { return "it outside", room.Inside(t, asked) })
	unwanted := room.Invite(t)
	for range 2 {
		patiently(t, "Refuse", func() error { return c.Refuse(t.Context(), unwanted, "", "not linked") })
	}
	if room.Inside(t, unwanted) {
		t.Error("the bridge is in a room whose invitation it has refused")
	}
}

func follows(t *testing.T, f Fixture) {
	room := side[Moves](t, f, "Follower")
	c := f.Connect(t).(chat.Follower)
	from := f.Place().Room
	to, by := room.Move(t)
	for range 2 {
		patiently(t, "Follow", func() error { return c.Follow(t.Context(), from, to, by) })
	}
	eventually(t, "the bridge has not followed", func() (any, bool) { return "it outside", room.Inside(t, to) })
	other := room.Invite(t)
	if err := c.Follow(t.Context(), from, other, by); !retry.IsNever(err) || errors.Is(err, chat.ErrMayNot) {
		t.Errorf("Follow into a room that does not say that it comes from the other: %v; want an error that is final", err)
	}
	if room.Inside(t, other) {
		t.Error("the bridge is in a room that does not say that it comes from the other")
	}
}

func announces(t *testing.T, f Fixture) {
	room := side[Signs](t, f, "Announcer")
	c := f.Connect(t).(chat.Announcer)
	for n, text := range []string{"read by 1 person by email", "read by 2 people by email", ""} {
		s := chat.Sign{Text: text, Channel: "abc", Title: "Garden"}
		if text == "" {
			s = chat.Sign{}
		}
		for range 2 {
			patiently(t, "Announce", func() error { return c.Announce(t.Context(), f.Place(), s) })
		}
		eventually(t, "the room does not show the sign once", func() (any, bool) {
			all := room.Signs(t)
			if n == 2 {
				return all, len(all) == 0
			}
			return all, len(all) == 1 && strings.Contains(all[0], text)
		})
	}
}
