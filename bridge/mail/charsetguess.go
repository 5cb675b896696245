package mail

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

// guesses are the charsets in which mail programs write without saying so, each with
// what its texts look like.
var guesses = []struct {
	enc   encoding.Encoding
	worth func(b []byte, text string) float64
}{
	{korean.EUCKR, pairs(0xb0, 0xc8)}, // before the next, which has all that it has
	{simplifiedchinese.GB18030, pairs(0xb0, 0xd7)},
	{traditionalchinese.Big5, pairs(0xa4, 0xc6)},
	{japanese.ShiftJIS, kana},
	{japanese.EUCJP, kana},
	{charmap.Windows1251, spelled("оеаинтсрвлкм")},
	{charmap.KOI8R, spelled("оеаинтсрвлкм")},
	{charmap.Windows1253, spelled("αοιτεσνηυρςπκ")},
	{charmap.Windows1255, spelled("יוהלארתבשמ")},
	{charmap.Windows1256, spelled("اليمونرتبهد")},
	{charmap.Windows874, spelled("านรอกเงมยลวดท")},
}

// guessCharset finds the charset of a text that names none, or a wrong one. nil: it is
// most likely written in Latin letters.
func guessCharset(b []byte) encoding.Encoding {
	const most, enough = 8 << 10, 0.45
	b = b[:min(len(b), most)]
	foreign, pairsOf := 0, 0
	for i, c := range b {
		if c >= 0x80 {
			foreign++
			if i > 0 && b[i-1] >= 0x80 {
				pairsOf++
			}
		}
	}
	// In a text of Latin letters those with marks stand by themselves.
	if foreign < 4 || pairsOf*5 < foreign {
		return nil
	}
	var best encoding.Encoding
	value := enough
	for _, g := range guesses {
		text, err := g.enc.NewDecoder().Bytes(b)
		if err != nil {
			continue
		}
		if w := g.worth(b, string(text)) / float64(foreign); w > value {
			best, value = g.enc, w
		}
	}
	return best
}

// broken is what a character costs that no text has.
const broken = 3

// pairs weighs a text of characters of two bytes: the usual ones begin with a byte in
// a range.
func pairs(from, to byte) func(b []byte, text string) float64 {
	return func(b []byte, text string) float64 {
		worth := 0.0
		for i := 0; i < len(b); i++ {
			switch {
			case b[i] < 0x80:
			case b[i] >= from && b[i] <= to:
				worth += 2
				i++
			case b[i] >= 0xa1 && b[i] <= 0xa3: // punctuation, wide letters
				worth += 1.5
				i++
			default:
				worth -= 0.5
				i++
			}
		}
		for _, r := range text {
			if r == utf8.RuneError || unicode.Is(unicode.Co, r) {
				worth -= broken
			}
			if unicode.In(r, unicode.Hiragana, unicode.Katakana) {
				worth -= 2
			}
		}
		return worth
	}
}

// kana weighs a Japanese text: much of it is in kana, with kanji between.
func kana(_ []byte, text string) float64 {
	worth, found := 0.0, false
	for _, r := range text {
		switch {
		case r == utf8.RuneError, unicode.Is(unicode.Co, r):
			worth -= broken
		case r >= 0xff61 && r <= 0xff9f: // of half width: hardly used, and easily hit
			worth -= 0.5
		case unicode.In(r, unicode.Hiragana, unicode.Katakana):
			worth += 2.5
			found = true
		case unicode.Is(unicode.Han, r), r >= 0x3000 && r < 0x3040, r >= 0xff00:
			worth += 1.6
		case r >= 0x80:
			worth -= 0.5
		}
	}
	if !found {
		return 0
	}
	return worth
}

// spelled weighs a text in an alphabet by its most frequent letters.
func spelled(frequent string) func(b []byte, text string) float64 {
	usual := map[rune]bool{}
	var script *unicode.RangeTable
	for _, r := range frequent {
		usual[r] = true
		for _, t := range []*unicode.RangeTable{unicode.Cyrillic, unicode.Greek, unicode.Hebrew, unicode.Arabic, unicode.Thai} {
			if unicode.Is(t, r) {
				script = t
			}
		}
	}
	return func(_ []byte, text string) float64 {
		worth, before := 0.0, rune(' ')
		for _, r := range text {
			switch {
			case r < 0x80:
			case r == utf8.RuneError, unicode.Is(unicode.Cc, r):
				worth -= broken
			case unicode.IsUpper(r) && unicode.IsLower(before):
				worth -= 1
			case usual[unicode.ToLower(r)]:
				worth++
			case unicode.Is(script, r):
				worth += 0.4
			default:
				worth -= 0.3
			}
			before = r
		}
		return worth
	}
}
