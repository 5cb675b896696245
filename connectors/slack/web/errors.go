package web

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/slack-go/slack"

	"hashsend/bridge/chat"
	"hashsend/bridge/retry"
)

// Errors that pass by themselves.
var passing = []string{
	"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org", "ratelimited", "rate_limited", "accesslimited",
	"message_limit_exceeded", "upgrade_required", "service_timeout",
}

// Errors that say that the token is no longer valid.
var locked = []string{"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "team_access_not_granted", "org_login_required"}

// Errors that say that only some people may post in a channel.
var restricted = []string{"restricted_action", "restricted_action_read_only_channel", "restricted_action_thread_only_channel", "restricted_action_non_threadable_channel"}

// Mark tells the bridge what an error of Slack means: final, to be tried again after
// a pause, or unclear because the request may have been carried out. Mark(nil) is nil.
func Mark(err error) error {
	if err == nil {
		return nil
	}
	var limited *slack.RateLimitedError
	var status slack.StatusCodeError
	var said slack.SlackErrorResponse
	switch {
	case errors.As(err, &limited):
		return retry.After(err, max(limited.RetryAfter, time.Second))
	case errors.As(err, &said):
		return markSaid(said)
	case errors.As(err, &status) && status.Code == http.StatusTooManyRequests:
		return retry.After(err, 30*time.Second)
	case errors.As(err, &status) && status.Code < http.StatusInternalServerError:
		return fmt.Errorf("Slack, or a proxy in front of it, answered %s", status.Status)
	case errors.As(err, &status):
		return retry.Unclear(err)
	}
	if Unsent(err) {
		return err
	}
	return retry.Unclear(err)
}

// Wrap marks an error of Slack and says what was being done. Wrap of nil is nil.
func Wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, Mark(err))
}

// markSaid judges an error that Slack itself has named.
func markSaid(said slack.SlackErrorResponse) error {
	switch {
	case said.Err == "ratelimited" || said.Err == "rate_limited":
		return retry.After(said, 30*time.Second)
	case said.Err == "internal_error" || said.Err == "fatal_error" || said.Err == "request_timeout" || said.Err == "service_timeout":
		// After these, Slack documents, the request may have had effects all the same.
		return retry.Unclear(said)
	case slices.Contains(passing, said.Err):
		return said
	case slices.Contains(locked, said.Err):
		return &LockedOut{said}
	case said.Err == "missing_scope":
		return retry.Never(fmt.Errorf("the app is missing the scope %s: update it with the output of `hashsend slack manifest` and install it again: %w", said.Needed, said))
	case said.Err == "not_in_channel":
		return retry.Never(chat.MayNot(fmt.Errorf("the app isn't in the channel (type /invite @hashsend there): %w", said)))
	case slices.Contains(restricted, said.Err):
		return retry.Never(chat.MayNot(fmt.Errorf("only some people may post in this channel: %w", said)))
	}
	return retry.Never(said)
}

// LockedOut says that Slack does not accept our token.
type LockedOut struct{ said slack.SlackErrorResponse }

func (l *LockedOut) Error() string {
	return fmt.Sprintf("Slack no longer accepts the token (%s): install the app again in its settings under “Install App” and put the new token into the configuration", l.said.Err)
}

func (l *LockedOut) Unwrap() error { return l.said }

// Unsent reports whether a request certainly never reached Slack.
func Unsent(err error) bool {
	var dial *net.OpError
	var dns *net.DNSError
	return (errors.As(err, &dial) && dial.Op == "dial") || errors.As(err, &dns)
}

// Says reports whether an error is one of these error codes of Slack.
func Says(err error, codes ...string) bool {
	var said slack.SlackErrorResponse
	return errors.As(err, &said) && slices.Contains(codes, said.Err)
}
