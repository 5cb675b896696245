package bridge

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"hashsend/bridge/chat"
	"hashsend/bridge/mail"
	"hashsend/bridge/store"
)

// holdMail stores a mail for a person's decision and asks for it.
func (w *work) holdMail(box *mailbox, l letter, d decision) error {
	h := store.HeldMail{
		Mailbox: box.id, Sender: l.from.Address, Name: mail.CleanName(l.from.Name), Subject: oneLine(l.msg.Subject, 200),
		Reason: d.reason, Place: int64(l.in.Place), File: d.file, At: w.now,
	}
	if len(d.route.Threads) > 0 {
		h.Thread = d.route.Threads[0]
	}
	if err := w.AddHeld(&h); err != nil {
		return err
	}
	w.step(Step{Thread: h.Thread, Kind: "held", Text: "a mail waits for a decision: " + d.reason})
	choices := choosing(
		chat.Choice{Label: "Approve", Command: fmt.Sprintf("approve %d", h.ID)},
		chat.Choice{Label: "Approve and add", Command: fmt.Sprintf("approve %d add", h.ID)},
		chat.Choice{Label: "Deny", Command: fmt.Sprintf("deny %d", h.ID)},
		chat.Choice{Label: "Block sender", Command: fmt.Sprintf("block %d", h.ID), Danger: true},
	)
	if h.Thread == 0 {
		return w.home(heldText(h, h.Sender), choices)
	}
	// Everybody reads what stands in a room: whole addresses are for those who decide,
	// whom "status" tells them, and for the home room.
	return w.noticeEach(h.Thread, func(network string, room chat.RoomID) string {
		if network == w.b.o.Home.Network && room == w.b.o.Home.Room {
			return heldText(h, h.Sender)
		}
		return heldText(h, shortAddress(h.Sender))
	}, choices)
}

// heldText asks about a held mail, with the address of its sender as it may be shown.
func heldText(h store.HeldMail, sender string) string {
	if h.Name != "" {
		sender = h.Name + " <" + sender + ">"
	}
	reason := h.Reason
	if mail.Place(h.Place) == mail.Junk {
		reason += ", and " + markJunk
	}
	text := fmt.Sprintf("A mail from %s, subject “%s”, was held: %s. Type %[4]sapprove %[5]d to post it, %[4]sapprove %[5]d add to let its sender take part too, %[4]sdeny %[5]d to drop it, %[4]sblock %[5]d to drop all mail of this sender.",
		sender, h.Subject, reason, typed, h.ID)
	if h.Reason == takesNoPart {
		text += fmt.Sprintf(" If it is from somebody who takes part under another address, %salias %d ADDRESS asks there.", typed, h.ID)
	}
	return text
}

// shortAddress lets those recognise an address who know it: "a…@example.org".
func shortAddress(address string) string {
	local, domain, ok := strings.Cut(address, "@")
	if !ok || local == "" {
		return "…"
	}
	_, first := utf8.DecodeRuneInString(local)
	return local[:first] + "…@" + domain
}
