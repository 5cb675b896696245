package homeserver

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"maunium.net/go/mautrix"

	"hashsend/bridge/chat"
	"hashsend/bridge/retry"
)

// Mark tells the bridge what an error of the homeserver means: final, to be retried
// after a pause, or unclear because the request may have been carried out. Only the
// refusals in isFinal, and those for a request's size, are final. Everything else is
// retried: an answer without a Matrix error code comes from a proxy in front of the
// homeserver, and M_UNKNOWN is what homeservers answer to failures of their own.
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
	status, code := he.Response.StatusCode, Code(err)
	if he.RespError == nil && status >= 400 {
		err = &plainAnswer{status, err}
	}
	switch {
	case status == http.StatusTooManyRequests, code == "M_LIMIT_EXCEEDED":
		return retry.After(err, pause(he))
	case Expired(err):
		return fmt.Errorf("the homeserver rejected our access token (set a new one in the configuration): %w", err)
	case status >= 500, status < 400: // done or not: the answer does not say
		return retry.Unclear(err)
	case status == http.StatusRequestEntityTooLarge, code == "M_TOO_LARGE": // Dendrite and proxies use other codes
		return retry.Never(chat.TooLarge(err))
	case !isFinal(code):
		return err
	case status == http.StatusForbidden:
		return retry.Never(chat.MayNot(fmt.Errorf("the homeserver refused it (check that I am in the room and may post there): %w", err)))
	}
	return retry.Never(err)
}

// isFinal reports whether the same request would be refused again. The codes are those of
// the client-server API, by the section that defines them.
func isFinal(code string) bool {
	switch code {
	case // "Common error codes"
		"M_FORBIDDEN", "M_BAD_JSON", "M_NOT_JSON", "M_NOT_FOUND", "M_UNRECOGNIZED",
		// "Other error codes"
		"M_USER_IN_USE", "M_INVALID_USERNAME", "M_ROOM_IN_USE", "M_INVALID_ROOM_STATE", "M_UNSUPPORTED_ROOM_VERSION",
		"M_INCOMPATIBLE_ROOM_VERSION", "M_BAD_STATE", "M_GUEST_ACCESS_FORBIDDEN", "M_MISSING_PARAM", "M_INVALID_PARAM",
		"M_EXCLUSIVE", "M_CANNOT_LEAVE_SERVER_NOTICE_ROOM",
		// "PUT /rooms/{roomId}/send": the reaction is there already
		"M_DUPLICATE_ANNOTATION",
		// "POST /rooms/{roomId}/join", restricted rooms
		"M_UNABLE_TO_AUTHORISE_JOIN", "M_UNABLE_TO_GRANT_JOIN":
		return true
	}
	return false // with M_UNKNOWN, M_RESOURCE_LIMIT_EXCEEDED, M_USER_LOCKED and M_USER_SUSPENDED, which pass
}

// Expired reports whether the homeserver does not accept our access token any more.
func Expired(err error) bool {
	return errors.Is(err, mautrix.MUnknownToken) || errors.Is(err, mautrix.MMissingToken)
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
