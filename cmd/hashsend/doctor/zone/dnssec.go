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

// soonOver is how long before their end signatures are warned about.
const soonOver = 3 * 24 * time.Hour

// dnssecFindings checks the chain from the zone above to the zone.
func dnssecFindings(f Facts, now time.Time) []finding.Finding {
	ds, known := f.Delegation.entries()
	if !known || !f.serves() {
		return nil
	}
	x := finding.Finding{Check: "dns.dnssec", Level: finding.OK, Evidence: lines(f.Delegation.DS...)}
	signed := slices.ContainsFunc(f.Servers, func(s *Server) bool { return len(s.DNSKEY.Answers()) > 0 })
	switch {
	case len(ds) == 0 && signed:
		x.Level = finding.Note
		x.Text = fmt.Sprintf("%s is signed with DNSSEC, but %s has no DS record, so nobody can check the signatures.", plainName(f.Apex), plainName(f.Delegation.Parent))
		x.Do = "Enter the DS record at the registrar if you want DNSSEC, such as for DANE."
		return []finding.Finding{x}
	case len(ds) == 0:
		x.Text = fmt.Sprintf("%s does not use DNSSEC.", plainName(f.Apex))
		return []finding.Finding{x}
	}
	c := f.chains(ds, now)
	switch {
	case c.checked == 0:
		return nil
	case len(c.bad) > 0:
		x.Level = finding.Error
		x.Text = fmt.Sprintf("DNSSEC of %s is broken at %s: %s. Resolvers that validate answer SERVFAIL, so a part of the world cannot send you email or check yours.", plainName(f.Apex), f.labels(c.bad), c.why[0])
		x.Do = "Sign the zone anew, or remove the DS record at the registrar until it is signed."
		for i, s := range c.bad {
			x.Evidence = append(x.Evidence, fmt.Sprintf("%s: %s", f.label(s), c.why[i]), s.DNSKEY.String())
		}
	case c.end.Before(now.Add(soonOver)):
		x.Level = finding.Warning
		x.Text = fmt.Sprintf("The DNSSEC signatures of %s expire on %s.", plainName(f.Apex), c.end.UTC().Format("2 Jan 2006, 15:04 UTC"))
		x.Do = "Look whether the name server still signs by itself."
	default:
		x.Text = fmt.Sprintf("DNSSEC of %s is in order.", plainName(f.Apex))
	}
	return []finding.Finding{x}
}

// entries are the DS records of the zone above; known says whether it told.
func (d Delegation) entries() (ds []*dns.DS, known bool) {
	for _, r := range d.DS {
		known = known || r.Outcome == ask.Answered || (r.Outcome == ask.NoData && r.Msg.Authoritative)
		for _, rr := range r.Answers() {
			ds = append(ds, rr.(*dns.DS))
		}
	}
	return ds, known
}

// chains is what was found at each server.
type chains struct {
	checked int
	bad     []*Server
	why     []string
	end     time.Time // of the first signature that ends
}

func (f Facts) chains(ds []*dns.DS, now time.Time) (c chains) {
	for _, s := range f.Servers {
		if !s.asked || lame(s.bestReply()) != "" {
			continue
		}
		c.checked++
		end, problem := chain(s, ds, now)
		switch {
		case problem != "":
			c.bad, c.why = append(c.bad, s), append(c.why, problem)
		case c.end.IsZero() || end.Before(c.end):
			c.end = end
		}
	}
	return c
}

// serves reports whether a server serves the domain.
func (f Facts) serves() bool {
	return slices.ContainsFunc(f.Servers, func(s *Server) bool { return s.asked && lame(s.bestReply()) == "" })
}

// bestReply is the reply that says most about how the server stands to the domain.
func (s *Server) bestReply() ask.Reply {
	for _, r := range []ask.Reply{s.EDNS, s.Plain, s.TCP} {
		if r.Outcome == ask.Answered {
			return r
		}
	}
	for _, r := range []ask.Reply{s.EDNS, s.Plain} {
		if r.Outcome.Reached() {
			return r
		}
	}
	return s.TCP
}

// chain follows DS, DNSKEY and the signature of the SOA at one server. It returns
// when the first signature ends, or what is broken.
func chain(s *Server, ds []*dns.DS, now time.Time) (end time.Time, problem string) {
	if s.DNSKEY.Msg == nil {
		return end, "it does not answer for DNSKEY"
	}
	var keys []*dns.DNSKEY
	for _, rr := range s.DNSKEY.Answers() {
		keys = append(keys, rr.(*dns.DNSKEY))
	}
	if len(keys) == 0 {
		return end, "the zone above has a DS record, but the zone has no DNSKEY"
	}
	var entry []*dns.DNSKEY
	for _, k := range keys {
		if slices.ContainsFunc(ds, func(d *dns.DS) bool { return matches(k, d) }) {
			entry = append(entry, k)
		}
	}
	if len(entry) == 0 {
		return end, "the DS record of the zone above fits none of the zone's keys"
	}
	end, problem = verify(s.DNSKEY, entry, now)
	if problem != "" {
		return end, problem
	}
	next, problem := verify(s.NS, keys, now)
	if problem != "" {
		return end, problem
	}
	if next.Before(end) {
		end = next
	}
	return end, ""
}

func matches(k *dns.DNSKEY, d *dns.DS) bool {
	if k.KeyTag() != d.KeyTag || k.Algorithm != d.Algorithm {
		return false
	}
	made := k.ToDS(d.DigestType)
	return made != nil && strings.EqualFold(made.Digest, d.Digest)
}

// verify looks for one valid signature by one of the keys over the answers.
func verify(r ask.Reply, keys []*dns.DNSKEY, now time.Time) (end time.Time, problem string) {
	what := dns.TypeToString[r.Type]
	set := r.Answers()
	if len(set) == 0 {
		return end, "it gives no " + what + " records"
	}
	problem = "the " + what + " records are not signed"
	for _, rr := range r.Msg.Answer {
		sig, ok := rr.(*dns.RRSIG)
		if !ok || sig.TypeCovered != r.Type {
			continue
		}
		for _, k := range keys {
			if k.KeyTag() != sig.KeyTag || k.Algorithm != sig.Algorithm {
				continue
			}
			until := serialTime(sig.Expiration, now)
			switch {
			case sig.Verify(k, set) != nil:
				problem = "the signature of the " + what + " records is wrong"
			case until.Before(now):
				problem = fmt.Sprintf("the signature of the %s records expired on %s", what, until.UTC().Format("2 Jan 2006, 15:04 UTC"))
			case serialTime(sig.Inception, now).After(now):
				problem = "the signature of the " + what + " records is not valid yet"
			default:
				return until, ""
			}
		}
	}
	return end, problem
}

// serialTime reads a time of a signature, which is a number modulo 2^32 (RFC 4034, 3.1.5).
func serialTime(t uint32, now time.Time) time.Time {
	diff := int32(t - uint32(now.Unix())) //nolint:gosec // serial arithmetic
	return now.Add(time.Duration(diff) * time.Second).Truncate(time.Second)
}

// knownPublic are resolvers that anybody may use.
var knownPublic = []string{"8.8.8.8", "8.8.4.4", "1.1.1.1", "1.0.0.1", "9.9.9.9", "149.112.112.112", "208.67.222.222", "208.67.220.220", "2001:4860:4860::8888", "2001:4860:4860::8844", "2606:4700:4700::1111", "2606:4700:4700::1001", "2620:fe::fe", "2620:fe::9"}

// resolverFindings explains what the configured resolvers say, and what kind they are.
func resolverFindings(f Facts) (all []finding.Finding) {
	for _, r := range f.Resolvers {
		all = append(all, resolverSays(f, r))
		name := r.Addr.Addr().String()
		if r.Root.Outcome == ask.Answered && !r.Root.Msg.AuthenticatedData {
			all = append(all, finding.Finding{
				Check: "dns.resolver-validates", Level: finding.Note, Evidence: lines(r.Root),
				Text: fmt.Sprintf("The resolver %s does not validate DNSSEC, so it may see domains that others cannot.", name),
			})
		}
		if r.Invalid.Outcome == ask.Answered {
			all = append(all, finding.Finding{
				Check: "dns.resolver-rewrites", Level: finding.Warning, Evidence: lines(r.Invalid),
				Text: fmt.Sprintf("The resolver %s invents answers for names that do not exist. Block lists and checks of senders go wrong with it.", name),
				Do:   "Use a resolver that does not, best one of your own.",
			})
		}
		if slices.ContainsFunc(knownPublic, func(p string) bool { return netip.MustParseAddr(p) == r.Addr.Addr() }) {
			all = append(all, finding.Finding{
				Check: "dns.resolver-public", Level: finding.Note,
				Text: fmt.Sprintf("The resolver %s is a public one. DNS block lists refuse to answer those.", name),
				Do:   "A mail server should have a resolver of its own.",
			})
		}
	}
	return all
}

// cutOff reports whether a resolver has no way to DNS at all: then it may say of every
// name that it does not exist.
func (r ResolverFacts) cutOff() bool {
	failed := r.Domain.Outcome == ask.NXDomain || r.Domain.Outcome == ask.ServFail
	return failed && r.Root.Outcome != ask.Answered && r.Root.Outcome.Reached()
}

// resolverSays tells the outcomes of one resolver apart.
func resolverSays(f Facts, r ResolverFacts) finding.Finding {
	x := finding.Finding{Check: "dns.resolver", Level: finding.Error, Evidence: lines(r.Domain, r.Unsafe, r.Plain, r.TCP)}
	who, domain := "The resolver "+r.Addr.Addr().String(), plainName(f.Domain)
	more := ""
	if e := r.Domain.Extended(); e != "" {
		more = " It says: " + e + "."
	}
	serves := f.serves()
	if r.cutOff() {
		x.Level, x.Do = finding.Warning, "Check its connection, or name another with --resolver."
		x.Evidence = append(x.Evidence, lines(r.Root)...)
		x.Text = fmt.Sprintf("%s does not know even the root of DNS (%s): it is cut off, and what it says about %s means nothing.", who, r.Root.Outcome, domain)
		return x
	}
	switch r.Domain.Outcome {
	case ask.Answered, ask.NoData:
		x.Level, x.Text = finding.OK, fmt.Sprintf("%s knows %s.", who, domain)
		if !r.TCP.Outcome.Reached() {
			x.Level, x.Text = finding.Note, fmt.Sprintf("%s knows %s, but does not answer over TCP: long records may be lost.", who, domain)
		}
	case ask.NXDomain:
		x.Text = fmt.Sprintf("%s answers NXDOMAIN for %s: the name does not exist.", who, domain)
		if serves {
			x.Level, x.Text = finding.Warning, fmt.Sprintf("%s answers NXDOMAIN for %s (the name does not exist), but the name servers of the domain know it.", who, domain)
			x.Do = "It may remember an older state: wait for an hour, or restart it. If it stays, it filters the domain."
		}
	case ask.ServFail:
		x.Text = fmt.Sprintf("%s answers SERVFAIL for %s: it could not get an answer from the domain's name servers.", who, domain)
		if r.Unsafe.Outcome == ask.Answered || r.Unsafe.Outcome == ask.NoData {
			x.Text = fmt.Sprintf("%s answers SERVFAIL for %s, but knows it when it need not validate: DNSSEC of the domain is broken.", who, domain)
		} else if serves {
			x.Level = finding.Warning
			x.Text = fmt.Sprintf("%s answers SERVFAIL for %s, although name servers of the domain answer here. It cannot reach them, or trusts none.", who, domain)
		}
	case ask.Refused:
		x.Level, x.Text = finding.Warning, who+" refuses to answer this machine (REFUSED)."
		x.Do = "Allow this machine at the resolver, or configure another."
	case ask.Timeout, ask.Closed:
		x.Level, x.Text = finding.Warning, fmt.Sprintf("%s does not answer (%s).", who, r.Domain.Outcome)
		if r.Plain.Outcome.Reached() {
			x.Level, x.Text = finding.Note, who+" does not answer queries with EDNS."
		}
		x.Do = "Check whether it runs, and /etc/resolv.conf."
	case ask.Loop:
		x.Text = fmt.Sprintf("%s is an alias (CNAME) that leads in a circle.", domain)
		x.Do = "Correct the CNAME records of the domain."
	default:
		x.Level, x.Text = finding.Unknown, fmt.Sprintf("%s gave no usable answer for %s (%s).", who, domain, r.Domain.Outcome)
	}
	x.Text += more
	return x
}
