// Package web calls Slack's Web API: with the app's token, at the pace that Slack
// asks for, and with errors marked for the bridge. It also reads messages and transfers
// files.
package web

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/slack-go/slack"
)

// The names of the functions that a workspace may switch off.
const (
	Private   = "private"
	Direct    = "direct"
	Entering  = "join"
	Reactions = "reactions"
	Files     = "files"
	Emoji     = "emoji"
	Groups    = "groups"
	Pins      = "pins"
	Addresses = "addresses"
)

// Settings say how to reach a workspace.
type Settings struct {
	BotToken  string
	AppToken  string   // for Socket Mode; empty: none
	APIURL    string   // ends in a slash
	Functions []string // those that are switched on; empty: all
}

// Client calls the Web API of one workspace. It is safe for several goroutines.
type Client struct {
	API  *slack.Client
	HTTP *http.Client // sends the token to the API alone

	Log *slog.Logger
	// Stall is how long the transfer of a file may stand still. It is set before use.
	Stall time.Duration

	settings Settings
	files    *http.Client
	pace     pace

	mu sync.Mutex
	me *Identity // nil: not asked for yet
}

// Identity is who we are in the workspace.
type Identity struct {
	Team, TeamName, User, Bot, URL string
	Enterprise                     string   // the organisation of the workspace on Enterprise Grid; empty: none
	Scopes                         []string // what the token may do; nil: the server does not tell
}

// New prepares a client; it sends nothing.
func New(s Settings, log *slog.Logger) *Client {
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, MaxIdleConns: 64, MaxIdleConnsPerHost: 64, IdleConnTimeout: 90 * time.Second,
		TLSHandshakeTimeout: 15 * time.Second, ForceAttemptHTTP2: true,
		DialContext: (&net.Dialer{Timeout: 15 * time.Second}).DialContext,
	}
	c := &Client{settings: s, Log: log, Stall: time.Minute, files: transfers(transport)}
	c.HTTP = &http.Client{Timeout: time.Minute, Transport: bearer{api: s.APIURL, token: s.BotToken, Transport: transport}}
	c.API = slack.New(s.BotToken, slack.OptionAppLevelToken(s.AppToken), slack.OptionAPIURL(s.APIURL), slack.OptionHTTPClient(c.HTTP))
	return c
}

// bearer adds the token as a header where slack-go puts it into the form alone:
// Slack's documentation shows the header, and some other servers of its API read
// nothing else.
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

// CloseIdle closes the connections that are not in use.
func (c *Client) CloseIdle() {
	c.HTTP.CloseIdleConnections()
	c.files.CloseIdleConnections()
}

// Uses reports whether a function is switched on.
func (c *Client) Uses(function string) bool {
	return len(c.settings.Functions) == 0 || slices.Contains(c.settings.Functions, function)
}

// Wait waits until a post may go to a channel.
func (c *Client) Wait(ctx context.Context, channel string) error { return c.pace.wait(ctx, channel) }

// Me returns who we are. It asks once.
func (c *Client) Me(ctx context.Context) (Identity, error) {
	c.mu.Lock()
	me := c.me
	c.mu.Unlock()
	if me != nil {
		return *me, nil
	}
	r, err := c.API.AuthTestContext(ctx)
	if err != nil {
		return Identity{}, fmt.Errorf("sign in to Slack: %w", Mark(err))
	}
	found := Identity{Team: r.TeamID, Enterprise: r.EnterpriseID, TeamName: r.Team, User: r.UserID, Bot: r.BotID, URL: r.URL}
	if list, told := r.Header["X-Oauth-Scopes"]; told {
		found.Scopes = []string{}
		for s := range strings.SplitSeq(strings.Join(list, ","), ",") {
			if s = strings.TrimSpace(s); s != "" {
				found.Scopes = append(found.Scopes, s)
			}
		}
	}
	c.Be(found)
	return found, nil
}

// Be says who we are, so that Slack is not asked.
func (c *Client) Be(me Identity) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.me = &me
}

// IsMe reports whether a user is the app's own.
func (c *Client) IsMe(ctx context.Context, user string) bool {
	me, err := c.Me(ctx)
	return err == nil && user != "" && user == me.User
}

// maxAnswer is how many bytes of an answer are read.
const maxAnswer = 64 << 20

// Call calls a method of the Web API. Its errors are marked. Unlike slack-go, it does
// not fail on a message with an unknown kind of block.
func (c *Client) Call(ctx context.Context, method string, form url.Values, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.settings.APIURL+method, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := c.HTTP.Do(req)
	if err != nil {
		return Mark(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusTooManyRequests {
		seconds, _ := time.ParseDuration(resp.Header.Get("Retry-After") + "s")
		return Mark(&slack.RateLimitedError{RetryAfter: seconds})
	}
	if resp.StatusCode != http.StatusOK {
		return Mark(slack.StatusCodeError{Code: resp.StatusCode, Status: resp.Status})
	}
	var all json.RawMessage
	if err := json.NewDecoder(http.MaxBytesReader(nil, resp.Body, maxAnswer)).Decode(&all); err != nil {
		return fmt.Errorf("read the answer of %s: %w", method, err)
	}
	var said slack.SlackResponse
	if err := json.Unmarshal(all, &said); err != nil {
		return fmt.Errorf("read the answer of %s: %w", method, err)
	}
	if !said.Ok {
		return Mark(slack.SlackErrorResponse{Err: said.Error, Needed: said.Needed, Provided: said.Provided, ResponseMetadata: said.ResponseMetadata})
	}
	return json.Unmarshal(all, into)
}
