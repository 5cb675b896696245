package directory

import (
	"encoding/json"
	"log/slog"
	"testing"

	"github.com/slack-go/slack"

	"hashsend/bridge/chat"
	"hashsend/connectors/slack/web"
)

// The workspaces that a test may be in: one alone, and one of an organisation on
// Enterprise Grid, whose auth.test names the organisation, or, on an older server,
// does not.
var (
	alone  = web.Identity{Team: "T1"}
	onGrid = web.Identity{Team: "T1", Enterprise: "E1"}
)

// Whose word counts is decided by the ids of the user's home, as users.info and
// users.list give them (B30): who is of another organisation is a guest without rank,
// whatever that organisation says of its people.
func TestForeignPeople(t *testing.T) {
	for _, x := range []struct {
		name  string
		me    web.Identity
		user  string
		guest bool
		rank  chat.Rank
	}{
		{"single workspace: a member", alone, `{"id":"U1","team_id":"T1"}`, false, chat.Member},
		{"single workspace: an admin", alone, `{"id":"U1","team_id":"T1","is_admin":true}`, false, chat.Admin},
		{"single workspace: an owner", alone, `{"id":"U1","team_id":"T1","is_owner":true}`, false, chat.Admin},
		{"single workspace: a guest that is called an admin", alone, `{"id":"U1","team_id":"T1","is_admin":true,"is_restricted":true}`, true, chat.Member},
		{"single workspace: a guest of one channel", alone, `{"id":"U1","team_id":"T1","is_restricted":true,"is_ultra_restricted":true}`, true, chat.Member},

		{"Slack Connect: of another workspace", alone, `{"id":"U1","team_id":"T2"}`, true, chat.Member},
		{"Slack Connect: an admin there", alone, `{"id":"U1","team_id":"T2","is_admin":true,"is_owner":true,"is_stranger":false}`, true, chat.Member},
		{"Slack Connect: a stranger", alone, `{"id":"U1","team_id":"T1","is_stranger":true,"is_admin":true}`, true, chat.Member},
		{"Slack Connect: an admin of an organisation on Grid", alone, `{"id":"U1","team_id":"T2","is_admin":true,"enterprise_user":{"id":"U1","enterprise_id":"E2","is_admin":true,"is_owner":true,"teams":["T2","T3"]}}`, true, chat.Member},
		{"Slack Connect: of an organisation, which is the home", alone, `{"id":"U1","team_id":"E2","is_admin":true,"enterprise_user":{"enterprise_id":"E2","teams":[]}}`, true, chat.Member},

		{"Grid: a member", onGrid, `{"id":"W1","team_id":"T1","enterprise_user":{"id":"W1","enterprise_id":"E1","teams":["T1"]}}`, false, chat.Member},
		{"Grid: an admin", onGrid, `{"id":"W1","team_id":"T1","is_admin":true,"enterprise_user":{"enterprise_id":"E1","teams":["T1","T5"]}}`, false, chat.Admin},
		{"Grid: an admin whose first workspace is another", onGrid, `{"id":"W1","team_id":"T5","is_admin":true,"enterprise_user":{"enterprise_id":"E1","teams":["T5","T1"]}}`, false, chat.Admin},
		{"Grid: an admin whose home is the organisation", onGrid, `{"id":"W1","team_id":"E1","is_admin":true,"enterprise_user":{"enterprise_id":"E1"}}`, false, chat.Admin},
		{"Grid: a colleague of another workspace", onGrid, `{"id":"W1","team_id":"T5","enterprise_user":{"enterprise_id":"E1","teams":["T5"]}}`, false, chat.Member},
		{"Grid: an admin of another workspace has no rank in ours", onGrid, `{"id":"W1","team_id":"T5","is_admin":true,"enterprise_user":{"enterprise_id":"E1","teams":["T5"]}}`, false, chat.Member},
		{"Grid: a member without enterprise_user", onGrid, `{"id":"W1","team_id":"T1"}`, false, chat.Member},
		{"Grid: an admin of another organisation on Grid", onGrid, `{"id":"W1","team_id":"T2","is_admin":true,"enterprise_user":{"enterprise_id":"E2","is_owner":true,"teams":["T2"]}}`, true, chat.Member},
		{"Grid: another organisation that claims our workspace", onGrid, `{"id":"W1","team_id":"T1","is_admin":true,"enterprise_user":{"enterprise_id":"E2","teams":["T1"]}}`, true, chat.Member},
		{"Grid: of a single workspace elsewhere", onGrid, `{"id":"U1","team_id":"T2","is_admin":true}`, true, chat.Member},
		{"Grid that auth.test does not tell of: an admin", alone, `{"id":"W1","team_id":"T1","is_admin":true,"enterprise_user":{"enterprise_id":"E1","teams":["T1"]}}`, false, chat.Admin},
		{"Grid that auth.test does not tell of: by the list of workspaces", alone, `{"id":"W1","team_id":"E1","enterprise_user":{"enterprise_id":"E1","teams":["T5","T1"]}}`, false, chat.Member},

		{"missing: no home at all", alone, `{"id":"U1","is_admin":true}`, true, chat.Member},
		{"missing: no home at all, on Grid", onGrid, `{"id":"U1","is_admin":true}`, true, chat.Member},
		{"missing: the home is in the profile", alone, `{"id":"U1","is_admin":true,"profile":{"team":"T1"}}`, false, chat.Admin},
		{"missing: a foreign home in the profile", alone, `{"id":"U1","is_admin":true,"profile":{"team":"T2"}}`, true, chat.Member},
		{"missing: an empty enterprise_user", onGrid, `{"id":"U1","team_id":"T1","enterprise_user":{}}`, false, chat.Member},
		{"missing: who we are", web.Identity{}, `{"id":"U1","team_id":"T1","is_admin":true}`, true, chat.Member},
		{"missing: who we are, and where they are", web.Identity{}, `{"id":"U1","is_admin":true}`, true, chat.Member},
	} {
		var u slack.User
		if err := json.Unmarshal([]byte(x.user), &u); err != nil {
			t.Fatal(err)
		}
		if p := read(u, x.me); p.Author.Guest != x.guest || p.Rank != x.rank {
			t.Errorf("%s: guest %v of rank %v, want %v of %v", x.name, p.Author.Guest, p.Rank, x.guest, x.rank)
		}
	}
}

// What a request tells of its user's home can take rights away, and gives none.
func TestHomesOfRequests(t *testing.T) {
	const (
		member    = `{"id":"U1","team_id":"T1","is_admin":true}`
		onMany    = `{"id":"U1","team_id":"T1","is_admin":true,"enterprise_user":{"enterprise_id":"E1","teams":["T1","T5"]}}`
		colleague = `{"id":"U1","team_id":"T5","is_admin":true,"enterprise_user":{"enterprise_id":"E1","teams":["T5"]}}`
		outsider  = `{"id":"U1","team_id":"T2","is_admin":true}`
	)
	for _, x := range []struct {
		name  string
		me    web.Identity
		user  string
		at    Home
		guest bool
		rank  chat.Rank
	}{
		{"nothing is told", alone, member, Home{}, false, chat.Admin},
		{"our workspace", alone, member, Home{Team: "T1"}, false, chat.Admin},
		{"another workspace", alone, member, Home{Team: "T2"}, true, chat.Member},
		{"another workspace of another organisation", alone, member, Home{Team: "T2", Enterprise: "E2"}, true, chat.Member},
		{"another organisation alone", alone, member, Home{Enterprise: "E2"}, true, chat.Member},
		{"our organisation, which we do not know", alone, member, Home{Team: "T1", Enterprise: "E1"}, false, chat.Admin},
		{"Grid: our organisation", onGrid, onMany, Home{Team: "T5", Enterprise: "E1"}, false, chat.Admin},
		{"Grid: another workspace of theirs", onGrid, onMany, Home{Team: "T5"}, false, chat.Admin},
		{"Grid: the organisation as home", onGrid, onMany, Home{Team: "E1"}, false, chat.Admin},
		{"Grid: a workspace that they are not in", onGrid, onMany, Home{Team: "T2"}, true, chat.Member},
		{"Grid: our workspace, of another organisation", onGrid, onMany, Home{Team: "T1", Enterprise: "E2"}, true, chat.Member},
		{"Grid: a colleague at home", onGrid, colleague, Home{Team: "T5", Enterprise: "E1"}, false, chat.Member},
		{"Grid: a colleague elsewhere", onGrid, colleague, Home{Team: "T2"}, true, chat.Member},
		{"an outsider in our workspace", alone, outsider, Home{Team: "T1"}, true, chat.Member},
		{"an outsider at home", alone, outsider, Home{Team: "T2"}, true, chat.Member},
		{"an outsider of nowhere", alone, outsider, Home{}, true, chat.Member},
	} {
		w := web.New(web.Settings{APIURL: "http://127.0.0.1:1/api/"}, slog.New(slog.DiscardHandler))
		w.Be(x.me)
		d := New(w)
		var u slack.User
		if err := json.Unmarshal([]byte(x.user), &u); err != nil {
			t.Fatal(err)
		}
		d.Learn(read(u, x.me))
		d.LearnChannel("C1", Channel{Name: "theirs", Creator: "U1"})
		p := d.Seen(t.Context(), "U1", x.at)
		if p.Author.Guest != x.guest || p.Rank != x.rank {
			t.Errorf("%s: guest %v of rank %v, want %v of %v", x.name, p.Author.Guest, p.Rank, x.guest, x.rank)
		}
		// Who made a channel is a moderator in it, unless it was made elsewhere.
		want := max(x.rank, chat.Moderator)
		if x.guest {
			want = chat.Member
		}
		if got := d.Rank(t.Context(), p, "C1"); got != want {
			t.Errorf("%s: rank %v in their own channel, want %v", x.name, got, want)
		}
		if again := d.Person(t.Context(), "U1"); x.at.Team != "" && again.Author.Server != u.TeamID {
			t.Errorf("%s: a request has changed what is remembered: %+v", x.name, again.Author)
		}
	}
}
