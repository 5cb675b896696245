package core

import (
	"cmp"
	"strings"
	"unicode"
	"unicode/utf8"

	"hashsend/bridge/chat"
	"hashsend/bridge/mail"
	"hashsend/bridge/markup"
	"hashsend/bridge/store"
)

// Mentioned returns the participants who are mentioned in a text of a room, or by
// the network's own means.
func Mentioned(text string, by []chat.Mention, all bool, people []store.Participant) (ids store.IDs) {
	for _, p := range people {
		if !p.Takes() {
			continue
		}
		is := all || typedMention(text, p.Name)
		for _, m := range by {
			is = is || (p.Ghost != "" && strings.Contains(string(m.User), p.Ghost)) || isAt(p, m.Address)
		}
		if is {
			ids = append(ids, p.ID)
		}
	}
	return ids
}

// isAt reports whether a participant reads mail at an address.
func isAt(p store.Participant, address string) bool {
	return address != "" && mail.SameAddress(p.Address, address)
}

// WithKnownNames has people by email whom a text mentions under their names in the network stand
// there under those by which the conversation knows them (B20).
func WithKnownNames(b chat.Body, by []chat.Mention, people []store.Participant) chat.Body {
	var plain, marked markup.Names
	for _, m := range by {
		for _, p := range people {
			if isAt(p, m.Address) && p.Takes() && p.Name != "" {
				plain.Add("@"+p.Name, m.Name)
				marked.Add("@"+EscapeMarkup.Replace(p.Name), EscapeMarkup.Replace(m.Name))
			}
		}
	}
	b.Text, b.HTML = renamed(b.Text, plain), renamed(b.HTML, marked)
	return b
}

// renamed puts the ids of names in the places of their mentions.
func renamed(text string, names markup.Names) string {
	var b strings.Builder
	names.Cut("", text, func(piece, id string) { b.WriteString(cmp.Or(id, piece)) })
	return b.String()
}

// typedMention reports whether "@name" stands in a text as words of their own. Where
// a network has no user for a person by email, that is how people write.
func typedMention(text, name string) bool {
	if name == "" {
		return false
	}
	text, want := strings.ToLower(text), "@"+strings.ToLower(name)
	for from := 0; ; {
		i := strings.Index(text[from:], want)
		if i < 0 {
			return false
		}
		before, _ := utf8.DecodeLastRuneInString(text[:from+i])
		after, _ := utf8.DecodeRuneInString(text[from+i+len(want):])
		part := func(r rune) bool { return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r)) }
		if !part(before) && !part(after) {
			return true
		}
		from += i + len(want)
	}
}

// NoteMentions stores who is addressed in a message.
func (w *Work) NoteMentions(m store.Message, who store.IDs) error {
	for _, id := range who {
		if err := w.AddMention(m.ID, id); err != nil {
			return err
		}
	}
	return nil
}
