package frommail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/core"
	"hashsend/bridge/mail"
	"hashsend/bridge/outbox"
	"hashsend/bridge/retry"
	"hashsend/bridge/store"
	"hashsend/bridge/tochat"
)

// The kinds of deliveries of held mails.
const (
	JobAdmit   = "mail.admit" // take in a held mail that was approved
	jobOwnCopy = "mail.own"   // hold a mail from the owner's address, unless its copy lay in Sent
)

// AdmitJob is the data of the delivery of an approved mail to its room.
type AdmitJob struct {
	Held int64 `json:"held"`
	Add  bool  `json:"add"` // its sender becomes a participant
	Room int64 `json:"room,omitempty"`
}

// ownCopyJob is the data of the delivery that waits for the copy in Sent of what seems
// to be the owner's mail.
type ownCopyJob struct {
	Held      store.HeldMail `json:"held"`
	MessageID string         `json:"message_id"`
}

// HoldMail stores a mail for a person's decision and asks for it.
func HoldMail(w *core.Work, box *core.Box, l Mail, d Decision) error {
	h := store.HeldMail{
		Mailbox: box.ID, Sender: l.Author.Address, Name: mail.CleanName(l.Author.Name), Subject: core.OneLine(l.Msg.Subject, 200),
		Reason: d.reason, Place: int64(l.in.Place), File: d.file, At: w.Now,
	}
	if len(d.Route.Threads) > 0 {
		h.Thread = d.Route.Threads[0]
	}
	if d.own {
		job := ownCopyJob{Held: h, MessageID: l.Msg.ID}
		return outbox.Enqueue(w, jobOwnCopy, "own/"+d.file, w.Env.Instance+".own."+d.file, job, nil, w.Now.Add(core.Delay(ownCopyWait)))
	}
	return askHeld(w, h)
}

// ownCopyWait is how long a mail from the owner's own address waits for its copy in
// Sent, which proves it: people who answer to all have the mailbox among them.
const ownCopyWait = 10 * time.Minute

// deliverOwnCopy holds a mail from the owner's address whose copy has not come, and
// forgets it if it has.
func deliverOwnCopy(ctx context.Context, e *core.Env, d store.Delivery) error {
	var j ownCopyJob
	if err := json.Unmarshal([]byte(d.Data), &j); err != nil {
		return fmt.Errorf("decode delivery: %w", err)
	}
	return e.Write(ctx, "own-copy", func(w *core.Work) error {
		if err := w.Done(d.ID); err != nil {
			return err
		}
		_, err := w.MailByID(j.MessageID)
		if errors.Is(err, store.ErrNone) {
			return askHeld(w, j.Held)
		}
		if err != nil {
			return err
		}
		return e.Store.DropFile(j.Held.File)
	})
}

// askHeld stores a held mail and asks about it.
func askHeld(w *core.Work, h store.HeldMail) error {
	if err := w.AddHeld(&h); err != nil {
		return err
	}
	w.Trace(core.Trace{Thread: h.Thread, Kind: "held", Text: "a mail waits for a decision: " + h.Reason})
	choices := tochat.WithChoices(
		chat.Choice{Label: "Approve", Command: fmt.Sprintf("approve %d", h.ID)},
		chat.Choice{Label: "Approve and add", Command: fmt.Sprintf("approve %d add", h.ID)},
		chat.Choice{Label: "Deny", Command: fmt.Sprintf("deny %d", h.ID)},
		chat.Choice{Label: "Block sender", Command: fmt.Sprintf("block %d", h.ID), Danger: true},
	)
	if h.Thread == 0 {
		return tochat.NoticeHome(w, heldText(h, h.Sender), choices)
	}
	// Everybody reads what stands in a room: whole addresses are for those who decide,
	// whom "status" tells them, and for the home room.
	return tochat.NoticeEach(w, h.Thread, func(network string, room chat.RoomID) string {
		if network == w.Env.Home.Network && room == w.Env.Home.Room {
			return heldText(h, h.Sender)
		}
		return heldText(h, core.ShortAddress(h.Sender))
	}, choices)
}

// heldText asks about a held mail, with the address of its sender as it may be shown.
func heldText(h store.HeldMail, sender string) string {
	if h.Name != "" {
		sender = h.Name + " <" + sender + ">"
	}
	reason := h.Reason
	if mail.Place(h.Place) == mail.Junk {
		reason += ", and " + core.RemarkJunk
	}
	text := fmt.Sprintf("A mail from %s, subject “%s”, was held: %s. Type %[4]sapprove %[5]d to post it, %[4]sapprove %[5]d add to let its sender take part too, %[4]sdeny %[5]d to drop it, %[4]sblock %[5]d to drop all mail of this sender.",
		sender, h.Subject, reason, core.PromptMark, h.ID)
	if h.Reason == takesNoPart {
		text += fmt.Sprintf(" If it is from somebody who takes part under another address, %salias %d ADDRESS asks there.", core.PromptMark, h.ID)
	}
	return text
}

// Kinds are the kinds of deliveries that mails cause: held ones are taken in by the
// inbox of their mailbox, and conversations that begin by mail get a place.
func Kinds(e *core.Env, of func(*core.Box) *Inbox) []outbox.Kind {
	return []outbox.Kind{
		{Name: JobAdmit, Patience: outbox.MessagePatience, Deliver: func(ctx context.Context, d store.Delivery) error { return deliverAdmit(ctx, e, d, of) }},
		{Name: jobOwnCopy, Deliver: func(ctx context.Context, d store.Delivery) error { return deliverOwnCopy(ctx, e, d) }},
		openKind().For(e),
	}
}

// deliverAdmit takes in a held mail that somebody approved.
func deliverAdmit(ctx context.Context, e *core.Env, d store.Delivery, of func(*core.Box) *Inbox) error {
	var j AdmitJob
	if err := json.Unmarshal([]byte(d.Data), &j); err != nil {
		return fmt.Errorf("decode delivery: %w", err)
	}
	h, err := admitHeld(ctx, e, j, of)
	return e.Write(ctx, "settle-admit", func(w *core.Work) error {
		if err != nil {
			final, settle := outbox.Again(w, d, err, outbox.MessagePatience)
			if settle == nil && final {
				settle = tochat.NoticeHome(w, fmt.Sprintf("The held mail %d could not be read: %s.", j.Held, core.PlainReason(err.Error())))
			}
			return settle
		}
		if err := e.Store.DropFile(h.File); err != nil {
			e.Log.Warn("remove a mail that was taken in", "error", err)
		}
		return w.Done(d.ID)
	})
}

func admitHeld(ctx context.Context, e *core.Env, j AdmitJob, of func(*core.Box) *Inbox) (h store.HeldMail, err error) {
	if err := e.Store.Read(ctx, func(tx *store.Tx) (err error) { h, err = tx.HeldMail(j.Held); return err }); err != nil {
		return h, err
	}
	box := e.Boxes[h.Mailbox]
	if box == nil {
		return h, core.NeverError("its mailbox is no longer in the configuration")
	}
	in := mail.Incoming{
		Head: mail.Head{Mailbox: box.Name, Place: mail.Place(h.Place), Received: h.At},
		Open: func(context.Context) (io.ReadCloser, error) { return e.Store.OpenFile(h.File) },
	}
	if in.Header, err = headerOf(e, h.File); err != nil {
		return h, retry.Never(err)
	}
	from := of(box)
	l, err := from.read(ctx, in)
	if err != nil {
		return h, err
	}
	l.key = append(l.key, fmt.Sprint("held ", h.ID))
	return h, from.take(ctx, "", l, Approval{Approved: true, Add: j.Add, Room: j.Room, Held: h.ID})
}
