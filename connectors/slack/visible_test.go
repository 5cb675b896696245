package slack

import (
	"encoding/json"
	"strings"
	"testing"

	"hashsend/bridge/chat"
	"hashsend/connectors/slack/slacktest"
)

// The Home names conversations of private channels to their members alone, and to guests
// those that they are in.
func TestHomeShowsWhatAPersonMayKnowOf(t *testing.T) {
	l := newLab(t, true)
	bo := l.Person(slacktest.User{Name: "bo"})
	guest := l.Person(slacktest.User{Name: "guest", Guest: true})
	private := l.Open(slacktest.Channel{Name: "private", Private: true}, bo, slacktest.BotUser)
	other := l.Open(slacktest.Channel{Name: "other"}, l.alice, guest, slacktest.BotUser)
	c, _ := l.run(t)
	desk := chat.Page{Rooms: []chat.PageRoom{
		{Place: chat.Place{Room: chat.RoomID(l.lounge)}, Title: "In the lounge"},
		{Place: chat.Place{Room: chat.RoomID(other), Thread: "17.1"}, Title: "Under another"},
		{Place: chat.Place{Room: chat.RoomID(private)}, Title: "Among us"},
	}}
	sees := func(user, want string) {
		t.Helper()
		if err := c.ShowPage(t.Context(), chat.UserID(user), desk); err != nil {
			t.Fatal(err)
		}
		raw, err := json.Marshal(l.Home(user)["blocks"])
		if err != nil {
			t.Fatal(err)
		}
		var titles []string
		for _, r := range desk.Rooms {
			if strings.Contains(string(raw), r.Title) {
				titles = append(titles, r.Title)
			}
		}
		if got := strings.Join(titles, ", "); got != want {
			t.Errorf("%s sees %q, want %q", user, got, want)
		}
	}
	sees(l.alice, "In the lounge, Under another")
	sees(bo, "In the lounge, Under another, Among us")
	sees(guest, "Under another")
	l.Allow("users:read", "channels:read") // it cannot be known who is in a private channel
	sees(bo, "In the lounge, Under another")
	if len(desk.Rooms) != 3 {
		t.Error("the rooms themselves were changed")
	}
}
