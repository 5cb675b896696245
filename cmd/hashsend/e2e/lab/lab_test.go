package lab

import (
	"os"
	"strings"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	code := m.Run()
	Clean()
	os.Exit(code)
}

// Each homeserver takes messages and keeps them over a restart.
func TestHomeservers(t *testing.T) {
	for name, open := range map[string]func(testing.TB, ...string) *Homeserver{"Dendrite": Dendrite, "Synapse": Synapse} {
		t.Run(name, func(t *testing.T) {
			h := open(t)
			alice, bob := h.Person("alice"), h.Person("bob")
			room := alice.Room("Lunch", bob.UserID)
			if _, err := bob.JoinRoomByID(t.Context(), room); err != nil {
				t.Fatal(err)
			}
			alice.Say(room, "hello")
			bob.Sees(room, 10*time.Second, func(s string) bool { return s == "hello" })
			h.Restart()
			bob.Sees(room, 10*time.Second, func(s string) bool { return s == "hello" })
		})
	}
}

// The mail system delivers, also to plus addresses, and a real mail program answers.
func TestDovecotAndNeomutt(t *testing.T) {
	m := Dovecot(t)
	m.Send(t, "alice", []string{"bob+tag@example.test"}, []byte("From: alice@example.test\r\nTo: bob+tag@example.test\r\nSubject: hi\r\nMessage-ID: <1@example.test>\r\n\r\nHow are you?\r\n"))
	m.Gets("bob", "INBOX", 20*time.Second, func(x Mail) bool { return x.Subject == "hi" })
	m.NeomuttReply(t, "bob", "Very well.", Top, true)
	got := m.Gets("alice", "INBOX", 20*time.Second, func(x Mail) bool { return strings.HasPrefix(x.Text, "Very well.") })
	if len(got.InReplyTo) == 0 || got.InReplyTo[0] != "1@example.test" || !strings.Contains(got.Text, "> How are you?") {
		t.Errorf("the answer cites %v and says %q", got.InReplyTo, got.Text)
	}
	m.Gets("bob", "Sent", 10*time.Second, func(x Mail) bool { return x.ID == got.ID })
	m.RestartIMAP()
	m.RestartSMTP()
	m.Send(t, "alice", []string{"bob@example.test"}, []byte("From: alice@example.test\r\nTo: bob@example.test\r\nSubject: again\r\nMessage-ID: <2@example.test>\r\n\r\nAgain\r\n"))
	m.Gets("bob", "INBOX", 20*time.Second, func(x Mail) bool { return x.Subject == "again" })
}
