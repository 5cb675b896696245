package frommail

import (
	"strings"

	"hashsend/bridge/mail"
)

// A picture in the text is a logo if it has fewer than logoUnder bytes, or was in at least
// logoTimes earlier mails.
const (
	logoUnder = 10 << 10
	logoTimes = 2
)

// isLogo decides whether a picture belongs to the signature of a mail: it is part of the
// HTML, and small or known from earlier mails of the sender. A new picture in a mail without
// words is none.
func isLogo(p mail.Part, kind string, m *mail.Message, words string, times int) bool {
	if p.ContentID == "" || !strings.HasPrefix(kind, "image/") || !strings.Contains(m.HTML, "cid:"+p.ContentID) {
		return false
	}
	if words == "" && times == 0 && len(m.Files()) == 1 {
		return false
	}
	return p.Size < logoUnder || times >= logoTimes
}
