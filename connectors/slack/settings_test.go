package slack

import (
	"fmt"
	"strings"
	"testing"

	"hashsend/bridge/chat"
	"hashsend/connectors/slack/send"
	"hashsend/connectors/slack/slacktest"
)

var lunchSettings = chat.Settings{
	Title: "Lunch", Mode: "open",
	Readers: []chat.Reader{{Name: "Ann", Address: "ann@example.com", Mode: "burst"}, {Name: "Bo", Address: "bo@example.com", Mode: "daily"}, {Name: "Cy", Address: "cy@example.com", Mode: "burst"}},
	Modes:   []chat.Choice{{Label: "Each burst of messages", Command: "burst"}, {Label: "A digest every day", Command: "daily"}, {Label: "Nothing for now", Command: "paused"}},
}

// From the Home the settings of a conversation are changed in a dialog: what was changed
// comes as commands, and the Home is shown anew.
func TestSettings(t *testing.T) {
	l := newLab(t, true)
	c, b := l.run(t)
	s := lunchSettings
	s.Place = chat.Place{Room: chat.RoomID(l.lounge), Thread: "17.1"}
	if err := c.ShowPage(t.Context(), chat.UserID(l.alice), chat.Page{May: true, Rooms: []chat.PageRoom{{Place: s.Place, Title: "Lunch", Mode: "open", Waits: "1 message waiting"}}}); err != nil {
		t.Fatal(err)
	}
	asked := 0
	open := func(s chat.Settings) {
		t.Helper()
		if !l.Press(l.alice, "", l.Home(l.alice)["blocks"], "Settings") {
			t.Fatal("the button was not taken")
		}
		asked++
		soon(t, "the wish", func() bool { return len(b.settingsAsked()) == asked })
		e := b.settingsAsked()[asked-1]
		if e.Place != s.Place || e.By.ID != chat.UserID(l.alice) || e.Rank != chat.Admin {
			t.Errorf("asked for is %+v", e)
		}
		if err := c.ShowSettings(t.Context(), e.By.ID, e.Via, s); err != nil {
			t.Fatal(err)
		}
		if l.Modal(l.alice) == nil {
			t.Fatalf("no dialog was opened; alice was told %+v", l.Direct(l.alice))
		}
	}
	for _, x := range []struct {
		fields map[string]string
		want   []string
	}{
		{nil, nil},
		{map[string]string{"title": "  ", "reader|burst|ann@example.com": "burst"}, nil},
		{map[string]string{"title": "Dinner  at eight", "mode": "hidden"}, []string{"name Dinner at eight", "mode hidden"}},
		{
			map[string]string{"reader|burst|ann@example.com": "daily", "reader|burst|cy@example.com": "daily", "reader|daily|bo@example.com": "paused"},
			[]string{"digest ann@example.com cy@example.com daily", "digest bo@example.com paused"},
		},
	} {
		before, desks := len(b.commandsOf(l.alice)), strings.Count(strings.Join(b.stored(), "\n"), "desk of")
		open(s)
		if mistakes, taken := l.Submit(l.alice, x.fields); !taken || mistakes != nil {
			t.Fatalf("%v was answered with %v", x.fields, mistakes)
		}
		if got := texts(t, b.commandsOf(l.alice)[before:], s.Place); fmt.Sprint(got) != fmt.Sprint(x.want) {
			t.Errorf("%v became %q, want %q", x.fields, got, x.want)
		}
		if n := strings.Count(strings.Join(b.stored(), "\n"), "desk of") - desks; (n > 0) != (len(x.want) > 0) {
			t.Errorf("after %v the Home is shown %d times", x.fields, n)
		}
	}
}

// texts returns the texts of commands that the settings of a place have given.
func texts(t *testing.T, all []chat.Command, place chat.Place) (got []string) {
	t.Helper()
	for _, cmd := range all {
		got = append(got, cmd.Text)
		if cmd.Place != place || !strings.HasPrefix(cmd.Via, send.ViaPerson("")) || !cmd.Private {
			t.Errorf("the command is %+v, want it in the thread, and answers told directly", cmd)
		}
	}
	return got
}

// However many people there are, Slack takes the dialog; those who do not fit are
// counted.
func TestSettingsOfMany(t *testing.T) {
	l := newLab(t, true)
	c, b := l.run(t)
	s := lunchSettings
	s.Place = chat.Place{Room: chat.RoomID(l.lounge)}
	if err := c.ShowPage(t.Context(), chat.UserID(l.alice), chat.Page{May: true, Rooms: []chat.PageRoom{{Place: s.Place, Title: "Lunch"}}}); err != nil {
		t.Fatal(err)
	}
	s.Title = strings.Repeat("long ", 1000)
	s.Readers = append(s.Readers, chat.Reader{Name: "Long", Address: strings.Repeat("x", 260) + "@example.com", Mode: "burst"}, chat.Reader{Name: "Odd", Address: "odd@example.com", Mode: "at full moon"})
	for n := range 200 {
		s.Readers = append(s.Readers, chat.Reader{Name: strings.Repeat("n", 3000), Address: fmt.Sprintf("n%d@example.com", n), Mode: "burst"})
	}
	l.Press(l.alice, "", l.Home(l.alice)["blocks"], "Settings")
	soon(t, "the wish", func() bool { return len(b.settingsAsked()) == 1 })
	if err := c.ShowSettings(t.Context(), chat.UserID(l.alice), b.settingsAsked()[0].Via, s); err != nil {
		t.Fatal(err)
	}
	if text := fmt.Sprint(l.Modal(l.alice)["blocks"]); !strings.Contains(text, "and 115 more") || !strings.Contains(text, "/send digest") {
		t.Errorf("the dialog does not say that there are more: %.300s", text)
	}
	if mistakes, taken := l.Submit(l.alice, map[string]string{"reader|burst|n84@example.com": "paused"}); !taken || mistakes != nil {
		t.Errorf("the dialog was answered with %v", mistakes)
	}
	b.until(t, "command of Alice Example: digest n84@example.com paused")
}

// A dialog for which it is too late is no silence, and no reason to try again.
func TestSettingsTooLate(t *testing.T) {
	l := newLab(t, true)
	c, _ := l.run(t)
	if err := c.ShowSettings(t.Context(), chat.UserID(l.alice), "trigger."+l.alice+".unknown", lunchSettings); err != nil {
		t.Error(err)
	}
	soon(t, "answer", func() bool { return len(l.Direct(l.alice)) == 1 })
	if text := l.Direct(l.alice)[0].Text; !strings.Contains(text, "Try again") {
		t.Errorf("alice was told %q", text)
	}
	guest := l.Person(slacktest.User{Name: "gus", Guest: true})
	if err := c.ShowSettings(t.Context(), chat.UserID(guest), "trigger."+guest+".unknown", lunchSettings); err != nil {
		t.Error(err)
	}
	soon(t, "answer", func() bool { return len(l.Direct(guest)) == 1 })
	if text := l.Direct(guest)[0].Text; !strings.Contains(text, "can't use this") || l.Modal(guest) != nil {
		t.Errorf("the guest was told %q", text)
	}
}

func (b *book) settingsAsked() (all []chat.SettingsAsked) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, ev := range b.events {
		if e, is := ev.(chat.SettingsAsked); is {
			all = append(all, e)
		}
	}
	return all
}
