package route

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/miekg/dns"

	"hashsend/cmd/hashsend/doctor/ask"
	"hashsend/cmd/hashsend/doctor/finding"
)

// Policy is an MTA-STS policy (RFC 8461).
type Policy struct {
	Mode   string // enforce, testing, none
	MX     []string
	MaxAge time.Duration
}

// STS is what a domain says about MTA-STS.
type STS struct {
	Announced bool   // there is a record
	ID        string // its id
	Record    string // what is wrong with the record; empty: nothing
	Policy    Policy
	Problem   error // why the policy could not be fetched or read
	Failed    error // DNS could not be asked
}

// maxPolicy is the largest policy that is read.
const maxPolicy = 64 << 10

// FindSTS looks up a domain's MTA-STS policy. Redirects are not followed, as the RFC
// says; client is used for its transport and patience.
func FindSTS(ctx context.Context, r *ask.Resolver, client *http.Client, domain string) (s STS) {
	texts, err := r.TXT(ctx, "_mta-sts."+domain)
	if err != nil && !errors.Is(err, ask.ErrVoid) {
		s.Failed = err
		return s
	}
	var records []string
	for _, t := range texts {
		if strings.HasPrefix(t, "v=STSv1") {
			records = append(records, t)
		}
	}
	switch len(records) {
	case 0:
		return s
	case 1:
	default:
		s.Record = fmt.Sprintf("there are %d records, so none of them holds", len(records))
	}
	s.Announced = true
	for part := range strings.SplitSeq(records[0], ";") {
		if k, v, ok := strings.Cut(part, "="); ok && strings.TrimSpace(k) == "id" {
			s.ID = strings.TrimSpace(v)
		}
	}
	if s.ID == "" && s.Record == "" {
		s.Record = "it has no id="
	}
	s.Policy, s.Problem = fetchPolicy(ctx, client, domain)
	return s
}

func fetchPolicy(ctx context.Context, client *http.Client, domain string) (Policy, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	url := "https://mta-sts." + domain + "/.well-known/mta-sts.txt"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return Policy{}, err
	}
	still := *client
	still.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := still.Do(req)
	if err != nil {
		return Policy{}, err
	}
	defer resp.Body.Close() //nolint:errcheck // it was only read
	if resp.StatusCode != http.StatusOK {
		return Policy{}, fmt.Errorf("%s answers %s", url, resp.Status)
	}
	if kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); kind != "text/plain" {
		return Policy{}, fmt.Errorf("%s is %q, and must be text/plain", url, resp.Header.Get("Content-Type"))
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxPolicy))
	if err != nil {
		return Policy{}, fmt.Errorf("read %s: %w", url, err)
	}
	return ParsePolicy(string(body))
}

// ParsePolicy reads a policy file (RFC 8461, 3.2).
func ParsePolicy(text string) (p Policy, err error) {
	version, seen := "", map[string]bool{}
	for lines := bufio.NewScanner(strings.NewReader(text)); lines.Scan(); {
		k, v, ok := strings.Cut(lines.Text(), ":")
		k, v = strings.TrimSpace(k), strings.TrimSpace(v)
		if !ok || seen[k] {
			continue
		}
		seen[k] = k != "mx"
		switch k {
		case "version":
			version = v
		case "mode":
			p.Mode = v
		case "mx":
			p.MX = append(p.MX, strings.ToLower(strings.TrimSuffix(v, ".")))
		case "max_age":
			n, err := strconv.Atoi(v)
			if err != nil || n < 0 || n > 31557600 {
				return p, fmt.Errorf("max_age is %q, and must be a number of seconds up to a year", v)
			}
			p.MaxAge = time.Duration(n) * time.Second
		}
	}
	return p, p.check(version, seen["max_age"])
}

func (p Policy) check(version string, hasAge bool) error {
	switch {
	case version != "STSv1":
		return errors.New("the policy has no version: STSv1")
	case p.Mode != "enforce" && p.Mode != "testing" && p.Mode != "none":
		return fmt.Errorf("the policy's mode is %q, and must be enforce, testing or none", p.Mode)
	case !hasAge:
		return errors.New("the policy has no max_age")
	case len(p.MX) == 0 && p.Mode != "none":
		return errors.New("the policy names no mx")
	}
	return nil
}

// Allows reports whether a policy allows a host (RFC 8461, 4.1).
func (p Policy) Allows(host string) bool {
	host = strings.ToLower(host)
	for _, pattern := range p.MX {
		if rest, wild := strings.CutPrefix(pattern, "*."); wild {
			if _, parent, ok := strings.Cut(host, "."); ok && parent == rest {
				return true
			}
		} else if host == pattern {
			return true
		}
	}
	return false
}

// STSFindings compares a policy with the mail exchangers, both ways.
func STSFindings(prefix string, r Route, s STS) (all []finding.Finding) {
	add := func(level finding.Level, text, do string) {
		all = append(all, finding.Finding{Check: prefix + ".mta-sts", Level: level, Text: text, Do: do})
	}
	switch {
	case s.Failed != nil:
		add(finding.Unknown, fmt.Sprintf("Whether %s uses MTA-STS could not be looked up: %v.", r.Domain, s.Failed), "")
		return all
	case !s.Announced:
		return nil
	case s.Record != "":
		add(finding.Warning, fmt.Sprintf("The record _mta-sts.%s does not hold: %s.", r.Domain, s.Record), "Correct the record (RFC 8461, 3.1).")
	}
	if s.Problem != nil {
		add(finding.Warning, fmt.Sprintf("%s announces MTA-STS, but its policy cannot be used: %v.", r.Domain, s.Problem), "Correct the policy, or remove the record _mta-sts."+r.Domain+".")
		return all
	}
	level := finding.Warning
	if s.Policy.Mode == "enforce" {
		level = finding.Error
	}
	for _, h := range r.Hosts {
		if !s.Policy.Allows(h.Name) && s.Policy.Mode != "none" {
			add(level, fmt.Sprintf("The mail server %s is not in the MTA-STS policy of %s; senders that obey it do not deliver there.", h.Name, r.Domain), "Add it to the policy, and change the id of the record.")
		}
	}
	for _, pattern := range s.Policy.MX {
		used := false
		for _, h := range r.Hosts {
			used = used || (Policy{MX: []string{pattern}}).Allows(h.Name)
		}
		if !used {
			add(finding.Note, fmt.Sprintf("The MTA-STS policy of %s names %s, which is not one of its mail servers.", r.Domain, pattern), "")
		}
	}
	if len(all) == 0 {
		add(finding.OK, fmt.Sprintf("The MTA-STS policy of %s (%s) fits its mail servers.", r.Domain, s.Policy.Mode), "")
	}
	return all
}

// TLSA returns the TLSA records of a host's port 25, and whether the resolver has
// validated them. Without validation they mean nothing.
func TLSA(ctx context.Context, r *ask.Resolver, host string) (records []*dns.TLSA, secure bool, err error) {
	got := r.Lookup(ctx, "_25._tcp."+host, dns.TypeTLSA)
	switch got.Outcome {
	case ask.Answered:
	case ask.NoData, ask.NXDomain:
		return nil, false, nil
	default:
		return nil, false, &ask.LookupError{Reply: got}
	}
	_, found, _ := ask.Follow(got.Msg, got.Name, dns.TypeTLSA)
	for _, rr := range found {
		records = append(records, rr.(*dns.TLSA))
	}
	return records, got.Msg.AuthenticatedData, nil
}

// TLSReports returns where a domain wants reports about encryption (RFC 8460), and
// what is wrong with its record.
func TLSReports(ctx context.Context, r *ask.Resolver, domain string) (to []string, problem string, err error) {
	texts, err := r.TXT(ctx, "_smtp._tls."+domain)
	if err != nil {
		if errors.Is(err, ask.ErrVoid) {
			err = nil
		}
		return nil, "", err
	}
	n := 0
	for _, t := range texts {
		head, rest, _ := strings.Cut(t, ";")
		if strings.TrimSpace(head) != "v=TLSRPTv1" {
			continue
		}
		n++
		for part := range strings.SplitSeq(rest, ";") {
			k, v, ok := strings.Cut(part, "=")
			if !ok || strings.TrimSpace(k) != "rua" {
				continue
			}
			for u := range strings.SplitSeq(v, ",") {
				u = strings.TrimSpace(u)
				if !strings.HasPrefix(u, "mailto:") && !strings.HasPrefix(u, "https:") {
					problem = fmt.Sprintf("%q is neither mailto: nor https:", u)
					continue
				}
				to = append(to, u)
			}
		}
	}
	switch {
	case n > 1:
		problem = fmt.Sprintf("there are %d records, so none of them holds", n)
	case n == 1 && len(to) == 0 && problem == "":
		problem = "it has no rua="
	}
	return to, problem, nil
}
