package bridge

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/core"
	"hashsend/bridge/frommail"
	"hashsend/bridge/mail"
	"hashsend/bridge/store"
	"hashsend/bridge/tochat"
	"hashsend/bridge/tomail"
)

// pending is a link that was shown and waits for "ok".
type pending struct {
	People []mail.Address `json:"people"`
	Mode   string         `json:"mode"`  // empty: not chosen
	Title  string         `json:"title"` // empty: not chosen
	Box    string         `json:"box"`
	Direct bool           `json:"direct,omitempty"` // a chat of two with a ghost, whose room is still being made ready
	By     chat.Author    `json:"by"`               // who began that
	At     time.Time      `json:"at"`               // when
}

func (c *call) pendingKey() string {
	return "pending/" + c.network + "/" + string(c.place.Room) + "/" + string(c.place.Thread)
}

// addresses takes the addresses at the beginning of the words of a call.
func (c *call) addresses() (people []mail.Address, rest []string, err error) {
	for i, a := range c.args {
		if !strings.Contains(a, "@") {
			return people, c.args[i:], nil
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

// box is the mailbox of a new conversation.
func (c *call) box(name string) (*core.Box, error) {
	if name == "" && len(c.Env.Mailboxes) > 0 {
		name = c.Env.Mailboxes[0].Name
	}
	if box := c.Env.BoxNamed(name); box != nil {
		return box, nil
	}
	return nil, Usage("There is no mailbox %q. There are: %s.", name, strings.Join(c.Env.BoxNames(), ", "))
}

func (c *call) notOurselves(box *core.Box, people []mail.Address) error {
	for _, p := range people {
		if mail.SameAddress(p.Address, box.Address.Address) {
			return Usage("%s is the mailbox that I write from. Name the people you want to talk with.", p.Address)
		}
	}
	return nil
}

// link shows what people will see and waits for "ok"; with "yes" behind it, it
// links at once.
func (c *call) link() (string, error) {
	if c.place.Room == "" {
		return "", Usage("Name the room: hashsend admin --room NETWORK/ROOM link ADDRESS…")
	}
	if !c.Env.Network(c.network).Known() {
		return "", Usage("There is no chat network %q.", c.network)
	}
	if r, err := c.Room(c.network, string(c.place.Room), string(c.place.Thread)); err == nil && r.Thread != 0 {
		return "", Usage("This room is linked already. %s invites more people.", c.typedAs("add ADDRESS"))
	} else if err != nil && !errors.Is(err, store.ErrNone) {
		return "", err
	}
	if len(c.args) > 0 {
		if id, err := strconv.ParseInt(c.args[0], 10, 64); err == nil {
			return c.linkTo(id)
		}
	}
	people, rest, err := c.addresses()
	if err != nil {
		return "", err
	}
	if len(people) == 0 {
		return "", Usage("Name at least one address: %s", c.typedAs("link ann@example.com"))
	}
	p := pending{People: people}
	yes := false
	for i := 0; i < len(rest); i++ {
		switch w := strings.ToLower(strings.TrimLeft(rest[i], "-")); {
		case w == store.ModeOpen || w == store.ModeHidden:
			p.Mode = w
		case w == "yes":
			yes = true
		case w == "from" && i+1 < len(rest):
			i++
			p.Box = rest[i]
		case w == "title" && i+1 < len(rest):
			words := rest[i+1:]
			if n := len(words); n > 1 && strings.TrimLeft(words[n-1], "-") == "yes" {
				words, yes = words[:n-1], true
			}
			p.Title, i = strings.Join(words, " "), len(rest)
		default:
			return "", Usage("I do not understand %q. It goes: %s", rest[i], c.typedAs("link ADDRESS… [open|hidden] [title WORDS]"))
		}
	}
	box, err := c.box(p.Box)
	if err != nil {
		return "", err
	}
	if err := c.notOurselves(box, people); err != nil {
		return "", err
	}
	if err := c.setPending(p); err != nil {
		return "", err
	}
	if yes {
		return c.ok()
	}
	if c.cli {
		return c.preview(p)
	}
	// The room's name is asked for first; then the preview is shown.
	asked := c.asked()
	job := describeJob{Target: tochat.Target{Network: c.network, Place: c.place}, Command: &asked}
	return "I am looking at this room …", tochat.Enqueue(c.Work, jobDescribe, c.Env.Instance+".p."+mail.NewUniq(), &job)
}

// linkTo ties one more room to a conversation that there is.
func (c *call) linkTo(id int64) (string, error) {
	if c.level < core.Administer {
		return "", Usage("Only an administrator may tie another room to a conversation.")
	}
	th, err := c.Thread(id)
	if errors.Is(err, store.ErrNone) {
		return "", Usage("There is no conversation %d.", id)
	}
	if err != nil {
		return "", err
	}
	r, err := c.roomRecord()
	if err != nil {
		return "", err
	}
	r.Thread, r.Linked = th.ID, c.since()
	if err := c.PutRoom(&r); err != nil {
		return "", err
	}
	return "", tochat.Announce(c.Work, th.ID)
}

// roomRecord is the record of the place of the call, new or known.
func (c *call) roomRecord() (store.Room, error) {
	r, err := c.Room(c.network, string(c.place.Room), string(c.place.Thread))
	if errors.Is(err, store.ErrNone) {
		return store.Room{Network: c.network, Place: string(c.place.Room), Chat: string(c.place.Thread)}, nil
	}
	return r, err
}

func (c *call) setPending(p pending) error {
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return c.SetSetting(c.pendingKey(), string(text))
}

func (c *call) getPending() (p pending, there bool, err error) {
	text, err := c.Setting(c.pendingKey())
	if err != nil || text == "" {
		return p, false, err
	}
	return p, true, json.Unmarshal([]byte(text), &p)
}

// titled returns the title that a pending link would have: a private room's name
// is never taken by itself.
func (c *call) titled(p pending) (title string, err error) {
	if p.Title != "" {
		return p.Title, nil
	}
	r, err := c.Room(c.network, string(c.place.Room), "")
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

// preview shows what people will see.
func (c *call) preview(p pending) (string, error) {
	box, err := c.box(p.Box)
	if err != nil {
		return "", err
	}
	title, err := c.titled(p)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	var to []string
	for _, a := range p.People {
		to = append(to, a.Address)
	}
	fmt.Fprintf(&b, "This room will be linked with %s. People will see:\n", strings.Join(to, ", "))
	author := c.by.Name
	if c.cli {
		author = "Alice"
	}
	fmt.Fprintf(&b, "From: %s <%s>\n", core.FromName(author, box.Address.Name), box.Address.Address)
	if title == "" {
		fmt.Fprintf(&b, "Subject: %s …\n", c.Env.Tag)
	} else {
		fmt.Fprintf(&b, "Subject: %s\n", core.Subject(c.Env.Tag, title))
	}
	sample := tomail.Plan{Thread: store.Thread{Title: title, Mode: p.mode()}, Box: box}
	var foot []string
	for _, f := range tomail.Footer(sample, tomail.Planned{}, "") {
		foot = append(foot, f.Text)
	}
	fmt.Fprintf(&b, "At the end: %s\n", strings.Join(foot, " · "))
	switch {
	case p.mode() == store.ModeOpen && len(p.People) > 1:
		b.WriteString("They see each other's addresses (open). ")
	case p.mode() == store.ModeHidden:
		b.WriteString("Each gets a mail of their own and sees no other address (hidden). ")
	}
	if core.CountDomains(p.People) > 1 && p.Mode == "" {
		fmt.Fprintf(&b, "They are of different domains: %s or %s chooses. ", c.typedAs("mode open"), c.typedAs("mode hidden"))
	}
	if title == "" {
		fmt.Fprintf(&b, "\nWhich title shall the conversation have? %s", c.typedAs("name TITLE"))
		return b.String(), nil
	}
	yes := chat.Choice{Label: "Link", Command: "ok"}
	r, err := c.Room(c.network, string(c.place.Room), "")
	if err != nil && !errors.Is(err, store.ErrNone) {
		return "", err
	}
	if r.Shared == store.SharedAsked {
		yes = chat.Choice{Label: "They agree, link", Command: "ok shared", Danger: true}
		b.WriteString("\n⚠️ This channel is shared with another organisation: what its people write would be mailed too. Link it only if they agree.")
	}
	if r.Encrypted == store.EncryptedAsked {
		yes = chat.Choice{Label: "Link, mail in plain", Command: yes.Command + " encrypted", Danger: true}
		b.WriteString("\n⚠️ This room is encrypted. Email is not: what is written here would leave the encryption, go out as ordinary mail, and could be read by the mail servers on its way. Link it only if the people in this room agree.")
	}
	c.choices = []chat.Choice{yes, {Label: "Cancel", Command: "cancel"}}
	fmt.Fprintf(&b, "\n%s links the room, %s gives another title, %s forgets it.", c.typedAs(yes.Command), c.typedAs("name TITLE"), c.typedAs("cancel"))
	return b.String(), nil
}

func (c *call) cancel() (string, error) {
	_, there, err := c.getPending()
	if err != nil {
		return "", err
	}
	if !there {
		return "", Usage("There is nothing to forget.")
	}
	return "", c.SetSetting(c.pendingKey(), "")
}

// ok links the room as it was shown.
func (c *call) ok() (string, error) {
	agreed := consent{shared: c.agrees("shared"), encrypted: c.agrees("encrypted")}
	p, there, err := c.getPending()
	if err != nil {
		return "", err
	}
	if !there {
		if agreed.shared || agreed.encrypted {
			return c.agree(agreed)
		}
		return "", Usage("There is nothing to confirm. %s begins.", c.typedAs("link ADDRESS"))
	}
	title, err := c.titled(p)
	if err != nil {
		return "", err
	}
	if title == "" {
		return "", Usage("The conversation needs a title first: %s", c.typedAs("name TITLE"))
	}
	box, err := c.box(p.Box)
	if err != nil {
		return "", err
	}
	th, err := c.startThread(box, p, title)
	if err != nil {
		return "", err
	}
	r, err := c.roomRecord()
	if err != nil {
		return "", err
	}
	if r.Shared, r.Encrypted, err = c.mayShare(agreed); err != nil {
		return "", err
	}
	r.Thread, r.Linked = th.ID, c.since()
	if err := c.PutRoom(&r); err != nil {
		return "", err
	}
	if err := c.SetSetting(c.pendingKey(), ""); err != nil {
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
	if err := c.tell("%s linked this room. " + core.ReadBy(people) + core.EncryptionNote(r) + " What begins with 🔇 or // is not mailed."); err != nil {
		return "", err
	}
	return "Linked. " + core.ReadBy(people) + core.EncryptionNote(r) + " What you write here from now on is mailed; what begins with 🔇 or // is not.", nil
}

// since is from when on what is said in a room that is now linked concerns
// people by email.
func (c *call) since() time.Time {
	if c.at.IsZero() || c.at.After(c.Now) {
		return c.Now
	}
	return c.at
}

// newConversation begins a conversation in a chat thread of its own.
func (c *call) newConversation() (string, error) {
	people, rest, err := c.addresses()
	if err != nil {
		return "", err
	}
	if len(people) == 0 {
		return "", Usage("Name at least one address: %s", c.typedAs("new ann@example.com Lunch"))
	}
	if c.place.Room == "" {
		return "", Usage("Name the room: hashsend admin --room NETWORK/ROOM new ADDRESS… [open|hidden] [title WORDS]")
	}
	if !c.Env.Network(c.network).Known() {
		return "", Usage("There is no chat network %q.", c.network)
	}
	box, err := c.box("")
	if err != nil {
		return "", err
	}
	if err := c.notOurselves(box, people); err != nil {
		return "", err
	}
	p := pending{People: people}
	for i, word := range rest {
		lower := strings.ToLower(word)
		if i == 0 && (lower == store.ModeOpen || lower == store.ModeHidden) {
			p.Mode = lower
			continue
		}
		if lower == "title" {
			i++
		}
		p.Title = strings.Join(rest[i:], " ")
		break
	}
	title, err := c.titled(p)
	if err != nil {
		return "", err
	}
	if title == "" {
		title = mail.CleanName(c.by.Name)
	}
	if _, _, err := c.mayShare(consent{}); err != nil {
		return "", err
	}
	th, err := c.startThread(box, p, title)
	if err != nil {
		return "", err
	}
	name := core.OpenName(title, people) + " – what you write in this thread is mailed"
	return "", frommail.OpenPlace(c.Work, core.OpenWhere{Network: c.network, Room: c.place.Room}, frommail.Opening{Thread: th.ID, Name: name})
}
