package web

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"hashsend/bridge/chat"
	"hashsend/bridge/retry"
	"hashsend/connectors/slack/wire"
)

const (
	// MaxFile is the size in bytes of the largest file that Slack takes.
	MaxFile = 1 << 30
	// Fresh is how long Slack may take until a file can be read, or is shown in its
	// channel.
	Fresh     = 10 * time.Minute
	redirects = 5
)

// transfers is a client for files. It waits only so long for an answer, but a large
// file may take its time. It follows no redirect by itself, so that the token is
// never sent to an address that was not checked.
func transfers(base *http.Transport) *http.Client {
	t := base.Clone()
	t.ResponseHeaderTimeout = 2 * time.Minute
	return &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// FileInfo asks what is known of a file.
func (c *Client) FileInfo(ctx context.Context, id string) (wire.File, error) {
	var answer struct {
		File wire.File `json:"file"`
	}
	err := c.Call(ctx, "files.info", url.Values{"file": {id}}, &answer)
	var odd *json.UnmarshalTypeError
	if errors.As(err, &odd) {
		err = nil
	}
	return answer.File, err
}

// OpenFile reads a file; see chat.Opener. It asks for the address each time: the
// address changes, and for files of other organisations it is told no other way.
func (c *Client) OpenFile(ctx context.Context, f chat.File) (io.ReadCloser, error) {
	info, err := c.FileInfo(ctx, string(f.ID))
	if err != nil {
		return nil, fmt.Errorf("look up the file: %w", err)
	}
	at := info.Download
	if at == "" {
		at = info.Private
	}
	if at == "" || info.Gone() {
		return nil, retry.Never(errors.New("Slack doesn't provide this file: it was deleted, or the app may not read it"))
	}
	body, err := c.download(ctx, at, info)
	var asked *signIn
	if errors.As(err, &asked) && time.Since(time.Unix(info.Created, 0)) > Fresh {
		return nil, retry.Never(fmt.Errorf("read the file: %w", err))
	}
	if asked != nil {
		return nil, retry.After(fmt.Errorf("read the file: %w", err), 5*time.Second)
	}
	if err != nil {
		return nil, fmt.Errorf("read the file: %w", err)
	}
	return body, nil
}

// signIn says that Slack showed its sign-in page instead of a file. It does so too
// while a file is not ready.
type signIn struct{}

func (*signIn) Error() string {
	return "Slack shows its sign-in page instead of the file: the app needs the scope files:read; update it with the output of `hashsend slack manifest` and install it again"
}

// download reads the file at an address. It follows redirects itself.
func (c *Client) download(ctx context.Context, at string, info wire.File) (io.ReadCloser, error) {
	ctx, cancel := context.WithCancel(ctx)
	for range redirects {
		resp, err := c.get(ctx, at)
		if err != nil {
			cancel()
			return nil, err
		}
		switch {
		case resp.StatusCode == http.StatusOK:
			body, err := c.begin(resp, info, cancel)
			if err != nil {
				resp.Body.Close()
				cancel()
			}
			return body, err
		case resp.StatusCode >= 300 && resp.StatusCode < 400:
			next, err := resp.Location()
			resp.Body.Close()
			if err != nil || next.Query().Has("redir") {
				cancel()
				return nil, &signIn{}
			}
			at = next.String()
			continue
		}
		resp.Body.Close()
		cancel()
		return nil, refusal(resp)
	}
	cancel()
	return nil, errors.New("Slack redirects too often")
}

// begin starts the transfer of an answer, unless it is a sign-in page. On an error
// the caller ends the answer.
func (c *Client) begin(resp *http.Response, info wire.File, cancel func()) (io.ReadCloser, error) {
	body := bufio.NewReader(resp.Body)
	first, err := body.Peek(512)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if isPage(first) && !info.IsPage() {
		return nil, &signIn{}
	}
	return &transfer{Reader: body, body: resp.Body, end: time.AfterFunc(c.Stall, cancel), stall: c.Stall, cancel: cancel}, nil
}

// refusal makes an error of an answer that is neither a file nor a redirect.
func refusal(resp *http.Response) error {
	switch resp.StatusCode {
	case http.StatusTooManyRequests:
		seconds, _ := strconv.Atoi(resp.Header.Get("Retry-After")) //nolint:errcheck // 0: a pause of our own
		return retry.After(errors.New("Slack asks for a pause"), time.Duration(max(seconds, 5))*time.Second)
	case http.StatusNotFound, http.StatusGone, http.StatusForbidden:
		return retry.Never(fmt.Errorf("the file is gone, or the app may not read it (%s)", resp.Status))
	}
	return fmt.Errorf("Slack answered %s", resp.Status)
}

func (c *Client) get(ctx context.Context, at string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return nil, err
	}
	if c.mayHaveToken(req.URL) {
		req.Header.Set("Authorization", "Bearer "+c.settings.BotToken)
	}
	return c.files.Do(req)
}

// mayHaveToken reports whether an address is one of Slack's own, or of the server
// that the settings name.
func (c *Client) mayHaveToken(u *url.URL) bool {
	host := strings.ToLower(u.Hostname())
	if u.Scheme == "https" {
		for _, own := range []string{"slack.com", "slack-gov.com"} {
			if host == own || strings.HasSuffix(host, "."+own) {
				return true
			}
		}
	}
	api, err := url.Parse(c.settings.APIURL)
	return err == nil && u.Scheme == api.Scheme && strings.EqualFold(u.Host, api.Host)
}

// isPage reports whether bytes begin an HTML page.
func isPage(first []byte) bool {
	first = bytes.ToLower(bytes.TrimLeft(first, "\ufeff \t\r\n"))
	return bytes.HasPrefix(first, []byte("<!doctype html")) || bytes.HasPrefix(first, []byte("<html"))
}

// transfer is a body that ends when no bytes move for a while.
type transfer struct {
	io.Reader
	body   io.Closer
	end    *time.Timer
	stall  time.Duration
	cancel func() // nil: the caller ends the request
}

func (t *transfer) Read(p []byte) (int, error) {
	n, err := t.Reader.Read(p)
	t.end.Reset(t.stall)
	return n, err
}

func (t *transfer) Close() error {
	t.end.Stop()
	err := t.body.Close()
	if t.cancel != nil {
		t.cancel()
	}
	return err
}

// Upload brings the bytes of a file to Slack and returns the file's id. Nobody sees
// anything yet: it can be done again after any error.
func (c *Client) Upload(ctx context.Context, f chat.Attachment) (id string, err error) {
	up, err := c.API.GetUploadURLExternalContext(ctx, slack.GetUploadURLExternalParameters{FileName: f.Name, FileSize: int(f.Size)})
	if err = Mark(err); err != nil {
		if retry.IsUnclear(err) {
			err = errors.Unwrap(err)
		}
		return "", err
	}
	body, err := f.Open(ctx)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	from := &transfer{Reader: body, body: body, end: time.AfterFunc(c.Stall, cancel), stall: c.Stall}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, up.UploadURL, from)
	if err != nil {
		return "", errors.Join(err, from.Close())
	}
	req.ContentLength = f.Size
	req.Header.Set("Content-Type", "application/octet-stream")
	resp, err := c.files.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("Slack answered the upload with %s", resp.Status)
	}
	return up.FileID, nil
}
