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

// kinds returns all kinds of delivery.
func (b *Bridge) kinds() []outbox.Kind {
	e := b.env
	return slices.Concat(
		tochat.Kinds(e),                      // messages, files, edits, deletions, states and signs in rooms
		tomail.Kinds(e),                      // emails, their copies in Sent, corrections, digests
		files.Kinds(e, fromchat.FileSettled), // fetching files from a network
		frommail.Kinds(e, b.inbox),           // approved emails; rooms for conversations that start by email
		reactions.Kinds(e),                   // reactions in rooms and by email
		polls.Kinds(e),                       // votes in rooms
		command.Kinds(e),                     // pages and settings in a network
		fromchat.Kinds(e, take),              // deferred events
		linking.Kinds(e, b.HandleChat),       // joining, describing, following and filling rooms
	)
}

// gaveUp reports a failed delivery in the home room, for kinds that do not report it
// themselves.
func gaveUp(w *core.Work, d store.Delivery, cause error) error {
	w.Env.Log.Warn("a delivery failed for good", "kind", d.Kind, "error", cause)
	return tochat.NoticeHome(w, fmt.Sprintf("⚠️ A delivery failed and was dropped: %s.", core.PlainReason(cause.Error())))
}
