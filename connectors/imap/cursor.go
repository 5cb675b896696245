package imap

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
)

// position is how far a folder has been read: all mail up to UID, in the
// numbering of Validity (RFC 3501, 2.3.1.1), and the date of the last look.
type position struct {
	Validity uint32 // 0: nothing has been read yet
	UID      imap.UID
	Date     time.Time
}

func (p position) String() string {
	return fmt.Sprintf("%d:%d:%d", p.Validity, p.UID, p.Date.Unix())
}

// parseCursor reads a stored position. The empty string is the zero position.
func parseCursor(s string) (position, error) {
	if s == "" {
		return position{}, nil
	}
	var n [3]int64
	f := strings.Split(s, ":")
	if len(f) != len(n) {
		return position{}, fmt.Errorf("cursor %q has %d numbers, not 3", s, len(f))
	}
	for i := range f {
		v, err := strconv.ParseInt(f[i], 10, 64)
		if err != nil || v < 0 || (i < 2 && v > 1<<32-1) {
			return position{}, fmt.Errorf("cursor %q: %q is no number that fits", s, f[i])
		}
		n[i] = v
	}
	return position{Validity: uint32(n[0]), UID: imap.UID(n[1]), Date: time.Unix(n[2], 0)}, nil
}
