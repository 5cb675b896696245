package mail

import (
	"bytes"
	"strings"
	"time"
	"unicode/utf8"

	"hashsend/bridge/markup"
)

// text returns the text part, unwrapped, lines ended by LF. What was said stands
// first, since that is what a phone shows.
func (d Draft) text() string {
	var blocks []string
	if s := d.Intro; strings.TrimSpace(s) != "" {
		blocks = append(blocks, cleanText(s))
	}
	for i, w := range d.Words {
		var prev *Words
		if i > 0 {
			prev = &d.Words[i-1]
		}
		if s := w.plain(d.showsName(w, prev), d.Times); s != "" {
			blocks = append(blocks, s)
		}
	}
	var reactions []string
	for _, r := range d.Reactions {
		reactions = append(reactions, oneLine(r))
	}
	if len(reactions) > 0 {
		blocks = append(blocks, strings.Join(reactions, "\n"))
	}
	if s := d.About; strings.TrimSpace(s) != "" {
		blocks = append(blocks, cleanText(s))
	}
	s := strings.Join(blocks, "\n\n")
	if len(d.Footer) > 0 {
		var parts []string
		for _, f := range d.Footer {
			p := oneLine(f.Text)
			if f.URL != "" {
				p += " (" + oneLine(f.URL) + ")"
			}
			parts = append(parts, p)
		}
		s += "\n\n-- \n" + strings.Join(parts, " · ")
	}
	return s
}

// showsName: the name stands before the first of several words of one author.
func (d Draft) showsName(w Words, prev *Words) bool {
	return d.Names && !w.Emote && CleanName(w.Author) != "" && (prev == nil || prev.Author != w.Author || prev.Emote || d.Times)
}

// beginsBlock reports whether a text begins with a quote or a list, in front of which no
// name can stand.
func beginsBlock(s string) bool {
	return strings.HasPrefix(s, "> ") || strings.HasPrefix(s, "- ") || strings.HasPrefix(s, "1. ")
}

func (w Words) plain(name, times bool) string {
	var lines []string
	if q := markup.Truncate(oneLine(w.Quote), quoteMost); q != "" {
		lines = append(lines, "> "+q)
	}
	s := w.Text
	if s == "" || strings.Contains(w.HTML, "data-mx-spoiler") {
		s = markup.ToText(w.HTML)
	}
	s = cleanText(s)
	author := CleanName(w.Author)
	switch {
	case w.Emote:
		s = "* " + author + " " + s
	case name && (s == "" || beginsBlock(s)):
		s = strings.TrimSpace(author + ":\n" + s)
	case name:
		s = author + ": " + s
	}
	if times && !w.At.IsZero() {
		s = "[" + TimeOf(w.At) + "] " + s
	}
	if s != "" {
		lines = append(lines, s)
	}
	for _, p := range w.Pictures {
		lines = append(lines, "[picture: "+oneLine(p.Name)+"]")
	}
	for _, f := range w.Files {
		lines = append(lines, "[file: "+oneLine(f)+"]")
	}
	return strings.Join(lines, "\n")
}

const quoteMost = 140

// TimeOf words when something was said, as it stands in a mail.
func TimeOf(t time.Time) string { return t.Format("2 Jan 15:04 MST") }

// cleanText removes what no text needs: controls, space at line ends (it means
// something in format=flowed), empty lines around.
func cleanText(s string) string {
	s = strings.ReplaceAll(strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\r\n", "\n"), "\r", "\n")
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\t', r == '\n':
			return r
		case r == 0x2028, r == 0x2029, r == 0x85:
			return '\n'
		case r < ' ', r >= 0x7f && r < 0xa0, r == 0xfeff:
			return -1
		}
		return r
	}, s)
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " \t")
	}
	return strings.Trim(strings.Join(lines, "\n"), "\n")
}

// flow wraps text as format=flowed (RFC 3676, 4): a line that goes on ends in a
// space; quote marks stand in front of every line; lines that begin with a space
// or "From " get a space in front.
func flow(s string) string {
	const wide = 72
	var b strings.Builder
	for line := range strings.SplitSeq(s, "\n") {
		marks := 0
		rest := line
		for strings.HasPrefix(rest, ">") {
			marks++
			rest = strings.TrimPrefix(rest[1:], " ")
		}
		prefix := strings.Repeat(">", marks)
		if line == "-- " {
			b.WriteString("-- \r\n")
			continue
		}
		rest = strings.TrimRight(rest, " ")
		for {
			n := flowCut(rest, max(wide-marks, 20))
			part := rest[:n]
			rest = rest[n:]
			if marks > 0 || strings.HasPrefix(part, " ") || strings.HasPrefix(part, "From ") || strings.HasPrefix(part, ">") {
				part = " " + part
			}
			if rest == "" && part == " " {
				part = ""
			}
			b.WriteString(prefix + part + "\r\n")
			if rest == "" {
				break
			}
		}
	}
	return b.String()
}

// flowCut returns where a line is wrapped: behind the last space that fits, or
// the first one there is. Never so that "-- " stands alone.
func flowCut(s string, wide int) int {
	if utf8.RuneCountInString(s) <= wide {
		return len(s)
	}
	cut, n := 0, 0
	for i, r := range s {
		if n++; n > wide && cut > 0 {
			break
		}
		if r == ' ' && i+1 < len(s) && s[i+1] != ' ' && s[:i+1] != "-- " {
			cut = i + 1
		}
	}
	if cut == 0 || strings.TrimLeft(s[:cut], " ") == "" {
		return len(s)
	}
	return cut
}

// encodeQP writes text with CRLF or LF as quoted-printable (RFC 2045, 6.7). It
// also hides what mail servers stumble over: "From " and "." at line starts.
// Many branches: one for each thing that may not stand as it is.
func encodeQP(b *bytes.Buffer, s string) {
	const wide, hex = 75, "0123456789ABCDEF"
	s = strings.ReplaceAll(s, "\r\n", "\n")
	for i, line := range strings.Split(strings.TrimSuffix(s, "\n"), "\n") {
		if i > 0 {
			b.WriteString("\r\n")
		}
		col := 0
		for j := 0; j < len(line); {
			_, size := utf8.DecodeRuneInString(line[j:])
			last := j+size == len(line)
			c := line[j]
			plain := size == 1 && (c > ' ' && c < 0x7f && c != '=' || (c == ' ' || c == '\t') && !last)
			if col == 0 && (c == '.' || strings.HasPrefix(line[j:], "From ")) {
				plain = false
			}
			need := 1
			if !plain {
				need = 3 * size
			}
			if col+need > wide {
				b.WriteString("=\r\n")
				col = 0
				continue
			}
			if plain {
				b.WriteByte(c)
			} else {
				for _, c := range []byte(line[j : j+size]) {
					b.Write([]byte{'=', hex[c>>4], hex[c&15]})
				}
			}
			col += need
			j += size
		}
	}
}
