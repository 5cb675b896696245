package matrix

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/id"

	"hashsend/bridge/chat"
	"hashsend/bridge/retry"
)

// Connector is a chat.Connector. It is safe for several goroutines.
type Connector struct {
	cfg   Config
	env   chat.Env
	http  *http.Client
	files *http.Client // for files, which may take their time
	zlog  zerolog.Logger

	pushed  atomic.Bool  // the homeserver pushes deletions
	fetched atomic.Bool  // deletions, or who types, came over /sync
	closed  atomic.Bool  // an application service may not read with /sync
	members atomic.Bool  // the homeserver gives files to those who are logged in
	asked   atomic.Bool  // maxFile is what the homeserver says
	maxFile atomic.Int64 // bytes of a file; 0: unknown

	keys   keys // encryption
	pushes pushes

	mu       sync.Mutex
	unheard  error  // why nothing arrives from the homeserver; nil: it does, or nobody knows
	token    string // of the plain account
	clients  map[id.UserID]*mautrix.Client
	calls    map[nameKey]time.Time     // when somebody was last said to call
	names    map[nameKey]string        // what people are called
	shown    map[id.UserID]string      // display name that a ghost was given
	via      map[id.RoomID]string      // a server that knows a room that we may be about to enter
	joined   map[nameKey]bool          // rooms that a ghost is in
	uploads  map[string]map[string]any // by transaction: files whose message does not stand yet
	botKnown bool                      // our own user is registered, or is the one that the token was made for
}

type nameKey struct {
	room id.RoomID
	user id.UserID
}

// Open prepares a connector; it connects in Run.
func Open(cfg Config, env chat.Env) (*Connector, error) {
	if errs := cfg.Check(); len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, MaxIdleConns: 64, MaxIdleConnsPerHost: 64, IdleConnTimeout: 90 * time.Second,
		TLSHandshakeTimeout: 15 * time.Second, ForceAttemptHTTP2: true, ResponseHeaderTimeout: 2 * time.Minute,
		DialContext: (&net.Dialer{Timeout: 15 * time.Second}).DialContext,
	}
	c := &Connector{
		cfg: cfg.withDefaults(), env: env, token: cfg.AccessToken,
		http: &http.Client{Timeout: 3 * time.Minute, Transport: transport}, files: &http.Client{Transport: transport},
		zlog:    zerolog.New(logWriter{env.Log}).Level(zerolog.WarnLevel),
		clients: map[id.UserID]*mautrix.Client{}, names: map[nameKey]string{}, shown: map[id.UserID]string{}, joined: map[nameKey]bool{}, via: map[id.RoomID]string{}, uploads: map[string]map[string]any{},
		pushes: pushes{checked: map[chat.RoomID]bool{}},
	}
	return c, nil
}

// Name is its name in the configuration.
func (c *Connector) Name() string { return c.env.Name }

// Run receives until ctx ends; see chat.Connector.
func (c *Connector) Run(ctx context.Context, cursor string, handle chat.Handler) error {
	defer c.http.CloseIdleConnections()
	if c.cfg.AppService != nil {
		return c.serve(ctx, cursor, handle)
	}
	return c.sync(ctx, cursor, handle)
}

// client returns the client that acts as a user.
func (c *Connector) client(user id.UserID) (*mautrix.Client, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if cl := c.clients[user]; cl != nil {
		return cl, nil
	}
	token := c.token
	if c.cfg.AppService != nil {
		token = c.cfg.AppService.ASToken
	}
	cl, err := mautrix.NewClient(c.cfg.Homeserver, user, token)
	if err != nil {
		return nil, retry.Never(fmt.Errorf("address of the homeserver: %w", err))
	}
	cl.Client = c.http
	cl.Log = c.zlog
	cl.UserAgent = "hashsend"
	cl.SetAppServiceUserID = c.cfg.AppService != nil
	cl.IgnoreRateLimit = true // the bridge waits, so that its order is kept
	cl.DefaultHTTPRetries = 0
	cl.ResponseSizeLimit = 64 << 20
	c.clients[user] = cl
	return cl, nil
}

// get asks the homeserver for something, once.
func (c *Connector) get(ctx context.Context, cl *mautrix.Client, path mautrix.ClientURLPath, query map[string]string, into any) error {
	_, err := cl.MakeFullRequest(ctx, mautrix.FullRequest{
		Method: http.MethodGet, URL: cl.BuildURLWithQuery(path, query), ResponseJSON: into, MaxAttempts: 1,
	})
	return mark(err)
}

// bot returns the client of our own user, which is registered or logged in first.
func (c *Connector) bot(ctx context.Context) (*mautrix.Client, error) {
	if c.cfg.AppService != nil {
		if err := c.registerBot(ctx); err != nil {
			return nil, err
		}
	} else if err := c.logIn(ctx); err != nil {
		return nil, err
	}
	return c.client(c.cfg.bot())
}

// logIn gets an access token by the password, where none is given. The device is
// the same at every login, so that none pile up.
func (c *Connector) logIn(ctx context.Context) error {
	c.mu.Lock()
	in := c.token != ""
	c.mu.Unlock()
	if in {
		return nil
	}
	device := c.deviceName(ctx) // not under the lock: who works with keys may wait for it
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.token != "" {
		return nil
	}
	cl, err := mautrix.NewClient(c.cfg.Homeserver, "", "")
	if err != nil {
		return err
	}
	cl.Client, cl.Log, cl.IgnoreRateLimit = c.http, c.zlog, true
	resp, err := cl.Login(ctx, &mautrix.ReqLogin{
		Type: mautrix.AuthTypePassword, Password: c.cfg.Password, DeviceID: device, InitialDeviceDisplayName: "hashsend",
		Identifier: mautrix.UserIdentifier{Type: mautrix.IdentifierTypeUser, User: c.cfg.UserID},
	})
	if err != nil {
		return &loginError{c.cfg.UserID, mark(err)}
	}
	c.token = resp.AccessToken
	return nil
}

// loginError is a failed login.
type loginError struct {
	user string
	err  error
}

func (l *loginError) Error() string {
	return fmt.Sprintf("log in as %s (check user_id and password): %v", l.user, l.err)
}

func (l *loginError) Unwrap() error { return l.err }

// loggedOut forgets a token that the homeserver does not know any more. It
// reports whether there is a password for a new one.
func (c *Connector) loggedOut() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cfg.Password == "" {
		return false
	}
	c.token = ""
	clear(c.clients)
	c.keys.forget()
	return true
}

func (c *Connector) registerBot(ctx context.Context) error {
	c.mu.Lock()
	made := c.botKnown
	c.mu.Unlock()
	if made {
		return nil
	}
	if err := c.register(ctx, c.cfg.bot()); err != nil {
		return fmt.Errorf("register %s: %w", c.cfg.bot(), err)
	}
	c.mu.Lock()
	c.botKnown = true
	c.mu.Unlock()
	return nil
}

// register makes a user of ours on the homeserver, if it is not there yet.
func (c *Connector) register(ctx context.Context, user id.UserID) error {
	cl, err := mautrix.NewClient(c.cfg.Homeserver, "", c.cfg.AppService.ASToken)
	if err != nil {
		return err
	}
	cl.Client, cl.Log, cl.IgnoreRateLimit = c.http, c.zlog, true
	_, err = cl.MakeRequest(ctx, http.MethodPost, cl.BuildClientURL("v3", "register"), map[string]any{
		"type": "m.login.application_service", "username": user.Localpart(), "inhibit_login": true,
	}, nil)
	if errors.Is(err, mautrix.MUserInUse) {
		return nil
	}
	return mark(err)
}

// whoAmI asks the homeserver who we are; used to check the configuration.
func (c *Connector) whoAmI(ctx context.Context) (id.UserID, error) {
	cl, err := c.bot(ctx)
	if err != nil {
		return "", err
	}
	resp, err := cl.Whoami(ctx)
	if err != nil {
		return "", mark(err)
	}
	return resp.UserID, nil
}

// Check tries the connection and returns our own user id.
func (c *Connector) Check(ctx context.Context) (string, error) {
	user, err := c.whoAmI(ctx)
	return string(user), err
}
