package local

import (
	"log/slog"
	"path/filepath"
	"testing"

	"hashsend/bridge/chat"
	"hashsend/bridge/chat/chattest"
)

// room is a chattest.Fixture.
type room struct{ s *Server }

func (r room) Connect(*testing.T) chat.Connector {
	return Open(r.s, chat.Env{Name: "local", Log: slog.New(slog.DiscardHandler)})
}

func (r room) Place() chat.Place { return chat.Place{Room: "lobby"} }

func (r room) Say(t *testing.T, text string) chat.MessageID {
	e, err := r.s.Add(Entry{Kind: "said", Room: "lobby", By: "bob", Name: "Bob", Text: text})
	if err != nil {
		t.Fatal(err)
	}
	return chat.MessageID(e.ID())
}

func (r room) Read(*testing.T) (lines []chattest.Line) {
	entries, _ := r.s.After(0)
	at := map[string]int{}
	for _, e := range entries {
		switch e.Kind {
		case "said", "notice", "emote":
			at[e.ID()] = len(lines)
			lines = append(lines, chattest.Line{ID: chat.MessageID(e.ID()), Author: e.Name, Text: e.Text})
		case "edit":
			lines[at[e.Of]].Text = e.Text
		case "delete":
			if i, message := at[e.Of]; message { // else a reaction
				lines[i].Text = ""
			}
		}
	}
	return lines
}

func TestContract(t *testing.T) {
	chattest.Run(t, func(t *testing.T) chattest.Fixture {
		s, err := OpenServer(filepath.Join(t.TempDir(), "rooms"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return room{s}
	})
}
