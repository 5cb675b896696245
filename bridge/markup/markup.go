// Package markup turns formatted text of any origin into a small, harmless HTML
// subset, and that subset into plain text and back. It knows no network: the
// connectors translate between the subset and what their network writes.
//
// The subset: p br hr h1 to h6, blockquote, ul, ol (start), li, pre, code
// (class="language-…"), strong em u del, a (href with http, https or mailto) and
// span (data-mx-spoiler). A text of one paragraph stands without p. Nothing is
// nested deeper than 30 elements.
package markup

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxInput is the number of bytes of HTML that Sanitise and ToText read; what
// comes after is left out.
const MaxInput = 4 << 20

// Sanitise turns any HTML, hostile or broken, into the subset, in linear time.
// Scripts, styles, hidden text, tracking pixels and every reference to something
// remote are gone; tables become lines; a picture that stands for an emoji
// becomes its text; links that are not http, https or mailto, and links into
// Matrix, keep only their text. A label that names another host than its link
// leads to is followed by the true one. What comes out goes through unchanged.
func Sanitise(html string) string {
	w := newWriter()
	w.walk(parse(html))
	return w.finish()
}

// Neutral takes the ring out of mentions of everybody (@room, @channel, @here,
// @everyone, @all, <!channel> and the like) by an invisible character inside.
// Text and HTML stay what they are otherwise.
func Neutral(text string) string {
	const joiner = "\u2060"
	var out strings.Builder
	done := 0
	for i := 0; i < len(text); i++ {
		end := i + 1
		switch {
		case text[i] == '@':
			before, _ := utf8.DecodeLastRuneInString(text[:i])
			if i > 0 && wordRune(before) || !namesEverybody(text[end:]) {
				continue
			}
		case text[i] == '!' && (strings.HasSuffix(text[:i], "<") || strings.HasSuffix(text[:i], "&lt;")):
			end = i
			if !namesEverybody(text[i+1:]) && !strings.HasPrefix(strings.ToLower(text[i+1:min(len(text), i+9)]), "subteam") {
				continue
			}
		default:
			continue
		}
		out.WriteString(text[done:end])
		out.WriteString(joiner)
		done = end
	}
	out.WriteString(text[done:])
	return out.String()
}

func namesEverybody(s string) bool {
	for _, w := range []string{"room", "channel", "here", "everyone", "all", "group"} {
		if len(s) >= len(w) && strings.EqualFold(s[:len(w)], w) {
			after, _ := utf8.DecodeRuneInString(s[len(w):])
			return len(s) == len(w) || !wordRune(after)
		}
	}
	return false
}

func wordRune(r rune) bool {
	return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r)
}

// IsLine reports whether a text of the subset has nothing in it that begins a line.
func IsLine(subset string) bool {
	for _, tag := range []string{"<p", "<br", "<hr", "<h", "<bl", "<ul", "<ol"} {
		if strings.Contains(subset, tag) {
			return false
		}
	}
	return true
}

// Truncate shortens a text to at most that many characters, at a word border
// where there is one near, and marks the cut with "…".
func Truncate(text string, limit int) string {
	text = strings.TrimSpace(text)
	cut, n := len(text), 0
	for i := range text {
		if n == limit-1 {
			cut = i
		}
		if n++; n > limit {
			s := text[:cut]
			if j := strings.LastIndexAny(s, " \n\t"); j > len(s)*2/3 {
				s = s[:j]
			}
			return strings.TrimRight(s, " \n\t,;") + "…"
		}
	}
	return text
}

// mayNotStand reports whether escape has to change a character.
func mayNotStand(r rune) bool {
	return r < ' ' && r != '\n' && r != '\t' || r == '&' || r == '<' || r == '>' || r == '"' || r > 0x7e && (unwanted(r) || r == utf8.RuneError)
}

// escape makes text safe between tags and inside of double quotes, and leaves out
// characters that no text needs: controls and what overrides its direction.
func escape(s string) string {
	if strings.IndexFunc(s, mayNotStand) < 0 {
		return s
	}
	var out strings.Builder
	out.Grow(len(s) + len(s)/8)
	for _, r := range s {
		switch {
		case r == '&':
			out.WriteString("&amp;")
		case r == '<':
			out.WriteString("&lt;")
		case r == '>':
			out.WriteString("&gt;")
		case r == '"':
			out.WriteString("&quot;")
		case unwanted(r):
		default:
			out.WriteRune(r)
		}
	}
	return out.String()
}

func unwanted(r rune) bool {
	switch {
	case r == '\n', r == '\t':
		return false
	case r < ' ', r >= 0x7f && r < 0xa0:
		return true
	case r == 0x202d, r == 0x202e, r == 0xfeff, r == 0x034f, r >= 0xfff9 && r <= 0xfffb, r&0xfffe == 0xfffe, r >= 0xfdd0 && r <= 0xfdef:
		return true
	case r >= 0xe0000 && r <= 0xe0fff: // tags, which can hide a text in a text
		return true
	}
	return false
}
