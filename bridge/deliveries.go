package bridge

import (
	"fmt"
	"slices"

	"hashsend/bridge/store"
)

// kinds are all kinds of delivery, each with where it is made.
func (b *Bridge) kinds() []kind {
	e := b.Env
	return slices.Concat(
		messageKinds(e),    // messages, files, edits, deletions, states and signs in rooms
		reactionKinds(e),   // reactions in rooms
		invitationKinds(e), // invitations taken up and declined
		[]kind{
			voteKind(e).kind(e),
			openKind().kind(e),
			describeKind().kind(e),
			fetchKind().kind(e),
			followKind().kind(e),
			catchUpKind(b.HandleChat).kind(e),
			rootKind().kind(e),
			deskKind(e).kind(e),
			settingsKind(e).kind(e),

			{Name: jobMail, Patience: messagePatience, Deliver: e.deliverMail},
			{Name: jobKeep, Patience: keepPatience, Deliver: e.deliverKeep},
			{Name: jobCorrect, Deliver: e.deliverCorrection},
			{Name: jobReactMail, Deliver: e.deliverReactions},
			{Name: jobDigest, Deliver: e.deliverDigest},
			fileKind(e, fileSettled),

			admitKind(e, b.inbox),
			{Name: jobOwnCopy, Deliver: e.deliverOwnCopy},
			unsealKind(e, take),
			againKind(e, take),
		},
	)
}

// gaveUp tells the home room of a delivery that failed for good and has no words of its
// own for that.
func gaveUp(w *work, d store.Delivery, cause error) error {
	w.Env.Log.Warn("a delivery failed for good", "kind", d.Kind, "error", cause)
	return w.home(fmt.Sprintf("⚠️ A delivery was dropped: %s.", plain(cause.Error())))
}
