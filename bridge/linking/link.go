package linking

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/command"
	"hashsend/bridge/core"
	"hashsend/bridge/frommail"
	"hashsend/bridge/mail"
	"hashsend/bridge/store"
	"hashsend/bridge/tochat"
	"hashsend/bridge/tomail"
)

// pending is a link whose preview waits for "ok".
type pending struct {
	People []mail.Address `json:"people"`
	Mode   string         `json:"mode"`  // empty: not chosen
	Title  string         `json:"title"` // empty: not chosen
	Box    string         `json:"box"`
	Direct bool           `json:"direct,omitempty"` // a direct chat with a ghost that is being prepared
	By     chat.Author    `json:"by"`               // author of the direct chat
	At     time.Time      `json:"at"`               // start of the direct chat
}

func pendingKey(c *command.Call) string {
	return "pending/" + c.Network + "/" + string(c.Place.Room) + "/" + string(c.Place.Thread)
}

// Link shows a preview and waits for "ok". With "yes" as its last argument it links at
// once.
func Link(c *command.Call) (string, error) {
	if err := canLink(c); err != nil {
		return "", err
	}
	if len(c.Args) > 0 {
		if id, err := strconv.ParseInt(c.Args[0], 10, 64); err == nil {
			return linkTo(c, id)
		}
	}
	people, rest, err := c.Addresses()
	if err != nil {
		return "", err
	}
	if len(people) == 0 {
		return "", c.Needs("link", linkArgs)
	}
	p, yes, err := linkWords(c, rest)
	if err != nil {
		return "", err
	}
	p.People = people
	box, err := c.Box(p.Box)
	if err != nil {
		return "", err
	}
	if err := c.NotOurselves(box, people); err != nil {
		return "", err
	}
	if err := setPending(c, p); err != nil {
		return "", err
	}
	if yes {
		c.Args = nil // no word of the title is a consent
		return OK(c)
	}
	if c.CLI {
		return preview(c, p)
	}
	// The network is asked for the name of the room before the preview.
	asked := c.Asked()
	job := describeJob{Target: tochat.Target{Network: c.Network, Place: c.Place}, Command: &asked}
	return "Preparing a preview …", tochat.Enqueue(c.Work, jobDescribe, c.Env.Instance+".p."+mail.NewUniq(), &job)
}

// canLink returns a UsageError if the place of the call is not a room or is already linked.
func canLink(c *command.Call) error {
	if c.Place.Room == "" {
		return command.Usage("A room is required; usage: hashsend admin --room NETWORK/ROOM link ADDRESS…")
	}
	if !c.Env.Network(c.Network).Known() {
		return command.Usage("There is no chat network %q.", c.Network)
	}
	r, err := c.Room(c.Network, string(c.Place.Room), string(c.Place.Thread))
	if err != nil && !errors.Is(err, store.ErrNone) {
		return err
	}
	if err == nil && r.Thread != 0 {
		return command.Usage("This room is already linked. To invite more people: %s", c.TypedAs("add ADDRESS"))
	}
	return nil
}

// linkWords reads the arguments of link after the addresses. yes: the link is confirmed.
func linkWords(c *command.Call, rest []string) (p pending, yes bool, err error) {
	for i := 0; i < len(rest); i++ {
		switch w := strings.ToLower(strings.TrimLeft(rest[i], "-")); {
		case w == store.ModeOpen || w == store.ModeHidden:
			p.Mode = w
		case on(w):
			yes = true
		case w == "from" && i+1 < len(rest):
			i++
			p.Box = rest[i]
		case w == "title" && i+1 < len(rest):
			words := rest[i+1:]
			if n := len(words); n > 1 && on(strings.TrimLeft(words[n-1], "-")) {
				words, yes = words[:n-1], true
			}
			p.Title, i = strings.Join(words, " "), len(rest)
		default:
			return p, false, c.Unknown(rest[i], "link", linkArgs)
		}
	}
	return p, yes, nil
}

// linkTo connects one more room to an existing conversation.
func linkTo(c *command.Call, id int64) (string, error) {
	if c.Level < core.Administer {
		return "", command.Usage("Only an admin can connect another room to a conversation.")
	}
	th, err := c.Thread(id)
	if errors.Is(err, store.ErrNone) {
		return "", command.Usage("There is no conversation %d.", id)
	}
	if err != nil {
		return "", err
	}
	r, err := roomRecord(c)
	if err != nil {
		return "", err
	}
	r.Thread, r.Linked = th.ID, since(c)
	if err := c.PutRoom(&r); err != nil {
		return "", err
	}
	return "", tochat.Announce(c.Work, th.ID)
}

// roomRecord returns the record of the place of the call, which may be new.
func roomRecord(c *command.Call) (store.Room, error) {
	r, err := c.Room(c.Network, string(c.Place.Room), string(c.Place.Thread))
	if errors.Is(err, store.ErrNone) {
		return store.Room{Network: c.Network, Place: string(c.Place.Room), Chat: string(c.Place.Thread)}, nil
	}
	return r, err
}

func setPending(c *command.Call, p pending) error {
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return c.SetSetting(pendingKey(c), string(text))
}

func getPending(c *command.Call) (p pending, there bool, err error) {
	text, err := c.Setting(pendingKey(c))
	if err != nil || text == "" {
		return p, false, err
	}
	return p, true, json.Unmarshal([]byte(text), &p)
}

// titled returns the title of a pending link: that given, else the name of the room unless
// it is private; empty: there is none.
func titled(c *command.Call, p pending) (title string, err error) {
	if p.Title != "" {
		return p.Title, nil
	}
	r, err := c.Room(c.Network, string(c.Place.Room), "")
	if errors.Is(err, store.ErrNone) {
		return "", nil
	}
	if r.Private {
		return "", err
	}
	return r.Name, err
}

func (p pending) mode() string {
	if p.Mode != "" {
		return p.Mode
	}
	if core.CountDomains(p.People) > 1 {
		return store.ModeHidden
	}
	return store.ModeOpen
}

// preview words a pending link as its recipients will see it.
func preview(c *command.Call, p pending) (string, error) {
	box, err := c.Box(p.Box)
	if err != nil {
		return "", err
	}
	title, err := titled(c, p)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	var to []string
	for _, a := range p.People {
		to = append(to, a.Address)
	}
	fmt.Fprintf(&b, "This room will be connected to %s. They will see:\n", strings.Join(to, ", "))
	author := c.By.Name
	if c.CLI {
		author = "Alice"
	}
	fmt.Fprintf(&b, "From: %s <%s>\n", core.FromName(author, box.Address.Name), box.Address.Address)
	if title == "" {
		fmt.Fprintf(&b, "Subject: %s …\n", c.Env.Tag)
	} else {
		fmt.Fprintf(&b, "Subject: %s\n", core.Subject(c.Env.Tag, title))
	}
	sample := tomail.Plan{Thread: store.Thread{Title: title, Mode: p.mode()}, From: tomail.SenderOf(box)}
	var foot []string
	for _, f := range tomail.Footer(sample, tomail.Planned{}, "") {
		foot = append(foot, f.Text)
	}
	fmt.Fprintf(&b, "At the end: %s\n", strings.Join(foot, " · "))
	b.WriteString(p.whoSeesWhom())
	if core.CountDomains(p.People) > 1 && p.Mode == "" {
		fmt.Fprintf(&b, "Their domains differ; choose with %s or %s. ", c.TypedAs("mode open"), c.TypedAs("mode hidden"))
	}
	if title == "" {
		fmt.Fprintf(&b, "\nChoose a title for the conversation first: %s", c.TypedAs("name TITLE"))
		return b.String(), nil
	}
	r, err := c.Room(c.Network, string(c.Place.Room), "")
	if err != nil && !errors.Is(err, store.ErrNone) {
		return "", err
	}
	yes, warning := confirmationOf(r)
	b.WriteString(warning)
	c.Choices = []chat.Choice{yes, {Label: "Cancel", Command: "cancel"}}
	fmt.Fprintf(&b, "\nConfirm with %s, change the title with %s, or cancel with %s.", c.TypedAs(yes.Command), c.TypedAs("name TITLE"), c.TypedAs("cancel"))
	return b.String(), nil
}

// whoSeesWhom says whether the recipients will see each other's addresses. It is empty for
// a single recipient of an open conversation.
func (p pending) whoSeesWhom() string {
	switch {
	case p.mode() == store.ModeHidden:
		return "Each will get a separate email and see no other addresses (hidden). "
	case p.mode() == store.ModeOpen && len(p.People) > 1:
		return "They will see each other's addresses (open). "
	}
	return ""
}

// confirmationOf returns the choice that confirms the link of a room, and a warning if the
// room is shared or encrypted.
func confirmationOf(r store.Room) (yes chat.Choice, warning string) {
	yes = chat.Choice{Label: "Link", Command: "ok"}
	if r.Shared == store.SharedAsked {
		yes = chat.Choice{Label: "Link, they agree", Command: "ok shared", Danger: true}
		warning = "\n⚠️ This channel is shared with another organization, and its members' messages will be sent by email too. Link it only if they agree."
	}
	if r.Encrypted == store.EncryptedAsked {
		yes = chat.Choice{Label: "Link, send unencrypted", Command: yes.Command + " encrypted", Danger: true}
		warning += "\n⚠️ This room is encrypted and email isn't: messages will be sent as ordinary email, which mail servers can read. Link it only if the members of this room agree."
	}
	return yes, warning
}

// linkArgs are the arguments of link and new.
const linkArgs = "ADDRESS… [open|hidden] [title TITLE]"

// on reports whether a word turns something on.
func on(word string) bool {
	is, ok := command.Switch(word)
	return ok && is
}

// Cancel drops the pending link.
func Cancel(c *command.Call) (string, error) {
	_, there, err := getPending(c)
	if err != nil {
		return "", err
	}
	if !there {
		return "", command.Usage("There's nothing to cancel.")
	}
	return "", c.SetSetting(pendingKey(c), "")
}

// OK confirms the pending link, or the consent that a linked room needs.
func OK(c *command.Call) (string, error) {
	agreed, err := consentOf(c)
	if err != nil {
		return "", err
	}
	p, there, err := getPending(c)
	if err != nil {
		return "", err
	}
	if !there {
		if agreed.shared || agreed.encrypted {
			return agree(c, agreed)
		}
		return "", command.Usage("There's nothing to confirm. To link this room: %s", c.TypedAs("link ADDRESS"))
	}
	return confirm(c, p, agreed)
}

// confirm links the room of the call as its preview showed.
func confirm(c *command.Call, p pending, agreed consent) (string, error) {
	title, err := titled(c, p)
	if err != nil {
		return "", err
	}
	if title == "" {
		return "", command.Usage("The conversation needs a title first: %s", c.TypedAs("name TITLE"))
	}
	box, err := c.Box(p.Box)
	if err != nil {
		return "", err
	}
	th, err := startThread(c, box, p, title)
	if err != nil {
		return "", err
	}
	r, err := linkRoom(c, th, agreed)
	if err != nil {
		return "", err
	}
	c.Trace(core.Trace{Thread: th.ID, Kind: "linked", Text: "the room is linked"})
	if err := tochat.Announce(c.Work, th.ID); err != nil {
		return "", err
	}
	people, err := c.Participants(th.ID)
	if err != nil {
		return "", err
	}
	if err := c.Tell("%s linked this room. " + core.ReadBy(people) + core.EncryptionNote(r) + " Messages that start with 🔇 or // stay in the room."); err != nil {
		return "", err
	}
	return "Linked. " + core.ReadBy(people) + core.EncryptionNote(r) + " New messages here are sent by email, except those that start with 🔇 or //.", nil
}

// linkRoom links the place of the call to a conversation and removes the pending link. A
// missing consent is a UsageError.
func linkRoom(c *command.Call, th store.Thread, agreed consent) (store.Room, error) {
	r, err := roomRecord(c)
	if err != nil {
		return r, err
	}
	if r.Shared, r.Encrypted, err = mayShare(c, agreed); err != nil {
		return r, err
	}
	r.Thread, r.Linked = th.ID, since(c)
	if err := c.PutRoom(&r); err != nil {
		return r, err
	}
	return r, c.SetSetting(pendingKey(c), "")
}

// since returns the time from which messages of a newly linked room belong to the
// conversation.
func since(c *command.Call) time.Time {
	if c.At.IsZero() || c.At.After(c.Now) {
		return c.Now
	}
	return c.At
}

// NewConversation starts a conversation in its own chat thread.
func NewConversation(c *command.Call) (string, error) {
	people, rest, err := c.Addresses()
	if err != nil {
		return "", err
	}
	if len(people) == 0 {
		return "", c.Needs("new", linkArgs)
	}
	if c.Place.Room == "" {
		return "", command.Usage("A room is required; usage: hashsend admin --room NETWORK/ROOM new " + linkArgs)
	}
	if !c.Env.Network(c.Network).Known() {
		return "", command.Usage("There is no chat network %q.", c.Network)
	}
	box, err := c.Box("")
	if err != nil {
		return "", err
	}
	if err := c.NotOurselves(box, people); err != nil {
		return "", err
	}
	p := pending{People: people}
	p.Mode, p.Title = newWords(rest)
	title, err := titled(c, p)
	if err != nil {
		return "", err
	}
	if title == "" {
		title = mail.CleanName(c.By.Name)
	}
	if _, _, err := mayShare(c, consent{}); err != nil {
		return "", err
	}
	th, err := startThread(c, box, p, title)
	if err != nil {
		return "", err
	}
	name := core.OpenName(title, people) + " – messages in this thread are sent by email"
	return "", frommail.OpenPlace(c.Work, core.OpenWhere{Network: c.Network, Room: c.Place.Room}, frommail.Opening{Thread: th.ID, Name: name})
}

// newWords reads the arguments of new after the addresses. Both results may be empty.
func newWords(rest []string) (mode, title string) {
	if len(rest) > 0 {
		if w := strings.ToLower(rest[0]); w == store.ModeOpen || w == store.ModeHidden {
			mode, rest = w, rest[1:]
		}
	}
	if len(rest) > 0 && strings.EqualFold(rest[0], "title") {
		rest = rest[1:]
	}
	return mode, strings.Join(rest, " ")
}

// Unlink disconnects the room from its conversation.
func Unlink(c *command.Call) (string, error) {
	th, r, err := c.LinkedThread()
	if err != nil {
		return "", err
	}
	if err := c.DropLines(th.ID); err != nil {
		return "", err
	}
	r.Thread, r.Linked, r.Shared = 0, time.Time{}, ""
	if r.Encrypted != "" {
		r.Encrypted = store.EncryptedAsked
	}
	if err := c.PutRoom(&r); err != nil {
		return "", err
	}
	if err := tochat.Sign(c.Work, r, ""); err != nil {
		return "", err
	}
	if err := c.Tell("%s disconnected this room from email."); err != nil {
		return "", err
	}
	rooms, err := c.RoomsOf(th.ID)
	if err != nil {
		return "", err
	}
	if len(rooms) == 0 {
		return "This room is disconnected from email. Further replies go to the home room.", nil
	}
	return "", nil
}

// noEncryption refuses to link an encrypted room in a build without encryption.
const noEncryption = "✗ This room is encrypted, and this hashsend was built without encryption. Install a build with encryption, or link a room that isn't encrypted."
