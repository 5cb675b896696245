package command

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/core"
	"hashsend/bridge/mail"
	"hashsend/bridge/store"
	"hashsend/bridge/tochat"
)

// Row is one row of the table of commands: the same for rooms and for the
// command line.
type Row struct {
	Name  string
	Args  string // as shown in the help
	Help  string
	Level core.Level
	Run   func(*Call) (string, error)
}

// Call is one use of a command.
type Call struct {
	*core.Work
	Network string
	Place   chat.Place
	At      time.Time // when it was typed
	By      chat.Author
	Level   core.Level
	Args    []string
	CLI     bool           // typed on the command line
	About   chat.MessageID // the message that the command was given at; empty: none
	Private bool           // the answer is for the one who typed alone
	Via     string         // the network's own way to answer
	Choices []chat.Choice  // what may be answered to the answer
}

// UsageError is a mistake of the one who typed, with the way to do it right.
type UsageError string

func (e UsageError) Error() string { return string(e) }

func Usage(format string, args ...any) error { return UsageError(fmt.Sprintf(format, args...)) }

// Continued is a command that goes on when a network has answered.
type Continued struct {
	By      chat.Author    `json:"by"`
	Level   core.Level     `json:"level"`
	About   chat.MessageID `json:"about,omitempty"`
	Args    []string       `json:"args,omitempty"`
	Private bool           `json:"private,omitempty"`
	Via     string         `json:"via,omitempty"`
}

// Asked is what is kept of a call that goes on when a network has answered.
func (c *Call) Asked() Continued {
	return Continued{By: c.By, Level: c.Level, About: c.About, Args: c.Args, Private: c.Private, Via: c.Via}
}

// Answer addresses a notice to the one who typed, where the answer is for that
// person alone.
func (j Continued) Answer() tochat.Option {
	return func(o *chat.Outgoing) {
		if j.Private {
			o.For, o.Via = j.By.ID, j.Via
		}
	}
}

// Tell says in the room what was changed there, where the answer to the one who
// changed it is seen by nobody else.
func (c *Call) Tell(text string) error {
	if !c.Private || c.Place.Room == "" {
		return nil
	}
	return tochat.Notice(c.Work, c.Network, c.Place, fmt.Sprintf(text, c.By.Name))
}

func MayNotUse(name string) error {
	return Usage("You may not use %q here. Ask a moderator of the room or the one who runs this bridge.", name)
}

// TypedAs writes a command as it is typed where the call comes from.
func (c *Call) TypedAs(line string) string {
	if c.CLI {
		return "hashsend admin " + line
	}
	return c.Env.Prompt(c.Network, c.Place) + line
}

// Split cuts a line into words; quotes of either kind keep words together.
func Split(line string) []string {
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

// LinkedThread returns the thread of the place of the call.
func (c *Call) LinkedThread() (store.Thread, store.Room, error) {
	r, err := c.LinkedRoom(c.Network, c.Place)
	if errors.Is(err, store.ErrNone) {
		if c.CLI && c.Place.Room == "" {
			return store.Thread{}, r, Usage("Name the room: hashsend admin --room NETWORK/ROOM …")
		}
		return store.Thread{}, r, Usage("This room is not linked. %s links it.", c.TypedAs("link ADDRESS"))
	}
	if err != nil {
		return store.Thread{}, r, err
	}
	th, err := c.Thread(r.Thread)
	return th, r, err
}

// named returns the thread of the place of the call, the people whom a command names, and
// its other words.
func (c *Call) named() (th store.Thread, people []mail.Address, rest []string, err error) {
	if th, _, err = c.LinkedThread(); err != nil {
		return th, nil, nil, err
	}
	people, rest, err = c.people()
	return th, people, rest, err
}

// Addresses takes the addresses at the beginning of the words of a call.
func (c *Call) Addresses() (people []mail.Address, rest []string, err error) {
	for i, a := range c.Args {
		if !strings.Contains(a, "@") {
			return people, c.Args[i:], nil
		}
		p, err := mail.ParseAddress(strings.Trim(a, ",;"))
		if err != nil {
			return nil, nil, Usage("%q is not an email address: it looks like ann@example.com.", a)
		}
		if i := slices.IndexFunc(people, func(q mail.Address) bool { return mail.SameAddress(p.Address, q.Address) }); i < 0 {
			people = append(people, p)
		}
	}
	return people, nil, nil
}

// Box is the mailbox of a new conversation.
func (c *Call) Box(name string) (*core.Box, error) {
	if name == "" && len(c.Env.Mailboxes) > 0 {
		name = c.Env.Mailboxes[0].Name
	}
	if box := c.Env.BoxNamed(name); box != nil {
		return box, nil
	}
	return nil, Usage("There is no mailbox %q. There are: %s.", name, strings.Join(c.Env.BoxNames(), ", "))
}

func (c *Call) NotOurselves(box *core.Box, people []mail.Address) error {
	for _, p := range people {
		if mail.SameAddress(p.Address, box.Address.Address) {
			return Usage("%s is the mailbox that I write from. Name the people you want to talk with.", p.Address)
		}
	}
	return nil
}

// people takes those at the beginning of the words of a call, by their addresses or by the
// names of those who take part.
func (c *Call) people() (people []mail.Address, rest []string, err error) {
	known, err := c.knownHere()
	if err != nil {
		return nil, nil, err
	}
	for i, a := range c.Args {
		if strings.Contains(a, "@") || core.IsArgument(a) {
			continue
		}
		switch found := core.PeopleNamed(known, a); len(found) {
		case 0:
		case 1:
			c.Args[i] = found[0].Address
			continue
		default:
			return nil, nil, Usage("Several people here are called %s: name the one you mean by address. %s lists them.", a, c.TypedAs("who"))
		}
		break
	}
	return c.Addresses()
}

// knownHere are all who take part, or did, in the conversation of the place of a call.
func (c *Call) knownHere() ([]store.Participant, error) {
	r, err := c.LinkedRoom(c.Network, c.Place)
	if errors.Is(err, store.ErrNone) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return c.Participants(r.Thread)
}
