package slack

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"hashsend/bridge/chat"
	"hashsend/connectors/slack/blocks"
	"hashsend/connectors/slack/send"
	"hashsend/connectors/slack/slacktest"
	"hashsend/connectors/slack/wire"
)

// fields fill in the dialog that alice sees.
func (l *lab) fill(t *testing.T, user string, fields map[string]string) map[string]string {
	t.Helper()
	soon(t, "dialog", func() bool { return l.Modal(user) != nil })
	mistakes, taken := l.Submit(user, fields)
	if !taken {
		t.Fatal("the dialog was not taken")
	}
	return mistakes
}

// A slash command without words opens a dialog, and mistakes in it are told at
// their field.
func TestNewDialog(t *testing.T) {
	l := newLab(t, true)
	_, b := l.run(t)
	for _, x := range []struct {
		fields map[string]string
		want   string
	}{
		{map[string]string{"people": "ann@example.com", "title": "Lunch  on Monday"}, "new ann@example.com title Lunch on Monday"},
		{map[string]string{"people": "<ann@example.com>, mailto:bo@example.com;cy@example.com", "mode": "hidden"}, "new ann@example.com bo@example.com cy@example.com hidden"},
		{map[string]string{"people": "ann@example.com", "where": "channel", "mode": "open"}, "link ann@example.com open"},
	} {
		if !l.Slash(l.alice, l.lounge, "/send", "  ") {
			t.Fatal("the command was not taken")
		}
		for people, mistake := range map[string]string{"": "at least one", "ann at example": "ann is not a valid email address", "ann@": "not a valid email address", "Ann <ann@example.com>": "Ann is not"} {
			got := l.fill(t, l.alice, map[string]string{"people": people})
			if !strings.Contains(got["people"], mistake) {
				t.Errorf("%q was answered with %v, want %q", people, got, mistake)
			}
		}
		if got := l.fill(t, l.alice, x.fields); got != nil {
			t.Errorf("%v was answered with %v", x.fields, got)
		}
		b.until(t, "command of Alice Example: "+x.want)
	}
	// By the global shortcut a channel is chosen.
	if !l.Shortcut(l.alice, "hs_new_thread") {
		t.Fatal("the shortcut was not taken")
	}
	other := l.Open(slacktest.Channel{Name: "other"}, l.alice)
	if got := l.fill(t, l.alice, map[string]string{"people": "dee@example.com", "channel": other}); got != nil {
		t.Errorf("the dialog was answered with %v", got)
	}
	b.until(t, "new dee@example.com")
	all := b.commandsOf(l.alice)
	last := all[len(all)-1]
	if last.Place.Room != chat.RoomID(other) || !strings.HasPrefix(last.Via, send.ViaPerson("")) {
		t.Errorf("the command is %+v, want it in the channel that was chosen, and answers told directly", last)
	}
	soon(t, "entry into the channel", func() bool { return len(l.Members(other)) == 2 })
}

// The menu of a message does what commands do inside threads; it has the details of a
// mail (B38).
func TestMenus(t *testing.T) {
	l := newLab(t, true)
	_, b := l.run(t)
	root := l.Say(l.alice, l.lounge, "root")
	reply := l.Say(l.alice, l.lounge, "in the thread", slacktest.Said{Thread: root})
	last := func() chat.Command {
		all := b.commandsOf(l.alice)
		return all[len(all)-1]
	}
	if !l.Menu(l.alice, l.lounge, reply, "hs_msg_details") {
		t.Fatal("the menu was not taken")
	}
	b.until(t, "command of Alice Example: why")
	if got := last(); got.About != wire.MessageID(l.lounge, reply) || got.Place.Thread != chat.ThreadID(root) || !got.Private {
		t.Errorf("the command is %+v, want it about the message", got)
	}
	if !l.Menu(l.alice, l.lounge, root, "hs_msg_email") {
		t.Fatal("the menu was not taken")
	}
	if got := l.fill(t, l.alice, map[string]string{"people": "nobody"}); got["people"] == "" {
		t.Error("a wrong address was taken")
	}
	if got := l.fill(t, l.alice, map[string]string{"people": "ann@example.com", "title": "Old things"}); got != nil {
		t.Errorf("the dialog was answered with %v", got)
	}
	b.until(t, "command of Alice Example: mail ann@example.com title Old things")
	if got := last(); got.About != wire.MessageID(l.lounge, root) || got.Place.Thread != "" {
		t.Errorf("the command is %+v, want it about the root", got)
	}
	// To those who take part already, nobody needs to be named.
	l.Menu(l.alice, l.lounge, root, "hs_msg_email")
	if got := l.fill(t, l.alice, map[string]string{"title": "is of no use then"}); got != nil {
		t.Errorf("the dialog was answered with %v", got)
	}
	soon(t, "command", func() bool { all := b.stored(); return all[len(all)-1] == "command of Alice Example: mail" })
	// A very long message, and one without text, can be shown in the dialog too.
	for _, text := range []string{strings.Repeat("long ", 1000), ""} {
		ts := l.Say(l.alice, l.lounge, text, slacktest.Said{File: "a.txt", Body: "hi"})
		l.Menu(l.alice, l.lounge, ts, "hs_msg_email")
		if got := l.fill(t, l.alice, map[string]string{"people": "ann@example.com"}); got != nil {
			t.Errorf("the dialog was answered with %v", got)
		}
	}
}

// Guests and people of other organisations are told why nothing happens (B30).
func TestGuestsMayNot(t *testing.T) {
	l := newLab(t, true)
	_, b := l.run(t)
	for _, u := range []slacktest.User{{Name: "gus", Guest: true}, {Name: "otto", Team: slacktest.OtherTeam}} {
		who := l.Person(u)
		l.Invite(l.alice, l.lounge, who)
		if !l.Slash(who, l.lounge, "/send", "") {
			t.Fatal("the command was not taken")
		}
		soon(t, "answer", func() bool { return len(l.Ephemerals(who)) == 1 })
		if text := l.Ephemerals(who)[0].Text; !strings.Contains(text, "can't use this") || l.Modal(who) != nil {
			t.Errorf("%s was told %q", u.Name, text)
		}
		// With words the bridge decides; it has to know who asks.
		l.Slash(who, l.lounge, "/send", "link ann@example.com")
		soon(t, "command", func() bool { return len(b.commandsOf(who)) == 1 })
		if cmd := b.commandsOf(who)[0]; !cmd.By.Guest {
			t.Errorf("the command is by %+v, want a guest", cmd.By)
		}
	}
}

func (b *book) commandsOf(user string) (all []chat.Command) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, ev := range b.events {
		if c, is := ev.(chat.Command); is && string(c.By.ID) == user {
			all = append(all, c)
		}
	}
	return all
}

// A dialog that Slack does not open in time is no silence.
func TestDialogTooLate(t *testing.T) {
	l := newLab(t, true)
	l.run(t)
	l.Break("views.open", slacktest.Fault{Status: 503})
	l.Slash(l.alice, l.lounge, "/send", "")
	soon(t, "answer", func() bool { return len(l.Ephemerals(l.alice)) == 1 })
	if text := l.Ephemerals(l.alice)[0].Text; !strings.Contains(text, "/send help") {
		t.Errorf("alice was told %q, want what to do instead", text)
	}
}

// The same press that Slack delivers twice is one command.
func TestCommandsHaveIDs(t *testing.T) {
	l := newLab(t, true)
	_, b := l.run(t)
	for _, text := range []string{"status", "status"} {
		l.Slash(l.alice, l.lounge, "/send", text)
	}
	soon(t, "two commands", func() bool { return len(b.commandsOf(l.alice)) == 2 })
	form := map[string]any{"command": "/send", "text": "who", "channel_id": l.lounge, "user_id": l.alice, "trigger_id": "1.2.3", "response_url": "http://127.0.0.1:1/"}
	l.Payload("slash_commands", form)
	l.Payload("slash_commands", form)
	l.Say(l.alice, l.lounge, "after")
	b.until(t, "after")
	time.Sleep(50 * time.Millisecond)
	if n := len(b.commandsOf(l.alice)); n != 3 {
		t.Errorf("there are %d commands, want 3", n)
	}
}

// What people write after the app's name, or to it directly, is a command (B33), inside
// threads too.
func TestMentions(t *testing.T) {
	l := newLab(t, true)
	_, b := l.run(t)
	root := l.Say(l.alice, l.lounge, "root")
	l.Say(l.alice, l.lounge, "<@"+slacktest.BotUser+"> add ann@example.com", slacktest.Said{Thread: root})
	b.until(t, "command of Alice Example: add ann@example.com")
	cmds := b.commandsOf(l.alice)
	if len(cmds) != 1 || cmds[0].Place.Thread != chat.ThreadID(root) || cmds[0].Rank != chat.Admin {
		t.Errorf("the commands are %+v, want one, in the thread", cmds)
	}
	l.Say(l.alice, l.DirectChannel(l.alice), "status")
	b.until(t, "command of Alice Example: status")
}

// A command comes behind what was said before it, though that comes by another way, and
// a dialog does not wait. (EVENTS 3.1)
func TestCommandsComeInTurn(t *testing.T) {
	for _, socket := range []bool{true, false} {
		l := newLab(t, socket)
		_, b := l.run(t)
		typed := func(text string) {
			at := time.Now().Add(-300 * time.Millisecond)
			l.Event(json.RawMessage(fmt.Sprintf(`{"type":"message","channel":%q,"user":%q,"text":%q,"ts":"%d.%06d","event_ts":"%[4]d.%06[5]d"}`, l.lounge, l.alice, text, at.Unix(), at.Nanosecond()/1000)))
		}
		l.Payload("slash_commands", map[string]any{"command": "/send", "text": "ok shared", "channel_id": l.lounge, "user_id": l.alice, "trigger_id": "1.2.3", "response_url": "http://127.0.0.1:1/"})
		typed("just before")
		b.until(t, "command of Alice Example: ok shared")
		b.until(t, "just before")
		l.Payload("interactive", map[string]any{"type": "block_actions", "user": map[string]string{"id": l.alice}, "trigger_id": "1.2.4", "actions": []any{
			map[string]string{"type": "button", "block_id": "b", "action_id": blocks.Command + "0", "value": blocks.Pack(chat.Place{Room: chat.RoomID(l.lounge)}, "unlink")},
		}})
		typed("again")
		b.until(t, "command of Alice Example: unlink")
		b.until(t, "again")
		all := strings.Join(b.stored(), "\n")
		for _, x := range [][2]string{{"just before", "ok shared"}, {"again", "unlink"}} {
			if strings.Index(all, x[0]) > strings.Index(all, x[1]) {
				t.Errorf("the command overtook what was said before it:\n%s", all)
			}
		}
	}
}
