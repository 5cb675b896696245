package slack

import (
	"fmt"
	"strings"
	"testing"

	"hashsend/bridge/chat"
	"hashsend/connectors/slack/slacktest"
	"hashsend/connectors/slack/wire"
)

// What is written in a mail with an @ mentions the member of the channel who alone has
// that name (C41).
func TestMailsMention(t *testing.T) {
	l := newLab(t, true)
	bob := l.Person(slacktest.User{Name: "bob", Real: "Bob Lee"})
	for _, name := range []string{"Carl", "Carl"} {
		l.Invite(l.alice, l.lounge, l.Person(slacktest.User{Name: "carl", Real: name}))
	}
	l.Invite(l.alice, l.lounge, bob)
	l.Person(slacktest.User{Name: "dee", Real: "Dee"}) // in the workspace, and not in the channel
	c := l.connect(t)
	m := l.outgoing("k1", "@bob lee and @Carl, @Dee, @hashsend: lunch? @here")
	deliver(t, c, m)
	m = l.outgoing("k2", "@Bob Lee")
	m.As = chat.Sender{} // words of the bridge mention nobody
	deliver(t, c, m)
	asked := l.Calls("conversations.members")
	deliver(t, c, l.outgoing("k3", "no mention: bob@example.com"))
	if l.Calls("conversations.members") != asked {
		t.Error("members are asked for where nobody is named")
	}
	all := l.Messages(l.lounge)
	if want := "<@" + bob + "> and @Carl, @Dee, @hashsend: lunch? @\u2060here"; all[0].Text != want || strings.Count(string(all[0].Blocks), `"user_id"`) != 1 {
		t.Errorf("the text is %q, want %q; the blocks are %s", all[0].Text, want, all[0].Blocks)
	}
	for _, m := range all[1:] {
		if strings.Contains(m.Text, "<@") || strings.Contains(string(m.Blocks), "user_id") {
			t.Errorf("%q mentions somebody", m.Text)
		}
	}
	// An edit mentions as the message did; a file's caption does, too.
	if _, err := c.Edit(t.Context(), wire.MessageID(l.lounge, all[0].TS), l.outgoing("k4", "@Bob Lee at one")); err != nil {
		t.Fatal(err)
	}
	if got := l.Messages(l.lounge)[0]; got.Text != "<@"+bob+"> at one" {
		t.Errorf("after the edit there stands %q", got.Text)
	}
}

// In a large channel the names come in lists; where they cannot be had, nobody is
// mentioned, because another could have the same name.
func TestMailsMentionInLargeChannels(t *testing.T) {
	l := newLab(t, true)
	bob := l.Person(slacktest.User{Name: "bob", Real: "Bob"})
	l.Invite(l.alice, l.lounge, bob)
	for n := range 1100 { // more than a page
		l.Invite(l.alice, l.lounge, l.Person(slacktest.User{Name: fmt.Sprint("n", n)}))
	}
	l.Break("users.list", slacktest.Fault{Error: "missing_scope"})
	c := l.connect(t)
	deliver(t, c, l.outgoing("k1", "@Bob not known"))
	deliver(t, c, l.outgoing("k2", "@Bob known"))
	if calls := l.Calls("users.info"); calls > 2 {
		t.Errorf("%d people were asked for one by one", calls)
	}
	all := l.Messages(l.lounge)
	if all[0].Text != "@Bob not known" || all[1].Text != "<@"+bob+"> known" {
		t.Errorf("the texts are %q and %q", all[0].Text, all[1].Text)
	}
}
