package slack

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
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"hashsend/bridge/chat"
	"hashsend/bridge/markup"
	"hashsend/bridge/retry"
)

const (
	maxFile   = 1 << 30          // bytes that Slack takes
	fresh     = 10 * time.Minute // how long Slack may take until a file can be read, or stands in its channel
	redirects = 5
)

// transfers is a client for files: no answer is waited for without end, but a
// large file may take its time. It follows no redirect by itself, so that the
// token goes nowhere unseen.
func transfers(base *http.Transport) *http.Client {
	t := base.Clone()
	t.ResponseHeaderTimeout = 2 * time.Minute
	return &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// OpenFile reads a file; see chat.Opener. Its address is asked for each time: it
// changes, and for files of other organisations it is told no other way.
func (c *Connector) OpenFile(ctx context.Context, f chat.File) (io.ReadCloser, error) {
	info, err := c.fileInfo(ctx, string(f.ID))
	if err != nil {
		return nil, fmt.Errorf("ask where the file is: %w", err)
	}
	at := info.Download
	if at == "" {
		at = info.Private
	}
	if at == "" || info.gone() {
		return nil, retry.Never(errors.New("this file is not given out by Slack: it was deleted, or may not be read"))
	}
	body, err := c.bytes(ctx, at, info)
	var asked *signIn
	if errors.As(err, &asked) && time.Since(time.Unix(info.Created, 0)) > fresh {
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

// signIn says that Slack showed a page to sign in instead of a file. It does so
// too while a file is not ready.
type signIn struct{}

func (*signIn) Error() string {
	return "Slack shows a page to sign in instead of the file; the app needs the scope files:read: hashsend slack manifest prints what it needs; update the app with it and install it again"
}

// bytes reads what stands at an address, following redirects by hand.
func (c *Connector) bytes(ctx context.Context, at string, info rawFile) (io.ReadCloser, error) {
	ctx, cancel := context.WithCancel(ctx)
	for range redirects {
		resp, err := c.get(ctx, at)
		if err != nil {
			cancel()
			return nil, err
		}
		switch {
		case resp.StatusCode == http.StatusOK:
			body := bufio.NewReader(resp.Body)
			first, err := body.Peek(512)
			if err != nil && !errors.Is(err, io.EOF) {
				resp.Body.Close()
				cancel()
				return nil, err
			}
			if isPage(first) && !info.isPage() {
				resp.Body.Close()
				cancel()
				return nil, &signIn{}
			}
			return &transfer{Reader: body, body: resp.Body, end: time.AfterFunc(c.stall, cancel), stall: c.stall, cancel: cancel}, nil
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
		switch {
		case resp.StatusCode == http.StatusTooManyRequests:
			seconds, _ := strconv.Atoi(resp.Header.Get("Retry-After")) //nolint:errcheck // 0: a pause of our own
			return nil, retry.After(errors.New("wait, as Slack asks"), time.Duration(max(seconds, 5))*time.Second)
		case resp.StatusCode == http.StatusNotFound, resp.StatusCode == http.StatusGone, resp.StatusCode == http.StatusForbidden:
			return nil, retry.Never(fmt.Errorf("the file is not there any more, or may not be read (%s)", resp.Status))
		}
		return nil, fmt.Errorf("the answer is %s", resp.Status)
	}
	cancel()
	return nil, errors.New("the addresses that Slack gives lead from one to the next")
}

func (c *Connector) get(ctx context.Context, at string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return nil, err
	}
	if c.mayHaveToken(req.URL) {
		req.Header.Set("Authorization", "Bearer "+c.cfg.BotToken)
	}
	return c.files.Do(req)
}

// mayHaveToken reports whether an address is one of Slack's own, or of the server
// that the settings name.
func (c *Connector) mayHaveToken(u *url.URL) bool {
	host := strings.ToLower(u.Hostname())
	if u.Scheme == "https" {
		for _, own := range []string{"slack.com", "slack-gov.com"} {
			if host == own || strings.HasSuffix(host, "."+own) {
				return true
			}
		}
	}
	api, err := url.Parse(c.cfg.APIURL)
	return err == nil && u.Scheme == api.Scheme && strings.EqualFold(u.Host, api.Host)
}

// isPage reports whether bytes begin a page of HTML.
func isPage(first []byte) bool {
	first = bytes.ToLower(bytes.TrimLeft(first, "\ufeff \t\r\n"))
	return bytes.HasPrefix(first, []byte("<!doctype html")) || bytes.HasPrefix(first, []byte("<html"))
}

// transfer ends when it stands still.
type transfer struct {
	io.Reader
	body   io.Closer
	end    *time.Timer
	stall  time.Duration
	cancel func() // nil: whoever made the request ends it
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

// fileInfo asks what is known of a file.
func (c *Connector) fileInfo(ctx context.Context, id string) (rawFile, error) {
	var answer struct {
		File rawFile `json:"file"`
	}
	err := c.call(ctx, "files.info", url.Values{"file": {id}}, &answer)
	var odd *json.UnmarshalTypeError
	if errors.As(err, &odd) {
		err = nil
	}
	return answer.File, err
}

// SendFile uploads a file and shares it; see chat.Filer. Slack shows no name of
// ours at files, so the author's stands in the comment. The key is the id of the
// comment's block, which people do not see: an earlier attempt, also one before a
// restart, is found by it once the file stands in the channel. Slack looks a file
// through before that; within one run of the program nothing is uploaded again
// until that has had ten minutes.
func (c *Connector) SendFile(ctx context.Context, m chat.Outgoing, f chat.Attachment) (chat.MessageID, error) {
	switch {
	case m.Place.Room == "":
		return "", retry.Never(errors.New("share a file: no channel is named"))
	case !c.cfg.uses("files"):
		return "", retry.Never(errors.New("share a file: files are not among the functions of the app"))
	case f.Size <= 0:
		return "", retry.Never(errors.New("share a file: Slack takes no empty file"))
	case f.Size > maxFile:
		return "", retry.Never(errors.New("share a file: Slack takes at most 1 GB"))
	}
	under, channel := thread(m), string(m.Place.Room)
	p := chat.Place{Room: m.Place.Room, Thread: chat.ThreadID(under)}
	if c.again(m.Key) {
		if id, found, err := c.Find(ctx, p, m.Key, time.Now().Add(-time.Hour)); err != nil || found {
			return id, err
		}
		if up, is := c.uploaded(m.Key); is && time.Since(up.at) < fresh {
			return c.whereShared(ctx, p, m.Key, up.file)
		}
	}
	file, err := c.upload(ctx, f)
	if err != nil {
		return "", fmt.Errorf("upload a file: %w", err)
	}
	if err := c.pace.wait(ctx, channel); err != nil {
		return "", err
	}
	_, err = c.api.CompleteUploadExternalContext(ctx, slack.CompleteUploadExternalParameters{
		Files: []slack.FileSummary{{ID: file, Title: f.Name}}, Channel: channel, ThreadTimestamp: under, Blocks: slack.Blocks{BlockSet: caption(m, f, c.mentionable(ctx, channel, m))},
	})
	if says(err, "file_not_found") {
		return "", fmt.Errorf("share a file: its bytes did not arrive: %s", err.Error())
	}
	err = mark(err)
	if err == nil || retry.IsUnclear(err) {
		c.mu.Lock()
		if len(c.uploads) > 10000 {
			clear(c.uploads)
		}
		c.uploads[m.Key] = upload{file, time.Now()}
		c.mu.Unlock()
	}
	if err != nil {
		return "", fmt.Errorf("share a file: %w", err)
	}
	return c.whereShared(ctx, p, m.Key, file)
}

// upload is a file that was shared, or may have been.
type upload struct {
	file string
	at   time.Time
}

func (c *Connector) uploaded(key string) (upload, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	up, is := c.uploads[key]
	return up, is
}

// blockKey begins the id of the block by which a file of ours is found again.
const blockKey = "hs."

// caption says who a file is from, and what was said with it.
func caption(m chat.Outgoing, f chat.Attachment, members markup.Names) []slack.Block {
	said := m.Body.HTML
	if said == "" {
		said = markup.FromText(m.Body.Text)
	}
	name := m.As.Name
	if name == "" && m.Body.Text == "" {
		name = f.Name
	}
	if name != "" {
		said = "<p><strong>" + markup.FromText(name) + "</strong></p>" + said
		m.Body.Text = strings.TrimSpace(name + "\n" + m.Body.Text)
	}
	m.Body.HTML, m.Kind, m.Choices = markup.Sanitise(said), chat.Said, nil
	blocks, _ := content(m, members)
	if len(blocks) > 0 {
		if b, is := blocks[0].(*slack.RichTextBlock); is {
			b.BlockID = blockKey + m.Key
			return blocks
		}
	}
	section := slack.NewSectionBlock(plainText(m.Body.Text, 2900), nil, nil)
	section.BlockID = blockKey + m.Key
	return []slack.Block{section}
}

// keyOf is the key that our blocks carry; empty: none.
func keyOf(blocks json.RawMessage) string {
	var all []struct {
		ID string `json:"block_id"`
	}
	json.Unmarshal(blocks, &all) //nolint:errcheck // none then
	for _, b := range all {
		if key, is := strings.CutPrefix(b.ID, blockKey); is {
			return key
		}
	}
	return ""
}

// upload brings the bytes to Slack. Nobody sees anything yet: whatever goes wrong,
// it can be done again.
func (c *Connector) upload(ctx context.Context, f chat.Attachment) (id string, err error) {
	up, err := c.api.GetUploadURLExternalContext(ctx, slack.GetUploadURLExternalParameters{FileName: f.Name, FileSize: int(f.Size)})
	if err = mark(err); err != nil {
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
	from := &transfer{Reader: body, body: body, end: time.AfterFunc(c.stall, cancel), stall: c.stall}
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
		return "", fmt.Errorf("the answer to the bytes is %s", resp.Status)
	}
	return up.FileID, nil
}

// ownFiles are the ids of the files in a message of ours. A message that cannot be
// read counts as one without.
func (c *Connector) ownFiles(ctx context.Context, p chat.Place, of chat.MessageID) (ids []string) {
	if !c.cfg.uses("files") {
		return nil
	}
	channel, ts := split(of)
	method, form := "conversations.history", url.Values{"channel": {channel}, "latest": {ts}, "oldest": {ts}, "inclusive": {"true"}, "limit": {"2"}}
	if p.Thread != "" {
		method = "conversations.replies"
		form.Set("ts", string(p.Thread))
	}
	messages, _, err := c.page(ctx, method, form)
	if err != nil && !gone(ctx) {
		c.env.Log.Warn("the files of a message that is taken back could not be asked for", "error", err)
	}
	for _, raw := range messages {
		if e, err := read(raw); err == nil && e.TS == ts && c.isSelf(ctx, e.user()) {
			for _, f := range e.Files {
				ids = append(ids, f.ID)
			}
		}
	}
	return ids
}

// whereShared waits until a file stands in its channel, and returns the message.
func (c *Connector) whereShared(ctx context.Context, p chat.Place, key, file string) (chat.MessageID, error) {
	pause := 100 * time.Millisecond
	for end := time.Now().Add(c.patience); ; pause = min(2*pause, 3*time.Second) {
		info, err := c.fileInfo(ctx, file)
		switch {
		case err == nil:
			for _, all := range []map[string][]fileShare{info.Shares.Public, info.Shares.Private} {
				if at := all[string(p.Room)]; len(at) > 0 && at[0].TS != "" {
					return messageID(string(p.Room), at[0].TS), nil
				}
			}
		case says(err, "missing_scope"):
			if id, found, err := c.Find(ctx, p, key, time.Now().Add(-time.Hour)); err != nil || found {
				return id, err
			}
		default:
			if asked, is := retry.Pause(err); is {
				pause = asked
			}
		}
		if time.Now().Add(pause).After(end) {
			return "", retry.Unclear(errors.New("the file is with Slack and not shown in the channel yet"))
		}
		if !retry.Sleep(ctx, pause) {
			return "", retry.Unclear(ctx.Err())
		}
	}
}

// gone reports that there is nothing of a file to be had.
func (f rawFile) gone() bool {
	return slices.Contains([]string{"tombstone", "hidden_by_limit"}, f.Mode) || slices.Contains([]string{"access_denied", "file_not_found"}, f.Access)
}

// isPage reports whether a file is a page of HTML itself.
func (f rawFile) isPage() bool {
	return strings.HasPrefix(f.Type, "text/html") || f.Filetype == "html" || strings.HasSuffix(strings.ToLower(f.Name), ".html") || strings.HasSuffix(strings.ToLower(f.Name), ".htm")
}
