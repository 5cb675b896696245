// Package imap watches the folders of a mailbox (RFC 3501, RFC 9051) and looks
// after its Sent folder. It only reads, unless it is asked to mark bridged mail:
// each folder has a connection and a goroutine of its own, or takes its turn on
// one where the server allows no more.
package imap

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

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
	Burst    time.Duration `yaml:"burst"` // how long after a new mail the server is asked twice a second; 0: 10 seconds, negative: never
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
	quirks  quirks
	seats   *seats
	life    context.Context // of what is kept from call to call; ends with Close
	end     context.CancelFunc

	firstWait time.Duration // before the first of several attempts to connect again, or to get a mail
	patience  time.Duration // with a mail that costs the connection each time
	slowAfter time.Duration // after which a body is read beside the others
	turnTime  time.Duration // how long a folder keeps the connection that all share

	live atomic.Int64 // until when a conversation is live, in Unix nanoseconds

	keeper sync.Mutex // guards kept
	kept   *session
}

var (
	_ mail.Source = (*Source)(nil)
	_ mail.Keeper = (*Source)(nil)
)

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
	s := &Source{
		name: "imap " + mailbox, mailbox: mailbox, cfg: cfg, log: log.With("mailbox", mailbox), login: mailnet.NewLogin(cfg.Server), seats: newSeats(),
		firstWait: 500 * time.Millisecond, patience: 30 * time.Second, slowAfter: 3 * time.Second, turnTime: 10 * time.Second,
	}
	s.life, s.end = context.WithCancel(context.Background())
	return s, nil
}

// Name is unique among the sources of the program.
func (s *Source) Name() string { return s.name }

// Close ends the connections that are kept.
func (s *Source) Close() error {
	s.end()
	s.keeper.Lock()
	defer s.keeper.Unlock()
	s.dropKept()
	return nil
}

// liveFor is how long a conversation is live after one of its mails.
const liveFor = 5 * time.Minute

// enliven notes that a mail of a conversation was sent or received.
func (s *Source) enliven() { s.live.Store(time.Now().Add(liveFor).UnixNano()) }

func (s *Source) isLive() bool {
	return time.Now().UnixNano() < s.live.Load() && s.seats.mayHurry()
}

// poll is how often a folder is looked at without an announcement.
func (s *Source) poll(idle bool) time.Duration {
	switch {
	case s.cfg.Poll > 0:
		return s.cfg.Poll
	case idle:
		return time.Minute
	}
	return 15 * time.Second
}

// folder is one that is watched.
type folder struct {
	name  string
	place mail.Place
	every time.Duration // it is looked at once in this time; 0: it is watched
}

// Run watches all folders until ctx ends; see mail.Source.
func (s *Source) Run(ctx context.Context, cursor func(folder string) string, h mail.Handler) error {
	var all []*watcher
	for i, f := range s.folders(ctx) {
		w := &watcher{s: s, folder: f.name, place: f.place, first: i == 0, every: f.every, h: h, log: s.log.With("folder", f.name), chunk: batch, ready: func() {}}
		var err error
		if w.at, err = parseCursor(cursor(f.name)); err != nil {
			w.log.Warn("the stored cursor cannot be read: looking for what was missed by date", "error", err)
			w.at = position{Date: time.Now().AddDate(0, 0, -7)}
		}
		all = append(all, w)
	}
	s.begin(ctx, all)
	// The first incoming folder gets the first connection: there may be no other.
	opened := make(chan struct{})
	var running sync.WaitGroup
	for i, w := range all {
		if i == 0 {
			w.ready = sync.OnceFunc(func() { close(opened) })
			running.Go(func() { defer w.ready(); w.run(ctx) })
			continue
		}
		running.Go(func() {
			select {
			case <-opened:
			case <-time.After(10 * time.Second):
			case <-ctx.Done():
			}
			w.run(ctx)
		})
	}
	running.Wait()
	return nil
}

// begin opens the folders that were never read over one connection: what comes from
// now on is new in all of them, however long some have to wait for a connection of
// their own. One that cannot be opened now begins later.
func (s *Source) begin(ctx context.Context, all []*watcher) {
	var x *session
	for _, w := range all {
		if w.at.Validity != 0 || !w.at.Date.IsZero() {
			continue
		}
		if x == nil {
			var err error
			if x, err = s.connect(ctx, nil); err != nil {
				s.log.Warn("connect to the mail server", "error", err)
				return
			}
			defer x.leave(ctx)
		}
		if err := w.open(ctx, x); err != nil {
			w.log.Warn("the folder could not be opened yet", "error", err)
			if !isSaid(err) {
				return
			}
		}
	}
}

// folders asks which folders there are until the server answers.
func (s *Source) folders(ctx context.Context) []folder {
	for attempt := 1; ; attempt++ {
		found, err := s.findFolders(ctx)
		if err == nil || ctx.Err() != nil {
			return found
		}
		wait := retry.Backoff(attempt, 2*s.firstWait, 5*time.Minute)
		if asked, ok := retry.Pause(err); ok {
			wait = max(wait, asked)
		}
		s.log.Warn("connect to the mail server", "attempt", attempt, "again_in", wait.Round(time.Millisecond), "error", err)
		if !retry.Sleep(ctx, wait) {
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
		defer x.leave(ctx)
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

// Check connects and logs in, and returns what the server can do and the folders that
// are watched beside the incoming ones.
func (s *Source) Check(ctx context.Context) (abilities []string, found Folders, err error) {
	x, err := s.connect(ctx, nil)
	if err != nil {
		return nil, found, err
	}
	defer x.leave(ctx)
	found, err = s.roles(ctx, x)
	return x.c.Abilities(), found, err
}
