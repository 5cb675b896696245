package imap

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"hashsend/bridge/retry"
	"hashsend/connectors/imap/wire"
	"hashsend/connectors/mailnet"
)

// session is one connection that is logged in.
type session struct {
	s      *Source
	c      *wire.Client
	conn   *mailnet.Conn
	answer time.Duration
	done   context.CancelFunc
	told   bool // who we are
}

// idleLimit is the longest silence that is normal: during IDLE, which is renewed
// more often than that.
const idleLimit = 12 * time.Minute

// connect dials and logs in. changed is called when the server announces
// something in the selected folder; it must not block.
func (s *Source) connect(ctx context.Context, changed func()) (*session, error) {
	if err := s.seats.waitForPause(ctx); err != nil {
		return nil, err
	}
	server := s.cfg.Server
	life, done := context.WithCancel(ctx)
	conn, err := server.Dial(life)
	if err != nil {
		done()
		return nil, err
	}
	conn.SetLimit(idleLimit)
	x := &session{s: s, c: wire.New(conn), conn: conn, answer: server.AnswerTime(), done: done}
	x.c.Changed = changed
	if err := x.do(ctx, func() error { return x.hello(ctx) }); err != nil {
		conn.Close() //nolint:errcheck // it is given up
		done()
		return nil, s.explained(err)
	}
	s.seats.opened(x)
	return x, nil
}

// explained adds to an error what it means for the whole account, and notes the
// pause that the server wants.
func (s *Source) explained(err error) error {
	kind, pause := troubleOf(err)
	switch kind {
	case connections:
		err = fmt.Errorf("%s allows no more connections of %s at the moment: close other email programs, or raise the limit of connections per user: %w", s.cfg.Server.Address(), s.cfg.Server.User, err)
		return retry.After(err, connectionPause)
	case busy:
		if pause == 0 {
			pause = busyPause
		}
		s.seats.pause(pause)
		return retry.After(fmt.Errorf("%s asks for a pause: %w", s.cfg.Server.Address(), err), pause)
	case inUse:
		return retry.After(err, inUsePause)
	}
	return err
}

const (
	connectionPause = 30 * time.Second
	busyPause       = 20 * time.Second
	refusedPause    = 20 * time.Second
	inUsePause      = 5 * time.Second
)

func (x *session) hello(ctx context.Context) error {
	server := x.s.cfg.Server
	if err := x.c.Greet(); err != nil {
		return fmt.Errorf("greeting of %s: %w", server.Address(), err)
	}
	if err := x.c.Capability(); err != nil {
		return err
	}
	if server.Mode() == mailnet.StartTLS {
		config, err := server.TLSConfig()
		if err != nil {
			return err
		}
		if err := x.c.StartTLS(config); err != nil {
			return fmt.Errorf("%s: %w", server.Address(), err)
		}
		if err := x.c.Capability(); err != nil {
			return err
		}
	}
	if !x.c.Preauth {
		if err := x.authenticate(ctx); err != nil {
			return err
		}
	}
	if x.c.Has("ID") {
		return x.identify()
	}
	return nil
}

// identify tells the server which program this is. That it does not want to know
// is no trouble.
func (x *session) identify() error {
	x.told = true
	err := x.c.ID("hashsend", "1")
	if isSaid(err) {
		return nil
	}
	return err
}

func isSaid(err error) bool {
	var said *wire.Said
	return errors.As(err, &said) && said.Status != "BYE"
}

// authenticate signs in: by the mechanisms that the server offers, and where it
// refuses those, once by the command LOGIN. What has worked comes first the next
// time.
func (x *session) authenticate(ctx context.Context) error {
	err := x.signIn(ctx)
	if kind, _ := troubleOf(err); isSaid(err) && !kind.ofAll() && x.s.login.Renew() {
		err = x.signIn(ctx) // the token had ended before its time
	}
	if kind, _ := troubleOf(err); kind.ofAll() || kind == inUse || !isSaid(err) {
		return err
	}
	// The other folders would be refused as well, and too many attempts lock accounts.
	x.s.seats.hold(refusedPause)
	return retry.After(x.s.login.Refused(err), refusedPause)
}

func (x *session) signIn(ctx context.Context) error {
	s := x.s
	offered := func(m string) bool { return x.c.Has("AUTH=" + m) }
	mechs, err := s.login.Mechanisms(ctx, offered)
	mayLogin := s.cfg.Server.OAuth2 == nil && !x.c.Has("LOGINDISABLED")
	if err != nil && !mayLogin {
		return err
	}
	var ways []func() error
	for _, m := range mechs {
		ways = append(ways, func() error { return x.c.Authenticate(m) })
	}
	if mayLogin {
		ways = append(ways, func() error { return x.c.Login(s.cfg.Server.User, s.cfg.Server.Password) })
	}
	order := s.quirks.order(len(ways))
	for n, i := range order {
		if err = ways[i](); err == nil {
			s.quirks.worked(i)
			return nil
		}
		if !isSaid(err) {
			if n == 1 {
				s.quirks.worked(i) // the server hung up after the first: this one begins the next time
			}
			return fmt.Errorf("sign in at %s: %w", s.cfg.Server.Address(), err)
		}
		// Two attempts at most: more of them may lock the account.
		if kind, _ := troubleOf(err); kind.ofAll() || kind == inUse || n == 1 {
			break
		}
	}
	return err
}

// guard runs a command and breaks the connection off when it takes longer than
// limit.
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

// close gives the connection up. It may be called more than once.
func (x *session) close() {
	x.conn.Close() //nolint:errcheck // it is given up
	x.s.seats.closed(x)
	x.done()
}

// leave says goodbye first, so that the server does not count the connection any
// more when the next one comes.
func (x *session) leave(ctx context.Context) {
	guard(ctx, x.conn, min(x.answer, 2*time.Second), x.c.Logout) //nolint:errcheck // it is closed anyway
	x.close()
}

// selectFolder opens a folder by its readable name.
func (x *session) selectFolder(ctx context.Context, name string, readOnly bool) (got wire.Selected, err error) {
	try := func() error {
		return x.do(ctx, func() (err error) {
			got, err = x.c.Select(name, x.s.quirks.raw(name), readOnly)
			return err
		})
	}
	err = try()
	if isSaid(err) && !x.told {
		// Some say only that something is wrong until they know who asks.
		if err := x.do(ctx, x.identify); err != nil {
			return got, err
		}
		err = try()
	}
	if err != nil {
		return got, fmt.Errorf("open folder: %w", x.s.explained(err))
	}
	if got.UIDValidity == 0 {
		got.UIDValidity = 1
	}
	return got, nil
}

func (x *session) list(ctx context.Context) (all []wire.Folder, err error) {
	err = x.do(ctx, func() (err error) {
		all, err = x.c.List()
		return err
	})
	if err != nil {
		return nil, err
	}
	x.s.quirks.learnNames(all)
	return all, nil
}

// search returns UIDs. A server that does not search is asked for the newest
// mails instead; since then says nothing.
func (x *session) search(ctx context.Context, from uint32, since time.Time, more string) (uids []uint32, err error) {
	criteria := fmt.Sprintf("UID %d:*", max(from, 1))
	if !since.IsZero() {
		criteria = "SINCE " + since.Format("2-Jan-2006")
	}
	if more != "" {
		criteria += " " + more
	}
	err = x.do(ctx, func() error {
		uids, err = x.c.Search(criteria)
		if !isSaid(err) {
			return err
		}
		if kind, _ := troubleOf(err); kind.ofAll() || more != "" {
			return err
		}
		uids, err = x.c.UIDs(from)
		if !since.IsZero() {
			uids = uids[max(0, len(uids)-batch):]
		}
		return err
	})
	if err != nil {
		return nil, x.s.explained(err)
	}
	// "n:*" names the newest mail even if that is below n.
	return slices.DeleteFunc(uids, func(uid uint32) bool { return uid < from }), nil
}

// mark flags a mail that was taken in.
func (x *session) mark(ctx context.Context, uid uint32, flag string) error {
	switch flag {
	case "seen":
		flag = `\Seen`
	case "flagged":
		flag = `\Flagged`
	}
	err := x.do(ctx, func() error { return x.c.Flag(uid, flag) })
	if isSaid(err) {
		x.s.log.Warn("the server does not take the mark for mail that was taken in", "flag", flag, "error", err)
		return nil
	}
	return err
}

// newFolder makes a folder of that name, below the personal namespace where the
// server wants it there, and returns its full name.
func (x *session) newFolder(ctx context.Context, name string) (string, error) {
	names := []string{name}
	if x.c.Has("NAMESPACE") {
		err := x.do(ctx, func() error {
			prefix, err := x.c.Namespace()
			if err == nil && prefix != "" {
				names = []string{prefix + name, name}
			}
			return err
		})
		if err != nil && !isSaid(err) {
			return "", err
		}
	}
	if names[0] == name {
		names = append(names, "INBOX."+name, "INBOX/"+name)
	}
	var err error
	for _, n := range names {
		err = x.do(ctx, func() error { return x.c.Create(n) })
		var said *wire.Said
		switch {
		case err == nil:
			return n, nil
		case errors.As(err, &said) && (said.Code == "ALREADYEXISTS" || strings.Contains(strings.ToLower(said.Text), "already exists")):
			return n, nil
		case !isSaid(err):
			return "", err
		}
	}
	return "", fmt.Errorf("make the folder %s: %w", name, err)
}
