// Package postmaster reads what Gmail thinks of a domain from Google Postmaster Tools
// (API v2, with OAuth 2.0): which of its rules for senders the domain meets, and how
// often its email is reported as spam.
package postmaster

import (
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

	"golang.org/x/oauth2"

	"hashsend/cmd/hashsend/doctor/finding"
)

// Base is where the API is.
const Base = "https://gmailpostmastertools.googleapis.com"

// Scope is the right that the credentials need.
const Scope = "https://www.googleapis.com/auth/postmaster.traffic.readonly"

// googleToken is where Google gives out access tokens.
const googleToken = "https://oauth2.googleapis.com/token" //nolint:gosec // no credential

// Credentials are those of somebody who may see the domain, in the form that Google's
// own tools write ("authorized_user").
type Credentials struct {
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
	RefreshToken string `json:"refresh_token"`
	TokenURL     string `json:"token_uri"` // empty: Google's
}

// ReadCredentials reads a file of credentials. No error has a part of it.
func ReadCredentials(raw []byte) (c Credentials, err error) {
	if json.Unmarshal(raw, &c) != nil {
		return c, errors.New("the credentials are not a JSON object")
	}
	if c.ClientID == "" || c.RefreshToken == "" {
		return c, errors.New("the credentials lack client_id or refresh_token: make them with gcloud auth application-default login --scopes=" + Scope)
	}
	return c, nil
}

// Config says whom to ask about what.
type Config struct {
	Domain      string
	Credentials Credentials
	HTTP        *http.Client
	Base        string // empty: Base
	Now         time.Time
}

// Failure is an answer that is not data, with what to do.
type Failure struct{ Text, Do string }

// Error is the sentence without a full stop.
func (f *Failure) Error() string { return f.Text }

type client struct {
	Config
	token string
}

// Check asks about a domain. What could not be asked is unknown.
func Check(ctx context.Context, cfg Config) []finding.Finding {
	if cfg.Base == "" {
		cfg.Base = Base
	}
	c := &client{Config: cfg}
	all, err := c.check(ctx)
	if err != nil {
		f := finding.Finding{Check: "reputation.postmaster", Level: finding.Unknown, Text: fmt.Sprintf("What Gmail thinks of %s could not be read: %v.", cfg.Domain, err)}
		var known *Failure
		if errors.As(err, &known) {
			f.Do = known.Do
		}
		all = append(all, f)
	}
	return all
}

func (c *client) check(ctx context.Context) ([]finding.Finding, error) {
	if err := c.signIn(ctx); err != nil {
		return nil, err
	}
	all, err := c.compliance(ctx)
	if err != nil {
		return nil, err
	}
	rates, err := c.spam(ctx)
	return append(all, rates...), err
}

// signIn gets an access token with the refresh token.
func (c *client) signIn(ctx context.Context) error {
	at := c.Credentials.TokenURL
	if at == "" {
		at = googleToken
	}
	config := oauth2.Config{ClientID: c.Credentials.ClientID, ClientSecret: c.Credentials.ClientSecret, Endpoint: oauth2.Endpoint{TokenURL: at}}
	t, err := config.TokenSource(context.WithValue(ctx, oauth2.HTTPClient, c.HTTP), &oauth2.Token{RefreshToken: c.Credentials.RefreshToken}).Token()
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) {
		return &Failure{"Google does not accept the credentials (" + refused.ErrorCode + ")", "Make new ones: gcloud auth application-default login --scopes=" + Scope}
	}
	if err != nil {
		return fmt.Errorf("sign in at Google: %w", err)
	}
	c.token = t.AccessToken
	return nil
}

// maxAnswer is the largest answer that is read.
const maxAnswer = 4 << 20

func (c *client) call(ctx context.Context, method, path string, body, into any) error {
	var send io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return err
		}
		send = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.Base+"/v2/domains/"+url.PathEscape(c.Domain)+path, send)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.HTTP.Do(req)
	if err != nil {
		return fmt.Errorf("ask Google: %w", err)
	}
	defer resp.Body.Close() //nolint:errcheck // it was only read
	if err := c.refusal(resp.StatusCode); err != nil {
		return err
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(into); err != nil {
		return fmt.Errorf("read the answer of Google: %w", err)
	}
	return nil
}

func (c *client) refusal(status int) error {
	switch status {
	case http.StatusOK:
		return nil
	case http.StatusUnauthorized:
		return &Failure{"Google does not accept the access token; an API key does not suffice", "Make new credentials with the right " + Scope}
	case http.StatusForbidden:
		return &Failure{"the account may not see " + c.Domain, "Verify the domain at https://postmaster.google.com/, and give the credentials the right " + Scope}
	case http.StatusNotFound:
		return &Failure{c.Domain + " is not registered in Postmaster Tools", "Add and verify it at https://postmaster.google.com/"}
	case http.StatusTooManyRequests:
		return &Failure{"Google was asked too often", "Try again tomorrow."}
	}
	return fmt.Errorf("the answer of Google is %d", status)
}

// requirements are Gmail's rules for senders, in words.
var requirements = map[string]string{
	"SPF": "SPF", "DKIM": "DKIM", "SPF_AND_DKIM": "SPF and DKIM", "DMARC_POLICY": "a DMARC policy", "DMARC_ALIGNMENT": "SPF or DKIM of the domain in From",
	"MESSAGE_FORMATTING": "well-formed emails", "DNS_RECORDS": "names of the sending addresses that lead back to them", "ENCRYPTION": "encryption on the way",
	"USER_REPORTED_SPAM_RATE": "few reports of spam", "ONE_CLICK_UNSUBSCRIBE": "leaving with one click", "HONOR_UNSUBSCRIBE": "heeding those who leave",
}

type compliance struct {
	Rows []struct {
		Requirement string `json:"requirement"`
		Status      struct {
			Status string `json:"status"`
		} `json:"status"`
	} `json:"rowData"`
}

// compliance tells which rules are not met.
func (c *client) compliance(ctx context.Context) ([]finding.Finding, error) {
	var answer struct {
		Whole *compliance `json:"complianceData"`
		Sub   *compliance `json:"subdomainComplianceData"`
	}
	if err := c.call(ctx, http.MethodGet, "/complianceStatus", nil, &answer); err != nil {
		return nil, err
	}
	rows := answer.Sub
	if rows == nil {
		rows = answer.Whole
	}
	if rows == nil || len(rows.Rows) == 0 {
		return []finding.Finding{{
			Check: "reputation.postmaster", Level: finding.Note,
			Text: fmt.Sprintf("Gmail has no data about %s. That is normal for small senders.", c.Domain),
		}}, nil
	}
	var open, evidence []string
	for _, r := range rows.Rows {
		evidence = append(evidence, r.Requirement+": "+r.Status.Status)
		if r.Status.Status == "NEEDS_WORK" {
			word := requirements[r.Requirement]
			if word == "" {
				word = r.Requirement
			}
			open = append(open, word)
		}
	}
	if len(open) > 0 {
		return []finding.Finding{{
			Check: "reputation.postmaster", Level: finding.Warning, Evidence: evidence,
			Text: fmt.Sprintf("Gmail says that %s does not meet these of its rules for senders: %s.", c.Domain, finding.List(open)),
			Do:   "See https://postmaster.google.com/, and hashsend doctor sender.",
		}}, nil
	}
	return []finding.Finding{{
		Check: "reputation.postmaster", Level: finding.OK, Evidence: evidence,
		Text: fmt.Sprintf("Gmail says that %s meets its rules for senders.", c.Domain),
	}}, nil
}

type date struct {
	Year  int `json:"year"`
	Month int `json:"month"`
	Day   int `json:"day"`
}

func dateOf(t time.Time) date { return date{t.Year(), int(t.Month()), t.Day()} }

// days is how far back reports of spam are looked at.
const days = 30

// The rates from which Gmail wants senders to act, as parts of one.
const (
	muchSpam    = 0.001
	tooMuchSpam = 0.003
)

// spam tells how often email was reported as spam: the worst of the last days.
func (c *client) spam(ctx context.Context) ([]finding.Finding, error) {
	type m = map[string]any
	body := m{
		"metricDefinitions":      []m{{"name": "spam", "baseMetric": m{"standardMetric": "SPAM_RATE"}}},
		"timeQuery":              m{"dateRanges": m{"dateRanges": []m{{"start": dateOf(c.Now.AddDate(0, 0, -days)), "end": dateOf(c.Now)}}}},
		"aggregationGranularity": "DAILY", "pageSize": 200,
	}
	var answer struct {
		Stats []struct {
			Date  date                       `json:"date"`
			Value map[string]json.RawMessage `json:"value"`
		} `json:"domainStats"`
	}
	if err := c.call(ctx, http.MethodPost, "/domainStats:query", body, &answer); err != nil {
		return nil, err
	}
	worst, on, seen := -1.0, date{}, 0
	for _, s := range answer.Stats {
		r, ok := number(s.Value)
		if !ok {
			continue
		}
		seen++
		if r > worst {
			worst, on = r, s.Date
		}
	}
	if seen == 0 {
		return nil, nil // small senders have none
	}
	f := finding.Finding{
		Check: "reputation.postmaster-spam", Level: finding.OK, Evidence: []string{fmt.Sprintf("%d days with data; worst %g", seen, worst)},
		Text: fmt.Sprintf("At most %s of the email of %s to Gmail was reported as spam on one day (%d-%02d-%02d, of the %d days with data).", percent(worst), c.Domain, on.Year, on.Month, on.Day, seen),
	}
	switch {
	case worst >= tooMuchSpam:
		f.Level, f.Do = finding.Error, "Gmail wants less than 0.1%, and never 0.3%: send only what people asked for."
	case worst >= muchSpam:
		f.Level, f.Do = finding.Warning, "Gmail wants less than 0.1%: send only what people asked for."
	}
	return []finding.Finding{f}, nil
}

func percent(r float64) string { return strconv.FormatFloat(r*100, 'f', 2, 64) + "%" }

// number reads a value, which Google writes as a number or as text. A rate of zero
// may come as an empty object.
func number(v map[string]json.RawMessage) (float64, bool) {
	if v != nil && len(v) == 0 {
		return 0, true
	}
	for _, kind := range []string{"doubleValue", "floatValue", "intValue"} {
		raw, ok := v[kind]
		if !ok {
			continue
		}
		n, err := strconv.ParseFloat(strings.Trim(string(raw), `"`), 64)
		return n, err == nil && n >= 0
	}
	return 0, false
}
