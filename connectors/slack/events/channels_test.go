package events

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"hashsend/bridge/chat"
	"hashsend/bridge/chat/chattest"
	"hashsend/connectors/slack/slacktest"
	"hashsend/connectors/slack/wire"
)

// What happens to a channel, and to our being in it (B27, B28, B29).
func TestChannels(t *testing.T) {
	left := func(why string) chat.Event { return chat.Left{Self: true, Why: why} }
	for _, x := range []struct {
		name, event string
		want        chat.Event
	}{
		{"B27 somebody entered", `{"type":"member_joined_channel","user":"U1","channel":"C1","channel_type":"C","team":"T1","inviter":"U1234"}`, chat.Joined{}},
		{"B27 somebody left", `{"type":"member_left_channel","user":"U1","channel":"C1","channel_type":"C","team":"T1"}`, chat.Left{}},
		{"B27 we were let in", `{"type":"member_joined_channel","user":"` + slacktest.BotUser + `","channel":"C1","channel_type":"C"}`, chat.Joined{Self: true}},
		{"B27 we were put out", `{"type":"member_left_channel","user":"` + slacktest.BotUser + `","channel":"C1","channel_type":"C"}`, left("")},
		{"B27 and are told so", `{"type":"channel_left","channel":"C1","actor_id":"U1","event_ts":"17.1"}`, left("")},
		{"B27 of a private one", `{"type":"group_left","channel":"C1"}`, left("")},
		{"B28 archived", `{"type":"channel_archive","channel":"C1","user":"U1"}`, left("the channel was archived")},
		{"B28 a private one archived", `{"type":"group_archive","channel":"C1"}`, left("the channel was archived")},
		{"B28 deleted", `{"type":"channel_deleted","channel":"C1"}`, left("the channel was deleted")},
		{"B28 a private one deleted", `{"type":"group_deleted","channel":"C1"}`, left("the channel was deleted")},
		{"B28 open again", `{"type":"channel_unarchive","channel":"C1","user":"U1"}`, chat.Joined{Self: true}},
		{"B28 another id", `{"type":"channel_id_changed","old_channel_id":"C1","new_channel_id":"C2","event_ts":"17.1"}`, chat.Moved{To: "C2", OldIDs: "C1:", NewIDs: "C2:"}},
		{"B29 shared", `{"type":"channel_shared","connected_team_id":"T2","channel":"C1","event_ts":"17.1"}`, chat.Shared{Shared: true}},
		{"B29 shared with one less", `{"type":"channel_unshared","previously_connected_team_id":"T2","channel":"C1","is_ext_shared":true}`, chat.Shared{Shared: true}},
		{"B29 shared with none", `{"type":"channel_unshared","previously_connected_team_id":"T2","channel":"C1","is_ext_shared":false}`, chat.Shared{}},
	} {
		got := offline(t, nil).Convert(t.Context(), wire.Callback{ID: "Ev1", Event: json.RawMessage(x.event)})
		if len(got) != 1 || got[0].EventHead().Place.Room != "C1" || got[0].EventHead().Event == "" {
			t.Errorf("%s: it became %+v", x.name, got)
			continue
		}
		if diff := cmp.Diff(x.want, got[0], cmpopts.IgnoreTypes(chat.Head{})); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", x.name, diff)
		}
	}
	// Any message may tell that a channel is shared by now, also one that comes again.
	c := offline(t, nil)
	for range 2 {
		got := c.Convert(t.Context(), wire.Callback{Foreign: true, Event: json.RawMessage(`{"type":"message","channel":"C1","user":"U1","ts":"17.1","text":"hi"}`)})
		if chattest.Brief(got...) != "shared; posted by Ann: hi" {
			t.Errorf("B29 a message in a channel that is shared by now became %q", chattest.Brief(got...))
		}
	}
}

// Bots are heard where the settings name them, by name or id, for one channel or all; a
// message that one writes bit by bit is told once, when it is whole (B10).
func TestBots(t *testing.T) {
	const said = `{"type":"message","subtype":"bot_message","channel":"CHANNEL","bot_id":"B7","username":"ci","ts":"17.1","text":"built","app_id":"A7","bot_profile":{"name":"CI","app_id":"A7"}MORE}`
	for _, x := range []struct {
		name string
		bots map[string][]string
		in   string
		want string
	}{
		{"nobody is named", nil, "C1", ""},
		{"by name", map[string][]string{"C1": {"CI"}}, "C1", "posted by ci: built"},
		{"by id", map[string][]string{"C1": {"B7"}}, "C1", "posted by ci: built"},
		{"by app", map[string][]string{"*": {"A7"}}, "C1", "posted by ci: built"},
		{"another one", map[string][]string{"C1": {"deploy"}}, "C1", ""},
		{"in another channel", map[string][]string{"C2": {"ci"}}, "C1", ""},
	} {
		c := offline(t, func(c *settings) { c.Bots = x.bots })
		event := strings.NewReplacer("CHANNEL", x.in, "MORE", "").Replace(said)
		if got := chattest.Brief(c.Convert(t.Context(), wire.Callback{Event: json.RawMessage(event)})...); got != x.want {
			t.Errorf("%s: it became %q, want %q", x.name, got, x.want)
		}
	}
	c := offline(t, func(c *settings) { c.Bots = map[string][]string{"*": {"ci"}} })
	state := func(s string) string {
		return strings.NewReplacer("CHANNEL", "C1", "MORE", `,"streaming_state":"`+s+`"`).Replace(said)
	}
	change := func(to, from string) string {
		return `{"type":"message","subtype":"message_changed","hidden":true,"channel":"C1","ts":"18.1","message":` + state(to) + `,"previous_message":` + state(from) + `}`
	}
	ids := map[chat.EventID]bool{}
	for _, x := range []struct{ event, want string }{
		{state("in_progress"), ""},
		{change("in_progress", "in_progress"), ""},
		{change("completed", "in_progress"), "posted by ci: built"},
		{change("completed", "completed"), ""}, // a picture in front of a link, say
		{state("completed"), "posted by ci: built"},
	} {
		got := c.Convert(t.Context(), wire.Callback{Event: json.RawMessage(x.event)})
		if chattest.Brief(got...) != x.want {
			t.Errorf("%s became %q, want %q", x.event, chattest.Brief(got...), x.want)
		}
		for _, ev := range got {
			ids[ev.EventHead().Event] = true
		}
	}
	if len(ids) != 1 {
		t.Errorf("the ids are %v, want one", ids)
	}
}
