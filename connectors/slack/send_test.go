package slack

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/retry"
	"hashsend/connectors/slack/send"
	"hashsend/connectors/slack/slacktest"
	"hashsend/connectors/slack/web"
	"hashsend/connectors/slack/wire"
)

// deliver sends as the bridge does: again, with the same key, after a failure.
func deliver(t *testing.T, c *Connector, m chat.Outgoing) chat.MessageID {
	t.Helper()
	for range 5 {
		id, err := c.Send(t.Context(), m)
		if err == nil {
			return id
		}
		if retry.IsNever(err) {
			t.Fatal(err)
		}
		if pause, asked := retry.Pause(err); asked {
			time.Sleep(pause)
		}
	}
	t.Fatal("it could not be sent")
	return ""
}

func (l *lab) outgoing(key, text string) chat.Outgoing {
	return chat.Outgoing{Key: key, Place: chat.Place{Room: chat.RoomID(l.lounge)}, As: chat.Sender{ID: "ann", Name: "Ann (email)"}, Body: chat.Body{Text: text}}
}

// However a post fails, it stands there once.
func TestPostsFail(t *testing.T) {
	for name, f := range map[string]slacktest.Fault{
		"too many":                      {Status: 429, RetryAfter: 1},
		"an error before it is taken":   {Status: 503},
		"an error after it is taken":    {Status: 502, After: true},
		"a break before it is taken":    {Cut: true},
		"a break after it is taken":     {Cut: true, After: true},
		"a page instead of JSON, taken": {Status: 200, After: true},
	} {
		for _, in := range []string{"channel", "thread", "direct message"} {
			t.Run(name+"/"+in, func(t *testing.T) {
				t.Parallel()
				l := newLab(t, true)
				c := l.connect(t)
				m := l.outgoing("k1", "hello")
				switch in {
				case "thread":
					m.ReplyTo = wire.MessageID(l.lounge, l.Say(l.alice, l.lounge, "root"))
				case "direct message":
					m.Via = send.ViaPerson(l.alice)
				}
				l.Break("chat.postMessage", f, f)
				id := deliver(t, c, m)
				all := l.Messages(l.lounge)
				if in == "direct message" {
					all = l.Direct(l.alice)
				}
				all = slices.DeleteFunc(all, func(m slacktest.Message) bool { return m.User == l.alice })
				if len(all) != 1 || !strings.HasSuffix(string(id), ":"+all[0].TS) {
					t.Errorf("it stands there %d times, and the id is %s", len(all), id)
				}
				if in == "thread" && all[0].Thread == "" {
					t.Error("it does not stand in the thread")
				}
			})
		}
	}
}

// What Slack says is passed on: what is final, what to wait for, what to do.
func TestErrors(t *testing.T) {
	l := newLab(t, true)
	c := l.connect(t)
	secret := l.Open(slacktest.Channel{Name: "secret", Private: true}, l.alice)
	archived := l.Open(slacktest.Channel{Name: "old"}, l.alice, slacktest.BotUser)
	l.Archive(archived, true)
	for _, x := range []struct {
		name   string
		change func(*chat.Outgoing)
		want   string
	}{
		{"not in the channel", func(m *chat.Outgoing) { m.Place.Room = chat.RoomID(secret) }, "channel_not_found"},
		{"archived", func(m *chat.Outgoing) { m.Place.Room = chat.RoomID(archived) }, "is_archived"},
		{"no channel", func(m *chat.Outgoing) { m.Place.Room = "" }, "no channel given"},
	} {
		m := l.outgoing("k "+x.name, "hello")
		x.change(&m)
		if _, err := c.Send(t.Context(), m); !retry.IsNever(err) || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s: %v, want a final error with %q", x.name, err, x.want)
		}
	}
	l.Break("chat.postMessage", slacktest.Fault{Status: 429, RetryAfter: 17})
	_, err := c.Send(t.Context(), l.outgoing("k429", "hello"))
	if pause, asked := retry.Pause(err); !asked || pause != 17*time.Second {
		t.Errorf("Send: %v, a pause of %v; want the 17 s that Slack asks for", err, pause)
	}
	l.Allow("users:read")
	_, err = c.Send(t.Context(), l.outgoing("kscope", "hello"))
	if !retry.IsNever(err) || !strings.Contains(err.Error(), "chat:write") || !strings.Contains(err.Error(), "slack manifest") {
		t.Errorf("Send: %v, want the missing scope and what to do", err)
	}
	l.Revoke("account_inactive")
	_, err = c.Send(t.Context(), l.outgoing("kgone", "hello"))
	var out *web.LockedOut
	if !errors.As(err, &out) || retry.IsNever(err) {
		t.Errorf("Send: %v, want the message to be kept until the token is good again", err)
	}
	// A person whose client is asked for an emoji that Slack does not have.
	if _, err := c.React(t.Context(), "C1:1.1", "not an emoji", chat.Outgoing{}); !retry.IsNever(err) {
		t.Errorf("React: %v, want a final error", err)
	}
}

// Nothing that comes from mail reaches anybody's attention, or a link that it is not.
func TestNothingFromMailMentions(t *testing.T) {
	l := newLab(t, true)
	c := l.connect(t)
	evil := "<!channel> <@" + l.alice + "> <#" + l.lounge + "> @here <https://evil.example|https://bank.example> & *bold*"
	m := l.outgoing("k1", evil)
	m.As.Name = "<!channel> &"
	deliver(t, c, m)
	m = l.outgoing("k2", evil)
	m.Body.HTML = `<p>&lt;!channel&gt; <a href="https://evil.example">&lt;@` + l.alice + `&gt;</a></p>`
	deliver(t, c, m)
	for _, m := range l.Messages(l.lounge) {
		for _, bad := range []string{"<!channel", "<@" + l.alice, "<#" + l.lounge, "<!here"} {
			if strings.Contains(m.Text, bad) {
				t.Errorf("the text %q mentions somebody", m.Text)
			}
		}
		for _, bad := range []string{`"broadcast"`, `"user_id"`, `"channel_id"`, `"usergroup"`, `"mrkdwn"`} {
			if strings.Contains(string(m.Blocks), bad) {
				t.Errorf("the blocks %s mention somebody", m.Blocks)
			}
		}
	}
	// Slack's old texts know words that call everybody: those get a joint that nobody sees.
	if first := strings.ReplaceAll(seen(l.Messages(l.lounge)[0]), "\u2060", ""); first != evil {
		t.Errorf("people see %q, want %q", first, evil)
	}
}

// reactions are those at the first message of the lounge.
func (l *lab) reactions() map[string][]string { return l.Messages(l.lounge)[0].Reactions }

// A message is replaced and taken back; a repeat of either does no harm.
func TestChange(t *testing.T) {
	l := newLab(t, true)
	c := l.connect(t)
	id := deliver(t, c, l.outgoing("k1", "first"))
	m := l.outgoing("k2", "second")
	m.Body.HTML = "<p>sec<strong>ond</strong></p>"
	if same, err := c.Edit(t.Context(), id, m); err != nil || same != id {
		t.Errorf("Edit: %v, %v", same, err)
	}
	if got := l.Messages(l.lounge)[0]; seen(got) != "second" || got.Username != "Ann (email)" || got.Edited == "" {
		t.Errorf("after the edit the message is %+v", got)
	}
	for range 2 { // the second time it is gone already
		if err := c.Delete(t.Context(), id, chat.Outgoing{}); err != nil {
			t.Errorf("Delete: %v", err)
		}
	}
	if got := l.Messages(l.lounge); len(got) != 0 {
		t.Errorf("the channel still has %+v", got)
	}
	if _, err := c.Edit(t.Context(), id, m); !retry.IsNever(err) {
		t.Errorf("Edit of what is gone: %v, want a final error", err)
	}
}

// A reaction of ours comes and goes, others' stay, and none is one of a person to us
// (A11, B26). A repeat does no harm (C26).
func TestReactions(t *testing.T) {
	l := newLab(t, true)
	c := l.connect(t)
	id := deliver(t, c, l.outgoing("k1", "first"))
	for range 2 { // the second time it is there already (already_reacted)
		if _, err := c.React(t.Context(), id, "👍", l.outgoing("k3", "")); err != nil {
			t.Errorf("React: %v", err)
		}
	}
	if got := l.reactions(); len(got["+1"]) != 1 {
		t.Errorf("the reactions are %v", got)
	}
	_, ts := wire.Split(id)
	l.React("U1", l.lounge, ts, "+1")
	reaction, err := c.React(t.Context(), id, "👍🏽", l.outgoing("k4", ""))
	if err != nil {
		t.Errorf("React: %v", err)
	}
	for range 2 { // the second time it is gone already
		for _, r := range []chat.MessageID{id + ":+1", reaction} {
			if err := c.Unreact(t.Context(), r, l.outgoing("k5", "")); err != nil {
				t.Errorf("Unreact %s: %v", r, err)
			}
		}
	}
	if got := l.reactions(); len(got["+1"]) != 1 || got["+1"][0] != "U1" || len(got["+1::skin-tone-4"]) != 0 {
		t.Errorf("after reactions were taken back there are %v", got)
	}
}

// A message that failed has a sign until the failure is mended; other states change
// nothing (B38).
func TestReports(t *testing.T) {
	l := newLab(t, true)
	c := l.connect(t)
	id := deliver(t, c, l.outgoing("k1", "first"))
	for _, x := range []struct {
		state chat.State
		want  int
	}{
		{chat.State{Phase: chat.Failed}, 1},
		{chat.State{Phase: chat.Accepted}, 1},
		{chat.State{Phase: chat.Read}, 1},
		{chat.State{Phase: chat.Accepted, Recovered: true}, 0},
		{chat.State{Phase: chat.Accepted, Recovered: true}, 0}, // gone already
	} {
		if err := c.Report(t.Context(), id, chat.Place{Room: chat.RoomID(l.lounge)}, x.state); err != nil {
			t.Errorf("Report: %v", err)
		}
		if got := l.reactions(); len(got["warning"]) != x.want {
			t.Errorf("after %+v the reactions are %v, want %d signs", x.state, got, x.want)
		}
	}
}

// A line that tells an author of a failure has a button to try again (B38), in the
// channel and in a thread.
func TestRetryButton(t *testing.T) {
	l := newLab(t, true)
	c, b := l.run(t)
	root := l.Say(l.alice, l.lounge, "root")
	l.Say(l.alice, l.lounge, "what failed", slacktest.Said{Thread: root}) // else Slack would not show it there
	for n, thread := range []chat.ThreadID{"", chat.ThreadID(root)} {
		m := l.outgoing(fmt.Sprint("k", n), "⚠️ ann didn't receive this message.")
		m.As, m.Kind, m.Place.Thread, m.For = chat.Sender{}, chat.Notice, thread, chat.UserID(l.alice)
		m.Choices = []chat.Choice{{Label: "Retry", Command: "resend 7 ann@example.com"}}
		deliver(t, c, m)
		got := l.Ephemerals(l.alice)
		if len(got) != n+1 || got[n].Channel != l.lounge {
			t.Fatalf("alice sees %+v", got)
		}
		if !l.Press(l.alice, l.lounge, got[n].Blocks, "Retry") {
			t.Fatal("there is no button")
		}
		soon(t, "command", func() bool { return len(b.commandsOf(l.alice)) == n+1 })
		if cmd := b.commandsOf(l.alice)[n]; cmd.Text != "resend 7 ann@example.com" || cmd.Place != m.Place || !cmd.Private || cmd.Via == "" {
			t.Errorf("the button gave %+v", cmd)
		}
	}
}

// What is for one person is seen by nobody else, and reaches those too who are not
// in the channel (B38).
func TestWhisper(t *testing.T) {
	l := newLab(t, true)
	c := l.connect(t)
	m := l.outgoing("k1", "only you")
	m.For = chat.UserID(l.alice)
	deliver(t, c, m)
	if got := l.Ephemerals(l.alice); len(got) != 1 || got[0].Channel != l.lounge {
		t.Errorf("alice sees %+v", got)
	}
	bo := l.Person(slacktest.User{Name: "bo"})
	m.Key, m.For = "k2", chat.UserID(bo)
	deliver(t, c, m)
	if got := l.Direct(bo); len(got) != 1 || seen(got[0]) != "only you" {
		t.Errorf("bo, who is not in the channel, was told %+v", got)
	}
	if len(l.Messages(l.lounge)) != 0 {
		t.Error("it stands in the channel")
	}
	// Without the function there is no way to tell him.
	l.cfg.Functions = []string{"pins"}
	m.Key = "k3"
	if _, err := l.connect(t).Send(t.Context(), m); !retry.IsNever(err) {
		t.Errorf("Send: %v, want a final error", err)
	}
}

// Answers to a command go the way that came with it, and another when it is used up.
func TestAnswers(t *testing.T) {
	l := newLab(t, true)
	c, b := l.run(t)
	if !l.Slash(l.alice, l.lounge, "/send", "status") {
		t.Fatal("the command was not taken")
	}
	cmd := b.events[0].(chat.Command)
	if cmd.Via == "" || !cmd.Private {
		t.Fatalf("the command is %+v, want a way for private answers", cmd)
	}
	for n := range 7 { // five are allowed
		m := l.outgoing(fmt.Sprint("a", n), fmt.Sprint("line ", n))
		m.For, m.Via, m.Choices = chat.UserID(l.alice), cmd.Via, []chat.Choice{{Label: "Link", Command: "ok"}, {Label: "Unlink", Command: "unlink", Danger: true}}
		deliver(t, c, m)
	}
	got := l.Ephemerals(l.alice)
	if len(got) != 7 || len(l.Messages(l.lounge)) != 0 {
		t.Fatalf("alice sees %d answers, want 7; the channel has %d", len(got), len(l.Messages(l.lounge)))
	}
	if !l.Press(l.alice, l.lounge, got[6].Blocks, "Link") {
		t.Error("there is no button")
	}
	b.until(t, "command of Alice Example: ok")
	b.mu.Lock()
	last := b.events[len(b.events)-1].(chat.Command)
	b.mu.Unlock()
	if last.Place.Room != chat.RoomID(l.lounge) || last.By.ID != chat.UserID(l.alice) {
		t.Errorf("the button gave %+v", last)
	}
	if !strings.Contains(string(got[0].Blocks), `"danger"`) || !strings.Contains(string(got[0].Blocks), `"confirm"`) {
		t.Errorf("what cannot be undone is not asked about: %s", got[0].Blocks)
	}
}

// The longest texts that the bridge sends stay within what Slack takes.
func TestLongest(t *testing.T) {
	l := newLab(t, true)
	c := l.connect(t)
	for n, text := range []string{strings.Repeat("ö", c.Limits().Chars), strings.Repeat("<&>", c.Limits().Chars/3), strings.Repeat("a\n", c.Limits().Chars/2), strings.Repeat("👍🏽", c.Limits().Chars/2)} {
		id := deliver(t, c, l.outgoing(fmt.Sprint("k", n), text))
		if _, err := c.Edit(t.Context(), id, l.outgoing(fmt.Sprint("e", n), text)); err != nil {
			t.Errorf("text %d cannot be edited: %v", n, err)
		}
		m := l.Messages(l.lounge)[n]
		if got := strings.TrimSpace(seen(m)); got != strings.TrimSpace(text) {
			t.Errorf("text %d of %d characters is seen as %d", n, len([]rune(text)), len([]rune(got)))
		}
	}
}

// The sign is pinned once, changed in place, and taken away.
func TestSign(t *testing.T) {
	l := newLab(t, true)
	c := l.connect(t)
	place := chat.Place{Room: chat.RoomID(l.lounge)}
	deliver(t, c, l.outgoing("k", "a message that somebody pins"))
	for _, text := range []string{"read by 1 person", "read by 1 person", "read by 2 people"} {
		if err := l.connect(t).Announce(t.Context(), place, chat.Sign{Text: text}); err != nil {
			t.Fatal(err)
		}
	}
	var pinned []string
	for _, m := range l.Messages(l.lounge) {
		if m.Pinned {
			pinned = append(pinned, m.Text)
		}
	}
	if !slices.Equal(pinned, []string{"📌 read by 2 people"}) {
		t.Errorf("pinned is %q", pinned)
	}
	if err := c.Announce(t.Context(), place, chat.Sign{}); err != nil {
		t.Fatal(err)
	}
	if got := l.Messages(l.lounge); len(got) != 1 || seen(got[0]) != "a message that somebody pins" {
		t.Errorf("there is left %+v", got)
	}
}

func TestDescribe(t *testing.T) {
	l := newLab(t, true)
	c := l.connect(t)
	bo := l.Person(slacktest.User{Name: "bo"})
	open := l.Open(slacktest.Channel{Name: "open"}, l.alice, bo)
	d, err := c.Describe(t.Context(), chat.RoomID(open))
	if err != nil || d != (chat.Description{Name: "#open", Members: 2}) {
		t.Errorf("a public channel that we were not in is %+v, %v", d, err)
	}
	if !slices.Contains(l.Members(open), slacktest.BotUser) {
		t.Error("it was not entered")
	}
	private := l.Open(slacktest.Channel{Name: "private", Private: true}, l.alice, slacktest.BotUser)
	l.Share(private, true)
	if d, err := c.Describe(t.Context(), chat.RoomID(private)); err != nil || d != (chat.Description{Name: "#private", Private: true, Shared: true, Members: 1}) {
		t.Errorf("a private and shared channel is %+v, %v", d, err)
	}
	foreign := l.Open(slacktest.Channel{Name: "foreign", Private: true}, l.alice)
	if _, err := c.Describe(t.Context(), chat.RoomID(foreign)); !retry.IsNever(err) {
		t.Errorf("a private channel that we are not in: %v, want a final error", err)
	}
	if err := c.Join(t.Context(), chat.RoomID(foreign), ""); !retry.IsNever(err) || !strings.Contains(err.Error(), "/invite") {
		t.Errorf("Join: %v, want what to type", err)
	}
}

func TestDesk(t *testing.T) {
	l := newLab(t, true)
	c, b := l.run(t)
	place := chat.Place{Room: chat.RoomID(l.lounge)}
	desk := chat.Page{May: true, Note: "The mailbox <does> not answer.", Rooms: []chat.PageRoom{
		{Place: place, Title: "Lunch <!channel>", Mode: "open", People: []string{"ann@example.com"}, LastMail: time.Unix(1700000000, 0), Trouble: "a mail came back", Retry: "resend 7 ann@example.com"},
		{Place: chat.Place{Room: place.Room, Thread: "17.1"}, Title: "Boat", Mode: "hidden", Paused: true, Waits: "2 mails are <on> their way"},
	}}
	show := func(d chat.Page) string {
		t.Helper()
		if err := c.ShowPage(t.Context(), chat.UserID(l.alice), d); err != nil {
			t.Fatal(err)
		}
		raw, err := json.Marshal(l.Home(l.alice)["blocks"])
		if err != nil {
			t.Fatal(err)
		}
		return strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(raw))
	}
	home := show(desk)
	for _, want := range []string{"Lunch &lt;!channel&gt;", "#lounge, connected", "a thread in #lounge, paused", "(they see each other's addresses): ann@example.com", "(each gets a separate email): nobody", "Waiting: 2 mails are &lt;on&gt; their way", `"Settings"`, "<!date^1700000000^", "a mail came back", "The mailbox", `"Resume"`, `"Invite"`, "New conversation"} {
		if !strings.Contains(home, want) {
			t.Errorf("the Home lacks %q: %s", want, home)
		}
	}
	press := func(label, want string) {
		t.Helper()
		if !l.Press(l.alice, "", l.Home(l.alice)["blocks"], label) {
			t.Fatalf("the button %s was not taken", label)
		}
		if want != "" {
			b.until(t, want)
		}
	}
	press("Pause", "command of Alice Example: pause")
	b.until(t, "desk of Alice Example")                                  // and the Home is shown anew
	press("Retry", "command of Alice Example: resend 7 ann@example.com") // B38
	press("Disconnect", "command of Alice Example: unlink")
	press("Resume", "command of Alice Example: pause off")
	press("Invite", "")
	soon(t, "dialog", func() bool { return l.Modal(l.alice) != nil })
	if mistakes, taken := l.Submit(l.alice, map[string]string{"people": "bo@example.com, cy@example.com"}); !taken || mistakes != nil {
		t.Errorf("the dialog was answered with %v", mistakes)
	}
	b.until(t, "command of Alice Example: add bo@example.com cy@example.com")
	// Who may not command has no buttons.
	desk.May = false
	if home := show(desk); strings.Contains(home, `"button"`) {
		t.Errorf("there are buttons for somebody who may not use them: %s", home)
	}
	// As many rooms as there are: what does not fit is counted.
	for range 80 {
		desk.Rooms = append(desk.Rooms, chat.PageRoom{Place: place, Title: strings.Repeat("long ", 1000)})
	}
	desk.May = true
	if home := show(desk); !strings.Contains(home, "and 52 more") {
		t.Error("the Home does not say that there are more")
	}
	if home := show(chat.Page{May: true}); !strings.Contains(home, "No channel") {
		t.Errorf("an empty Home is %s", home)
	}
}
