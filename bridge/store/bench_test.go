package store

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"
)

var rows = flag.Int("rows", 200_000, "Message-IDs in the database of BenchmarkLookup")

// BenchmarkLookup finds a mail by its Message-ID among many.
func BenchmarkLookup(b *testing.B) {
	s := filled(b, *rows)
	i := 0
	b.ResetTimer()
	for b.Loop() {
		i = (i + 7919) % *rows
		err := s.Read(b.Context(), func(tx *Tx) error {
			_, err := tx.MailByID(fmt.Sprintf("m%d@example.org", i))
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkWrite stores one setting durably, with few and with many writers at the
// same time (on two cores: two and sixteen).
func BenchmarkWrite(b *testing.B) {
	for _, writers := range []int{2, 16} {
		b.Run(fmt.Sprint(writers, "-writers"), func(b *testing.B) {
			s := filled(b, 0)
			var n atomic.Int64
			b.SetParallelism(max(1, writers/2))
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					err := s.Write(context.Background(), func(tx *Tx) error {
						return tx.SetSetting(fmt.Sprint("k", n.Add(1)%1000), "v")
					})
					if err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}

// filled opens a database with n mails.
func filled(b *testing.B, n int) *Store {
	b.Helper()
	s, err := Open(b.Context(), b.TempDir(), slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	var th Thread
	err = s.Write(b.Context(), func(tx *Tx) error {
		box, err := tx.Mailbox("main", "team@example.org")
		if err != nil {
			return err
		}
		th = Thread{Mailbox: box, Mode: ModeOpen, Title: "t", Token: "t", Created: time.Now()}
		return tx.AddThread(&th, &Epoch{Name: "e", Subject: "s", Anchor: "a", GUID: []byte{1}, Started: time.Now()})
	})
	const batch = 10_000
	for from := 0; err == nil && from < n; from += batch {
		err = s.Write(b.Context(), func(tx *Tx) error {
			for i := from; i < min(from+batch, n); i++ {
				if err := tx.AddMail(&Mail{Thread: th.ID, MessageID: fmt.Sprintf("m%d@example.org", i), At: time.Now()}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err != nil {
		b.Fatal(err)
	}
	return s
}
