package events

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"hashsend/bridge/chat"
	"hashsend/bridge/chat/chattest"
	"hashsend/connectors/slack/directory"
	"hashsend/connectors/slack/slacktest"
	"hashsend/connectors/slack/web"
	"hashsend/connectors/slack/wire"
)

// in puts an event into a channel.
func in(channel string, event json.RawMessage) json.RawMessage {
	var fields map[string]json.RawMessage
	if json.Unmarshal(event, &fields) != nil {
		return event
	}
	if fields["channel"] == nil {
		fields["channel"], _ = json.Marshal(channel)
	}
	if fields["ts"] == nil {
		fields["ts"] = json.RawMessage(`"1700000000.000100"`)
	}
	raw, _ := json.Marshal(fields)
	return raw
}

// settings are what a converter of a test is made with.
type settings struct {
	Functions []string
	Bots      map[string][]string
}

// offline is a converter that knows who we are and a few people, and asks nobody.
func offline(t testing.TB, change func(*settings)) *Converter {
	t.Helper()
	var s settings
	if change != nil {
		change(&s)
	}
	w := web.New(web.Settings{BotToken: slacktest.BotToken, APIURL: "http://127.0.0.1:1/api/", Functions: s.Functions}, slog.New(slog.DiscardHandler))
	w.Be(web.Identity{Team: slacktest.Team, User: slacktest.BotUser, Bot: slacktest.Bot, URL: "https://lab.slack.com/"})
	d := directory.New(w)
	for id, name := range map[string]string{"U1": "Ann", "U1234": "Ann", "U2147483697": "Tester", "U123ABC456": "Ann", "redacted": "Ann", "UXXXXXXX1": "Ann", "U2147483828": "Cal", "U12345678": "Ann", "U5678": "Bo"} {
		d.Learn(directory.Person{Author: chat.Author{ID: chat.UserID(id), Name: name, Server: slacktest.Team}})
	}
	d.Learn(directory.Person{Author: chat.Author{ID: "U9", Name: "Guest", Guest: true}})
	for _, id := range []string{"C1", "C2147483705", "C123ABC456", "redacted", "D1"} {
		d.LearnChannel(id, directory.Channel{Name: "lunch", Member: true})
	}
	return New(w, d, s.Bots)
}

// request converts a whole request of the Events API.
func request(t *testing.T, c *Converter, raw json.RawMessage) []chat.Event {
	t.Helper()
	all, known := c.Request(t.Context(), raw)
	if !known {
		t.Errorf("the request %s is not known", raw)
	}
	return all
}

// TestFixtures says what each of the payloads becomes.
func TestFixtures(t *testing.T) {
	allow := func(c *settings) { c.Bots = map[string][]string{"*": {"github"}} }
	for _, c := range []struct {
		name, want string
		change     func(*settings)
	}{ // the rows that they prove: S01 B12, S02 B13, S03 and S04 B10, S05 B11, S06 B5, S07 B8, S08 B9, S09 and S10 B3, S15 B4, S16 B34, S24 B6, S25 B7
		{"S01", "posted by Tester: test comment here [test.txt]", nil},
		{"S02", "posted by Tester: test post\n\ntest post body", nil},
		{"S03", "", nil},
		{"S03", "posted by github: Pushing is the answer", allow},
		{"S04", "", nil},
		{"S05", "emote of Tester: is doing that thing", nil},
		{"S06", "edited C2147483705:1355517523.000005: Hello, world!", nil},
		{"S07", "deleted C2147483705:1358878749.000002", nil},
		{"S08", "Cal set the topic hello world", nil},
		{"S09", "posted by Ann: test", nil},
		{"S10", "posted by Bo: foo (in 1493305433.915644)", nil},
		{"S15", "posted by Ann: broadcasting this reply (in 1673464730.703009)", nil},
		{"S16", "", nil},
		{"S24", "", nil},
		{"S25", "deleted C1:1700000000.000001", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			con := offline(t, c.change)
			got := chattest.Brief(con.Convert(context.Background(), wire.Callback{Type: "event_callback", ID: "Ev1", Event: in("C1", chattest.Payload(t, "slack", c.name))})...)
			if got != c.want {
				t.Errorf("it became %q, want %q", got, c.want)
			}
		})
	}
	// Whole requests: B33 (S14), B29 (S17, S18), lost events (S20), the Home (S22).
	for name, want := range map[string]string{
		"S14": "", // it mentions another app, and "<@U01JKSB8T7Y> test" as a mention is told as a message too
		"S17": "kept shared_channel_invite_received", "S18": "", "S20": "gap", "S22": "desk of Ann",
	} {
		t.Run(name, func(t *testing.T) {
			con := offline(t, nil)
			raw := chattest.Payload(t, "slack", name)
			var envelope struct{ Payload json.RawMessage }
			if json.Unmarshal(raw, &envelope) == nil && envelope.Payload != nil {
				raw = envelope.Payload
			}
			var w map[string]json.RawMessage
			if err := json.Unmarshal(raw, &w); err != nil {
				t.Fatal(err)
			}
			if w["type"] == nil {
				w["type"] = json.RawMessage(`"event_callback"`)
			}
			raw, _ = json.Marshal(w)
			if got := chattest.Brief(request(t, con, raw)...); got != want {
				t.Errorf("it became %q, want %q", got, want)
			}
		})
	}
	// A rich_text (B17, B21, B25) and a huddle (B31) are parts of a message.
	for name, want := range map[string]string{"S11": "posted by Ann: Holy moly", "S12": "posted by Ann: #private-channeldummy_text", "S23": "posted by Ann: Some Text👍👍🏻"} {
		t.Run(name, func(t *testing.T) {
			block := string(chattest.Payload(t, "slack", name))
			if !strings.Contains(block, `"rich_text"`) {
				block = `{"type":"rich_text","elements":[` + block + `]}`
			}
			event := json.RawMessage(`{"type":"message","channel":"C1","user":"U1","ts":"1700000000.000100","text":"fallback","blocks":[` + block + `]}`)
			if got := chattest.Brief(offline(t, nil).Convert(t.Context(), wire.Callback{Event: event})...); !strings.HasPrefix(got, want) || strings.Contains(got, "fallback") {
				t.Errorf("it became %q, want %q", got, want)
			}
		})
	}
	t.Run("S21", func(t *testing.T) {
		event := json.RawMessage(`{"type":"message","subtype":"huddle_thread","channel":"C1","user":"U1","ts":"1700000000.000100","thread_ts":"1700000000.000100","room":` + string(chattest.Payload(t, "slack", "S21")) + `}`)
		if got := chattest.Brief(offline(t, nil).Convert(t.Context(), wire.Callback{Event: event})...); got != "emote of Ann: started a huddle" {
			t.Errorf("it became %q", got)
		}
	})
}

func TestConvert(t *testing.T) {
	for _, c := range []struct{ name, event, want string }{
		{"B1 message", `{"type":"message","channel":"C1","user":"U1","ts":"1700000000.000100","text":"hi &amp; *bye*"}`, "posted by Ann: hi & bye"},
		{"B3 root", `{"type":"message","channel":"C1","user":"U1","ts":"17.1","thread_ts":"17.1","text":"root"}`, "posted by Ann: root"},
		{"B3 answer", `{"type":"message","channel":"C1","user":"U1","ts":"17.2","thread_ts":"17.1","text":"answer"}`, "posted by Ann: answer (in 17.1)"},
		{"B4 also in the channel", `{"type":"message","subtype":"thread_broadcast","channel":"C1","user":"U1","ts":"17.2","thread_ts":"17.1","text":"both","root":{"user":"U2","ts":"17.1","text":"root"}}`, "posted by Ann: both (in 17.1)"},
		{"B4 its echo of old", `{"type":"message","subtype":"reply_broadcast","channel":"C1","user":"U1","ts":"17.3","text":"both"}`, ""},
		{"B5 an edit", `{"type":"message","subtype":"message_changed","channel":"C1","ts":"18.1","event_ts":"18.1","message":{"user":"U1","text":"b","ts":"17.1","edited":{"user":"U1","ts":"18"}},"previous_message":{"user":"U1","text":"a","ts":"17.1"}}`, "edited C1:17.1: b"},
		{"B5 an edit of an answer", `{"type":"message","subtype":"message_changed","channel":"C1","ts":"18.1","message":{"user":"U1","text":"b","ts":"17.2","thread_ts":"17.1","edited":{"ts":"18"}}}`, "edited C1:17.2: b"},
		{"B6 a pin, or an answer", `{"type":"message","subtype":"message_changed","channel":"C1","ts":"18.1","message":{"user":"U1","text":"a","ts":"17.1","reply_count":1,"pinned_to":["C1"]},"previous_message":{"user":"U1","text":"a","ts":"17.1"}}`, ""},
		{"B6 a picture in front of a link, after an edit", `{"type":"message","subtype":"message_changed","channel":"C1","ts":"19.1","message":{"user":"U1","text":"b","ts":"17.1","edited":{"ts":"18"},"attachments":[{"from_url":"https://e.example","id":1}]},"previous_message":{"user":"U1","text":"b","ts":"17.1","edited":{"ts":"18"}}}`, ""},
		{"B7 a root that was deleted", `{"type":"message","subtype":"message_changed","channel":"C1","ts":"18.1","message":{"subtype":"tombstone","user":"USLACKBOT","text":"This message was deleted.","ts":"17.1","thread_ts":"17.1","reply_count":1},"previous_message":{"user":"U1","text":"a","ts":"17.1"}}`, "deleted C1:17.1"},
		{"B8 without what it said", `{"type":"message","subtype":"message_deleted","channel":"C1","ts":"18.1","deleted_ts":"17.1"}`, "deleted C1:17.1"},
		{"B8 with an empty message", `{"type":"message","subtype":"message_deleted","channel":"C1","ts":"18.1","deleted_ts":"17.1","message":{},"previous_message":null}`, "deleted C1:17.1"},
		{"B5 an edit that is no news", `{"type":"message","subtype":"message_changed","channel":"C1","ts":"18.1","message":{"user":"U1","text":"a","ts":"17.1","edited":{"ts":"17.5"}},"previous_message":{"ts":"17.1","edited":{"ts":"17.5"}}}`, ""},
		{"B9 silent", `{"type":"message","subtype":"channel_join","channel":"C1","user":"U1","ts":"17.1","text":"<@U1> has joined"}`, ""},
		{"A31 a name, by whom", `{"type":"message","subtype":"channel_name","channel":"C1","user":"U1","ts":"17.1","old_name":"lunch","name":"brunch","text":"has renamed"}`, "Ann named it #brunch"},
		{"A31 a name, by us", `{"type":"message","subtype":"channel_name","channel":"C1","user":"` + slacktest.BotUser + `","ts":"17.1","name":"brunch"}`, ""},
		{"A31 no name", `{"type":"message","subtype":"group_name","channel":"C1","user":"U1","ts":"17.1"}`, ""},
		{"A32 a topic", `{"type":"message","subtype":"channel_topic","channel":"C1","user":"U1","ts":"17.1","topic":"food &amp; <https://a.example|menu>","text":"set the topic"}`, "Ann set the topic food & menu (https://a.example)"},
		{"A32 a topic taken away", `{"type":"message","subtype":"group_topic","channel":"C1","user":"U1","ts":"17.1","topic":""}`, "Ann set the topic "},
		{"B9 unknown subtype with text", `{"type":"message","subtype":"novelty","channel":"C1","user":"U1","ts":"17.1","text":"new"}`, "posted by Ann: new"},
		{"B9 unknown subtype, hidden", `{"type":"message","subtype":"novelty","hidden":true,"channel":"C1","user":"U1","ts":"17.1","text":"new"}`, ""},
		{"B10 a bot with a user", `{"type":"message","channel":"C1","user":"U1","bot_id":"B9","ts":"17.1","text":"beep"}`, ""},
		{"B11 of oneself", `{"type":"message","subtype":"me_message","channel":"C1","user":"U1","ts":"17.1","text":"waves"}`, "emote of Ann: waves"},
		{"B20 somebody unknown", `{"type":"message","channel":"C1","user":"U1","ts":"17.1","text":"ask <@U77>, <@U5678|bo>"}`, "posted by Ann: ask @someone, @Bo"},
		{"B21 a channel that not everybody sees", `{"type":"message","channel":"C1","user":"U1","ts":"17.1","text":"in <#C1|lunch> or <#C77|secret>"}`, "posted by Ann: in #lunch or #private-channel"},
		{"B30 a guest is relayed", `{"type":"message","channel":"C1","user":"U9","ts":"17.1","text":"hi"}`, "posted by Guest: hi"},
		{"B32 keys of the owner are gone", `{"type":"message","subtype":"ekm_access_denied","channel":"C1","user":"UREVOKEDU","ts":"17.1","text":"hidden"}`, ""},
		{"B34 metadata of ours", `{"type":"message_metadata_posted","app_id":"A1","channel_id":"C1","message_ts":"17.1","metadata":{"event_type":"hashsend_mail","event_payload":{"key":"k"}}}`, ""},
		{"B36 somebody writes", `{"type":"user_typing","channel":"C1","user":"U1"}`, ""},
		{"own by user", `{"type":"message","channel":"C1","user":"` + slacktest.BotUser + `","ts":"17.1","text":"mine"}`, ""},
		{"own by bot", `{"type":"message","subtype":"bot_message","bot_id":"` + slacktest.Bot + `","channel":"C1","ts":"17.1","text":"mine"}`, ""},
		{"own by marker", `{"type":"message","channel":"C1","user":"U1","ts":"17.1","text":"mine","metadata":{"event_type":"hashsend_mail","event_payload":{"key":"k"}}}`, ""},
		{"B12 own file", `{"type":"message","subtype":"file_share","channel":"C1","user":"` + slacktest.BotUser + `","ts":"17.1","text":"","files":[{"id":"F1","name":"a.txt","mode":"hosted"}]}`, ""},
		{"B26 a reaction to a file", `{"type":"reaction_added","user":"U1","reaction":"+1","item":{"type":"file","file":"F1"}}`, ""},
		{"B12 a file that is gone", `{"type":"message","subtype":"file_share","channel":"C1","user":"U1","ts":"17.1","text":"","files":[{"id":"F1","mode":"tombstone"}]}`, ""},
		{"B12 a name with a path", `{"type":"message","subtype":"file_share","channel":"C1","user":"U1","ts":"17.1","text":"see","files":[{"id":"F1","name":"../../etc/passwd\u202egpj","size":7}]}`, "posted by Ann: see [passwdgpj]"},
		{"B33 at its beginning a mention is a command", `{"type":"app_mention","channel":"C1","user":"U1","ts":"17.2","thread_ts":"17.1","text":"<@` + slacktest.BotUser + `> add <mailto:a@b.example|a@b.example>"}`, "command of Ann: add a@b.example"},
		{"B33 in the middle it is not", `{"type":"app_mention","channel":"C1","user":"U1","ts":"17.2","text":"ask <@` + slacktest.BotUser + `> about it"}`, ""},
		{"B33 a direct message is a command", `{"type":"message","channel":"D1","channel_type":"im","user":"U1","ts":"17.2","text":"status"}`, "command of Ann: status"},
		{"B35 the app's token", `{"type":"tokens_revoked","tokens":{"oauth":[],"bot":["` + slacktest.BotUser + `"]}}`, "revoked: the app's token was revoked"},
		{"B35 the organisation", `{"type":"team_access_revoked","team_ids":["T1"]}`, "revoked: the app was removed from the workspace"},
		{"B35 removed", `{"type":"app_uninstalled"}`, "revoked: the app was removed from the workspace"},
		{"B35 a person's token", `{"type":"tokens_revoked","tokens":{"oauth":["U1"]}}`, ""},
		{"B28 renamed", `{"type":"channel_rename","channel":{"id":"C1","name":"brunch"},"event_ts":"17.1"}`, " named it #brunch"},
		{"a field of another type", `{"type":"message","channel":"C1","user":"U1","ts":"17.1","text":"still here","edited":"no","files":{},"hidden":"x"}`, "posted by Ann: still here"},
		{"an event of a new type", `{"type":"hologram_projected","channel":"C1"}`, "kept hologram_projected"},
		{"no event at all", `[1,2]`, "kept unreadable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := chattest.Brief(offline(t, nil).Convert(t.Context(), wire.Callback{ID: "Ev1", Event: json.RawMessage(c.event)})...)
			if got != c.want {
				t.Errorf("it became %q, want %q", got, c.want)
			}
		})
	}
}

// Each subtype that says nothing to a reader becomes nothing, though it has a text (B9).
func TestSilent(t *testing.T) {
	for _, subtype := range append(strings.Fields(`message_replied channel_join channel_leave channel_purpose channel_archive channel_unarchive group_join group_leave
		group_purpose group_archive group_unarchive pinned_item bot_add bot_remove reminder_add channel_posting_permissions channel_canvas_updated joiner_notification`), silent...) {
		event := fmt.Sprintf(`{"type":"message","subtype":%q,"channel":"C1","user":"U1","ts":"17.1","text":"<@U1> did something"}`, subtype)
		if got := offline(t, nil).Convert(t.Context(), wire.Callback{ID: "Ev1", Event: json.RawMessage(event)}); len(got) > 0 {
			t.Errorf("%s became %q", subtype, chattest.Brief(got...))
		}
	}
}

// A message with buttons says where they are (B18), after an edit, too.
func TestButtonsAreInSlack(t *testing.T) {
	c := offline(t, nil)
	said := `{"user":"U1","ts":"17.000200","thread_ts":"17.000100","text":"x","edited":{"ts":"18.1"},"blocks":[{"type":"section","text":{"type":"mrkdwn","text":"Deploy?"}},
		{"type":"actions","elements":[{"type":"button","action_id":"a","text":{"type":"plain_text","text":"Yes"}}]}]MORE}`
	want := "Deploy?\n\n[Yes] (only in Slack)\n\nopen in Slack (https://lab.slack.com/archives/C1/p17000200?thread_ts=17.000100&cid=C1)"
	for _, event := range []string{
		strings.Replace(said, "MORE", `,"type":"message","channel":"C1"`, 1),
		`{"type":"message","subtype":"message_changed","channel":"C1","ts":"18.1","message":` + strings.Replace(said, "MORE", "", 1) + `}`,
	} {
		if got := chattest.Brief(c.Convert(t.Context(), wire.Callback{Event: json.RawMessage(event)})...); !strings.Contains(got, want) {
			t.Errorf("it became %q, want %q", got, want)
		}
	}
	plain := `{"type":"message","channel":"C1","user":"U1","ts":"17.1","text":"no buttons"}`
	if got := chattest.Brief(c.Convert(t.Context(), wire.Callback{Event: json.RawMessage(plain)})...); strings.Contains(got, "lab.slack.com") {
		t.Errorf("a message without buttons became %q", got)
	}
}

// Edits have ids and times, so that of several the newest counts, however they come (B5);
// whom an edit mentions is told.
func TestEditsHaveTimes(t *testing.T) {
	edit := func(ts string) chat.Edited {
		event := `{"type":"message","subtype":"message_changed","channel":"C1","ts":"19.1","message":{"user":"U1","text":"<@U5678> <!here>","ts":"17.1","edited":{"user":"U1","ts":"` + ts + `"}}}`
		got := offline(t, nil).Convert(t.Context(), wire.Callback{ID: "Ev" + ts, Event: json.RawMessage(event)})
		if len(got) != 1 {
			t.Fatalf("the edit became %q", chattest.Brief(got...))
		}
		return got[0].(chat.Edited)
	}
	newer, older := edit("18.000200"), edit("18.000100")
	if newer.Edit == older.Edit || newer.Event == older.Event || !newer.At.After(older.At) || newer.Edit == newer.Message || newer.Message != older.Message {
		t.Errorf("the edits are %+v and %+v", newer, older)
	}
	if again := edit("18.000200"); again.Edit != newer.Edit || again.Event != newer.Event {
		t.Errorf("the same edit came as %+v and as %+v", newer, again)
	}
	if !newer.MentionsAll || len(newer.Mentions) != 1 || newer.Mentions[0].User != "U5678" {
		t.Errorf("it mentions %v, all: %v", newer.Mentions, newer.MentionsAll)
	}
}

// The same message has one id however it comes: live, again under another event id (B2),
// as a mention beside it (B33), for the channel and for the thread (B4), in the history.
func TestOneMessageHasOneID(t *testing.T) {
	con := offline(t, nil)
	event := `{"type":"TYPE","channel":"C1","user":"U1","ts":"17.2","text":"<@` + slacktest.BotUser + `> help"}`
	var ids []chat.EventID
	for _, kind := range []string{"message", "app_mention"} {
		for _, ev := range con.Convert(t.Context(), wire.Callback{ID: "Ev" + kind, Event: json.RawMessage(strings.Replace(event, "TYPE", kind, 1))}) {
			ids = append(ids, ev.EventHead().Event)
		}
	}
	if len(ids) != 2 || ids[0] != ids[1] {
		t.Errorf("the ids are %v, want the same twice", ids)
	}
	event = `{"type":"message","channel":"C1","user":"U1","ts":"17.4","thread_ts":"17.2","client_msg_id":"x"MORE,"text":"both"}`
	ids = nil
	for _, more := range []string{"", `,"subtype":"thread_broadcast","root":{"ts":"17.2"}`, `,"event_ts":"17.4"`} {
		for _, ev := range con.Convert(t.Context(), wire.Callback{ID: "Ev" + more, Event: json.RawMessage(strings.Replace(event, "MORE", more, 1))}) {
			ids = append(ids, ev.EventHead().Event)
		}
	}
	if len(ids) != 3 || ids[0] != ids[1] || ids[1] != ids[2] {
		t.Errorf("the ids are %v, want the same three times", ids)
	}
	m, err := wire.Read(json.RawMessage(`{"user":"U1","ts":"17.3","text":"hi"}`))
	if err != nil {
		t.Fatal(err)
	}
	late := con.late(t.Context(), "C1", m, time.Time{})
	live := con.Convert(t.Context(), wire.Callback{Event: json.RawMessage(`{"type":"message","channel":"C1","user":"U1","ts":"17.3","text":"hi"}`)})
	if diff := cmp.Diff(live, late, cmpopts.IgnoreFields(chat.Head{}, "Late")); diff != "" || len(late) != 1 || !late[0].EventHead().Late {
		t.Errorf("live and late differ: %s %+v", diff, late)
	}
}

func FuzzConvert(f *testing.F) {
	f.Add(`{"type":"message","channel":"C1","user":"U1","ts":"17.1","text":"hi","blocks":[{}]}`)
	f.Add(`{"type":"message","subtype":"message_changed","channel":"C1","message":{"ts":"1.1","edited":{"ts":"2"}}}`)
	f.Add(`{"type":"channel_rename","channel":{"id":"C1","name":"x"}}`)
	f.Add(`{"type":"reaction_added","user":"U1","reaction":"+1","item":{"type":"message","channel":"C1","ts":"1.1"}}`)
	f.Fuzz(func(t *testing.T, event string) {
		c := offline(t, func(c *settings) { c.Functions = []string{"reactions"} })
		ctx, cancel := context.WithCancel(context.Background())
		cancel() // nobody is asked
		for _, ev := range c.Convert(ctx, wire.Callback{ID: "Ev1", Event: json.RawMessage(event)}) {
			if p, is := ev.(chat.Posted); is && (p.Message == "" || p.Place.Room == "" || p.By.ID == "") {
				t.Errorf("a message without id, room or author: %+v", p)
			}
		}
	})
}

// B13, B15: what each sort of file becomes.
func TestFilesOfMessages(t *testing.T) {
	for _, x := range []struct{ name, file, want string }{
		{"B13 tombstone", `{"id":"F1","mode":"tombstone"}`, ""},
		{"B13 hidden", `{"id":"F1","mode":"hidden_by_limit"}`, "posted by Ann: (file not available)"},
		{"B13 external", `{"id":"F1","mode":"external","is_external":true,"title":"Plan","url_private":"https://docs.example.org/1","permalink_public":"https://slack-files.com/p"}`, "posted by Ann: Plan (https://docs.example.org/1)"},
		{"B13 canvas", `{"id":"F1","mode":"canvas","title":"Notes","permalink":"https://lab.slack.com/docs/1","permalink_public":"https://slack-files.com/p"}`, "posted by Ann: Notes (https://lab.slack.com/docs/1)"},
		{"B13 post", `{"id":"F1","mode":"post","title":"T","preview":"a < b"}`, "posted by Ann: T\n\na < b"},
		{"B13 snippet", `{"id":"F1","mode":"snippet","name":"a.go"}`, "posted by Ann:  [a.go]"},
		{"B15 audio", `{"id":"F1","mode":"hosted","name":"audio.webm","mimetype":"audio/webm","subtype":"slack_audio","duration_ms":7000,"transcription":{"status":"complete","preview":{"content":"hello there"}}}`, "posted by Ann: “hello there” [audio.m4a]"},
	} {
		event := `{"type":"message","subtype":"file_share","channel":"C1","user":"U1","ts":"17.1","text":"","files":[` + x.file + `]}`
		got := chattest.Brief(offline(t, nil).Convert(t.Context(), wire.Callback{Event: []byte(event)})...)
		if got != x.want || strings.Contains(got, "slack-files.com") {
			t.Errorf("%s became %q, want %q", x.name, got, x.want)
		}
	}
	voice := wire.File{Name: "a.webm", Type: "audio/webm", Subtype: "slack_audio", Duration: 7000}.File()
	if voice.Kind != chat.Voice || voice.Duration != 7*time.Second || voice.Type != "audio/mp4" {
		t.Errorf("a clip is %+v", voice)
	}
	if p := (wire.File{Name: "a.png", Type: "image/png", Width: 3, Height: 2}).File(); p.Kind != chat.Picture || p.Width != 3 || p.Height != 2 {
		t.Errorf("a picture is %+v", p)
	}
}
