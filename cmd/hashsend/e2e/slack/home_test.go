package slack

import (
	"fmt"
	"strings"
	"testing"

	"hashsend/cmd/hashsend/e2e/lab"
)

// homeHas waits until Alice's Home tab says something.
func (s *scene) homeHas(text string) {
	s.t.Helper()
	lab.Wait(s.t, "the Home with "+text, soon, func() bool { return strings.Contains(fmt.Sprint(s.slack.Home(s.slack.Alice)["blocks"]), text) })
}

// On the Home somebody who may changes what is to change of a conversation: the dialog
// comes while Slack still opens it, and what is changed there holds. (EVENTS 3.3)
func TestSettingsOnTheHome(t *testing.T) {
	for _, socket := range []bool{true, false} {
		s := open(t, socket)
		s.link("bob@example.test title Lunch")
		s.slack.OpenHome(s.slack.Alice)
		s.homeHas("*Lunch*")
		if !s.slack.Press(s.slack.Alice, "", s.slack.Home(s.slack.Alice)["blocks"], "Settings") {
			t.Fatal("the button was not taken")
		}
		lab.Wait(t, "the dialog", soon, func() bool { return s.slack.Modal(s.slack.Alice) != nil })
		if mistakes, taken := s.slack.Submit(s.slack.Alice, map[string]string{"title": "Dinner", "mode": "hidden", "reader|burst|bob@example.test": "instant"}); !taken || mistakes != nil {
			t.Errorf("the dialog was taken: %v, with the mistakes %v", taken, mistakes)
		}
		s.homeHas("*Dinner*")
		s.homeHas("each gets a separate email")
		s.homeHas("each message right away")
		s.say("At eight?")
		if m := s.gets("bob", "At eight?"); m.Subject != "#Send Dinner" {
			t.Errorf("the mail says %q", m.Subject)
		}
	}
}
