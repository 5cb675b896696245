package events

import (
	"encoding/json"
	"strings"
	"testing"

	"hashsend/bridge/chat"
	"hashsend/connectors/slack/directory"
	"hashsend/connectors/slack/slacktest"
	"hashsend/connectors/slack/wire"
)

// A message that says by its fields that its author is of another organisation is a
// guest's, live, edited and from the history, and a command in it has no rank (B30).
func TestMessagesFromOtherOrganisations(t *testing.T) {
	for _, x := range []struct {
		name, fields string
		guest        bool
	}{
		{"no field", ``, false},
		{"our workspace", `"team":"T0LAB0001","user_team":"T0LAB0001","source_team":"T0LAB0001",`, false},
		{"ours, sent from another workspace", `"user_team":"T0LAB0001","source_team":"T2",`, false},
		{"theirs, by user_team", `"team":"T0LAB0001","user_team":"T2","source_team":"T0LAB0001",`, true},
		{"theirs, by the profile", `"user_profile":{"name":"otto","team":"T2"},`, true},
		{"theirs, by source_team", `"source_team":"T2",`, true},
		{"theirs, by an organisation", `"user_team":"E2","source_team":"E2",`, true},
		{"fields of another type", `"user_team":{"id":"T2"},"source_team":7,"user_profile":"x",`, false},
	} {
		c := offline(t, nil)
		c.directory.Learn(directory.Person{Author: chat.Author{ID: "UADMIN", Name: "Ada", Server: slacktest.Team}, Rank: chat.Admin})
		message := func(text string) string {
			return `{"type":"message",` + x.fields + `"channel":"C1","user":"UADMIN","ts":"17.1","text":"` + text + `"MORE}`
		}
		live := func(text string) string { return strings.Replace(message(text), "MORE", "", 1) }
		edit := `{"type":"message","subtype":"message_changed","channel":"C1","ts":"18.1","message":` + strings.Replace(message("hi"), "MORE", `,"edited":{"ts":"18.1"}`, 1) + `}`
		for what, event := range map[string]string{"message": live("hi"), "edit": edit, "command": live("<@" + slacktest.BotUser + "> status")} {
			got := c.Convert(t.Context(), wire.Callback{Event: json.RawMessage(event)})
			if len(got) != 1 {
				t.Fatalf("%s: the %s became %v", x.name, what, got)
			}
			if by := got[0].EventHead().By; by.Guest != x.guest || (by.Server == slacktest.Team) == x.guest {
				t.Errorf("%s: the %s is by %+v, want a guest: %v", x.name, what, by, x.guest)
			}
			if cmd, is := got[0].(chat.Command); is && (cmd.Rank == chat.Admin) == x.guest {
				t.Errorf("%s: the command has the rank %v", x.name, cmd.Rank)
			}
		}
		m, err := wire.Read(json.RawMessage(live("hi")))
		if err != nil {
			t.Fatal(err)
		}
		if got := c.late(t.Context(), "C1", m, wire.When("16")); len(got) != 1 || got[0].EventHead().By.Guest != x.guest {
			t.Errorf("%s: in the history it is %+v, want a guest: %v", x.name, got, x.guest)
		}
	}
}
