// Package dmarc reads DMARC records and finds the one that holds for a domain, both
// as RFC 7489 says (by the list of public suffixes) and as RFC 9989 does (by walking
// up the tree), because receivers do either.
package dmarc

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/publicsuffix"

	"hashsend/cmd/hashsend/doctor/ask"
)

// Resolver looks up TXT records. Its errors are ask.ErrVoid or ask.ErrTemporary.
type Resolver interface {
	TXT(ctx context.Context, name string) ([]string, error)
}

// Record is a parsed policy record.
type Record struct {
	Text         string
	P, SP, NP    string // none, quarantine, reject; empty: not given
	StrictDKIM   bool
	StrictSPF    bool
	RUA, RUF     []string // report addresses, as URIs
	Percent      int      // pct, of RFC 7489 only; 100 where it is not given
	Testing      bool     // t=y, of RFC 9989 only
	PSD          string   // y, n, u
	Remarks      []string // what receivers ignore, or read in different ways
	hasPercent   bool
	policyAtHead bool
}

// IsRecord reports whether a TXT record is a DMARC record.
func IsRecord(txt string) bool {
	head, _, _ := strings.Cut(txt, ";")
	name, value, ok := strings.Cut(head, "=")
	return ok && strings.TrimSpace(name) == "v" && strings.TrimSpace(value) == "DMARC1"
}

// Parse reads a record. A record without a valid policy holds as p=none if it asks
// for reports; else it is an error.
func Parse(txt string) (Record, error) {
	r := Record{Text: txt, Percent: 100, PSD: "u"}
	if !IsRecord(txt) {
		return r, errors.New("it does not begin with v=DMARC1")
	}
	seen := map[string]bool{}
	for i, part := range strings.Split(txt, ";") {
		if i == 0 || strings.TrimSpace(part) == "" {
			continue
		}
		name, value, ok := strings.Cut(part, "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if !ok || name == "" {
			r.remark("%q is not a tag", strings.TrimSpace(part))
			continue
		}
		if seen[name] {
			r.remark("the tag %s stands twice", name)
			continue
		}
		seen[name] = true
		if name == "p" {
			r.policyAtHead = len(seen) == 1
		}
		r.tag(name, value)
	}
	if r.P == "" {
		if len(r.RUA) == 0 {
			return r, errors.New("it has no valid policy (p=)")
		}
		r.P = "none"
		r.remark("it has no valid policy (p=), so it holds as p=none")
	} else if !r.policyAtHead {
		r.remark("p= does not come right after v=DMARC1, as RFC 7489 wants")
	}
	return r, nil
}

func (r *Record) remark(format string, args ...any) {
	r.Remarks = append(r.Remarks, fmt.Sprintf(format, args...))
}

func (r *Record) tag(name, value string) {
	switch name {
	case "p", "sp", "np":
		policy := strings.ToLower(value)
		if !slices.Contains([]string{"none", "quarantine", "reject"}, policy) {
			r.remark("%s=%s is not a policy", name, value)
			return
		}
		*map[string]*string{"p": &r.P, "sp": &r.SP, "np": &r.NP}[name] = policy
	case "adkim":
		r.StrictDKIM = r.strict(name, value)
	case "aspf":
		r.StrictSPF = r.strict(name, value)
	case "rua":
		r.RUA = append(r.RUA, r.addresses(name, value)...)
	case "ruf":
		r.RUF = append(r.RUF, r.addresses(name, value)...)
	case "pct":
		r.percent(value)
	case "t":
		r.Testing = strings.EqualFold(value, "y")
	case "psd":
		if v := strings.ToLower(value); v == "y" || v == "n" || v == "u" {
			r.PSD = v
		} else {
			r.remark("psd=%s is none of y, n and u", value)
		}
	case "fo", "rf", "ri":
	default:
		r.remark("the tag %s is unknown", name)
	}
}

func (r *Record) percent(value string) {
	n, err := strconv.Atoi(value)
	if err != nil || n < 0 || n > 100 {
		r.remark("pct=%s is not a percentage", value)
		return
	}
	r.Percent, r.hasPercent = n, true
}

// strict reads a mode of alignment.
func (r *Record) strict(name, value string) bool {
	mode := strings.ToLower(value)
	if mode != "r" && mode != "s" {
		r.remark("%s=%s is neither r nor s", name, value)
	}
	return mode == "s"
}

// addresses reads where reports go.
func (r *Record) addresses(name, value string) (all []string) {
	for u := range strings.SplitSeq(value, ",") {
		u, _, _ = strings.Cut(strings.TrimSpace(u), "!") // a size limit, of RFC 7489
		address, isMail := strings.CutPrefix(strings.ToLower(u), "mailto:")
		if !isMail || strings.Count(address, "@") != 1 {
			r.remark("%s=%s is not a mailto: address, so no reports are sent there", name, u)
			continue
		}
		all = append(all, "mailto:"+address)
	}
	return all
}

// Discovery is the record that holds for a domain, and how it was found.
type Discovery struct {
	From    string   // the domain in From
	Org     string   // its organizational domain
	At      string   // whose record holds; empty: none does
	Record  Record   // if At is set
	Policy  string   // none, quarantine or reject
	Asked   []string // the names that were asked, with what came back
	Problem error    // why nothing holds: a temporary failure
	Invalid []string // records that were passed over, and why
}

type finder struct {
	r   Resolver
	out Discovery
}

// at returns the valid record of one domain, if there is exactly one.
func (f *finder) at(ctx context.Context, domain string) (Record, bool, error) {
	name := "_dmarc." + domain
	texts, err := f.r.TXT(ctx, name)
	if err != nil && !errors.Is(err, ask.ErrVoid) {
		f.out.Asked = append(f.out.Asked, name+": "+err.Error())
		return Record{}, false, err
	}
	var found []string
	for _, t := range texts {
		if IsRecord(t) {
			found = append(found, t)
		}
	}
	switch len(found) {
	case 0:
		f.out.Asked = append(f.out.Asked, name+": no record")
		for _, t := range texts {
			if strings.Contains(strings.ToLower(t), "dmarc1") {
				f.out.Invalid = append(f.out.Invalid, fmt.Sprintf("%s: %q does not begin with v=DMARC1", name, t))
			}
		}
		return Record{}, false, nil
	case 1:
		f.out.Asked = append(f.out.Asked, name+": "+found[0])
	default:
		f.out.Asked = append(f.out.Asked, fmt.Sprintf("%s: %d records", name, len(found)))
		f.out.Invalid = append(f.out.Invalid, fmt.Sprintf("%s has %d DMARC records, so none of them holds", name, len(found)))
		return Record{}, false, nil
	}
	record, err := Parse(found[0])
	if err != nil {
		f.out.Invalid = append(f.out.Invalid, fmt.Sprintf("%s: %v", name, err))
		return Record{}, false, nil
	}
	return record, true, nil
}

// OldOrg is the organizational domain by the list of public suffixes (RFC 7489, 3.2).
func OldOrg(domain string) string {
	org, err := publicsuffix.EffectiveTLDPlusOne(domain)
	if err != nil {
		return domain
	}
	return org
}

// Old finds the policy as RFC 7489, 6.6.3 does.
func Old(ctx context.Context, r Resolver, from string) Discovery {
	f := &finder{r: r, out: Discovery{From: from, Org: OldOrg(from)}}
	for _, d := range []string{from, f.out.Org} {
		record, ok, err := f.at(ctx, d)
		if err != nil {
			f.out.Problem = err
			return f.out
		}
		if ok {
			f.out.At, f.out.Record, f.out.Policy = d, record, record.P
			if d != from && record.SP != "" {
				f.out.Policy = record.SP
			}
			return f.out
		}
		if d == f.out.Org {
			break
		}
	}
	return f.out
}

// maxWalk is how many labels a walk keeps of a long name (RFC 9989, tree walk).
const maxWalk = 7

// New finds the policy as RFC 9989 does: at the domain itself, else at its
// organizational domain, else at the public suffix, all by one walk of at most eight
// queries. exists says whether the domain exists in DNS; it chooses between sp and np.
func New(ctx context.Context, r Resolver, from string, exists bool) Discovery {
	f := &finder{r: r, out: Discovery{From: from}}
	steps, err := f.walk(ctx, from)
	if err != nil {
		f.out.Problem = err
		return f.out
	}
	f.out.Org = orgOf(steps, from)
	var psd *step
	for i, s := range steps {
		switch {
		case s.domain == from, s.domain == f.out.Org:
			f.apply(s, exists)
			return f.out
		case s.record.PSD == "y":
			psd = &steps[i]
		}
	}
	if psd != nil {
		f.apply(*psd, exists)
	}
	return f.out
}

func (f *finder) apply(s step, exists bool) {
	f.out.At, f.out.Record, f.out.Policy = s.domain, s.record, s.record.P
	if s.domain == f.out.From {
		return
	}
	switch {
	case !exists && s.record.NP != "":
		f.out.Policy = s.record.NP
	case s.record.SP != "":
		f.out.Policy = s.record.SP
	}
}

// NewOrg is the organizational domain by a walk up the tree.
func NewOrg(ctx context.Context, r Resolver, domain string) (string, error) {
	f := &finder{r: r}
	steps, err := f.walk(ctx, domain)
	return orgOf(steps, domain), err
}

// step is a record that a walk found.
type step struct {
	domain string
	record Record
}

func (f *finder) walk(ctx context.Context, domain string) (steps []step, err error) {
	at := domain
	for {
		record, ok, err := f.at(ctx, at)
		if err != nil {
			return nil, err
		}
		if ok {
			steps = append(steps, step{at, record})
			if record.PSD != "u" {
				return steps, nil
			}
		}
		labels := strings.Split(at, ".")
		labels = labels[1:]
		if len(labels) > maxWalk {
			labels = labels[len(labels)-maxWalk:]
		}
		if len(labels) == 0 {
			return steps, nil
		}
		at = strings.Join(labels, ".")
	}
}

// orgOf chooses the organizational domain among the records of a walk, which come
// from the longest name to the shortest.
func orgOf(steps []step, start string) string {
	org := start
	for _, s := range steps {
		switch {
		case s.record.PSD == "n":
			return s.domain
		case s.record.PSD == "y" && s.domain != start:
			labels := strings.Split(strings.TrimSuffix(start, "."+s.domain), ".")
			return labels[len(labels)-1] + "." + s.domain
		}
		org = s.domain
	}
	return org
}

// Aligned reports whether an authenticated domain belongs to the one in From. The
// orgs are their organizational domains.
func Aligned(strict bool, from, fromOrg, domain, domainOrg string) bool {
	if strings.EqualFold(from, domain) {
		return true
	}
	return !strict && domainOrg != "" && strings.EqualFold(fromOrg, domainOrg)
}

// External returns the domains outside of the organization that reports go to, and
// for each whether it has agreed to get them (RFC 7489, 7.1; RFC 9990, 4). An error
// means that it could not be found out.
func External(ctx context.Context, r Resolver, d Discovery) (agreed map[string]bool, err error) {
	agreed = map[string]bool{}
	for _, u := range slices.Concat(d.Record.RUA, d.Record.RUF) {
		host := u[strings.LastIndexByte(u, '@')+1:]
		if _, known := agreed[host]; known || strings.EqualFold(OldOrg(host), OldOrg(d.At)) {
			continue
		}
		texts, err := r.TXT(ctx, d.At+"._report._dmarc."+host)
		if err != nil && !errors.Is(err, ask.ErrVoid) {
			return agreed, err
		}
		agreed[host] = slices.ContainsFunc(texts, IsRecord)
	}
	return agreed, nil
}

// HasPercent reports whether pct is given.
func (r Record) HasPercent() bool { return r.hasPercent }
