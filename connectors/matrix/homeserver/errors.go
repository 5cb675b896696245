package homeserver

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"maunium.net/go/mautrix"

	"hashsend/bridge/chat"
	"hashsend/bridge/retry"
)

// Mark tells the bridge what an error of the homeserver means: final, to be retried
// after a pause, or unclear because the request may have been carried out. Only a
// homeserver's own refusal is final: an answer without a Matrix error code comes from a
// proxy in front of it, and passes.
func Mark(err error) error {
	if err == nil {
		return nil
	}
	var dial *net.OpError
	if errors.As(err, &dial) && dial.Op == "dial" {
		return err
	}
	var he mautrix.HTTPError
	if !errors.As(err, &he) {
		return err
	}
	if he.Response == nil {
		return retry.Unclear(err)
	}
	code := he.Response.StatusCode
	if he.RespError == nil && code >= 400 {
		err = &plainAnswer{code, err}
	}
	switch {
	case code == http.StatusTooManyRequests:
		return retry.After(err, pause(he))
	case errors.Is(err, mautrix.MUnknownToken), errors.Is(err, mautrix.MMissingToken):
		return fmt.Errorf("the homeserver rejected our access token (set a new one in the configuration): %w", err)
	case code >= 500, code < 400: // done or not: the answer does not say
		return retry.Unclear(err)
	case code == http.StatusRequestTimeout, he.RespError == nil, !strings.Contains(he.RespError.ErrCode, "_"):
		return err
	case code == http.StatusForbidden:
		return retry.Never(chat.MayNot(fmt.Errorf("the homeserver refused it (check that I am in the room and may post there): %w", err)))
	}
	return retry.Never(err)
}

// Wrap marks an error of the homeserver and says what was being done. Wrap of nil is nil.
func Wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, Mark(err))
}

// MarkRepeatable marks the error of a request that may be sent again at any time: it is
// never unclear.
func MarkRepeatable(err error) error {
	if err = Mark(err); retry.IsUnclear(err) {
		return errors.Unwrap(err)
	}
	return err
}

// plainAnswer is an answer without a Matrix error. The page that a proxy sent with it is
// not repeated.
type plainAnswer struct {
	code int
	err  error
}

func (p *plainAnswer) Error() string {
	return fmt.Sprintf("the homeserver, or a proxy in front of it, answered %d %s", p.code, http.StatusText(p.code))
}

func (p *plainAnswer) Unwrap() error { return p.err }

// longestPause is how long a homeserver may ask us to wait.
const longestPause = time.Hour

// pause is how long the homeserver asks us to wait.
func pause(he mautrix.HTTPError) time.Duration {
	header := he.Response.Header.Get("Retry-After")
	if s, err := strconv.Atoi(header); err == nil && s > 0 {
		return min(time.Duration(s)*time.Second, longestPause)
	}
	if at, err := http.ParseTime(header); err == nil && time.Until(at) > 0 {
		return min(time.Until(at), longestPause)
	}
	if he.RespError != nil {
		if ms, ok := he.RespError.ExtraData["retry_after_ms"].(float64); ok && ms > 0 {
			return time.Duration(min(ms, float64(longestPause.Milliseconds()))) * time.Millisecond
		}
	}
	return 5 * time.Second
}

// Status is the HTTP status of a homeserver's answer; 0: there was no answer.
func Status(err error) int {
	var he mautrix.HTTPError
	if errors.As(err, &he) && he.Response != nil {
		return he.Response.StatusCode
	}
	return 0
}

// Code is the Matrix error code of a homeserver's answer; empty: there was none.
func Code(err error) string {
	var he mautrix.HTTPError
	if errors.As(err, &he) && he.RespError != nil {
		return he.RespError.ErrCode
	}
	return ""
}

// UnknownPath reports whether the homeserver does not know a request.
func UnknownPath(err error) bool {
	if errors.Is(err, mautrix.MUnrecognized) {
		return true
	}
	status := Status(err)
	return (status == http.StatusNotFound || status == http.StatusMethodNotAllowed) && !errors.Is(err, mautrix.MNotFound)
}
