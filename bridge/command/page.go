package command

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"hashsend/bridge/chat"
	"hashsend/bridge/core"
	"hashsend/bridge/outbox"
	"hashsend/bridge/store"
	"hashsend/bridge/tochat"
	"hashsend/bridge/tomail"
)

// jobPage is the kind of delivery that shows a person the page of the bridge.
const jobPage = "chat.desk"

// pageJob is its data.
type pageJob struct {
	tochat.Target
	May bool `json:"may,omitempty"` // the person may change things
}

// Kinds returns the kinds of deliveries that show a person a page or settings.
func Kinds(e *core.Env) []outbox.Kind {
	return []outbox.Kind{pageKind(e).For(e), settingsKind(e).For(e)}
}

func pageKind(e *core.Env) tochat.Kind[pageJob] {
	return tochat.Kind[pageJob]{
		Name: jobPage,
		Attempt: func(ctx context.Context, n *core.Network, _ store.Delivery, j *pageJob) (chat.MessageID, error) {
			d, err := pageOf(ctx, e, j.Network, j.May)
			if err != nil {
				return "", err
			}
			return "", n.Pager.ShowPage(ctx, j.Out.For, d)
		},
	}
}

// ShowPage enqueues the page of the bridge for a person.
func ShowPage(w *core.Work, network string, e chat.PageOpened) error {
	if w.Env.Network(network).Pager == nil {
		return nil
	}
	to := e.By.ID
	j := pageJob{Target: tochat.Target{Network: network, Out: chat.Outgoing{For: to}}, May: w.Env.Access.Level(e.By, e.Rank) >= core.Link}
	key := w.Key("desk", w.Now.UnixNano()) + "." + string(to)
	j.Out.Key = key
	// Each person has a lane, so that nobody waits for the page of somebody else.
	return outbox.Enqueue(w, jobPage, "desk/"+network+"/"+string(to), key, j, nil, w.Now)
}

// pageRooms limits the rooms on a page.
const pageRooms = 100

// pageOf reads the page of one network. Only people who may change things see addresses.
func pageOf(ctx context.Context, e *core.Env, network string, may bool) (chat.Page, error) {
	d := chat.Page{May: may}
	err := e.Store.Read(ctx, func(tx *store.Tx) error {
		rooms, err := tx.LinkedRooms(network)
		if err != nil {
			return err
		}
		const most = 1000
		waiting, err := tx.Waiting(most)
		if err != nil {
			return err
		}
		held, err := tx.HeldMails(most)
		if err != nil {
			return err
		}
		for i := len(rooms) - 1; i >= 0 && len(d.Rooms) < pageRooms; i-- {
			r, err := pageRoom(e, tx, rooms[i], may)
			if err != nil {
				return err
			}
			if r.Waits, err = waits(tx, rooms[i].Thread, waiting, held); err != nil {
				return err
			}
			d.Rooms = append(d.Rooms, r)
		}
		return nil
	})
	var notes []string
	for _, h := range e.HealthList() {
		if !h.OK {
			notes = append(notes, h.Name+": "+core.OneLine(h.Error, 200))
		}
	}
	d.Note = strings.Join(notes, "\n")
	return d, err
}

func pageRoom(e *core.Env, tx *store.Tx, r store.Room, may bool) (d chat.PageRoom, err error) {
	th, err := tx.Thread(r.Thread)
	if err != nil {
		return d, err
	}
	d = chat.PageRoom{Place: core.Place(r), Title: th.Title, Mode: th.Mode, Paused: th.Paused}
	if r.Shared == store.SharedAsked {
		d.Trouble = "This channel is shared with another organization. Nothing is sent by email until somebody confirms it."
	}
	if r.Encrypted == store.EncryptedAsked {
		d.Trouble = "This room is encrypted. Nothing is sent by email until somebody confirms it."
	}
	people, err := tx.Participants(th.ID)
	if err != nil {
		return d, err
	}
	for _, p := range people {
		switch {
		case !p.Takes():
		case may:
			d.People = append(d.People, readerText(e, p))
		default:
			d.People = append(d.People, p.Name)
		}
	}
	last, err := tx.LastMail(th.ID)
	if err != nil && !errors.Is(err, store.ErrNone) {
		return d, err
	}
	d.LastMail = last.At
	if last.ID == 0 {
		return d, nil
	}
	err = pageLastMail(tx, &d, last.ID, people, may)
	return d, err
}

// pageLastMail adds the failures of the last email to a room, and the command that resends
// it if the viewer may change things.
func pageLastMail(tx *store.Tx, d *chat.PageRoom, last int64, people []store.Participant, may bool) error {
	rs, err := tx.Recipients(last)
	if err != nil {
		return err
	}
	var again []string
	for _, rc := range rs {
		if rc.State == store.Failed || rc.State == store.Delayed {
			d.Trouble = fmt.Sprintf("The last email to %s: %s", mishap(rc.State), core.PlainReason(rc.Reason))
		}
		if rc.State == store.Failed && tomail.WorthRetrying(rc.Reason) && takes(people, rc.Participant) {
			again = append(again, rc.Address)
		}
	}
	ms, err := tx.MessagesOfMail(last)
	if err != nil {
		return err
	}
	if len(ms) > 0 && len(again) > 0 && may {
		d.Retry = core.ResendLine(ms, strings.Join(again, " "))
	}
	return nil
}

// mishap words that an email failed or is delayed.
func mishap(state string) string {
	if state == store.Delayed {
		return "a participant is delayed"
	}
	return "a participant failed"
}

// takes reports whether one of these people, by id, currently gets email.
func takes(people []store.Participant, id int64) bool {
	return slices.ContainsFunc(people, func(p store.Participant) bool { return p.ID == id && p.Takes() })
}
