package talk

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"maunium.net/go/mautrix/event"

	"hashsend/cmd/hashsend/e2e/lab"
)

// trusted lets Carol in, whose mail is taken as hers from then on.
func (s *scene) trusted() {
	s.t.Helper()
	s.alice.Say(s.room, "Hello Bob!")
	m := s.gets("bob", "Hello Bob!")
	s.mail.Send(s.t, "carol", m.AnswerTo(), answerAs("carol@example.test", m, "May I come too?"))
	s.sees("is held for review")
	s.alice.Say(s.room, "!send approve 1 add")
	s.once("May I come too?")
}

// TestPollByMail has a poll of the room answered by mail (EVENTS A22, A24, C48).
func TestPollByMail(t *testing.T) {
	s := open(t, true, lab.Dendrite, lab.Dovecot(t), "")
	s.link("link bob@example.test title Lunch")
	s.trusted()
	send := func(kind string, content map[string]any) string {
		t.Helper()
		resp, err := s.alice.SendMessageEvent(context.Background(), s.room, event.Type{Type: kind, Class: event.MessageEventType}, content)
		if err != nil {
			t.Fatal(err)
		}
		return resp.EventID.String()
	}
	answer := func(id, text string) map[string]any {
		return map[string]any{"id": id, "org.matrix.msc1767.text": text}
	}
	poll := send("org.matrix.msc3381.poll.start", map[string]any{
		"org.matrix.msc1767.text": "What do we eat?\n1. Pizza\n2. Soup",
		"org.matrix.msc3381.poll.start": map[string]any{
			"question": map[string]any{"org.matrix.msc1767.text": "What do we eat?"}, "kind": "org.matrix.msc3381.poll.disclosed", "max_selections": 1,
			"answers": []any{answer("p", "Pizza"), answer("s", "Soup")},
		},
	})
	m := s.gets("carol", "What do we eat?")
	if !strings.Contains(m.Text, "1. Pizza") || !strings.Contains(m.Text, "2. Soup") {
		t.Errorf("the poll is mailed as %q", m.Text)
	}
	s.mail.Send(t, "carol", m.AnswerTo(), answerAs("carol@example.test", m, "2"))
	lab.Wait(t, "Carol's vote in the room", soon, func() bool {
		raw, err := s.alice.Client.Messages(context.Background(), s.room, "", "", 'b', nil, 50)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range raw.Chunk {
			text, _ := json.Marshal(e.Content.Raw) //nolint:errcheck // it came as JSON
			if e.Type.Type == "org.matrix.msc3381.poll.response" && e.Sender != s.alice.UserID && strings.Contains(string(text), `"s"`) {
				return true
			}
		}
		return false
	})
	send("org.matrix.msc3381.poll.end", map[string]any{
		"m.relates_to": map[string]any{"rel_type": "m.reference", "event_id": poll}, "org.matrix.msc1767.text": "The poll is over.", "org.matrix.msc3381.poll.end": map[string]any{},
	})
	if got := s.mail.Gets("bob", "INBOX", soon, func(m lab.Mail) bool {
		return strings.Contains(m.Text, "Soup") && !strings.Contains(m.Text, "Reply with a number")
	}); !strings.Contains(got.Text, "1") {
		t.Errorf("the result says %q", got.Text)
	}
}

// TestCc has somebody brought along by an answer, and somebody left out of it
// (EVENTS C30, C31).
func TestCc(t *testing.T) {
	s := open(t, true, lab.Dendrite, lab.Dovecot(t), "")
	s.link("link bob@example.test title Lunch")
	s.trusted()
	s.alice.Say(s.room, "Who else?")
	m := s.gets("carol", "Who else?")
	s.gets("bob", "Who else?")
	raw := strings.Replace(string(answerAs("carol@example.test", m, "Dave, I think. @alice?")), "\r\nDate:", "\r\nCc: Dave <dave@example.test>, bob@example.test\r\nDate:", 1)
	s.mail.Send(t, "carol", append(m.AnswerTo(), "dave@example.test", "bob@example.test"), []byte(raw))
	s.once("Dave, I think.")
	e := s.alice.Sees(s.room, soon, func(body string) bool { return strings.Contains(body, "Dave, I think.") })
	if m := e.Content.AsMessage().Mentions; m == nil || !m.Has(s.alice.UserID) {
		t.Errorf("Alice is not mentioned: %+v", m) // C41
	}
	s.sees("dave@example.test")
	s.alice.Say(s.room, "!send add dave@example.test")
	s.sees("dave@example.test")
	s.alice.Say(s.room, "Welcome, Dave!")
	if m := s.gets("dave", "Welcome, Dave!"); strings.Contains(m.Text, "Who else?") || !strings.Contains(m.Text, "/leave") {
		t.Errorf("the first mail says %q", m.Text)
	}
	// Carol answers Dave alone: Bob is left out, and gets it only when somebody says so.
	m = s.gets("carol", "Welcome, Dave!")
	raw = strings.Replace(string(answerAs("carol@example.test", m, "Between us three.")), "\r\nDate:", "\r\nCc: Dave <dave@example.test>\r\nDate:", 1)
	s.mail.Send(t, "carol", append(m.AnswerTo(), "dave@example.test"), []byte(raw))
	s.once("Between us three.")
	s.sees("not sent to: bob")
	for _, m := range s.mail.Folder("bob", "INBOX") {
		if strings.Contains(m.Text, "Between us three.") {
			t.Errorf("Bob has got it: %q", m.Text)
		}
	}
}
