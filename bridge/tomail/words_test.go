package tomail

import (
	"testing"

	"hashsend/bridge/mail"
	"hashsend/bridge/store"
)

// TestCalledByName: a mentioned participant sees their name in bold, without the suffix that
// rooms show.
func TestCalledByName(t *testing.T) {
	ann, bob := store.Participant{ID: 1, Name: "Ann & Co", State: store.Active}, store.Participant{ID: 2, Name: "Bob", State: store.Active}
	tim := store.Participant{ID: 3, Name: "Tim O'Shea", State: store.Active}
	p := Plan{People: []store.Participant{ann, bob, tim}, Mentioned: map[int64]store.IDs{7: {1, 2, 3}}}
	for _, c := range []struct {
		name       string
		to         []store.Participant
		message    int64
		text, html string
		want, bold string
	}{
		{"a pill", []store.Participant{ann}, 7, "Ann & Co (email): hello", "Ann &amp; Co (email): <em>hello</em>", "Ann & Co: hello", "<strong>Ann &amp; Co</strong>: <em>hello</em>"},
		{"an apostrophe", []store.Participant{tim}, 7, "Tim O'Shea (email)?", "Tim O'Shea (email)<em>?</em>", "Tim O'Shea?", "<strong>Tim O'Shea</strong><em>?</em>"},
		{"typed", []store.Participant{bob}, 7, "can @bob come?", "", "can @bob come?", "can <strong>@bob</strong> come?"},
		{"both", []store.Participant{ann, bob}, 7, "Ann & Co (email), Bob (email)", "", "Ann & Co, Bob", "<strong>Ann &amp; Co</strong>, <strong>Bob</strong>"},
		{"somebody else's mail", []store.Participant{bob}, 7, "Ann & Co (email): hello", "", "Ann & Co: hello", ""},
		{"not mentioned", []store.Participant{bob}, 8, "Bob (email) says", "", "Bob (email) says", ""},
		{"everybody is, by @room", []store.Participant{bob}, 7, "@room begins", "", "@room begins", ""},
	} {
		w := mail.Words{Text: c.text, HTML: c.html}
		p.called(&w, c.to, store.Message{ID: c.message})
		if w.Text != c.want || w.HTML != c.bold {
			t.Errorf("%s: %q, %q; want %q, %q", c.name, w.Text, w.HTML, c.want, c.bold)
		}
	}
}

// TestAccounts names each account that posted under another name, once.
func TestAccounts(t *testing.T) {
	g := Planned{Messages: []store.Message{{Name: "Cat", Account: "Alice"}, {Name: "Cat", Account: "Alice"}, {Name: "Bob"}, {Name: "Bob", Account: "Eve"}}}
	got := accounts(g)
	if len(got) != 2 || got[0].Text != "“Cat” was posted by Alice" || got[1].Text != "“Bob” was posted by Eve" {
		t.Errorf("the accounts are told as %+v", got)
	}
}
