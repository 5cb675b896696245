package sender

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"hashsend/cmd/hashsend/doctor/ask"
	"hashsend/cmd/hashsend/doctor/dmarc"
	"hashsend/cmd/hashsend/doctor/finding"
)

// dmarc finds the policy in both ways, and warns where they differ.
func (c *checker) dmarc(ctx context.Context) {
	c.old = dmarc.Old(ctx, c.Resolver, c.domain)
	walked := dmarc.New(ctx, c.Resolver, c.domain, c.exists)
	evidence := append([]string{"RFC 7489:"}, c.old.Asked...)
	evidence = append(append(evidence, "RFC 9989:"), walked.Asked...)
	if c.old.Problem != nil || walked.Problem != nil {
		c.add("dmarc", finding.Unknown, fmt.Sprintf("The DMARC policy of %s could not be looked up: %v.", c.domain, errors.Join(c.old.Problem, walked.Problem)), "", evidence...)
		return
	}
	for _, why := range dedup(slices.Concat(c.old.Invalid, walked.Invalid)) {
		c.add("dmarc-record", finding.Error, fmt.Sprintf("A DMARC record does not hold: %s.", why), "Correct it: one TXT record, such as v=DMARC1; p=none; rua=mailto:dmarc@"+c.domain, evidence...)
	}
	d := c.old
	if d.At == "" {
		d = walked
	}
	if d.At == "" {
		c.facts.dmarc = no
		c.add("dmarc", finding.Warning, fmt.Sprintf("%s has no DMARC policy. Some receivers want one, and forged email in its name is not stopped.", c.domain),
			"Add the TXT record _dmarc."+c.domain+" with v=DMARC1; p=none; rua=mailto:dmarc@"+c.domain, evidence...)
		return
	}
	c.facts.dmarc = yes
	c.policy(d, evidence)
	c.differ(c.old, walked, evidence)
	for _, m := range dedup(slices.Concat(d.Record.Remarks, walked.Record.Remarks)) {
		c.add("dmarc-record", finding.Note, fmt.Sprintf("In the DMARC record of %s: %s.", d.At, m), "", d.Record.Text)
	}
	agreed, err := dmarc.External(ctx, c.Resolver, d)
	for _, host := range sorted(agreed) {
		if !agreed[host] {
			c.add("dmarc-reports", finding.Warning, fmt.Sprintf("DMARC reports of %s are to go to %s, which has not agreed to get them, so receivers send none.", d.At, host),
				fmt.Sprintf("Its owner has to add the TXT record %s._report._dmarc.%s with v=DMARC1.", d.At, host))
		}
	}
	if err != nil {
		c.add("dmarc-reports", finding.Unknown, fmt.Sprintf("Whether another domain has agreed to get DMARC reports could not be looked up: %v.", err), "")
	}
	c.passes(d)
}

// policy says what receivers do with email that does not pass.
func (c *checker) policy(d dmarc.Discovery, evidence []string) {
	where := ""
	if d.At != c.domain {
		where = " (from " + d.At + ")"
	}
	switch d.Policy {
	case "none":
		c.add("dmarc", finding.OK, fmt.Sprintf("The DMARC policy of %s is none%s: receivers report, but let pass what is forged.", c.domain, where), "", evidence...)
	default:
		c.add("dmarc", finding.OK, fmt.Sprintf("The DMARC policy of %s is %s%s.", c.domain, d.Policy, where), "", evidence...)
	}
	if d.Record.HasPercent() && d.Record.Percent < 100 {
		c.add("dmarc-record", finding.Note, fmt.Sprintf("pct=%d holds at receivers of RFC 7489 only; RFC 9989 has no pct, and there the policy holds for everything.", d.Record.Percent), "Use t=y for a trial, or remove pct.", d.Record.Text)
	}
	if d.Record.Testing {
		c.add("dmarc-record", finding.Note, "t=y asks receivers of RFC 9989 to be milder by one step; receivers of RFC 7489 do not know it and apply the policy.", "", d.Record.Text)
	}
}

// differ warns where the two ways lead to different ends.
func (c *checker) differ(old, walked dmarc.Discovery, evidence []string) {
	switch {
	case old.At == "":
		c.add("dmarc-differs", finding.Warning, fmt.Sprintf("Only receivers that walk up the tree (RFC 9989) find a DMARC policy for %s, at %s; others see none.", c.domain, walked.At), "Add a record _dmarc."+c.domain+" of its own.", evidence...)
	case walked.At == "":
		c.add("dmarc-differs", finding.Warning, fmt.Sprintf("Receivers that walk up the tree (RFC 9989) find no DMARC policy for %s; others use that of %s.", c.domain, old.At), "Add a record _dmarc."+c.domain+" of its own.", evidence...)
	case old.Policy != walked.Policy || old.At != walked.At:
		c.add("dmarc-differs", finding.Warning, fmt.Sprintf("Receivers see different DMARC policies for %s: %s of %s by RFC 7489, %s of %s by RFC 9989.", c.domain, old.Policy, old.At, walked.Policy, walked.At), "Add a record _dmarc."+c.domain+" of its own.", evidence...)
	case old.Org != walked.Org:
		c.add("dmarc-differs", finding.Note, fmt.Sprintf("The organization that %s belongs to is %s by RFC 7489, and %s by RFC 9989: SPF and DKIM of other subdomains may count at some receivers only.", c.domain, old.Org, walked.Org), "Sign with the domain itself.", evidence...)
	}
}

// passes says whether the email that was looked at passes DMARC.
func (c *checker) passes(d dmarc.Discovery) {
	if c.Copy == nil {
		return
	}
	signed := c.facts.dkimFits == yes && c.facts.dkim == yes
	switch {
	case signed, c.facts.spfAligns == yes:
		how := []string{}
		if signed {
			how = append(how, "DKIM")
		}
		if c.facts.spfAligns == yes {
			how = append(how, "SPF")
		}
		c.add("dmarc-aligned", finding.OK, fmt.Sprintf("The email that was looked at can pass DMARC, by %s.", finding.List(how)), "")
	case c.facts.spfAligns == no:
		level := finding.Warning
		if d.Policy != "none" {
			level = finding.Error
		}
		c.add("dmarc-aligned", level, fmt.Sprintf("The email that was looked at does not pass DMARC: neither SPF nor DKIM stands for %s.", c.domain), "Set up DKIM for your own domain at your email provider.")
	}
}

func dedup(all []string) []string {
	all = slices.Clone(all)
	slices.Sort(all)
	return slices.Compact(all)
}

func sorted(m map[string]bool) (keys []string) {
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// machine looks at the name of the sending address, both ways.
func (c *checker) machine(ctx context.Context) {
	if !c.IP.IsValid() {
		return
	}
	names, err := c.Resolver.PTR(ctx, c.IP)
	switch {
	case errors.Is(err, ask.ErrVoid):
		c.facts.reverse = no
		c.add("reverse", finding.Error, fmt.Sprintf("The sending address %s has no name (PTR record). Gmail and others refuse email from such addresses.", c.IP), "Set the reverse DNS where the address is rented.")
		return
	case err != nil:
		c.add("reverse", finding.Unknown, fmt.Sprintf("The name of the sending address %s could not be looked up: %v.", c.IP, err), "")
		return
	}
	var good []string
	for _, n := range names {
		addrs, err := c.Resolver.Addrs(ctx, n, c.IP.Is6())
		if err != nil && !errors.Is(err, ask.ErrVoid) {
			c.add("reverse", finding.Unknown, fmt.Sprintf("The address of %s could not be looked up: %v.", n, err), "")
			return
		}
		if slices.Contains(addrs, c.IP) {
			good = append(good, n)
		}
	}
	switch {
	case len(good) == 0:
		c.facts.reverse = no
		c.add("reverse", finding.Error, fmt.Sprintf("The sending address %s is called %s, but that name does not lead back to it. Gmail and others refuse email from such addresses.", c.IP, finding.List(names)), "Make the A or AAAA record of the name and the PTR record of the address fit.")
		return
	case generic(good[0], c.IP):
		c.add("reverse", finding.Warning, fmt.Sprintf("The sending address %s has the generic name %s, like a home connection; several receivers refuse those.", c.IP, good[0]), "Give it the name of your mail server where the address is rented.")
	default:
		c.add("reverse", finding.OK, fmt.Sprintf("The sending address %s and its name %s lead to each other.", c.IP, good[0]), "")
	}
	c.facts.reverse = yes
	if c.Helo != "" && !slices.ContainsFunc(good, func(n string) bool { return strings.EqualFold(n, c.Helo) }) {
		c.add("helo", finding.Note, fmt.Sprintf("The machine calls itself %s, but its name is %s.", c.Helo, good[0]), "Give it the same name in both places.")
	}
}

// generic knows names that providers make of the address itself.
func generic(name string, ip netip.Addr) bool {
	name = strings.ToLower(name)
	for _, word := range []string{"dynamic", "dyn.", ".dyn", "dsl", "dhcp", "pool", "ppp", "dialup", "cable", "broadband"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	if !ip.Is4() {
		return false
	}
	digits := 0
	words := strings.FieldsFunc(name, func(r rune) bool { return r < '0' || r > '9' })
	for _, b := range ip.AsSlice() {
		if slices.Contains(words, strconv.Itoa(int(b))) || slices.Contains(words, fmt.Sprintf("%03d", b)) {
			digits++
		}
	}
	return digits >= 3
}
