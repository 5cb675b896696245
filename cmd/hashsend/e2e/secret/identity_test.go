//go:build goolm

package secret

import (
	"strings"
	"testing"

	"maunium.net/go/mautrix"

	"hashsend/cmd/hashsend/e2e/lab"
)

// TestStandingOnDendrite and TestStandingOnSynapse read what check and status say of
// encryption: before the first run, when all is well, and where another program has made
// the account's identity (EVENTS A45).
func TestStandingOnDendrite(t *testing.T) { standing(t, lab.Dendrite) }

func TestStandingOnSynapse(t *testing.T) { standing(t, lab.Synapse) }

func standing(t *testing.T, homeserver func(testing.TB, ...string) *lab.Homeserver) {
	mail, home := lab.Dovecot(t), homeserver(t)
	account := home.Person("bridge")
	says := func(what, text, want string) {
		t.Helper()
		if !strings.Contains(text, want) {
			t.Errorf("%s says %q, want %q", what, text, want)
		}
	}
	start := func(b *lab.Bridge) {
		t.Helper()
		b.Configure(home.URL, mail.Mailbox(""), "")
		says("check before the first run", b.Check(), "encryption: it is built in; ")
		b.Run()
		b.Running()
		lab.Wait(t, "its device", soon, func() bool { return !strings.Contains(b.Admin("status"), "not ready yet") })
	}
	ours := lab.NewBridge(t, false)
	start(ours)
	says("status", ours.Admin("status"), "Encryption: it works; its device HASHSEND")
	says("check", ours.Check(), "encryption: it works; its device HASHSEND")

	// The account gets another identity, and the bridge sees it while it runs, and later.
	other := newDevice(t, account)
	made, err := other.machine.GenerateCrossSigningKeys()
	if err != nil {
		t.Fatal(err)
	}
	err = other.machine.PublishCrossSigningKeys(t.Context(), made, func(ask *mautrix.RespUserInteractive) any {
		return &mautrix.ReqUIAuthLogin{BaseAuthData: mautrix.BaseAuthData{Type: mautrix.AuthTypePassword, Session: ask.Session}, User: string(account.UserID), Password: "bridge-password"}
	})
	if err != nil {
		t.Fatal(err)
	}
	const foreign = "a cross-signing identity that hashsend did not make"
	lab.Wait(t, "the warning of an identity that is not ours", soon, func() bool { return strings.Contains(ours.Admin("status"), foreign) })
	says("check", ours.Check(), "is not signed by the account's cross-signing identity, which another program made")
	ours.Stop()
	ours.Run()
	ours.Running()
	lab.Wait(t, "the warning after a restart", soon, func() bool { return strings.Contains(ours.Admin("status"), foreign) })
	if n := strings.Count(ours.Output(), "bridge-password"); n > 0 {
		t.Error("a password stands in the log")
	}
}
