package demo

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"strings"
	"time"

	gosmtp "github.com/emersion/go-smtp"

	"github.com/emersion/go-sasl"

	"hashsend/bridge/mail"
)

// send submits a mail of Ann's by SMTP, as her mail program would.
func (d *demo) send(ctx context.Context, parent *storedMail, subject, text string) error {
	raw, to, err := d.write(parent, subject, text, time.Now())
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
		return fmt.Errorf("send the mail: %w", err)
	}
	return c.Quit()
}

// write composes the mail: an answer goes to Reply-To, cites what it answers and
// quotes it below an attribution line.
func (d *demo) write(parent *storedMail, subject, text string, now time.Time) (raw []byte, to string, err error) {
	to = d.team.Address
	h := []string{
		"From: " + d.ann.Name + " <" + d.ann.Address + ">",
		"Date: " + now.Format(time.RFC1123Z),
		"Message-ID: <" + strings.ToLower(rand.Text()) + "@home.example>",
	}
	if subject == "" {
		subject = "#Send Hello"
	}
	if parent != nil {
		p, err := mail.Parse(bytes.NewReader(parent.Raw), mail.DefaultLimits)
		if err != nil {
			return nil, "", err
		}
		if len(p.ReplyTo) > 0 {
			to = p.ReplyTo[0].Address
		}
		subject = "Re: " + mail.CleanSubject(p.Subject)
		h = append(h, "In-Reply-To: <"+p.ID+">", "References: <"+strings.Join(append(p.References, p.ID), ">\r\n <")+">")
		who := p.From[0].Name
		text += fmt.Sprintf("\n\nOn %s, %s wrote:\n> %s\n", p.Date.Format("Mon, 2 Jan 2006 at 15:04"), who, strings.ReplaceAll(strings.TrimSpace(p.Text), "\n", "\n> "))
	}
	h = append(h, "To: "+to, "Subject: "+mime.QEncoding.Encode("utf-8", subject), "MIME-Version: 1.0",
		"Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: quoted-printable")
	var b bytes.Buffer
	b.WriteString(strings.Join(h, "\r\n") + "\r\n\r\n")
	w := quotedprintable.NewWriter(&b)
	if _, err := w.Write([]byte(strings.ReplaceAll(text, "\n", "\r\n"))); err != nil {
		return nil, "", err
	}
	if err := w.Close(); err != nil { // it writes the last line
		return nil, "", err
	}
	b.WriteString("\r\n")
	return b.Bytes(), to, nil
}
