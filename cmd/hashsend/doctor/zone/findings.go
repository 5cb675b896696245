package zone

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"

	"hashsend/cmd/hashsend/doctor/ask"
	"hashsend/cmd/hashsend/doctor/finding"
)

// Findings decides what the facts mean. It asks nothing.
func Findings(f Facts) []finding.Finding {
	return findings(f, time.Now())
}

func findings(f Facts, now time.Time) (all []finding.Finding) {
	all = append(all, delegationFindings(f)...)
	shut := f.shutIn()
	if shut {
		all = append(all, finding.Finding{
			Check: "dns.direct", Level: finding.Unknown,
			Text:     "This network lets no DNS queries out to other servers than its resolver, so the name servers themselves could not be asked.",
			Do:       "Run the command from another network, such as the mail server's.",
			Evidence: f.controlLines(),
		})
	} else {
		all = append(all, reachFindings(f)...)
		all = append(all, portFindings(f)...)
		all = append(all, agreementFindings(f)...)
		all = append(all, dnssecFindings(f, now)...)
	}
	all = append(all, resolverFindings(f)...)
	if f.Domain != f.Apex && len(f.Delegation.Replies) > 0 {
		all = append(all, finding.Finding{
			Check: "dns.apex", Level: finding.Note,
			Text: fmt.Sprintf("%s has no zone of its own: it is a part of the zone %s.", plainName(f.Domain), plainName(f.Apex)),
		})
	}
	return all
}

// shutIn reports whether nothing outside could be asked directly, although there
// was somebody to ask.
func (f Facts) shutIn() bool {
	tried := false
	for _, k := range f.Controls {
		if k.Any.Server.IsValid() {
			tried = true
			if k.Any.Outcome.Reached() {
				return false
			}
		}
	}
	for _, s := range f.Servers {
		if s.reached() {
			return false
		}
	}
	for _, r := range append(slices.Clone(f.Delegation.Replies), f.Delegation.Steps...) {
		if r.Outcome.Reached() {
			return false
		}
	}
	return tried
}

func (f Facts) controlLines() (lines []string) {
	for _, k := range f.Controls {
		switch {
		case k.Failed != nil:
			lines = append(lines, fmt.Sprintf("control %s: %v", plainName(k.Domain), k.Failed))
		default:
			lines = append(lines, "control "+k.Any.String())
		}
	}
	return lines
}

// reached reports whether the server answered anything, from any port.
func (s *Server) reached() bool {
	for _, pair := range s.From {
		if pair[0].Outcome.Reached() {
			return true
		}
	}
	return s.Plain.Outcome.Reached() || s.EDNS.Outcome.Reached() || s.TCP.Outcome.Reached()
}

// label names a server in a sentence, with its address where the name has several.
func (f Facts) label(s *Server) string {
	n := 0
	for _, o := range f.Servers {
		if o.Name == s.Name {
			n++
		}
	}
	if n > 1 {
		return fmt.Sprintf("%s (%s)", plainName(s.Name), s.Addr)
	}
	return plainName(s.Name)
}

func (f Facts) labels(of []*Server) string {
	var words []string
	for _, s := range of {
		words = append(words, f.label(s))
	}
	return finding.List(words)
}

// verb is the form for one or several.
func verb(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

func lines(replies ...ask.Reply) (all []string) {
	for _, r := range replies {
		if r.Server.IsValid() {
			all = append(all, r.String())
		}
	}
	return all
}

// delegationFindings compares the zone above with the zone.
func delegationFindings(f Facts) (all []finding.Finding) {
	d := f.Delegation
	if d.Failure != nil {
		return []finding.Finding{{
			Check: "dns.delegation", Level: finding.Unknown,
			Text:     fmt.Sprintf("The delegation of %s could not be followed: %v.", plainName(f.Domain), d.Failure),
			Evidence: lines(d.Steps...),
		}}
	}
	add := func(check string, level finding.Level, text, do string, evidence ...string) {
		all = append(all, finding.Finding{Check: check, Level: level, Text: text, Do: do, Evidence: evidence})
	}
	evidence := lines(append(slices.Clone(d.Steps), d.Replies...)...)
	if len(d.Names) == 0 {
		return append(all, undelegated(f, evidence))
	}
	add("dns.delegation", finding.OK, fmt.Sprintf("%s delegates %s to %s.", plainName(d.Parent), plainName(f.Apex), names(d.Names)), "", evidence...)
	if differing := d.differ(f.Apex); len(differing) > 0 {
		add("dns.parent", finding.Warning, fmt.Sprintf("The servers of %s name different name servers for %s.", plainName(d.Parent), plainName(f.Apex)),
			"A change may still be spreading: look again in an hour. If it stays, tell the registrar.", differing...)
	}
	all = append(all, nameFindings(f)...)
	if own, ok := f.ownNames(); ok && !slices.Equal(own, d.Names) {
		add("dns.ns", finding.Warning, fmt.Sprintf("%s names %s as the name servers of %s, but the zone itself names %s.", plainName(d.Parent), names(d.Names), plainName(f.Apex), names(own)),
			"Make both lists equal: in the zone, or at the registrar.", evidence...)
	}
	return all
}

// undelegated says why the zone above names no servers.
func undelegated(f Facts, evidence []string) finding.Finding {
	x := finding.Finding{Check: "dns.delegation", Evidence: evidence}
	counts := map[ask.Outcome]int{}
	for _, r := range f.Delegation.Replies {
		counts[r.Outcome]++
	}
	parent, apex := plainName(f.Delegation.Parent), plainName(f.Apex)
	switch {
	case counts[ask.NXDomain] > 0 && counts[ask.NXDomain]+counts[ask.Timeout] == len(f.Delegation.Replies):
		x.Level, x.Text = finding.Error, fmt.Sprintf("%s does not exist: the servers of %s answer NXDOMAIN, so no email can be delivered to it.", apex, parent)
		x.Do = "Check the spelling. If the domain is yours, look at the registrar: it may have expired, or been put on hold."
	case counts[ask.NoData] > 0 && counts[ask.NoData]+counts[ask.Timeout] == len(f.Delegation.Replies):
		x.Level, x.Text = finding.Error, fmt.Sprintf("%s is not delegated: the servers of %s know the name, but no name servers for it.", apex, parent)
		x.Do = "Enter the name servers at the registrar, or in the zone " + parent + "."
	default:
		x.Level, x.Text = finding.Unknown, fmt.Sprintf("The servers of %s did not say who serves %s.", parent, apex)
	}
	return x
}

// differ returns a line for each server of the parent, where their lists differ.
func (d Delegation) differ(apex string) []string {
	seen := map[string]bool{}
	var told []string
	for _, r := range d.Replies {
		if !r.Outcome.Reached() || r.Outcome == ask.ServFail || r.Outcome == ask.Refused {
			continue
		}
		n, _ := delegated(r, apex)
		seen[strings.Join(n, " ")] = true
		told = append(told, fmt.Sprintf("%s: %s", r.Server, names(n)))
	}
	if len(seen) < 2 {
		return nil
	}
	return told
}

func names(n []string) string {
	var plain []string
	for _, s := range n {
		plain = append(plain, plainName(s))
	}
	if len(plain) == 0 {
		return "none"
	}
	return finding.List(plain)
}

// ownNames is the NS set that the zone's servers give, if all give the same.
func (f Facts) ownNames() (own []string, ok bool) {
	for _, s := range f.Servers {
		if s.NS.Outcome != ask.Answered || !s.NS.Msg.Authoritative {
			continue
		}
		n, _ := delegated(s.NS, f.Apex)
		if ok && !slices.Equal(own, n) {
			return nil, false
		}
		own, ok = n, true
	}
	return own, ok
}

// nameFindings looks at the names of the servers: addresses, glue, how many.
func nameFindings(f Facts) (all []finding.Finding) {
	networks, names := map[netip.Prefix]bool{}, map[string]bool{}
	for _, s := range f.Servers {
		if problem := s.addressProblem(); problem != "" {
			all = append(all, finding.Finding{
				Check: "dns.server-address", Level: finding.Error, Text: problem,
				Do: "Give it a public address, or remove it from the list of name servers.",
			})
		}
		if !s.Addr.IsValid() {
			continue
		}
		bits := 24
		if s.Addr.Is6() {
			bits = 48
		}
		if p, err := s.Addr.Prefix(bits); err == nil {
			networks[p] = true
		}
		names[s.Name] = true
	}
	for _, n := range f.Delegation.Names {
		all = append(all, glueFindings(f, n)...)
	}
	switch {
	case len(f.Delegation.Names) == 1:
		all = append(all, finding.Finding{
			Check: "dns.redundancy", Level: finding.Warning, Do: "Add a second one in another network (RFC 2182).",
			Text: fmt.Sprintf("%s has a single name server. When it is down, email to and from the domain stops.", plainName(f.Apex)),
		})
	case len(networks) == 1 && len(names) > 1:
		all = append(all, finding.Finding{
			Check: "dns.redundancy", Level: finding.Note,
			Text: fmt.Sprintf("All name servers of %s are in the network %s, and would be down together.", plainName(f.Apex), one(networks)),
		})
	}
	return all
}

// addressProblem says why nobody can reach a server; empty: nothing is wrong with its
// address.
func (s *Server) addressProblem() string {
	switch {
	case !s.Addr.IsValid():
		return fmt.Sprintf("The name server %s has no address.", plainName(s.Name))
	case s.Addr.IsPrivate() || s.Addr.IsUnspecified() || s.Addr.IsLinkLocalUnicast():
		return fmt.Sprintf("The name server %s has the address %s, which others cannot reach.", plainName(s.Name), s.Addr)
	}
	return ""
}

// glueFindings compares the address of a server in the zone above with the zone's own.
func glueFindings(f Facts, n string) []finding.Finding {
	if !dns.IsSubDomain(f.Apex, n) {
		return nil
	}
	x := finding.Finding{Check: "dns.glue", Evidence: lines(f.Delegation.Replies...)}
	glue, own := f.Delegation.Glue[n], f.ownAddrs(n)
	switch {
	case len(glue) == 0 && f.referred():
		x.Level, x.Do = finding.Error, "Enter the address as glue (a host record) at the registrar."
		x.Text = fmt.Sprintf("The address of %s is missing from %s: resolvers would have to ask the server that they are looking for.", plainName(n), plainName(f.Delegation.Parent))
	case len(glue) > 0 && len(own) > 0 && !sameSet(own, glue):
		x.Level, x.Do = finding.Warning, "Correct the glue (the host record) at the registrar."
		x.Text = fmt.Sprintf("%s gives %s the address %s, but the zone itself says %s.", plainName(f.Delegation.Parent), plainName(n), addrs(glue), addrs(own))
	default:
		return nil
	}
	return []finding.Finding{x}
}

func one(m map[netip.Prefix]bool) netip.Prefix {
	for p := range m {
		return p
	}
	return netip.Prefix{}
}

// referred reports whether a server of the zone above gave a referral, which is
// where glue is wanted.
func (f Facts) referred() bool {
	return slices.ContainsFunc(f.Delegation.Replies, func(r ask.Reply) bool { return r.Outcome == ask.Referral })
}

// ownAddrs are the addresses that the zone gives one of its servers.
func (f Facts) ownAddrs(name string) (found []netip.Addr) {
	for _, s := range f.Servers {
		for _, a := range s.Hosts[name] {
			if !slices.Contains(found, a) {
				found = append(found, a)
			}
		}
	}
	return found
}

func sameSet(a, b []netip.Addr) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.SortFunc(a, netip.Addr.Compare)
	slices.SortFunc(b, netip.Addr.Compare)
	return slices.Equal(a, b)
}

func addrs(all []netip.Addr) string {
	var words []string
	for _, a := range all {
		words = append(words, a.String())
	}
	return finding.List(words)
}
