package slacktext

import (
	"html"
	"strings"
	"unicode"
	"unicode/utf8"
)

// mrkdwn writes a text in Slack's own markup.
func (r *reader) mrkdwn(s string) {
	for s != "" {
		before, code, fenced := strings.Cut(s, "```")
		if !fenced || !strings.Contains(code, "```") {
			r.lines(s)
			return
		}
		r.lines(strings.TrimSuffix(before, "\n"))
		code, s, _ = strings.Cut(code, "```")
		r.write("<pre><code>", html.EscapeString(unescape(r.bare(strings.Trim(code, "\n")))), "</code></pre>")
		s = strings.TrimPrefix(s, "\n")
	}
}

// lines writes text outside code: quotes and paragraphs.
func (r *reader) lines(s string) {
	if s == "" {
		return
	}
	var para, quote []string
	end := func() {
		if len(para) > 0 {
			r.write("<p>", strings.Join(para, "<br>"), "</p>")
		}
		if len(quote) > 0 {
			r.write("<blockquote>", strings.Join(quote, "<br>"), "</blockquote>")
		}
		para, quote = nil, nil
	}
	all := false
	for line := range strings.SplitSeq(s, "\n") {
		rest, deep := strings.CutPrefix(line, "&gt;&gt;&gt;")
		all = all || deep
		quoted := all
		if !deep {
			if after, is := strings.CutPrefix(line, "&gt;"); is && !all {
				rest, quoted = after, true
			} else {
				rest = line
			}
		}
		if quoted != (len(quote) > 0) {
			end()
		}
		if quoted {
			quote = append(quote, r.spans(strings.TrimPrefix(rest, " ")))
		} else {
			para = append(para, r.spans(rest))
		}
	}
	end()
}

// unescape undoes Slack's three escapes.
func unescape(s string) string {
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(s)
}

// safe makes HTML of a piece of Slack's text.
func safe(s string) string { return html.EscapeString(unescape(s)) }

// bare writes links and mentions in angle brackets as plain text, for code.
func (r *reader) bare(s string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(s, "<")
		b.WriteString(before)
		inner, after, closed := strings.Cut(rest, ">")
		if !found || !closed {
			b.WriteString(rest)
			return b.String()
		}
		target, label, labelled := strings.Cut(inner, "|")
		if !labelled {
			label = target
		}
		b.WriteString(label)
		s = after
	}
}

// marks are the signs of formatting and their tags.
var marks = map[byte]string{'*': "strong", '_': "em", '~': "del"}

// spans makes HTML of one line. Styles start and end at word boundaries, and do not
// cross code.
func (r *reader) spans(s string) string {
	var b strings.Builder
	from := 0
	flush := func(to int) { b.WriteString(safe(s[from:to])) }
	for i := 0; i < len(s); {
		n := 0
		made := ""
		switch c := s[i]; c {
		case '`':
			if end := strings.IndexByte(s[i+1:], '`'); end > 0 {
				made, n = "<code>"+html.EscapeString(unescape(r.bare(s[i+1:i+1+end])))+"</code>", end+2
			}
		case '<':
			if end := strings.IndexByte(s[i:], '>'); end > 0 {
				made, n = r.angle(s[i+1:i+end]), end+1
			}
		case ':':
			made, n = r.colon(s[i:])
		case '*', '_', '~':
			if end := closing(s, i); end > 0 {
				made, n = "<"+marks[c]+">"+r.spans(s[i+1:end])+"</"+marks[c]+">", end+1-i
			}
		}
		if n == 0 {
			i++
			continue
		}
		flush(i)
		b.WriteString(made)
		i += n
		from = i
	}
	flush(len(s))
	return b.String()
}

// maxSpan is the maximum length of a style in bytes.
const maxSpan = 4000

// closing returns the end of the style that starts at i; 0 if there is no style.
func closing(s string, i int) int {
	mark := s[i]
	before, _ := utf8.DecodeLastRuneInString(s[:i])
	if i > 0 && sticks(before, mark) {
		return 0
	}
	if i+1 >= len(s) || s[i+1] == ' ' || s[i+1] == mark {
		return 0
	}
	for j := i + 2; j < min(len(s), i+maxSpan); j++ {
		switch {
		case s[j] == '`' || s[j] == '\n':
			return 0
		case s[j] != mark || s[j-1] == ' ':
			continue
		}
		if after, _ := utf8.DecodeRuneInString(s[j+1:]); j+1 == len(s) || !sticks(after, mark) {
			return j
		}
	}
	return 0
}

// sticks reports whether a mark next to this character is part of a word, and so not
// the start or end of a style.
func sticks(r rune, mark byte) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || r == rune(mark)
}

// angle makes HTML of a link or mention in angle brackets.
func (r *reader) angle(inner string) string {
	target, label, _ := strings.Cut(inner, "|")
	switch {
	case strings.HasPrefix(target, "@"):
		return html.EscapeString(r.user(target[1:]))
	case strings.HasPrefix(target, "#"):
		return html.EscapeString(r.channel(target[1:]))
	case strings.HasPrefix(target, "!subteam^"):
		return html.EscapeString(r.group(strings.TrimPrefix(target, "!subteam^")))
	case strings.HasPrefix(target, "!date^"):
		parts := strings.Split(target, "^")
		return html.EscapeString(date(number(parts[1]), unescape(label)))
	case target == "!here" || target == "!channel" || target == "!everyone":
		return html.EscapeString(r.everybody(target[1:]))
	case strings.HasPrefix(target, "!"):
		if label == "" {
			label = target[1:]
		}
		return safe(label)
	}
	return r.link(unescape(target), safe(label))
}

// colon reads an emoji at the start of a text; n is 0 if there is none.
func (r *reader) colon(s string) (made string, n int) {
	end := 1
	for end < len(s) && end < 80 && (s[end] == '_' || s[end] == '-' || s[end] == '+' || s[end] == '\'' || isWord(s[end])) {
		end++
	}
	if end < 2 || end >= len(s) || s[end] != ':' {
		return "", 0
	}
	name := s[1:end]
	emoji := r.emoji(name, 0)
	if emoji == ":"+name+":" {
		return "", 0
	}
	n = end + 1
	for tone := 2; tone <= 6; tone++ {
		if strings.HasPrefix(s[n:], ":skin-tone-"+string(rune('0'+tone))+":") {
			return html.EscapeString(toned(emoji, tone)), n + len(":skin-tone-2:")
		}
	}
	return html.EscapeString(emoji), n
}

func isWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// Mrkdwn escapes plain text for a field of mrkdwn, so that nothing in it is a mention,
// a link or a style.
func Mrkdwn(s string) string {
	const joiner = "\u2060"
	s = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
	return strings.NewReplacer("*", joiner+"*"+joiner, "_", joiner+"_"+joiner, "~", joiner+"~"+joiner, "`", joiner+"`"+joiner).Replace(s)
}
