package mail

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// CleanSubject returns a subject without the marks of answers and forwards that
// mail programs put in front of it ("Re:", "AW: SV:", "RE[2]:", "TR :", "回复：").
func CleanSubject(s string) string {
	s = oneLine(s)
	for {
		rest, ok := cutPrefixMark(s)
		if !ok {
			return s
		}
		s = rest
	}
}

// cutPrefixMark removes one mark from the front.
func cutPrefixMark(s string) (string, bool) {
	if end := strings.IndexByte(s, ']'); strings.HasPrefix(s, "[") && end > 0 {
		switch strings.ToLower(strings.TrimSpace(s[1:end])) {
		case "ext", "extern", "external", "external email", "external sender":
			return strings.TrimSpace(s[end+1:]), true
		}
		return s, false
	}
	const longest = 40
	i := strings.IndexAny(s[:min(len(s), longest)], ":：")
	if i <= 0 {
		return s, false
	}
	word := strings.ToLower(strings.TrimSpace(s[:i]))
	_, colon := utf8.DecodeRuneInString(s[i:])
	if j := strings.IndexAny(word, "[(^*"); j > 0 {
		for _, r := range strings.TrimRight(word[j+1:], "])*") {
			if r < '0' || r > '9' {
				return s, false
			}
		}
		word = strings.TrimSpace(word[:j])
	}
	if !isPrefixWord(word) {
		return s, false
	}
	return strings.TrimSpace(s[i+colon:]), true
}

// isPrefixWord knows what mail programs write in front of the subject of an
// answer or a forward, in lower case.
func isPrefixWord(w string) bool {
	switch w {
	case "re", "aw", "sv", "vs", "antw", "antwort", "ref", "rif", "r", "res", "resp", "rép", "odp", "ynt",
		"atb", "bls", "vá", "vast", "räsp", "răsp", "отв", "ответ", "відп", "απ", "σχετ", "השב", "תגובה", "رد",
		"回复", "回覆", "答复", "答覆", "返信", "回信", "회신", "답장", "ตอบกลับ", "trả lời":
		return true
	case "fwd", "fw", "wg", "tr", "vl", "vb", "rv", "enc", "i", "pd", "doorst", "trs", "ilt", "továbbítás",
		"továbbítva", "пересл", "πρθ", "הועבר", "إعادة توجيه", "转发", "轉寄", "転送", "전달", "ส่งต่อ", "chuyển tiếp":
		return true
	}
	return false
}

// HasTag reports whether the tag ("#Send") stands in the subject as a whole
// word, in any case.
func HasTag(subject, tag string) bool {
	return findTag(subject, tag) >= 0
}

// TitleOf returns the subject without marks of answers and without the tag.
func TitleOf(subject, tag string) string {
	s := CleanSubject(subject)
	for i := findTag(s, tag); i >= 0; i = findTag(s, tag) {
		s = CleanSubject(CleanSubject(s[:i]) + " " + CleanSubject(s[i+len(tag):]))
	}
	return s
}

func findTag(s, tag string) int {
	if tag == "" {
		return -1
	}
	for i := 0; i+len(tag) <= len(s); i++ {
		if !strings.EqualFold(s[i:i+len(tag)], tag) {
			continue
		}
		before, _ := utf8.DecodeLastRuneInString(s[:i])
		after, _ := utf8.DecodeRuneInString(s[i+len(tag):])
		if (i == 0 || !inWord(before) && before != '#') && (i+len(tag) == len(s) || !inWord(after)) {
			return i
		}
	}
	return -1
}

func inWord(r rune) bool {
	return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mn, r)
}

// oneLine turns every run of space into one space and removes what no line of
// text may hold: controls, and the marks that turn the direction of text.
func oneLine(s string) string {
	return strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		switch {
		case r == 0x2028, r == 0x2029, r == '\t', r == '\n', r == '\r', r == 0x85:
			return ' '
		case unicode.IsControl(r), isBidiControl(r), r == 0xfeff, r == utf8.RuneError:
			return -1
		}
		return r
	}, s)), " ")
}

func isBidiControl(r rune) bool {
	return r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0x200e || r == 0x200f || r == 0x61c
}
