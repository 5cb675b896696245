package matrixtext_test

import (
	"encoding/json"
	"fmt"
	"html"
	"strings"
	"testing"

	"hashsend/bridge/chat"
	"hashsend/connectors/matrix/matrixtext"
)

// lines is a text of about so many bytes, as people write.
func lines(size int) string {
	var b strings.Builder
	for n := 0; b.Len() < size; n++ {
		fmt.Fprintf(&b, "%d. \"We met at 12 o'clock\", she wrote; <they> were 3 & more people, wie schön.\n", n)
	}
	return b.String()[:size]
}

// TestWhatFits has all that the limit allows fit in one form or other, encrypted or not,
// with a profile, a reply in a thread, and as an edit, and each form have all of the text.
func TestWhatFits(t *testing.T) {
	full := strings.ToValidUTF8(lines(matrixtext.MaxText), "")
	half := strings.ToValidUTF8(lines(matrixtext.MaxText/3), "")
	for name, body := range map[string]chat.Body{
		"text": {Text: full}, "formatted": {Text: half, HTML: "<p>" + strings.ReplaceAll(html.EscapeString(half), "\n", "<br>") + "</p>"},
	} {
		m := chat.Outgoing{
			Key: strings.Repeat("k", 64), Body: body, As: chat.Sender{ID: strings.Repeat("a", 32), Name: strings.Repeat("ann ", 20)},
			ReplyTo: chat.MessageID(strings.Repeat("$", 60)), Place: chat.Place{Room: "!r:example.org", Thread: chat.ThreadID(strings.Repeat("$", 60))},
		}
		for kind, c := range map[string]matrixtext.Content{
			"message": matrixtext.Message(m, false, ""), "profile": matrixtext.Message(m, true, ""), "edit": matrixtext.Edit("$e", m, true, ""),
		} {
			for _, encrypted := range []bool{false, true} {
				fits := false
				for n, form := range matrixtext.Plainer(c) {
					fits = fits || matrixtext.Fits(form, encrypted)
					text := form["body"].(string)
					if edit, is := form["m.new_content"].(matrixtext.Content); is {
						text = edit["body"].(string)
					}
					if !strings.HasSuffix(text, body.Text) {
						t.Errorf("%s, %s: form %d lacks some of the text", name, kind, n)
					}
				}
				if !fits {
					t.Errorf("%s, %s, encrypted: %v: no form fits", name, kind, encrypted)
				}
			}
		}
	}
	for _, encrypted := range []bool{false, true} {
		if c := matrixtext.Message(chat.Outgoing{Body: chat.Body{Text: lines(70_000)}}, false, ""); matrixtext.Fits(c, encrypted) {
			t.Errorf("70 kB fit, encrypted: %v", encrypted)
		}
		if c := matrixtext.Message(matrixtext.Shorter(chat.Outgoing{Body: chat.Body{Text: lines(70_000)}}), false, ""); !matrixtext.Fits(c, encrypted) {
			t.Errorf("a shortened text does not fit, encrypted: %v", encrypted)
		}
	}
}

// TestFitsIsNotFooled measures texts of characters that take more room in JSON than they
// have bytes.
func TestFitsIsNotFooled(t *testing.T) {
	for _, part := range []string{"a", "ä", "\"", "\\", "\n", "\x00", "<", "&", "\xff", "\u2028"} {
		for _, size := range []int{5_000, 11_000, 20_000, 45_000, 62_000} {
			text := strings.Repeat(part, size/len(part))
			m := chat.Outgoing{Key: "k", Body: chat.Body{Text: text}, As: chat.Sender{ID: "ann", Name: "Ann"}}
			for _, c := range matrixtext.Plainer(matrixtext.Message(m, true, "")) {
				raw, err := json.Marshal(c)
				if err != nil {
					t.Fatal(err)
				}
				if matrixtext.Fits(c, true) && len(raw)*4/3 > 65_536 {
					t.Errorf("%d of %q: %d bytes are taken for an encrypted event", size, part, len(raw))
				}
				var canonical strings.Builder
				enc := json.NewEncoder(&canonical)
				enc.SetEscapeHTML(false)
				if err := enc.Encode(c); err != nil {
					t.Fatal(err)
				}
				if matrixtext.Fits(c, false) && canonical.Len() > 65_536 {
					t.Errorf("%d of %q: %d bytes are taken for an event", size, part, canonical.Len())
				}
			}
			whole, file, data := matrixtext.AsFile(m)
			if file.Size != int64(len(data)) || !matrixtext.Fits(matrixtext.Message(whole, true, ""), true) {
				t.Errorf("%d of %q: the file has %d bytes of %d, or its caption is too long", size, part, len(data), file.Size)
			}
		}
	}
}
