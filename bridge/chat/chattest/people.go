package chattest

import (
	"strings"
	"testing"
	"time"

	"hashsend/bridge/chat"
)

func prompts(t *testing.T, f Fixture) {
	room := side[Commands](t, f, "Prompter")
	c := f.Connect(t)
	prompt := c.(chat.Prompter).Prompt(f.Place())
	if prompt == "" || strings.ContainsAny(prompt, " \n") {
		t.Fatalf("a command begins with %q, want a word", prompt)
	}
	in := f.Place()
	in.Thread = "some thread"
	if p := c.(chat.Prompter).Prompt(in); p == "" || strings.ContainsAny(p, " \n") {
		t.Errorf("in a thread a command begins with %q, want a word", p)
	}
	r := receive(t, f, c, "", nil)
	settle(t, f, r)
	room.Command(t, prompt, "help now")
	e := wait(t, r, func(chat.Command) bool { return true })
	if e.Text != "help now" || e.By.ID == "" || e.By.Name == "" || e.Place != f.Place() || e.Event == "" {
		t.Errorf("the command came as %+v; want help now, by the person", e)
	}
}

func showsDesk(t *testing.T, f Fixture) {
	room := side[Desks](t, f, "Pager")
	c := f.Connect(t)
	r := receive(t, f, c, "", nil)
	settle(t, f, r)
	room.OpenDesk(t)
	by := wait(t, r, func(chat.PageOpened) bool { return true }).By.ID
	for _, title := range []string{"Garden", "Orchard & <more>"} {
		d := chat.Page{May: true, Note: "one mailbox cannot be read", Rooms: []chat.PageRoom{{Place: f.Place(), Title: title, Mode: "open", People: []string{"Ben"}, LastMail: time.Now()}}}
		for range 2 {
			patiently(t, "ShowPage", func() error { return c.(chat.Pager).ShowPage(t.Context(), by, d) })
		}
		eventually(t, "the page does not show the conversation, who is in it and the note", func() (any, bool) {
			text := room.Desk(t)
			return text, strings.Contains(text, title) && strings.Contains(text, "Ben") && strings.Contains(text, d.Note)
		})
	}
}

func showsSettings(t *testing.T, f Fixture) {
	room := side[Forms](t, f, "Setter")
	c := f.Connect(t)
	r := receive(t, f, c, "", nil)
	settle(t, f, r)
	room.AskSettings(t)
	asked := wait(t, r, func(chat.SettingsAsked) bool { return true })
	if asked.Place != f.Place() {
		t.Errorf("the settings were asked for as %+v, want the place %+v", asked, f.Place())
	}
	s := chat.Settings{
		Place: f.Place(), Title: "Garden", Mode: "hidden", Modes: []chat.Choice{{Label: "At once", Command: "off"}, {Label: "Once a day", Command: "daily"}},
		Readers: []chat.Reader{{Name: "Ben", Address: "ben@example.org", Mode: "off"}},
	}
	patiently(t, "ShowSettings", func() error { return c.(chat.Setter).ShowSettings(t.Context(), asked.By.ID, asked.Via, s) })
	eventually(t, "the form does not show the title and the reader", func() (any, bool) {
		text := room.Form(t)
		return text, strings.Contains(text, "Garden") && strings.Contains(text, "Ben") && strings.Contains(text, "Once a day")
	})
	patiently(t, "ShowSettings too late", func() error { return c.(chat.Setter).ShowSettings(t.Context(), asked.By.ID, asked.Via, s) })
}

func votes(t *testing.T, f Fixture) {
	c := f.Connect(t)
	if l, can := c.(chat.Limiter); !can || !l.Limits().OwnReactions {
		t.Skip("it cannot vote as each participant, so it is not asked to (Limits.OwnReactions)")
	}
	room := side[Polls](t, f, "Voter")
	r := receive(t, f, c, "", nil)
	settle(t, f, r)
	id := room.SayPoll(t, "Beans or peas?", "Beans", "Peas")
	p := wait(t, r, func(p chat.Posted) bool { return p.Message == id })
	if p.Poll == nil || p.Poll.Question != "Beans or peas?" || len(p.Poll.Answers) != 2 || p.Poll.Most < 1 {
		t.Fatalf("the poll came as %+v", p)
	}
	for n, answer := range p.Poll.Answers { // the last one counts
		m := chat.Outgoing{Key: key(t, n), Place: f.Place(), As: ann, At: time.Now()}
		b := chat.Ballot{Poll: id, Form: p.Poll.Form, Answers: []string{answer.ID}}
		var first chat.MessageID
		for range 2 {
			var got chat.MessageID
			patiently(t, "Vote", func() (err error) { got, err = c.(chat.Voter).Vote(t.Context(), b, m); return err })
			if first != "" && got != first {
				t.Errorf("the second attempt to vote returned %q, want %q", got, first)
			}
			first = got
		}
	}
	eventually(t, "the poll does not show the last vote alone", func() (any, bool) {
		all := room.Votes(t, id)
		return all, len(all) == 1 && all[0] == "Peas"
	})
}

// isWell takes the server away and gives it back.
func isWell(t *testing.T, f Fixture) {
	room := side[Breaks](t, f, "Troubled")
	c := f.Connect(t)
	trouble := c.(chat.Troubled).Trouble
	r := receive(t, f, c, "", nil)
	settle(t, f, r)
	eventually(t, "events arrive, and there is trouble", func() (any, bool) {
		err := trouble()
		return err, err == nil
	})
	room.Break(t)
	within(t, Patience, "the server is gone, and nothing is said of it", func() (any, bool) {
		err := trouble()
		return err, err != nil && err.Error() != ""
	})
	last := trouble()
	room.Mend(t)
	settle(t, f, r)
	eventually(t, "the server is back, and is said to be gone", func() (any, bool) {
		err := trouble() // of another kind it may have learned meanwhile
		return err, err == nil || (last != nil && err.Error() != last.Error())
	})
}

func tellsOfEncryption(t *testing.T, f Fixture) {
	c := f.Connect(t)
	tell := func(when string) {
		t.Helper()
		if text := c.(chat.Encrypter).Encryption(); text == "" {
			t.Errorf("%s it says nothing of encryption", when)
		}
	}
	tell("before it has connected")
	r := receive(t, f, c, "", nil)
	settle(t, f, r)
	tell("connected")
}

func lacks(t *testing.T, f Fixture) {
	c := f.Connect(t)
	before := c.(chat.Limitations).Limitations()
	r := receive(t, f, c, "", nil)
	settle(t, f, r)
	after := c.(chat.Limitations).Limitations()
	for _, text := range after {
		if text == "" || strings.ContainsAny(text, "\n") || strings.HasSuffix(text, ".") {
			t.Errorf("it lacks %q, want part of a sentence", text)
		}
	}
	if len(after) < len(before) {
		t.Errorf("it lacks %q, and before %q: what is lacking is not forgotten", after, before)
	}
}
