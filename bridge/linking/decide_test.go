package linking

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/command"
	"hashsend/bridge/mail"
	"hashsend/bridge/store"
)

func TestLinkWords(t *testing.T) {
	for _, c := range []struct {
		words string
		want  pending
		yes   bool
	}{
		{words: ""},
		{words: "hidden", want: pending{Mode: "hidden"}},
		{words: "OPEN yes", want: pending{Mode: "open"}, yes: true},
		{words: "--yes", yes: true},
		{words: "from desk title Open house", want: pending{Box: "desk", Title: "Open house"}},
		{words: "title Spring fair yes", want: pending{Title: "Spring fair"}, yes: true},
		{words: "title yes", want: pending{Title: "yes"}}, // a title of one word is no confirmation
		{words: "title hidden from view", want: pending{Title: "hidden from view"}},
	} {
		got, yes, err := linkWords(&command.Call{}, strings.Fields(c.words))
		if err != nil || !reflect.DeepEqual(got, c.want) || yes != c.yes {
			t.Errorf("linkWords(%q) = %+v, %v, %v; want %+v, %v", c.words, got, yes, err, c.want, c.yes)
		}
	}
}

func TestNewWords(t *testing.T) {
	for _, c := range []struct{ words, mode, title string }{
		{"", "", ""},
		{"hidden", "hidden", ""},
		{"Open title Spring fair", "open", "Spring fair"},
		{"title open", "", "open"},
		{"open hidden", "open", "hidden"},
		{"open title", "open", ""},
		{"Spring title", "", "Spring title"},
	} {
		if mode, title := newWords(strings.Fields(c.words)); mode != c.mode || title != c.title {
			t.Errorf("newWords(%q) = %q, %q; want %q, %q", c.words, mode, title, c.mode, c.title)
		}
	}
}

func TestReconnected(t *testing.T) {
	before, now := time.Unix(1000, 0), time.Unix(2000, 0)
	both := store.Room{Thread: 1, Linked: before, Shared: store.SharedAsked, Encrypted: store.EncryptedAsked}
	shared, encrypted, all := both, both, both
	shared.Shared = store.SharedAgreed
	encrypted.Encrypted, encrypted.Linked = store.EncryptedAgreed, now
	all.Shared, all.Encrypted, all.Linked = store.SharedAgreed, store.EncryptedAgreed, now
	unlinked := store.Room{Encrypted: store.EncryptedAsked}
	agreed := store.Room{Thread: 1, Linked: before, Shared: store.SharedAgreed, Encrypted: store.EncryptedAgreed}
	for _, c := range []struct {
		name       string
		room       store.Room
		to         consent
		want       store.Room
		properties int
	}{
		{"no consent", both, consent{}, both, 0},
		{"shared", both, consent{shared: true}, shared, 1},
		{"encrypted", both, consent{encrypted: true}, encrypted, 1},
		{"both", both, consent{true, true}, all, 2},
		{"not linked", unlinked, consent{encrypted: true}, unlinked, 0},
		{"nothing asked", store.Room{Thread: 1}, consent{true, true}, store.Room{Thread: 1}, 0},
		{"agreed before", agreed, consent{true, true}, agreed, 0},
	} {
		got, although := reconnected(c.room, c.to, now)
		if got != c.want || len(although) != c.properties {
			t.Errorf("%s: got %+v, %q; want %+v and %d properties", c.name, got, although, c.want, c.properties)
		}
	}
}

func TestDescribedAs(t *testing.T) {
	for _, c := range []struct {
		name                    string
		shared, encrypted       string
		about                   chat.Description
		wantShared, wantEncrypt string
	}{
		{"newly shared", "", "", chat.Description{Shared: true}, store.SharedAsked, ""},
		{"shared with consent", store.SharedAgreed, "", chat.Description{Shared: true}, store.SharedAgreed, ""},
		{"no longer shared", store.SharedAsked, "", chat.Description{}, "", ""},
		{"newly encrypted", "", "", chat.Description{Encrypted: true}, "", store.EncryptedAsked},
		{"encrypted with consent", "", store.EncryptedAgreed, chat.Description{Encrypted: true}, "", store.EncryptedAgreed},
		{"encryption never ends", "", store.EncryptedAsked, chat.Description{}, "", store.EncryptedAsked},
	} {
		got := describedAs(store.Room{Shared: c.shared, Encrypted: c.encrypted}, c.about)
		if got.Shared != c.wantShared || got.Encrypted != c.wantEncrypt {
			t.Errorf("%s: got %q, %q; want %q, %q", c.name, got.Shared, got.Encrypted, c.wantShared, c.wantEncrypt)
		}
	}
}

func TestConfirmationOf(t *testing.T) {
	for _, c := range []struct {
		room     store.Room
		command  string
		danger   bool
		warnings int
	}{
		{store.Room{}, "ok", false, 0},
		{store.Room{Shared: store.SharedAgreed, Encrypted: store.EncryptedAgreed}, "ok", false, 0},
		{store.Room{Shared: store.SharedAsked}, "ok shared", true, 1},
		{store.Room{Encrypted: store.EncryptedAsked}, "ok encrypted", true, 1},
		{store.Room{Shared: store.SharedAsked, Encrypted: store.EncryptedAsked}, "ok shared encrypted", true, 2},
	} {
		yes, warning := confirmationOf(c.room)
		if yes.Command != c.command || yes.Danger != c.danger || strings.Count(warning, "⚠️") != c.warnings {
			t.Errorf("%+v: got %+v and %q", c.room, yes, warning)
		}
		// What the choice names is exactly the consent that is missing.
		to, err := consentOf(&command.Call{Args: strings.Fields(yes.Command)[1:]})
		if err != nil || to.shared != (c.room.Shared == store.SharedAsked) || to.encrypted != (c.room.Encrypted == store.EncryptedAsked) {
			t.Errorf("%q is the consent %+v, %v", yes.Command, to, err)
		}
	}
}

func TestWhoSeesWhom(t *testing.T) {
	one := []mail.Address{{Address: "ann@one.example"}}
	same := append(slices.Clone(one), mail.Address{Address: "bob@one.example"})
	other := append(slices.Clone(one), mail.Address{Address: "cem@two.example"})
	for _, c := range []struct {
		p    pending
		want string
	}{
		{pending{People: one}, ""},
		{pending{People: same}, "(open)"},
		{pending{People: other}, "(hidden)"}, // hidden unless chosen
		{pending{People: other, Mode: store.ModeOpen}, "(open)"},
		{pending{People: one, Mode: store.ModeHidden}, "(hidden)"},
	} {
		if got := c.p.whoSeesWhom(); !strings.Contains(got, c.want) || (c.want == "") != (got == "") {
			t.Errorf("%+v: got %q, want %q in it", c.p, got, c.want)
		}
	}
}
