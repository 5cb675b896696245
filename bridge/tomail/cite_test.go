package tomail

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"hashsend/bridge/mail"
	"hashsend/bridge/store"
)

// An email replies to the one that its readers have; newcomers have none.
func TestCite(t *testing.T) {
	in := citation{IDs: []string{"in"}, Final: "in", Readers: store.IDs{1, 2}} // Ann's, and Bob was named in it
	carl := citation{IDs: []string{"sent", "final"}, Final: "final", Readers: store.IDs{3}}
	dave := citation{IDs: []string{"d"}, Final: "d", Readers: store.IDs{4}}
	for name, c := range map[string]struct {
		to   []int64
		want []string
	}{
		"one who was named":         {[]int64{2}, []string{"in", "in"}},
		"one who got it from us":    {[]int64{3}, []string{"sent", "final", "final"}},
		"each has another, or two":  {[]int64{1, 2, 3}, []string{"sent", "final", "final", "in", "in"}},
		"a newcomer":                {[]int64{9}, nil},
		"a newcomer and one who is": {[]int64{9, 4}, []string{"d", "d"}},
	} {
		var to []store.Participant
		for _, id := range c.to {
			to = append(to, store.Participant{ID: id})
		}
		if d := cmp.Diff(c.want, cite([]citation{in, carl, dave}, to)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

// A newcomer's mail cites neither the beginning of the conversation nor what
// it answers; the others' mails do.
func TestDraftCites(t *testing.T) {
	ann, carl := store.Participant{ID: 1, State: store.Active, Address: "ann@example.com"}, store.Participant{ID: 3, State: store.Invited, Address: "carl@example.com"}
	p := Plan{
		Thread: store.Thread{Mode: store.ModeHidden, Title: "Lunch"}, Epoch: store.Epoch{Subject: "#Send Lunch", Anchor: "anchor@example.org"},
		From:   Sender{Address: mail.Address{Address: "team@example.org"}},
		People: []store.Participant{ann, carl}, Root: citation{Final: "root@example.com", Readers: store.IDs{1}},
		Quotes: map[int64]quote{7: {Mails: []citation{{IDs: []string{"sent@example.org", "final@example.org"}, Final: "final@example.org", Readers: store.IDs{1}}}}},
	}
	for _, c := range []struct {
		to     store.Participant
		parent string
		refs   []string
	}{
		{ann, "final@example.org", []string{"root@example.com", "sent@example.org", "final@example.org", "final@example.org"}},
		{carl, "", nil},
	} {
		d := Draft(p, Planned{Messages: []store.Message{{ID: 7}}, To: []store.Participant{c.to}, Shown: []store.Participant{c.to}})
		if d.InReplyTo != c.parent || cmp.Diff(c.refs, d.References) != "" {
			t.Errorf("%s: In-Reply-To %q, References %q", c.to.Address, d.InReplyTo, d.References)
		}
	}
}
