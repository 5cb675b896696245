package fromchat

import (
	"slices"
	"testing"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/store"
)

func TestMayBecome(t *testing.T) {
	open, ended := store.Poll{Message: 1}, store.Poll{Message: 1, Ended: time.Unix(1000, 0)}
	for _, c := range []struct {
		name string
		asks store.Poll
		to   *chat.Poll
		want bool
	}{
		{"a text becomes a text", store.Poll{}, nil, true},
		{"a text becomes no poll", store.Poll{}, &chat.Poll{}, false},
		{"a poll becomes a poll", open, &chat.Poll{}, true},
		{"a poll becomes no text", open, nil, false},
		{"an ended poll stays", ended, &chat.Poll{}, false},
	} {
		if got := mayBecome(c.asks, c.to); got != c.want {
			t.Errorf("%s: got %v", c.name, got)
		}
	}
}

func TestWithout(t *testing.T) {
	if got := without(store.IDs{3, 1, 2}, store.IDs{1, 4}); !slices.Equal(got, store.IDs{3, 2}) {
		t.Errorf("got %v", got)
	}
	if got := without(store.IDs{1}, store.IDs{1}); len(got) != 0 {
		t.Errorf("got %v, want none", got)
	}
}
