package slack

import (
	"encoding/json"
	"fmt"
	"html"
	"slices"
	"strings"
	"testing"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/chat/chattest"
	"hashsend/connectors/slack/slacktest"
	"hashsend/connectors/slack/slacktext"
)

// What the contract needs for the abilities of the connector.
var (
	_ chattest.Reactions = (*room)(nil)
	_ chattest.States    = (*room)(nil)
	_ chattest.Removes   = (*room)(nil)
	_ chattest.Describes = (*room)(nil)
	_ chattest.Threads   = (*room)(nil)
	_ chattest.Invites   = (*room)(nil)
	_ chattest.Signs     = (*room)(nil)
	_ chattest.Commands  = (*room)(nil)
	_ chattest.Desks     = (*room)(nil)
	_ chattest.Forms     = (*room)(nil)
	_ chattest.Breaks    = (*room)(nil)
	_ chattest.Partial   = (*room)(nil)
)

func (r *room) Untried(ability string) string {
	if ability == "Troubled" && !r.cfg.SocketMode() {
		return "by the Events API Slack calls us: that it does not cannot be noticed"
	}
	return ""
}

func (r *room) Break(*testing.T) { r.Stop() }

func (r *room) Mend(t *testing.T) {
	if err := r.Resume(""); err != nil {
		t.Fatal(err)
	}
}

func (r *room) named(ts string) chat.MessageID { return chat.MessageID(r.id + ":" + ts) }

func (r *room) message(t *testing.T, id chat.MessageID) slacktest.Message {
	t.Helper()
	for _, m := range r.Messages(r.id) {
		if r.named(m.TS) == id {
			return m
		}
	}
	t.Fatalf("there is no message %s", id)
	return slacktest.Message{}
}

func (r *room) Reactions(t *testing.T, id chat.MessageID) (all []string) {
	t.Helper()
	for name, users := range r.message(t, id).Reactions {
		for range users {
			emoji, _ := slacktext.EmojiOf(name)
			all = append(all, emoji)
		}
	}
	return all
}

func (r *room) States(t *testing.T, id chat.MessageID) []string {
	t.Helper()
	return r.Reactions(t, id)
}

func (r *room) Remove(_ *testing.T, id chat.MessageID) {
	_, ts, _ := strings.Cut(string(id), ":")
	r.Server.Remove(r.id, ts)
}

func (r *room) Description(*testing.T) chat.Description {
	return chat.Description{Name: "#lounge", Members: 1}
}

func (r *room) SayUnder(_ *testing.T, root chat.MessageID, text string) chat.MessageID {
	_, ts, _ := strings.Cut(string(root), ":")
	return r.named(r.Server.Say(r.alice, r.id, text, slacktest.Said{Thread: ts}))
}

func (r *room) ReadUnder(t *testing.T, root chat.MessageID) (lines []chattest.Line) {
	t.Helper()
	_, under, _ := strings.Cut(string(root), ":")
	for _, l := range r.Read(t) {
		if r.message(t, l.ID).Thread == under && l.ID != root {
			lines = append(lines, l)
		}
	}
	return lines
}

// Invite opens a public channel without the app: Slack does not ask.
func (r *room) Invite(*testing.T) chat.RoomID {
	name := fmt.Sprintf("other%d", time.Now().UnixNano())
	return chat.RoomID(r.Server.Open(slacktest.Channel{Name: name}, r.alice))
}

func (r *room) Inside(_ *testing.T, id chat.RoomID) bool {
	return slices.Contains(r.Server.Members(string(id)), slacktest.BotUser)
}

func (r *room) Signs(*testing.T) (all []string) {
	for _, m := range r.Messages(r.id) {
		if m.Pinned {
			all = append(all, seen(m))
		}
	}
	return all
}

func (r *room) Command(t *testing.T, prompt, text string) {
	t.Helper()
	if !r.Slash(r.alice, r.id, prompt, text) {
		t.Errorf("the command %s %s was not taken", prompt, text)
	}
}

func (r *room) OpenDesk(*testing.T) { r.OpenHome(r.alice) }

func (r *room) Desk(t *testing.T) string { return textsOf(t, r.Home(r.alice)) }

// AskSettings presses the button on a page that is shown for it.
func (r *room) AskSettings(t *testing.T) {
	t.Helper()
	d := chat.Page{May: true, Rooms: []chat.PageRoom{{Place: r.Place(), Title: "Garden", Mode: "open"}}}
	if err := r.connect(t).ShowPage(t.Context(), chat.UserID(r.alice), d); err != nil {
		t.Fatal(err)
	}
	if !r.Press(r.alice, "", r.Home(r.alice)["blocks"], "Settings") {
		t.Error("the button was not taken")
	}
}

func (r *room) Form(t *testing.T) string { return textsOf(t, r.Modal(r.alice)) }

// textsOf returns what a person reads in a view.
func textsOf(t *testing.T, view map[string]any) string {
	t.Helper()
	raw, err := json.Marshal(view)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for key, value := range v {
				if text, is := value.(string); is && (key == "text" || key == "initial_value") {
					all = append(all, html.UnescapeString(text))
				}
				walk(value)
			}
		case []any:
			for _, value := range v {
				walk(value)
			}
		}
	}
	var whole any
	if err := json.Unmarshal(raw, &whole); err != nil {
		t.Fatal(err)
	}
	walk(whole)
	return strings.Join(all, "\n")
}
