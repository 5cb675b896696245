package slacktest

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// tell delivers an event, about a channel or nil, if the app has subscribed to it and
// is in the channel.
func (s *Server) tell(kind string, ch *Channel, fields reply) {
	if s.events != nil && !s.events[kind] {
		return
	}
	event := reply{"type": kind, "event_ts": s.stamp()}
	maps.Copy(event, fields)
	s.deliver(ch, event)
}

// tellMessage delivers a message and, if it mentions the app, the mention.
func (s *Server) tellMessage(ch *Channel, m *Message, mentions string) {
	if !ch.has(BotUser) || !s.hears(ch) {
		return
	}
	event := m.json(ch, true)
	event["channel"], event["channel_type"], event["event_ts"] = ch.ID, ch.kind(), m.TS
	if m.Broadcast {
		event["subtype"] = "thread_broadcast"
		if root := ch.message(m.Thread); root != nil {
			event["root"] = root.json(ch, false)
		}
	}
	if m.Metadata != nil && !s.may("metadata.message:read") {
		delete(event, "metadata")
	}
	s.deliver(ch, event)
	if mentions != "" && !ch.IM && (s.events == nil || s.events["app_mention"]) {
		second := maps.Clone(event)
		second["type"] = "app_mention"
		delete(second, "channel_type")
		s.deliver(ch, second)
	}
}

// hears reports whether the app gets the messages of a channel.
func (s *Server) hears(ch *Channel) bool {
	kind := map[string]string{"channel": "message.channels", "group": "message.groups", "im": "message.im", "mpim": "message.mpim"}[ch.kind()]
	return (s.events == nil || s.events[kind]) && s.may(ch.scope()+":history")
}

func (s *Server) tellChanged(ch *Channel, m, before *Message) {
	if !ch.has(BotUser) || !s.hears(ch) {
		return
	}
	ts := s.stamp()
	s.deliver(ch, reply{
		"type": "message", "subtype": "message_changed", "hidden": true, "channel": ch.ID, "channel_type": ch.kind(), "ts": ts, "event_ts": ts,
		"message": m.json(ch, false), "previous_message": before.json(ch, false),
	})
}

func (s *Server) tellDeleted(ch *Channel, before *Message) {
	if !ch.has(BotUser) || !s.hears(ch) {
		return
	}
	ts := s.stamp()
	s.deliver(ch, reply{
		"type": "message", "subtype": "message_deleted", "hidden": true, "channel": ch.ID, "channel_type": ch.kind(), "ts": ts, "event_ts": ts,
		"deleted_ts": before.TS, "previous_message": before.json(ch, false),
	})
}

// deliver wraps an event and sends it on its way.
func (s *Server) deliver(ch *Channel, event any) {
	payload := reply{
		"token": "verification", "team_id": Team, "context_team_id": Team, "api_app_id": App, "type": "event_callback", "event": event, "event_id": s.id("Ev"),
		"event_time": time.Now().Unix(), "event_context": "4-" + s.id("C"), "is_ext_shared_channel": ch != nil && ch.Shared,
		"authorizations": []reply{{"enterprise_id": nil, "team_id": Team, "user_id": BotUser, "is_bot": true, "is_enterprise_install": false}},
	}
	s.dispatch("events_api", payload, false)
}

// dispatch sends a payload over Socket Mode or by HTTP, one after the other in order.
func (s *Server) dispatch(kind string, payload reply, answers bool) *envelope {
	// Encoded now, because its content may change before it is sent.
	raw, err := json.Marshal(payload)
	if err != nil {
		panic(err)
	}
	e := &envelope{id: s.id("E"), kind: kind, payload: json.RawMessage(raw), answers: answers, done: make(chan json.RawMessage, 1)}
	if s.request != "" {
		at := s.request
		s.delivery.Go(func() { s.post(at, e, raw) })
		return e
	}
	s.queue = append(s.queue, e)
	if !s.sending {
		s.sending = true
		s.delivery.Go(s.sendQueue)
	}
	return e
}

// sendQueue sends the queue in order.
func (s *Server) sendQueue() {
	for {
		s.mu.Lock()
		if len(s.queue) == 0 {
			s.sending = false
			s.mu.Unlock()
			return
		}
		e := s.queue[0]
		s.queue = s.queue[1:]
		s.mu.Unlock()
		s.send(e)
	}
}

// Sign signs a body as Slack does.
func Sign(secret string, at time.Time, body []byte) (stamp, signature string) {
	stamp = strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "v0:%s:%s", stamp, body)
	return stamp, "v0=" + hex.EncodeToString(mac.Sum(nil))
}

// post delivers by HTTP, with up to three retries until the answer is 200 in time.
func (s *Server) post(at string, e *envelope, raw []byte) {
	body, kind := raw, "application/json"
	switch e.kind {
	case "interactive":
		body, kind = []byte(url.Values{"payload": {string(raw)}}.Encode()), "application/x-www-form-urlencoded"
	case "slash_commands":
		var fields map[string]string
		json.Unmarshal(raw, &fields) //nolint:errcheck // it was made here
		form := url.Values{}
		for k, v := range fields {
			form.Set(k, v)
		}
		body, kind = []byte(form.Encode()), "application/x-www-form-urlencoded"
	}
	pauses := s.Again
	if pauses == nil {
		pauses = []time.Duration{0, time.Minute, 5 * time.Minute}
	}
	for attempt := 0; ; attempt++ {
		answer, stop, err := s.postOnce(at, kind, body, attempt, "http_error")
		if err == nil {
			e.done <- answer
			return
		}
		if e.kind != "events_api" || attempt >= len(pauses) || stop {
			return
		}
		s.mu.Lock()
		ctx := s.ctx
		s.mu.Unlock()
		select {
		case <-time.After(pauses[attempt]):
		case <-ctx.Done():
			return
		}
	}
}

func (s *Server) postOnce(at, kind string, body []byte, attempt int, reason string) (answer json.RawMessage, stop bool, failed error) {
	req, err := http.NewRequest(http.MethodPost, at, bytes.NewReader(body))
	if err != nil {
		return nil, true, err
	}
	stamp, signature := Sign(SigningSecret, time.Now(), body)
	req.Header.Set("Content-Type", kind)
	req.Header.Set("X-Slack-Request-Timestamp", stamp)
	req.Header.Set("X-Slack-Signature", signature)
	if attempt > 0 {
		req.Header.Set("X-Slack-Retry-Num", strconv.Itoa(attempt))
		req.Header.Set("X-Slack-Retry-Reason", reason)
	}
	client := &http.Client{Timeout: s.patience()}
	resp, err := client.Do(req)
	if err != nil {
		return nil, false, err
	}
	defer resp.Body.Close()
	answer, err = io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		return nil, resp.Header.Get("X-Slack-No-Retry") == "1", errors.Join(err, errors.New(resp.Status))
	}
	return answer, false, nil
}

// UseEvents verifies a request URL by a challenge and delivers everything to it.
func (s *Server) UseEvents(at string) error {
	body := []byte(`{"token":"verification","challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P","type":"url_verification"}`)
	answer, _, err := s.postOnce(at, "application/json", body, 0, "")
	if err != nil {
		return err
	}
	var said struct{ Challenge string }
	if text := string(answer); text != "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P" && (json.Unmarshal(answer, &said) != nil || said.Challenge == "") {
		return fmt.Errorf("the challenge was answered with %q", text)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.request = at
	return nil
}

// Point delivers everything to a request URL without verifying it.
func (s *Server) Point(at string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.request = at
}

// Event delivers any event unchanged.
func (s *Server) Event(event json.RawMessage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deliver(nil, event)
}

// Payload delivers any payload unchanged.
func (s *Server) Payload(kind string, payload map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if kind == "" {
		kind = requestKind(payload)
	}
	s.dispatch(kind, payload, false)
}
