package classify

import (
	"regexp"
	"strings"
	"unicode"
)

// plainUntil is a day that an absence lasts to, where it is said plainly.
var plainUntil = regexp.MustCompile(`(?i)\b(?:until|till|through)\s+((?:(?:mon|tues|wednes|thurs|fri|satur|sun)day)(?:,?\s+\d{1,2}(?:st|nd|rd|th)?\s+(?:january|february|march|april|may|june|july|august|september|october|november|december))?` +
	`|\d{1,2}(?:st|nd|rd|th)?\s+(?:january|february|march|april|may|june|july|august|september|october|november|december)` +
	`|(?:january|february|march|april|may|june|july|august|september|october|november|december)\s+\d{1,2}(?:st|nd|rd|th)?)\b`)

// AutomaticNotice words an automatic answer for a room: that a person is away, and
// until when if it says so, or what else a program of theirs has answered.
func AutomaticNotice(who, subject, said string) string {
	if !saysAway(subject) && !saysAway(said) {
		if said == "" {
			said = subject
		}
		return who + " answered automatically: " + said
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

// saysAway looks for the words that an absence is told with.
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

// isPredicate reports whether what follows is said of a person: "I am away", and not
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
