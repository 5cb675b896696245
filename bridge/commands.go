package bridge

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"hashsend/bridge/chat"
	"hashsend/bridge/command"
	"hashsend/bridge/core"
	"hashsend/bridge/linking"
	"hashsend/bridge/reactions"
	"hashsend/bridge/tochat"
)

// The groups of commands in the help.
const (
	conversations = "Conversations"
	people        = "People"
	yourEmail     = "Your email"
	review        = "Review"
	state         = "Status"
)

// commands is the table of commands, in the order of the help. An empty answer means that
// a ✅ is enough.
func commands() []command.Row {
	return append(append(conversationCommands(), peopleCommands()...), reviewCommands()...)
}

func conversationCommands() []command.Row {
	return []command.Row{
		{Name: "help", Args: "[TOPIC]", Help: "list the commands, or explain a command or a group", Example: "help people", Level: core.Ask, Run: help},
		{
			Name: "link", Group: conversations, Args: "ADDRESS… [open|hidden] [title TITLE]", Help: "connect this room to an email conversation", Level: core.Link, Run: linking.Link,
			More: "You see a preview first and confirm it. With open, email participants see each other's addresses; with hidden, each gets a separate email.", Example: "link ann@example.com title Lunch",
		},
		{
			Name: "new", Group: conversations, Args: "ADDRESS… [open|hidden] [title TITLE]", Help: "start a conversation in its own thread", Level: core.Link, Run: linking.NewConversation,
			More: "Messages in that thread are sent by email; the rest of the room stays as it is.", Example: "new ann@example.com title Boat trip",
		},
		{
			Name: "mail", Group: conversations, Args: "[ADDRESS… [title TITLE]]", Help: "email the message you reply to, and start a conversation in its thread", Level: core.Link, Run: linking.MailMessage,
			More: "In a linked room, leave out the addresses: the message goes to the participants.", Example: "mail ann@example.com",
		},
		{
			Name: "ok", Group: conversations, Args: "[shared] [encrypted]", Help: "confirm the link shown in the preview", Level: core.Link, Run: linking.OK,
			More: "In a channel shared with another organization, or in an encrypted room, shared or encrypted confirms that its members agree to have their messages emailed.",
		},
		{Name: "cancel", Group: conversations, Args: "", Help: "cancel the link shown in the preview", Level: core.Link, Run: linking.Cancel},
		{Name: "name", Group: conversations, Args: "TITLE", Help: "change the title, and the subject of later emails", Example: "name Lunch", Level: core.Link, Run: linking.Name},
		{Name: "mode", Group: conversations, Args: "open|hidden", Help: "show or hide email participants' addresses from each other", Example: "mode hidden", Level: core.Link, Run: linking.Mode},
		{
			Name: "pause", Group: conversations, Args: "[on|off]", Help: "stop sending emails from here; off starts again", Level: core.Link, Run: linking.Pause,
			More: "Messages written while paused stay in the room. Incoming email is still posted.",
		},
		{Name: "unlink", Group: conversations, Args: "", Help: "disconnect this room from email", Level: core.Link, Run: linking.Unlink},
	}
}

func peopleCommands() []command.Row {
	return []command.Row{
		{
			Name: "add", Group: people, Args: "ADDRESS… [open|hidden] [history COUNT]", Help: "invite people by email", Level: core.Link, Run: (*command.Call).Add,
			More: "They receive the messages written from now on. history 5 previews the last 5 messages, which you can then send.", Example: "add bob@example.com history 5",
		},
		{Name: "remove", Group: people, Args: "PERSON…", Help: "remove people from the conversation", Example: "remove Bob", Level: core.Link, Run: (*command.Call).Remove},
		{Name: "who", Group: people, Args: "", Help: "list the email participants", Level: core.Ask, Run: (*command.Call).Who},
		{Name: "history", Group: people, Args: "PERSON [COUNT]", Help: "preview the messages from before a person joined, then send them", Example: "history Bob 5", Level: core.Link, Run: (*command.Call).History},
		{
			Name: "resend", Group: people, Args: "NUMBER PERSON…", Help: "send a message to people who were left out or didn't receive it", Level: core.Ask, Run: (*command.Call).Resend,
			More: "Without moderator rights, you can resend your own messages.",
		},
		{
			Name: "digest", Group: yourEmail, Args: "[PERSON… MODE]", Help: "show or choose when a person gets email: " + core.Modes, Example: "digest Ann daily", Level: core.Link, Run: (*command.Call).DigestMode,
			More: "Email participants choose for themselves: they reply with /digest daily.",
		},
		{
			Name: "mute", Group: yourEmail, Args: "PERSON [2h|off]", Help: "send a person no email for a while", Example: "mute Ann 2h", Level: core.Link, Run: (*command.Call).MutePerson,
			More: "Messages from that time are not sent later. Email participants reply with /mute 2h.",
		},
		{
			Name: "zone", Group: yourEmail, Args: "PERSON ZONE|off", Help: "set a person's time zone for digests and dates", Example: "zone Ann Europe/Berlin", Level: core.Link, Run: (*command.Call).ZonePerson,
			More: "Email participants reply with /zone Europe/Berlin.",
		},
	}
}

func reviewCommands() []command.Row {
	return []command.Row{
		{Name: "approve", Group: review, Args: "NUMBER [add]", Help: "post an email held for review; add also invites its sender", Example: "approve 3 add", Level: core.Link, Run: (*command.Call).Approve},
		{Name: "deny", Group: review, Args: "NUMBER|ADDRESS…", Help: "reject an email held for review, or people that an email added", Example: "deny 3", Level: core.Link, Run: (*command.Call).Deny},
		{Name: "block", Group: review, Args: "NUMBER", Help: "reject a held email and all later email from its sender", Example: "block 3", Level: core.Link, Run: (*command.Call).Block},
		{
			Name: "alias", Group: review, Args: "NUMBER ADDRESS | off ADDRESS", Help: "ask a participant whether a held email from another address is theirs", Level: core.Link, Run: (*command.Call).Alias,
			More: "ADDRESS is the participant's known address. After they confirm, email from the other address counts as theirs; off ends that.", Example: "alias 3 ann@example.com",
		},
		{Name: "status", Group: state, Args: "", Help: "show the queue, held emails and errors", Level: core.Ask, Run: command.Status(linking.EncryptionStatus)},
		{Name: "why", Group: state, Args: "", Help: "show what happened to the message you reply to", Level: core.Ask, Run: (*command.Call).Why},
		{Name: "rest", Group: state, Args: "", Help: "show what was left out of the email you reply to, such as quotes and signatures", Level: core.Ask, Run: (*command.Call).Rest},
		{Name: "now", Group: state, Args: "", Help: "send waiting messages now", Level: core.Ask, Run: (*command.Call).FlushNow},
	}
}

// Request is a command from outside a room: from the command line.
type Request struct {
	Network string     `json:"network"` // name of the chat connector; may be empty where only one is configured
	Place   chat.Place `json:"place"`
	Line    string     `json:"line"` // "link ann@example.com --title Lunch"
}

// Answer is the answer to a command.
type Answer struct {
	OK   bool   `json:"ok"`
	Text string `json:"text"`
}

// runCommand runs a command from a room. Answers and usage errors become notices; a
// success without an answer becomes a ✅ on the command where the network has reactions.
func runCommand(w *core.Work, network string, e chat.Command) error {
	c := &command.Call{
		Work: w, Network: network, Place: e.Place, At: e.At, By: e.By, Level: w.Env.Access.Level(e.By, e.Rank),
		About: e.About, Private: e.Private, Via: e.Via,
	}
	answer, err := run(c, e.Text)
	to := tochat.InReplyTo(e.Message)
	if e.Private {
		to = c.Asked().Answer()
	}
	var mistake command.UsageError
	switch {
	case errors.As(err, &mistake):
		return tochat.Notice(w, network, e.Place, "✗ "+mistake.Error(), to)
	case err != nil:
		return err
	case answer != "":
		return tochat.Notice(w, network, e.Place, answer, to, tochat.WithChoices(c.Choices...))
	}
	if w.Env.Network(network).Reactor != nil && e.Message != "" && !e.Private {
		return tochat.Enqueue(w, reactions.JobReact, w.Key("c")+"."+string(e.Event), &reactions.ReactionJob{Target: tochat.Target{Network: network, Place: e.Place}, To: string(e.Message), Emoji: "✅"})
	}
	return tochat.Notice(w, network, e.Place, "Done.", to)
}

// Do runs a command with the rights of an admin. A usage error is an Answer that is not
// OK; the error is one of the bridge itself.
func (b *Bridge) Do(ctx context.Context, r Request) (Answer, error) {
	network := r.Network
	if network == "" && len(b.env.Chats) == 1 {
		network = b.env.Chats[0].Name()
	}
	var answer string
	var mistake command.UsageError
	err := b.env.Write(ctx, "admin", func(w *core.Work) (err error) {
		c := &command.Call{Work: w, Network: network, Place: r.Place, Level: core.Administer, CLI: true, By: chat.Author{ID: "admin", Name: "the admin"}}
		answer, err = run(c, r.Line)
		return err
	})
	switch {
	case errors.As(err, &mistake):
		return Answer{Text: mistake.Error()}, nil
	case err != nil:
		return Answer{}, err
	case answer == "":
		answer = "Done."
	}
	return Answer{OK: true, Text: answer}, nil
}

// Hint lists the commands in one short line, for networks that show one beside their
// command.
func Hint() string {
	var names []string
	for _, cmd := range commands() {
		switch cmd.Name {
		case "link", "new", "mail", "add":
			names = append(names, cmd.Name+" ann@example.com")
		case "ok", "cancel", "help":
		default:
			names = append(names, cmd.Name)
		}
	}
	return strings.Join(append(names, "help"), " | ")
}

// run runs one line: a command and its arguments. An empty line asks for help.
func run(c *command.Call, line string) (string, error) {
	words := command.Split(line)
	if len(words) == 0 {
		words = []string{"help"}
	}
	cmd, err := find(c, words[0])
	if err != nil {
		return "", err
	}
	c.Args = words[1:]
	if cmd.Args == "" && len(c.Args) > 0 {
		return "", c.Unknown(c.Args[0], cmd.Name, cmd.Args)
	}
	answer, err := cmd.Run(c)
	return c.Confirm(answer), err
}

// find returns the command of that name, in any case, if the author may use it.
func find(c *command.Call, name string) (command.Row, error) {
	for _, cmd := range commands() {
		switch {
		case !strings.EqualFold(cmd.Name, name):
		case c.Level < cmd.Level:
			return cmd, c.MayNotUse(cmd.Name, cmd.Level)
		default:
			return cmd, nil
		}
	}
	return command.Row{}, command.Usage("There is no command %q.%s %s lists the commands.", name, didYouMean(strings.ToLower(name)), c.TypedAs("help"))
}

// didYouMean suggests a command for a mistyped name; empty: none is similar.
func didYouMean(name string) string {
	letters := func(s string) string { return string(slices.Sorted(slices.Values([]rune(s)))) }
	for _, cmd := range commands() {
		swapped := letters(name) == letters(cmd.Name)
		if len(name) > 1 && (swapped || strings.HasPrefix(cmd.Name, name[:2]) || strings.HasPrefix(name, cmd.Name)) {
			return " Did you mean " + cmd.Name + "?"
		}
	}
	return ""
}

// help lists the commands that the author may use, or explains a command or a group.
func help(c *command.Call) (string, error) {
	if len(c.Args) > 0 {
		return helpOn(c, strings.Join(c.Args, " "))
	}
	var b strings.Builder
	b.WriteString("Start here:\n")
	for _, cmd := range firstThings(c.Level) {
		b.WriteString(helpLine(c, cmd) + "\n")
	}
	b.WriteString("\nAll commands:\n")
	for _, group := range []string{conversations, people, yourEmail, review, state} {
		var names []string
		for _, cmd := range commandsOf(group, c.Level) {
			names = append(names, cmd.Name)
		}
		if len(names) > 0 {
			fmt.Fprintf(&b, "%s: %s\n", group, strings.Join(names, ", "))
		}
	}
	fmt.Fprintf(&b, "\n%s explains a command or a group, such as %s. Messages that start with 🔇 or // stay in the room.", c.TypedAs("help TOPIC"), c.TypedAs("help people"))
	return b.String(), nil
}

// firstThings returns the three commands that somebody with these rights needs first.
func firstThings(level core.Level) (first []command.Row) {
	for _, name := range []string{"link", "new", "who", "status", "why"} {
		for _, cmd := range commands() {
			if cmd.Name == name && level >= cmd.Level && len(first) < 3 {
				first = append(first, cmd)
			}
		}
	}
	return first
}

// commandsOf returns the commands of a group that somebody with these rights may use.
func commandsOf(group string, level core.Level) (all []command.Row) {
	for _, cmd := range commands() {
		if cmd.Group == group && level >= cmd.Level {
			all = append(all, cmd)
		}
	}
	return all
}

func helpLine(c *command.Call, cmd command.Row) string {
	return strings.TrimSpace(c.TypedAs(cmd.Name+" "+cmd.Args)) + " – " + cmd.Help
}

// helpOn explains a group or a command. "Status" is both: the group lists the command.
func helpOn(c *command.Call, topic string) (string, error) {
	for _, group := range []string{conversations, people, yourEmail, review, state} {
		if !strings.EqualFold(topic, group) && !(group == yourEmail && strings.EqualFold(topic, "email")) {
			continue
		}
		lines := []string{group}
		for _, cmd := range commandsOf(group, c.Level) {
			lines = append(lines, helpLine(c, cmd))
		}
		if len(lines) == 1 {
			return "", command.Usage("You may use none of the commands in this group. %s lists the others.", c.TypedAs("help"))
		}
		if group == people || group == yourEmail {
			lines = append(lines, "PERSON is an address, a name, or the beginning of a name.")
		}
		return strings.Join(lines, "\n"), nil
	}
	cmd, err := find(c, topic)
	if err != nil {
		return "", err
	}
	text := helpLine(c, cmd)
	if cmd.More != "" {
		text += "\n" + cmd.More
	}
	if cmd.Example != "" {
		text += "\nExample: " + c.TypedAs(cmd.Example)
	}
	return text, nil
}
