package imap

import (
	"context"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"hashsend/bridge/mail"
)

// Whatever happens to the mails of a folder, after a restart just those are looked
// at again that were not done with, and none twice in a run.
func TestLedgerOverRestarts(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		l := newLedger(position{Validity: 1, UID: 10, Floor: 10, Date: now, Seen: ^uint64(0)})
		there := map[uint32]bool{5: true, 10: true}
		finished := map[uint32]bool{}
		next := uint32(11)
		for range 200 {
			switch r.IntN(6) {
			case 0, 1: // mail arrives, some numbers are left out
				next += uint32(1 + r.IntN(3))
				there[next] = true
			case 2: // one becomes visible late
				if late := next - uint32(1+r.IntN(20)); late > 10 && late < next {
					there[late] = true
				}
			default:
				var uids []uint32
				for uid := range next + 1 {
					if there[uid] {
						uids = append(uids, uid)
					}
				}
				first, again := l.fresh(uids, now)
				for _, uid := range append(first, again...) {
					if finished[uid] || uid <= 10 {
						t.Fatalf("seed %d: %d is looked at again", seed, uid)
					}
					switch r.IntN(8) {
					case 0:
						l.failed(uid, now, 0)
					case 1:
						l.begin(uid) // its body comes slowly
					default:
						l.done(uid)
						finished[uid] = true
					}
				}
			}
			if r.IntN(10) > 0 {
				continue
			}
			p, err := parseCursor(l.cursor(0, now))
			if err != nil {
				t.Fatal(err)
			}
			l = newLedger(p)
			if p.UID+window >= next { // else it is far behind: more is looked at again, which costs time only
				for uid := range there {
					seen := l.seen[uid] || uid < l.from()
					if finished[uid] && uid > 10 && !seen && uid+window > l.at.UID && uid <= l.at.UID || !finished[uid] && uid > 10 && seen && uid+window > next {
						t.Fatalf("seed %d: after a restart %d, finished %v, counts as seen %v (%s)", seed, uid, finished[uid], seen, p)
					}
				}
			}
			for uid := range finished { // what lies above the position is recognised by the bridge
				if !l.seen[uid] && uid >= l.from() {
					delete(finished, uid)
				}
			}
		}
	}
}

// A mail that costs the connection each time is tried for some time before it is
// set aside, and keeps nothing away meanwhile.
func TestPatience(t *testing.T) {
	t.Parallel()
	s := newScripted(t, func(s *scripted) {
		s.hook = func(x *scriptedConn, _, command, args string) bool {
			if command != "UID FETCH" || !strings.HasPrefix(args, "1 ") || !strings.Contains(args, "BODY.PEEK[]") {
				return false
			}
			x.hangUp()
			return true
		}
	})
	k := &telling{taker: newTaker(), missed: make(chan mail.Missed, 3)}
	src := s.source(func(c *Config) { c.Sent, c.Junk, c.All = None, None, None })
	src.patience = 800 * time.Millisecond
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	begun := time.Now()
	go func() { done <- src.Run(ctx, func(string) string { return "7:0:0:0:0" }, k) }()
	defer func() { stop(); <-done }() //nolint:errcheck // its error is not what is tested
	s.put("INBOX", raw("ours", "poison"))
	s.put("INBOX", raw("ours", "reply"))
	eventually(t, "the reply did not arrive", func() bool { return len(k.all()) == 1 })
	if took := time.Since(begun); took > src.patience {
		t.Errorf("the reply took %s", took)
	}
	select {
	case <-k.missed:
		if took := time.Since(begun); took < src.patience {
			t.Errorf("it was set aside after %s", took)
		}
	case <-time.After(live):
		t.Error("it was not set aside")
	}
	if n := len(s.asked(`UID FETCH 1 .*BODY\.PEEK\[\]`)); n < maxAttempts || n > 12 {
		t.Errorf("%d attempts", n)
	}
}

// When a mail is set aside: never at once, sooner where the server answers, and
// late where nothing says that it is this mail.
func TestHopeless(t *testing.T) {
	begun := time.Unix(1_800_000_000, 0)
	for _, c := range []struct {
		times            int
		after            time.Duration
		answered, worked bool
		want             bool
	}{
		{1, time.Hour, true, true, false},
		{2, time.Hour, true, true, false},
		{3, 5 * time.Second, true, true, false},
		{3, 10 * time.Second, true, true, true},
		{3, 10 * time.Second, false, true, false},
		{6, 30 * time.Second, false, true, true},
		{6, time.Minute, true, false, false},
		{9, 5 * time.Minute, true, false, true},
	} {
		if got := hopeless(failure{times: c.times, first: begun}, begun.Add(c.after), c.answered, c.worked, 30*time.Second); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}
