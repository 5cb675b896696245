package chattest

import (
	"encoding/json"
	"strings"

	"hashsend/bridge/chat"
)

// Brief sums events up in a line: what each is, and what it says.
func Brief(events ...chat.Event) string {
	var all []string
	for _, ev := range events {
		all = append(all, brief(ev))
	}
	return strings.Join(all, "; ")
}

func brief(ev chat.Event) string {
	switch e := ev.(type) {
	case chat.Posted:
		return briefPosted(e)
	case chat.Edited:
		return "edited " + string(e.Message) + ": " + e.Body.Text
	case chat.Deleted:
		return "deleted " + string(e.Message)
	case chat.Command:
		return "command of " + e.By.Name + ": " + e.Text
	case chat.Unknown:
		return "kept " + e.Type
	case chat.PageOpened:
		return "desk of " + e.By.Name
	case chat.Gap:
		return "gap"
	case chat.Shared:
		return "shared"
	case chat.Renamed:
		return e.By.Name + " named it " + e.Name
	case chat.TopicSet:
		return e.By.Name + " set the topic " + e.Topic
	case chat.Revoked:
		return "revoked: " + e.Why
	}
	raw, err := json.Marshal(ev)
	if err != nil {
		return err.Error()
	}
	return string(raw)
}

func briefPosted(e chat.Posted) string {
	s := "posted by " + e.By.Name + ": " + e.Body.Text
	if e.Place.Thread != "" {
		s += " (in " + string(e.Place.Thread) + ")"
	}
	if e.Kind == chat.Emote {
		s = "emote of " + e.By.Name + ": " + e.Body.Text
	}
	for _, f := range e.Body.Files {
		s += " [" + f.Name + "]"
	}
	return s
}
