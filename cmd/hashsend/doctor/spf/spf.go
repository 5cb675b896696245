// Package spf evaluates SPF records (RFC 7208) and writes down each step: which
// term was looked at, what it cost, and what came of it. Survey looks at a whole
// record without a sender, also at what stands behind a match.
package spf

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"hashsend/cmd/hashsend/doctor/ask"
)

// Resolver looks names up. Its errors are ask.ErrVoid or ask.ErrTemporary, as those
// of *ask.Resolver are.
type Resolver interface {
	TXT(ctx context.Context, name string) ([]string, error)
	Addrs(ctx context.Context, name string, v6 bool) ([]netip.Addr, error)
	MXHosts(ctx context.Context, name string) ([]string, error)
	PTR(ctx context.Context, a netip.Addr) ([]string, error)
}

// Result is the outcome of an evaluation (RFC 7208, 2.6).
type Result string

// The results.
const (
	None      Result = "none"
	Neutral   Result = "neutral"
	Pass      Result = "pass"
	Fail      Result = "fail"
	SoftFail  Result = "softfail"
	TempError Result = "temperror"
	PermError Result = "permerror"
)

// The limits of RFC 7208, 4.6.4.
const (
	MaxLookups = 10
	MaxVoids   = 2
	maxNames   = 10 // MX and PTR records that are looked at
)

// Query is who sends, and from where.
type Query struct {
	IP       netip.Addr
	Helo     string
	MailFrom string // empty: postmaster at Helo
	Receiver string // for the r macro; empty: unknown
	Now      time.Time
}

// Step is one term that was looked at.
type Step struct {
	Depth   int // of includes
	Domain  string
	Term    string
	Lookups int    // spent so far
	Voids   int    // spent so far
	Said    string // what came of it
}

// String is a line of evidence.
func (s Step) String() string {
	return fmt.Sprintf("%s%s: %s: %s (%d lookups)", strings.Repeat("  ", s.Depth), s.Domain, s.Term, s.Said, s.Lookups)
}

// Evaluation is the outcome with how it came about.
type Evaluation struct {
	Result      Result
	Domain      string // whose record was looked at first
	Record      string // its text; empty: there is none
	Match       string // the term that decided; empty: none
	Problem     string // why it is temperror, permerror or none
	Explanation string // the domain's own words for a fail
	Lookups     int
	Voids       int
	Steps       []Step
}

type evaluator struct {
	r                   Resolver
	q                   Query
	local, senderDomain string
	out                 Evaluation
	names               []string // validated names of the address, once looked up
	namesKnown          bool
}

// problem ends an evaluation.
type problem struct {
	result Result
	why    string
}

func (p *problem) Error() string { return p.why }

func permanent(format string, args ...any) error {
	return &problem{PermError, fmt.Sprintf(format, args...)}
}

// Check evaluates check_host() for a sender (RFC 7208, 4).
func Check(ctx context.Context, r Resolver, q Query) Evaluation {
	q.IP = q.IP.Unmap()
	e := &evaluator{r: r, q: q}
	if q.MailFrom == "" {
		q.MailFrom = "postmaster@" + q.Helo
	}
	i := strings.LastIndexByte(q.MailFrom, '@')
	e.local, e.senderDomain = q.MailFrom[:max(i, 0)], q.MailFrom[i+1:]
	if e.local == "" {
		e.local = "postmaster"
	}
	e.out.Domain = strings.TrimSuffix(e.senderDomain, ".")
	if !validDomain(e.out.Domain) {
		e.out.Result, e.out.Problem = None, "the domain is not one that DNS can hold"
		return e.out
	}
	result, err := e.host(ctx, e.out.Domain, 0)
	e.out.Result = result
	var p *problem
	if errors.As(err, &p) {
		e.out.Result, e.out.Problem = p.result, p.why
	}
	return e.out
}

// validDomain reports whether a name is a domain of several labels (RFC 7208, 4.3).
func validDomain(d string) bool {
	if len(d) > 253 || !strings.Contains(d, ".") {
		return false
	}
	for label := range strings.SplitSeq(d, ".") {
		if label == "" || len(label) > 63 || strings.ContainsAny(label, "[]@ ") {
			return false
		}
	}
	return true
}

// find returns the one SPF record of a domain; empty: there is none.
func find(ctx context.Context, r Resolver, domain string) (string, error) {
	texts, err := r.TXT(ctx, domain)
	if err != nil && !errors.Is(err, ask.ErrVoid) {
		return "", &problem{TempError, err.Error()}
	}
	var found []string
	for _, t := range texts {
		if IsRecord(t) {
			found = append(found, t)
		}
	}
	switch len(found) {
	case 0:
		return "", nil
	case 1:
		return found[0], nil
	}
	return "", permanent("%s has %d SPF records; there may be only one", domain, len(found))
}

// host is check_host() for one domain. An error is a *problem.
func (e *evaluator) host(ctx context.Context, domain string, depth int) (Result, error) {
	text, err := find(ctx, e.r, domain)
	if err != nil {
		return "", err
	}
	if depth == 0 && e.out.Record == "" {
		e.out.Record = text
	}
	if text == "" {
		if depth == 0 {
			return None, &problem{None, domain + " has no SPF record"}
		}
		return None, nil
	}
	record, err := Parse(text)
	if err != nil {
		return "", permanent("the SPF record of %s is not valid: %v", domain, err)
	}
	for _, t := range record.Terms {
		match, err := e.term(ctx, t, domain, depth)
		if err != nil {
			e.step(depth, domain, t.Text, err.Error())
			return "", err
		}
		if !match {
			e.step(depth, domain, t.Text, "no match")
			continue
		}
		result := map[byte]Result{'+': Pass, '-': Fail, '~': SoftFail, '?': Neutral}[t.Qualifier]
		e.step(depth, domain, t.Text, "match: "+string(result))
		if depth == 0 {
			e.out.Match = t.Text
			if result == Fail && record.Exp != nil {
				e.out.Explanation = e.explain(ctx, *record.Exp, domain)
			}
		}
		return result, nil
	}
	if record.Redirect != nil {
		return e.redirect(ctx, *record.Redirect, domain, depth)
	}
	return Neutral, nil
}

func (e *evaluator) redirect(ctx context.Context, t Term, domain string, depth int) (Result, error) {
	if err := e.spend(t); err != nil {
		e.step(depth, domain, t.Text, err.Error())
		return "", err
	}
	target, err := e.target(ctx, t, domain)
	if err != nil {
		return "", err
	}
	e.step(depth, domain, t.Text, "goes on at "+target)
	if !validDomain(target) {
		return "", permanent("redirect= of %s leads to %q, which is not a domain", domain, target)
	}
	result, err := e.host(ctx, target, depth)
	var p *problem
	if result == None && (err == nil || errors.As(err, &p) && p.result == None) {
		return "", permanent("redirect= of %s leads to %s, which has no SPF record", domain, target)
	}
	return result, err
}

func (e *evaluator) step(depth int, domain, term, said string) {
	e.out.Steps = append(e.out.Steps, Step{Depth: depth, Domain: domain, Term: term, Lookups: e.out.Lookups, Voids: e.out.Voids, Said: said})
}

// spend counts a term that looks something up.
func (e *evaluator) spend(t Term) error {
	if !t.looksUp() {
		return nil
	}
	if e.out.Lookups++; e.out.Lookups > MaxLookups {
		return permanent("it needs more than %d DNS lookups", MaxLookups)
	}
	return nil
}

// void counts a lookup that found nothing, and tells what else an error means.
func (e *evaluator) void(err error) error {
	switch {
	case err == nil:
		return nil
	case !errors.Is(err, ask.ErrVoid):
		return &problem{TempError, err.Error()}
	}
	if e.out.Voids++; e.out.Voids > MaxVoids {
		return permanent("more than %d of its lookups find nothing", MaxVoids)
	}
	return nil
}

// target is the domain that a term is about, with its macros filled in.
func (e *evaluator) target(ctx context.Context, t Term, domain string) (string, error) {
	if t.Domain == "" {
		return domain, nil
	}
	name, err := e.expand(ctx, t.Domain, domain, false)
	if err != nil {
		return "", permanent("%s: %v", t.Text, err)
	}
	name = strings.TrimSuffix(name, ".")
	for len(name) > 253 { // RFC 7208, 7.3
		_, rest, ok := strings.Cut(name, ".")
		if !ok {
			break
		}
		name = rest
	}
	return name, nil
}

// term evaluates one mechanism.
func (e *evaluator) term(ctx context.Context, t Term, domain string, depth int) (bool, error) {
	if err := e.spend(t); err != nil {
		return false, err
	}
	switch t.Name {
	case "all":
		return true, nil
	case "ip4", "ip6":
		return t.Net.Contains(e.q.IP), nil
	}
	target, err := e.target(ctx, t, domain)
	if err != nil {
		return false, err
	}
	switch t.Name {
	case "include":
		return e.include(ctx, target, depth)
	case "a":
		addrs, err := e.r.Addrs(ctx, target, e.q.IP.Is6())
		return e.within(t, addrs), e.void(err)
	case "mx":
		return e.mx(ctx, t, target)
	case "exists":
		addrs, err := e.r.Addrs(ctx, target, false)
		return len(addrs) > 0, e.void(err)
	case "ptr":
		names, err := e.names4(ctx)
		if err != nil {
			return false, e.void(err)
		}
		for _, n := range names {
			if below(n, target) {
				return true, nil
			}
		}
	}
	return false, nil
}

func below(name, domain string) bool {
	name, domain = strings.ToLower(name), strings.ToLower(domain)
	return name == domain || strings.HasSuffix(name, "."+domain)
}

func (e *evaluator) include(ctx context.Context, target string, depth int) (bool, error) {
	if !validDomain(target) {
		return false, permanent("include leads to %q, which is not a domain", target)
	}
	result, err := e.host(ctx, target, depth+1)
	switch {
	case err != nil:
		return false, err
	case result == None:
		return false, permanent("include leads to %s, which has no SPF record", target)
	}
	return result == Pass, nil
}

func (e *evaluator) within(t Term, addrs []netip.Addr) bool {
	bits := t.Bits4
	if e.q.IP.Is6() {
		bits = t.Bits6
	}
	for _, a := range addrs {
		if p, err := a.Prefix(bits); err == nil && p.Contains(e.q.IP) {
			return true
		}
	}
	return false
}

func (e *evaluator) mx(ctx context.Context, t Term, target string) (bool, error) {
	hosts, err := e.r.MXHosts(ctx, target)
	if err != nil {
		return false, e.void(err)
	}
	if len(hosts) > maxNames {
		return false, permanent("%s has more than %d MX records", target, maxNames)
	}
	for _, h := range hosts {
		addrs, err := e.r.Addrs(ctx, h, e.q.IP.Is6())
		if err != nil && !errors.Is(err, ask.ErrVoid) {
			return false, &problem{TempError, err.Error()}
		}
		if e.within(t, addrs) {
			return true, nil
		}
	}
	return false, nil
}

// names4 are the names of the address that lead back to it (RFC 7208, 5.5). The
// error is that of the PTR lookup, and never temporary.
func (e *evaluator) names4(ctx context.Context) ([]string, error) {
	if e.namesKnown {
		return e.names, nil
	}
	all, err := e.r.PTR(ctx, e.q.IP)
	if err != nil {
		if errors.Is(err, ask.ErrVoid) {
			return nil, err
		}
		return nil, nil // no match, as the RFC says
	}
	e.namesKnown = true
	for _, n := range all[:min(len(all), maxNames)] {
		addrs, err := e.r.Addrs(ctx, n, e.q.IP.Is6())
		if err != nil {
			continue
		}
		for _, a := range addrs {
			if a == e.q.IP {
				e.names = append(e.names, strings.TrimSuffix(n, "."))
				break
			}
		}
	}
	return e.names, nil
}

// validated is the p macro: best the domain itself, then one below it, then any.
func (e *evaluator) validated(ctx context.Context, domain string) string {
	names, _ := e.names4(ctx) // without a name it is "unknown"
	best := "unknown"
	for _, n := range names {
		switch {
		case strings.EqualFold(n, domain):
			return n
		case below(n, domain) && !below(best, domain), best == "unknown":
			best = n
		}
	}
	return best
}

// explain fetches the words of a domain for a fail; empty: they cannot be used.
func (e *evaluator) explain(ctx context.Context, exp Term, domain string) string {
	name, err := e.target(ctx, exp, domain)
	if err != nil {
		return ""
	}
	texts, err := e.r.TXT(ctx, name)
	if err != nil || len(texts) != 1 {
		return ""
	}
	said, err := e.expand(ctx, texts[0], domain, true)
	if err != nil {
		return ""
	}
	return said
}
