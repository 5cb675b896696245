package bridge

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/core"
	"hashsend/bridge/mail"
	"hashsend/bridge/reactions"
	"hashsend/bridge/store"
	"hashsend/bridge/tochat"
)

// row is one row of the table of commands: the same for rooms and for the
// command line.
type row struct {
	Name  string
	Args  string // as shown in the help
	Help  string
	Level core.Level
	Run   func(*call) (string, error)
}

// commands is the table. An empty answer means that a sign of success is enough.
func commands() []row {
	return []row{
		{"help", "", "what I can do", core.Ask, (*call).help},
		{"link", "ADDRESS… [open|hidden] [title WORDS]", "tie this room to a conversation by email", core.Link, (*call).link},
		{"new", "ADDRESS… [open|hidden] [title WORDS]", "begin a conversation in a thread of its own", core.Link, (*call).newConversation},
		{"mail", "[ADDRESS… [title WORDS]]", "mail the message that this answers, and begin a conversation under it", core.Link, (*call).mailMessage},
		{"ok", "[shared] [encrypted]", "do what I have shown", core.Link, (*call).ok},
		{"cancel", "", "forget what I have shown", core.Link, (*call).cancel},
		{"add", "ADDRESS… [open|hidden] [history COUNT]", "invite people by email", core.Link, (*call).add},
		{"history", "PERSON [COUNT]", "show what was said before a person joined, and mail it if you say so", core.Link, (*call).history},
		{"remove", "PERSON…", "take people out", core.Link, (*call).remove},
		{"who", "", "who takes part", core.Ask, (*call).who},
		{"digest", "[PERSON… MODE]", "when mail goes to a person: instant, burst, 15min, hourly, daily, mentions or paused", core.Link, (*call).digestMode},
		{"zone", "PERSON ZONE|off", "the time zone of a person, as Europe/Berlin, for digests and the times in them", core.Link, (*call).zonePerson},
		{"mute", "PERSON [2h|off]", "mail nothing to a person for a while", core.Link, (*call).mutePerson},
		{"name", "TITLE", "give the conversation another title, and its mails another subject", core.Link, (*call).name},
		{"mode", "open|hidden", "whether people by email see each other's addresses", core.Link, (*call).mode},
		{"resend", "NUMBER PERSON…", "mail a message to people who were left out of it, or whom it has not reached", core.Ask, (*call).resend},
		{"why", "", "what became of the message that this answers", core.Ask, (*call).why},
		{"rest", "", "what was left out of the mail that this answers, as quotes and signatures", core.Ask, (*call).rest},
		{"status", "", "what is on its way, and what is wrong", core.Ask, status(encryptionStatus)},
		{"now", "", "mail at once what is being held", core.Ask, (*call).flushNow},
		{"pause", "[off]", "mail nothing until \"pause off\"", core.Link, (*call).pause},
		{"unlink", "", "end the tie between this room and email", core.Link, (*call).unlink},
		{"approve", "NUMBER [add]", "post a held mail; with add its sender takes part", core.Link, (*call).approve},
		{"alias", "NUMBER ADDRESS | off ADDRESS", "ask the one who takes part under this address whether a held mail is theirs; off: it is theirs no longer", core.Link, (*call).alias},
		{"deny", "NUMBER|ADDRESS…", "drop a held mail, or leave out people whom a mail brought along", core.Link, (*call).deny},
		{"block", "NUMBER", "drop a held mail and all further mail of its sender", core.Link, (*call).block},
	}
}

// call is one use of a command.
type call struct {
	*core.Work
	network string
	place   chat.Place
	at      time.Time // when it was typed
	by      chat.Author
	level   core.Level
	args    []string
	cli     bool           // typed on the command line
	about   chat.MessageID // the message that the command was given at; empty: none
	private bool           // the answer is for the one who typed alone
	via     string         // the network's own way to answer
	choices []chat.Choice  // what may be answered to the answer
}

// usageError is a mistake of the one who typed, with the way to do it right.
type usageError string

func (e usageError) Error() string { return string(e) }

func Usage(format string, args ...any) error { return usageError(fmt.Sprintf(format, args...)) }

// runCommand runs a command that was typed in a room: success is a reaction, an
// answer or a mistake is a notice.
func runCommand(w *core.Work, network string, e chat.Command) error {
	c := &call{
		Work: w, network: network, place: e.Place, at: e.At, by: e.By, level: w.Env.Access.Level(e.By, e.Rank),
		about: e.About, private: e.Private, via: e.Via,
	}
	answer, err := c.run(e.Text)
	to := tochat.InReplyTo(e.Message)
	if e.Private {
		to = c.asked().answer()
	}
	var mistake usageError
	switch {
	case errors.As(err, &mistake):
		return tochat.Notice(w, network, e.Place, "✗ "+mistake.Error(), to)
	case err != nil:
		return err
	case answer != "":
		return tochat.Notice(w, network, e.Place, answer, to, tochat.WithChoices(c.choices...))
	}
	if w.Env.Network(network).Reactor != nil && e.Message != "" && !e.Private {
		return tochat.Enqueue(w, reactions.JobReact, w.Key("c")+"."+string(e.Event), &reactions.ReactionJob{Target: tochat.Target{Network: network, Place: e.Place}, To: string(e.Message), Emoji: "✅"})
	}
	return tochat.Notice(w, network, e.Place, "Done.", to)
}

// Continued is a command that goes on when a network has answered.
type Continued struct {
	By      chat.Author    `json:"by"`
	Level   core.Level     `json:"level"`
	About   chat.MessageID `json:"about,omitempty"`
	Args    []string       `json:"args,omitempty"`
	Private bool           `json:"private,omitempty"`
	Via     string         `json:"via,omitempty"`
}

// asked is what is kept of a call that goes on when a network has answered.
func (c *call) asked() Continued {
	return Continued{By: c.by, Level: c.level, About: c.about, Args: c.args, Private: c.private, Via: c.via}
}

// answer addresses a notice to the one who typed, where the answer is for that
// person alone.
func (j Continued) answer() tochat.Option {
	return func(o *chat.Outgoing) {
		if j.Private {
			o.For, o.Via = j.By.ID, j.Via
		}
	}
}

// tell says in the room what was changed there, where the answer to the one who
// changed it is seen by nobody else.
func (c *call) tell(text string) error {
	if !c.private || c.place.Room == "" {
		return nil
	}
	return tochat.Notice(c.Work, c.network, c.place, fmt.Sprintf(text, c.by.Name))
}

// Do runs a command of the table with the rights of an administrator. The error
// is one of the bridge; a mistake in the command is an Answer that is not OK.
func (b *Bridge) Do(ctx context.Context, r Request) (Answer, error) {
	network := r.Network
	if network == "" && len(b.env.Chats) == 1 {
		network = b.env.Chats[0].Name()
	}
	var answer string
	var mistake usageError
	err := b.env.Write(ctx, "admin", func(w *core.Work) (err error) {
		c := &call{Work: w, network: network, place: r.Place, level: core.Administer, cli: true, by: chat.Author{ID: "admin", Name: "the administrator"}}
		answer, err = c.run(r.Line)
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

func (c *call) run(line string) (string, error) {
	words := split(line)
	if len(words) == 0 {
		words = []string{"help"}
	}
	name := strings.ToLower(words[0])
	c.args = words[1:]
	for _, cmd := range commands() {
		if cmd.Name != name {
			continue
		}
		if c.level < cmd.Level {
			return "", mayNotUse(name)
		}
		return cmd.Run(c)
	}
	return "", Usage("I do not know %q.%s %s lists what I can do.", name, didYouMean(name), c.typedAs("help"))
}

func mayNotUse(name string) error {
	return Usage("You may not use %q here. Ask a moderator of the room or the one who runs this bridge.", name)
}

// typedAs writes a command as it is typed where the call comes from.
func (c *call) typedAs(line string) string {
	if c.cli {
		return "hashsend admin " + line
	}
	return c.Env.Prompt(c.network, c.place) + line
}

func didYouMean(name string) string {
	for _, cmd := range commands() {
		if len(name) > 1 && (strings.HasPrefix(cmd.Name, name[:2]) || strings.HasPrefix(name, cmd.Name)) {
			return " Did you mean " + cmd.Name + "?"
		}
	}
	return ""
}

// split cuts a line into words; quotes of either kind keep words together.
func split(line string) []string {
	line = strings.NewReplacer("“", `"`, "”", `"`, "„", `"`).Replace(line)
	var words []string
	var word strings.Builder
	var quote rune
	inWord := false
	end := func() {
		if inWord {
			words = append(words, word.String())
		}
		word.Reset()
		inWord = false
	}
	for _, r := range line {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '"' || (r == '\'' && !inWord):
			quote, inWord = r, true
		case r == ' ' || r == '\t' || r == '\n' || r == '\u00a0':
			end()
		default:
			word.WriteRune(r)
			inWord = true
		}
	}
	end()
	return words
}

func (c *call) help() (string, error) {
	var b strings.Builder
	for _, cmd := range commands() {
		if c.level < cmd.Level {
			continue
		}
		fmt.Fprintf(&b, "%s – %s\n", strings.TrimSpace(c.typedAs(cmd.Name+" "+cmd.Args)), cmd.Help)
	}
	b.WriteString("PERSON is an address, or the name of somebody who takes part. What begins with 🔇 or // is not mailed.")
	return b.String(), nil
}

// linkedThread returns the thread of the place of the call.
func (c *call) linkedThread() (store.Thread, store.Room, error) {
	r, err := c.LinkedRoom(c.network, c.place)
	if errors.Is(err, store.ErrNone) {
		if c.cli && c.place.Room == "" {
			return store.Thread{}, r, Usage("Name the room: hashsend admin --room NETWORK/ROOM …")
		}
		return store.Thread{}, r, Usage("This room is not linked. %s links it.", c.typedAs("link ADDRESS"))
	}
	if err != nil {
		return store.Thread{}, r, err
	}
	th, err := c.Thread(r.Thread)
	return th, r, err
}

// named returns the thread of the place of the call, the people whom a command names, and
// its other words.
func (c *call) named() (th store.Thread, people []mail.Address, rest []string, err error) {
	if th, _, err = c.linkedThread(); err != nil {
		return th, nil, nil, err
	}
	people, rest, err = c.people()
	return th, people, rest, err
}
