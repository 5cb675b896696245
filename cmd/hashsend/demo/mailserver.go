package demo

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
	"github.com/emersion/go-smtp"

	"hashsend/bridge/mail"
)

// authServer is the name of the demo's mail server in Authentication-Results.
const authServer = "mail.demo.example"

// mailServer is a small mail provider: submission and IMAP on loopback, a few
// mailboxes, and emails stored as files. Real email programs can use it.
type mailServer struct {
	dir      string
	log      *slog.Logger
	accounts []*account
	smtp     *smtp.Server
	imap     *imapserver.Server
	smtpAddr string
	imapAddr string
	serving  sync.WaitGroup

	mu      sync.Mutex
	changed chan struct{} // closed and replaced when an email arrives
}

// account is a mailbox of the server.
type account struct {
	Name     string
	Address  string
	Password string
	user     *imapmemserver.User

	storing sync.Mutex // one mail at a time, so that files and UIDs have one order
	next    int        // number of the next file

	mu    sync.Mutex
	mails []storedMail
}

// storedMail is an email in a folder.
type storedMail struct {
	Number int
	UID    imap.UID
	Folder string
	At     time.Time
	Raw    []byte
}

// folders are the folders of every mailbox, with their roles (RFC 6154).
var folders = []struct {
	name string
	role imap.MailboxAttr
}{{"INBOX", ""}, {"Sent", imap.MailboxAttrSent}, {"Drafts", imap.MailboxAttrDrafts}, {"Trash", imap.MailboxAttrTrash}}

// startMail starts the server with its state in dir. The caller closes it.
func startMail(dir string, log *slog.Logger, accounts ...*account) (*mailServer, error) {
	s := &mailServer{dir: dir, log: log, accounts: accounts, changed: make(chan struct{})}
	for _, a := range accounts {
		if err := s.loadAccount(a); err != nil {
			return nil, fmt.Errorf("read the mailbox of %s: %w", a.Address, err)
		}
	}
	submission, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	reading, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(err, submission.Close())
	}
	s.smtpAddr, s.imapAddr = submission.Addr().String(), reading.Addr().String()
	s.smtp = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &submissionSession{s: s}, nil }))
	s.smtp.Domain, s.smtp.AllowInsecureAuth, s.smtp.EnableSMTPUTF8, s.smtp.EnableDSN = authServer, true, true, true
	s.smtp.MaxMessageBytes, s.smtp.ReadTimeout, s.smtp.WriteTimeout, s.smtp.MaxLineLength = 25<<20, 10*time.Minute, time.Minute, 1<<20
	s.smtp.ErrorLog = slog.NewLogLogger(log.Handler(), slog.LevelDebug)
	s.imap = imapserver.New(&imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return &readingSession{s: s}, nil, nil
		},
		Caps:         imap.CapSet{imap.CapIMAP4rev1: {}, imap.CapIMAP4rev2: {}, imap.CapSpecialUse: {}, imap.CapUIDPlus: {}, imap.CapMove: {}, imap.CapCreateSpecialUse: {}},
		InsecureAuth: true, Logger: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	})
	s.serving.Go(func() { s.smtp.Serve(submission) }) //nolint:errcheck // it ends with Close
	s.serving.Go(func() { s.imap.Serve(reading) })    //nolint:errcheck // it ends with Close
	return s, nil
}

// close ends the server.
func (s *mailServer) close() error {
	err := errors.Join(s.smtp.Close(), s.imap.Close())
	s.serving.Wait()
	return err
}

func (s *mailServer) folder(a *account, name string) string {
	return filepath.Join(s.dir, a.Address, name)
}

// loadAccount fills a mailbox from its files.
func (s *mailServer) loadAccount(a *account) error {
	if err := os.MkdirAll(filepath.Join(s.dir, a.Address), 0o700); err != nil {
		return err
	}
	secret := filepath.Join(s.dir, a.Address, "password")
	word, err := os.ReadFile(secret)
	if errors.Is(err, os.ErrNotExist) {
		word = []byte(strings.ToLower(rand.Text()[:12]))
		err = os.WriteFile(secret, word, 0o600)
	}
	if err != nil {
		return err
	}
	a.Password = string(word)
	a.user = imapmemserver.NewUser(a.Address, a.Password)
	for _, f := range folders {
		opts := &imap.CreateOptions{}
		if f.role != "" {
			opts.SpecialUse = []imap.MailboxAttr{f.role}
		}
		if err := a.user.Create(f.name, opts); err != nil {
			return err
		}
		if err := os.MkdirAll(s.folder(a, f.name), 0o700); err != nil {
			return err
		}
	}
	return s.loadMails(a)
}

// loadMails reads the files of all folders in the order of their arrival, so that emails keep
// their UIDs.
func (s *mailServer) loadMails(a *account) error {
	names, err := filepath.Glob(filepath.Join(s.dir, a.Address, "*", "*.eml"))
	if err != nil {
		return err
	}
	slices.SortFunc(names, func(x, y string) int { return strings.Compare(filepath.Base(x), filepath.Base(y)) })
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		info, err := os.Stat(name)
		if err != nil {
			return err
		}
		if _, err := a.append(filepath.Base(filepath.Dir(name)), raw, info.ModTime(), nil); err != nil {
			return err
		}
		if a.next, err = strconv.Atoi(strings.TrimSuffix(filepath.Base(name), ".eml")); err != nil {
			return fmt.Errorf("%s is not an email of this server: %w", name, err)
		}
	}
	a.next++
	return nil
}

// literal is bytes in the form that IMAP needs.
type literal struct{ *bytes.Reader }

func (a *account) append(folder string, raw []byte, at time.Time, flags []imap.Flag) (*imap.AppendData, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	d, err := a.user.Append(folder, literal{bytes.NewReader(raw)}, &imap.AppendOptions{Time: at, Flags: flags})
	if err != nil {
		return nil, err
	}
	a.mails = append(a.mails, storedMail{Number: len(a.mails) + 1, UID: d.UID, Folder: folder, At: at, Raw: raw})
	return d, nil
}

// list returns the emails of a mailbox after the first n.
func (a *account) list(n int) []storedMail {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.mails[min(n, len(a.mails)):])
}

// mail returns an email by its number.
func (a *account) mail(n int) (storedMail, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if n < 1 || n > len(a.mails) {
		return storedMail{}, false
	}
	return a.mails[n-1], true
}

// put stores an email in a folder. It is on disk when put returns.
func (s *mailServer) put(a *account, folder string, raw []byte, at time.Time, flags []imap.Flag) (*imap.AppendData, error) {
	a.storing.Lock()
	defer a.storing.Unlock()
	if err := s.write(a, folder, raw); err != nil {
		return nil, err
	}
	d, err := a.append(folder, raw, at, flags)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.changed)
	s.changed = make(chan struct{})
	return d, nil
}

// write writes the file of an email. The caller holds a.storing.
func (s *mailServer) write(a *account, folder string, raw []byte) error {
	name := filepath.Join(s.folder(a, folder), fmt.Sprintf("%09d.eml", a.next))
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(raw)
	a.next++
	return errors.Join(err, f.Sync(), f.Close())
}

// wait returns a channel that is closed when the next email arrives.
func (s *mailServer) wait() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

// account finds the mailbox of an address, with or without a plus part.
func (s *mailServer) account(address string) *account {
	for _, a := range s.accounts {
		if mail.SameAddress(a.Address, address) {
			return a
		}
	}
	return nil
}

// accept stores an email from a signed-in user in Sent and in the mailboxes of its recipients,
// with Authentication-Results.
func (s *mailServer) accept(from *account, to []string, raw []byte) error {
	raw = crlf(raw)
	h, err := mail.ReadHeader(bufio.NewReader(bytes.NewReader(raw)))
	if err != nil {
		return err
	}
	m := h.Message()
	if len(m.From) != 1 || !mail.SameAddress(m.From[0].Address, from.Address) {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "From must be " + from.Address}
	}
	now := time.Now()
	_, domain, _ := strings.Cut(from.Address, "@")
	clean := withoutField(raw, "Authentication-Results", "Return-Path", "Delivered-To", "Bcc")
	var done []*account
	for _, address := range to {
		a := s.account(address)
		if slices.Contains(done, a) {
			continue
		}
		done = append(done, a)
		top := fmt.Sprintf("Return-Path: <%s>\r\nDelivered-To: %s\r\nAuthentication-Results: %s; auth=pass smtp.auth=%s;\r\n dkim=pass header.d=%s; dmarc=pass header.from=%s\r\nReceived: from [127.0.0.1] by %s with ESMTPA; %s\r\n",
			from.Address, address, authServer, from.Address, domain, domain, authServer, now.Format(time.RFC1123Z))
		if _, err := s.put(a, "INBOX", append([]byte(top), clean...), now, nil); err != nil {
			return err
		}
	}
	_, err = s.put(from, "Sent", raw, now, []imap.Flag{imap.FlagSeen})
	return err
}

// crlf ends all lines with CRLF, because a lone line feed could hide a header field from this
// server but not from readers.
func crlf(raw []byte) []byte {
	raw = bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n"))
	raw = bytes.ReplaceAll(raw, []byte("\n"), []byte("\r\n"))
	if !bytes.Contains(raw, []byte("\r\n\r\n")) {
		raw = append(raw, "\r\n\r\n"...) // an email without a body
	}
	return raw
}

// withoutField removes header fields that only the server may set.
func withoutField(raw []byte, names ...string) []byte {
	head, body, found := bytes.Cut(raw, []byte("\r\n\r\n"))
	if !found {
		head = raw
	}
	var out []byte
	drop := false
	for _, line := range bytes.SplitAfter(append(head, '\r', '\n'), []byte("\r\n")) {
		if len(line) > 0 && line[0] != ' ' && line[0] != '\t' {
			name, _, _ := bytes.Cut(line, []byte(":"))
			drop = slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, string(bytes.TrimSpace(name))) })
		}
		if !drop {
			out = append(out, line...)
		}
	}
	return append(append(out, '\r', '\n'), body...)
}

// readingSession is an IMAP connection.
type readingSession struct {
	*imapmemserver.UserSession
	s      *mailServer
	a      *account
	folder string // the selected folder
}

// Close ends the connection, signed in or not.
func (r *readingSession) Close() error {
	if r.UserSession == nil {
		return nil
	}
	return r.UserSession.Close()
}

// Login checks the password.
func (r *readingSession) Login(user, password string) error {
	a := r.s.account(user)
	if a == nil || a.user.Login(a.Address, password) != nil {
		return imapserver.ErrAuthFailed
	}
	r.a, r.UserSession = a, imapmemserver.NewUserSession(a.user)
	return nil
}

// Append stores an email that an email program puts into a folder.
func (r *readingSession) Append(folder string, lit imap.LiteralReader, opts *imap.AppendOptions) (*imap.AppendData, error) {
	raw, err := io.ReadAll(io.LimitReader(lit, 32<<20))
	if err != nil {
		return nil, err
	}
	if strings.EqualFold(folder, "INBOX") {
		folder = "INBOX"
	}
	if !isKept(folder) {
		return r.UserSession.Append(folder, literal{bytes.NewReader(raw)}, opts)
	}
	at := opts.Time
	if at.IsZero() {
		at = time.Now()
	}
	return r.s.put(r.a, folder, raw, at, opts.Flags)
}
