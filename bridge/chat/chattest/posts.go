package chattest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/retry"
)

// post sends a message of Ann and returns it with its id.
func post(t *testing.T, f Fixture, c chat.Connector, text string) (chat.Outgoing, chat.MessageID) {
	t.Helper()
	m := chat.Outgoing{Key: key(t, 1), Place: f.Place(), As: ann, Body: chat.Body{Text: text}, At: time.Now()}
	return m, send(t, c, m)
}

// patiently does something that the network may want a pause before.
func patiently(t *testing.T, what string, do func() error) {
	t.Helper()
	for attempt := 1; ; attempt++ {
		err := do()
		if err == nil {
			return
		}
		pause, asked := retry.Pause(err)
		if !asked || attempt > 10 {
			t.Fatalf("%s: %v", what, err)
		}
		time.Sleep(pause) // what the network has asked for
	}
}

// eventually waits until something is so: what is posted may take a moment until
// everybody sees it.
func eventually(t *testing.T, what string, is func() (got any, ok bool)) {
	t.Helper()
	within(t, 5*time.Second, what, is)
}

func within(t *testing.T, limit time.Duration, what string, is func() (got any, ok bool)) {
	t.Helper()
	for end := time.Now().Add(limit); ; time.Sleep(50 * time.Millisecond) {
		got, ok := is()
		if ok {
			return
		}
		if time.Now().After(end) {
			t.Errorf("%s; it is %+v", what, got)
			return
		}
	}
}

func edits(t *testing.T, f Fixture) {
	c := f.Connect(t)
	editor := c.(chat.Editor)
	m, id := post(t, f, c, "lunch at 12")
	for n, text := range []string{"lunch at 13", "lunch at 14"} {
		m.Key, m.Body.Text = key(t, n), text
		for range 2 {
			patiently(t, "Edit", func() error { _, err := editor.Edit(t.Context(), id, m); return err })
		}
	}
	sees(t, f, "the last words of the same sender instead of the first", func(lines []Line) bool {
		return count(lines, "lunch at") == 1 && slices.ContainsFunc(lines, func(l Line) bool { return strings.Contains(l.Text, "lunch at 14") && l.Author == ann.Name })
	})
}

func deletes(t *testing.T, f Fixture) {
	c := f.Connect(t)
	m, id := post(t, f, c, "a slip")
	_, stays := post(t, f, c, "no slip at all")
	m.Key = key(t, 2)
	for range 2 {
		patiently(t, "Delete", func() error { return c.(chat.Deleter).Delete(t.Context(), id, m) })
	}
	sees(t, f, "the room without the deleted message, and with the other", func(lines []Line) bool {
		return count(lines, "a slip") == 0 && slices.ContainsFunc(lines, func(l Line) bool { return l.ID == stays })
	})
}

// react puts an emoji on a message, each twice as after a crash, and returns the id.
func react(t *testing.T, f Fixture, c chat.Connector, to chat.MessageID) (reaction chat.MessageID) {
	t.Helper()
	m := chat.Outgoing{Key: key(t, 3), Place: f.Place(), As: ann}
	for range 2 {
		patiently(t, "React", func() (err error) {
			reaction, err = c.(chat.Reactor).React(t.Context(), to, "👍", m)
			return err
		})
		if reaction == "" {
			t.Error("React: no id, by which it could be taken back, and no error")
		}
	}
	return reaction
}

// shows waits until a message has so many reactions.
func shows(t *testing.T, f Reactions, id chat.MessageID, want int) {
	t.Helper()
	eventually(t, "the message does not have the reactions that it should", func() (any, bool) {
		all := f.Reactions(t, id)
		return all, len(all) == want && !slices.ContainsFunc(all, func(e string) bool { return !strings.HasPrefix(e, "👍") })
	})
}

func reacts(t *testing.T, f Fixture) {
	room := side[Reactions](t, f, "Reactor")
	c := f.Connect(t)
	said := f.Say(t, "shall we?")
	reaction := react(t, f, c, said)
	shows(t, room, said, 1)
	if has[chat.Unreactor](c) {
		return
	}
	d, can := c.(chat.Deleter)
	if !can {
		t.Fatal("a connector with Reactor has Unreactor or Deleter, to take a reaction back")
	}
	for n := range 2 {
		m := chat.Outgoing{Key: key(t, 5+n), Place: f.Place(), As: ann}
		patiently(t, "Delete of a reaction", func() error { return d.Delete(t.Context(), reaction, m) })
	}
	shows(t, room, said, 0)
}

func unreacts(t *testing.T, f Fixture) {
	room := side[Reactions](t, f, "Unreactor")
	c := f.Connect(t)
	said := f.Say(t, "shall we?")
	for range 2 { // what was taken back can be put again
		reaction := react(t, f, c, said)
		shows(t, room, said, 1)
		for n := range 2 {
			m := chat.Outgoing{Key: key(t, 5+n), Place: f.Place(), As: ann}
			patiently(t, "Unreact", func() error { return c.(chat.Unreactor).Unreact(t.Context(), reaction, m) })
		}
		shows(t, room, said, 0)
	}
}

// reports has a message fail, and get through later.
func reports(t *testing.T, f Fixture) {
	room := side[States](t, f, "Reporter")
	c := f.Connect(t).(chat.Reporter)
	said := f.Say(t, "does this arrive?")
	report := func(s chat.State) {
		t.Helper()
		for range 2 {
			patiently(t, "Report", func() error { return c.Report(t.Context(), said, f.Place(), s) })
		}
	}
	before := len(room.States(t, said))
	report(chat.State{Phase: chat.Failed, Reason: "no such user", Key: key(t, 1)})
	eventually(t, "the failure of a message does not show once", func() (any, bool) {
		all := room.States(t, said)
		return all, len(all) == before+1
	})
	report(chat.State{Phase: chat.Accepted, Recovered: true, Key: key(t, 2)})
	eventually(t, "the sign of a failure stays when that is no longer true", func() (any, bool) {
		all := room.States(t, said)
		return all, len(all) == before
	})
}

// keepsLimits sends a message that is as long as one may be, and edits it.
func keepsLimits(t *testing.T, f Fixture) {
	c := f.Connect(t)
	l := c.(chat.Limiter).Limits()
	if l.Text < 0 || l.Chars < 0 || l.File < 0 {
		t.Fatalf("limits are %+v, want 0 where none is known", l)
	}
	long := l.Chars
	if long == 0 || (l.Text > 0 && l.Text < long) {
		long = l.Text
	}
	if long == 0 {
		long = 2000
	}
	const words, other = `all "of" it `, `now <of> it `
	whole := func(id chat.MessageID, words string) func([]Line) bool {
		return func(lines []Line) bool {
			return slices.ContainsFunc(lines, func(line Line) bool {
				return line.ID == id && strings.Count(line.Text, strings.TrimSpace(words)) == long/len(words)
			})
		}
	}
	m, id := post(t, f, c, strings.Repeat(words, long/len(words)))
	sees(t, f, "all of a message that keeps the limits", whole(id, words))
	if editor, can := c.(chat.Editor); can {
		m.Key, m.Body.Text = key(t, 2), strings.Repeat(other, long/len(other))
		patiently(t, "Edit of a message that keeps the limits", func() error { _, err := editor.Edit(t.Context(), id, m); return err })
		sees(t, f, "all of an edit that keeps the limits", whole(id, other))
	}
}
