package classify

import (
	"regexp"
	"strings"
	"unicode"
)

// plainUntil matches the end of an absence in plain wording.
var plainUntil = regexp.MustCompile(`(?i)\b(?:until|till|through)\s+((?:(?:mon|tues|wednes|thurs|fri|satur|sun)day)(?:,?\s+\d{1,2}(?:st|nd|rd|th)?\s+(?:january|february|march|april|may|june|july|august|september|october|november|december))?` +
	`|\d{1,2}(?:st|nd|rd|th)?\s+(?:january|february|march|april|may|june|july|august|september|october|november|december)` +
	`|(?:january|february|march|april|may|june|july|august|september|october|november|december)\s+\d{1,2}(?:st|nd|rd|th)?)\b`)

// AutomaticNotice returns the text about an automatic reply that is posted in a room: that
// a person is away, until when if it says so, or the reply itself.
func AutomaticNotice(who, subject, said string) string {
	if !saysAway(subject) && !saysAway(said) {
		if said == "" {
			said = subject
		}
		return who + " sent an automatic reply: " + said
	}
	text := who + " is away"
	if f := plainUntil.FindStringSubmatch(subject + "\n" + said); f != nil {
		text += " until " + strings.Join(strings.Fields(f[1]), " ")
	}
	if said != "" {
		text += ": " + said
	}
	return text
}

// saysAway reports whether a text has the phrases of a notice of absence.
func saysAway(text string) bool {
	text = strings.ToLower(text)
	for _, w := range append(awayWords(), "out of office", "on leave", "not in the office", "nicht im haus", "abwesenheitsnotiz", "im urlaub", "ich bin bis", "i am out", "i'm out", "i will be out") {
		for rest := text; ; {
			i := strings.Index(rest, w)
			if i < 0 {
				break
			}
			before, after := lastRune(rest[:i]), firstRune(rest[i+len(w):])
			if w[0] > unicode.MaxASCII || !unicode.IsLetter(before) && !unicode.IsLetter(after) {
				if w != "away" || isPredicate(text[:len(text)-len(rest)+i]) {
					return true
				}
			}
			rest = rest[i+len(w):]
		}
	}
	return false
}

// isPredicate reports whether the word describes a person: "I am away", and not
// "right away".
func isPredicate(before string) bool {
	f := strings.Fields(before)
	if len(f) == 0 {
		return true
	}
	switch f[len(f)-1] {
	case "am", "i'm", "i’m", "is", "are", "be", "currently", "still", "now":
		return true
	}
	return strings.HasSuffix(f[len(f)-1], ":") || strings.HasSuffix(f[len(f)-1], ".")
}

func firstRune(s string) rune {
	for _, r := range s {
		return r
	}
	return 0
}

func lastRune(s string) (last rune) {
	for _, r := range s[max(0, len(s)-4):] {
		last = r
	}
	return last
}
