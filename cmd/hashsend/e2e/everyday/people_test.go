package everyday

import (
	"regexp"
	"strings"

	"hashsend/cmd/hashsend/e2e/lab"
)

// private is a domain where people have other addresses.
const private = "private.test"

// command finds a command in the words of the bridge.
func (s *scene) command(words, pattern string) string {
	s.t.Helper()
	body := s.sees(words).Content.AsMessage().Body
	found := regexp.MustCompile("!send (" + pattern + ")").FindStringSubmatch(body)
	if found == nil {
		s.t.Fatalf("there is no %q in %q", pattern, body)
	}
	return found[1]
}

// people has people brought along, told what was before, left out, and writing from
// elsewhere.
func people(s *scene) {
	t, bob, dave := s.t, s.mail.Address("bob"), s.mail.Address("dave")
	s.link("People", "bob", "carol")
	s.alice.Say(s.room, "Who knows a place?")
	first := s.gets("bob", "Who knows a place?")
	s.gets("carol", "Who knows a place?")

	// Bob answers to all, and to Dave and Alice as well (C30).
	s.mail.Neomutt(t, "bob", "Dave does.", lab.Top, "", "<last-entry><group-reply><edit-cc>, "+dave+", "+s.mail.Address("alice")+"<enter><send-message><quit>")
	ghost := s.sees("Dave does.").Sender
	if line := s.command("bob copied ", `add [^"]*?@[^ ]+ [^ ]+`); !strings.Contains(line, dave) || !strings.Contains(line, s.mail.Address("alice")) {
		t.Errorf("offered is %q", line)
	}
	for _, user := range []string{"carol", "dave", "alice"} {
		s.mail.Gets(user, "INBOX", soon, hasText("Dave does."))
		s.has(user, "Dave does.", 0) // they have it from Bob
	}
	s.asks("deny "+s.mail.Address("alice"), "")
	s.asks("add "+dave, "")
	s.alice.Say(s.room, "Welcome, Dave!")
	m := s.gets("dave", "Welcome, Dave!")
	if strings.Contains(m.Text, "Who knows a place?") || !strings.Contains(m.Text, "/leave") || !strings.Contains(m.Text, "and goes to bob and carol by email.") {
		t.Errorf("the first mail to Dave says %q", m.Text)
	}

	// What was said before Dave came is sent when somebody has seen it (D21).
	if shown := s.asks("history "+dave+" 2", "Nothing has been sent yet"); !strings.Contains(shown, "alice: Who knows a place?") || !strings.Contains(shown, "bob: Dave does.") {
		t.Errorf("the preview says %q", shown)
	}
	s.has("dave", "Who knows a place?", 0)
	s.asks("history "+dave+" send", "dave will get these messages")
	if m := s.gets("dave", "Who knows a place?"); !strings.Contains(m.Text, "bob: Dave does.") || len(m.To) != 1 {
		t.Errorf("Dave is told to %v: %q", m.To, m.Text)
	}

	// Carol answers the room and Dave, and not Bob (C31).
	s.mail.Neomutt(t, "carol", "Between us three.", lab.Top, "", "<last-entry><reply><edit-cc>"+dave+"<enter><send-message><quit>")
	if body := s.sees("Between us three.").Content.AsMessage().Body; !strings.Contains(body, "not sent to: bob") {
		t.Errorf("the room shows %q", body)
	}
	resend := s.command("replied to others in this conversation but not to bob", `resend \d+ bob`)
	s.has("bob", "Between us three.", 0)
	s.asks(resend, "")
	s.gets("bob", "Between us three.")
	s.mail.Gets("dave", "INBOX", soon, hasText("Between us three."))
	s.has("dave", "Between us three.", 0)

	// Bob writes from elsewhere, and says at his known address that he did (C36).
	at := s.mail.At(t, private)
	home := &scene{t: t, mail: at}
	home.sends("bob", first, "\r\nFrom home.\r\n")
	held := s.command("An email from b…@"+at.Domain, `alias \d+`)
	s.asks(held+" "+bob, "was asked at "+bob)
	s.gets("bob", "A member of the room thinks it is yours")
	s.answers("bob", "/alias "+at.Address("bob"))
	s.sees("is theirs. Email from there now counts as from")
	if e := s.sees("From home."); e.Sender != ghost {
		t.Errorf("what Bob writes from elsewhere is from %s, want %s", e.Sender, ghost)
	}
	home.sends("bob", first, "\r\nFrom home again.\r\n")
	if e := s.sees("From home again."); e.Sender != ghost {
		t.Errorf("what Bob writes from elsewhere is from %s, want %s", e.Sender, ghost)
	}
	s.gets("carol", "From home again.")
}
