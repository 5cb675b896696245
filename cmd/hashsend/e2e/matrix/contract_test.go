// Package matrix tries the Matrix connector by itself on real homeservers.
package matrix

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"hashsend/bridge/chat"
	"hashsend/bridge/chat/chattest"
	"hashsend/cmd/hashsend/e2e/lab"
	"hashsend/connectors/matrix"
)

func TestMain(m *testing.M) {
	code := m.Run()
	lab.Clean()
	os.Exit(code)
}

// servers are the homeservers that everything is tried on.
var servers = map[string]func(testing.TB, ...string) *lab.Homeserver{"Dendrite": lab.Dendrite, "Synapse": lab.Synapse}

// place is a homeserver with the connector's settings for it.
type place struct {
	server *lab.Homeserver
	alice  *lab.Person
	cfg    matrix.Config
	bot    id.UserID
}

// TestMatrix tries everything on each homeserver, in both ways of running. What
// runs without listening to a service's homeserver comes last: the homeserver
// waits longer and longer before it pushes again.
func TestMatrix(t *testing.T) {
	for name, start := range servers {
		t.Run(name, func(t *testing.T) {
			service := matrix.Config{Domain: lab.ServerName, AppService: &matrix.AppService{
				ASToken: matrix.NewToken(), HSToken: matrix.NewToken(), Listen: fmt.Sprintf("127.0.0.1:%d", lab.Port(t)),
			}}
			text, err := matrix.Registration(service)
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(t.TempDir(), "registration.yaml")
			if err := os.WriteFile(file, text, 0o644); err != nil {
				t.Fatal(err)
			}
			server := start(t, file)
			alice, account := server.Person("alice"), server.Person("account")
			service.Homeserver = server.URL
			plain := matrix.Config{Homeserver: server.URL, UserID: string(account.UserID), AccessToken: account.AccessToken}
			t.Run("plain account", func(t *testing.T) {
				p := place{server, alice, plain, account.UserID}
				t.Run("contract", p.contract)
				t.Run("life", p.life)
				t.Run("files", p.files)
				t.Run("backfill", p.backfill)
				t.Run("signs", p.signs)
				t.Run("edits", p.edits)
				t.Run("upgrade", p.upgrade)
				t.Run("long messages", p.long)
				t.Run("long away", p.longAway)
			})
			t.Run("application service", func(t *testing.T) {
				p := place{server, alice, service, id.NewUserID("hashsendbot", lab.ServerName)}
				if user, err := p.connect(t).Check(t.Context()); err != nil || user != string(p.bot) {
					t.Fatalf("Check = %q, %v; want %q", user, err, p.bot)
				}
				t.Run("life", p.life)
				t.Run("signs", p.signs)
				t.Run("ghosts", p.ghosts)
				t.Run("edits", p.edits)
				t.Run("upgrade", p.upgrade)
				t.Run("ghosts invited and put out", p.comeAndGo)
				t.Run("contract", p.contract)
				t.Run("files", p.files)
				t.Run("long messages", p.long)
				t.Run("backfill", p.backfill)
			})
		})
	}
}

func (p place) connect(t *testing.T) *matrix.Connector {
	t.Helper()
	c, err := matrix.Open(p.cfg, chat.Env{Name: "matrix", Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// room is a chattest.Fixture: a private room of Alice with the bridge in it.
type room struct {
	place
	id id.RoomID
}

func (p place) room(t *testing.T) room {
	t.Helper()
	r := room{p, p.alice.Room("Lunch", p.bot)}
	if err := p.connect(t).Join(t.Context(), chat.RoomID(r.id), ""); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r room) Connect(t *testing.T) chat.Connector { return r.connect(t) }

func (r room) Place() chat.Place { return chat.Place{Room: chat.RoomID(r.id)} }

func (r room) Say(_ *testing.T, text string) chat.MessageID {
	return chat.MessageID(r.alice.Say(r.id, text))
}

func (r room) Read(t *testing.T) (lines []chattest.Line) {
	at := map[id.EventID]int{}
	for _, e := range r.alice.Messages(r.id) {
		m := e.Content.AsMessage()
		if m.RelatesTo.GetReplaceID() != "" && m.NewContent != nil {
			if n, there := at[m.RelatesTo.GetReplaceID()]; there {
				lines[n].Text = m.NewContent.Body
			}
			continue
		}
		if m.Body == "" {
			continue
		}
		author := ""
		if m.BeeperPerMessageProfile != nil {
			author = m.BeeperPerMessageProfile.Displayname
		} else if member, err := r.member(e.Sender); err == nil {
			author = member
		}
		at[e.ID] = len(lines)
		lines = append(lines, chattest.Line{ID: chat.MessageID(e.ID), Author: author, Text: m.Body})
	}
	return lines
}

var _ chattest.Files = room{} // else the contract tries no files

func (r room) SayFile(t *testing.T, name string, data []byte) chat.MessageID {
	t.Helper()
	return chat.MessageID(r.alice.Share(r.id, event.MsgFile, name, "application/octet-stream", "", data))
}

func (r room) ReadFile(t *testing.T, msg chat.MessageID) (string, []byte) {
	t.Helper()
	var found *event.Event
	lab.Wait(t, "the file in the room", 10*time.Second, func() bool { // Dendrite shows it a moment later
		for _, e := range r.alice.Files(r.id) {
			if e.ID == id.EventID(msg) {
				found = e
			}
		}
		return found != nil
	})
	return found.Content.AsMessage().FileName, r.alice.Download(found)
}

func (r room) member(user id.UserID) (string, error) {
	var m event.MemberEventContent
	err := r.alice.StateEvent(context.Background(), r.id, event.StateMember, string(user), &m)
	return m.Displayname, err
}

func (p place) contract(t *testing.T) {
	chattest.Run(t, func(t *testing.T) chattest.Fixture {
		r := p.room(t)
		must(t)(p.alice.SendStateEvent(t.Context(), r.id, event.StatePowerLevels, "", map[string]any{
			"users": map[id.UserID]int{p.alice.UserID: 100, p.bot: 50}, "events_default": 0, "state_default": 50,
		}))
		return r
	})
}

// listen runs a connector and returns what it hands over, each event once. What Synapse
// forgets to push when a connector comes back is read from the history.
func listen(t *testing.T, c chat.Connector, in ...chat.RoomID) <-chan chat.Event {
	t.Helper()
	events := make(chan chat.Event, 1000)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	var mu sync.Mutex
	seen, rooms := map[chat.EventID]bool{}, map[chat.RoomID]bool{}
	for _, r := range in {
		rooms[r] = true
	}
	places := func() (all []chat.Place) {
		mu.Lock()
		defer mu.Unlock()
		for r := range rooms {
			all = append(all, chat.Place{Room: r})
		}
		return all
	}
	go func() {
		ended <- c.Run(ctx, "", chattest.FillingGaps(c, places, func(_ context.Context, _ string, handed ...chat.Event) error {
			mu.Lock()
			defer mu.Unlock()
			for _, e := range handed {
				h := e.EventHead()
				if _, is := e.(chat.Joined); is {
					rooms[h.Place.Room] = true
				}
				if h.Event == "" || !seen[h.Event] {
					events <- e
				}
				seen[h.Event] = true
			}
			return nil
		}))
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	return events
}

// next waits for an event.
func next[E chat.Event](t *testing.T, events <-chan chat.Event, is func(E) bool) E {
	t.Helper()
	e, _ := nextAfter(t, events, is)
	return e
}

// nextAfter waits for an event, and returns those before it as well.
func nextAfter[E chat.Event](t *testing.T, events <-chan chat.Event, is func(E) bool) (hit E, before []chat.Event) {
	t.Helper()
	limit := time.After(chattest.Patience)
	for {
		select {
		case e := <-events:
			if e, kind := e.(E); kind && is(e) {
				return e, before
			}
			before = append(before, e)
		case <-limit:
			t.Fatalf("no %T arrived; what did: %+v", hit, before)
		}
	}
}

// life plays what happens in a room beside words.
func (p place) life(t *testing.T) {
	ctx := t.Context()
	c := p.connect(t)
	events := listen(t, c)
	mine := p.alice.Room("Lunch", p.bot)
	in := func(h chat.Head) bool { return h.Place.Room == chat.RoomID(mine) }
	next(t, events, func(e chat.Invited) bool { return in(e.Head) && e.As == "" && e.By.ID == chat.UserID(p.alice.UserID) })
	if err := c.Join(ctx, chat.RoomID(mine), ""); err != nil {
		t.Fatal(err)
	}
	next(t, events, func(e chat.Joined) bool { return in(e.Head) && e.Self })

	bob := p.server.Person(fmt.Sprintf("bob%d", time.Now().UnixNano()))
	must(t)(p.alice.InviteUser(ctx, mine, &mautrix.ReqInviteUser{UserID: bob.UserID}))
	must(t)(bob.JoinRoomByID(ctx, mine))
	next(t, events, func(e chat.Joined) bool { return in(e.Head) && e.By.ID == chat.UserID(bob.UserID) })
	if err := bob.SetDisplayName(ctx, "Bobby"); err != nil {
		t.Fatal(err)
	}
	asked := p.alice.Say(mine, "!send help")
	cmd, between := nextAfter(t, events, func(e chat.Command) bool { return in(e.Head) })
	if cmd.Text != "help" || cmd.Rank != chat.Admin || cmd.Message != chat.MessageID(asked) {
		t.Errorf("the command arrived as %+v, want help by an admin", cmd)
	}
	for _, e := range between {
		if j, is := e.(chat.Joined); is && in(j.Head) {
			t.Errorf("a change of name arrived as somebody who enters: %+v", j)
		}
	}
	must(t)(p.alice.SendStateEvent(ctx, mine, event.StateTopic, "", map[string]any{"topic": "Food"}))
	if e := next(t, events, func(e chat.TopicSet) bool { return in(e.Head) }); e.Topic != "Food" || e.By.ID != chat.UserID(p.alice.UserID) {
		t.Errorf("the topic arrived as %+v", e)
	}
	bob.Say(mine, "hello")
	if e := next(t, events, func(e chat.Posted) bool { return in(e.Head) }); e.By.Name != "Bobby" {
		t.Errorf("the author is called %q, want Bobby", e.By.Name)
	}
	if _, err := p.alice.UserTyping(ctx, mine, true, 20*time.Second); err != nil {
		t.Fatal(err)
	}
	next(t, events, func(e chat.Typing) bool { return in(e.Head) && e.On })
	if _, err := p.alice.UserTyping(ctx, mine, false, 0); err != nil {
		t.Fatal(err)
	}
	next(t, events, func(e chat.Typing) bool { return in(e.Head) && !e.On })
	slip := p.alice.Say(mine, "a slip")
	next(t, events, func(e chat.Posted) bool { return in(e.Head) && e.Message == chat.MessageID(slip) })
	must(t)(p.alice.RedactEvent(ctx, mine, slip))
	next(t, events, func(e chat.Deleted) bool { return in(e.Head) && e.Message == chat.MessageID(slip) })

	// Dendrite pushes them to no application service.
	fetched := p.cfg.AppService != nil && strings.Contains(t.Name(), "Dendrite")
	if lacks := c.Limitations(); (len(lacks) == 1) != fetched {
		t.Errorf("it lacks %q; deletions had to be fetched: %v", lacks, fetched)
	}

	d, err := c.Describe(ctx, chat.RoomID(mine))
	if want := (chat.Description{Name: "Lunch", Topic: "Food", Members: 2, Private: true}); err != nil || d != want {
		t.Errorf("Describe = %+v, %v; want %+v", d, err, want)
	}
	must(t)(bob.LeaveRoom(ctx, mine))
	next(t, events, func(e chat.Left) bool { return in(e.Head) && e.By.ID == chat.UserID(bob.UserID) })
	must(t)(p.alice.KickUser(ctx, mine, &mautrix.ReqKickUser{UserID: p.bot}))
	next(t, events, func(e chat.Left) bool { return in(e.Head) && e.Self })
}

func must(t *testing.T) func(any, error) {
	return func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
}
