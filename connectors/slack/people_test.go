package slack

import (
	"encoding/json"
	"hashsend/bridge/chat"
	"hashsend/bridge/chat/chattest"
	"hashsend/connectors/slack/slacktest"
	"hashsend/connectors/slack/wire"
	"testing"
)

// People of other organisations and guests are told apart (B30).
func TestPeople(t *testing.T) {
	l := newLab(t, true)
	c := l.connect(t)
	for _, p := range []struct {
		user slacktest.User
		want chat.Author
		rank chat.Rank
	}{
		{slacktest.User{ID: "UADMIN", Name: "ada", Admin: true}, chat.Author{Server: slacktest.Team, Name: "ada"}, chat.Admin},
		{slacktest.User{ID: "UGUEST", Name: "gus", Guest: true}, chat.Author{Server: slacktest.Team, Name: "gus", Guest: true}, chat.Member},
		{slacktest.User{ID: "UOTHER", Name: "otto", Team: slacktest.OtherTeam, Admin: true}, chat.Author{Server: slacktest.OtherTeam, Name: "otto", Guest: true}, chat.Member},
	} {
		l.Person(p.user)
		p.want.ID = chat.UserID(p.user.ID)
		got := c.directory.Person(t.Context(), p.user.ID)
		if got.Author != p.want || got.Rank != p.rank {
			t.Errorf("%s is %+v of rank %v, want %+v of %v", p.user.ID, got.Author, got.Rank, p.want, p.rank)
		}
	}
	if got := c.directory.Person(t.Context(), "UNOBODY"); !got.Author.Guest || got.Author.Name != "UNOBODY" {
		t.Errorf("somebody unknown is %+v, want nothing allowed", got.Author)
	}
}

// A person's name is asked for again when it has changed (B20).
func TestUserChange(t *testing.T) {
	l := newLab(t, true)
	c := l.connect(t)
	name := func() string { return c.directory.Person(t.Context(), l.alice).Author.Name }
	name()
	l.Person(slacktest.User{ID: l.alice, Name: "alice", Real: "Alice Married"})
	if got := name(); got != "Alice Example" {
		t.Errorf("before the event the name is %q: it is asked for each time", got)
	}
	if got := c.events.Convert(t.Context(), wire.Callback{Event: json.RawMessage(`{"type":"user_change","user":{"id":"` + l.alice + `"}}`)}); len(got) > 0 {
		t.Errorf("the change became %q", chattest.Brief(got...))
	}
	if got := name(); got != "Alice Married" {
		t.Errorf("after the event the name is %q", got)
	}
}
