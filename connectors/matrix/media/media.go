// Package media stores files on a homeserver and fetches them from there, as streams.
package media

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/id"

	"hashsend/bridge/chat"
	"hashsend/bridge/retry"
	"hashsend/connectors/matrix/homeserver"
	"hashsend/connectors/matrix/matrixfile"
	"hashsend/connectors/matrix/matrixtext"
)

// Store is where a homeserver keeps files. It is safe for several goroutines.
type Store struct {
	server *homeserver.Server
	log    *slog.Logger

	members atomic.Bool  // the homeserver gives files to those who are signed in
	asked   atomic.Bool  // limit is what the homeserver says
	limit   atomic.Int64 // bytes of a file; 0: unknown
}

// New returns the files of a homeserver.
func New(s *homeserver.Server, log *slog.Logger) *Store { return &Store{server: s, log: log} }

// Open reads a file that was posted, decrypted if it is encrypted; see chat.Opener. An
// encrypted file that was changed on the way fails at its last Read.
func (s *Store) Open(ctx context.Context, f chat.File) (io.ReadCloser, error) {
	uri, secret, err := matrixfile.Parse(f.ID)
	if err != nil {
		return nil, retry.Never(fmt.Errorf("address of the file: %w", err))
	}
	bot, err := s.server.Bot(ctx)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	r, err := s.download(ctx, bot, uri)
	if err != nil {
		cancel(nil)
		return nil, fmt.Errorf("fetch the file: %w", err)
	}
	watched := &watched{ReadCloser: r, ctx: ctx, cancel: cancel}
	if secret == nil {
		return watched, nil
	}
	return matrixfile.Decrypt(watched, secret)
}

// download asks for a file where this homeserver has it: for those who are signed in
// since Matrix 1.11, else where everybody may read.
func (s *Store) download(ctx context.Context, cl *mautrix.Client, uri id.ContentURI) (io.ReadCloser, error) {
	get := func(u string) (io.ReadCloser, error) {
		_, resp, err := cl.MakeFullRequestWithResp(ctx, mautrix.FullRequest{Method: http.MethodGet, URL: u, DontReadResponse: true, MaxAttempts: 1, Client: s.server.Files})
		if err != nil {
			return nil, err
		}
		return resp.Body, nil
	}
	members, err := s.forMembers(ctx, cl)
	if err != nil {
		return nil, homeserver.MarkRepeatable(err)
	}
	if members {
		r, err := get(cl.BuildClientURL("v1", "media", "download", uri.Homeserver, uri.FileID))
		if !errors.Is(err, mautrix.MUnrecognized) {
			return r, homeserver.MarkRepeatable(err)
		}
	}
	r, err := get(cl.BuildURL(mautrix.MediaURLPath{"v3", "download", uri.Homeserver, uri.FileID}))
	return r, homeserver.MarkRepeatable(err)
}

// forMembers reports whether the homeserver gives files to those who are signed in. If it
// does not, it is asked again the next time: it may have been updated.
func (s *Store) forMembers(ctx context.Context, cl *mautrix.Client) (bool, error) {
	if s.members.Load() {
		return true, nil
	}
	v, err := cl.Versions(ctx)
	if err != nil {
		if code := homeserver.Status(err); code == http.StatusNotFound || code == http.StatusBadRequest {
			return false, nil
		}
		return false, err
	}
	s.members.Store(v.Supports(mautrix.FeatureAuthenticatedMedia))
	return s.members.Load(), nil
}

// Limit is how many bytes a file may have; 0: the homeserver has not said yet.
func (s *Store) Limit() int64 { return s.limit.Load() }

// AskLimit asks how large a file may be, until the homeserver has answered once. The
// limit stays unknown if the homeserver does not tell.
func (s *Store) AskLimit(ctx context.Context) {
	if s.asked.Load() {
		return
	}
	bot, err := s.server.Bot(ctx)
	if err != nil {
		return
	}
	var config struct {
		Max int64 `json:"m.upload.size"`
	}
	for _, u := range []string{
		bot.BuildClientURL("v1", "media", "config"), bot.BuildURL(mautrix.MediaURLPath{"v3", "config"}), bot.BuildURL(mautrix.MediaURLPath{"r0", "config"}),
	} {
		_, err = bot.MakeFullRequest(ctx, mautrix.FullRequest{Method: http.MethodGet, URL: u, ResponseJSON: &config, MaxAttempts: 1})
		if code := homeserver.Status(err); code != http.StatusNotFound && code != http.StatusBadRequest && code != http.StatusMethodNotAllowed {
			break
		}
	}
	if code := homeserver.Status(err); err != nil && (code == 0 || code == http.StatusTooManyRequests || code >= 500) {
		s.log.Debug("the homeserver does not say yet how large a file may be", "error", homeserver.Mark(err))
		return
	}
	s.asked.Store(true)
	s.limit.Store(max(config.Max, 0))
}

// Upload stores a file as one of our users. It returns the fields of a message's content
// by which others find the file. encrypt: encrypt it on the way.
func (s *Store) Upload(ctx context.Context, cl *mautrix.Client, f chat.Attachment, encrypt bool) (matrixtext.Content, error) {
	r, err := f.Open(ctx)
	if err != nil {
		return nil, fmt.Errorf("open the file: %w", err)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var encrypted *matrixfile.Encrypter
	if encrypt {
		encrypted = matrixfile.Encrypt(r)
		r, f.Type = encrypted, ""
	}
	body := &outflow{r: r, timer: time.AfterFunc(stall, func() { cancel(errStalled) })}
	defer body.Close() //nolint:errcheck // it was only read
	var stored struct {
		URI string `json:"content_uri"`
	}
	req := mautrix.FullRequest{
		Method: http.MethodPost, URL: cl.BuildURL(mautrix.MediaURLPath{"v3", "upload"}), Headers: http.Header{"Content-Type": {cmp.Or(f.Type, "application/octet-stream")}},
		RequestBody: body, RequestLength: f.Size, ResponseJSON: &stored, MaxAttempts: 1, Client: s.server.Files,
	}
	if f.Size == 0 {
		req.RequestBody, req.RequestBytes = nil, []byte{}
	}
	if _, err = cl.MakeFullRequest(ctx, req); err != nil {
		if cause := context.Cause(ctx); cause == errStalled { //nolint:errorlint // our own, never wrapped
			return nil, cause
		}
		return nil, homeserver.MarkRepeatable(err) // a file that is stored twice is posted once
	}
	if !strings.HasPrefix(stored.URI, "mxc://") {
		return nil, errors.New("the homeserver's answer has no address of the file")
	}
	if encrypted != nil {
		return matrixtext.Content{"file": encrypted.File(stored.URI)}, nil
	}
	return matrixtext.Content{"url": stored.URI}, nil
}
