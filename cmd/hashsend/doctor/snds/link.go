package snds

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"time"
)

// The ways in which a link fails. Each says what to do.
var (
	ErrExpired = errors.New("the link has expired, or was never good: make a new one in SNDS under automated data access")
	ErrNoData  = errors.New("SNDS has no report for that day yet: reports come some hours after the day has ended")
)

// LinkLife is how long a link is good.
const LinkLife = 30 * 24 * time.Hour

// Fetch reads what a link gives. The link is a secret: no error names it.
func Fetch(ctx context.Context, client *http.Client, link string) ([]byte, error) {
	u, err := url.Parse(link)
	if err != nil || u.Host == "" || u.Scheme != "https" && !loopback(u) {
		return nil, errors.New("the link must begin with https://")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, link, nil)
	if err != nil {
		return nil, errors.New("the link is not valid")
	}
	still := *client
	still.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := still.Do(req)
	if err != nil {
		var wrapped *url.Error
		if errors.As(err, &wrapped) {
			err = wrapped.Err // without the link
		}
		return nil, fmt.Errorf("ask %s: %w", u.Host, err)
	}
	defer resp.Body.Close() //nolint:errcheck // it was only read
	if err := refusal(resp, u.Host); err != nil {
		return nil, err
	}
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read from %s: %w", u.Host, err)
	}
	return raw, nil
}

// refusal says what an answer means that is not the file.
func refusal(resp *http.Response, host string) error {
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	switch {
	case resp.StatusCode == http.StatusNotFound:
		return ErrNoData
	case resp.StatusCode == http.StatusUnauthorized, resp.StatusCode == http.StatusForbidden, resp.StatusCode == http.StatusGone,
		resp.StatusCode >= 300 && resp.StatusCode < 400, // to the sign-in
		resp.StatusCode == http.StatusOK && kind == "text/html":
		return ErrExpired
	case resp.StatusCode == http.StatusTooManyRequests:
		return fmt.Errorf("%s was asked too often: try again in an hour", host)
	case resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusNoContent:
		return fmt.Errorf("%s answers %s", host, resp.Status)
	}
	return nil
}

// loopback allows the tests' own servers.
func loopback(u *url.URL) bool { return u.Hostname() == "127.0.0.1" || u.Hostname() == "::1" }
