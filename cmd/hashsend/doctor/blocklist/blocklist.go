// Package blocklist asks DNS block lists (RFC 5782) whether an address is on them. A
// list that refuses to answer, or that answers what a healthy one would not, is
// unknown: never a finding.
package blocklist

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"hashsend/cmd/hashsend/doctor/ask"
	"hashsend/cmd/hashsend/doctor/finding"
)

// Answer is what a list says about an address.
type Answer struct {
	Zone    string
	IP      netip.Addr
	Listed  bool
	Codes   []netip.Addr // what it answered
	Reason  string       // its TXT record
	Unknown string       // why nothing can be said; empty: it can
	Asked   []string     // questions and answers
}

// The test addresses of RFC 5782, 5: the first must be listed, the second must not.
var (
	mustList4, mustNot4 = netip.MustParseAddr("127.0.0.2"), netip.MustParseAddr("127.0.0.1")
	mustList6, mustNot6 = netip.MustParseAddr("::ffff:7f00:2"), netip.MustParseAddr("::ffff:7f00:1")
)

// query is the name under which a list keeps an address.
func query(ip netip.Addr, zone string) string {
	if ip.Is4() {
		b := ip.As4()
		return fmt.Sprintf("%d.%d.%d.%d.%s.", b[3], b[2], b[1], b[0], zone)
	}
	var words []string
	b := ip.As16()
	for i := len(b) - 1; i >= 0; i-- {
		words = append(words, fmt.Sprintf("%x", b[i]&15), fmt.Sprintf("%x", b[i]>>4))
	}
	return strings.Join(words, ".") + "." + zone + "."
}

type asker struct {
	r      *ask.Resolver
	answer *Answer
}

// codes asks for one address. The error says why the answer means nothing.
func (a *asker) codes(ctx context.Context, ip netip.Addr) (codes []netip.Addr, err error) {
	// A resolver of its own each time: nothing that is remembered counts as a second answer.
	fresh := &ask.Resolver{Asker: a.r.Asker, Servers: a.r.Servers}
	got := fresh.Lookup(ctx, query(ip, a.answer.Zone), dns.TypeA)
	a.answer.Asked = append(a.answer.Asked, got.String())
	switch got.Outcome {
	case ask.NXDomain, ask.NoData:
		return nil, nil
	case ask.Answered:
	default:
		return nil, fmt.Errorf("the list does not answer (%s)", got.Outcome)
	}
	_, found, _ := ask.Follow(got.Msg, got.Name, dns.TypeA)
	for _, rr := range found {
		if c, ok := ask.Addr(rr); ok {
			codes = append(codes, c)
		}
	}
	slices.SortFunc(codes, netip.Addr.Compare)
	for _, c := range codes {
		if why := refusal(c); why != "" {
			return nil, fmt.Errorf("the list refuses to answer: %s (%s)", why, c)
		}
		if b := c.As4(); b[0] != 127 {
			return nil, fmt.Errorf("the answer %s is not one of a block list: the list has ended, or the resolver invents names", c)
		}
	}
	return codes, nil
}

// refusal explains the codes by which lists say that they do not answer us.
func refusal(c netip.Addr) string {
	switch c.String() {
	case "127.255.255.252":
		return "the name of the list is mistyped"
	case "127.255.255.254":
		return "the question came through a public resolver"
	case "127.255.255.255":
		return "too many questions come from this network"
	case "127.0.0.1":
		return "it answers what no healthy list does"
	}
	if b := c.As4(); b[0] == 127 && b[1] == 255 && b[2] == 255 {
		return "its terms of use"
	}
	return ""
}

// Ask asks one list about one address: first whether the list is healthy, then twice
// about the address.
func Ask(ctx context.Context, r *ask.Resolver, zone string, ip netip.Addr) Answer {
	ip = ip.Unmap()
	out := Answer{Zone: strings.Trim(strings.ToLower(zone), "."), IP: ip}
	a := &asker{r: r, answer: &out}
	list, not := mustList4, mustNot4
	if ip.Is6() {
		list, not = mustList6, mustNot6
	}
	yes, err := a.codes(ctx, list)
	if err == nil && len(yes) == 0 {
		err = fmt.Errorf("the list is not healthy: it does not know its own test entry %s", list)
		if ip.Is6() {
			err = fmt.Errorf("the list does not hold IPv6 addresses")
		}
	}
	if err == nil {
		var no []netip.Addr
		if no, err = a.codes(ctx, not); err == nil && len(no) > 0 {
			err = fmt.Errorf("the list is not healthy: it lists %s, so it would list everybody", not)
		}
	}
	var first, second []netip.Addr
	if err == nil {
		first, err = a.codes(ctx, ip)
	}
	if err == nil {
		second, err = a.codes(ctx, ip)
	}
	switch {
	case err != nil:
		out.Unknown = err.Error()
	case !slices.Equal(first, second):
		out.Unknown = "the list answered the same question in different ways"
	default:
		out.Listed, out.Codes = len(first) > 0, first
	}
	if out.Listed {
		if texts, err := r.TXT(ctx, query(ip, out.Zone)); err == nil {
			out.Reason = strings.Join(texts, " ")
		}
	}
	return out
}

// spamhaus are the codes of zen.spamhaus.org and the lists in it.
var spamhaus = map[string]string{
	"127.0.0.2": "SBL: a known source of spam", "127.0.0.3": "CSS: it sent email of low reputation", "127.0.0.4": "XBL: a hijacked machine",
	"127.0.0.9": "DROP: a hijacked network", "127.0.0.10": "PBL: its provider says that it should send no email directly", "127.0.0.11": "PBL: a network that should send no email directly",
}

// meaning explains a code where the list is known.
func meaning(zone string, c netip.Addr) string {
	if strings.HasSuffix(zone, "spamhaus.org") {
		if m := spamhaus[c.String()]; m != "" {
			return m
		}
	}
	return c.String()
}

// Findings tells what lists say.
func Findings(answers []Answer) (all []finding.Finding) {
	var clean []string
	for _, a := range answers {
		switch {
		case a.Unknown != "":
			all = append(all, finding.Finding{
				Check: "reputation.block-list", Level: finding.Unknown, Text: fmt.Sprintf("Whether %s lists %s is not known: %s.", a.Zone, a.IP, a.Unknown),
				Do: "A list that refuses public resolvers wants a resolver of your own.", Evidence: a.Asked,
			})
		case a.Listed:
			var words []string
			for _, c := range a.Codes {
				words = append(words, meaning(a.Zone, c))
			}
			x := finding.Finding{
				Check: "reputation.block-list", Level: finding.Error, Evidence: a.Asked,
				Text: fmt.Sprintf("%s is on the block list %s (%s). Receivers that use the list refuse its email.", a.IP, a.Zone, strings.Join(words, "; ")),
				Do:   "Look there why, stop the cause, then ask to be removed.",
			}
			if a.Reason != "" {
				x.Do = "The list says: " + a.Reason
			}
			all = append(all, x)
		default:
			clean = append(clean, fmt.Sprintf("%s (%s)", a.Zone, a.IP))
		}
	}
	if len(clean) > 0 {
		all = append(all, finding.Finding{Check: "reputation.block-list", Level: finding.OK, Text: "Not listed by " + finding.List(clean) + "."})
	}
	return all
}
