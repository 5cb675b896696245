package slack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/chat/chattest"
	"hashsend/connectors/slack/receive"
	"hashsend/connectors/slack/slacktest"
)

// book is a chat.Handler that notes what is stored, each event once, and catches
// up at a gap as the bridge does.
type book struct {
	c     *Connector
	rooms []string

	mu     sync.Mutex
	seen   map[chat.EventID]bool
	events []chat.Event
	refuse error // instead of storing
}

func (b *book) handle(ctx context.Context, _ string, events ...chat.Event) error {
	for _, ev := range events {
		if _, is := ev.(chat.Gap); is { // alone, always
			for _, room := range b.rooms {
				if err := b.c.Backfill(ctx, chat.Place{Room: chat.RoomID(room)}, "", time.Now().Add(-time.Hour), b.handle); err != nil {
					return err
				}
			}
			return nil
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.refuse != nil {
		return b.refuse
	}
	for _, ev := range events {
		id := ev.EventHead().Event
		if id != "" && b.seen[id] {
			continue
		}
		b.seen[id] = true
		b.events = append(b.events, ev)
	}
	return nil
}

func (b *book) setRefuse(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refuse = err
}

// stored are the events so far, each in short.
func (b *book) stored() (all []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, ev := range b.events {
		all = append(all, chattest.Brief(ev))
	}
	return all
}

// until waits until an event in short contains want.
func (b *book) until(t testing.TB, want string) {
	t.Helper()
	soon(t, "the event "+want, func() bool {
		return slices.ContainsFunc(b.stored(), func(s string) bool { return strings.Contains(s, want) })
	})
}

// soon waits for something.
func soon(t testing.TB, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("there was no %s", what)
		}
	}
}

// run runs a connector until the test ends. rooms are those that are caught up.
func (l *lab) run(t testing.TB, rooms ...string) (*Connector, *book) {
	t.Helper()
	c := l.connect(t)
	b := &book{c: c, rooms: rooms, seen: map[chat.EventID]bool{}}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx, "", b.handle) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	soon(t, "connection", func() bool { return l.Sockets() == receive.Slots || l.cfg.AppToken == "" && l.reachable() })
	return c, b
}

func (l *lab) reachable() bool {
	resp, err := http.Get(l.cfg.URL)
	if err != nil {
		return false
	}
	return resp.Body.Close() == nil
}

// request posts a body to the connector as Slack would.
func (l *lab) request(t *testing.T, contentType string, body []byte, at time.Time, secret string) (status int, answer string) {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, l.cfg.URL, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	if secret != "" {
		stamp, sign := slacktest.Sign(secret, at, body)
		req.Header.Set("X-Slack-Request-Timestamp", stamp)
		req.Header.Set("X-Slack-Signature", sign)
	}
	req.Header.Set("X-Slack-Retry-Num", "1")
	req.Header.Set("X-Slack-Retry-Reason", "http_timeout")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(resp.Body); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, strings.TrimSpace(b.String())
}

// settling is how long an event waits for earlier ones before it is stored.
const settling = 200 * time.Millisecond

const (
	asJSON = "application/json"
	asForm = "application/x-www-form-urlencoded"
)

// What is not surely of Slack, or cannot be read, is refused and leaves nothing.
func TestRefusedRequests(t *testing.T) {
	l := newLab(t, false)
	_, b := l.run(t)
	good := fmt.Sprintf(`{"type":"event_callback","event_id":"Ev1","event":{"type":"message","channel":%q,"user":%q,"ts":"1700000000.000100","text":"hi"}}`, l.lounge, l.alice)
	now := time.Now()
	for _, c := range []struct {
		name, kind, body string
		at               time.Time
		secret           string
		want             int
	}{
		{"unsigned", asJSON, good, now, "", 401},
		{"another secret", asJSON, good, now, "another", 401},
		{"six minutes old", asJSON, good, now.Add(-6 * time.Minute), slacktest.SigningSecret, 401},
		{"six minutes ahead", asJSON, good, now.Add(6 * time.Minute), slacktest.SigningSecret, 401},
		{"oversized", asJSON, good + strings.Repeat(" ", 1<<20), now, slacktest.SigningSecret, 400},
		{"broken JSON", asJSON, good[:40], now, slacktest.SigningSecret, 400},
		{"no type", asJSON, `{"event":{}}`, now, slacktest.SigningSecret, 400},
		{"JSON of another kind", asJSON, `["hi"]`, now, slacktest.SigningSecret, 400},
		{"a form without anything", asForm, "a=b", now, slacktest.SigningSecret, 400},
		{"a broken form", asForm, "payload=%zz", now, slacktest.SigningSecret, 400},
		{"a payload that is no JSON", asForm, "payload=hello", now, slacktest.SigningSecret, 400},
		{"an empty body", asJSON, "", now, slacktest.SigningSecret, 400},
		{"no challenge", asJSON, `{"type":"url_verification"}`, now, slacktest.SigningSecret, 400},
	} {
		t.Run(c.name, func(t *testing.T) {
			if status, answer := l.request(t, c.kind, []byte(c.body), c.at, c.secret); status != c.want || answer == "" {
				t.Errorf("it was answered with %d %q, want %d and a reason", status, answer, c.want)
			}
		})
	}
	t.Run("changed after it was signed", func(t *testing.T) {
		stamp, sign := slacktest.Sign(slacktest.SigningSecret, now, []byte(good))
		req, err := http.NewRequest(http.MethodPost, l.cfg.URL, strings.NewReader(strings.Replace(good, "hi", "ho", 1)))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Slack-Request-Timestamp", stamp)
		req.Header.Set("X-Slack-Signature", sign)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != 401 {
			t.Errorf("it was answered with %d, want 401", resp.StatusCode)
		}
	})
	t.Run("GET", func(t *testing.T) {
		resp, err := http.Get(l.cfg.URL)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusMethodNotAllowed || resp.Header.Get("Allow") != "POST" {
			t.Errorf("it was answered with %d, want 405 with Allow", resp.StatusCode)
		}
	})
	if got := b.stored(); len(got) > 0 {
		t.Errorf("there was stored %q, want nothing", got)
	}
	// The same request is taken when it is right, and a retry is no reason to drop it.
	if status, answer := l.request(t, asJSON, []byte(good), now.Add(-4*time.Minute), slacktest.SigningSecret); status != 200 {
		t.Errorf("the good one was answered with %d %q", status, answer)
	}
	if got := b.stored(); !slices.Equal(got, []string{"posted by Alice Example: hi"}) {
		t.Errorf("there was stored %q, want the message though it came as a retry", got)
	}
}

func TestRequests(t *testing.T) {
	l := newLab(t, false)
	_, b := l.run(t)
	now := time.Now()
	if status, answer := l.request(t, asJSON, []byte(`{"type":"url_verification","challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"}`), now, slacktest.SigningSecret); status != 200 || answer != "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P" {
		t.Errorf("the challenge was answered with %d %q", status, answer)
	}
	if status, _ := l.request(t, asForm, []byte("ssl_check=1&token=x"), now, slacktest.SigningSecret); status != 200 {
		t.Errorf("the check of the certificate was answered with %d", status)
	}
	slash := url.Values{"command": {"/send"}, "text": {"status"}, "channel_id": {l.lounge}, "user_id": {l.alice}, "trigger_id": {"1.2"}}
	if status, answer := l.request(t, asForm+"; charset=utf-8", []byte(slash.Encode()), now, slacktest.SigningSecret); status != 200 || answer != "" {
		t.Errorf("the command was answered with %d %q, want nothing for all to see", status, answer)
	}
	if got := b.stored(); !slices.Equal(got, []string{"command of Alice Example: status"}) {
		t.Errorf("there was stored %q", got)
	}
	// What cannot be stored is not acknowledged, and taken when it comes again.
	b.setRefuse(errors.New("the disk is full"))
	event := []byte(fmt.Sprintf(`{"type":"event_callback","event_id":"Ev7","event":{"type":"message","channel":%q,"user":%q,"ts":"1700000000.000700","text":"keep me"}}`, l.lounge, l.alice))
	if status, answer := l.request(t, asJSON, event, now, slacktest.SigningSecret); status != 503 {
		t.Errorf("what could not be stored was answered with %d %q, want 503", status, answer)
	}
	b.setRefuse(nil)
	for range 2 { // and a repeat of it is one
		if status, answer := l.request(t, asJSON, event, now, slacktest.SigningSecret); status != 200 {
			t.Errorf("the retry was answered with %d %q", status, answer)
		}
	}
	if got := b.stored(); len(got) != 2 || got[1] != "posted by Alice Example: keep me" {
		t.Errorf("there was stored %q, want the message once", got)
	}
	// Of a type that nobody knows: kept and acknowledged.
	if status, _ := l.request(t, asJSON, []byte(`{"type":"event_callback","event_id":"Ev8","event":{"type":"hologram"}}`), now, slacktest.SigningSecret); status != 200 {
		t.Errorf("an event of a new type was answered with %d", status)
	}
	if status, _ := l.request(t, asJSON, []byte(`{"type":"novelty"}`), now, slacktest.SigningSecret); status != 200 {
		t.Errorf("a request of a new type was answered with %d", status)
	}
	if got := b.stored(); !slices.Equal(got[2:], []string{"kept hologram", "kept events_api"}) {
		t.Errorf("there was stored %q", got[2:])
	}
}

// A connection is renewed without a gap: the new one is open before the old one ends.
// (EVENTS 6.3)
func TestSocketsAreRenewed(t *testing.T) {
	for _, reason := range []string{"warning", "refresh_requested"} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			l := newLab(t, true)
			_, b := l.run(t)
			opened := l.Calls("apps.connections.open")
			l.Disconnect(reason)
			for n := range 20 {
				l.Say(l.alice, l.lounge, fmt.Sprintf("word %02d", n))
				time.Sleep(2 * time.Millisecond)
			}
			b.until(t, "word 19")
			soon(t, "new connection", func() bool { return l.Calls("apps.connections.open") > opened && l.Sockets() == receive.Slots })
			if got := b.stored(); len(got) != 20 {
				t.Errorf("%d of 20 messages were stored: %q", len(got), got)
			}
		})
	}
}

// S13: at the warning another connection is opened, while the old one is still read.
func TestDisconnectFixture(t *testing.T) {
	l := newLab(t, true)
	_, b := l.run(t)
	opened := l.Calls("apps.connections.open")
	l.Frame(chattest.Payload(t, "slack", "S13"))
	soon(t, "new connection beside the old ones", func() bool { return l.Calls("apps.connections.open") == opened+1 && l.Sockets() == receive.Slots+1 })
	for n := range 9 { // over the old ones, too
		l.Say(l.alice, l.lounge, fmt.Sprint("word ", n))
	}
	b.until(t, "word 8")
	if got := b.stored(); len(got) != 9 {
		t.Errorf("there was stored %q, want 9 messages", got)
	}
}

// S19: the challenge is answered, if it is signed.
func TestURLVerificationFixture(t *testing.T) {
	l := newLab(t, false)
	l.run(t)
	raw := chattest.Payload(t, "slack", "S19")
	if status, answer := l.request(t, asJSON, raw, time.Now(), slacktest.SigningSecret); status != 200 || answer != "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P" {
		t.Errorf("it was answered with %d %q", status, answer)
	}
	if status, answer := l.request(t, asJSON, raw, time.Now(), "another"); status != 401 || strings.Contains(answer, "3eZbrw1a") {
		t.Errorf("with a wrong signature it was answered with %d %q", status, answer)
	}
}

func TestSocketModeSwitchedOff(t *testing.T) {
	l := newLab(t, true)
	c, b := l.run(t, l.lounge)
	l.Disconnect("link_disabled")
	soon(t, "trouble", func() bool { return c.Trouble() != nil })
	if err := c.Trouble(); !strings.Contains(err.Error(), "switch") {
		t.Errorf("the trouble is %v, want what to do", err)
	}
	l.Say(l.alice, l.lounge, "said meanwhile")
	l.LoseBacklog()
	l.Enable()
	b.until(t, "said meanwhile")
	soon(t, "end of the trouble", func() bool { return c.Trouble() == nil })
}

// What was said while all connections were broken is in the history. (EVENTS 6.3)
func TestLostBacklog(t *testing.T) {
	l := newLab(t, true)
	_, b := l.run(t, l.lounge)
	for n := range 3 {
		l.Drop()
		soon(t, "break", func() bool { return l.Sockets() == 0 })
		l.Say(l.alice, l.lounge, fmt.Sprintf("lost %d", n))
		l.LoseBacklog()
		b.until(t, fmt.Sprintf("lost %d", n))
		soon(t, "connections", func() bool { return l.Sockets() == receive.Slots })
	}
	if got := b.stored(); len(got) != 3 {
		t.Errorf("there was stored %q, want each message once", got)
	}
}

// What was sent over a connection that broke is in the history too, while the
// other connection goes on.
func TestLostWithOneConnection(t *testing.T) {
	l := newLab(t, true)
	l.Subscribe("app_mention") // no message arrives by itself
	_, b := l.run(t, l.lounge)
	for n := range 3 {
		soon(t, "connections", func() bool { return l.Sockets() == receive.Slots })
		l.Say(l.alice, l.lounge, fmt.Sprintf("lost %d", n))
		l.DropOne()
		b.until(t, fmt.Sprintf("lost %d", n))
	}
	if got := b.stored(); len(got) != 3 {
		t.Errorf("there was stored %q, want each message once", got)
	}
}

// A socket that is not acknowledged gets its payload again; one message is one event.
// (EVENTS 6.3)
func TestNotAcknowledged(t *testing.T) {
	l := newLab(t, true)
	l.Patience, l.Again = settling+50*time.Millisecond, []time.Duration{0, 50 * time.Millisecond, 5 * time.Second}
	_, b := l.run(t)
	b.setRefuse(errors.New("the disk is full"))
	l.Say(l.alice, l.lounge, "keep me")
	time.Sleep(settling + 100*time.Millisecond)
	b.setRefuse(nil)
	b.until(t, "keep me")
	if got := b.stored(); len(got) != 1 {
		t.Errorf("there was stored %q, want it once", got)
	}
}

// Frames that nobody knows do not stop the connection, and are not sent for ever.
// (EVENTS 6.3)
func TestUnknownFrames(t *testing.T) {
	l := newLab(t, true)
	l.Patience, l.Again = 300*time.Millisecond, []time.Duration{0, 0, 0}
	_, b := l.run(t)
	l.Event(json.RawMessage(`{"type":"hologram_projected","channel":"C1"}`))
	l.Event(json.RawMessage(`{"type":"message","channel":{"id":7},"user":["x"]}`))
	l.Payload("interactive", map[string]any{"type": "telepathy", "user": map[string]any{"id": l.alice}})
	l.Payload("interactive", map[string]any{"type": 7})
	l.Payload("slash_commands", map[string]any{"command": "/send"})
	l.Payload("levitation", map[string]any{"type": "levitation"})
	l.Say(l.alice, l.lounge, "after")
	b.until(t, "after")
	time.Sleep(2 * l.Patience) // nothing comes again
	got := b.stored()
	for _, want := range []string{"kept hologram_projected", "kept interactive/telepathy", "kept interactive", "kept slash_commands", "kept levitation"} {
		if n := len(slices.DeleteFunc(slices.Clone(got), func(s string) bool { return s != want })); n != 1 {
			t.Errorf("%q was stored %d times, want once: %q", want, n, got)
		}
	}
}

// Events that Slack left out are in the history.
func TestRateLimitedEvents(t *testing.T) {
	l := newLab(t, true)
	l.Subscribe("app_mention")
	_, b := l.run(t, l.lounge)
	l.Say(l.alice, l.lounge, "left out")
	l.Payload("events_api", map[string]any{"type": "app_rate_limited", "team_id": slacktest.Team, "minute_rate_limited": time.Now().Unix()})
	b.until(t, "left out")
}

func TestWrongTokenAtStart(t *testing.T) {
	l := newLab(t, true)
	l.Server.Revoke("invalid_auth")
	err := l.connect(t).Run(t.Context(), "", func(context.Context, string, ...chat.Event) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "invalid_auth") || !strings.Contains(err.Error(), "Install App") {
		t.Errorf("Run: %v, want what is wrong and where the right one is", err)
	}
}

// The loss of access (B35) is told once; when it is back, so is everything said meanwhile.
func TestRevoked(t *testing.T) {
	l := newLab(t, true)
	c, b := l.run(t, l.lounge)
	l.Server.Revoke("token_revoked")
	b.until(t, "revoked: ")
	if _, err := c.Send(t.Context(), chat.Outgoing{Key: "k1", Place: chat.Place{Room: chat.RoomID(l.lounge)}, Body: chat.Body{Text: "hello"}}); err == nil || !strings.Contains(err.Error(), "Install App") {
		t.Errorf("Send: %v, want what to do", err)
	}
	l.Drop()
	soon(t, "break", func() bool { return l.Sockets() == 0 })
	l.Say(l.alice, l.lounge, "said meanwhile")
	l.LoseBacklog()
	l.Server.Revoke("")
	b.until(t, "said meanwhile")
	told := 0
	for _, s := range b.stored() {
		if strings.HasPrefix(s, "revoked") {
			told++
		}
	}
	if told != 1 {
		t.Errorf("it was told %d times, want once: %q", told, b.stored())
	}
	soon(t, "end of the trouble", func() bool { return c.Trouble() == nil })
}
