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

// Mentioned returns the participants mentioned in a message, by "@name" or by a mention of the
// network.
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

// isAt reports whether a participant has this address.
func isAt(p store.Participant, address string) bool {
	return address != "" && mail.SameAddress(p.Address, address)
}

// WithKnownNames replaces mentions of participants under their network names by the names they
// have in the conversation.
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

// renamed replaces each name in a text by its id.
func renamed(text string, names markup.Names) string {
	var b strings.Builder
	names.Cut("", text, func(piece, id string) { b.WriteString(cmp.Or(id, piece)) })
	return b.String()
}

// typedMention reports whether a text contains "@name" as a whole word. People type it in
// networks that have no user for a participant.
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

// NoteMentions stores which participants a message mentions.
func (w *Work) NoteMentions(m store.Message, who store.IDs) error {
	for _, id := range who {
		if err := w.AddMention(m.ID, id); err != nil {
			return err
		}
	}
	return nil
}
