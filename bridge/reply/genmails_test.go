package reply_test

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding/htmlindex"

	"hashsend/bridge/reply"
)

// charsets are those in which mails of a tongue were written before UTF-8.
var charsets = map[string]string{
	"de": "windows-1252", "fr": "iso-8859-15", "es": "windows-1252", "it": "windows-1252", "pt": "windows-1252", "nl": "windows-1252", "sv": "windows-1252",
	"da": "windows-1252", "nb": "windows-1252", "fi": "windows-1252", "pl": "iso-8859-2", "cs": "windows-1250", "sk": "windows-1250", "hu": "iso-8859-2",
	"ro": "windows-1250", "hr": "windows-1250", "ru": "koi8-r", "uk": "windows-1251", "bg": "windows-1251", "el": "windows-1253", "tr": "windows-1254",
	"he": "windows-1255", "ar": "windows-1256", "ja": "iso-2022-jp", "zh": "gb18030", "ko": "euc-kr",
}

// eml is the mail as it comes over the wire: both bodies, each in a transfer encoding.
func (m *talk) eml(charset string) []byte {
	part := func(kind, text string) string {
		label, b := "utf-8", []byte(text)
		if enc, err := htmlindex.Get(charset); err == nil {
			if out, err := enc.NewEncoder().Bytes(b); err == nil { // else it has characters that the charset lacks
				label, b = charset, out
			}
		}
		lines := base64.StdEncoding.EncodeToString(b)
		var out strings.Builder
		for len(lines) > 76 {
			out.WriteString(lines[:76] + "\r\n")
			lines = lines[76:]
		}
		return fmt.Sprintf("Content-Type: text/%s; charset=%s\r\nContent-Transfer-Encoding: base64\r\n\r\n%s%s\r\n", kind, label, out.String(), lines)
	}
	head := "From: " + m.name + " <" + m.address + ">\r\nSubject: Re: Questions\r\nIn-Reply-To: <q@own.example>\r\nMIME-Version: 1.0\r\n"
	if m.html == "" {
		return []byte(head + part("plain", m.plain))
	}
	return []byte(head + "Content-Type: multipart/alternative; boundary=R\r\n\r\n--R\r\n" + part("plain", m.plain) + "--R\r\n" + part("html", m.html) + "--R--\r\n")
}

// TestConversationsAsMails reads made conversations as they come over the wire, in the
// charsets of their tongues.
func TestConversationsAsMails(t *testing.T) {
	n, wrong := 0, 0
	for ci := range clients {
		c := &clients[ci]
		for ti := range tongues {
			tg := &tongues[ti]
			if c.only != nil && !slices.Contains(c.only, tg.code) || c.short {
				continue
			}
			r := rand.New(rand.NewPCG(77, uint64(ci*1000+ti)))
			m := conversation(r, tg, c, 2+r.IntN(6))
			in := input(t, m.eml(charsets[tg.code]))
			in.Said = m.said(30)
			f := m.check(reply.Extract(in))
			if n++; len(f.empty)+len(f.lost)+len(f.old) > 0 {
				if wrong++; wrong < 4 {
					t.Logf("%s in %s: empty %v, lost %q, old %q\n%s", c.name, tg.code, len(f.empty) > 0, f.lost, f.old, in.Text)
				}
			}
		}
	}
	if wrong*1000 > n {
		t.Errorf("%d of %d are wrong", wrong, n)
	}
}

// FuzzConversations changes how a conversation is made: whatever its order, its length
// and its clients, there are words in an answer that has some.
func FuzzConversations(f *testing.F) {
	f.Add(uint64(1), 0, 0, 3, 2)
	f.Add(uint64(9), 14, 1, 12, 0)
	f.Fuzz(func(t *testing.T, seed uint64, client, tongue, mails, known int) {
		c, tg := &clients[uint(client)%uint(len(clients))], &tongues[uint(tongue)%uint(len(tongues))]
		if c.short || c.only != nil && !slices.Contains(c.only, tg.code) {
			t.Skip("the client does not write so")
		}
		m := conversation(rand.New(rand.NewPCG(seed, 1)), tg, c, 2+int(uint(mails)%11))
		for _, in := range []reply.Mail{{Text: m.plain}, {HTML: m.html}, {Text: m.plain, HTML: m.html}} {
			if in.Text+in.HTML == "" {
				continue
			}
			in.Subject, in.From, in.Answers, in.Said = "Re: Questions", m.name, true, m.said(int(uint(known)%31))
			if r := reply.Extract(in); r.Text == "" {
				t.Errorf("nothing is left of %q %q", in.Text, in.HTML)
			}
		}
	})
}

// TestKnownAndSaid: what Known has with the ways in which a first line may stand in a
// mail is the same as Said.
func TestKnownAndSaid(t *testing.T) {
	const text = "> Shall we take the small room or the large one?\n\nThe large one.\n\n> Ann: I can bring the bread and the cheese today.\n\nGood!\n"
	known := reply.Extract(reply.Mail{Answers: true, Text: text, Known: []string{
		"I can bring the bread and the cheese today.\nAnn: I can bring the bread and the cheese today.\n[10:12] Ann: I can bring the bread and the cheese today.",
		"Shall we take the small room or the large one?\nAnd who tells the others?\nBob: Shall we take the small room or the large one?\n[10:15] Bob: Shall we take the small room or the large one?",
	}})
	said := reply.Extract(reply.Mail{Answers: true, Text: text, Said: []reply.Said{
		{Text: "I can bring the bread and the cheese today.", First: []string{"Ann: I can bring the bread and the cheese today."}},
		{Text: "Shall we take the small room or the large one?\nAnd who tells the others?", First: []string{"Bob: Shall we take the small room or the large one?"}},
	}})
	if !slices.Equal(known.Answered, said.Answered) || len(said.Answered) != 2 || known.Text != said.Text {
		t.Errorf("known %+v\nsaid %+v", known.Answered, said.Answered)
	}
	if r := reply.Extract(reply.Mail{Answers: true, Text: "Hi,\n\nI can bring the bread and the cheese today.\n", Said: []reply.Said{{Text: "I can bring the bread and the cheese today.", Mine: true}}}); !strings.Contains(r.Text, "bread") {
		t.Errorf("what the writer has said before is left out: %q", r.Cut)
	}
}
