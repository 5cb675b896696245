package slacktest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
	"github.com/slack-go/slack/socketmode"

	"hashsend/connectors/slack/slacktest"
)

// workspace is a stand-in with a person and a channel.
type workspace struct {
	*slacktest.Server
	alice, lounge string
}

func start(t *testing.T) *workspace {
	t.Helper()
	s, err := slacktest.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	w := &workspace{Server: s}
	w.alice = s.Person(slacktest.User{Name: "alice", Real: "Alice Example"})
	w.lounge = s.Open(slacktest.Channel{Name: "lounge"}, w.alice, slacktest.BotUser)
	return w
}

func (w *workspace) client() *slack.Client {
	return slack.New(slacktest.BotToken, slack.OptionAppLevelToken(slacktest.AppToken), slack.OptionAPIURL(w.API()))
}

// call calls a method as a form and returns the answer.
func (w *workspace) call(t *testing.T, method, token string, args url.Values) (map[string]any, *http.Response) {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, w.API()+method, strings.NewReader(args.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var out map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out, resp
}

// The errors that Slack documents, each provoked.
func TestErrors(t *testing.T) {
	w := start(t)
	w.Unlimited()
	c := w.lounge
	archived := w.Open(slacktest.Channel{Name: "old"}, w.alice, slacktest.BotUser)
	w.Archive(archived, true)
	private := w.Open(slacktest.Channel{Name: "secret", Private: true}, w.alice)
	foreign := w.Open(slacktest.Channel{Name: "foreign"}, w.alice)
	bo := w.Person(slacktest.User{Name: "bo"})
	said := w.Say(w.alice, c, "said by a person")
	many := "[" + strings.Repeat(`{"type":"divider"},`, 50) + `{"type":"divider"}]`
	for _, x := range []struct {
		method, token string
		args          url.Values
		want          string
	}{
		{"auth.test", "", nil, "not_authed"},
		{"auth.test", "xoxb-wrong", nil, "invalid_auth"},
		{"auth.test", slacktest.AppToken, nil, "not_allowed_token_type"},
		{"apps.connections.open", slacktest.BotToken, nil, "not_allowed_token_type"},
		{"chat.postMessage", slacktest.UserToken, form("channel", c, "text", "x"), "not_allowed_token_type"},
		{"chat.postMassage", slacktest.BotToken, nil, "unknown_method"},
		{"chat.postMessage", slacktest.BotToken, form("channel", c), "no_text"},
		{"chat.postMessage", slacktest.BotToken, form("text", "x"), "channel_not_found"},
		{"chat.postMessage", slacktest.BotToken, form("channel", private, "text", "x"), "channel_not_found"},
		{"chat.postMessage", slacktest.BotToken, form("channel", foreign, "text", "x"), "not_in_channel"},
		{"chat.postMessage", slacktest.BotToken, form("channel", archived, "text", "x"), "is_archived"},
		{"chat.postMessage", slacktest.BotToken, form("channel", c, "text", "x", "thread_ts", "1.000001"), "thread_not_found"},
		{"chat.postMessage", slacktest.BotToken, form("channel", c, "blocks", "{"), "invalid_blocks_format"},
		{"chat.postMessage", slacktest.BotToken, form("channel", c, "blocks", many), "invalid_blocks"},
		{"chat.postMessage", slacktest.BotToken, form("channel", c, "blocks", `[{"type":"hologram"}]`), "invalid_blocks"},
		{"chat.postMessage", slacktest.BotToken, form("channel", c, "blocks", `[{"type":"input","label":{"type":"plain_text","text":"x"}}]`), "invalid_blocks"},
		{"chat.postMessage", slacktest.BotToken, form("channel", c, "blocks", `[{"type":"section"}]`), "invalid_blocks"},
		{"chat.postMessage", slacktest.BotToken, form("channel", c, "blocks", `[{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":""}]}]}]`), "invalid_blocks"},
		{"chat.postMessage", slacktest.BotToken, form("channel", c, "text", "x", "metadata", `{"event_type":"y"}`), "invalid_metadata_format"},
		{"chat.postEphemeral", slacktest.BotToken, form("channel", c, "text", "x", "user", bo), "user_not_in_channel"},
		{"chat.postEphemeral", slacktest.BotToken, form("channel", c, "text", "x", "user", "U404"), "user_not_found"},
		{"chat.update", slacktest.BotToken, form("channel", c, "ts", said, "text", "x"), "cant_update_message"},
		{"chat.update", slacktest.BotToken, form("channel", c, "ts", "1.1", "text", "x"), "message_not_found"},
		{"chat.delete", slacktest.BotToken, form("channel", c, "ts", said), "cant_delete_message"},
		{"chat.delete", slacktest.BotToken, form("channel", c, "ts", "1.1"), "message_not_found"},
		{"conversations.history", slacktest.BotToken, form("channel", c, "limit", "0"), "invalid_limit"},
		{"conversations.history", slacktest.BotToken, form("channel", c, "cursor", "hello"), "invalid_cursor"},
		{"conversations.history", slacktest.BotToken, form("channel", c, "oldest", "yesterday"), "invalid_ts_oldest"},
		{"conversations.history", slacktest.BotToken, form("channel", foreign), "not_in_channel"},
		{"conversations.replies", slacktest.BotToken, form("channel", c, "ts", "1.1"), "thread_not_found"},
		{"conversations.join", slacktest.BotToken, form("channel", archived), "is_archived"},
		{"conversations.open", slacktest.BotToken, nil, "users_list_not_supplied"},
		{"users.info", slacktest.BotToken, form("user", "U404"), "user_not_found"},
		{"users.conversations", slacktest.BotToken, form("user", "U404"), "user_not_found"},
		{"users.conversations", slacktest.BotToken, form("types", "channels"), "invalid_types"},
		{"reactions.add", slacktest.BotToken, form("channel", c, "timestamp", said, "name", "not a name"), "invalid_name"},
		{"reactions.remove", slacktest.BotToken, form("channel", c, "timestamp", said, "name", "+1"), "no_reaction"},
		{"pins.remove", slacktest.BotToken, form("channel", c, "timestamp", said), "no_pin"},
		{"views.open", slacktest.BotToken, form("trigger_id", "1.2", "view", "{}"), "invalid_trigger_id"},
		{"views.publish", slacktest.BotToken, form("user_id", "U404"), "user_not_found"},
		{"views.publish", slacktest.BotToken, form("user_id", w.alice, "view", `{"type":"modal","blocks":[]}`), "invalid_arguments"},
		{"views.publish", slacktest.BotToken, form("user_id", w.alice, "view", picking(`[]`, ``)), "invalid_arguments"},
		{"views.publish", slacktest.BotToken, form("user_id", w.alice, "view", picking(`[`+option(strings.Repeat("x", 76))+`]`, ``)), "invalid_arguments"},
		{"views.publish", slacktest.BotToken, form("user_id", w.alice, "view", picking(`[`+option("a")+`]`, `,"initial_option":`+option("b"))), "invalid_arguments"},
		{"views.publish", slacktest.BotToken, form("user_id", w.alice, "view", picking(`[`+option("a")+strings.Repeat(","+option("a"), 100)+`]`, ``)), "invalid_arguments"},
	} {
		got, _ := w.call(t, x.method, x.token, x.args)
		if got["ok"] != false || got["error"] != x.want {
			t.Errorf("%s %v: %v %v, want %s", x.method, x.args, got["ok"], got["error"], x.want)
		}
	}
}

// A post of the app can be edited, but not at any length; a token needs its scopes, and
// has to be valid.
func TestErrorsOfOwnPosts(t *testing.T) {
	w := start(t)
	w.Unlimited()
	c := w.lounge
	own, _ := w.call(t, "chat.postMessage", slacktest.BotToken, form("channel", c, "text", "x"))
	long, _ := w.call(t, "chat.update", slacktest.BotToken, form("channel", c, "ts", own["ts"].(string), "text", strings.Repeat("x", 4001)))
	if long["error"] != "msg_too_long" {
		t.Errorf("an edit with 4,001 characters: %v", long)
	}
	w.Allow("users:read")
	if got, _ := w.call(t, "chat.postMessage", slacktest.BotToken, form("channel", c, "text", "x")); got["error"] != "missing_scope" || got["needed"] != "chat:write" || got["provided"] != "users:read" {
		t.Errorf("without the scope: %v", got)
	}
	w.Revoke("token_revoked")
	if got, _ := w.call(t, "users.info", slacktest.BotToken, form("user", w.alice)); got["error"] != "token_revoked" {
		t.Errorf("with a token that was taken back: %v", got)
	}
}

// form makes arguments of pairs of names and values.
func form(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v
}

// Too many calls get 429 and how long to wait, by method and for posts by channel.
func TestRateLimits(t *testing.T) {
	w := start(t)
	other := w.Open(slacktest.Channel{Name: "other"}, w.alice, slacktest.BotUser)
	c := w.client()
	post := func(channel string) error {
		_, _, err := c.PostMessage(channel, slack.MsgOptionText("x", false))
		return err
	}
	var limited *slack.RateLimitedError
	for n := 0; !errors.As(post(w.lounge), &limited); n++ {
		if n > 10 {
			t.Fatal("posts are not limited")
		}
	}
	if limited.RetryAfter < time.Second || limited.RetryAfter > 2*time.Second {
		t.Errorf("the pause is %v", limited.RetryAfter)
	}
	if err := post(other); err != nil {
		t.Errorf("another channel: %v", err)
	}
	for n := 0; ; n++ {
		if _, _, err := c.ListPins(w.lounge); errors.As(err, &limited) {
			break
		}
		if n > 25 {
			t.Fatal("a method of tier 2 is not limited")
		}
	}
}

// textOf returns the text of a message event.
func textOf(t *testing.T, ev socketmode.Event) string {
	inner := ev.Data.(slackevents.EventsAPIEvent).InnerEvent
	m, is := inner.Data.(*slackevents.MessageEvent)
	if !is {
		t.Errorf("%T came", inner.Data)
		return ""
	}
	return m.Text
}

// openOnce opens a dialog, which the same trigger does only once.
func openOnce(t *testing.T, c *slack.Client, trigger string) {
	if _, err := c.OpenView(trigger, slack.ModalViewRequest{
		Type: slack.VTModal, Title: slack.NewTextBlockObject("plain_text", "Hi", false, false), Submit: slack.NewTextBlockObject("plain_text", "Go", false, false),
		Blocks: slack.Blocks{BlockSet: []slack.Block{slack.NewInputBlock("b", slack.NewTextBlockObject("plain_text", "Name", false, false), nil, slack.NewPlainTextInputBlockElement(nil, "a"))}},
	}); err != nil {
		t.Error(err)
	}
	if _, err := c.OpenView(trigger, slack.ModalViewRequest{Type: slack.VTModal}); err == nil || err.Error() != "exchanged_trigger_id" {
		t.Errorf("a trigger used twice: %v", err)
	}
}

// slack-go's own client of Socket Mode takes everything, and what it does not
// acknowledge comes again, to one of its connections.
func TestSocketMode(t *testing.T) {
	w := start(t)
	w.Patience, w.Again = 200*time.Millisecond, []time.Duration{0, 0, 0}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var mu sync.Mutex
	var got []string
	times := map[string]int{}
	client := socketmode.New(w.client())
	ended := make(chan struct{})
	go func() { defer close(ended); client.RunContext(ctx) }() //nolint:errcheck // it ends with ctx
	note := func(what string) {
		mu.Lock()
		defer mu.Unlock()
		got = append(got, what)
	}
	go func() {
		for ev := range client.Events {
			switch ev.Type {
			case socketmode.EventTypeHello:
				note("hello")
			case socketmode.EventTypeEventsAPI:
				said := textOf(t, ev)
				mu.Lock()
				times[said]++
				again := said == "again" && times[said] < 3
				mu.Unlock()
				note("message " + said)
				if !again {
					client.Ack(*ev.Request) //nolint:errcheck // it comes again
				}
			case socketmode.EventTypeSlashCommand:
				note("command " + ev.Data.(slack.SlashCommand).Text)
				client.Ack(*ev.Request, map[string]any{"text": "hi"}) //nolint:errcheck // it comes again
			case socketmode.EventTypeInteractive:
				cb := ev.Data.(slack.InteractionCallback)
				note("interaction " + string(cb.Type))
				client.Ack(*ev.Request) //nolint:errcheck // it comes again
				if cb.Type == slack.InteractionTypeShortcut {
					openOnce(t, &client.Client, cb.TriggerID)
				}
			}
		}
	}()
	has := func(what string) func() bool {
		return func() bool {
			mu.Lock()
			defer mu.Unlock()
			return slices.Contains(got, what)
		}
	}
	soon(t, has("hello"))
	w.Say(w.alice, w.lounge, "once")
	soon(t, has("message once"))
	w.Say(w.alice, w.lounge, "again")
	soon(t, func() bool { mu.Lock(); defer mu.Unlock(); return times["again"] == 3 })
	if !w.Slash(w.alice, w.lounge, "/send", "status") {
		t.Error("the command was not taken")
	}
	if !w.Shortcut(w.alice, "any") {
		t.Error("the shortcut was not taken")
	}
	soon(t, func() bool { return w.Modal(w.alice) != nil })
	if _, taken := w.Submit(w.alice, map[string]string{"b": "Ann"}); !taken {
		t.Error("the dialog was not taken")
	}
	for _, want := range []string{"command status", "interaction shortcut", "interaction view_submission"} {
		soon(t, has(want))
	}
	mu.Lock()
	if times["once"] != 1 {
		t.Errorf("an acknowledged message came %d times", times["once"])
	}
	mu.Unlock()
	cancel()
	<-ended
}

func soon(t *testing.T, is func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it did not happen")
		}
	}
}

// Requests of the Events API are signed, parsed by slack-go, and repeated three
// times with a number and a reason.
func TestEventsAPI(t *testing.T) {
	w := start(t)
	w.Patience, w.Again = 300*time.Millisecond, []time.Duration{0, 0, 0}
	var mu sync.Mutex
	var retries []string
	status := http.StatusInternalServerError
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		v, err := slack.NewSecretsVerifier(r.Header, slacktest.SigningSecret)
		if err == nil {
			_, err = v.Write(body)
		}
		if err = errors.Join(err, v.Ensure()); err != nil {
			t.Errorf("slack-go refuses the signature: %v", err)
		}
		if !bytes.HasPrefix(body, []byte("{")) {
			rw.WriteHeader(http.StatusOK)
			return
		}
		ev, err := slackevents.ParseEvent(body, slackevents.OptionNoVerifyToken())
		if err != nil {
			t.Errorf("slack-go cannot read it: %v", err)
		}
		if ev.Type == slackevents.URLVerification {
			fmt.Fprint(rw, ev.Data.(*slackevents.EventsAPIURLVerificationEvent).Challenge)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		retries = append(retries, r.Header.Get("X-Slack-Retry-Num")+r.Header.Get("X-Slack-Retry-Reason"))
		rw.WriteHeader(status)
	}))
	defer srv.Close()
	if err := w.UseEvents(srv.URL + "/nothing/there/refuses"); err != nil {
		t.Fatal(err)
	}
	w.Say(w.alice, w.lounge, "hello")
	count := func(n int) func() bool {
		return func() bool { mu.Lock(); defer mu.Unlock(); return len(retries) == n }
	}
	soon(t, count(4))
	mu.Lock()
	if want := []string{"", "1http_error", "2http_error", "3http_error"}; !slices.Equal(retries, want) {
		t.Errorf("the attempts are %q, want %q", retries, want)
	}
	status = http.StatusOK
	mu.Unlock()
	w.Say(w.alice, w.lounge, "hello again")
	soon(t, count(5))
	if !w.Slash(w.alice, w.lounge, "/send", "status") {
		t.Error("the command was not taken")
	}
	bad := httptest.NewServer(http.NotFoundHandler())
	defer bad.Close()
	if err := w.UseEvents(bad.URL); err == nil {
		t.Error("an address that does not answer the challenge was taken")
	}
}

// The history has pages, threads, metadata by scope, and tombstones.
func TestHistory(t *testing.T) {
	w := start(t)
	w.Unlimited()
	c := w.client()
	root := w.Say(w.alice, w.lounge, "root")
	w.Say(w.alice, w.lounge, "answer", slacktest.Said{Thread: root})
	w.Say(w.alice, w.lounge, "for all", slacktest.Said{Thread: root, Broadcast: true})
	if _, _, err := c.PostMessage(w.lounge, slack.MsgOptionText("ours", false), slack.MsgOptionUsername("Ann"), slack.MsgOptionMetadata(slack.SlackMetadata{EventType: "e", EventPayload: map[string]any{"key": "k"}})); err != nil {
		t.Fatal(err)
	}
	read := func(p *slack.GetConversationHistoryParameters) (all []string, more bool) {
		p.ChannelID = w.lounge
		h, err := c.GetConversationHistory(p)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range h.Messages {
			key, _ := m.Metadata.EventPayload["key"].(string)
			all = append(all, m.Text+key)
		}
		return all, h.HasMore
	}
	if got, more := read(&slack.GetConversationHistoryParameters{IncludeAllMetadata: true, Limit: 2}); !slices.Equal(got, []string{"oursk", "for all"}) || !more {
		t.Errorf("the first page is %q", got)
	}
	w.Remove(w.lounge, root)
	got, _ := read(&slack.GetConversationHistoryParameters{})
	if !slices.Equal(got, []string{"ours", "for all", "This message was deleted."}) {
		t.Errorf("without asking for metadata, and after the root was deleted: %q", got)
	}
	answers, _, _, err := c.GetConversationReplies(&slack.GetConversationRepliesParameters{ChannelID: w.lounge, Timestamp: root})
	if err != nil || len(answers) != 3 || answers[0].SubType != "tombstone" {
		t.Errorf("the thread is %+v, %v", answers, err)
	}
}

// picking is a view with a menu.
func picking(options, more string) string {
	return `{"type":"home","blocks":[{"type":"input","label":{"type":"plain_text","text":"x"},"element":{"type":"static_select","action_id":"a","options":` + options + more + `}}]}`
}

func option(text string) string {
	return fmt.Sprintf(`{"value":%q,"text":{"type":"plain_text","text":%[1]q}}`, text)
}
