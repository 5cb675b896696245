package bridge

import (
	"fmt"
	"slices"

	"hashsend/bridge/command"
	"hashsend/bridge/core"
	"hashsend/bridge/files"
	"hashsend/bridge/fromchat"
	"hashsend/bridge/frommail"
	"hashsend/bridge/linking"
	"hashsend/bridge/outbox"
	"hashsend/bridge/polls"
	"hashsend/bridge/reactions"
	"hashsend/bridge/store"
	"hashsend/bridge/tochat"
	"hashsend/bridge/tomail"
)

// kinds are all kinds of delivery, each with how it is made and settled.
func (b *Bridge) kinds() []outbox.Kind {
	e := b.env
	return slices.Concat(
		tochat.Kinds(e),                      // messages, files, edits, deletions, states and signs in rooms
		tomail.Kinds(e),                      // mails, their copies in Sent, corrections, digests
		files.Kinds(e, fromchat.FileSettled), // files fetched from a network
		frommail.Kinds(e, b.inbox),           // held mails that were approved; places for conversations that begin by mail
		reactions.Kinds(e),                   // reactions in rooms and by mail
		polls.Kinds(e),                       // votes in rooms
		command.Kinds(e),                     // pages and settings that a network shows to a person
		fromchat.Kinds(e, take),              // events that had to wait
		linking.Kinds(e, b.HandleChat),       // rooms entered, described, followed and caught up with
	)
}

// gaveUp tells the home room of a delivery that failed for good and has no words of its
// own for that.
func gaveUp(w *core.Work, d store.Delivery, cause error) error {
	w.Env.Log.Warn("a delivery failed for good", "kind", d.Kind, "error", cause)
	return tochat.NoticeHome(w, fmt.Sprintf("⚠️ A delivery failed and was dropped: %s.", core.PlainReason(cause.Error())))
}
