package slack

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/chat/chattest"
	"hashsend/cmd/hashsend/e2e/lab"
	"hashsend/connectors/slack"
	"hashsend/connectors/slack/slacktest"
	"hashsend/connectors/slack/slacktext"
)

// emulator is Slack's Web API as other people have rebuilt it, with a channel of
// its own. It delivers no events: the test does so in its place, as Slack would.
type emulator struct {
	t       *testing.T
	api     string
	listen  string
	alice   string // user id
	name    string
	channel string
	events  int
}

const (
	emulatedBot   = "xoxb-emulated-bot"
	emulatedAlice = "xoxp-emulated-alice"
)

func startEmulator(t *testing.T) *emulator {
	t.Helper()
	seed := filepath.Join(t.TempDir(), "seed.yaml")
	if err := os.WriteFile(seed, []byte(`slack:
  team: {name: Lab, domain: lab}
  users: [{name: alice, real_name: Alice Example, email: alice@example.test}]
  oauth_apps: [{client_id: "1.2", client_secret: x, app_id: A0EMULATED, name: hashsend, redirect_uris: [], bot_id: B0EMULATED, bot_user_id: U0EMULATED, bot_name: hashsend}]
  tokens:
    - {token: `+emulatedBot+`, type: bot, user_id: U0EMULATED, bot_user_id: U0EMULATED, bot_id: B0EMULATED, app_id: A0EMULATED}
    - {token: `+emulatedAlice+`, type: user, user: alice}
`), 0o600); err != nil {
		t.Fatal(err)
	}
	port := lab.Port(t)
	lab.Node(t, nil, "emulate/dist/index.js", "start", "--service", "slack", "--port", fmt.Sprint(port), "--seed", seed)
	e := &emulator{t: t, api: fmt.Sprintf("http://localhost:%d/api/", port)}
	lab.Wait(t, "the emulator", soon, func() bool {
		resp, err := http.Post(e.api+"api.test", "application/x-www-form-urlencoded", nil)
		if err == nil {
			resp.Body.Close()
		}
		return err == nil
	})
	e.alice = e.call(emulatedAlice, "auth.test", nil)["user_id"].(string)
	return e
}

// call calls a method, which must succeed.
func (e *emulator) call(token, method string, args url.Values) map[string]any {
	e.t.Helper()
	req, err := http.NewRequestWithContext(e.t.Context(), http.MethodPost, e.api+method, strings.NewReader(args.Encode()))
	if err != nil {
		e.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		e.t.Fatal(err)
	}
	defer resp.Body.Close()
	var out map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil || out["ok"] != true {
		e.t.Fatalf("%s: %v %v", method, out, err)
	}
	return out
}

// open makes a channel with the bot in it.
func (e *emulator) open(name string) {
	e.t.Helper()
	made := e.call(emulatedAlice, "conversations.create", url.Values{"name": {name}})
	e.name = name
	e.channel = made["channel"].(map[string]any)["id"].(string)
	e.call(emulatedBot, "conversations.join", url.Values{"channel": {e.channel}})
	e.listen = fmt.Sprintf("127.0.0.1:%d", lab.Port(e.t))
}

// deliver posts an event as Slack does, again and again until it is taken.
func (e *emulator) deliver(event map[string]any) {
	e.t.Helper()
	e.events++
	body, err := json.Marshal(map[string]any{"type": "event_callback", "team_id": "T000000001", "api_app_id": "A0EMULATED", "event_id": fmt.Sprintf("Ev%s%d", e.channel, e.events), "event_time": time.Now().Unix(), "event": event})
	if err != nil {
		e.t.Fatal(err)
	}
	go func() {
		for e.t.Context().Err() == nil && !e.post(body) {
			time.Sleep(200 * time.Millisecond)
		}
	}()
}

func (e *emulator) post(body []byte) bool {
	req, err := http.NewRequestWithContext(e.t.Context(), http.MethodPost, "http://"+e.listen+"/slack", bytes.NewReader(body))
	if err != nil {
		return false
	}
	stamp, signature := slacktest.Sign("emulated-secret", time.Now(), body)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Slack-Request-Timestamp", stamp)
	req.Header.Set("X-Slack-Signature", signature)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// say posts as Alice and delivers the event.
func (e *emulator) say(text string) (ts string) { return e.sayUnder("", text) }

// sayUnder does so in the thread of a message.
func (e *emulator) sayUnder(root, text string) (ts string) {
	e.t.Helper()
	in := url.Values{"channel": {e.channel}, "text": {text}}
	event := map[string]any{"type": "message", "channel": e.channel, "channel_type": "channel", "user": e.alice, "text": text}
	if root != "" {
		in.Set("thread_ts", root)
		event["thread_ts"] = root
	}
	ts = e.call(emulatedAlice, "chat.postMessage", in)["ts"].(string)
	event["ts"], event["event_ts"] = ts, ts
	e.deliver(event)
	return ts
}

// emulated is a chattest.Fixture.
type emulated struct{ *emulator }

func (f emulated) Connect(t *testing.T) chat.Connector {
	t.Helper()
	c, err := slack.Open(slack.Config{BotToken: emulatedBot, SigningSecret: "emulated-secret", Listen: f.listen, URL: "http://" + f.listen + "/slack", APIURL: f.api},
		chat.Env{Name: "slack", Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (f emulated) Place() chat.Place { return chat.Place{Room: chat.RoomID(f.channel)} }

func (f emulated) Say(t *testing.T, text string) chat.MessageID {
	t.Helper()
	return chat.MessageID(f.channel + ":" + f.say(text))
}

func (f emulated) Read(t *testing.T) (lines []chattest.Line) {
	t.Helper()
	in := url.Values{"channel": {f.channel}, "limit": {"200"}}
	for _, m := range slices.Backward(f.messages("conversations.history", in)) {
		lines = append(lines, f.line(m))
		if m["reply_count"] == nil {
			continue
		}
		in.Set("ts", m["ts"].(string))
		for _, answer := range f.messages("conversations.replies", in)[1:] {
			lines = append(lines, f.line(answer))
		}
	}
	return lines
}

// What the contract needs for the abilities of the connector; Untried says what the
// emulator cannot do.
var (
	_ chattest.Partial   = emulated{}
	_ chattest.Files     = emulated{}
	_ chattest.Reactions = emulated{}
	_ chattest.States    = emulated{}
	_ chattest.Removes   = emulated{}
	_ chattest.Describes = emulated{}
	_ chattest.Threads   = emulated{}
	_ chattest.Invites   = emulated{}
	_ chattest.Signs     = emulated{}
)

func (f emulated) Untried(ability string) string {
	switch ability {
	case "Troubled":
		return "by the Events API Slack calls us: that it does not cannot be noticed"
	case "Prompter", "Pager", "Setter":
		return "the emulator sends nothing to an app; what people type and press beside messages is tried on the stand-in"
	}
	return ""
}

func (f emulated) Description(*testing.T) chat.Description {
	return chat.Description{Name: "#" + f.name, Members: 1}
}

func (f emulated) Invite(*testing.T) chat.RoomID {
	made := f.call(emulatedAlice, "conversations.create", url.Values{"name": {fmt.Sprintf("other%d", time.Now().UnixNano())}})
	return chat.RoomID(made["channel"].(map[string]any)["id"].(string))
}

func (f emulated) Inside(_ *testing.T, room chat.RoomID) bool {
	in := f.call(emulatedAlice, "conversations.members", url.Values{"channel": {string(room)}})
	members, _ := in["members"].([]any)
	return slices.Contains(members, any("U0EMULATED"))
}

func (f emulated) Signs(t *testing.T) (all []string) {
	t.Helper()
	items, _ := f.call(emulatedAlice, "pins.list", url.Values{"channel": {f.channel}})["items"].([]any)
	for _, v := range items {
		all = append(all, f.line(v.(map[string]any)["message"].(map[string]any)).Text)
	}
	return all
}

// message is a message as the emulator tells it.
func (f emulated) message(t *testing.T, id chat.MessageID) map[string]any {
	t.Helper()
	for _, m := range f.messages("conversations.history", url.Values{"channel": {f.channel}, "limit": {"200"}}) {
		if f.line(m).ID == id {
			return m
		}
	}
	t.Fatalf("there is no message %s", id)
	return nil
}

func (f emulated) Reactions(t *testing.T, id chat.MessageID) (all []string) {
	t.Helper()
	list, _ := f.message(t, id)["reactions"].([]any)
	for _, v := range list {
		reaction := v.(map[string]any)
		users, _ := reaction["users"].([]any)
		emoji, _ := slacktext.EmojiOf(reaction["name"].(string))
		for range users {
			all = append(all, emoji)
		}
	}
	return all
}

func (f emulated) States(t *testing.T, id chat.MessageID) []string {
	t.Helper()
	return f.Reactions(t, id)
}

func (f emulated) Remove(_ *testing.T, id chat.MessageID) {
	_, ts, _ := strings.Cut(string(id), ":")
	f.call(emulatedAlice, "chat.delete", url.Values{"channel": {f.channel}, "ts": {ts}})
}

func (f emulated) SayUnder(_ *testing.T, root chat.MessageID, text string) chat.MessageID {
	_, ts, _ := strings.Cut(string(root), ":")
	return chat.MessageID(f.channel + ":" + f.sayUnder(ts, text))
}

func (f emulated) ReadUnder(t *testing.T, root chat.MessageID) (lines []chattest.Line) {
	t.Helper()
	_, ts, _ := strings.Cut(string(root), ":")
	for _, m := range f.messages("conversations.replies", url.Values{"channel": {f.channel}, "ts": {ts}}) {
		if l := f.line(m); l.ID != root {
			lines = append(lines, l)
		}
	}
	return lines
}

// SayFile shares a file as Alice, in the three steps of Slack's clients, and delivers
// the event.
func (f emulated) SayFile(t *testing.T, name string, data []byte) chat.MessageID {
	t.Helper()
	up := f.call(emulatedAlice, "files.getUploadURLExternal", url.Values{"filename": {name}, "length": {fmt.Sprint(len(data))}})
	resp, err := http.Post(up["upload_url"].(string), "application/octet-stream", bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("the bytes were answered with %s", resp.Status)
	}
	id := up["file_id"].(string)
	f.call(emulatedAlice, "files.completeUploadExternal", url.Values{"files": {fmt.Sprintf(`[{"id":%q,"title":%q}]`, id, name)}, "channel_id": {f.channel}})
	for _, m := range f.messages("conversations.history", url.Values{"channel": {f.channel}}) {
		if list, _ := m["files"].([]any); len(list) == 1 && list[0].(map[string]any)["id"] == id {
			event := maps.Clone(m)
			event["type"], event["subtype"], event["channel"], event["channel_type"], event["event_ts"] = "message", "file_share", f.channel, "channel", m["ts"]
			f.deliver(event)
			return chat.MessageID(f.channel + ":" + m["ts"].(string))
		}
	}
	t.Fatal("the file does not stand in the channel")
	return ""
}

// ReadFile opens the file of a message as Alice.
func (f emulated) ReadFile(t *testing.T, id chat.MessageID) (string, []byte) {
	t.Helper()
	for _, m := range f.messages("conversations.history", url.Values{"channel": {f.channel}}) {
		list, _ := m["files"].([]any)
		if f.line(m).ID != id || len(list) != 1 {
			continue
		}
		file := list[0].(map[string]any)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, file["url_private_download"].(string), nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+emulatedAlice)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		data, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("the file cannot be read: %s, %v", resp.Status, err)
		}
		return file["name"].(string), data
	}
	t.Fatal("the file does not stand in the channel")
	return "", nil
}

func (e *emulator) messages(method string, in url.Values) (all []map[string]any) {
	e.t.Helper()
	list, _ := e.call(emulatedAlice, method, in)["messages"].([]any)
	for _, v := range list {
		all = append(all, v.(map[string]any))
	}
	return all
}

// line is what Alice sees of a message.
func (e *emulator) line(m map[string]any) chattest.Line {
	e.t.Helper()
	blocks, err := json.Marshal(m["blocks"])
	if err != nil {
		e.t.Fatal(err)
	}
	text, _ := m["text"].(string)
	if m["blocks"] != nil {
		text = lab.Shown(text, blocks)
	}
	name, _ := m["username"].(string)
	if m["user"] == e.alice {
		name = "Alice Example"
	}
	return chattest.Line{ID: chat.MessageID(e.channel + ":" + m["ts"].(string)), Author: name, Text: text}
}

// The connector keeps its contract with a server of other people.
func TestContractOnAnEmulator(t *testing.T) {
	rooms := 0
	e := startEmulator(t)
	chattest.Run(t, func(t *testing.T) chattest.Fixture {
		rooms++
		own := *e
		own.t = t
		own.open(fmt.Sprintf("lounge%d", rooms))
		return emulated{&own}
	})
}

// The whole program talks through it, reads the root of an old thread (B3) and finds
// whom a mail mentions (C41).
func TestConversationOnAnEmulator(t *testing.T) {
	e := startEmulator(t)
	e.open("lunch")
	s := &scene{t: t, mail: lab.Dovecot(t), bridge: lab.NewBridge(t, false)}
	s.bridge.Slack = fmt.Sprintf("slack:\n  - {bot_token: %s, signing_secret: emulated-secret, url: 'http://%s/slack', listen: '%s', api_url: '%s'}", emulatedBot, e.listen, e.listen, e.api)
	s.bridge.Configure("", s.mail.Mailbox(""), "hold: {quiet: 300ms, max: 2s, live: 100ms}\n")
	s.bridge.Run()
	s.bridge.Running()
	old := e.say("said before the link")
	time.Sleep(1100 * time.Millisecond) // moments are compared with a second to spare
	s.bridge.Admin("--room", "slack/"+e.channel, "link", "bob@example.test", "title", "Lunch", "yes")
	e.sayUnder(old, "still true")
	if m := s.gets("bob", "still true"); !strings.Contains(m.Text, "> a message posted before this room was linked") || strings.Contains(m.Text, "said before the link") {
		t.Errorf("the mail says %q, want it to say what it answers, and no word of that", m.Text)
	}
	lunch := e.say("Lunch at twelve?")
	m := s.gets("bob", "Lunch at twelve?")
	if m.From[0].Name != "alice (Acme)" {
		t.Errorf("the mail is from %v", m.From)
	}
	s.bridge.Kill()
	e.say("said while the bridge was away")
	s.answers("bob", m, "Yes, in the garden. @alice?")
	s.bridge.Run()
	s.gets("bob", "said while the bridge was away")
	lab.Wait(t, "the answer in the channel", soon, func() bool {
		return slices.ContainsFunc(emulated{e}.Read(t), func(l chattest.Line) bool {
			return l.Author == "bob (email)" && strings.HasPrefix(l.Text, "Yes, in the garden.")
		})
	})
	for _, m := range e.messages("conversations.replies", url.Values{"channel": {e.channel}, "ts": {lunch}}) {
		blocks, err := json.Marshal(m["blocks"])
		if text, _ := m["text"].(string); err != nil || (strings.HasPrefix(text, "Yes, in the garden.") && !strings.Contains(string(blocks), `"user_id":"`+e.alice+`"`)) {
			t.Errorf("%q mentions nobody: %s, %v", text, blocks, err)
		}
	}
}
