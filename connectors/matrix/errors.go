package matrix

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

// mark tells the bridge what an error of the homeserver means: final, to be
// tried after a pause, or unclear because the request may have been carried out.
// Only a homeserver's own refusal is final: what has no Matrix error code comes
// from a proxy before it, and passes.
func mark(err error) error {
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
		return fmt.Errorf("the homeserver does not know our access token (set a new one in the configuration): %w", err)
	case code >= 500, code < 400: // done, or not: the answer does not tell
		return retry.Unclear(err)
	case code == http.StatusRequestTimeout, he.RespError == nil, !strings.Contains(he.RespError.ErrCode, "_"):
		return err
	case code == http.StatusForbidden:
		return retry.Never(chat.MayNot(fmt.Errorf("the homeserver does not allow it (am I in the room, and may I write there?): %w", err)))
	}
	return retry.Never(err)
}

// plainAnswer is an answer without a Matrix error, told without the page that a
// proxy sent with it.
type plainAnswer struct {
	code int
	err  error
}

func (p *plainAnswer) Error() string {
	return fmt.Sprintf("the homeserver, or a proxy before it, answers %d %s", p.code, http.StatusText(p.code))
}

func (p *plainAnswer) Unwrap() error { return p.err }

// longestPause is how long a homeserver may have us wait before we ask again.
const longestPause = time.Hour

// pause is how long the homeserver asks to wait.
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

// httpStatus is the status of a homeserver's answer; 0: there was none.
func httpStatus(err error) int {
	var he mautrix.HTTPError
	if errors.As(err, &he) && he.Response != nil {
		return he.Response.StatusCode
	}
	return 0
}
