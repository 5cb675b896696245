package bridge

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"hashsend/bridge/chat"
	"hashsend/bridge/command"
	"hashsend/bridge/core"
	"hashsend/bridge/linking"
	"hashsend/bridge/reactions"
	"hashsend/bridge/tochat"
)

// commands is the table. An empty answer means that a sign of success is enough.
func commands() []command.Row {
	return []command.Row{
		{Name: "help", Args: "", Help: "what I can do", Level: core.Ask, Run: help},
		{Name: "link", Args: "ADDRESS… [open|hidden] [title WORDS]", Help: "tie this room to a conversation by email", Level: core.Link, Run: linking.Link},
		{Name: "new", Args: "ADDRESS… [open|hidden] [title WORDS]", Help: "begin a conversation in a thread of its own", Level: core.Link, Run: linking.NewConversation},
		{Name: "mail", Args: "[ADDRESS… [title WORDS]]", Help: "mail the message that this answers, and begin a conversation under it", Level: core.Link, Run: linking.MailMessage},
		{Name: "ok", Args: "[shared] [encrypted]", Help: "do what I have shown", Level: core.Link, Run: linking.OK},
		{Name: "cancel", Args: "", Help: "forget what I have shown", Level: core.Link, Run: linking.Cancel},
		{Name: "add", Args: "ADDRESS… [open|hidden] [history COUNT]", Help: "invite people by email", Level: core.Link, Run: (*command.Call).Add},
		{Name: "history", Args: "PERSON [COUNT]", Help: "show what was said before a person joined, and mail it if you say so", Level: core.Link, Run: (*command.Call).History},
		{Name: "remove", Args: "PERSON…", Help: "take people out", Level: core.Link, Run: (*command.Call).Remove},
		{Name: "who", Args: "", Help: "who takes part", Level: core.Ask, Run: (*command.Call).Who},
		{Name: "digest", Args: "[PERSON… MODE]", Help: "when mail goes to a person: instant, burst, 15min, hourly, daily, mentions or paused", Level: core.Link, Run: (*command.Call).DigestMode},
		{Name: "zone", Args: "PERSON ZONE|off", Help: "the time zone of a person, as Europe/Berlin, for digests and the times in them", Level: core.Link, Run: (*command.Call).ZonePerson},
		{Name: "mute", Args: "PERSON [2h|off]", Help: "mail nothing to a person for a while", Level: core.Link, Run: (*command.Call).MutePerson},
		{Name: "name", Args: "TITLE", Help: "give the conversation another title, and its mails another subject", Level: core.Link, Run: linking.Name},
		{Name: "mode", Args: "open|hidden", Help: "whether people by email see each other's addresses", Level: core.Link, Run: linking.Mode},
		{Name: "resend", Args: "NUMBER PERSON…", Help: "mail a message to people who were left out of it, or whom it has not reached", Level: core.Ask, Run: (*command.Call).Resend},
		{Name: "why", Args: "", Help: "what became of the message that this answers", Level: core.Ask, Run: (*command.Call).Why},
		{Name: "rest", Args: "", Help: "what was left out of the mail that this answers, as quotes and signatures", Level: core.Ask, Run: (*command.Call).Rest},
		{Name: "status", Args: "", Help: "what is on its way, and what is wrong", Level: core.Ask, Run: command.Status(linking.EncryptionStatus)},
		{Name: "now", Args: "", Help: "mail at once what is being held", Level: core.Ask, Run: (*command.Call).FlushNow},
		{Name: "pause", Args: "[off]", Help: "mail nothing until \"pause off\"", Level: core.Link, Run: linking.Pause},
		{Name: "unlink", Args: "", Help: "end the tie between this room and email", Level: core.Link, Run: linking.Unlink},
		{Name: "approve", Args: "NUMBER [add]", Help: "post a held mail; with add its sender takes part", Level: core.Link, Run: (*command.Call).Approve},
		{Name: "alias", Args: "NUMBER ADDRESS | off ADDRESS", Help: "ask the one who takes part under this address whether a held mail is theirs; off: it is theirs no longer", Level: core.Link, Run: (*command.Call).Alias},
		{Name: "deny", Args: "NUMBER|ADDRESS…", Help: "drop a held mail, or leave out people whom a mail brought along", Level: core.Link, Run: (*command.Call).Deny},
		{Name: "block", Args: "NUMBER", Help: "drop a held mail and all further mail of its sender", Level: core.Link, Run: (*command.Call).Block},
	}
}

// Request is a command from outside a room: from the command line.
type Request struct {
	Network string     `json:"network"` // name of the chat connector; may be empty where only one is configured
	Place   chat.Place `json:"place"`
	Line    string     `json:"line"` // "link ann@example.com --title Lunch"
}

// Answer is what a command answers.
type Answer struct {
	OK   bool   `json:"ok"`
	Text string `json:"text"`
}

// runCommand runs a command that was typed in a room: success is a reaction, an
// answer or a mistake is a notice.
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

// Do runs a command of the table with the rights of an administrator. The error
// is one of the bridge; a mistake in the command is an Answer that is not OK.
func (b *Bridge) Do(ctx context.Context, r Request) (Answer, error) {
	network := r.Network
	if network == "" && len(b.env.Chats) == 1 {
		network = b.env.Chats[0].Name()
	}
	var answer string
	var mistake command.UsageError
	err := b.env.Write(ctx, "admin", func(w *core.Work) (err error) {
		c := &command.Call{Work: w, Network: network, Place: r.Place, Level: core.Administer, CLI: true, By: chat.Author{ID: "admin", Name: "the administrator"}}
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

// Hint is a short line of what can be typed: the names of the table, for networks
// that show one beside their command.
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

func run(c *command.Call, line string) (string, error) {
	words := command.Split(line)
	if len(words) == 0 {
		words = []string{"help"}
	}
	name := strings.ToLower(words[0])
	c.Args = words[1:]
	for _, cmd := range commands() {
		if cmd.Name != name {
			continue
		}
		if c.Level < cmd.Level {
			return "", command.MayNotUse(name)
		}
		return cmd.Run(c)
	}
	return "", command.Usage("I do not know %q.%s %s lists what I can do.", name, didYouMean(name), c.TypedAs("help"))
}

func didYouMean(name string) string {
	for _, cmd := range commands() {
		if len(name) > 1 && (strings.HasPrefix(cmd.Name, name[:2]) || strings.HasPrefix(name, cmd.Name)) {
			return " Did you mean " + cmd.Name + "?"
		}
	}
	return ""
}

func help(c *command.Call) (string, error) {
	var b strings.Builder
	for _, cmd := range commands() {
		if c.Level < cmd.Level {
			continue
		}
		fmt.Fprintf(&b, "%s – %s\n", strings.TrimSpace(c.TypedAs(cmd.Name+" "+cmd.Args)), cmd.Help)
	}
	b.WriteString("PERSON is an address, or the name of somebody who takes part. What begins with 🔇 or // is not mailed.")
	return b.String(), nil
}
