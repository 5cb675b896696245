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

func pendingKey(c *command.Call) string {
	return "pending/" + c.Network + "/" + string(c.Place.Room) + "/" + string(c.Place.Thread)
}

// Link shows what people will see and waits for "ok"; with "yes" behind it, it
// links at once.
func Link(c *command.Call) (string, error) {
	if c.Place.Room == "" {
		return "", command.Usage("Name the room: hashsend admin --room NETWORK/ROOM link ADDRESS…")
	}
	if !c.Env.Network(c.Network).Known() {
		return "", command.Usage("There is no chat network %q.", c.Network)
	}
	if r, err := c.Room(c.Network, string(c.Place.Room), string(c.Place.Thread)); err == nil && r.Thread != 0 {
		return "", command.Usage("This room is linked already. %s invites more people.", c.TypedAs("add ADDRESS"))
	} else if err != nil && !errors.Is(err, store.ErrNone) {
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
		return "", command.Usage("Name at least one address: %s", c.TypedAs("link ann@example.com"))
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
			return "", command.Usage("I do not understand %q. It goes: %s", rest[i], c.TypedAs("link ADDRESS… [open|hidden] [title WORDS]"))
		}
	}
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
		return OK(c)
	}
	if c.CLI {
		return preview(c, p)
	}
	// The room's name is asked for first; then the preview is shown.
	asked := c.Asked()
	job := describeJob{Target: tochat.Target{Network: c.Network, Place: c.Place}, Command: &asked}
	return "I am looking at this room …", tochat.Enqueue(c.Work, jobDescribe, c.Env.Instance+".p."+mail.NewUniq(), &job)
}

// linkTo ties one more room to a conversation that there is.
func linkTo(c *command.Call, id int64) (string, error) {
	if c.Level < core.Administer {
		return "", command.Usage("Only an administrator may tie another room to a conversation.")
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

// roomRecord is the record of the place of the call, new or known.
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

// titled returns the title that a pending link would have: a private room's name
// is never taken by itself.
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

// preview shows what people will see.
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
	fmt.Fprintf(&b, "This room will be linked with %s. People will see:\n", strings.Join(to, ", "))
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
	switch {
	case p.mode() == store.ModeOpen && len(p.People) > 1:
		b.WriteString("They see each other's addresses (open). ")
	case p.mode() == store.ModeHidden:
		b.WriteString("Each gets a mail of their own and sees no other address (hidden). ")
	}
	if core.CountDomains(p.People) > 1 && p.Mode == "" {
		fmt.Fprintf(&b, "They are of different domains: %s or %s chooses. ", c.TypedAs("mode open"), c.TypedAs("mode hidden"))
	}
	if title == "" {
		fmt.Fprintf(&b, "\nWhich title shall the conversation have? %s", c.TypedAs("name TITLE"))
		return b.String(), nil
	}
	yes := chat.Choice{Label: "Link", Command: "ok"}
	r, err := c.Room(c.Network, string(c.Place.Room), "")
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
	c.Choices = []chat.Choice{yes, {Label: "Cancel", Command: "cancel"}}
	fmt.Fprintf(&b, "\n%s links the room, %s gives another title, %s forgets it.", c.TypedAs(yes.Command), c.TypedAs("name TITLE"), c.TypedAs("cancel"))
	return b.String(), nil
}

func Cancel(c *command.Call) (string, error) {
	_, there, err := getPending(c)
	if err != nil {
		return "", err
	}
	if !there {
		return "", command.Usage("There is nothing to forget.")
	}
	return "", c.SetSetting(pendingKey(c), "")
}

// OK links the room as it was shown.
func OK(c *command.Call) (string, error) {
	agreed := consent{shared: agrees(c, "shared"), encrypted: agrees(c, "encrypted")}
	p, there, err := getPending(c)
	if err != nil {
		return "", err
	}
	if !there {
		if agreed.shared || agreed.encrypted {
			return agree(c, agreed)
		}
		return "", command.Usage("There is nothing to confirm. %s begins.", c.TypedAs("link ADDRESS"))
	}
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
	r, err := roomRecord(c)
	if err != nil {
		return "", err
	}
	if r.Shared, r.Encrypted, err = mayShare(c, agreed); err != nil {
		return "", err
	}
	r.Thread, r.Linked = th.ID, since(c)
	if err := c.PutRoom(&r); err != nil {
		return "", err
	}
	if err := c.SetSetting(pendingKey(c), ""); err != nil {
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
	if err := c.Tell("%s linked this room. " + core.ReadBy(people) + core.EncryptionNote(r) + " What begins with 🔇 or // is not mailed."); err != nil {
		return "", err
	}
	return "Linked. " + core.ReadBy(people) + core.EncryptionNote(r) + " What you write here from now on is mailed; what begins with 🔇 or // is not.", nil
}

// since is from when on what is said in a room that is now linked concerns
// people by email.
func since(c *command.Call) time.Time {
	if c.At.IsZero() || c.At.After(c.Now) {
		return c.Now
	}
	return c.At
}

// NewConversation begins a conversation in a chat thread of its own.
func NewConversation(c *command.Call) (string, error) {
	people, rest, err := c.Addresses()
	if err != nil {
		return "", err
	}
	if len(people) == 0 {
		return "", command.Usage("Name at least one address: %s", c.TypedAs("new ann@example.com Lunch"))
	}
	if c.Place.Room == "" {
		return "", command.Usage("Name the room: hashsend admin --room NETWORK/ROOM new ADDRESS… [open|hidden] [title WORDS]")
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
	name := core.OpenName(title, people) + " – what you write in this thread is mailed"
	return "", frommail.OpenPlace(c.Work, core.OpenWhere{Network: c.Network, Room: c.Place.Room}, frommail.Opening{Thread: th.ID, Name: name})
}

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
	if err := c.Tell("%s ended the link between this room and email."); err != nil {
		return "", err
	}
	rooms, err := c.RoomsOf(th.ID)
	if err != nil {
		return "", err
	}
	if len(rooms) == 0 {
		return "Unlinked. What people still answer comes to the home room.", nil
	}
	return "", nil
}

func Name(c *command.Call) (string, error) {
	title := strings.Join(c.Args, " ")
	if title == "" {
		return "", command.Usage("Which title? %s", c.TypedAs("name Lunch"))
	}
	if p, there, err := getPending(c); err != nil {
		return "", err
	} else if there {
		p.Title = title
		if err := setPending(c, p); err != nil {
			return "", err
		}
		return preview(c, p)
	}
	th, _, err := c.LinkedThread()
	if err != nil {
		return "", err
	}
	return "", retitle(c.Work, th, title)
}

func Mode(c *command.Call) (string, error) {
	if len(c.Args) != 1 || (c.Args[0] != store.ModeOpen && c.Args[0] != store.ModeHidden) {
		return "", command.Usage("It goes: %s or %s", c.TypedAs("mode open"), c.TypedAs("mode hidden"))
	}
	if p, there, err := getPending(c); err != nil {
		return "", err
	} else if there {
		p.Mode = c.Args[0]
		if err := setPending(c, p); err != nil {
			return "", err
		}
		return preview(c, p)
	}
	th, _, err := c.LinkedThread()
	if err != nil {
		return "", err
	}
	th.Mode = c.Args[0]
	return "", c.SetThread(th)
}

func Pause(c *command.Call) (string, error) {
	th, r, err := c.LinkedThread()
	if err != nil {
		return "", err
	}
	th.Paused = len(c.Args) == 0 || c.Args[0] != "off"
	if err := c.SetThread(th); err != nil {
		return "", err
	}
	said := "%s let messages be mailed from here again."
	if th.Paused {
		said = "%s paused the mail from here: what is written stays in this room. Mail still comes in."
	}
	if err := c.Tell(said); err != nil {
		return "", err
	}
	if th.Paused {
		return "Paused: what you write stays in this room until " + c.TypedAs("pause off") + ". Mail still comes in.", tochat.Sign(c.Work, r, "Paused: nothing is mailed.")
	}
	return "", tochat.Announce(c.Work, th.ID)
}

// noEncryption is what somebody is told who wants to link an encrypted room.
const noEncryption = "✗ This room is encrypted, and this hashsend was built without encryption. Install one that was built with it, or use a room without encryption for conversations by email."

// retitle begins a new epoch under another title.
func retitle(w *core.Work, th store.Thread, title string) error {
	box := w.Env.Boxes[th.Mailbox]
	if box == nil {
		return errors.New("its mailbox is no longer in the configuration")
	}
	th.Title = title
	if err := w.SetThread(th); err != nil {
		return err
	}
	e, err := frommail.NewEpoch(w.Env, w, box, title)
	if err != nil {
		return err
	}
	e.Thread = th.ID
	return w.AddEpoch(&e)
}
