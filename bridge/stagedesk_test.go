package bridge

import (
	"context"
	"fmt"
	"strings"

	"hashsend/bridge/chat"
)

func (n slackNet) ShowPage(_ context.Context, to chat.UserID, d chat.Page) error {
	text := fmt.Sprintf("may command: %v; %s", d.May, d.Note)
	for _, r := range d.Rooms {
		text += fmt.Sprintf("\n    %s#%s “%s” %s, paused: %v, people: %s, last mail: %v, trouble: %s", r.Place.Room, r.Place.Thread, r.Title, r.Mode, r.Paused, strings.Join(r.People, ", "), !r.LastMail.IsZero(), r.Trouble)
		if r.Waits != "" {
			text += "; waits: " + r.Waits
		}
		if r.Retry != "" {
			text += "; retry: " + r.Retry
		}
	}
	n.s.emit(n.name+" "+string(to), "  %s desk of %s: %s", n.name, to, text)
	return nil
}

func (n slackNet) ShowSettings(_ context.Context, to chat.UserID, via string, s chat.Settings) error {
	if n.fails() {
		return errDown
	}
	text := fmt.Sprintf("%s#%s “%s”, %s", s.Place.Room, s.Place.Thread, s.Title, s.Mode)
	for _, r := range s.Readers {
		text += fmt.Sprintf("\n    %s <%s>: %s", r.Name, r.Address, r.Mode)
	}
	for _, m := range s.Modes {
		text += fmt.Sprintf("\n    [%s: %s]", m.Label, m.Command)
	}
	n.s.emit(n.name+" "+string(to), "  %s settings for %s by %s: %s", n.name, to, via, text)
	return nil
}

// settings plays that somebody asks for the settings of a conversation: "settings Alice
// in general".
func (s *stage) settings(rest string) {
	who, room, _ := strings.Cut(rest, " in ")
	network, head := s.head(who, "slack", room, "")
	s.handle(network, chat.SettingsAsked{Head: head, Via: fmt.Sprint("press", s.events)})
}

func (n *net) fails() bool {
	n.s.mu.Lock()
	defer n.s.mu.Unlock()
	return n.down
}
