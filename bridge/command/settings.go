package command

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"hashsend/bridge/chat"
	"hashsend/bridge/core"
	"hashsend/bridge/outbox"
	"hashsend/bridge/store"
	"hashsend/bridge/tochat"
)

// jobSettings is the kind of delivery that shows a person what can be changed of a
// conversation.
const jobSettings = "chat.settings"

// settingsJob is its data.
type settingsJob struct{ tochat.Target }

func settingsKind(e *core.Env) tochat.Kind[settingsJob] {
	return tochat.Kind[settingsJob]{
		Name: jobSettings, Patience: 3 * time.Second, // nobody looks for it later
		Attempt: func(ctx context.Context, n *core.Network, _ store.Delivery, j *settingsJob) (chat.MessageID, error) {
			s, err := settingsOf(ctx, e, j.Room)
			if err != nil {
				return "", err
			}
			return "", n.Setter.ShowSettings(ctx, j.Out.For, j.Out.Via, s)
		},
	}
}

// SettingsAsked has a person shown the settings of a conversation. Who may not change
// them is shown the page anew, and so is who asks for a conversation that is over.
func SettingsAsked(w *core.Work, network string, e chat.SettingsAsked) error {
	if w.Env.Network(network).Setter == nil {
		return nil
	}
	r, err := w.LinkedRoom(network, e.Place)
	if err != nil && !errors.Is(err, store.ErrNone) {
		return err
	}
	if err != nil || w.Env.Access.Level(e.By, e.Rank) < core.Link {
		return ShowPage(w, network, chat.DeskOpened{Head: e.Head})
	}
	key := w.Key("settings", r.ID, w.Now.UnixNano()) + "." + string(e.By.ID)
	j := settingsJob{tochat.Target{Network: network, Place: core.Place(r), Room: r.ID, Out: chat.Outgoing{Key: key, For: e.By.ID, Via: e.Via}}}
	// A lane for each person: the form has to come within seconds.
	return outbox.Enqueue(w, jobSettings, "settings/"+network+"/"+string(e.By.ID), key, j, nil, w.Now)
}

// settingsOf is what can be changed of the conversation of a room.
func settingsOf(ctx context.Context, e *core.Env, room int64) (s chat.Settings, err error) {
	for _, mode := range []string{store.Instant, store.Burst, store.Quarter, store.Hourly, store.Daily, store.Mentions, store.Paused} {
		s.Modes = append(s.Modes, chat.Choice{Label: capital(core.ModeText(mode, e.DigestTime)), Command: mode})
	}
	return s, e.Store.Read(ctx, func(tx *store.Tx) error {
		r, err := tx.RoomByID(room)
		if err != nil {
			return err
		}
		th, err := tx.Thread(r.Thread)
		if err != nil {
			return err
		}
		people, err := tx.Participants(th.ID)
		if err != nil {
			return err
		}
		s.Place, s.Title, s.Mode = core.Place(r), th.Title, th.Mode
		for _, p := range people {
			if p.Takes() {
				s.Readers = append(s.Readers, chat.Reader{Name: p.Name, Address: p.Address, Mode: p.Mode})
			}
		}
		return nil
	})
}

// capital begins a text with a capital letter.
func capital(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

// waits words what of a conversation waits; empty: nothing. waiting are all deliveries
// that are not made, held are all mails that wait for a decision.
func waits(tx *store.Tx, thread int64, waiting []store.Delivery, held []store.HeldMail) (string, error) {
	ms, err := tx.HeldMessages(thread)
	if err != nil {
		return "", err
	}
	mails, asked := 0, 0
	for _, d := range waiting {
		if base, _, _ := strings.Cut(d.Lane, "/later/"); base == outbox.MailLane(thread) {
			mails++
		}
	}
	for _, h := range held {
		if h.Thread == thread {
			asked++
		}
	}
	var parts []string
	for _, x := range []struct {
		n         int
		one, many string
	}{
		{len(ms), "message is held", "messages are held"},
		{mails, "mail is on its way", "mails are on their way"},
		{asked, "mail waits for a decision", "mails wait for a decision"},
	} {
		if x.n > 0 {
			parts = append(parts, core.Quantity(x.n, x.one, x.many))
		}
	}
	return strings.Join(parts, ", "), nil
}

// readerText is what somebody who takes part is called on the page of a person who may
// command: with the address, and when mail goes to them if that is not as usual.
func readerText(e *core.Env, p store.Participant) string {
	text := p.Name + " <" + p.Address + ">"
	if p.Mode != store.Burst {
		text += fmt.Sprintf(" (%s)", core.ModeText(p.Mode, e.DigestTime))
	}
	if p.Muted.After(e.Now()) {
		text += " (muted)"
	}
	return text
}
