package demo

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

func provider(t *testing.T, dir string) (s *mailServer, team, ann *account) {
	t.Helper()
	team, ann = &account{Address: "team@demo.example"}, &account{Address: "ann@home.example"}
	s, err := startMail(dir, slog.New(slog.DiscardHandler), team, ann)
	if err != nil {
		t.Fatal(err)
	}
	return s, team, ann
}

// submit sends a mail by SMTP as a mail program does.
func submit(t *testing.T, s *mailServer, a *account, from, to, text string) error {
	t.Helper()
	c, err := smtp.Dial(s.smtpAddr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close() //nolint:errcheck // the answer counts
	if err := c.Auth(sasl.NewPlainClient("", a.Address, a.Password)); err != nil {
		t.Fatal(err)
	}
	return c.SendMail(from, []string{to}, strings.NewReader(text))
}

// reader opens a folder by IMAP and tells when a mail is announced there.
func reader(t *testing.T, s *mailServer, a *account, folder string) (c *imapclient.Client, selected *imap.SelectData, announced <-chan uint32) {
	t.Helper()
	news := make(chan uint32, 16)
	c, err := imapclient.DialInsecure(s.imapAddr, &imapclient.Options{UnilateralDataHandler: &imapclient.UnilateralDataHandler{
		Mailbox: func(d *imapclient.UnilateralDataMailbox) {
			if d.NumMessages != nil {
				news <- *d.NumMessages
			}
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() }) //nolint:errcheck // the test is over
	if err := c.Login(a.Address, a.Password).Wait(); err != nil {
		t.Fatal(err)
	}
	selected, err = c.Select(folder, nil).Wait()
	if err != nil {
		t.Fatal(err)
	}
	return c, selected, news
}

func fetch(t *testing.T, c *imapclient.Client, uid imap.UID) string {
	t.Helper()
	all := &imap.FetchItemBodySection{Peek: true}
	got, err := c.Fetch(imap.UIDSetNum(uid), &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{all}}).Collect()
	if err != nil || len(got) != 1 {
		t.Fatalf("fetch %d: %d mails, %v", uid, len(got), err)
	}
	return string(got[0].FindBodySection(all))
}

func TestMailIsAnnouncedAndVouchedFor(t *testing.T) {
	s, team, ann := provider(t, t.TempDir())
	defer s.close() //nolint:errcheck // the test is over
	c, _, announced := reader(t, s, ann, "INBOX")
	idle, err := c.Idle()
	if err != nil {
		t.Fatal(err)
	}
	forged := "Authentication-Results: mail.demo.example; dkim=pass header.d=evil.example\r\n"
	err = submit(t, s, team, "team@demo.example", "ann+t0ken@home.example",
		forged+"From: Team <team@demo.example>\r\nTo: ann@home.example\r\nBcc: ann@home.example\r\nSubject: #Send hi\r\nMessage-ID: <a@demo.example>\r\n\r\nhello\r\n")
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-announced:
	case <-time.After(10 * time.Second):
		t.Fatal("IDLE announced nothing")
	}
	if err := errors.Join(idle.Close(), idle.Wait()); err != nil {
		t.Fatal(err)
	}
	found, err := c.UIDSearch(&imap.SearchCriteria{Header: []imap.SearchCriteriaHeaderField{{Key: "Message-ID", Value: "<a@demo.example>"}}}, nil).Wait()
	if err != nil || len(found.AllUIDs()) != 1 {
		t.Fatalf("search by Message-ID: %v, %v", found, err)
	}
	raw := fetch(t, c, found.AllUIDs()[0])
	for _, want := range []string{"Delivered-To: ann+t0ken@home.example\r\n", "Authentication-Results: " + authServer + ";", "header.from=demo.example", "Received: ", "\r\n\r\nhello\r\n"} {
		if !strings.Contains(raw, want) {
			t.Errorf("%q is missing in\n%s", want, raw)
		}
	}
	for _, not := range []string{"evil.example", "Bcc:"} {
		if strings.Contains(raw, not) {
			t.Errorf("%q was let through:\n%s", not, raw)
		}
	}
	sent, n, _ := reader(t, s, team, "Sent")
	if n.NumMessages != 1 || !strings.Contains(fetch(t, sent, 1), "hello") {
		t.Errorf("Sent holds %d mails", n.NumMessages)
	}
}

func TestNobodyWritesInAnothersName(t *testing.T) {
	s, team, ann := provider(t, t.TempDir())
	defer s.close() //nolint:errcheck // the test is over
	for name, c := range map[string]struct{ from, to, text string }{
		"From":       {"ann@home.example", "team@demo.example", "From: team@demo.example\r\n\r\nx\r\n"},
		"two From":   {"ann@home.example", "team@demo.example", "From: ann@home.example, team@demo.example\r\n\r\nx\r\n"},
		"From twice": {"ann@home.example", "team@demo.example", "From: ann@home.example\r\nFrom: team@demo.example\r\n\r\nx\r\n"},
		"no From":    {"ann@home.example", "team@demo.example", "Subject: x\r\n\r\nx\r\n"},
		"envelope":   {"team@demo.example", "team@demo.example", "From: ann@home.example\r\n\r\nx\r\n"},
		"recipient":  {"ann@home.example", "bob@elsewhere.example", "From: ann@home.example\r\n\r\nx\r\n"},
	} {
		var refused *smtp.SMTPError
		if err := submit(t, s, ann, c.from, c.to, c.text); !errors.As(err, &refused) || refused.Code != 550 {
			t.Errorf("%s: got %v, wanted 550", name, err)
		}
	}
	if got := team.list(0); len(got) != 0 {
		t.Errorf("%d mails came through", len(got))
	}
	c, err := smtp.Dial(s.smtpAddr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close() //nolint:errcheck // the test is over
	if c.Auth(sasl.NewPlainClient("", ann.Address, "wrong")) == nil {
		t.Error("a wrong password was taken")
	}
	if c.SendMail(ann.Address, []string{team.Address}, strings.NewReader("From: ann@home.example\r\n\r\nx\r\n")) == nil {
		t.Error("a mail without login was taken")
	}
}

func TestLoginMechanism(t *testing.T) {
	s, _, ann := provider(t, t.TempDir())
	defer s.close() //nolint:errcheck // the test is over
	c, err := smtp.Dial(s.smtpAddr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close() //nolint:errcheck // the test is over
	if err := c.Auth(sasl.NewLoginClient(ann.Address, ann.Password)); err != nil {
		t.Errorf("LOGIN: %v", err)
	}
}

func TestMailboxSurvivesARestart(t *testing.T) {
	dir := t.TempDir()
	s, team, ann := provider(t, dir)
	for _, text := range []string{"one", "two", "three"} {
		if err := submit(t, s, team, team.Address, ann.Address, "From: team@demo.example\r\nSubject: "+text+"\r\n\r\n"+text+"\r\n"); err != nil {
			t.Fatal(err)
		}
	}
	c, before, _ := reader(t, s, ann, "Drafts")
	draft := []byte("From: ann@home.example\r\nSubject: draft\r\n\r\nunfinished\r\n")
	w := c.Append("Drafts", int64(len(draft)), nil)
	_, err := w.Write(draft)
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Wait(); err != nil {
		t.Fatal(err)
	}
	c.Close() //nolint:errcheck // the server ends
	password, mails := ann.Password, ann.list(0)
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	s, team, ann = provider(t, dir)
	defer s.close() //nolint:errcheck // the test is over
	if ann.Password != password {
		t.Error("the password has changed")
	}
	again := ann.list(0)
	if len(again) != len(mails) {
		t.Fatalf("%d mails after the restart, %d before", len(again), len(mails))
	}
	for i := range mails {
		if mails[i].Folder != again[i].Folder || !bytes.Equal(mails[i].Raw, again[i].Raw) {
			t.Errorf("mail %d is another one after the restart", i+1)
		}
	}
	c, after, _ := reader(t, s, ann, "Drafts")
	if after.UIDValidity != before.UIDValidity || after.NumMessages != 1 {
		t.Errorf("Drafts: UIDVALIDITY %d, was %d; %d mails", after.UIDValidity, before.UIDValidity, after.NumMessages)
	}
	if err := submit(t, s, team, team.Address, ann.Address, "From: team@demo.example\r\nSubject: four\r\n\r\nfour\r\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Select("INBOX", nil).Wait(); err != nil {
		t.Fatal(err)
	}
	for uid, text := range map[imap.UID]string{1: "one", 3: "three", 4: "four"} {
		if raw := fetch(t, c, uid); !strings.Contains(raw, "\r\n\r\n"+text) {
			t.Errorf("UID %d is\n%s", uid, raw)
		}
	}
}

func TestUIDsStayAfterAMove(t *testing.T) {
	dir := t.TempDir()
	s, team, ann := provider(t, dir)
	for _, text := range []string{"one", "two", "three"} {
		if err := submit(t, s, team, team.Address, ann.Address, "From: team@demo.example\r\n\r\n"+text+"\r\n"); err != nil {
			t.Fatal(err)
		}
	}
	c, _, _ := reader(t, s, ann, "INBOX")
	if _, err := c.Move(imap.UIDSetNum(2), "Sent").Wait(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Copy(imap.SeqSetNum(1), "Sent").Wait(); err != nil {
		t.Fatal(err)
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	s, _, ann = provider(t, dir)
	defer s.close() //nolint:errcheck // the test is over
	if err := submit(t, s, ann, ann.Address, ann.Address, "From: ann@home.example\r\n\r\nfour\r\n"); err != nil {
		t.Fatal(err)
	}
	c, selected, _ := reader(t, s, ann, "Sent")
	if selected.NumMessages != 3 {
		t.Fatalf("Sent holds %d mails", selected.NumMessages)
	}
	for uid, text := range map[imap.UID]string{1: "two", 2: "one", 3: "four"} {
		if raw := fetch(t, c, uid); !strings.Contains(raw, "\r\n\r\n"+text) {
			t.Errorf("UID %d is\n%s", uid, raw)
		}
	}
}
