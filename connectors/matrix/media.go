package matrix

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"hashsend/bridge/chat"
	"hashsend/bridge/retry"
)

// stall is how long a file may stand still on its way. The whole of it may take
// any time.
const stall = time.Minute

var errStalled = errors.New("the file stands still on its way")

// OpenFile reads a file that was posted, decrypted where it is encrypted; see
// chat.Opener. That an encrypted file is whole and unchanged is known at its end:
// there the last Read fails otherwise.
func (c *Connector) OpenFile(ctx context.Context, f chat.File) (io.ReadCloser, error) {
	uri, secret, err := parseFileID(f.ID)
	if err != nil {
		return nil, retry.Never(fmt.Errorf("address of the file: %w", err))
	}
	cl, err := c.bot(ctx)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	r, err := c.download(ctx, cl, uri)
	if err != nil {
		cancel(nil)
		return nil, fmt.Errorf("fetch the file: %w", err)
	}
	watched := &watched{ReadCloser: r, ctx: ctx, cancel: cancel}
	if secret == nil {
		return watched, nil
	}
	return plaintext(watched, secret)
}

// download asks for a file where this homeserver has it: for those who are logged
// in since Matrix 1.11, else where everybody may read.
func (c *Connector) download(ctx context.Context, cl *mautrix.Client, uri id.ContentURI) (io.ReadCloser, error) {
	get := func(u string) (io.ReadCloser, error) {
		_, resp, err := cl.MakeFullRequestWithResp(ctx, mautrix.FullRequest{Method: http.MethodGet, URL: u, DontReadResponse: true, MaxAttempts: 1, Client: c.files})
		if err != nil {
			return nil, err
		}
		return resp.Body, nil
	}
	members, err := c.mediaForMembers(ctx, cl)
	if err != nil {
		return nil, markRead(err)
	}
	if members {
		r, err := get(cl.BuildClientURL("v1", "media", "download", uri.Homeserver, uri.FileID))
		if !errors.Is(err, mautrix.MUnrecognized) {
			return r, markRead(err)
		}
	}
	r, err := get(cl.BuildURL(mautrix.MediaURLPath{"v3", "download", uri.Homeserver, uri.FileID}))
	return r, markRead(err)
}

// mediaForMembers reports whether files are to be had by those who are logged in.
// A homeserver that says no is asked again the next time: it may have learned.
func (c *Connector) mediaForMembers(ctx context.Context, cl *mautrix.Client) (bool, error) {
	if c.members.Load() {
		return true, nil
	}
	v, err := cl.Versions(ctx)
	if err != nil {
		if code := httpStatus(err); code == http.StatusNotFound || code == http.StatusBadRequest {
			return false, nil
		}
		return false, err
	}
	c.members.Store(v.Supports(mautrix.FeatureAuthenticatedMedia))
	return c.members.Load(), nil
}

// markRead marks the error of a request that changes nothing: there is nothing
// about it that could be unclear.
func markRead(err error) error {
	if err = mark(err); retry.IsUnclear(err) {
		return errors.Unwrap(err)
	}
	return err
}

// watched ends a transfer that stands still. What the reader does between two
// reads is its own time.
type watched struct {
	io.ReadCloser
	ctx    context.Context
	cancel context.CancelCauseFunc
}

func (w *watched) Read(p []byte) (int, error) {
	timer := time.AfterFunc(stall, func() { w.cancel(errStalled) })
	defer timer.Stop()
	n, err := w.ReadCloser.Read(p)
	if err != nil && context.Cause(w.ctx) == errStalled { //nolint:errorlint // our own, never wrapped
		err = errStalled
	}
	return n, err
}

func (w *watched) Close() error {
	defer w.cancel(nil)
	return w.ReadCloser.Close()
}

// askLimits asks how large a file may be, once. A homeserver that does not tell
// leaves it unknown.
func (c *Connector) askLimits(ctx context.Context) {
	if c.asked.Load() {
		return
	}
	cl, err := c.bot(ctx)
	if err != nil {
		return
	}
	var config struct {
		Max int64 `json:"m.upload.size"`
	}
	for _, u := range []string{
		cl.BuildClientURL("v1", "media", "config"), cl.BuildURL(mautrix.MediaURLPath{"v3", "config"}), cl.BuildURL(mautrix.MediaURLPath{"r0", "config"}),
	} {
		_, err = cl.MakeFullRequest(ctx, mautrix.FullRequest{Method: http.MethodGet, URL: u, ResponseJSON: &config, MaxAttempts: 1})
		if code := httpStatus(err); code != http.StatusNotFound && code != http.StatusBadRequest && code != http.StatusMethodNotAllowed {
			break
		}
	}
	if code := httpStatus(err); err != nil && (code == 0 || code == http.StatusTooManyRequests || code >= 500) {
		c.env.Log.Debug("the homeserver does not tell yet how large a file may be", "error", mark(err))
		return
	}
	c.asked.Store(true)
	c.maxFile.Store(max(config.Max, 0))
}

// SendFile uploads a file and posts it; see chat.Filer. The upload is remembered
// until the message stands, so that a repeat does not store the file again.
func (c *Connector) SendFile(ctx context.Context, m chat.Outgoing, f chat.Attachment) (chat.MessageID, error) {
	if m.Place.Room == "" {
		return "", retry.Never(errors.New("post a file in the room: no room is named"))
	}
	if limit := c.maxFile.Load(); limit > 0 && f.Size > limit {
		return "", retry.Never(fmt.Errorf("post %q in the room: it has %d bytes, and the homeserver takes at most %d", f.Name, f.Size, limit))
	}
	cl, user, profile, err := c.speaker(ctx, m)
	if err != nil {
		return "", err
	}
	place := transaction(m.Key, user)
	c.mu.Lock()
	source, there := c.uploads[place]
	c.mu.Unlock()
	if !there {
		locked, err := c.isEncrypted(ctx, id.RoomID(m.Place.Room))
		if err != nil {
			return "", wrap("ask whether the room is encrypted", err)
		}
		if source, err = c.upload(ctx, cl, f, locked); err != nil {
			return "", fmt.Errorf("upload %q: %w", f.Name, err)
		}
		c.mu.Lock()
		if len(c.uploads) > 1000 {
			clear(c.uploads)
		}
		c.uploads[place] = source
		c.mu.Unlock()
	}
	kind, content := composeFile(m, f.File, source, profile, c.called(ctx, m))
	posted, err := c.post(ctx, cl, user, m, kind, content)
	if err == nil {
		c.mu.Lock()
		delete(c.uploads, place)
		c.mu.Unlock()
	}
	return posted, err
}

// upload stores a file on the homeserver, streamed. It returns the fields of a
// message's content by which others find it. secret: it is encrypted on its way.
func (c *Connector) upload(ctx context.Context, cl *mautrix.Client, f chat.Attachment, secret bool) (map[string]any, error) {
	r, err := f.Open(ctx)
	if err != nil {
		return nil, fmt.Errorf("open the file: %w", err)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var locked *encrypter
	if secret {
		locked = newEncrypter(r)
		r, f.Type = locked, ""
	}
	body := &outflow{r: r, timer: time.AfterFunc(stall, func() { cancel(errStalled) })}
	defer body.Close()
	var stored struct {
		URI string `json:"content_uri"`
	}
	req := mautrix.FullRequest{
		Method: http.MethodPost, URL: cl.BuildURL(mautrix.MediaURLPath{"v3", "upload"}), Headers: http.Header{"Content-Type": {cmp.Or(f.Type, "application/octet-stream")}},
		RequestBody: body, RequestLength: f.Size, ResponseJSON: &stored, MaxAttempts: 1, Client: c.files,
	}
	if f.Size == 0 {
		req.RequestBody, req.RequestBytes = nil, []byte{}
	}
	if _, err = cl.MakeFullRequest(ctx, req); err != nil {
		if cause := context.Cause(ctx); cause == errStalled { //nolint:errorlint // our own, never wrapped
			return nil, cause
		}
		return nil, markRead(err) // a file that is stored twice is no message that stands there twice
	}
	if !strings.HasPrefix(stored.URI, "mxc://") {
		return nil, errors.New("the homeserver's answer has no address of the file")
	}
	if locked != nil {
		return map[string]any{"file": locked.file(stored.URI)}, nil
	}
	return map[string]any{"url": stored.URI}, nil
}

// outflow gives a file to an upload, which is cancelled when nothing is read for
// too long before the end.
type outflow struct {
	r     io.ReadCloser
	timer *time.Timer
	once  sync.Once
	err   error
}

func (o *outflow) Read(p []byte) (int, error) {
	o.timer.Reset(stall)
	n, err := o.r.Read(p)
	if err != nil {
		o.timer.Stop()
	}
	return n, err
}

func (o *outflow) Close() error {
	o.once.Do(func() {
		o.timer.Stop()
		o.err = o.r.Close()
	})
	return o.err
}

// shown are the pictures that clients show.
var shown = []string{"image/jpeg", "image/png", "image/gif", "image/webp"}

// composeFile makes the event of a file. source has the fields that say where it
// is; the others are those of compose.
func composeFile(m chat.Outgoing, f chat.File, source map[string]any, profile bool, called string) (event.Type, map[string]any) {
	if m.Body.Text == "" {
		m.Body = chat.Body{Text: f.Name}
	}
	kind, content := event.EventMessage, compose(m, profile, called)
	info := map[string]any{"size": f.Size}
	for name, n := range map[string]int64{"w": int64(f.Width), "h": int64(f.Height), "duration": f.Duration.Milliseconds()} {
		if n > 0 {
			info[name] = n
		}
	}
	if f.Type != "" {
		info["mimetype"] = f.Type
	}
	content["info"], content["filename"] = info, f.Name
	for name, v := range source {
		content[name] = v
	}
	switch sort, of := f.Sort, f.Type; {
	case sort == chat.Sticker:
		kind = event.EventSticker
		delete(content, "msgtype")
	case sort == chat.Voice:
		content["msgtype"] = "m.audio"
		content["org.matrix.msc3245.voice"] = map[string]any{}
		content["org.matrix.msc1767.audio"] = map[string]any{"duration": f.Duration.Milliseconds()}
	case slices.Contains(shown, of):
		content["msgtype"] = "m.image"
	case sort == chat.Sound, strings.HasPrefix(of, "audio/"):
		content["msgtype"] = "m.audio"
	case sort == chat.Film, strings.HasPrefix(of, "video/"):
		content["msgtype"] = "m.video"
	default:
		content["msgtype"] = "m.file"
	}
	return kind, content
}
