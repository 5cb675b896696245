package reactions

import (
	"testing"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/store"
)

func TestCounts(t *testing.T) {
	linked := time.Unix(2000, 0)
	room := store.Room{Linked: linked}
	earlier := chat.Reacted{Head: chat.Head{Late: true, At: linked.Add(-time.Minute)}}
	later := chat.Reacted{Head: chat.Head{Late: true, At: linked.Add(time.Minute)}}
	for _, c := range []struct {
		name  string
		state string
		e     chat.Reacted
		want  bool
	}{
		{"mailed", store.Mailed, chat.Reacted{}, true},
		{"held", store.Held, chat.Reacted{}, true},
		{"stays in the room", store.Inside, chat.Reacted{}, false},
		{"deleted", store.Deleted, chat.Reacted{}, false},
		{"not arrived", store.Awaited, chat.Reacted{}, false},
		{"from before the link", store.Mailed, earlier, false},
		{"missed since the link", store.Mailed, later, true},
	} {
		if got := counts(store.Message{State: c.state}, room, c.e); got != c.want {
			t.Errorf("%s: got %v", c.name, got)
		}
	}
}

func TestIsKnown(t *testing.T) {
	had := []store.Reaction{{Emoji: "👍"}}
	for _, c := range []struct {
		had   []store.Reaction
		emoji string
		want  bool
	}{
		{nil, "👍", false},
		{nil, "", true}, // nothing to take back
		{had, "👍", true},
		{had, "🎉", false},
		{had, "", false},
	} {
		if got := isKnown(c.had, c.emoji); got != c.want {
			t.Errorf("isKnown(%v, %q) = %v", c.had, c.emoji, got)
		}
	}
}
