package linking

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/command"
	"hashsend/bridge/core"
	"hashsend/bridge/mail"
	"hashsend/bridge/store"
	"hashsend/bridge/tochat"
)

// PutOut ends the mail to a person whose ghost was put out of a room (A36).
func PutOut(w *core.Work, network string, e chat.PutOut) error {
	rooms, err := w.RoomsIn(network, string(e.Place.Room))
	if err != nil {
		return err
	}
	for _, r := range rooms {
		p, err := ghostOf(w, r, e.Ghost)
		if err != nil {
			return err
		}
		if !p.Takes() {
			continue
		}
		if err := w.EndMail(p, store.Removed); err != nil {
			return err
		}
		w.Trace(core.Trace{Thread: r.Thread, Kind: "left", Text: p.Name + " was put out of the room"})
		text := fmt.Sprintf("%s was put out by %s and gets no more mail from here. What is written from there is held and asked about. %sadd ADDRESS brings somebody back.", p.Name, e.By.Name, core.PromptMark)
		if err := tochat.NoticeThread(w, r.Thread, text); err != nil {
			return err
		}
		if err := tochat.Announce(w, r.Thread); err != nil {
			return err
		}
	}
	return nil
}

// ghostOf is the participant of a room's thread for whom a ghost stands; the zero
// Participant: none.
func ghostOf(w *core.Work, r store.Room, ghost string) (store.Participant, error) {
	if r.Thread == 0 || ghost == "" {
		return store.Participant{}, nil
	}
	people, err := w.Participants(r.Thread)
	for _, p := range people {
		if p.Ghost == ghost {
			return p, err
		}
	}
	return store.Participant{}, err
}

// ghostInvited decides about the invitation of a person by email (A35, A39). What is
// not allowed is declined, with words that say what to do.
func ghostInvited(w *core.Work, network string, e chat.Invited) error {
	c := &command.Call{Work: w, Network: network, Place: chat.Place{Room: e.Place.Room}, At: e.At, By: e.By, Level: w.Env.Access.Level(e.By, e.Rank)}
	err := inviteGhost(c, e)
	var no command.UsageError
	if !errors.As(err, &no) {
		return err
	}
	text := strings.ReplaceAll(no.Error(), core.PromptMark, w.Env.Prompt(network, e.Place))
	j := joinJob{Target: tochat.Target{Network: network, Place: e.Place}, As: e.As}
	j.Out.Body.Text = text
	if err := tochat.Enqueue(w, jobRefuse, ghostKey(w, e), &j); err != nil {
		return err
	}
	r, err := w.Room(network, string(e.Place.Room), "")
	if errors.Is(err, store.ErrNone) || r.Silent() {
		return nil // the ghost's own words have to do: the bridge is not there
	}
	if err != nil {
		return err
	}
	return tochat.Notice(w, network, e.Place, "✗ "+text, tochat.Privately(e.By.ID))
}

func ghostKey(w *core.Work, e chat.Invited) string {
	return w.Key("i."+string(e.As)) + "." + string(e.Event)
}

// inviteGhost takes an invitation of a ghost up. A usageError: it is declined.
func inviteGhost(c *command.Call, e chat.Invited) error {
	if c.Level < core.Link {
		return command.Usage("You may not invite people by email. Ask a moderator of the room or the one who runs this bridge.")
	}
	who, err := c.ParticipantByGhost(e.Ghost)
	if errors.Is(err, store.ErrNone) {
		return command.Usage("I do not know who this is. Invite the bridge itself, then type " + core.PromptMark + "link with the address.")
	}
	if err != nil {
		return err
	}
	join := func() error {
		return tochat.Enqueue(c.Work, jobJoin, ghostKey(c.Work, e), &joinJob{Target: tochat.Target{Network: c.Network, Place: e.Place}, As: e.As})
	}
	rooms, err := c.RoomsIn(c.Network, string(e.Place.Room))
	if err != nil {
		return err
	}
	for _, r := range rooms {
		if p, err := ghostOf(c.Work, r, e.Ghost); err != nil || p.Takes() {
			return errors.Join(err, join())
		}
	}
	r, err := c.LinkedRoom(c.Network, c.Place)
	switch {
	case err == nil:
		if err := addGhost(c, r, who); err != nil {
			return err
		}
		return join()
	case !errors.Is(err, store.ErrNone):
		return err
	case e.Direct:
		if err := begin(c, who); err != nil {
			return err
		}
		return join()
	}
	here := slices.ContainsFunc(rooms, func(r store.Room) bool { return r.Chat == "" && !r.Gone })
	if !here {
		return command.Usage("%s is reached by email. Invite the bridge itself, then type "+core.PromptMark+"link with the address.", who.Name)
	}
	// The ghost enters when its person first speaks here.
	if err := mayInvite(c); err != nil {
		return err
	}
	c.Args = []string{who.Address}
	text, err := Link(c)
	if err != nil {
		return err
	}
	return tochat.Notice(c.Work, c.Network, c.Place, text)
}

// addGhost has a person take part in the conversation of a room, who gets an
// invitation with the next message.
func addGhost(c *command.Call, r store.Room, who store.Participant) error {
	th, err := c.Thread(r.Thread)
	if err != nil {
		return err
	}
	if err := mayInvite(c); err != nil {
		return err
	}
	a := mail.Address{Name: who.Name, Address: who.Address}
	if err := c.CheckDomains(&th, []mail.Address{a}, ""); err != nil {
		return err
	}
	if err := c.AddOne(th, a); err != nil {
		return err
	}
	if err := tochat.NoticeThread(c.Work, th.ID, fmt.Sprintf("%s invited %s, who gets an invitation by email with the next message.", c.By.Name, who.Name)); err != nil {
		return err
	}
	return tochat.Announce(c.Work, th.ID)
}

// How many people somebody may invite by email through their ghosts in an hour.
const invitesAnHour = 10

// mayInvite counts the invitations of a person.
func mayInvite(c *command.Call) error {
	key := "invited/" + c.Network + "/" + string(c.By.ID)
	text, err := c.Setting(key)
	if err != nil {
		return err
	}
	var at []int64
	if text != "" {
		if err := json.Unmarshal([]byte(text), &at); err != nil {
			return fmt.Errorf("read whom a person has invited: %w", err)
		}
	}
	at = slices.DeleteFunc(at, func(ms int64) bool { return c.Now.Sub(time.UnixMilli(ms)) >= time.Hour })
	if len(at) >= invitesAnHour {
		return command.Usage("You have invited %d people by email within an hour. Wait until %s.", len(at), time.UnixMilli(at[0]).Add(time.Hour).In(c.Env.Zone).Format("15:04"))
	}
	raw, err := json.Marshal(append(at, c.Now.UnixMilli()))
	if err != nil {
		return err
	}
	return c.SetSetting(key, string(raw))
}

// begin prepares a chat of two: the ghost enters, brings the bridge in, and the room
// is linked as soon as it is known what it is.
func begin(c *command.Call, who store.Participant) error {
	if err := mayInvite(c); err != nil {
		return err
	}
	title := mail.CleanName(c.By.Name)
	return setPending(c, pending{People: []mail.Address{{Name: who.Name, Address: who.Address}}, Title: title, Direct: true, By: c.By, At: c.At})
}

// directIn reports whether a room is a chat of two that is being made ready.
func directIn(w *core.Work, network string, p chat.Place) (bool, error) {
	c := &command.Call{Work: w, Network: network, Place: chat.Place{Room: p.Room}}
	is, there, err := getPending(c)
	return there && is.Direct, err
}

// ghostIn goes on with a chat of two when the ghost and the bridge are in its room.
func ghostIn(w *core.Work, j joinJob) error {
	if j.As == "" {
		return nil
	}
	if is, err := directIn(w, j.Network, j.Place); err != nil || !is {
		return err
	}
	next := describeJob{Target: tochat.Target{Network: j.Network, Place: j.Place}, Command: &command.Continued{}}
	return tochat.Enqueue(w, jobDescribe, w.Env.Instance+".p."+mail.NewUniq(), &next)
}

// directReady links the room of a chat of two; of an encrypted one it asks first.
func directReady(c *command.Call, p pending, encrypted bool) error {
	p.Direct, c.By, c.At = false, p.By, p.At
	if err := setPending(c, p); err != nil {
		return err
	}
	can := c.Env.Network(c.Network).Unsealer != nil
	var text string
	var err error
	switch {
	case encrypted && !can:
		text = noEncryption
		err = c.SetSetting(pendingKey(c), "")
	case encrypted:
		text, err = preview(c, p)
	default:
		if text, err = OK(c); err == nil {
			err = catchUp(c.Work, c.Network, c.Place.Room, p.At)
		}
	}
	var mistake command.UsageError
	if errors.As(err, &mistake) {
		text, err = "✗ "+mistake.Error(), nil
	}
	if err != nil {
		return err
	}
	return tochat.Notice(c.Work, c.Network, c.Place, text, tochat.WithChoices(c.Choices...))
}

// ghostStays has a ghost leave a room into which it could not bring the bridge.
func ghostStays(w *core.Work, j joinJob, cause error) error {
	if err := notDirect(w, j.Target); err != nil {
		return err
	}
	no := joinJob{Target: tochat.Target{Network: j.Network, Place: j.Place}, As: j.As}
	no.Out.Body.Text = "I could not enter this room together with the bridge, which has to be here: let me invite it, or invite it yourself, then invite me again. (" + core.PlainReason(cause.Error()) + ")"
	return tochat.Enqueue(w, jobRefuse, w.Env.Instance+".i."+mail.NewUniq(), &no)
}

// notDirect forgets a chat of two that could not be made ready.
func notDirect(w *core.Work, t tochat.Target) error {
	c := &command.Call{Work: w, Network: t.Network, Place: chat.Place{Room: t.Place.Room}}
	if is, err := directIn(w, t.Network, t.Place); err != nil || !is {
		return err
	}
	return c.SetSetting(pendingKey(c), "")
}
