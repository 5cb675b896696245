package reply

import "strings"

// intent is what the subject says of a mail.
type intent uint8

const (
	unsaid intent = iota
	answering
	forwarding
	either
)

// intentOf reads the first prefix of a subject.
func intentOf(subject string) intent {
	s := strings.TrimSpace(subject)
	if strings.HasPrefix(s, "[") { // a list's name stands before the prefix
		if i := strings.IndexByte(s, ']'); i > 0 && i < 60 {
			s = strings.TrimSpace(s[i+1:])
		}
	}
	i := colon(s, 40)
	if i <= 0 {
		return unsaid
	}
	p := lower(trim(s[:i]))
	if j := strings.IndexAny(p, "[(*^"); j > 0 {
		p = strings.TrimSpace(p[:j])
	}
	switch {
	case p == "vs": // Finnish for an answer, Danish and Norwegian for a forward
		return either
	case answerPrefixes[p]:
		return answering
	case forwardPrefixes[p]:
		return forwarding
	}
	return unsaid
}

// forwarded tells whether the person passes a mail on. Outlook writes the same
// body for answers and forwards, so the envelope decides where the body does not.
//
// Many branches: the first witness that decides ends it.
func (d *decision) forwarded() bool {
	intent := intentOf(d.mail.Subject)
	if intent == either {
		if intent = answering; !d.mail.Answers || d.mail.OnlyReferences {
			intent = forwarding
		}
	}
	if intent == forwarding && !d.mail.Answers {
		return true
	}
	inQuote := false
	for i := range d.lines {
		l := &d.lines[i]
		if l.role == empty || l.mark&inCode != 0 {
			continue
		}
		first := l.depth > 0 && !inQuote
		inQuote = l.depth > 0
		if inQuote && !first {
			continue
		}
		switch separatorAt(l.body) {
		case forwardPhrase:
			return true
		case originalPhrase:
			return intent == forwarding
		}
		if _, ok := d.headerBlock(i, false); ok {
			return intent == forwarding || intent == unsaid && !d.mail.Answers
		}
		if inQuote {
			continue
		}
		if f, ok := d.attributionAt(i, 0, d.quoteFollows(i)); ok && (f.sure || d.quoteFollows(i)) {
			return false
		}
	}
	return false
}
