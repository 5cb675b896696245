package markup

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Names are the members of a room whom a text may mention, by their exact names, with an
// @ in front. A name that two have is nobody's.
type Names struct{ all []named }

type named struct {
	name, id string
	shared   bool
}

// Add adds somebody; id is what Cut gives back. Names that call everybody are nobody's.
func (m *Names) Add(id, name string) {
	name = strings.TrimSpace(name)
	if name == "" || Neutral("@"+name) != "@"+name {
		return
	}
	for i, other := range m.all {
		if strings.EqualFold(other.name, name) {
			m.all[i].shared = true
			return
		}
	}
	m.all = append(m.all, named{name: name, id: id})
}

// HasMention reports whether a word of a text begins with an @.
func HasMention(text string) bool {
	for i := range len(text) {
		if text[i] == '@' && startsWord(text[:i]) {
			return true
		}
	}
	return false
}

// at finds who is named behind an @: the longest name that fits counts. n is how many
// bytes it has; an empty id: nobody.
func (m Names) at(rest string) (id string, n int) {
	for _, who := range m.all {
		end := 0
		for range utf8.RuneCountInString(who.name) {
			_, size := utf8.DecodeRuneInString(rest[end:])
			end += size
		}
		if end > n && strings.EqualFold(rest[:end], who.name) && endsWord(rest[end:]) {
			id, n = who.id, end
			if who.shared {
				id = ""
			}
		}
	}
	return id, n
}

// startsWord reports whether an @ behind a text is no part of an address.
func startsWord(before string) bool {
	r, _ := utf8.DecodeLastRuneInString(before)
	return before == "" || !(unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("._%+-/:", r))
}

func endsWord(rest string) bool {
	r, _ := utf8.DecodeRuneInString(rest)
	return rest == "" || !(unicode.IsLetter(r) || unicode.IsDigit(r))
}

// Cut cuts a text at the mentions in it; before stands in front of it. do is called
// for each piece, with an id if it is a mention.
func (m Names) Cut(before, text string, do func(piece, id string)) {
	done := 0
	for i := 0; i < len(text) && len(m.all) > 0; i++ {
		if i > 0 {
			before = text[:i]
		}
		if text[i] != '@' || !startsWord(before) {
			continue
		}
		id, n := m.at(text[i+1:])
		if id == "" {
			continue
		}
		if i > done {
			do(text[done:i], "")
		}
		do(text[i:i+1+n], id)
		done = i + 1 + n
		i = done - 1
	}
	if done < len(text) {
		do(text[done:], "")
	}
}
