package lab

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"hashsend/bridge/mail"
)

// Mail is a mail in a folder of a mailbox.
type Mail struct {
	mail.Message
	Raw   []byte
	Flags []imap.Flag
}

// TLSConfig trusts the mail system's own authority.
func (m *MailSystem) TLSConfig() *tls.Config {
	pem, err := os.ReadFile(m.CA)
	if err != nil {
		m.t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	return &tls.Config{RootCAs: pool, ServerName: "localhost", MinVersion: tls.VersionTLS12}
}

// Folder returns the mails in a folder of a user, oldest first; none if there is
// no such folder.
func (m *MailSystem) Folder(user, folder string) (all []Mail) {
	m.t.Helper()
	c, err := imapclient.DialStartTLS(fmt.Sprintf("127.0.0.1:%d", m.IMAP), &imapclient.Options{TLSConfig: m.TLSConfig()})
	if err != nil {
		m.t.Fatalf("read the mailbox of %s: %v", user, err)
	}
	defer c.Close() //nolint:errcheck // it was only read
	if err := c.Login(m.Address(user), m.Password(user)).Wait(); err != nil {
		m.t.Fatalf("log in as %s: %v", user, err)
	}
	d, err := c.Select(folder, &imap.SelectOptions{ReadOnly: true}).Wait()
	if err != nil || d.NumMessages == 0 {
		return nil
	}
	var set imap.SeqSet
	set.AddRange(1, d.NumMessages)
	bufs, err := c.Fetch(set, &imap.FetchOptions{UID: true, Flags: true, BodySection: []*imap.FetchItemBodySection{{Peek: true}}}).Collect()
	if err != nil {
		m.t.Fatalf("read the mailbox of %s: %v", user, err)
	}
	for _, b := range bufs {
		raw := b.FindBodySection(&imap.FetchItemBodySection{Peek: true})
		parsed, err := mail.Parse(bytes.NewReader(raw), mail.DefaultLimits)
		if err != nil {
			m.t.Fatal(err)
		}
		// \Recent says who looked first (RFC 3501, 2.3.2), nothing of the mail.
		marks := slices.DeleteFunc(b.Flags, func(f imap.Flag) bool { return f == "\\Recent" })
		all = append(all, Mail{Message: parsed, Raw: raw, Flags: marks})
	}
	return all
}

// Gets waits until a mail like this lies in a user's folder.
func (m *MailSystem) Gets(user, folder string, limit time.Duration, is func(Mail) bool) (found Mail) {
	m.t.Helper()
	Wait(m.t, fmt.Sprintf("a mail in %s of %s", folder, user), limit, func() bool {
		for _, x := range m.Folder(user, folder) {
			if is(x) {
				found = x
				return true
			}
		}
		return false
	})
	return found
}

// Send submits a raw mail as a user.
func (m *MailSystem) Send(t testing.TB, user string, to []string, raw []byte) {
	t.Helper()
	c, err := smtp.DialStartTLS(fmt.Sprintf("127.0.0.1:%d", m.Submission), m.TLSConfig())
	if err != nil {
		t.Fatalf("submit as %s: %v", user, err)
	}
	defer c.Close() //nolint:errcheck // Quit has ended it
	if err := c.Auth(sasl.NewPlainClient("", m.Address(user), m.Password(user))); err != nil {
		t.Fatalf("submit as %s: %v", user, err)
	}
	if err := c.SendMail(m.Address(user), to, bytes.NewReader(raw)); err != nil {
		t.Fatalf("submit as %s: %v", user, err)
	}
	c.Quit() //nolint:errcheck // the mail was taken
}

// AnswerTo is where an answer goes.
func (m Mail) AnswerTo() []string {
	if len(m.ReplyTo) > 0 {
		return []string{m.ReplyTo[0].Address}
	}
	return []string{m.From[0].Address}
}
