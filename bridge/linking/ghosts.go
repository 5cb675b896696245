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

// PutOut ends the email to a person whose ghost was removed from a room.
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
		w.Trace(core.Trace{Thread: r.Thread, Kind: "left", Text: p.Name + " was removed from the room"})
		text := fmt.Sprintf("%s was removed by %s and gets no more email from here. Email from them is held for review. To invite somebody again: %sadd ADDRESS", p.Name, e.By.Name, core.PromptMark)
		if err := tochat.NoticeThread(w, r.Thread, text); err != nil {
			return err
		}
		if err := tochat.Announce(w, r.Thread); err != nil {
			return err
		}
	}
	return nil
}

// ghostOf returns the participant of a room's thread whom a ghost represents, or the zero
// Participant.
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

// ghostInvited accepts or declines the invitation of a ghost. A refusal says
// what to do.
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
		return nil // the bridge is not in the room: the refusal of the ghost is enough
	}
	if err != nil {
		return err
	}
	return tochat.Notice(w, network, e.Place, "✗ "+text, tochat.Privately(e.By.ID))
}

func ghostKey(w *core.Work, e chat.Invited) string {
	return w.Key("i."+string(e.As)) + "." + string(e.Event)
}

// inviteGhost accepts an invitation of a ghost. A UsageError declines it.
func inviteGhost(c *command.Call, e chat.Invited) error {
	if c.Level < core.Link {
		return command.Usage("You don't have permission to invite people by email. Ask a moderator of the room or the admin of this bridge.")
	}
	who, err := c.ParticipantByGhost(e.Ghost)
	if errors.Is(err, store.ErrNone) {
		return command.Usage("This person isn't known to the bridge. Invite the bridge itself, then link the room with their address: " + core.PromptMark + "link ADDRESS")
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
		return command.Usage("%s can only be reached by email. Invite the bridge itself, then link the room with their address: "+core.PromptMark+"link ADDRESS", who.Name)
	}
	return linkGhost(c, who)
}

// linkGhost prepares the link of a room with the person of a ghost. The ghost joins with
// the first message of that person.
func linkGhost(c *command.Call, who store.Participant) error {
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

// addGhost invites the person of a ghost to the conversation of a room, with the next
// message.
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
	if err := tochat.NoticeThread(c.Work, th.ID, fmt.Sprintf("%s invited %s, who will be invited by email with the next message.", c.By.Name, who.Name)); err != nil {
		return err
	}
	return tochat.Announce(c.Work, th.ID)
}

// invitesAnHour limits the people whom somebody may invite through their ghosts.
const invitesAnHour = 10

// mayInvite counts the invitations of a person. Too many are a UsageError.
func mayInvite(c *command.Call) error {
	key := "invited/" + c.Network + "/" + string(c.By.ID)
	text, err := c.Setting(key)
	if err != nil {
		return err
	}
	var at []int64
	if text != "" {
		if err := json.Unmarshal([]byte(text), &at); err != nil {
			return fmt.Errorf("read the invitations of a person: %w", err)
		}
	}
	at = slices.DeleteFunc(at, func(ms int64) bool { return c.Now.Sub(time.UnixMilli(ms)) >= time.Hour })
	if len(at) >= invitesAnHour {
		return command.Usage("You have reached the limit of %d invitations an hour. Try again at %s.", len(at), time.UnixMilli(at[0]).Add(time.Hour).In(c.Env.Zone).Format("15:04"))
	}
	raw, err := json.Marshal(append(at, c.Now.UnixMilli()))
	if err != nil {
		return err
	}
	return c.SetSetting(key, string(raw))
}

// begin prepares a direct chat with a ghost: the ghost joins and brings the bridge along,
// and the room is linked when the network has described it.
func begin(c *command.Call, who store.Participant) error {
	if err := mayInvite(c); err != nil {
		return err
	}
	title := mail.CleanName(c.By.Name)
	return setPending(c, pending{People: []mail.Address{{Name: who.Name, Address: who.Address}}, Title: title, Direct: true, By: c.By, At: c.At})
}

// directIn reports whether a room is a direct chat that is being prepared.
func directIn(w *core.Work, network string, p chat.Place) (bool, error) {
	c := &command.Call{Work: w, Network: network, Place: chat.Place{Room: p.Room}}
	is, there, err := getPending(c)
	return there && is.Direct, err
}

// ghostIn continues a direct chat when the ghost and the bridge have joined.
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

// directReady links the room of a direct chat. For an encrypted one it asks first.
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

// ghostStays declines the invitation of a ghost that could not bring the bridge along.
func ghostStays(w *core.Work, j joinJob, cause error) error {
	if err := notDirect(w, j.Target); err != nil {
		return err
	}
	no := joinJob{Target: tochat.Target{Network: j.Network, Place: j.Place}, As: j.As}
	no.Out.Body.Text = "I couldn't join, because the bridge has to be in this room too. Allow me to invite it or invite it yourself, then invite me again. (" + core.PlainReason(cause.Error()) + ")"
	return tochat.Enqueue(w, jobRefuse, w.Env.Instance+".i."+mail.NewUniq(), &no)
}

// notDirect drops a direct chat that could not be prepared.
func notDirect(w *core.Work, t tochat.Target) error {
	c := &command.Call{Work: w, Network: t.Network, Place: chat.Place{Room: t.Place.Room}}
	if is, err := directIn(w, t.Network, t.Place); err != nil || !is {
		return err
	}
	return c.SetSetting(pendingKey(c), "")
}
