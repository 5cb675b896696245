package bounces_test

import (
	"log/slog"
	"testing"
	"time"

	"hashsend/bridge/store"
	"hashsend/cmd/hashsend/doctor/bounces"
)

// What was refused is found once for each email and recipient; what arrived is not.
func TestStored(t *testing.T) {
	s, err := store.Open(t.Context(), t.TempDir(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() //nolint:errcheck // the test is over
	err = s.Write(t.Context(), func(tx *store.Tx) error {
		box, err := tx.Mailbox("team", "team@example.org")
		if err != nil {
			return err
		}
		th := store.Thread{Mailbox: box, Mode: "open", Token: "t1", Created: time.Now()}
		if err := tx.AddThread(&th, &store.Epoch{Name: "e", Subject: "#Send Lunch", Anchor: "hs.e.root.x@example.org", GUID: []byte{1}, Started: time.Now()}); err != nil {
			return err
		}
		ann := store.Participant{Token: "t2", Thread: th.ID, Address: "ann@firm.example", Canon: "ann@firm.example", State: store.Active, Joined: time.Now()}
		bob := store.Participant{Token: "t3", Thread: th.ID, Address: "bob@firm.example", Canon: "bob@firm.example", State: store.Active, Joined: time.Now()}
		for _, p := range []*store.Participant{&ann, &bob} {
			if err := tx.AddParticipant(p); err != nil {
				return err
			}
		}
		var ids []int64
		for range 2 {
			m := store.Message{Thread: th.ID, Origin: store.FromChat, Text: "hello", State: store.Mailed, At: time.Now()}
			if err := tx.AddMessage(&m); err != nil {
				return err
			}
			ids = append(ids, m.ID)
		}
		mail := store.Mail{Thread: th.ID, Uniq: "u", MessageID: "u@example.org", Out: true, At: time.Now()}
		if err := tx.AddMail(&mail, ids...); err != nil {
			return err
		}
		if err := tx.SetRecipient(store.Recipient{Mail: mail.ID, Participant: ann.ID, State: store.Failed, Reason: "550 5.1.1 no such user"}); err != nil {
			return err
		}
		return tx.SetRecipient(store.Recipient{Mail: mail.ID, Participant: bob.ID, State: store.Queued})
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := bounces.Stored(t.Context(), s)
	if err != nil || len(got) != 1 || got[0] != (bounces.Refusal{Address: "ann@firm.example", Said: "550 5.1.1 no such user"}) {
		t.Errorf("%+v, %v", got, err)
	}
}
