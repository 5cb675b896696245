package slack

import (
	"encoding/json"
	"testing"

	"hashsend/bridge/chat"
	"hashsend/bridge/chat/chattest"
	"hashsend/connectors/slack/slacktest"
	"hashsend/connectors/slack/wire"
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

// In a shared channel people of another organisation on Enterprise Grid are guests
// without rank, whatever they are at home and though they made the channel; colleagues
// of another workspace of ours are not (B29, B30).
func TestPeopleOfOtherOrganisations(t *testing.T) {
	for name, grid := range map[string]bool{"single workspace": false, "Enterprise Grid": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t, true)
			if grid {
				l.Grid()
			}
			c, b := l.run(t)
			for _, x := range []struct {
				user  slacktest.User
				guest bool
				rank  chat.Rank
				only  bool // on Grid
			}{
				{slacktest.User{ID: "UMAKER", Name: "maker"}, false, chat.Moderator, false},
				{slacktest.User{ID: "UADMIN", Name: "ada", Admin: true}, false, chat.Admin, false},
				{slacktest.User{ID: "UOTTO", Name: "otto", Team: slacktest.OtherTeam, Admin: true}, true, chat.Member, false},
				{slacktest.User{ID: "UGRETA", Name: "greta", Team: slacktest.OtherTeam, Org: slacktest.OtherOrg, Admin: true, Owner: true}, true, chat.Member, false},
				{slacktest.User{ID: "UCOLL", Name: "coll", Team: "T0LAB0002", Org: slacktest.Org}, false, chat.Moderator, true},
			} {
				if x.only && !grid {
					continue
				}
				who := l.Person(x.user)
				channel := l.Open(slacktest.Channel{Name: "with-" + x.user.Name}, who, l.alice, slacktest.BotUser)
				l.Share(channel, true)
				ts := l.Say(who, channel, "hello")
				b.until(t, "posted by "+x.user.Name+": hello")
				l.Say(who, channel, "<@"+slacktest.BotUser+"> status")
				l.Slash(who, channel, "/send", "who")
				l.Menu(who, channel, ts, "hs_msg_details")
				soon(t, "three commands", func() bool { return len(b.commandsOf(who)) == 3 })
				for _, cmd := range b.commandsOf(who) {
					if cmd.By.Guest != x.guest || cmd.Rank != x.rank {
						t.Errorf("%s: %q is by %+v of rank %v, want a guest: %v, rank %v", x.user.Name, cmd.Text, cmd.By, cmd.Rank, x.guest, x.rank)
					}
				}
				said, err := c.Fetch(t.Context(), chat.Place{Room: chat.RoomID(channel)}, wire.MessageID(channel, ts))
				if err != nil || said.By.Guest != x.guest {
					t.Errorf("%s: the message is by %+v, %v; want a guest: %v", x.user.Name, said.By, err, x.guest)
				}
			}
		})
	}
}
