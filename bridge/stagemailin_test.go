package bridge

import (
	"context"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/mail"
)

// sentFolder is the stage's Sent folder: every mail of ours has a copy in it.
type sentFolder struct{}

func (sentFolder) FindSent(context.Context, string, time.Time) (string, bool, error) {
	return "", true, nil
}

func (sentFolder) KeepSent(context.Context, mail.Outgoing, time.Time) error { return nil }

func (sentFolder) AdoptSent(context.Context, string, time.Time) (string, bool, error) {
	return "", false, nil
}

// Create makes a room: that of "set opens *" and of conversations without a place.
func (n *net) Create(_ context.Context, r chat.NewRoom) (chat.RoomID, error) {
	n.s.emit(n.name, "  %s: new room “%s”", n.name, r.Name)
	return "made", nil
}

// forwarding is the body of a mail that has another one attached.
func forwarding(text string) string {
	return `--ff\nContent-Type: text/plain\n\n` + text + `\n--ff\nContent-Type: message/rfc822\n\nFrom: Bob Lee <bob@example.net>\nSubject: Boat\nDate: Mon, 6 Jan 2025 10:00:00 +0000\n\nIt is for sale.\n--ff--`
}
