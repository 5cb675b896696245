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

// Shown is what a room would show of a mail. Its JSON is a line of
// `hashsend preview --json`.
type Shown struct {
	File        string      `json:"file"`
	Kind        string      `json:"kind"` // a word of classify.Kind
	Rule        string      `json:"rule"` // what decided the kind
	From        ShownSender `json:"from"`
	Subject     string      `json:"subject"`
	MessageID   string      `json:"message_id"`      // without brackets, as the next
	InReplyTo   string      `json:"in_reply_to"`     // the first of several
	Text        string      `json:"text"`            // what the person wrote
	Below       string      `json:"below,omitempty"` // the mails that are passed on below it
	HTML        string      `json:"html"`            // the same, sanitised; empty where there is no formatting
	Emoji       string      `json:"emoji,omitempty"`
	Command     string      `json:"command,omitempty"`
	Attachments []ShownFile `json:"attachments"`
	Cut         []ShownCut  `json:"cut"` // what was left out, in order
	Confidence  float64     `json:"confidence"`
	Bounce      *ShownFate  `json:"bounce,omitempty"`
	Notice      string      `json:"notice"` // what there is to tell instead of a text, or above it
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

// ShownFate is what a report says.
type ShownFate struct {
	Action     string           `json:"action"`
	Recipients []ShownRecipient `json:"recipients"`
	OriginalID string           `json:"original_message_id"`
}

// ShownRecipient is one address that a report speaks of.
type ShownRecipient struct {
	Address string `json:"address"`
	Status  string `json:"status"`
	Reason  string `json:"reason"`
}

// Preview reads a mail and says what a room would show of it. Whatever is wrong
// with the mail, there is something to show; Error is set when r failed.
func Preview(r io.Reader) (s Shown) {
	defer func() {
		if p := recover(); p != nil {
			s.Kind, s.Rule = classify.Unreadable.String(), "the reader gave up"
			s.Error = fmt.Sprint("it could not be read: ", p)
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
		s.Notice, s.Confidence = "This mail goes round: "+c.Rule+". It is not shown.", 1
	default:
		s.write(&m, c)
	}
	return s
}

// describe fills in what is known of every sort of mail.
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

// write fills in what the person wrote, and the cards above it.
func (s *Shown) write(m *mail.Message, c classify.Class) {
	w := written(*m, nil)
	w.inPlaceOfGoogle(m, c)
	s.Notice = markup.Neutral(cardsOf(m, c, w, core.DefaultTag, nil))
	forwards := Extract{}
	forwards.addForwards(m)
	s.Text, s.HTML, s.Below = w.Text, w.HTML, forwards.Text
	s.Confidence = float64(w.Sure) / 100
	if w.Forward && s.Kind == classify.Message.String() {
		s.Kind, s.Rule = classify.Forward.String(), "a mail is passed on in the text"
	}
	for _, cut := range w.Cuts {
		s.Cut = append(s.Cut, ShownCut{Kind: cut.Kind, Text: cut.Text, Rule: cut.Rule})
	}
	if s.Text != "" || s.Notice != "" {
		return
	}
	switch {
	case s.Below != "":
		s.Notice = "(a mail that is passed on without words)"
	case w.OnlyQuote:
		s.Notice = "(an answer without words)"
	case len(s.Attachments) > 0:
		s.Notice = "(files without words)"
	default:
		s.Notice = "(a mail without words)"
	}
}
