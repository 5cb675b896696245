package frommail

import (
	"fmt"
	"io"

	"hashsend/bridge/classify"
	"hashsend/bridge/core"
	"hashsend/bridge/mail"
	"hashsend/bridge/markup"
	"hashsend/bridge/media"
)

// Shown is a mail as a room would show it. Its JSON is a line of
// `hashsend preview --json`.
type Shown struct {
	File        string      `json:"file"`
	Kind        string      `json:"kind"` // a word of classify.Kind
	Rule        string      `json:"rule"` // the rule that decided the kind
	From        ShownSender `json:"from"`
	Subject     string      `json:"subject"`
	MessageID   string      `json:"message_id"`      // without brackets, as the next
	InReplyTo   string      `json:"in_reply_to"`     // the first of several
	Text        string      `json:"text"`            // without quotes and signatures
	Below       string      `json:"below,omitempty"` // the forwarded mails below it
	HTML        string      `json:"html"`            // the same, sanitised; empty where there is no formatting
	Emoji       string      `json:"emoji,omitempty"`
	Command     string      `json:"command,omitempty"`
	Attachments []ShownFile `json:"attachments"`
	Cut         []ShownCut  `json:"cut"` // the pieces left out, in order
	Confidence  float64     `json:"confidence"`
	Bounce      *ShownFate  `json:"bounce,omitempty"`
	Notice      string      `json:"notice"` // shown above the text or instead of it
	Problems    []string    `json:"problems,omitempty"`
	Error       string      `json:"error"`
}

// ShownSender is the author of a mail.
type ShownSender struct {
	Name    string `json:"name"`
	Address string `json:"address"`
}

// ShownFile is an attachment.
type ShownFile struct {
	Name   string `json:"name"`
	Type   string `json:"type"`
	Size   int64  `json:"size"` // bytes, decoded
	Inline bool   `json:"inline"`
}

// ShownCut is a piece of a mail that was left out, and the rule that did it.
type ShownCut struct {
	Kind string `json:"kind"`
	Text string `json:"text"`
	Rule string `json:"rule"`
}

// ShownFate is the content of a delivery report.
type ShownFate struct {
	Action     string           `json:"action"`
	Recipients []ShownRecipient `json:"recipients"`
	OriginalID string           `json:"original_message_id"`
}

// ShownRecipient is one address in a delivery report.
type ShownRecipient struct {
	Address string `json:"address"`
	Status  string `json:"status"`
	Reason  string `json:"reason"`
}

// Preview reads a mail and returns what a room would show. Every mail has a preview; Error
// is set if r failed.
func Preview(r io.Reader) (s Shown) {
	defer func() {
		if p := recover(); p != nil {
			s.Kind, s.Rule = classify.Unreadable.String(), "the parser failed"
			s.Error = fmt.Sprint("it couldn't be read: ", p)
		}
	}()
	s = Shown{Kind: classify.Unreadable.String(), Attachments: []ShownFile{}, Cut: []ShownCut{}}
	m, err := mail.Parse(r, mail.DefaultLimits)
	if err != nil {
		s.Error = err.Error()
	}
	c := classify.Mail(m)
	s.describe(&m, c)
	switch c.Kind {
	case classify.Bounce, classify.Delayed, classify.Delivered, classify.ReadReceipt, classify.Complaint, classify.AutoReply, classify.Challenge, classify.Reaction, classify.Unreadable:
		s.Notice, s.Confidence = c.Text, 1
	case classify.Loop:
		s.Notice, s.Confidence = "This email is in a loop: "+c.Rule+". It isn't posted.", 1
	default:
		s.write(&m, c)
	}
	return s
}

// describe fills in the fields that every kind of mail has.
func (s *Shown) describe(m *mail.Message, c classify.Class) {
	s.Kind, s.Rule, s.Emoji, s.Command = c.Kind.String(), c.Rule, c.Emoji, c.Command
	s.Subject, s.MessageID, s.Problems = m.Subject, m.ID, m.Problems
	if len(m.From) > 0 {
		s.From = ShownSender{Name: mail.CleanName(m.From[0].Name), Address: m.From[0].Address}
	}
	if len(m.InReplyTo) > 0 {
		s.InReplyTo = m.InReplyTo[0]
	}
	if c.Kind != classify.Unreadable {
		for _, p := range m.Files() {
			if p.Name == "" {
				p.Name = media.Named(p.UsualName(), p.Type)
			}
			s.Attachments = append(s.Attachments, ShownFile{Name: p.Name, Type: p.Type, Size: p.Size, Inline: p.Inline})
		}
	}
	if rep := c.Report; rep != nil {
		s.Bounce = &ShownFate{Action: rep.Action, OriginalID: rep.OriginalID, Recipients: []ShownRecipient{}}
		for _, r := range rep.Recipients {
			s.Bounce.Recipients = append(s.Bounce.Recipients, ShownRecipient{Address: r.Address, Status: r.Status, Reason: r.Reason})
		}
	}
}

// write fills in the text of the person, and the cards above it.
func (s *Shown) write(m *mail.Message, c classify.Class) {
	w := written(*m, quotable{})
	w.inPlaceOfGoogle(m, c)
	s.Notice = markup.Neutral(cardsOf(m, c, w, core.DefaultTag, nil))
	forwards := Extract{}
	forwards.addForwards(m)
	s.Text, s.HTML, s.Below = w.Text, w.HTML, forwards.Text
	s.Confidence = float64(w.Sure) / 100
	if w.Forward && s.Kind == classify.Message.String() {
		s.Kind, s.Rule = classify.Forward.String(), "the text contains a forwarded mail"
	}
	for _, cut := range w.Cuts {
		s.Cut = append(s.Cut, ShownCut{Kind: cut.Kind, Text: cut.Text, Rule: cut.Rule})
	}
	if s.Text != "" || s.Notice != "" {
		return
	}
	switch {
	case s.Below != "":
		s.Notice = "(forwarded email without a message)"
	case w.OnlyQuote:
		s.Notice = "(empty reply)"
	case len(s.Attachments) > 0:
		s.Notice = "(files without a message)"
	default:
		s.Notice = "(empty email)"
	}
}
