package slack

import (
	"log/slog"
	"net"
	"testing"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/chat/chattest"
	"hashsend/connectors/slack/slacktest"
	"hashsend/connectors/slack/slacktext"
	"hashsend/connectors/slack/wire"
)

// lab is a stand-in with a person and a channel, and the settings for it.
type lab struct {
	*slacktest.Server
	cfg           Config
	alice, lounge string
}

// newLab starts one, for Socket Mode or for the Events API.
func newLab(t testing.TB, socket bool) *lab {
	t.Helper()
	srv, err := slacktest.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Stop)
	l := &lab{Server: srv, cfg: Config{BotToken: slacktest.BotToken, AppToken: slacktest.AppToken, APIURL: srv.API()}}
	if !socket {
		l.cfg.AppToken, l.cfg.SigningSecret, l.cfg.Listen = "", slacktest.SigningSecret, freePort(t)
		l.cfg.URL = "http://" + l.cfg.Listen + "/slack"
		srv.Point(l.cfg.URL)
	}
	l.alice = srv.Person(slacktest.User{Name: "alice", Real: "Alice Example", Admin: true})
	l.lounge = srv.Open(slacktest.Channel{Name: "lounge"}, l.alice, slacktest.BotUser)
	return l
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

func freePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func (l *lab) connect(t testing.TB) *Connector {
	t.Helper()
	c, err := Open(l.cfg, chat.Env{Name: "slack", Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// room is a chattest.Fixture.
type room struct {
	*lab
	id string
}

func (r *room) Connect(t *testing.T) chat.Connector { return r.connect(t) }

func (r *room) Place() chat.Place { return chat.Place{Room: chat.RoomID(r.id)} }

func (r *room) Say(t *testing.T, text string) chat.MessageID {
	t.Helper()
	return wire.MessageID(r.id, r.Server.Say(r.alice, r.id, text))
}

func (r *room) Read(*testing.T) (lines []chattest.Line) {
	for _, m := range r.Messages(r.id) {
		name := m.Username
		if name == "" && m.User == r.alice {
			name = "Alice Example"
		}
		lines = append(lines, chattest.Line{ID: wire.MessageID(r.id, m.TS), Author: name, Text: seen(m)})
	}
	return lines
}

// seen is what a person sees of a message: its blocks, else its text.
func seen(m slacktest.Message) string {
	return slacktext.Read(slacktext.Message{Text: m.Text, Blocks: m.Blocks}, nobody{}).Text
}

// nobody knows no names.
type nobody struct{}

func (nobody) User(string) string            { return "" }
func (nobody) Channel(string) (string, bool) { return "", false }
func (nobody) Group(string) string           { return "" }
func (nobody) Emoji(string) (string, bool)   { return "", false }

func TestGuards(t *testing.T) { chattest.Guarded(t, (*Connector)(nil)) }

func TestContract(t *testing.T) {
	for name, socket := range map[string]bool{"Socket Mode": true, "Events API": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			chattest.Run(t, func(t *testing.T) chattest.Fixture {
				l := newLab(t, socket)
				l.Patience, l.Again = 2*time.Second, []time.Duration{0, 300 * time.Millisecond, time.Second}
				return &room{lab: l, id: l.lounge}
			})
		})
	}
}

var _ chattest.Files = (*room)(nil) // else the contract tries no files

func (r *room) SayFile(t *testing.T, name string, data []byte) chat.MessageID {
	t.Helper()
	return wire.MessageID(r.id, r.Server.Say(r.alice, r.id, "", slacktest.Said{Files: []slacktest.File{{Name: name, Type: "application/octet-stream", Body: data}}}))
}

func (r *room) ReadFile(t *testing.T, id chat.MessageID) (string, []byte) {
	t.Helper()
	for _, m := range r.Messages(r.id) {
		if wire.MessageID(r.id, m.TS) == id && len(m.Files) == 1 {
			return m.Files[0].Name, m.Files[0].Body
		}
	}
	t.Fatal("the file does not stand in the channel")
	return "", nil
}
