package slack

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"hashsend/bridge/chat"
)

// Connector is a chat.Connector. It is safe for several goroutines.
type Connector struct {
	cfg  Config
	env  chat.Env
	http *http.Client
	api  *slack.Client
	pace pace

	files    *http.Client
	stall    time.Duration // how long the transfer of a file may stand still
	patience time.Duration // how long it is waited for a file to stand in its channel

	mu       sync.Mutex
	me       *identity // nil: not asked for yet
	people   map[string]person
	channels map[string]channel
	groups   map[string]string // names of user groups; nil: not asked for yet
	emoji    map[string]string // the workspace's own; nil: not asked for yet
	uploads  map[string]upload // by key: files that were shared, or may have been
	tried    map[string]bool   // keys that were sent, or may have been
	trouble  error
}

// Lacks tells what no app is told; see chat.Lacker.
func (c *Connector) Lacks() []string {
	return []string{"Slack does not tell apps who is typing: a mail does not wait for somebody who is still writing"}
}

// identity is who we are in the workspace.
type identity struct {
	Team, TeamName, User, Bot, App, URL string
	Scopes                              []string // what the token may do; nil: the server does not tell
}

// Open prepares a connector; it connects in Run.
func Open(cfg Config, env chat.Env) (*Connector, error) {
	if errs := cfg.Check(); len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	c := &Connector{
		cfg: cfg.withDefaults(), env: env,
		people: map[string]person{}, channels: map[string]channel{}, tried: map[string]bool{}, uploads: map[string]upload{},
		stall: time.Minute, patience: 20 * time.Second,
	}
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, MaxIdleConns: 64, MaxIdleConnsPerHost: 64, IdleConnTimeout: 90 * time.Second,
		TLSHandshakeTimeout: 15 * time.Second, ForceAttemptHTTP2: true,
		DialContext: (&net.Dialer{Timeout: 15 * time.Second}).DialContext,
	}
	c.http = &http.Client{Timeout: time.Minute, Transport: bearer{api: c.cfg.APIURL, token: cfg.BotToken, Transport: transport}}
	c.files = transfers(transport)
	c.api = slack.New(cfg.BotToken, slack.OptionAppLevelToken(cfg.AppToken), slack.OptionAPIURL(c.cfg.APIURL), slack.OptionHTTPClient(c.http))
	return c, nil
}

// bearer sends the token in the header too where slack-go puts it into the form
// alone: that is what Slack's documentation shows, and all that some other servers
// of its API read.
type bearer struct {
	api, token string
	*http.Transport
}

func (b bearer) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Header.Get("Authorization") == "" && strings.HasPrefix(req.URL.String(), b.api) {
		req = req.Clone(req.Context())
		req.Header.Set("Authorization", "Bearer "+b.token)
	}
	return b.Transport.RoundTrip(req)
}

// Name is its name in the configuration.
func (c *Connector) Name() string { return c.env.Name }

// Prompt is what a command begins with; see chat.Prompter. Slack allows no slash
// command inside a thread.
func (c *Connector) Prompt(p chat.Place) string {
	if p.Thread != "" {
		return "@hashsend"
	}
	return c.cfg.Command
}

// Limits are Slack's; see chat.Limiter. A longer message could not be edited.
func (c *Connector) Limits() chat.Limits {
	return chat.Limits{Chars: 3900, File: maxFile, Threads: true, NoFiles: !c.cfg.uses("files")}
}

// Trouble tells what is wrong with the connection; see chat.Doctor.
func (c *Connector) Trouble() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.trouble
}

func (c *Connector) setTrouble(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.trouble = err
}

// self returns who we are, asking once.
func (c *Connector) self(ctx context.Context) (identity, error) {
	c.mu.Lock()
	me := c.me
	c.mu.Unlock()
	if me != nil {
		return *me, nil
	}
	r, err := c.api.AuthTestContext(ctx)
	if err != nil {
		return identity{}, fmt.Errorf("ask Slack who we are: %w", mark(err))
	}
	me = &identity{Team: r.TeamID, TeamName: r.Team, User: r.UserID, Bot: r.BotID, URL: r.URL}
	if list, told := r.Header["X-Oauth-Scopes"]; told {
		me.Scopes = []string{}
		for s := range strings.SplitSeq(strings.Join(list, ","), ",") {
			if s = strings.TrimSpace(s); s != "" {
				me.Scopes = append(me.Scopes, s)
			}
		}
	}
	c.mu.Lock()
	c.me = me
	c.mu.Unlock()
	return *me, nil
}

// message ids name the channel, because a ts is unique only in its channel.
func messageID(channel, ts string) chat.MessageID { return chat.MessageID(channel + ":" + ts) }

// split takes a message id apart.
func split(id chat.MessageID) (channel, ts string) {
	channel, ts, _ = strings.Cut(string(id), ":")
	return channel, ts
}
