package frommail

import (
	"strings"

	"hashsend/bridge/mail"
)

// logoUnder is up to how many bytes a picture in the text is taken as a logo, and
// logoTimes in how many mails before.
const (
	logoUnder = 10 << 10
	logoTimes = 2
)

// isLogo decides whether a picture belongs to the signature of a mail: it stands in
// its HTML, and is small or was in earlier mails of the same sender. One that is all the
// mail says is what the person wanted to show, if it is new.
func isLogo(p mail.Part, kind string, m *mail.Message, words string, times int) bool {
	if p.ContentID == "" || !strings.HasPrefix(kind, "image/") || !strings.Contains(m.HTML, "cid:"+p.ContentID) {
		return false
	}
	if words == "" && times == 0 && len(m.Files()) == 1 {
		return false
	}
	return p.Size < logoUnder || times >= logoTimes
}
