package slacktest

import (
	"encoding/json"
	"fmt"
	"maps"
	"time"
)

// This file has commands, menus, buttons and dialogs.

// after makes the trigger and the response URL of an action, by which the app may open
// a dialog and reply.
func (s *Server) after(user, channel string) (trigger, response string) {
	trigger, response = "trigger."+user+"."+s.id("X"), "/actions/"+s.id("R")
	s.triggers[trigger] = time.Now()
	s.answers[response] = &answerURL{user: user, channel: channel, made: time.Now()}
	return trigger, "http://" + s.address + response
}

// Slash types a slash command in a channel. It reports whether the app has taken it.
func (s *Server) Slash(user, channel, command, text string) bool {
	s.mu.Lock()
	trigger, response := s.after(user, channel)
	payload := reply{
		"token": "verification", "team_id": s.users[user].Team, "team_domain": "lab", "channel_id": channel, "channel_name": s.channels[channel].Name, "user_id": user,
		"user_name": s.users[user].Name, "command": command, "text": typed(text), "api_app_id": App, "is_enterprise_install": "false",
		"response_url": response, "trigger_id": trigger,
	}
	if org := s.org(s.users[user]); org != "" {
		payload["enterprise_id"] = org
	}
	e := s.dispatch("slash_commands", payload, true)
	patience := s.patience()
	s.mu.Unlock()
	_, taken := e.wait(patience)
	return taken
}

func (e *envelope) wait(patience time.Duration) (answer json.RawMessage, taken bool) {
	select {
	case answer = <-e.done:
		return answer, true
	case <-time.After(patience + time.Second):
		return nil, false
	}
}

// interaction sends an interaction and waits until the app acknowledges it.
func (s *Server) interaction(user, channel string, fields reply) (answer json.RawMessage, taken bool) {
	s.mu.Lock()
	trigger, response := s.after(user, channel)
	payload := reply{
		"token": "verification", "api_app_id": App, "team": reply{"id": Team, "domain": "lab"}, "user": reply{"id": user, "username": s.users[user].Name, "team_id": s.users[user].Team},
		"trigger_id": trigger, "is_enterprise_install": false, "enterprise": nil,
	}
	if ch := s.channels[channel]; ch != nil {
		payload["channel"] = reply{"id": ch.ID, "name": ch.Name}
		payload["response_url"] = response
	}
	maps.Copy(payload, fields)
	e := s.dispatch("interactive", payload, true)
	patience := s.patience()
	s.mu.Unlock()
	return e.wait(patience)
}

// Menu chooses an entry of the menu of a message.
func (s *Server) Menu(user, channel, ts, callback string) bool {
	s.mu.Lock()
	ch := s.channels[channel]
	message := ch.message(ts).json(ch, false)
	s.mu.Unlock()
	_, taken := s.interaction(user, channel, reply{"type": "message_action", "callback_id": callback, "message_ts": ts, "message": message, "action_ts": ts})
	return taken
}

// Shortcut chooses a global shortcut.
func (s *Server) Shortcut(user, callback string) bool {
	_, taken := s.interaction(user, "", reply{"type": "shortcut", "callback_id": callback, "action_ts": "1.0"})
	return taken
}

// Press presses the button with this label among the blocks.
func (s *Server) Press(user, channel string, blocks any, label string) bool {
	raw, err := json.Marshal(blocks)
	if err != nil {
		panic(err)
	}
	var all []node
	json.Unmarshal(raw, &all) //nolint:errcheck // none then
	for i, b := range all {
		if b["block_id"] == nil {
			b["block_id"] = fmt.Sprintf("b%d", i) // Slack fills in missing ids
		}
		elements, _ := b["elements"].([]any)
		for _, v := range elements {
			e, _ := v.(node)
			text, _ := e["text"].(node)
			if e["type"] != "button" || text["text"] != label {
				continue
			}
			action := reply{"type": "button", "action_id": e["action_id"], "block_id": b["block_id"], "text": text, "value": e["value"], "action_ts": "1.0"}
			_, taken := s.interaction(user, channel, reply{"type": "block_actions", "actions": []reply{action}, "container": reply{"type": "message"}})
			return taken
		}
	}
	return false
}

// Submit fills in and submits the open dialog of a person. fields maps a field to its
// text, or to the value of an option. It returns the errors that the app shows; if
// there are none, the dialog closes.
func (s *Server) Submit(user string, fields map[string]string) (mistakes map[string]string, taken bool) {
	s.mu.Lock()
	view := maps.Clone(s.modals[user])
	s.mu.Unlock()
	if view == nil {
		return nil, false
	}
	values := map[string]map[string]reply{}
	list, _ := view["blocks"].([]any)
	for _, v := range list {
		b, _ := v.(node)
		element, _ := b["element"].(node)
		if b["type"] != "input" || element == nil {
			continue
		}
		block, _ := b["block_id"].(string)
		action, _ := element["action_id"].(string)
		state := reply{"type": element["type"]}
		value, given := fields[block]
		switch element["type"] {
		case "radio_buttons", "static_select":
			state["selected_option"] = element["initial_option"]
			if given {
				state["selected_option"] = reply{"value": value, "text": reply{"type": "plain_text", "text": value}}
			}
		case "conversations_select":
			state["selected_conversation"] = value
		default:
			state["value"] = element["initial_value"]
			if given {
				state["value"] = nil
			}
			if value != "" {
				state["value"] = value
			}
		}
		values[block] = map[string]reply{action: state}
	}
	view["state"] = reply{"values": values}
	answer, taken := s.interaction(user, "", reply{"type": "view_submission", "view": view})
	var said struct {
		Action string            `json:"response_action"`
		Errors map[string]string `json:"errors"`
	}
	json.Unmarshal(answer, &said) //nolint:errcheck // empty: it is closed
	if said.Action == "errors" {
		return said.Errors, taken
	}
	if taken {
		s.mu.Lock()
		delete(s.modals, user)
		s.mu.Unlock()
	}
	return nil, taken
}

// OpenHome opens the app's Home tab.
func (s *Server) OpenHome(user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tell("app_home_opened", nil, reply{"user": user, "channel": "D0HOME", "tab": "home"})
}
