package admit

import (
	"testing"

	"hashsend/bridge/mail"
	"hashsend/bridge/store"
)

func TestReasonWords(t *testing.T) {
	failed := mail.Verdict{Trust: mail.Failed, Reason: "the signature does not fit"}
	for _, c := range []struct {
		name string
		got  Reason
		want string
	}{
		{"bare", holdFor(Stranger, mail.Verdict{Trust: mail.Proven, Reason: "signed by example.com"}), sentences[Stranger]},
		{"forged, and sent to many besides", holdFor(Bulk, failed), sentences[Forged] + ": the signature does not fit"},
		{"forged, and it gave no reason", holdFor(Stranger, mail.Verdict{Trust: mail.Failed}), sentences[Forged]},
		{"held long ago", WhyHeld(store.HeldMail{Reason: "something else"}), sentences[Unknown]},
	} {
		if got := c.got.String(); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	opens := holdFor(MayNotOpen, failed)
	opens.Opens = true
	if got, want := opens.String(), "it starts a conversation and may be forged: the signature does not fit"; got != want {
		t.Errorf("forged opening: %q, want %q", got, want)
	}
}

// What approving a mail says of its sender, for every code and verdict, as they are stored.
func TestReasonConcludes(t *testing.T) {
	settles := map[Code]bool{Stranger: true, CitesNone: true, Unproven: true, MayNotOpen: true, OpenProof: true}
	codes := []Code{"a code of a later version"}
	for code := range sentences {
		codes = append(codes, code)
	}
	for _, code := range codes {
		for _, trust := range []string{store.TrustProven, store.TrustUnproven, store.TrustFailed, "", "something else"} {
			why := WhyHeld(store.HeldMail{Code: string(code), Trust: trust, Reason: "harmless words"})
			known := sentences[code] != "" && code != Unknown && code != Forged
			forged := !known || (trust != store.TrustProven && trust != store.TrustUnproven)
			if why.MayBeForged() != forged {
				t.Errorf("%q, %q: may be forged is %v", code, trust, why.MayBeForged())
			}
			if want := settles[code] && trust == store.TrustUnproven; why.SettlesSender() != want {
				t.Errorf("%q, %q: settles its sender is %v", code, trust, why.SettlesSender())
			}
		}
	}
}

func TestReasonKeepsTheVerdict(t *testing.T) {
	for trust, want := range map[mail.Trust]string{mail.Proven: store.TrustProven, mail.Unproven: store.TrustUnproven, mail.Failed: store.TrustFailed, 99: store.TrustFailed} {
		if got := holdFor(Bulk, mail.Verdict{Trust: trust}).Trust; got != want {
			t.Errorf("trust %d: %q, want %q", trust, got, want)
		}
	}
}
