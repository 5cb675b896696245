package store

import (
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestMemoryIsWhatTheTablesSay changes conversations at random, in transactions of which
// some fail, and compares what is kept with what another Store reads from the tables.
func TestMemoryIsWhatTheTablesSay(t *testing.T) {
	s, err := Open(t.Context(), t.TempDir(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	at := time.UnixMilli(1_700_000_000_123)
	broken := errors.New("it fails")
	const threads = 4
	if err := s.Write(t.Context(), func(tx *Tx) error {
		box, err := tx.Mailbox("main", "team@example.org")
		if err != nil {
			return err
		}
		for i := range threads {
			th := Thread{Mailbox: box, Mode: ModeOpen, Title: fmt.Sprint("T", i), Token: fmt.Sprint("tok", i), Created: at}
			if err := tx.AddThread(&th, &Epoch{Name: fmt.Sprint("e", i), Subject: "#Send", Anchor: "a", GUID: []byte("g"), Started: at}); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for worker := range 6 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(worker), 1))
			for i := range 150 {
				fails := r.IntN(4) == 0
				err := s.Write(t.Context(), func(tx *Tx) error {
					for range 1 + r.IntN(4) {
						if err := changeSomething(tx, r, worker*1000+i, at); err != nil {
							return err
						}
					}
					if fails {
						return broken
					}
					return nil
				})
				if err != nil && !errors.Is(err, broken) {
					t.Error(err)
				}
				if i%5 == 0 {
					if err := s.Read(t.Context(), func(tx *Tx) error { _, err := tx.conversation(1 + r.Int64N(threads)); return err }); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
	kept := everything(t, s, threads)
	s.mem.mu.Lock()
	s.mem.forget()
	s.mem.mu.Unlock()
	read := everything(t, s, threads)
	if diff := cmp.Diff(read, kept, cmp.AllowUnexported(conversation{})); diff != "" {
		t.Error(diff)
	}
}

func everything(t *testing.T, s *Store, threads int64) map[int64]*conversation {
	t.Helper()
	all := map[int64]*conversation{}
	if err := s.Read(t.Context(), func(tx *Tx) error {
		for id := int64(1); id <= threads; id++ {
			c, err := tx.conversation(id)
			if err != nil {
				return err
			}
			all[id] = c
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return all
}

func changeSomething(tx *Tx, r *rand.Rand, n int, at time.Time) error {
	id := 1 + r.Int64N(4)
	at = at.Add(time.Duration(n) * time.Second)
	switch r.IntN(9) {
	case 0:
		return tx.SetHold(id, at, at.Add(time.Second+123456))
	case 1:
		return tx.SetLive(id, at)
	case 2:
		th, err := tx.Thread(id)
		th.Title, th.Paused = fmt.Sprint("title ", n), n%2 == 0
		return errors.Join(err, tx.SetThread(th))
	case 3:
		p := Participant{Thread: id, Address: fmt.Sprintf("p%d@example.com", n), Name: "P", Ghost: "g", Token: fmt.Sprint("t", n, r.Uint64()), State: Invited, Joined: at, Changed: at}
		p.Canon = p.Token
		return tx.AddParticipant(&p)
	case 4:
		people, err := tx.Participants(id)
		if err != nil || len(people) == 0 {
			return err
		}
		p := people[r.IntN(len(people))]
		p.State, p.Mailed, p.Mode = Active, at.Add(654321), ""
		return tx.SetParticipant(p)
	case 5:
		room := Room{Network: "m", Place: fmt.Sprint("r", r.IntN(6)), Thread: id, Name: fmt.Sprint("n", n), Linked: at}
		return tx.PutRoom(&room)
	case 6:
		return tx.MoveRoom("m", fmt.Sprint("r", r.IntN(6)), fmt.Sprint("moved", n), "", "")
	case 7:
		return tx.AddEpoch(&Epoch{Thread: id, Name: fmt.Sprint("e", n, r.Uint64()), Subject: "s", Anchor: "a", GUID: []byte("g"), Started: at})
	}
	room, err := tx.Room("m", fmt.Sprint("r", r.IntN(6)), "")
	if errors.Is(err, ErrNone) {
		return nil
	}
	if err == nil && room.Place == "" {
		return errors.New("a room without a place")
	}
	return err
}
