package demo

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/emersion/go-message"
	"github.com/emersion/go-sasl"
	gosmtp "github.com/emersion/go-smtp"

	"hashsend/bridge/mail"
)

// letter is an email from Ann: text with files, or a reaction.
type letter struct {
	Parent  *storedMail // the email it replies to; nil: none
	Subject string      // if it isn't a reply
	Text    string
	Emoji   string // a reaction to Parent, instead of text
	Files   []enclosed
}

// enclosed is an attached file.
type enclosed struct {
	Name, Type string
	Data       []byte
}

// send submits an email from Ann by SMTP, as her email program would.
func (d *demo) send(ctx context.Context, l letter) error {
	raw, to, err := d.write(l, time.Now())
	if err != nil {
		return err
	}
	c, err := gosmtp.Dial(d.mail.smtpAddr)
	if err != nil {
		return fmt.Errorf("connect to the mail server: %w", err)
	}
	defer c.Close() //nolint:errcheck // Quit has ended it
	if err := c.Auth(sasl.NewPlainClient("", d.ann.Address, d.ann.Password)); err != nil {
		return err
	}
	if err := c.SendMail(d.ann.Address, []string{to}, bytes.NewReader(raw)); err != nil {
		return fmt.Errorf("send the email: %w", err)
	}
	return c.Quit()
}

// write composes the email. A reply goes to Reply-To, refers to its parent and quotes it below
// an attribution line.
func (d *demo) write(l letter, now time.Time) (raw []byte, to string, err error) {
	to = d.team.Address
	var h message.Header
	h.Set("From", d.ann.Name+" <"+d.ann.Address+">")
	h.Set("Date", now.Format(time.RFC1123Z))
	h.Set("Message-ID", "<"+strings.ToLower(rand.Text())+"@home.example>")
	h.Set("MIME-Version", "1.0")
	subject, text := cmp.Or(l.Subject, "#Send Hello"), l.Text
	if l.Parent != nil {
		p, err := mail.Parse(bytes.NewReader(l.Parent.Raw), mail.DefaultLimits)
		if err != nil {
			return nil, "", err
		}
		if len(p.ReplyTo) > 0 {
			to = p.ReplyTo[0].Address
		}
		subject = "Re: " + mail.CleanSubject(p.Subject)
		h.Set("In-Reply-To", "<"+p.ID+">")
		h.Set("References", "<"+strings.Join(append(p.References, p.ID), "> <")+">")
		if l.Emoji == "" {
			text += fmt.Sprintf("\n\nOn %s, %s wrote:\n> %s\n", p.Date.Format("Mon, 2 Jan 2006 at 15:04"), p.From[0].Name, strings.ReplaceAll(strings.TrimSpace(p.Text), "\n", "\n> "))
		}
	}
	h.Set("To", to)
	h.SetText("Subject", subject)
	var b bytes.Buffer
	if err := l.body(&b, h, text); err != nil {
		return nil, "", fmt.Errorf("compose the email: %w", err)
	}
	return b.Bytes(), to, nil
}

// body writes the header and what follows it.
func (l letter) body(b io.Writer, h message.Header, text string) error {
	words := func(kind, s string) (message.Header, []byte) {
		var h message.Header
		h.SetContentType(kind, map[string]string{"charset": "utf-8"})
		h.Set("Content-Transfer-Encoding", "quoted-printable")
		return h, []byte(strings.ReplaceAll(s, "\n", "\r\n") + "\r\n")
	}
	kind := "multipart/mixed"
	if l.Emoji != "" {
		kind = "multipart/alternative"
	}
	h.SetContentType(kind, nil)
	w, err := message.CreateWriter(b, h)
	if err != nil {
		return err
	}
	add := func(h message.Header, data []byte) {
		if err != nil {
			return
		}
		var p *message.Writer
		if p, err = w.CreatePart(h); err != nil {
			return
		}
		if _, err = p.Write(data); err == nil {
			err = p.Close()
		}
	}
	if l.Emoji != "" {
		mark, jsonErr := json.Marshal(map[string]any{"emoji": l.Emoji, "version": 1})
		if jsonErr != nil {
			return jsonErr
		}
		add(words("text/plain", l.Emoji))
		add(words("text/vnd.google.email-reaction+json", string(mark)))
		add(words("text/html", "<p>"+l.Emoji+"</p>"))
	} else {
		add(words("text/plain", text))
	}
	for _, f := range l.Files {
		var h message.Header
		h.SetContentType(f.Type, nil)
		h.SetContentDisposition("attachment", map[string]string{"filename": f.Name})
		h.Set("Content-Transfer-Encoding", "base64")
		add(h, f.Data)
	}
	if err != nil {
		return err
	}
	return w.Close()
}
