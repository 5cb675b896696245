//go:build goolm

package secret

import (
	"strings"
	"testing"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/id"

	"hashsend/cmd/hashsend/e2e/lab"
)

// TestSignedOutOnSynapse and TestSignedOutOnDendrite have the account signed out everywhere
// while the bridge runs: it signs in with its password, publishes its keys again, and goes
// on in encrypted rooms. A long reply comes whole.
func TestSignedOutOnSynapse(t *testing.T) { signedOut(t, lab.Synapse) }

func TestSignedOutOnDendrite(t *testing.T) { signedOut(t, lab.Dendrite) }

func signedOut(t *testing.T, homeserver func(testing.TB, ...string) *lab.Homeserver) {
	mail := lab.Dovecot(t)
	bridge := lab.NewBridge(t, false)
	home := homeserver(t)
	account := home.Person("bridge")
	alice := newPerson(t, home, "alice")
	alice.users = []id.UserID{alice.UserID, bridge.Bot}
	bridge.Configure(home.URL, mail.Mailbox(""), "hold: {quiet: 300ms, max: 2s, live: 100ms}\n")
	bridge.Run()
	bridge.Running()
	room := alice.Room("Secrets", bridge.Bot)
	alice.encrypt(room)
	lab.Wait(t, "the bridge in the room", soon, func() bool { return alice.Joined(room, bridge.Bot) })
	alice.whisper(room, "!send link bob@example.test title Lunch")
	alice.reads(room, "This room is encrypted and email isn't")
	alice.whisper(room, "!send ok encrypted")
	alice.reads(room, "Linked.")
	alice.whisper(room, "said before")
	m := mail.Gets("bob", "INBOX", soon, func(m lab.Mail) bool { return strings.Contains(m.Text, "said before") })
	mail.Send(t, "bob", m.AnswerTo(), answer(m, strings.Repeat("a line of a long letter\r\n", 1_200)+"and its end"))
	alice.reads(room, "and its end")

	published := func() bool {
		keys, err := alice.QueryKeys(t.Context(), &mautrix.ReqQueryKeys{DeviceKeys: mautrix.DeviceKeysRequest{bridge.Bot: {}}})
		if err != nil {
			t.Fatal(err)
		}
		return len(keys.DeviceKeys[bridge.Bot]) == 1
	}
	if !published() {
		t.Error("the bridge has no device with keys at the start")
	}
	if _, err := account.LogoutAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	lab.Wait(t, "the bridge's keys after the sign-out", soon, published)
	if err := alice.machine.CryptoStore.RemoveOutboundGroupSession(t.Context(), room); err != nil {
		t.Fatal(err)
	}
	alice.whisper(room, "said afterwards")
	m = mail.Gets("bob", "INBOX", soon, func(m lab.Mail) bool { return strings.Contains(m.Text, "said afterwards") })
	mail.Send(t, "bob", m.AnswerTo(), answer(m, "Still here."))
	alice.reads(room, "Still here.")
}
