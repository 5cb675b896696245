package bridge

import (
	"context"
	"time"

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
