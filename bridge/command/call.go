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

// Row is one row of the table of commands. Rooms and the command line share it.
type Row struct {
	Name    string
	Group   string // heading in the help; empty: not listed
	Args    string // as shown in the help
	Help    string // one line, without a full stop
	More    string // further sentences for "help NAME"; may be empty
	Example string // a complete command; may be empty
	Level   core.Level
	Run     func(*Call) (string, error)
}

// Call is one use of a command.
type Call struct {
	*core.Work
	Network string
	Place   chat.Place
	At      time.Time // time of the command
	By      chat.Author
	Level   core.Level
	Args    []string
	CLI     bool           // typed on the command line
	About   chat.MessageID // the message that the command replies to; empty: none
	Private bool           // only the author of the command sees the answer
	Via     string         // the network's own way to answer
	Choices []chat.Choice  // buttons below the answer

	guessed []string // names of people found by part of a name
}

// UsageError reports a wrong command to its author: one or two sentences on what failed
// and what to do.
type UsageError string

func (e UsageError) Error() string { return string(e) }

// Usage makes a UsageError.
func Usage(format string, args ...any) error { return UsageError(fmt.Sprintf(format, args...)) }

// Continued is a command that waits for an answer of a network.
type Continued struct {
	By      chat.Author    `json:"by"`
	Level   core.Level     `json:"level"`
	About   chat.MessageID `json:"about,omitempty"`
	Args    []string       `json:"args,omitempty"`
	Private bool           `json:"private,omitempty"`
	Via     string         `json:"via,omitempty"`
}

// Asked returns the part of a call that is stored until a network has answered.
func (c *Call) Asked() Continued {
	return Continued{By: c.By, Level: c.Level, About: c.About, Args: c.Args, Private: c.Private, Via: c.Via}
}

// Answer addresses a notice to the author of a private command alone.
func (j Continued) Answer() tochat.Option {
	return func(o *chat.Outgoing) {
		if j.Private {
			o.For, o.Via = j.By.ID, j.Via
		}
	}
}

// Tell announces a change in the room if the answer to the command is private. text has
// one verb, for the name of the author.
func (c *Call) Tell(text string) error {
	if !c.Private || c.Place.Room == "" {
		return nil
	}
	return tochat.Notice(c.Work, c.Network, c.Place, fmt.Sprintf(text, c.By.Name))
}

// MayNotUse answers somebody who lacks the rights for a command.
func (c *Call) MayNotUse(name string, needs core.Level) error {
	name = c.TypedAs(name)
	switch {
	case c.By.Guest:
		return Usage("Guests can't use %s. Ask a member of this room to do it.", name)
	case c.Env.Access.Moderators >= needs:
		return Usage("You need moderator rights for %s in this room.", name)
	case c.Env.Access.Admins >= needs:
		return Usage("You need admin rights for %s in this room.", name)
	}
	return Usage("You don't have permission to use %s. Ask the admin of this bridge.", name)
}

// Confirm completes the answer to a command that succeeded: it names the people who were
// found by part of a name.
func (c *Call) Confirm(answer string) string {
	if answer == "" && len(c.guessed) > 0 {
		return "Done for " + core.ListNames(c.guessed) + "."
	}
	return answer
}

// Switch reads a word that turns something on or off. ok is false for other words.
func Switch(word string) (on, ok bool) {
	switch strings.ToLower(word) {
	case "on", "yes", "true":
		return true, true
	case "off", "no", "false":
		return false, true
	}
	return false, false
}

// firstSwitch reads the first argument as a switch.
func firstSwitch(args []string) (on, ok bool) {
	if len(args) == 0 {
		return false, false
	}
	return Switch(args[0])
}

func isOff(word string) bool {
	on, ok := Switch(word)
	return ok && !on
}

// Needs reports that a command lacks an address at the beginning of its arguments.
func (c *Call) Needs(name, args string) error {
	if len(c.Args) > 0 {
		return Usage("%q is not a valid email address; usage: %s", c.Args[0], c.TypedAs(name+" "+args))
	}
	return Usage("At least one address is required; usage: %s", c.TypedAs(name+" "+args))
}

// Unknown reports an argument that a command does not have. args are those that it has,
// as in the help.
func (c *Call) Unknown(word, name, args string) error {
	return Usage("Unknown argument %q; usage: %s", word, strings.TrimSpace(c.TypedAs(name+" "+args)))
}

// TypedAs returns a command as people type it in the place of the call.
func (c *Call) TypedAs(line string) string {
	if c.CLI {
		return "hashsend admin " + line
	}
	return c.Env.Prompt(c.Network, c.Place) + line
}

// Split splits a line into words. Single or double quotes keep words together.
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
			return store.Thread{}, r, Usage("A room is required; usage: hashsend admin --room NETWORK/ROOM COMMAND")
		}
		return store.Thread{}, r, Usage("This room isn't linked to email. Link it with %s", c.TypedAs("link ADDRESS"))
	}
	if err != nil {
		return store.Thread{}, r, err
	}
	th, err := c.Thread(r.Thread)
	return th, r, err
}

// named returns the thread of the place of the call, the people at the beginning of its
// arguments, and the other arguments.
func (c *Call) named() (th store.Thread, people []mail.Address, rest []string, err error) {
	if th, _, err = c.LinkedThread(); err != nil {
		return th, nil, nil, err
	}
	people, rest, err = c.people()
	return th, people, rest, err
}

// Addresses returns the addresses at the beginning of the arguments of a call, without
// repeats, and the other arguments.
func (c *Call) Addresses() (people []mail.Address, rest []string, err error) {
	for i, a := range c.Args {
		if !strings.Contains(a, "@") {
			return people, c.Args[i:], nil
		}
		p, err := mail.ParseAddress(strings.Trim(a, ",;"))
		if err != nil {
			return nil, nil, Usage("%q is not a valid email address.", a)
		}
		if i := slices.IndexFunc(people, func(q mail.Address) bool { return mail.SameAddress(p.Address, q.Address) }); i < 0 {
			people = append(people, p)
		}
	}
	return people, nil, nil
}

// Box returns the mailbox of that name for a new conversation; without a name, the first.
func (c *Call) Box(name string) (*core.Box, error) {
	if name == "" && len(c.Env.Mailboxes) > 0 {
		name = c.Env.Mailboxes[0].Name
	}
	if box := c.Env.BoxNamed(name); box != nil {
		return box, nil
	}
	return nil, Usage("There is no mailbox %q. The mailbox must be one of: %s.", name, strings.Join(c.Env.BoxNames(), ", "))
}

// NotOurselves returns a UsageError if one of the people is the bridge's own mailbox.
func (c *Call) NotOurselves(box *core.Box, people []mail.Address) error {
	for _, p := range people {
		if mail.SameAddress(p.Address, box.Address.Address) {
			return Usage("%s is the address of this bridge. Use the addresses of the people you want to reach.", p.Address)
		}
	}
	return nil
}

// people returns the people at the beginning of the arguments of a call, given by address
// or by name, and the other arguments.
func (c *Call) people() (people []mail.Address, rest []string, err error) {
	known, err := c.knownHere()
	if err != nil {
		return nil, nil, err
	}
	for i, a := range c.Args {
		if strings.Contains(a, "@") || core.IsArgument(a) {
			continue
		}
		found, guessed := peopleCalled(known, strings.Trim(a, ",;"))
		if len(found) == 0 {
			break
		}
		if len(found) > 1 {
			return nil, nil, c.ambiguous(a, found)
		}
		c.Args[i] = found[0].Address
		if guessed {
			c.guessed = append(c.guessed, found[0].Name)
		}
	}
	return c.Addresses()
}

// ambiguous reports a word that matches several people.
func (c *Call) ambiguous(word string, found []store.Participant) error {
	var names []string
	for _, p := range found {
		if !slices.Contains(names, p.Name) {
			names = append(names, p.Name)
		}
	}
	if len(names) < len(found) { // names don't tell them apart
		return Usage("Several people match %q. Use an address; %s lists them.", word, c.TypedAs("who"))
	}
	return Usage("Several people match %q: %s. Use more of the name, or an address.", word, core.ListNames(names))
}

// shortestBeginning is how many characters of a name are enough to find a person by it.
const shortestBeginning = 2

// peopleCalled finds people by their name, else by their first name, else by the
// beginning of their name; guessed: not by the whole name. Parts of names prefer people
// who are still in the conversation.
func peopleCalled(known []store.Participant, word string) (found []store.Participant, guessed bool) {
	if found = core.PeopleNamed(known, word); len(found) > 0 {
		return found, false
	}
	word = strings.ToLower(word)
	if len([]rune(word)) < shortestBeginning {
		return nil, false
	}
	first := func(p store.Participant) bool {
		words := strings.Fields(strings.ToLower(p.Name))
		return len(words) > 0 && strings.Trim(words[0], ",") == word
	}
	begins := func(p store.Participant) bool {
		return strings.HasPrefix(strings.ToLower(strings.TrimSpace(p.Name)), word)
	}
	for _, matches := range []func(store.Participant) bool{first, begins} {
		var others []store.Participant
		for _, p := range known {
			switch {
			case !matches(p):
			case p.Takes():
				found = append(found, p)
			default:
				others = append(others, p)
			}
		}
		if len(found) == 0 {
			found = others
		}
		if len(found) > 0 {
			return found, true
		}
	}
	return nil, false
}

// knownHere returns the current and former participants of the conversation in the place
// of the call.
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
