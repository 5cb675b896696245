package core

import (
	"testing"

	"hashsend/bridge/chat"
)

// Guests and members of other organizations may post and may not use commands, whatever
// the settings or their rank in the room.
func TestGuests(t *testing.T) {
	a := Access{Allow: map[string]Level{"*": Ask, "acme": Link, "gus": Administer, "mal": Nothing}, Moderators: Link, Admins: Administer}
	for _, x := range []struct {
		who  chat.Author
		rank chat.Rank
		want Level
	}{
		{chat.Author{ID: "ann", Server: "acme"}, chat.Member, Link},
		{chat.Author{ID: "ann", Server: "acme", Guest: true}, chat.Member, Speak},
		{chat.Author{ID: "gus", Server: "acme"}, chat.Member, Administer},
		{chat.Author{ID: "gus", Server: "acme", Guest: true}, chat.Admin, Speak},
		{chat.Author{ID: "otto", Server: "other", Guest: true}, chat.Moderator, Speak},
		{chat.Author{ID: "mal", Server: "acme", Guest: true}, chat.Admin, Nothing},
	} {
		if got := a.Level(x.who, x.rank); got != x.want {
			t.Errorf("%+v of rank %v may do %v, want %v", x.who, x.rank, got, x.want)
		}
	}
}
