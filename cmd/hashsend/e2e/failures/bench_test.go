package failures

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// The same bridge on the same real homeserver, measured: one message at a time,
// from the moment it is said until it is on the other side.

func BenchmarkRoomToMailDendrite(b *testing.B) {
	s := open(b)
	room, _ := s.room("Lunch")
	report(b, func(i int) {
		word := fmt.Sprintf("word-%06d", i)
		s.alice.Say(room, word)
		s.until(func() bool {
			mails := s.relay.mails()
			return strings.Contains(mails[len(mails)-1].Text, word)
		})
	})
}

func BenchmarkMailToRoomDendrite(b *testing.B) {
	s := open(b)
	room, to := s.room("Lunch")
	report(b, func(i int) {
		word := fmt.Sprintf("mail-%06d", i)
		s.push(func(int) (string, string) { return to, word }, 1)
		s.until(func() bool { return slices.Contains(s.words(room, "mail-"), word) })
	})
}

func (s *scene) until(ok func() bool) {
	for end := time.Now().Add(soon); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatal("waited in vain")
		}
	}
}

func report(b *testing.B, one func(i int)) {
	var took []time.Duration
	for i := 0; b.Loop(); i++ {
		begun := time.Now()
		one(i)
		took = append(took, time.Since(begun))
	}
	slices.Sort(took)
	for name, q := range map[string]int{"p50-ms": 50, "p95-ms": 95, "p99-ms": 99} {
		b.ReportMetric(float64(took[len(took)*q/100].Microseconds())/1000, name)
	}
}
