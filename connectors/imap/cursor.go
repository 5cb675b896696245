package imap

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// position is how far a folder has been read, in the numbering of Validity (RFC
// 3501, 2.3.1.1): no mail above UID has been looked at, and of the window of
// newest ones below it those in Seen. Mail up to Floor is from before the first
// start and is never looked at.
type position struct {
	Validity uint32 // 0: nothing has been read yet
	UID      uint32
	Date     time.Time // of the last look
	Floor    uint32
	Seen     uint64 // bit n: the mail UID-n was looked at, or is past
}

// window is how many of the newest UIDs are looked at again: some servers show a
// mail only after one with a higher UID.
const window = 64

func (p position) String() string {
	return fmt.Sprintf("%d:%d:%d:%d:%x", p.Validity, p.UID, p.Date.Unix(), p.Floor, p.Seen)
}

// parseCursor reads a stored position. The empty string is the zero position.
func parseCursor(s string) (position, error) {
	if s == "" {
		return position{}, nil
	}
	f := strings.Split(s, ":")
	if len(f) != 3 && len(f) != 5 {
		return position{}, fmt.Errorf("cursor %q has %d numbers, not 5", s, len(f))
	}
	var n [4]int64
	for i := range min(len(f), len(n)) {
		v, err := strconv.ParseInt(f[i], 10, 64)
		if err != nil || v < 0 || (i != 2 && v > 1<<32-1) {
			return position{}, fmt.Errorf("cursor %q: %q is no number that fits", s, f[i])
		}
		n[i] = v
	}
	p := position{Validity: uint32(n[0]), UID: uint32(n[1]), Date: time.Unix(n[2], 0), Floor: uint32(n[3])}
	if len(f) == 3 { // of an earlier version, which did not note what it had seen
		p.Floor, p.Seen = p.UID, ^uint64(0)
		return p, nil
	}
	seen, err := strconv.ParseUint(f[4], 16, 64)
	if err != nil {
		return position{}, fmt.Errorf("cursor %q: %q is no number that fits", s, f[4])
	}
	p.Seen = seen
	return p, nil
}

// ledger is what is known of the mails of one folder. It decides which are looked
// at next, and what is stored as the position.
type ledger struct {
	at       position
	seen     map[uint32]bool // from the first that is worth a look
	open     map[uint32]bool // looked at, and not done with: their body comes slowly, or they failed
	failures map[uint32]failure
}

// failure is what became of the attempts to get a mail from the server.
type failure struct {
	times int
	first time.Time
	next  time.Time // when it is tried again
}

func newLedger(p position) *ledger {
	l := &ledger{at: p, seen: map[uint32]bool{}, open: map[uint32]bool{}, failures: map[uint32]failure{}}
	for n := range uint32(window) {
		if p.Seen&(1<<n) != 0 && p.UID >= n {
			l.seen[p.UID-n] = true
		}
	}
	return l
}

// from is the first UID that is worth a look.
func (l *ledger) from() uint32 {
	from := l.at.Floor + 1
	if l.at.UID >= window {
		from = max(from, l.at.UID-window+1)
	}
	for uid := range l.open {
		from = min(from, uid)
	}
	return max(from, 1)
}

// fresh are those of the UIDs in a folder that are to be looked at, in order;
// those that have failed before come last, when their time has come.
func (l *ledger) fresh(uids []uint32, now time.Time) (first, again []uint32) {
	for _, uid := range uids {
		f, failed := l.failures[uid]
		switch {
		case uid < l.from() || l.seen[uid]:
		case failed && now.Before(f.next):
		case failed:
			again = append(again, uid)
		default:
			first = append(first, uid)
		}
	}
	return first, again
}

// begin notes that a mail is being looked at and is not done with.
func (l *ledger) begin(uid uint32) {
	l.open[uid], l.seen[uid] = true, true
	l.at.UID = max(l.at.UID, uid)
}

// done notes that nothing more is due for a mail.
func (l *ledger) done(uid uint32) {
	l.begin(uid)
	delete(l.open, uid)
	delete(l.failures, uid)
	from := l.from()
	for old := range l.seen {
		if old < from {
			delete(l.seen, old)
		}
	}
}

// failed notes that the server did not give a mail. It is looked at again after a
// pause, which doubles each time.
func (l *ledger) failed(uid uint32, now time.Time, pause time.Duration) failure {
	l.begin(uid)
	delete(l.seen, uid)
	f, before := l.failures[uid]
	if !before {
		f.first = now
	}
	f.next = now.Add(pause << min(f.times, 6))
	f.times++
	l.failures[uid] = f
	return f
}

// nextTry is when the first of those that have failed is tried again; the zero
// time: there is none.
func (l *ledger) nextTry() (next time.Time) {
	for _, f := range l.failures {
		if next.IsZero() || f.next.Before(next) {
			next = f.next
		}
	}
	return next
}

// cursor is the position to store when a mail is done with besides what is so
// already; 0: none. What is open is looked at again after a restart.
func (l *ledger) cursor(uid uint32, now time.Time) string {
	p := l.at
	p.UID, p.Date, p.Seen = max(p.UID, uid), now, 0
	for o := range l.open {
		if o != uid && o+window <= p.UID {
			p.UID = min(p.UID, o)
		}
	}
	for n := range uint32(window) {
		if n > p.UID {
			break
		}
		if u := p.UID - n; u == uid || l.seen[u] && !l.open[u] {
			p.Seen |= 1 << n
		}
	}
	return p.String()
}
