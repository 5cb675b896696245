package bounces

import (
	"context"
	"errors"
	"fmt"

	"hashsend/bridge/store"
)

// How far back is looked: conversations, and messages of each.
const (
	maxThreads  = 500
	maxMessages = 50
)

// Stored finds the refusals that a database remembers: of the newest messages of the
// newest conversations.
func Stored(ctx context.Context, s *store.Store) (all []Refusal, err error) {
	err = s.Read(ctx, func(tx *store.Tx) error {
		threads, err := tx.Threads(maxThreads)
		if err != nil {
			return err
		}
		seen := map[[2]int64]bool{}
		for _, t := range threads {
			messages, err := tx.LastMessages(t.ID, maxMessages)
			if err != nil {
				return err
			}
			for _, m := range messages {
				found, err := tx.MessageRecipients(m.ID)
				if err != nil && !errors.Is(err, store.ErrNone) {
					return err
				}
				for _, r := range found {
					if key := [2]int64{r.Mail, r.Participant}; r.State == store.Failed && r.Reason != "" && !seen[key] {
						seen[key] = true
						all = append(all, Refusal{Address: r.Address, Said: r.Reason})
					}
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read what was refused: %w", err)
	}
	return all, nil
}
