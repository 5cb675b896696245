// Package homeserver is the connection to a Matrix homeserver: it signs in, has a client
// for each of our users, and tells what the homeserver's errors mean.
package homeserver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/id"

	"hashsend/bridge/retry"
	"hashsend/connectors/matrix/matrixtext"
)

// Options say which homeserver it is, and who we are there. Service or UserID is set.
type Options struct {
	URL         string
	Users       matrixtext.Users
	Service     *Service
	UserID      string // of a plain account
	AccessToken string // of that account
	Password    string // of that account, instead of an access token
	// Device returns the device to sign in as. It is the same each time, so that sign-ins
	// do not leave devices behind.
	Device func(context.Context) id.DeviceID
	// Transport sends the requests; nil: over the network.
	Transport http.RoundTripper
}

// Service is an application service, as its registration file names it.
type Service struct {
	ID, Token string
}

// Server is a homeserver. It is safe for several goroutines.
type Server struct {
	Users matrixtext.Users
	Log   zerolog.Logger // for mautrix
	Files *http.Client   // for files, which may take any time

	options Options
	http    *http.Client

	mu      sync.Mutex
	token   string // of the plain account; empty: not signed in
	lost    int    // how often a sign-in was lost
	clients map[id.UserID]*mautrix.Client
	known   bool // the bot is registered, or the token was found to be its own
}

// New returns a homeserver. Nothing is sent to it yet.
func New(o Options, log *slog.Logger) *Server {
	transport := o.Transport
	if transport == nil {
		transport = &http.Transport{
			Proxy: http.ProxyFromEnvironment, MaxIdleConns: 64, MaxIdleConnsPerHost: 64, IdleConnTimeout: 90 * time.Second,
			TLSHandshakeTimeout: 15 * time.Second, ForceAttemptHTTP2: true, ResponseHeaderTimeout: 2 * time.Minute,
			DialContext: (&net.Dialer{Timeout: 15 * time.Second}).DialContext,
		}
	}
	return &Server{
		Users: o.Users, Log: zerolog.New(logWriter{log}).Level(zerolog.WarnLevel), Files: &http.Client{Transport: transport},
		options: o, http: &http.Client{Timeout: 3 * time.Minute, Transport: transport},
		token: o.AccessToken, clients: map[id.UserID]*mautrix.Client{},
	}
}

// Close closes the connections that are idle.
func (s *Server) Close() { s.http.CloseIdleConnections() }

// IsService reports whether we are an application service: each participant has a ghost.
func (s *Server) IsService() bool { return s.options.Service != nil }

// As returns the client of one of an application service's users.
func (s *Server) As(user id.UserID) (*mautrix.Client, error) {
	if !s.IsService() {
		return nil, retry.Never(fmt.Errorf("a plain account cannot act as %s", user))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.client(user, s.options.Service.Token)
}

// client returns the client of a user with a token; mu is held.
func (s *Server) client(user id.UserID, token string) (*mautrix.Client, error) {
	if cl := s.clients[user]; cl != nil {
		return cl, nil
	}
	cl, err := s.Client(user, token)
	if err != nil {
		return nil, err
	}
	cl.SetAppServiceUserID = s.IsService()
	s.clients[user] = cl
	return cl, nil
}

// Client returns a new client with an access token. The bridge decides about repeats and
// pauses, so that its order is kept: the client sends each request once.
func (s *Server) Client(user id.UserID, token string) (*mautrix.Client, error) {
	cl, err := mautrix.NewClient(s.options.URL, user, token)
	if err != nil {
		return nil, retry.Never(fmt.Errorf("address of the homeserver: %w", err))
	}
	cl.Client, cl.Log, cl.UserAgent = s.http, s.Log, "hashsend"
	cl.IgnoreRateLimit, cl.DefaultHTTPRetries, cl.ResponseSizeLimit = true, 0, 64<<20
	return cl, nil
}

// Get sends one GET request and reads the answer into a value.
func (s *Server) Get(ctx context.Context, cl *mautrix.Client, path mautrix.ClientURLPath, query map[string]string, into any) error {
	_, err := cl.MakeFullRequest(ctx, mautrix.FullRequest{
		Method: http.MethodGet, URL: cl.BuildURLWithQuery(path, query), ResponseJSON: into, MaxAttempts: 1,
	})
	return Mark(err)
}

// Bot returns the client of our own user, which is registered or signed in first.
func (s *Server) Bot(ctx context.Context) (*mautrix.Client, error) {
	if s.IsService() {
		if err := s.RegisterBot(ctx); err != nil {
			return nil, err
		}
		return s.As(s.Users.Bot)
	}
	for {
		s.mu.Lock()
		if s.token != "" {
			defer s.mu.Unlock()
			return s.client(s.Users.Bot, s.token)
		}
		s.mu.Unlock()
		if err := s.signIn(ctx, s.options.Device(ctx)); err != nil {
			return nil, err
		}
	}
}

// signIn gets an access token with the password, if there is none.
func (s *Server) signIn(ctx context.Context, device id.DeviceID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.token != "" {
		return nil
	}
	cl, err := s.Client("", "")
	if err != nil {
		return err
	}
	resp, err := cl.Login(ctx, &mautrix.ReqLogin{
		Type: mautrix.AuthTypePassword, Password: s.options.Password, DeviceID: device, InitialDeviceDisplayName: "hashsend",
		Identifier: mautrix.UserIdentifier{Type: mautrix.IdentifierTypeUser, User: s.options.UserID},
	})
	if err != nil {
		return &SignInError{s.options.UserID, Mark(err)}
	}
	s.token = resp.AccessToken
	return nil
}

// SignInError is a failed sign-in with a password.
type SignInError struct {
	user string
	err  error
}

func (e *SignInError) Error() string {
	return fmt.Sprintf("sign in as %s (check user_id and password): %v", e.user, e.err)
}

func (e *SignInError) Unwrap() error { return e.err }

// SignedOut forgets a token that the homeserver no longer accepts. It returns false when
// there is no password to get a new one with.
func (s *Server) SignedOut() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.options.Password == "" {
		return false
	}
	s.token = ""
	clear(s.clients)
	s.lost++
	return true
}

// Lost is how often a sign-in was lost: clients from before are of no use.
func (s *Server) Lost() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lost
}

// Confirm answers a request that the homeserver asks us to confirm with our password;
// nil: there is none.
func (s *Server) Confirm(ask *mautrix.RespUserInteractive) any {
	if s.options.Password == "" {
		return nil
	}
	return &mautrix.ReqUIAuthLogin{
		BaseAuthData: mautrix.BaseAuthData{Type: mautrix.AuthTypePassword, Session: ask.Session}, User: s.options.UserID, Password: s.options.Password,
	}
}

// RegisterBot creates the bot of an application service, once in a run.
func (s *Server) RegisterBot(ctx context.Context) error {
	s.mu.Lock()
	known := s.known
	s.mu.Unlock()
	if known {
		return nil
	}
	if err := s.Register(ctx, s.Users.Bot); err != nil {
		return fmt.Errorf("register %s: %w", s.Users.Bot, err)
	}
	s.mu.Lock()
	s.known = true
	s.mu.Unlock()
	return nil
}

// Register creates a user of an application service, if it does not exist yet.
func (s *Server) Register(ctx context.Context, user id.UserID) error {
	cl, err := s.Client("", s.options.Service.Token)
	if err != nil {
		return err
	}
	_, err = cl.MakeRequest(ctx, http.MethodPost, cl.BuildClientURL("v3", "register"), map[string]any{
		"type": "m.login.application_service", "username": user.Localpart(), "inhibit_login": true,
	}, nil)
	if errors.Is(err, mautrix.MUserInUse) {
		return nil
	}
	return Mark(err)
}

// WhoAmI asks the homeserver who we are.
func (s *Server) WhoAmI(ctx context.Context) (id.UserID, error) {
	cl, err := s.Bot(ctx)
	if err != nil {
		return "", err
	}
	resp, err := cl.Whoami(ctx)
	if err != nil {
		return "", Mark(err)
	}
	return resp.UserID, nil
}

// ErrOtherUser is a token that belongs to another user than the configured one.
var ErrOtherUser = errors.New("the access token belongs to another user: set user_id to the user it was made for")

// SameUser checks, once in a run, that a plain account's token belongs to user_id:
// otherwise we would reply to our own messages.
func (s *Server) SameUser(ctx context.Context) error {
	s.mu.Lock()
	known := s.known
	s.mu.Unlock()
	if known {
		return nil
	}
	user, err := s.WhoAmI(ctx)
	if err != nil {
		return fmt.Errorf("ask who we are: %w", err)
	}
	if user != s.Users.Bot {
		return fmt.Errorf("%w: user_id is %s, the token is for %s", ErrOtherUser, s.Users.Bot, user)
	}
	s.mu.Lock()
	s.known = true
	s.mu.Unlock()
	return nil
}

// Answers asks the homeserver for nothing in particular. The error is nil if it answers.
func (s *Server) Answers(ctx context.Context) error {
	cl, err := s.Client("", "")
	if err != nil {
		return err
	}
	_, err = cl.Versions(ctx)
	return Mark(err)
}

// PingService asks the homeserver to reach the application service.
func (s *Server) PingService(ctx context.Context) error {
	cl, err := s.Bot(ctx)
	if err != nil {
		return err
	}
	_, err = cl.AppservicePing(ctx, s.options.Service.ID, "hashsend")
	return err
}
