package classify

import (
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"

	"hashsend/bridge/mail"
)

// asReaction recognizes reactions: those of Gmail, of RFC 9078, and the mail that Outlook
// sends to people outside of it.
func asReaction(m *mail.Message) (Class, bool) {
	if !answers(m) {
		return Class{}, false
	}
	for _, p := range m.Parts {
		switch {
		case p.Type == "text/vnd.google.email-reaction+json" && len(m.InReplyTo) == 1:
			if e := gmailReaction(p.Content); e != "" {
				return reactionClass(e, "Gmail reaction"), true
			}
		case IsReaction(p):
			e := firstEmoji(p.Content)
			more := strings.TrimSpace(m.Text+m.HTML) != "" || len(m.Attachments()) > 1
			if e == "" && (more || !isBare(p.Content)) {
				continue
			}
			if more {
				// The mail has a text as well, which must not be lost.
				c := byPerson(m)
				c.Emoji = e
				return c, true
			}
			c := reactionClass(e, "RFC 9078")
			c.Whole = true
			return c, true
		}
	}
	if e := outlookReaction(m.PlainText()); e != "" {
		return reactionClass(e, "Outlook reaction"), true
	}
	return Class{}, false
}

func reactionClass(emoji, rule string) Class {
	if emoji == "" {
		return Class{Kind: Reaction, Text: "removed a reaction", Rule: rule}
	}
	return Class{Kind: Reaction, Emoji: emoji, Text: ReactedWith(emoji), Rule: rule}
}

// ReactedWith returns the words for a reaction, to follow the name of a person.
func ReactedWith(emoji string) string { return "reacted with " + emoji }

// gmailReaction reads the part that Gmail adds. Anything but version 1 with one
// emoji makes it an ordinary mail.
func gmailReaction(content string) string {
	var r struct {
		Version json.Number `json:"version"`
		Emoji   string      `json:"emoji"`
	}
	if json.Unmarshal([]byte(content), &r) != nil || r.Version.String() != "1" || firstEmoji(r.Emoji) != r.Emoji {
		return ""
	}
	return r.Emoji
}

// IsReaction reports whether a part is a reaction (RFC 9078, 2).
func IsReaction(p mail.Part) bool {
	d, _, _ := strings.Cut(p.Header.Get("Content-Disposition"), ";")
	return strings.EqualFold(strings.TrimSpace(d), "reaction") && p.Type == "text/plain"
}

// isBare reports whether a text is empty above its footer.
func isBare(s string) bool {
	for line := range strings.Lines(s) {
		if line = strings.TrimSpace(line); line != "" {
			return line == "--"
		}
	}
	return true
}

// OneEmoji returns the emoji of a text that consists of one, else "". Emoticons that people
// type count as well.
func OneEmoji(s string) string {
	s = strings.TrimSpace(s)
	if s == "+1" {
		return "👍"
	}
	if firstEmoji(s) != s {
		return ""
	}
	symbols, flag, joined := 0, false, false
	for _, r := range s {
		regional := r >= 0x1f1e6 && r <= 0x1f1ff
		switch {
		case r == 0x200d:
			joined = true
			continue
		case r == 0xfe0f, r == 0xfe0e, r == 0x20e3, r >= 0x1f3fb && r <= 0x1f3ff, r >= 0xe0020 && r <= 0xe007f:
			continue // it modifies the symbol before
		case regional && flag: // the second half
			flag = false
			continue
		case !joined:
			symbols++
		}
		flag, joined = regional, false
	}
	if symbols != 1 {
		return ""
	}
	return s
}

// firstEmoji returns the first word of a text if it is an emoji, else "".
func firstEmoji(s string) string {
	const longest = 30
	f := strings.Fields(s)
	if len(f) == 0 || len(f[0]) > longest || !isEmoji(f[0]) {
		return ""
	}
	return f[0]
}

// isEmoji reports whether a word is made of symbols only: one emoji, with what
// may belong to it (skin, joiner, style, flags, keycaps).
func isEmoji(w string) bool {
	symbols := 0
	for _, r := range w {
		switch {
		case r == 0x200d, r == 0xfe0f, r == 0xfe0e, r == 0x20e3, r >= 0x1f3fb && r <= 0x1f3ff, r >= 0xe0020 && r <= 0xe007f:
		case r >= '0' && r <= '9', r == '#', r == '*':
			if !strings.Contains(w, "\u20e3") {
				return false
			}
			symbols++
		case r >= 0x1f000 && r <= 0x1faff, unicode.Is(unicode.So, r), unicode.Is(unicode.Sm, r) && r > 0x2000, r == 0x203c, r == 0x2049, r == 0x3030, r == 0x303d:
			symbols++
		default:
			return false
		}
	}
	return symbols > 0 && utf8.ValidString(w)
}

// outlookReaction reads "[like] Ann reacted to your message:", followed by a quote at most. The word in brackets is the same in all languages.
func outlookReaction(text string) string {
	first, rest, _ := strings.Cut(strings.TrimSpace(text), "\n")
	first = strings.TrimSpace(first)
	word, after, ok := strings.Cut(first, "]")
	if !ok || !strings.HasPrefix(word, "[") || !strings.HasSuffix(first, ":") || strings.TrimSpace(strings.TrimSuffix(after, ":")) == "" {
		return ""
	}
	rest = strings.TrimSpace(rest)
	if rest != "" && !strings.HasPrefix(rest, "____") && !strings.HasPrefix(rest, ">") && !strings.HasPrefix(rest, "From:") && !strings.HasPrefix(rest, "*From:") && !strings.HasPrefix(rest, "-----") {
		return ""
	}
	switch strings.ToLower(word[1:]) {
	case "like":
		return "👍"
	case "heart":
		return "❤️"
	case "celebrate":
		return "🎉"
	case "laugh":
		return "😆"
	case "surprised":
		return "😲"
	case "sad":
		return "😢"
	}
	return ""
}
