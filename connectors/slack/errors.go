package slack

import (
	"context"
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

// Errors of Slack that pass by themselves.
var passing = []string{
	"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org", "ratelimited", "rate_limited", "accesslimited",
	"message_limit_exceeded", "upgrade_required", "service_timeout",
}

// Errors that mean that the token is of no use any more.
var locked = []string{"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "team_access_not_granted", "org_login_required"}

// Errors that mean that not everybody may post in a channel.
var restricted = []string{"restricted_action", "restricted_action_read_only_channel", "restricted_action_thread_only_channel", "restricted_action_non_threadable_channel"}

// mark tells the bridge what an error of Slack means: final, to be tried after a
// pause, or unclear because the request may have been carried out.
func mark(err error) error {
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
		return fmt.Errorf("the answer of Slack, or of a proxy before it, is %s", status.Status)
	case errors.As(err, &status):
		return retry.Unclear(err)
	}
	if unsent(err) {
		return err
	}
	return retry.Unclear(err)
}

// markSaid judges an error that Slack itself has named.
func markSaid(said slack.SlackErrorResponse) error {
	switch {
	case said.Err == "ratelimited" || said.Err == "rate_limited":
		return retry.After(said, 30*time.Second)
	case said.Err == "internal_error" || said.Err == "fatal_error" || said.Err == "request_timeout" || said.Err == "service_timeout":
		// Slack says of these that something may have been done all the same.
		return retry.Unclear(said)
	case slices.Contains(passing, said.Err):
		return said
	case slices.Contains(locked, said.Err):
		return &lockedOut{said}
	case said.Err == "missing_scope":
		return retry.Never(fmt.Errorf("the app lacks the scope %s: hashsend slack manifest prints what it needs; update the app with it and install it again: %w", said.Needed, said))
	case said.Err == "not_in_channel":
		return retry.Never(chat.MayNot(fmt.Errorf("the app is not in the channel (type /invite @hashsend there): %w", said)))
	case slices.Contains(restricted, said.Err):
		return retry.Never(chat.MayNot(fmt.Errorf("only some people may post in the channel: %w", said)))
	}
	return retry.Never(said)
}

// lockedOut says that Slack does not accept our token.
type lockedOut struct{ said slack.SlackErrorResponse }

func (l *lockedOut) Error() string {
	return fmt.Sprintf("Slack does not accept the token any more (%s): install the app again in its settings under “Install App” and put the token into the configuration", l.said.Err)
}

func (l *lockedOut) Unwrap() error { return l.said }

// unsent reports whether a request surely never reached Slack.
func unsent(err error) bool {
	var dial *net.OpError
	var dns *net.DNSError
	return (errors.As(err, &dial) && dial.Op == "dial") || errors.As(err, &dns)
}

// says reports whether Slack answered with one of these errors.
func says(err error, codes ...string) bool {
	var said slack.SlackErrorResponse
	return errors.As(err, &said) && slices.Contains(codes, said.Err)
}

// gone reports whether a context has ended; then an error is no news.
func gone(ctx context.Context) bool { return ctx.Err() != nil }
