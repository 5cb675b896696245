package frommail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"hashsend/bridge/admit"
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
	JobAdmit   = "mail.admit" // post an approved mail
	jobOwnCopy = "mail.own"   // hold a mail from the owner's address, unless its copy is in Sent
)

// AdmitJob is the data of an approved mail that is to be posted.
type AdmitJob struct {
	Held int64 `json:"held"`
	Add  bool  `json:"add"` // its sender becomes a participant
	Room int64 `json:"room,omitempty"`
}

// ownCopyJob is the data of a mail from the owner's address that waits for its copy in
// Sent.
type ownCopyJob struct {
	Held      store.HeldMail `json:"held"`
	MessageID string         `json:"message_id"`
}

// HoldMail holds a mail for review and asks the room about it.
func HoldMail(w *core.Work, box *core.Box, a admit.Held, l Mail, d Decision) error {
	why := a.Reason()
	h := store.HeldMail{
		Mailbox: box.ID, Sender: l.Author.Address, Name: mail.CleanName(l.Author.Name), Subject: core.OneLine(l.Msg.Subject, 200),
		Code: string(why.Code), Trust: why.Trust, Reason: why.String(), Place: int64(l.in.Place), File: d.file, At: w.Now,
	}
	if len(d.Route.Threads) > 0 {
		h.Thread = d.Route.Threads[0]
	}
	if a.AwaitsCopy() {
		job := ownCopyJob{Held: h, MessageID: l.Msg.ID}
		return outbox.Enqueue(w, jobOwnCopy, "own/"+d.file, w.Env.Instance+".own."+d.file, job, nil, w.Now.Add(core.Delay(ownCopyWait)))
	}
	return askHeld(w, h)
}

// ownCopyWait is the time that a mail from the owner's address waits for its copy in Sent,
// which verifies it: a reply to all also reaches the mailbox itself.
const ownCopyWait = 10 * time.Minute

// deliverOwnCopy holds a mail from the owner's address for review unless its copy was found
// in Sent.
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

// askHeld stores a held mail and asks the room, or the home room, about it.
func askHeld(w *core.Work, h store.HeldMail) error {
	if err := w.AddHeld(&h); err != nil {
		return err
	}
	w.Trace(core.Trace{Thread: h.Thread, Kind: "held", Text: "an email is held for review: " + h.Reason})
	choices := tochat.WithChoices(
		chat.Choice{Label: "Approve", Command: fmt.Sprintf("approve %d", h.ID)},
		chat.Choice{Label: "Approve and add", Command: fmt.Sprintf("approve %d add", h.ID)},
		chat.Choice{Label: "Reject", Command: fmt.Sprintf("deny %d", h.ID)},
		chat.Choice{Label: "Block sender", Command: fmt.Sprintf("block %d", h.ID), Danger: true},
	)
	if h.Thread == 0 {
		return tochat.NoticeHome(w, heldText(h, h.Sender), choices)
	}
	// Everybody in a room sees the question, so it shortens the address. The command status
	// and the home room show it to people who decide.
	return tochat.NoticeEach(w, h.Thread, func(network string, room chat.RoomID) string {
		if network == w.Env.Home.Network && room == w.Env.Home.Room {
			return heldText(h, h.Sender)
		}
		return heldText(h, core.ShortAddress(h.Sender))
	}, choices)
}

// heldText words the question about a held mail. sender is the address as it may be shown.
func heldText(h store.HeldMail, sender string) string {
	if h.Name != "" {
		sender = h.Name + " <" + sender + ">"
	}
	reason := h.Reason
	if mail.Place(h.Place) == mail.Junk {
		reason += ", and " + core.RemarkJunk
	}
	text := fmt.Sprintf("An email from %s, subject “%s”, is held for review: %s. Type %[4]sapprove %[5]d to post it, %[4]sapprove %[5]d add to post it and add its sender, %[4]sdeny %[5]d to reject it, or %[4]sblock %[5]d to reject all email from this sender.",
		sender, h.Subject, reason, core.PromptMark, h.ID)
	if admit.WhyHeld(h).Code == admit.Stranger {
		text += fmt.Sprintf(" If a participant sent it from another address, type %salias %d ADDRESS with their known address to ask them.", core.PromptMark, h.ID)
	}
	return text
}

// Kinds returns the kinds of deliveries for held mails and for conversations started by
// email. of returns the inbox of a mailbox.
func Kinds(e *core.Env, of func(*core.Box) *Inbox) []outbox.Kind {
	return []outbox.Kind{
		{Name: JobAdmit, Patience: outbox.MessagePatience, Deliver: func(ctx context.Context, d store.Delivery) error { return deliverAdmit(ctx, e, d, of) }},
		{Name: jobOwnCopy, Deliver: func(ctx context.Context, d store.Delivery) error { return deliverOwnCopy(ctx, e, d) }},
		openKind().For(e),
	}
}

// deliverAdmit posts a held mail that was approved.
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
				settle = tochat.NoticeHome(w, fmt.Sprintf("Email %d, held for review, couldn't be read: %s.", j.Held, core.PlainReason(err.Error())))
			}
			return settle
		}
		if err := e.Store.DropFile(h.File); err != nil {
			e.Log.Warn("remove an approved mail", "error", err)
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
