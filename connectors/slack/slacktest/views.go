package slacktest

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

func (c *call) userInfo() (reply, error) {
	u := c.s.users[c.args["user"]]
	if u == nil {
		return nil, fail("user_not_found")
	}
	return reply{"user": c.s.userJSON(u)}, nil
}

func (c *call) userList() (reply, error) {
	limit, from, err := c.page()
	if err != nil {
		return nil, err
	}
	all := slices.Sorted(maps.Keys(c.s.users))
	list := []reply{}
	for _, id := range all[min(from, len(all)):min(from+limit, len(all))] {
		list = append(list, c.s.userJSON(c.s.users[id]))
	}
	next := ""
	if from+limit < len(all) {
		next = "next:" + strconv.Itoa(from+limit)
	}
	return reply{"members": list, "cache_ts": time.Now().Unix(), "response_metadata": reply{"next_cursor": next}}, nil
}

func (c *call) userGroups() (reply, error) {
	return reply{"usergroups": []reply{{"id": "S0TEAM", "handle": "team", "name": "The team"}}}, nil
}

func (c *call) emojiList() (reply, error) { return reply{"emoji": c.s.emoji}, nil }

func (c *call) teamInfo() (reply, error) {
	return reply{"team": reply{"id": Team, "name": "Lab", "domain": "lab"}}, nil
}

// target finds the message of a call on reactions or pins.
func (c *call) target() (*Channel, *Message, error) {
	ch, err := c.channel()
	if err != nil {
		return nil, nil, err
	}
	if !ch.has(BotUser) {
		return nil, nil, fail("not_in_channel")
	}
	m := ch.message(c.args["timestamp"])
	if m == nil || m.Tombstone {
		return nil, nil, fail("message_not_found")
	}
	return ch, m, nil
}

func (c *call) addReaction() (reply, error) {
	ch, m, err := c.target()
	if err != nil {
		return nil, err
	}
	name := c.args["name"]
	if name == "" || strings.ContainsAny(name, " :\n") && !strings.Contains(name, "::skin-tone-") {
		return nil, fail("invalid_name")
	}
	if slices.Contains(m.Reactions[name], BotUser) {
		return nil, fail("already_reacted")
	}
	c.s.react(ch, m, BotUser, name)
	return nil, nil
}

func (s *Server) react(ch *Channel, m *Message, user, name string) {
	if m.Reactions == nil {
		m.Reactions = map[string][]string{}
	}
	m.Reactions[name] = append(m.Reactions[name], user)
	s.tell("reaction_added", ch, reply{"user": user, "reaction": name, "item_user": m.User, "item": reply{"type": "message", "channel": ch.ID, "ts": m.TS}})
}

func (c *call) removeReaction() (reply, error) {
	_, m, err := c.target()
	if err != nil {
		return nil, err
	}
	users := m.Reactions[c.args["name"]]
	if !slices.Contains(users, BotUser) {
		return nil, fail("no_reaction")
	}
	m.Reactions[c.args["name"]] = slices.DeleteFunc(users, func(u string) bool { return u == BotUser })
	return nil, nil
}

func (c *call) addPin() (reply, error) {
	_, m, err := c.target()
	if err != nil {
		return nil, err
	}
	if m.Pinned {
		return nil, fail("already_pinned")
	}
	m.Pinned = true
	return nil, nil
}

func (c *call) removePin() (reply, error) {
	_, m, err := c.target()
	if err != nil {
		return nil, err
	}
	if !m.Pinned {
		return nil, fail("no_pin")
	}
	m.Pinned = false
	return nil, nil
}

func (c *call) listPins() (reply, error) {
	ch, err := c.channel()
	if err != nil {
		return nil, err
	}
	items := []reply{}
	for _, m := range ch.Messages {
		if m.Pinned {
			items = append(items, reply{"type": "message", "channel": ch.ID, "message": m.json(ch, false)})
		}
	}
	return reply{"items": items}, nil
}

// triggerWithin is how long after an action a dialog may be opened.
const triggerWithin = 3 * time.Second

func (c *call) openView() (reply, error) {
	id := c.args["trigger_id"]
	made, known := c.s.triggers[id]
	switch {
	case !known:
		return nil, fail("invalid_trigger_id")
	case made.IsZero():
		return nil, fail("exchanged_trigger_id")
	case time.Since(made) > triggerWithin:
		return nil, fail("expired_trigger_id")
	}
	view, err := checkView(c.args["view"], "modal")
	if err != nil {
		return nil, err
	}
	c.s.triggers[id] = time.Time{}
	user, _, _ := strings.Cut(strings.TrimPrefix(id, "trigger."), ".")
	view["id"], view["hash"], view["team_id"], view["app_id"], view["bot_id"] = c.s.id("V"), c.s.id("H"), Team, App, Bot
	c.s.modals[user] = view
	return reply{"view": view}, nil
}

func (c *call) publishView() (reply, error) {
	if c.s.users[c.args["user_id"]] == nil {
		return nil, fail("user_not_found")
	}
	view, err := checkView(c.args["view"], "home")
	if err != nil {
		return nil, err
	}
	view["id"], view["hash"] = c.s.id("V"), c.s.id("H")
	c.s.homes[c.args["user_id"]] = view
	return reply{"view": view}, nil
}

// answerURL is a response_url.
type answerURL struct {
	user, channel string
	used          int
	made          time.Time
}

// serveAnswer handles posts to a response_url: up to five, within half an hour.
func (s *Server) serveAnswer(w http.ResponseWriter, r *http.Request) {
	var m struct {
		Text   string          `json:"text"`
		Type   string          `json:"response_type"`
		Blocks json.RawMessage `json:"blocks"`
	}
	raw, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.answers[r.URL.Path]
	switch {
	case err != nil || json.Unmarshal(raw, &m) != nil:
		http.Error(w, "invalid_payload", http.StatusBadRequest)
		return
	case a == nil || time.Since(a.made) > 30*time.Minute || a.used >= 5:
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"ok":false,"error":"used_url"}`)
		return
	case m.Text == "" && len(m.Blocks) == 0:
		http.Error(w, "no_text", http.StatusBadRequest)
		return
	}
	if len(m.Blocks) > 0 && string(m.Blocks) != "null" {
		if err := checkBlocks(m.Blocks, inMessage); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
	}
	a.used++
	if m.Type == "in_channel" {
		ch := s.channels[a.channel]
		ch.Messages = append(ch.Messages, &Message{TS: s.stamp(), User: BotUser, Bot: Bot, App: App, Text: m.Text, Blocks: m.Blocks})
	} else {
		u := s.users[a.user]
		u.Ephemerals = append(u.Ephemerals, Ephemeral{Channel: a.channel, Text: m.Text, Blocks: m.Blocks})
	}
	w.Write([]byte("ok")) //nolint:errcheck // the client may have gone
}
