package local

import (
	"bytes"
	"io"
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

// What the contract needs for the abilities of the connector.
var (
	_ chattest.Files     = room{}
	_ chattest.Reactions = room{}
	_ chattest.Describes = room{}
	_ chattest.Rooms     = room{}
	_ chattest.Threads   = room{}
	_ chattest.Signs     = room{}
)

func (r room) Reactions(_ *testing.T, id chat.MessageID) (all []string) {
	entries, _ := r.s.After(0)
	gone := map[string]bool{}
	for _, e := range entries {
		if e.Kind == "delete" {
			gone[e.Of] = true
		}
	}
	for _, e := range entries {
		if e.Kind == "react" && chat.MessageID(e.Of) == id && !gone[e.ID()] {
			all = append(all, e.Text)
		}
	}
	return all
}

func (r room) Description(*testing.T) chat.Description {
	return chat.Description{Name: "lobby", Members: 1}
}

func (r room) Person() chat.UserID { return "bob" }

func (r room) Room(_ *testing.T, id chat.RoomID) (name string, known bool) {
	entries, _ := r.s.After(0)
	for _, e := range entries {
		if e.Kind == "room" && chat.RoomID(e.Room) == id {
			name, known = e.Text, true
		}
	}
	return name, known
}

func (r room) SayUnder(t *testing.T, root chat.MessageID, text string) chat.MessageID {
	e, err := r.s.Add(Entry{Kind: "said", Room: "lobby", Thread: string(root), By: "bob", Name: "Bob", Text: text})
	if err != nil {
		t.Fatal(err)
	}
	return chat.MessageID(e.ID())
}

func (r room) ReadUnder(_ *testing.T, root chat.MessageID) (lines []chattest.Line) {
	entries, _ := r.s.After(0)
	for _, e := range entries {
		if e.Kind == "said" && chat.MessageID(e.Thread) == root {
			lines = append(lines, chattest.Line{ID: chat.MessageID(e.ID()), Author: e.Name, Text: e.Text})
		}
	}
	return lines
}

func (r room) Signs(*testing.T) (all []string) {
	entries, _ := r.s.After(0)
	for _, e := range entries {
		if e.Kind == "sign" && e.Room == "lobby" {
			if all = nil; e.Text != "" {
				all = []string{e.Text}
			}
		}
	}
	return all
}

func (r room) SayFile(t *testing.T, name string, data []byte) chat.MessageID {
	f, err := r.s.Keep(name, "application/octet-stream", bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	e, err := r.s.Add(Entry{Kind: "said", Room: "lobby", By: "bob", Name: "Bob", Files: []File{f}})
	if err != nil {
		t.Fatal(err)
	}
	return chat.MessageID(e.ID())
}

func (r room) ReadFile(t *testing.T, id chat.MessageID) (string, []byte) {
	entries, _ := r.s.After(0)
	for _, e := range entries {
		if chat.MessageID(e.ID()) != id || len(e.Files) != 1 {
			continue
		}
		f, err := r.s.Content(e.Files[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(f)
		if err != nil || f.Close() != nil {
			t.Fatal(err)
		}
		return e.Files[0].Name, data
	}
	t.Fatalf("the message %s has no file", id)
	return "", nil
}

func TestGuards(t *testing.T) { chattest.Guarded(t, (*Connector)(nil)) }

func TestContract(t *testing.T) {
	chattest.Run(t, func(t *testing.T) chattest.Fixture {
		s, err := OpenServer(filepath.Join(t.TempDir(), "rooms"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		return room{s}
	})
}
