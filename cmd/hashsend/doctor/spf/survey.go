package spf

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"hashsend/cmd/hashsend/doctor/ask"
)

// Kind is what a remark is about.
type Kind string

// The kinds of remarks.
const (
	AllPass   Kind = "+all"         // everybody may send
	NoAll     Kind = "no all"       // the record has no end, so all others are neutral
	Neutrally Kind = "?all"         // the end says nothing
	UsesPTR   Kind = "ptr"          // slow and deprecated (RFC 7208, 5.5)
	Dead      Kind = "dead include" // include or redirect without a record: permerror
	Behind    Kind = "behind all"   // is never looked at
	Void      Kind = "void"         // finds nothing
	Unfound   Kind = "not found"    // could not be looked up
	Circle    Kind = "circle"       // includes itself
	ManyMX    Kind = "many mx"      // more than ten
	Syntax    Kind = "syntax"       // not valid
)

// Remark is something to know about a record.
type Remark struct {
	Kind   Kind
	Domain string // whose record
	Term   string
	More   string
}

// Cost is what one term of the domain's own record costs.
type Cost struct {
	Term    string
	Lookups int
}

// Report is what a whole record says, whoever sends.
type Report struct {
	Domain  string
	Record  string // empty: there is none
	Problem error  // nil, or why there is no single record: a temporary failure, several of them
	Lookups int    // of all terms, also those behind a match
	Voids   int
	Costs   []Cost
	Remarks []Remark
}

// maxFollowed bounds how many lookups a survey makes.
const maxFollowed = 60

type surveyor struct {
	r   Resolver
	out Report
}

// Survey reads the record of a domain and all that it includes.
func Survey(ctx context.Context, r Resolver, domain string) Report {
	s := &surveyor{r: r, out: Report{Domain: domain}}
	s.out.Record, s.out.Problem = find(ctx, r, domain)
	if s.out.Record != "" {
		s.record(ctx, s.out.Record, domain, nil)
	}
	return s.out
}

func (s *surveyor) remark(kind Kind, domain, term, more string) {
	s.out.Remarks = append(s.out.Remarks, Remark{kind, domain, term, more})
}

// record looks at one record. inside are the domains that include it.
func (s *surveyor) record(ctx context.Context, text, domain string, inside []string) {
	record, err := Parse(text)
	if err != nil {
		s.remark(Syntax, domain, text, err.Error())
		return
	}
	inside = append(inside, strings.ToLower(domain))
	ended := false
	for _, t := range record.Terms {
		if ended {
			s.remark(Behind, domain, t.Text, "")
			continue
		}
		before := s.out.Lookups
		s.term(ctx, t, domain, inside)
		if len(inside) == 1 && s.out.Lookups > before {
			s.out.Costs = append(s.out.Costs, Cost{t.Text, s.out.Lookups - before})
		}
		if t.Name == "all" {
			ended = true
			s.end(t, domain)
		}
	}
	switch {
	case record.Redirect != nil && ended:
		s.remark(Behind, domain, record.Redirect.Text, "")
	case record.Redirect != nil:
		before := s.out.Lookups
		s.out.Lookups++
		s.follow(ctx, *record.Redirect, domain, inside)
		if len(inside) == 1 {
			s.out.Costs = append(s.out.Costs, Cost{record.Redirect.Text, s.out.Lookups - before})
		}
	case !ended && len(inside) == 1:
		s.remark(NoAll, domain, "", "")
	}
}

func (s *surveyor) end(t Term, domain string) {
	switch t.Qualifier {
	case '+':
		s.remark(AllPass, domain, t.Text, "")
	case '?':
		s.remark(Neutrally, domain, t.Text, "")
	}
}

func (s *surveyor) term(ctx context.Context, t Term, domain string, inside []string) {
	if !t.looksUp() {
		return
	}
	s.out.Lookups++
	target := strings.TrimSuffix(t.Domain, ".")
	if target == "" {
		target = domain
	}
	if strings.Contains(target, "%") || s.out.Lookups > maxFollowed {
		return // depends on the sender, or is far too much already
	}
	switch t.Name {
	case "include":
		s.follow(ctx, t, domain, inside)
	case "ptr":
		s.remark(UsesPTR, domain, t.Text, "")
	case "a", "exists":
		_, err := s.r.Addrs(ctx, target, false)
		if errors.Is(err, ask.ErrVoid) && t.Name == "a" {
			_, err = s.r.Addrs(ctx, target, true)
		}
		s.failed(err, domain, t)
	case "mx":
		hosts, err := s.r.MXHosts(ctx, target)
		s.failed(err, domain, t)
		if len(hosts) > maxNames {
			s.remark(ManyMX, domain, t.Text, fmt.Sprint(len(hosts)))
		}
	}
}

func (s *surveyor) failed(err error, domain string, t Term) {
	switch {
	case err == nil:
	case errors.Is(err, ask.ErrVoid):
		s.out.Voids++
		s.remark(Void, domain, t.Text, "")
	default:
		s.remark(Unfound, domain, t.Text, err.Error())
	}
}

// follow goes into an include or a redirect.
func (s *surveyor) follow(ctx context.Context, t Term, domain string, inside []string) {
	target := strings.TrimSuffix(t.Domain, ".")
	for _, d := range inside {
		if strings.EqualFold(d, target) {
			s.remark(Circle, domain, t.Text, "")
			return
		}
	}
	if strings.Contains(target, "%") || s.out.Lookups > maxFollowed {
		return
	}
	text, err := find(ctx, s.r, target)
	var p *problem
	switch {
	case errors.As(err, &p) && p.result == TempError:
		s.remark(Unfound, domain, t.Text, err.Error())
	case err != nil:
		s.remark(Dead, domain, t.Text, err.Error())
	case text == "":
		s.remark(Dead, domain, t.Text, target+" has no SPF record")
	default:
		s.record(ctx, text, target, inside)
	}
}

// Temporary reports whether Problem says that DNS could not be asked.
func (r Report) Temporary() bool {
	var p *problem
	return errors.As(r.Problem, &p) && p.result == TempError
}
