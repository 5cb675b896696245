package lab

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// asUser does something in the mailbox of a user.
func (m *MailSystem) asUser(user string, do func(c *imapclient.Client) error) {
	m.t.Helper()
	c, err := imapclient.DialStartTLS(fmt.Sprintf("127.0.0.1:%d", m.IMAP), &imapclient.Options{TLSConfig: m.TLSConfig()})
	if err != nil {
		m.t.Fatalf("open the mailbox of %s: %v", user, err)
	}
	defer c.Close() //nolint:errcheck // what it was for is done
	err = c.Login(m.Address(user), m.Password(user)).Wait()
	if err == nil {
		err = do(c)
	}
	if err != nil {
		m.t.Fatalf("in the mailbox of %s: %v", user, err)
	}
}

// Make makes a folder in the mailbox of a user.
func (m *MailSystem) Make(user, folder string) {
	m.t.Helper()
	m.asUser(user, func(c *imapclient.Client) error { return c.Create(folder, nil).Wait() })
}

// Put lays a mail into a folder, as a rule of the server does.
func (m *MailSystem) Put(user, folder string, raw []byte) {
	m.t.Helper()
	m.asUser(user, func(c *imapclient.Client) error {
		cmd := c.Append(folder, int64(len(raw)), &imap.AppendOptions{Time: time.Now()})
		if _, err := cmd.Write(raw); err != nil {
			return err
		}
		if err := cmd.Close(); err != nil {
			return err
		}
		_, err := cmd.Wait()
		return err
	})
}

// Move moves all mails of a folder into another one, as a person does.
func (m *MailSystem) Move(user, from, to string) {
	m.t.Helper()
	m.asUser(user, func(c *imapclient.Client) error {
		d, err := c.Select(from, nil).Wait()
		if err != nil {
			return err
		}
		var all imap.SeqSet
		all.AddRange(1, d.NumMessages)
		_, err = c.Move(all, to).Wait()
		return err
	})
}

// Numbering is the UIDVALIDITY of a folder.
func (m *MailSystem) Numbering(user, folder string) (n uint32) {
	m.t.Helper()
	m.asUser(user, func(c *imapclient.Client) error {
		d, err := c.Select(folder, &imap.SelectOptions{ReadOnly: true}).Wait()
		if err == nil {
			n = d.UIDValidity
		}
		return err
	})
	return n
}

// forgetNumbers removes what Dovecot keeps of the numbers of mails in a Maildir.
func forgetNumbers(t testing.TB, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		name := d.Name()
		if err == nil && !d.IsDir() && (strings.HasPrefix(name, "dovecot.index") || strings.HasPrefix(name, "dovecot-uid")) {
			err = os.Remove(path)
		}
		return err
	})
	if err != nil {
		t.Fatalf("renumber the mails: %v", err)
	}
}
