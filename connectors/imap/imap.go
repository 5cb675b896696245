// Package imap watches the folders of a mailbox (RFC 3501, RFC 9051) and looks
// after its Sent folder. It only reads, unless it is asked to mark bridged mail:
// each folder has a connection and a goroutine of its own.
package imap

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"hashsend/bridge/mail"
	"hashsend/bridge/retry"
	"hashsend/connectors/mailnet"
)

// Config is a mailbox on an IMAP server.
type Config struct {
	Server mailnet.Server `yaml:",inline"`
	Inbox  []string       `yaml:"folders"` // incoming folders; empty: INBOX
	Sent   string         `yaml:"sent"`    // empty: found by its role or its usual names
	Junk   string         `yaml:"junk"`    // empty: found like that; None: not looked at
	All    string         `yaml:"all"`     // the folder of all mail, where rules file it; empty: found by its role; None: not looked at
	Poll   time.Duration  `yaml:"poll"`    // how often a folder is looked at without an announcement; 0: a minute with IDLE, 15 seconds without
	// JunkPoll is how often the folder of junk is looked at; 0: 10 minutes.
	JunkPoll time.Duration `yaml:"junk_poll"`
	Burst    time.Duration `yaml:"burst"` // how long after a new mail the server is asked in a quick rhythm; 0: 10 seconds, negative: never
	Mark     string        `yaml:"mark"`  // flag for mail that was taken in: seen, flagged, or a keyword; empty: none
}

// None is the name of a folder that is not to be looked at.
const None = "none"

// Source is a mail.Source and a mail.Keeper.
type Source struct {
	name    string
	mailbox string
	cfg     Config
	log     *slog.Logger
	login   *mailnet.Login

	keeper sync.Mutex // guards kept
	kept   *session
}

// Open prepares a Source for the mailbox of that name. It connects in Run, or
// when the Sent folder is first needed. The caller closes it.
func Open(mailbox string, cfg Config, log *slog.Logger) (*Source, error) {
	if errs := cfg.Server.Check(); len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	if len(cfg.Inbox) == 0 {
		cfg.Inbox = []string{"INBOX"}
	}
	if cfg.Burst == 0 {
		cfg.Burst = 10 * time.Second
	}
	if cfg.JunkPoll <= 0 {
		cfg.JunkPoll = 10 * time.Minute
	}
	return &Source{name: "imap " + mailbox, mailbox: mailbox, cfg: cfg, log: log.With("mailbox", mailbox), login: mailnet.NewLogin(cfg.Server)}, nil
}

// Name is unique among the sources of the program.
func (s *Source) Name() string { return s.name }

// Close ends the connection that looks after the Sent folder.
func (s *Source) Close() error {
	s.keeper.Lock()
	defer s.keeper.Unlock()
	s.dropKept()
	return nil
}

// folder is one that is watched.
type folder struct {
	name  string
	place mail.Place
	every time.Duration // it is looked at once in this time; 0: it is watched
}

// Run watches all folders until ctx ends; see mail.Source.
func (s *Source) Run(ctx context.Context, cursor func(folder string) string, h mail.Handler) error {
	var running sync.WaitGroup
	for _, f := range s.folders(ctx) {
		w := &watcher{s: s, folder: f.name, place: f.place, every: f.every, h: h, log: s.log.With("folder", f.name)}
		var err error
		if w.at, err = parseCursor(cursor(f.name)); err != nil {
			w.log.Warn("the stored cursor cannot be read: looking for what was missed by date", "error", err)
			w.at = position{Date: time.Now().AddDate(0, 0, -7)}
		}
		running.Go(func() { w.run(ctx) })
	}
	running.Wait()
	return nil
}

// folders asks which folders there are until the server answers.
func (s *Source) folders(ctx context.Context) []folder {
	for attempt := 1; ; attempt++ {
		found, err := s.findFolders(ctx)
		if err == nil || ctx.Err() != nil {
			return found
		}
		s.log.Warn("connect to the mail server", "attempt", attempt, "error", err)
		if !retry.Sleep(ctx, retry.Backoff(attempt, time.Second, 5*time.Minute)) {
			return nil
		}
	}
}

func (s *Source) findFolders(ctx context.Context) ([]folder, error) {
	roles := Folders{Sent: s.cfg.Sent, Junk: s.cfg.Junk, All: s.cfg.All}
	if roles.Sent == "" || roles.Junk == "" || roles.All == "" {
		x, err := s.connect(ctx, nil)
		if err != nil {
			return nil, err
		}
		defer x.close()
		if roles, err = s.roles(ctx, x); err != nil {
			return nil, err
		}
	}
	var found []folder
	add := func(f folder) {
		if f.name != "" && f.name != None && !slices.ContainsFunc(found, func(o folder) bool { return o.name == f.name }) {
			found = append(found, f)
		}
	}
	for _, name := range s.cfg.Inbox {
		add(folder{name: name, place: mail.Inbox})
	}
	add(folder{name: roles.Sent, place: mail.Sent})
	add(folder{name: roles.All, place: mail.Archive})
	add(folder{name: roles.Junk, place: mail.Junk, every: s.cfg.JunkPoll})
	return found, nil
}

// Folders are those that are watched beside the incoming ones; empty: there is none,
// None: it is not to be looked at.
type Folders struct{ Sent, Junk, All string }

// roles finds the folders that the settings do not name.
func (s *Source) roles(ctx context.Context, x *session) (Folders, error) {
	there, err := x.list(ctx)
	if err != nil {
		return Folders{}, err
	}
	firstOf := func(set, found string) string {
		if set != "" {
			return set
		}
		return found
	}
	return Folders{
		Sent: firstOf(s.cfg.Sent, withRole(there, imap.MailboxAttrSent, sentNames)),
		Junk: firstOf(s.cfg.Junk, withRole(there, imap.MailboxAttrJunk, junkNames)),
		All:  firstOf(s.cfg.All, withRole(there, imap.MailboxAttrAll, nil)),
	}, nil
}

// Check connects and logs in, and returns what the server can do and the folders that
// are watched beside the incoming ones.
func (s *Source) Check(ctx context.Context) (abilities []string, found Folders, err error) {
	x, err := s.connect(ctx, nil)
	if err != nil {
		return nil, found, err
	}
	defer x.close()
	for c := range x.c.Caps() {
		abilities = append(abilities, string(c))
	}
	slices.Sort(abilities)
	found, err = s.roles(ctx, x)
	return abilities, found, err
}

// session is one connection that is logged in.
type session struct {
	c      *imapclient.Client
	conn   *mailnet.Conn
	answer time.Duration
	done   context.CancelFunc
}

// idleLimit is the longest silence that is normal: during IDLE, which is renewed
// more often than that.
const idleLimit = 12 * time.Minute

// connect dials and logs in. changed is called when the server announces
// something in the selected folder; it must not block.
func (s *Source) connect(ctx context.Context, changed func()) (*session, error) {
	server := s.cfg.Server
	life, done := context.WithCancel(ctx)
	conn, err := server.Dial(life)
	if err != nil {
		done()
		return nil, err
	}
	conn.SetLimit(idleLimit)
	opts := &imapclient.Options{}
	if changed != nil {
		opts.UnilateralDataHandler = &imapclient.UnilateralDataHandler{
			Mailbox: func(*imapclient.UnilateralDataMailbox) { changed() },
			Expunge: func(uint32) { changed() },
		}
	}
	x := &session{conn: conn, answer: server.AnswerTime(), done: done}
	if err := s.hello(ctx, x, opts); err != nil {
		conn.Close() //nolint:errcheck // it is given up
		done()
		return nil, err
	}
	return x, nil
}

func (s *Source) hello(ctx context.Context, x *session, opts *imapclient.Options) error {
	server := s.cfg.Server
	return guard(ctx, x.conn, x.answer, func() (err error) {
		if server.Mode() == mailnet.StartTLS {
			if opts.TLSConfig, err = server.TLSConfig(); err != nil {
				return err
			}
			if x.c, err = imapclient.NewStartTLS(x.conn, opts); err != nil {
				return fmt.Errorf("STARTTLS with %s: %w", server.Address(), err)
			}
		} else {
			x.c = imapclient.New(x.conn, opts)
			if err := x.c.WaitGreeting(); err != nil {
				return fmt.Errorf("greeting of %s: %w", server.Address(), err)
			}
		}
		return s.authenticate(ctx, x.c)
	})
}

func (s *Source) authenticate(ctx context.Context, c *imapclient.Client) error {
	caps := c.Caps()
	refused := func(err error) error {
		var said *imap.Error
		if errors.As(err, &said) {
			return s.login.Refused(err)
		}
		return fmt.Errorf("log in at %s: %w", s.cfg.Server.Address(), err)
	}
	mech, err := s.login.Mechanism(ctx, func(m string) bool { return caps.Has(imap.Cap("AUTH=" + m)) })
	if err == nil {
		if err := c.Authenticate(mech); err != nil {
			return refused(err)
		}
		return nil
	}
	if s.cfg.Server.OAuth2 != nil || caps.Has(imap.CapLoginDisabled) {
		return err
	}
	if err := c.Login(s.cfg.Server.User, s.cfg.Server.Password).Wait(); err != nil {
		return refused(err)
	}
	return nil
}

// guard runs a command and breaks the connection off when it takes longer than
// limit: the library waits without end for a server that is silent.
func guard(ctx context.Context, conn *mailnet.Conn, limit time.Duration, command func() error) error {
	late := time.AfterFunc(limit, func() { conn.Close() }) //nolint:errcheck // it is to be broken off
	err := command()
	if !late.Stop() && err != nil && ctx.Err() == nil {
		return fmt.Errorf("the server did not answer within %s: %w", limit, err)
	}
	return err
}

func (x *session) do(ctx context.Context, command func() error) error {
	return guard(ctx, x.conn, x.answer, command)
}

func (x *session) close() {
	x.conn.Close() //nolint:errcheck // it is given up
	if x.c != nil {
		x.c.Close() //nolint:errcheck // it is given up
	}
	x.done()
}

func (x *session) list(ctx context.Context) (all []*imap.ListData, err error) {
	err = x.do(ctx, func() (err error) {
		opts := &imap.ListOptions{}
		if x.c.Caps().Has(imap.CapSpecialUse) {
			opts.ReturnSpecialUse = true
		}
		all, err = x.c.List("", "*", opts).Collect()
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list folders: %w", err)
	}
	return all, nil
}

// The usual names of folders where the server does not say their roles (RFC 6154).
var (
	sentNames = []string{"sent", "sent items", "sent messages", "sent mail", "gesendet", "gesendete objekte", "gesendete elemente", "envoyés", "éléments envoyés", "enviados", "inviata", "posta inviata", "verzonden", "verzonden items", "skickat", "wysłane", "отправленные"}
	junkNames = []string{"junk", "junk email", "junk e-mail", "spam", "bulk mail", "unerwünscht", "junk-e-mail", "courrier indésirable", "correo no deseado", "posta indesiderata", "ongewenste e-mail", "skräppost", "wiadomości-śmieci", "спам"}
)

// findSent returns the name of the Sent folder; empty: there is none.
func (x *session) findSent(ctx context.Context) (string, error) {
	all, err := x.list(ctx)
	return withRole(all, imap.MailboxAttrSent, sentNames), err
}

// withRole returns the name of the folder with a role, else the first with one of the
// names; empty: there is none.
func withRole(all []*imap.ListData, role imap.MailboxAttr, names []string) string {
	for _, f := range all {
		if slices.Contains(f.Attrs, role) {
			return f.Mailbox
		}
	}
	for _, f := range all {
		base := f.Mailbox
		if f.Delim != 0 {
			base = base[strings.LastIndex(base, string(f.Delim))+1:]
		}
		if slices.Contains(names, strings.ToLower(base)) {
			return f.Mailbox
		}
	}
	return ""
}
