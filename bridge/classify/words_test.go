package classify

import "testing"

// D30: which refusals are of the size of a mail, by status or by words.
func TestTooLarge(t *testing.T) {
	for _, c := range []struct {
		status, reason string
		want           bool
	}{
		{"5.3.4", "", true},
		{"5.2.3", "refused", true},
		{"", "552 5.3.4 Message size exceeds fixed limit", true},
		{"", "message size exceeds 10485760 bytes", true},
		{"", "the mail is too large: it has 31000000 bytes, the mail server takes at most 25000000", true},
		{"5.2.2", "552 5.2.2 mailbox is full", false},
		{"5.1.1", "no such user", false},
		{"5.7.1", "550 5.7.1 blocked", false},
		{"", "", false},
	} {
		if got := TooLarge(c.status, c.reason); got != c.want {
			t.Errorf("%q %q: %v", c.status, c.reason, got)
		}
	}
}
