package zone

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/miekg/dns"
	"golang.org/x/net/publicsuffix"

	"hashsend/cmd/hashsend/doctor/ask"
)

// resolvers asks each configured resolver for the domain, and what kind it is.
func (c *collector) resolvers(ctx context.Context) {
	c.f.Resolvers = make([]ResolverFacts, len(c.Resolver.Servers))
	var running sync.WaitGroup
	for i, addr := range c.Resolver.Servers {
		running.Go(func() {
			soa := func(w ask.Way) ask.Reply {
				w.Recurse = true
				return c.Asker.Ask(ctx, addr, c.f.Domain, dns.TypeSOA, w)
			}
			r := ResolverFacts{Addr: addr, Domain: soa(ask.Way{DNSSEC: true}), Plain: soa(ask.Way{}), TCP: soa(ask.Way{TCP: true, EDNS: true})}
			if r.Domain.Outcome == ask.ServFail {
				r.Unsafe = soa(ask.Way{DNSSEC: true, Unsafe: true})
			}
			if r.Domain.Outcome.Reached() || r.Plain.Outcome.Reached() {
				r.Root = c.Asker.Ask(ctx, addr, ".", dns.TypeSOA, ask.Way{Recurse: true, DNSSEC: true})
				r.Invalid = c.Asker.Ask(ctx, addr, strings.ToLower(rand.Text())+".invalid.", dns.TypeA, ask.Way{Recurse: true, EDNS: true})
			}
			c.f.Resolvers[i] = r
		})
	}
	running.Wait()
}

// maxSteps is how many delegations are followed from the root.
const maxSteps = 20

// maxParents is how many servers of the zone above are asked.
const maxParents = 6

// delegation finds the zone above and what it says, and the apex of the zone.
func (c *collector) delegation(ctx context.Context) {
	d := &c.f.Delegation
	var parents []netip.Addr
	if len(c.Hints) > 0 {
		parents, d.Failure = c.walk(ctx)
	} else {
		parents, d.Failure = c.parentsByResolver(ctx)
	}
	if d.Failure != nil || c.f.Apex == "." {
		return
	}
	if len(parents) > maxParents {
		parents = parents[:maxParents]
	}
	d.Replies, d.DS = make([]ask.Reply, len(parents)), make([]ask.Reply, len(parents))
	var running sync.WaitGroup
	for i, a := range parents {
		running.Go(func() {
			d.Replies[i] = c.full(ctx, a, c.f.Apex, dns.TypeNS)
			d.DS[i] = c.full(ctx, a, c.f.Apex, dns.TypeDS)
		})
	}
	running.Wait()
	d.Glue = map[string][]netip.Addr{}
	for _, r := range d.Replies {
		names, glue := delegated(r, c.f.Apex)
		for _, n := range names {
			if !slices.Contains(d.Names, n) {
				d.Names = append(d.Names, n)
			}
		}
		for n, addrs := range glue {
			for _, a := range addrs {
				if !slices.Contains(d.Glue[n], a) {
					d.Glue[n] = append(d.Glue[n], a)
				}
			}
		}
	}
	slices.Sort(d.Names)
}

// full asks an authoritative server with DNSSEC, by TCP where UDP is truncated or
// nothing came back.
func (c *collector) full(ctx context.Context, a netip.Addr, name string, qtype uint16) ask.Reply {
	r := c.Asker.Ask(ctx, c.at(a), name, qtype, ask.Way{DNSSEC: true})
	if r.Msg == nil && r.Outcome == ask.Timeout || r.Msg != nil && r.Msg.Truncated {
		if t := c.Asker.Ask(ctx, c.at(a), name, qtype, ask.Way{DNSSEC: true, TCP: true}); t.Msg != nil {
			return t
		}
	}
	return r
}

// delegated reads the servers of a zone, and their addresses, out of a reply.
func delegated(r ask.Reply, zone string) (names []string, glue map[string][]netip.Addr) {
	if r.Msg == nil {
		return nil, nil
	}
	section := r.Msg.Ns
	if len(r.Answers()) > 0 {
		section = r.Msg.Answer // the server serves the zone itself, too
	}
	for _, rr := range section {
		if ns, ok := rr.(*dns.NS); ok && dns.CanonicalName(ns.Hdr.Name) == zone {
			names = append(names, dns.CanonicalName(ns.Ns))
		}
	}
	glue = map[string][]netip.Addr{}
	for _, rr := range r.Msg.Extra {
		n := dns.CanonicalName(rr.Header().Name)
		if a, ok := ask.Addr(rr); ok && slices.Contains(names, n) {
			glue[n] = append(glue[n], a)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), glue
}

// above is the name without its first label.
func above(name string) string {
	i, end := dns.NextLabel(name, 0)
	if end {
		return "."
	}
	return name[i:]
}

// apexOf finds the zone that a name lies in through the resolver.
func (c *collector) apexOf(ctx context.Context, name string) (string, ask.Reply) {
	r := c.Resolver.Lookup(ctx, name, dns.TypeSOA)
	if r.Msg != nil && (r.Outcome == ask.Answered || r.Outcome == ask.NoData || r.Outcome == ask.NXDomain) {
		for _, rr := range append(slices.Clone(r.Msg.Answer), r.Msg.Ns...) {
			if n := dns.CanonicalName(rr.Header().Name); rr.Header().Rrtype == dns.TypeSOA && dns.IsSubDomain(n, name) {
				return n, r
			}
		}
	}
	return "", r
}

// aboveAll reports whether a zone is one in which domains are registered, such as
// org or co.uk, and not a part of the domain.
func aboveAll(zone, domain string) bool {
	suffix, _ := publicsuffix.PublicSuffix(plainName(domain))
	return zone != domain && dns.IsSubDomain(zone, dns.Fqdn(suffix))
}

// parentsByResolver asks the resolver who serves the zone above.
func (c *collector) parentsByResolver(ctx context.Context) ([]netip.Addr, error) {
	apex, _ := c.apexOf(ctx, c.f.Domain)
	if apex != "" && !aboveAll(apex, c.f.Domain) {
		c.f.Apex = apex
	}
	// Where the resolver gets no answer for the domain the zone above may well
	// answer, and the other way round.
	for name := above(c.f.Apex); ; name = above(name) {
		parent, r := c.apexOf(ctx, name)
		if parent == "" {
			if name == "." {
				return nil, &ask.LookupError{Reply: r}
			}
			continue
		}
		c.f.Delegation.Parent = parent
		break
	}
	names, err := c.Resolver.NS(ctx, c.f.Delegation.Parent)
	if err != nil {
		return nil, err
	}
	var addrs []netip.Addr
	for _, n := range names {
		found, err := c.Resolver.Both(ctx, n)
		if err != nil && !errors.Is(err, ask.ErrVoid) && len(addrs) == 0 && n == names[len(names)-1] {
			return nil, err
		}
		addrs = append(addrs, found...)
	}
	return byFamily(addrs), nil
}

// byFamily puts IPv4 in front: more machines can reach it.
func byFamily(addrs []netip.Addr) []netip.Addr {
	slices.SortStableFunc(addrs, func(a, b netip.Addr) int {
		return a.BitLen() - b.BitLen()
	})
	return addrs
}

var errNoServer = errors.New("no server of the zone answers")

// walk follows the delegations from the root. It returns the servers of the zone
// above the last one.
func (c *collector) walk(ctx context.Context) (parents []netip.Addr, err error) {
	d := &c.f.Delegation
	zone := "."
	var servers []netip.Addr
	for _, h := range c.Hints {
		servers = append(servers, h.Addr())
	}
	for range maxSteps {
		r, ok := c.firstOf(ctx, servers, c.f.Domain)
		d.Steps = append(d.Steps, r)
		if !ok {
			c.f.Apex = zone
			if zone == "." || parents == nil {
				return nil, fmt.Errorf("%s: %w (%s)", plainName(zone), errNoServer, r.Outcome)
			}
			return parents, nil // the servers of the last zone are silent: the zone above has told who they are
		}
		next := referredTo(r, zone)
		if next == "" || !dns.IsSubDomain(next, c.f.Domain) {
			if parents == nil || aboveAll(zone, c.f.Domain) {
				d.Parent = zone // the domain is not delegated
				return servers, nil
			}
			c.f.Apex = zone
			return parents, nil
		}
		names, glue := delegated(r, next)
		parents, d.Parent, zone = servers, zone, next
		servers = nil
		for _, n := range names {
			addrs := glue[n]
			if len(addrs) == 0 && c.Resolver != nil {
				addrs, _ = c.Resolver.Both(ctx, n) // one that cannot be found is seen with the servers
			}
			servers = append(servers, addrs...)
		}
		servers = byFamily(servers)
	}
	return nil, fmt.Errorf("the delegation goes on for more than %d steps", maxSteps)
}

// firstOf asks servers in turn until one answers usably.
func (c *collector) firstOf(ctx context.Context, servers []netip.Addr, name string) (last ask.Reply, ok bool) {
	last = ask.Reply{Name: name, Type: dns.TypeNS, Outcome: ask.Timeout}
	for i, s := range servers {
		if i == maxParents || ctx.Err() != nil {
			break
		}
		last = c.full(ctx, s, name, dns.TypeNS)
		switch last.Outcome {
		case ask.Answered, ask.NoData, ask.NXDomain, ask.Referral:
			return last, true
		}
	}
	return last, false
}

// referredTo is the zone below that a reply points to; empty: none. Only what goes
// down counts, or lame servers would lead in circles.
func referredTo(r ask.Reply, zone string) string {
	if r.Outcome != ask.Referral {
		return ""
	}
	for _, rr := range r.Msg.Ns {
		n := dns.CanonicalName(rr.Header().Name)
		if rr.Header().Rrtype == dns.TypeNS && n != zone && dns.IsSubDomain(zone, n) {
			return n
		}
	}
	return ""
}
