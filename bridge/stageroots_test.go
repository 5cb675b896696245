package bridge

import (
	"strings"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/core"
)

// before is a message that was not told when it was said: "old…" an hour before now,
// "quiet…" too, with the mark that keeps it in the room, "robot…" by a program,
// "missed…" just now.
func before(id chat.MessageID, p chat.Place) chat.Posted {
	said := chat.Posted{
		Head:    chat.Head{Event: chat.EventID("fetched " + id), Place: p, At: time.Now(), By: chat.Author{ID: "carla", Name: "Carla", Server: "acme"}, Late: true},
		Message: id, Body: chat.Body{Text: "said before"},
	}
	switch {
	case strings.HasPrefix(string(id), "old"):
		said.At = said.At.Add(-time.Hour)
	case strings.HasPrefix(string(id), "quiet"):
		said.At, said.Body.Text = said.At.Add(-time.Hour), "//for us alone"
	case strings.HasPrefix(string(id), "robot"):
		said.Kind = chat.Notice
	case strings.HasPrefix(string(id), "missed"):
		said.Body.Text = "said while nobody listened"
	}
	return said
}

// home is the home room of the stage; "set home none": there is none.
func (s *stage) home() core.Home {
	if s.mode["home"] == "none" {
		return core.Home{}
	}
	return core.Home{Network: "matrix", Room: "home"}
}
