// Package route finds out how email reaches a domain: its mail exchangers and their
// addresses, and what the domain says about encryption on the way (MTA-STS, DANE,
// TLS reports).
package route

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"hashsend/cmd/hashsend/doctor/ask"
	"hashsend/cmd/hashsend/doctor/finding"
)

// Host is one mail exchanger.
type Host struct {
	Name       string // without the dot at the end
	Preference uint16
	Addrs      []netip.Addr
	Problem    error // why it has no addresses
	Alias      bool  // the name is a CNAME
	Secure     bool  // the resolver has validated its addresses
}

// Route is how email reaches a domain.
type Route struct {
	Domain   string
	Hosts    []Host // best first
	Null     bool   // the domain says that it takes no email (RFC 7505)
	Implicit bool   // it has no MX, so its address counts (RFC 5321, 5.1)
	Secure   bool   // the resolver has validated the MX records
	Problem  error  // why nothing is known
	Missing  bool   // the domain does not exist
}

// Find looks up where email to a domain goes.
func Find(ctx context.Context, r *ask.Resolver, domain string) Route {
	out := Route{Domain: domain}
	got := r.Lookup(ctx, domain, dns.TypeMX)
	switch got.Outcome {
	case ask.Answered:
	case ask.NoData:
		out.Implicit = true
		h := host(ctx, r, domain, 0)
		out.Hosts, out.Secure = []Host{h}, got.Msg.AuthenticatedData && h.Secure
		return out
	case ask.NXDomain:
		out.Missing, out.Problem = true, &ask.LookupError{Reply: got}
		return out
	default:
		out.Problem = &ask.LookupError{Reply: got}
		return out
	}
	out.Secure = got.Msg.AuthenticatedData
	_, records, _ := ask.Follow(got.Msg, got.Name, dns.TypeMX)
	for _, rr := range records {
		mx := rr.(*dns.MX)
		if mx.Mx == "." {
			out.Null = true
			continue
		}
		out.Hosts = append(out.Hosts, host(ctx, r, strings.ToLower(strings.TrimSuffix(mx.Mx, ".")), mx.Preference))
	}
	slices.SortStableFunc(out.Hosts, func(a, b Host) int { return int(a.Preference) - int(b.Preference) })
	return out
}

func host(ctx context.Context, r *ask.Resolver, name string, preference uint16) Host {
	h := Host{Name: name, Preference: preference, Secure: true}
	for _, t := range []uint16{dns.TypeA, dns.TypeAAAA} {
		got := r.Lookup(ctx, name, t)
		if got.Outcome != ask.Answered {
			if h.Problem == nil || !errors.Is(&ask.LookupError{Reply: got}, ask.ErrVoid) {
				h.Problem = &ask.LookupError{Reply: got}
			}
			continue
		}
		chain, found, _ := ask.Follow(got.Msg, got.Name, t)
		h.Alias = h.Alias || len(chain) > 0
		h.Secure = h.Secure && got.Msg.AuthenticatedData
		for _, rr := range found {
			if a, ok := ask.Addr(rr); ok {
				h.Addrs = append(h.Addrs, a)
			}
		}
	}
	if len(h.Addrs) > 0 {
		h.Problem = nil
	} else {
		h.Secure = false
	}
	return h
}

// Findings says what is wrong with a route, with names that begin with prefix.
func Findings(prefix string, r Route) (all []finding.Finding) {
	f, usable := start(r)
	if f.Text != "" {
		f.Check = prefix + ".mx"
		all = append(all, f)
	}
	if !usable {
		return all
	}
	good, six := 0, 0
	for _, h := range r.Hosts {
		all = append(all, hostFindings(prefix, r, h)...)
		if len(h.Addrs) > 0 {
			good++
		}
		if len(h.Addrs) > 0 && !slices.ContainsFunc(h.Addrs, netip.Addr.Is4) {
			six++
		}
	}
	switch {
	case good > 0 && six == good:
		all = append(all, finding.Finding{
			Check: prefix + ".mx-ipv6", Level: finding.Warning, Do: "Give one of them an IPv4 address.",
			Text: fmt.Sprintf("All mail servers of %s have IPv6 addresses only; senders without IPv6 cannot reach them.", r.Domain),
		})
	case good > 0 && len(all) == 0:
		all = append(all, finding.Finding{Check: prefix + ".mx", Level: finding.OK, Text: fmt.Sprintf("Email to %s goes to %s.", r.Domain, finding.List(r.names()))})
	}
	return all
}

// start says what is wrong with the MX records themselves, and whether there are
// hosts to look at.
func start(r Route) (f finding.Finding, usable bool) {
	bad := func(level finding.Level, usable bool, text, do string) (finding.Finding, bool) {
		return finding.Finding{Level: level, Text: text, Do: do}, usable
	}
	switch {
	case r.Missing:
		return bad(finding.Error, false, fmt.Sprintf("The domain %s does not exist.", r.Domain), "Check the spelling of the address.")
	case r.Problem != nil:
		return bad(finding.Unknown, false, fmt.Sprintf("The mail servers of %s could not be looked up: %v.", r.Domain, r.Problem), "Run hashsend doctor dns "+r.Domain+".")
	case r.Null && len(r.Hosts) == 0:
		return bad(finding.Error, false, fmt.Sprintf("%s says that it takes no email at all (null MX, RFC 7505).", r.Domain), "Use another address. If the domain is yours and should take email, set its MX records.")
	case r.Null:
		return bad(finding.Error, true, fmt.Sprintf("%s has a null MX beside others, which contradict each other (RFC 7505).", r.Domain), "Remove the record MX 0 \".\".")
	case r.Implicit && len(r.Hosts[0].Addrs) == 0:
		return bad(finding.Error, false, fmt.Sprintf("%s has neither MX records nor an address, so no email can be delivered to it.", r.Domain), "Set its MX records.")
	case r.Implicit:
		return bad(finding.Warning, true, fmt.Sprintf("%s has no MX records. Email goes to the address of the domain itself, which is often a web server.", r.Domain), "Set its MX records.")
	}
	return finding.Finding{}, true
}

func (r Route) names() (names []string) {
	for _, h := range r.Hosts {
		names = append(names, h.Name)
	}
	return names
}

func hostFindings(prefix string, r Route, h Host) (all []finding.Finding) {
	add := func(level finding.Level, text, do string) {
		all = append(all, finding.Finding{Check: prefix + ".mx-host", Level: level, Text: text, Do: do})
	}
	if _, err := netip.ParseAddr(h.Name); err == nil {
		add(finding.Error, fmt.Sprintf("The MX record of %s names the address %s; it must be a host name.", r.Domain, h.Name), "Create a name for the address, and use that.")
		return all
	}
	switch {
	case errors.Is(h.Problem, ask.ErrVoid):
		add(finding.Error, fmt.Sprintf("The mail server %s of %s has no address.", h.Name, r.Domain), "Create its A record, or remove it from the MX records.")
	case h.Problem != nil:
		add(finding.Unknown, fmt.Sprintf("The address of the mail server %s could not be looked up: %v.", h.Name, h.Problem), "")
	case h.Alias && !r.Implicit:
		add(finding.Warning, fmt.Sprintf("The mail server %s is an alias (CNAME), which MX records must not name (RFC 5321, 5.1); some senders refuse it.", h.Name), "Name the host itself in the MX record.")
	}
	for _, a := range h.Addrs {
		if a.IsPrivate() || a.IsLinkLocalUnicast() || a.IsUnspecified() {
			add(finding.Error, fmt.Sprintf("The mail server %s has the address %s, which others cannot reach.", h.Name, a), "Give it a public address.")
		}
	}
	return all
}
