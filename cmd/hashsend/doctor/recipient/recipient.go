// Package recipient looks at the other side: whether an address can get email, and
// how an email to it would travel now. It sends none, and names no recipient to any
// server.
package recipient

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"hashsend/cmd/hashsend/doctor/ask"
	"hashsend/cmd/hashsend/doctor/finding"
	"hashsend/cmd/hashsend/doctor/probe"
	"hashsend/cmd/hashsend/doctor/route"
)

// Config says what to look at.
type Config struct {
	Address  string
	Domain   string // of the address
	Resolver *ask.Resolver
	HTTP     *http.Client // for MTA-STS policies
	Roots    *x509.CertPool
	Port     uint16        // of the mail servers; 0: 25
	Control  string        // HOST:PORT of another mail server, tried where none can be reached; empty: none
	Patience time.Duration // for one server; 0: twenty seconds
	Now      time.Time
	Progress func(string) // may be nil
}

// maxServers bounds how many addresses are connected to.
const maxServers = 12

// seen is one address of one mail server.
type seen struct {
	host   *route.Host
	addr   netip.Addr
	result probe.Result
	dane   daneState
}

type daneState int

const (
	noDANE daneState = iota
	daneFits
	daneFails
)

type checker struct {
	Config
	s     finding.Section
	route route.Route
	sts   route.STS
	seen  []*seen
	open  bool // the control could be reached
}

// DefaultControl is a mail server that is known to answer everybody.
const DefaultControl = "gmail-smtp-in.l.google.com:25"

// Check looks at an address. It fails only where ctx ended.
func Check(ctx context.Context, cfg Config) (finding.Section, error) {
	c := &checker{Config: cfg, s: finding.Section{Name: "recipient", Title: "Email to " + cfg.Address}}
	if c.Port == 0 {
		c.Port = 25
	}
	c.say("looking up its mail servers")
	c.route = route.Find(ctx, c.Resolver, c.Domain)
	c.s.Add(route.Findings("recipient", c.route)...)
	if c.route.Problem != nil || len(c.route.Hosts) == 0 {
		return c.s, ctx.Err()
	}
	c.sts = route.FindSTS(ctx, c.Resolver, c.HTTP, c.Domain)
	c.s.Add(route.STSFindings("recipient", c.route, c.sts)...)
	c.say("connecting to its mail servers")
	c.look(ctx)
	if ctx.Err() != nil {
		return c.s, ctx.Err()
	}
	c.judge()
	return c.s, nil
}

func (c *checker) say(what string) {
	if c.Progress != nil {
		c.Progress(what)
	}
}

func (c *checker) add(check string, level finding.Level, text, do string, evidence ...string) {
	c.s.Add(finding.Finding{Check: "recipient." + check, Level: level, Text: text, Do: do, Evidence: evidence})
}

// look connects to every address. What goes wrong is tried twice.
func (c *checker) look(ctx context.Context) {
	var running sync.WaitGroup
	for i := range c.route.Hosts {
		h := &c.route.Hosts[i]
		for _, a := range h.Addrs {
			if len(c.seen) == maxServers {
				break
			}
			x := &seen{host: h, addr: a}
			c.seen = append(c.seen, x)
			running.Go(func() { c.lookAt(ctx, x) })
		}
	}
	running.Wait()
	reached := false
	for _, x := range c.seen {
		c.dane(ctx, x)
		reached = reached || x.result.Connect == nil
	}
	if !reached && c.Control != "" {
		c.open = probe.Look(ctx, probe.Target{Addr: c.Control, Patience: c.Patience, Now: c.Now}).Connect == nil
	}
}

func (c *checker) lookAt(ctx context.Context, x *seen) {
	for range 2 {
		x.result = probe.Look(ctx, probe.Target{Addr: netip.AddrPortFrom(x.addr, c.Port).String(), Host: x.host.Name, Roots: c.Roots, Patience: c.Patience, Now: c.Now})
		if x.result.Secured() {
			return
		}
	}
}

// dane compares the certificate with the TLSA records that the resolver has validated.
func (c *checker) dane(ctx context.Context, x *seen) {
	records, secure, err := route.TLSA(ctx, c.Resolver, x.host.Name)
	if err != nil || !secure || !c.route.Secure || !x.host.Secure {
		return
	}
	fits, counts := probe.DANE(x.result.Chain, records)
	switch {
	case fits:
		x.dane = daneFits
	case counts:
		x.dane = daneFails
	}
}

func (x *seen) label() string { return fmt.Sprintf("%s (%s)", x.host.Name, x.addr) }

// judge says what was seen at each server, and what would happen to an email.
func (c *checker) judge() {
	reached := false
	for _, x := range c.seen {
		reached = reached || x.result.Connect == nil
	}
	if !reached && !c.open {
		if len(c.seen) > 0 {
			c.add("reach", finding.Unknown, fmt.Sprintf("None of the mail servers of %s could be reached at port %d from here. Most home and cloud networks block that port, so this says nothing about them.", c.Domain, c.Port),
				"Run the command on a machine that may send email directly.", c.evidence()...)
		}
		return
	}
	var best *seen
	for _, x := range c.seen {
		c.server(x)
		if best == nil && x.usable(c.sts) {
			best = x
		}
	}
	if best == nil {
		c.add("now", finding.Error, fmt.Sprintf("An email to %s would not be delivered now: no mail server of %s can be used.", c.Address, c.Domain), "", c.evidence()...)
		return
	}
	c.add("now", finding.OK, fmt.Sprintf("An email to %s would go to %s now, %s.", c.Address, best.label(), best.how(c.sts)), "", c.evidence()...)
}

func noRoute(err error) bool {
	return err != nil && (strings.Contains(err.Error(), "unreachable") || strings.Contains(err.Error(), "cannot assign requested address"))
}

func (c *checker) evidence() (lines []string) {
	for _, x := range c.seen {
		lines = append(lines, x.host.Name+" "+x.result.String())
	}
	return lines
}

// usable reports whether senders would deliver to the server.
func (x *seen) usable(sts route.STS) bool {
	r := x.result
	switch {
	case r.Connect != nil || r.Talk != nil, x.dane == daneFails:
		return false
	case enforced(sts):
		return sts.Policy.Allows(x.host.Name) && r.Secured() && r.Trust == nil && r.NameError == nil
	}
	return true
}

func enforced(sts route.STS) bool {
	return sts.Announced && sts.Problem == nil && sts.Record == "" && sts.Policy.Mode == "enforce"
}

func (x *seen) how(sts route.STS) string {
	r := x.result
	switch {
	case !r.Secured():
		return "without encryption"
	case x.dane == daneFits:
		return "encrypted with " + tls.VersionName(r.Version) + ", and its certificate is proven by DANE"
	case enforced(sts):
		return "encrypted with " + tls.VersionName(r.Version) + ", and its certificate is proven by MTA-STS"
	}
	return "encrypted with " + tls.VersionName(r.Version)
}

// server says what is wrong with one address.
func (c *checker) server(x *seen) {
	r, who := x.result, x.label()
	switch {
	case noRoute(r.Connect):
		c.add("reach", finding.Unknown, fmt.Sprintf("%s could not be tried: this machine has no way to that kind of address.", who), "", r.String())
		return
	case r.Silent:
		c.add("reach", finding.Warning, fmt.Sprintf("%s does not answer.", who), "Its owner has to look; senders try the other servers.", r.String())
		return
	case r.Connect != nil:
		c.add("reach", finding.Warning, fmt.Sprintf("%s takes no connection: %v.", who, r.Connect), "Its owner has to look; senders try the other servers.", r.String())
		return
	case r.Talk != nil:
		c.add("greeting", finding.Warning, fmt.Sprintf("%s does not want to talk to this machine: %v.", who, r.Talk), "If it names a block list, your address is on it: the list says how to get off it.", r.String())
		return
	case !r.Offers:
		c.add("starttls", finding.Warning, fmt.Sprintf("%s offers no encryption (STARTTLS).", who), "Its owner should turn it on.", r.String())
	case r.Handshake != nil:
		c.add("starttls", finding.Warning, fmt.Sprintf("%s offers encryption, but it fails: %v.", who, r.Handshake), "Its owner has to look at the server's TLS settings.", r.String())
	case r.Version < tls.VersionTLS12:
		c.add("starttls", finding.Warning, fmt.Sprintf("%s knows only %s, which many senders refuse.", who, tls.VersionName(r.Version)), "Its owner should update the server.", r.String())
	}
	c.certificate(x)
}

func (c *checker) certificate(x *seen) {
	r, who := x.result, x.label()
	bad := r.Trust
	if bad == nil {
		bad = r.NameError
	}
	switch {
	case x.dane == daneFails:
		c.add("dane", finding.Error, fmt.Sprintf("The certificate of %s does not fit its TLSA records; senders that use DANE do not deliver there.", who), "Its owner has to renew the TLSA records together with the certificate.", r.String())
	case x.dane == daneFits:
		c.add("dane", finding.OK, fmt.Sprintf("The certificate of %s fits its TLSA records.", who), "", r.String())
	case !r.Secured():
	case bad != nil && enforced(c.sts):
		c.add("certificate", finding.Error, fmt.Sprintf("The certificate of %s is not valid (%v), and the domain's MTA-STS policy wants a valid one; senders that obey it do not deliver there.", who, bad), "Its owner has to renew the certificate.", r.String())
	case bad != nil:
		c.add("certificate", finding.Note, fmt.Sprintf("The certificate of %s is not valid (%v). Senders encrypt with it all the same.", who, bad), "", r.String())
	}
}
