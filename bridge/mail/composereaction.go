package mail

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Reaction is an emoji on a mail, as mail programs show it.
type Reaction struct {
	Emoji string // exactly one; if Alone, all that stand, with spaces between; none takes back what stood
	Text  string // what those see whose program knows no reactions
	Alone bool   // the emoji are the whole content (RFC 9078), else a part that Gmail reads
}

// gmailReaction is the media type of the part that Gmail reads.
const gmailReaction = "text/vnd.google.email-reaction+json"

// ComposeReaction writes a mail that is a reaction to d.InReplyTo. What d says besides
// the header is left out. It promises what Compose does.
func ComposeReaction(d Draft, r Reaction) (Finished, error) {
	if !r.valid() {
		return Finished{}, fmt.Errorf("compose reaction: %q is no emoji", r.Emoji)
	}
	if !validID(d.InReplyTo) {
		return Finished{}, fmt.Errorf("compose reaction: %q is no Message-ID to react to", d.InReplyTo)
	}
	d.Words, d.Footer, d.Intro, d.About, d.Reactions = nil, nil, "", "", []string{r.Text}
	h, err := d.header()
	if err != nil {
		return Finished{}, fmt.Errorf("compose reaction: %w", err)
	}
	var b bytes.Buffer
	b.Write(h)
	b.WriteString("MIME-Version: 1.0\r\n")
	w := &bodyWriter{b: &b, id: d.ID}
	if r.Alone {
		b.WriteString("Content-Disposition: reaction\r\n")
		w.text("text/plain; charset=utf-8", r.Emoji)()
		b.WriteString("\r\n")
	} else {
		part, err := json.Marshal(struct {
			Emoji   string `json:"emoji"`
			Version int    `json:"version"`
		}{r.Emoji, 1})
		if err != nil {
			return Finished{}, fmt.Errorf("compose reaction: %w", err)
		}
		// Gmail asks for this order: the last part that a program knows is shown.
		w.multipart("alternative", w.text("text/plain; charset=utf-8; format=flowed", flow(d.text())),
			w.text(gmailReaction+"; charset=utf-8", string(part)), w.text("text/html; charset=utf-8", d.html()))
	}
	if err := d.checkReaction(b.Bytes(), r); err != nil {
		return Finished{}, fmt.Errorf("compose reaction: what was written differs from what was meant: %w", err)
	}
	return Finished{Raw: b.Bytes()}, nil
}

func (r Reaction) valid() bool {
	one := func(s string) bool {
		return len(s) <= 64 && !strings.ContainsFunc(s, func(c rune) bool { return c <= ' ' || c == 0x7f || c == 0xfffd })
	}
	if !r.Alone {
		return r.Emoji != "" && one(r.Emoji)
	}
	all := strings.Fields(r.Emoji)
	for _, s := range all {
		if !one(s) {
			return false
		}
	}
	return strings.Join(all, " ") == r.Emoji && len(all) <= 50
}

// checkReaction reads a composed reaction again and compares it with what was meant.
func (d Draft) checkReaction(b []byte, r Reaction) error {
	text, own := d.text(), []string(nil)
	if r.Alone {
		text, own = "", []string{"content-disposition", "content-transfer-encoding"}
	}
	m, err := d.reread(b, text, own...)
	if err != nil {
		return err
	}
	found := 0
	for _, p := range m.Parts {
		var said struct {
			Emoji   string
			Version int
		}
		switch {
		case r.Alone && p.Type == "text/plain" && strings.TrimSpace(p.Header.Get("Content-Disposition")) == "reaction":
			said.Emoji, said.Version = strings.TrimSpace(p.Content), 1
		case !r.Alone && p.Type == gmailReaction:
			if err := json.Unmarshal([]byte(p.Content), &said); err != nil {
				return fmt.Errorf("read the reaction: %w", err)
			}
		default:
			continue
		}
		if found++; said.Emoji != r.Emoji || said.Version != 1 {
			return fmt.Errorf("the reaction is %q", p.Content)
		}
	}
	if found != 1 {
		return errors.New("there is not one reaction in it")
	}
	return nil
}
