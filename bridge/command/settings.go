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

// jobSettings is the kind of delivery that shows a person the settings of a conversation.
const jobSettings = "chat.settings"

// settingsJob is its data.
type settingsJob struct{ tochat.Target }

func settingsKind(e *core.Env) tochat.Kind[settingsJob] {
	return tochat.Kind[settingsJob]{
		Name: jobSettings, Patience: 3 * time.Second, // a later form is of no use
		Attempt: func(ctx context.Context, n *core.Network, _ store.Delivery, j *settingsJob) (chat.MessageID, error) {
			s, err := settingsOf(ctx, e, j.Room)
			if err != nil {
				return "", err
			}
			return "", n.Setter.ShowSettings(ctx, j.Out.For, j.Out.Via, s)
		},
	}
}

// SettingsAsked shows a person the settings of a conversation. Without the rights to
// change them, and for a conversation that has ended, it shows the page again.
func SettingsAsked(w *core.Work, network string, e chat.SettingsAsked) error {
	if w.Env.Network(network).Setter == nil {
		return nil
	}
	r, err := w.LinkedRoom(network, e.Place)
	if err != nil && !errors.Is(err, store.ErrNone) {
		return err
	}
	if err != nil || w.Env.Access.Level(e.By, e.Rank) < core.Link {
		return ShowPage(w, network, chat.PageOpened{Head: e.Head})
	}
	key := w.Key("settings", r.ID, w.Now.UnixNano()) + "." + string(e.By.ID)
	j := settingsJob{tochat.Target{Network: network, Place: core.Place(r), Room: r.ID, Out: chat.Outgoing{Key: key, For: e.By.ID, Via: e.Via}}}
	// Each person has a lane: the form has to appear within seconds.
	return outbox.Enqueue(w, jobSettings, "settings/"+network+"/"+string(e.By.ID), key, j, nil, w.Now)
}

// settingsOf reads the settings of the conversation of a room.
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

// capital makes the first letter of a text a capital.
func capital(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

// waits words the queue of a conversation; empty: nothing waits. waiting are all
// deliveries not yet made, held all emails held for review.
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
		{len(ms), "message waiting", "messages waiting"},
		{mails, "email queued", "emails queued"},
		{asked, "email held for review", "emails held for review"},
	} {
		if x.n > 0 {
			parts = append(parts, core.Quantity(x.n, x.one, x.many))
		}
	}
	return strings.Join(parts, ", "), nil
}

// readerText is the line of a participant on the page of somebody who may use commands:
// name, address, and settings other than the usual ones.
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
