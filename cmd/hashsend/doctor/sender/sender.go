// Package sender looks at an address as receivers of its email do: who may send for
// its domain (SPF), how its email is signed (DKIM), what is to happen to email that
// is neither (DMARC), and what the sending machine looks like.
package sender

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/miekg/dns"

	"hashsend/cmd/hashsend/doctor/ask"
	"hashsend/cmd/hashsend/doctor/dkim"
	"hashsend/cmd/hashsend/doctor/dmarc"
	"hashsend/cmd/hashsend/doctor/finding"
	"hashsend/cmd/hashsend/doctor/received"
	"hashsend/cmd/hashsend/doctor/route"
	"hashsend/cmd/hashsend/doctor/spf"
)

// Config says what to look at.
type Config struct {
	Address   string
	IP        netip.Addr      // where its email is sent from; zero: taken from Copy, or not known
	Helo      string          // the name that machine gives; empty: taken from Copy, or not known
	Selectors []string        // of DKIM keys; those in Copy are added
	Copy      *received.Trace // an email of this address that has arrived somewhere; nil: none
	Resolver  *ask.Resolver
	HTTP      *http.Client // for policies and registration data; nil: none are fetched
	RDAP      string       // list of the servers that have registration data (RFC 9224), such as IANA; empty: they are not asked
	Now       time.Time
	Progress  func(string) // may be nil
}

// IANA is the official list of the servers of registration data.
const IANA = "https://data.iana.org/rdap/dns.json"

// state is what is known of something.
type state int

const (
	unknown state = iota
	yes
	no
)

// facts is what the provider rules look at.
type facts struct {
	spf, dkim           state // receivers can use it
	spfAligns, dkimFits state // its domain is that of From
	dmarc, reverse      state
}

// checker looks at one address.
type checker struct {
	Config
	domain string
	exists bool
	s      finding.Section
	facts  facts
	old    dmarc.Discovery
}

// Check looks at an address. It fails only where the address is none, or ctx ended.
func Check(ctx context.Context, cfg Config) (finding.Section, error) {
	domain, err := Domain(cfg.Address)
	if err != nil {
		return finding.Section{}, err
	}
	c := &checker{Config: cfg, domain: domain, exists: true}
	c.s = finding.Section{Name: "sender", Title: "Email from " + cfg.Address}
	if c.Copy != nil {
		if b, ok := c.Copy.Border(); ok && !c.IP.IsValid() {
			c.IP = b.IP
			if c.Helo == "" {
				c.Helo = b.Helo
			}
		}
	}
	for _, step := range []struct {
		what string
		run  func(context.Context)
	}{
		{"where replies go", c.route},
		{"SPF", c.spf},
		{"DKIM", c.dkim},
		{"DMARC", c.dmarc},
		{"the sending address", c.machine},
		{"encryption", c.transport},
		{"registration", c.registration},
	} {
		if c.Progress != nil {
			c.Progress(step.what)
		}
		step.run(ctx)
	}
	c.rules()
	return c.s, ctx.Err()
}

func (c *checker) add(check string, level finding.Level, text, do string, evidence ...string) {
	c.s.Add(finding.Finding{Check: "sender." + check, Level: level, Text: text, Do: do, Evidence: evidence})
}

// Domain is the domain of an address, in lower case.
func Domain(address string) (string, error) {
	i := strings.LastIndexByte(address, '@')
	domain := strings.ToLower(strings.TrimSuffix(address[i+1:], "."))
	if _, ok := dns.IsDomainName(domain); i < 1 || !ok || !strings.Contains(domain, ".") || strings.ContainsAny(domain, " <>") {
		return "", fmt.Errorf("%q is not a valid email address", address)
	}
	return domain, nil
}

// route looks at the mail servers of the domain: many receivers refuse email from a
// domain that cannot take replies.
func (c *checker) route(ctx context.Context) {
	r := route.Find(ctx, c.Resolver, c.domain)
	c.exists = !r.Missing
	c.s.Add(route.Findings("sender", r)...)
	if c.HTTP != nil {
		c.s.Add(route.STSFindings("sender", r, route.FindSTS(ctx, c.Resolver, c.HTTP, c.domain))...)
	}
	for _, h := range r.Hosts {
		records, secure, err := route.TLSA(ctx, c.Resolver, h.Name)
		switch {
		case err != nil:
			c.add("dane", finding.Unknown, fmt.Sprintf("Whether %s uses DANE could not be looked up: %v.", h.Name, err), "")
		case len(records) > 0 && (!secure || !r.Secure):
			c.add("dane", finding.Note, fmt.Sprintf("%s has TLSA records (DANE), but your resolver has not validated them with DNSSEC, so they count for nothing.", h.Name), "Look at the DNSSEC of both domains with hashsend doctor dns.")
		}
	}
}

func (c *checker) transport(ctx context.Context) {
	to, problem, err := route.TLSReports(ctx, c.Resolver, c.domain)
	switch {
	case err != nil:
		c.add("tls-reports", finding.Unknown, fmt.Sprintf("Whether %s wants reports about encryption could not be looked up: %v.", c.domain, err), "")
	case problem != "":
		c.add("tls-reports", finding.Warning, fmt.Sprintf("The record _smtp._tls.%s does not hold: %s.", c.domain, problem), "Correct the record (RFC 8460, 3).")
	case len(to) > 0:
		c.add("tls-reports", finding.OK, fmt.Sprintf("Reports about encryption go to %s.", finding.List(to)), "")
	}
}

// spf looks at the whole record, and at what it says about the sending machine.
func (c *checker) spf(ctx context.Context) {
	r := spf.Survey(ctx, c.Resolver, c.domain)
	switch {
	case r.Temporary():
		c.add("spf", finding.Unknown, fmt.Sprintf("The SPF record of %s could not be looked up: %v.", c.domain, r.Problem), "Run hashsend doctor dns "+c.domain+".")
		return
	case r.Problem != nil:
		c.facts.spf = no
		c.add("spf", finding.Error, fmt.Sprintf("SPF of %s fails for everybody: %v.", c.domain, r.Problem), "Make one record of them, beginning with v=spf1.")
		return
	case r.Record == "":
		c.facts.spf = no
		c.add("spf", finding.Warning, fmt.Sprintf("%s has no SPF record, so receivers cannot tell whether a machine may send for it.", c.domain),
			"Add a TXT record with what your email provider names, such as v=spf1 include:_spf.provider.example -all.")
		return
	}
	c.facts.spf = yes
	before := len(c.s.Findings)
	c.surveyFindings(r)
	for _, f := range c.s.Findings[before:] {
		if f.Level == finding.Error {
			c.facts.spf = no
		}
	}
	var costs []string
	for _, x := range r.Costs {
		costs = append(costs, fmt.Sprintf("%s: %d", x.Term, x.Lookups))
	}
	evidence := append([]string{r.Record}, costs...)
	switch {
	case r.Lookups > spf.MaxLookups:
		c.facts.spf = no
		c.add("spf-lookups", finding.Error, fmt.Sprintf("SPF of %s needs %d DNS lookups, and receivers stop after %d: they see a permanent error.", c.domain, r.Lookups, spf.MaxLookups),
			"Remove what no longer sends for you; the costliest terms are listed with -v.", evidence...)
	case r.Lookups >= spf.MaxLookups-1:
		c.add("spf-lookups", finding.Note, fmt.Sprintf("SPF of %s needs %d of the %d DNS lookups that are allowed.", c.domain, r.Lookups, spf.MaxLookups), "", evidence...)
	default:
		c.add("spf-lookups", finding.OK, fmt.Sprintf("SPF of %s needs %d of the %d DNS lookups that are allowed.", c.domain, r.Lookups, spf.MaxLookups), "", evidence...)
	}
	if r.Voids > spf.MaxVoids {
		c.add("spf-void", finding.Warning, fmt.Sprintf("%d lookups of SPF of %s find nothing; receivers may stop after %d with a permanent error.", r.Voids, c.domain, spf.MaxVoids), "Remove the terms that find nothing.", evidence...)
	}
	c.evaluate(ctx)
}

// surveyFindings turns remarks into findings.
func (c *checker) surveyFindings(r spf.Report) {
	words := map[spf.Kind]struct {
		level    finding.Level
		text, do string // with DOMAIN, TERM and MORE
	}{
		spf.AllPass:   {finding.Error, "SPF of DOMAIN ends with TERM, which lets everybody send in its name.", "Use ~all or -all."},
		spf.Neutrally: {finding.Note, "SPF of DOMAIN ends with TERM, which says nothing about all other machines.", "Use ~all or -all."},
		spf.NoAll:     {finding.Note, "SPF of DOMAIN has no end (all), so it says nothing about all other machines.", "Add ~all or -all."},
		spf.UsesPTR:   {finding.Warning, "SPF of DOMAIN uses TERM, which is slow and which many receivers do not evaluate (RFC 7208, 5.5).", "Name the addresses with ip4, ip6 or a."},
		spf.Dead:      {finding.Error, "SPF of DOMAIN names TERM, but MORE: receivers that get that far see a permanent error.", "Remove it, or correct the name."},
		spf.Behind:    {finding.Note, "In SPF of DOMAIN, TERM stands behind all and is never looked at.", "Move it in front of all, or remove it."},
		spf.Void:      {finding.Note, "In SPF of DOMAIN, TERM finds nothing.", "Remove it if it no longer sends for you."},
		spf.Circle:    {finding.Error, "SPF of DOMAIN leads back to itself with TERM: receivers see a permanent error.", "Remove it."},
		spf.ManyMX:    {finding.Error, "In SPF of DOMAIN, TERM leads to MORE mail servers, and receivers stop after 10 with a permanent error.", "Name the addresses with ip4 or ip6."},
		spf.Syntax:    {finding.Error, "The SPF record of DOMAIN is not valid: MORE. Receivers see a permanent error.", "Correct the record."},
		spf.Unfound:   {finding.Unknown, "In SPF of DOMAIN, TERM could not be looked up: MORE.", ""},
	}
	for _, m := range r.Remarks {
		w := words[m.Kind]
		if m.Domain != c.domain {
			w.text = strings.Replace(w.text, "SPF of DOMAIN ends with", "SPF of DOMAIN, which is included, ends with", 1)
		}
		text := strings.NewReplacer("DOMAIN", m.Domain, "TERM", m.Term, "MORE", m.More).Replace(w.text)
		c.add("spf-record", w.level, text, w.do, r.Record)
	}
}

// evaluate asks what SPF says about the machine that really sends.
func (c *checker) evaluate(ctx context.Context) {
	if !c.IP.IsValid() {
		c.add("spf-ip", finding.Unknown, "Whether SPF allows the machine that sends your email could not be checked: its address is not known.",
			"Name it with --ip, or give an email that has arrived at another provider with --mail.")
		return
	}
	mailFrom := c.Address
	if c.Copy != nil && c.Copy.MailFrom != "" {
		mailFrom = c.Copy.MailFrom
	}
	if i := strings.LastIndexByte(mailFrom, '@'); i >= 0 {
		mailFrom = mailFrom[:i] + strings.ToLower(mailFrom[i:])
	}
	e := spf.Check(ctx, c.Resolver, spf.Query{IP: c.IP, Helo: c.Helo, MailFrom: mailFrom, Now: c.Now})
	var trace []string
	for _, s := range e.Steps {
		trace = append(trace, s.String())
	}
	evidence := append([]string{fmt.Sprintf("%s: %s", e.Domain, e.Record)}, trace...)
	who := fmt.Sprintf("%s for email of %s", c.IP, e.Domain)
	switch e.Result {
	case spf.Pass:
		c.add("spf-ip", finding.OK, fmt.Sprintf("SPF allows %s (%s).", who, e.Match), "", evidence...)
		c.facts.spfAligns = c.aligned(ctx, e.Domain, false)
	case spf.TempError:
		c.add("spf-ip", finding.Unknown, fmt.Sprintf("SPF for %s could not be evaluated: %s.", who, e.Problem), "", evidence...)
	case spf.None, spf.Neutral:
		c.facts.spfAligns = no
		c.add("spf-ip", finding.Warning, fmt.Sprintf("SPF says nothing about %s (%s).", who, e.Result), "Add the machine, or your provider's include, to the SPF record.", evidence...)
	default:
		c.facts.spfAligns = no
		why := e.Match
		if e.Problem != "" {
			why = e.Problem
		}
		c.add("spf-ip", finding.Error, fmt.Sprintf("SPF does not allow %s: %s (%s).", who, e.Result, why), "Add the machine, or your provider's include, to the SPF record.", evidence...)
	}
	if !strings.EqualFold(e.Domain, c.domain) && e.Result == spf.Pass && c.facts.spfAligns == no {
		c.add("spf-align", finding.Note, fmt.Sprintf("SPF passes for %s, which is not the domain of %s; for DMARC only DKIM can count.", e.Domain, c.Address), "")
	}
	c.evaluateHelo(ctx)
}

// evaluateHelo asks whether the machine may call itself what it does.
func (c *checker) evaluateHelo(ctx context.Context) {
	if strings.Contains(c.Helo, ".") {
		h := spf.Check(ctx, c.Resolver, spf.Query{IP: c.IP, Helo: c.Helo, Now: c.Now})
		if h.Result == spf.Fail || h.Result == spf.PermError {
			c.add("spf-helo", finding.Warning, fmt.Sprintf("SPF does not allow %s to call itself %s: %s (%s).", c.IP, c.Helo, h.Result, h.Match+h.Problem), "Correct the SPF record of "+c.Helo+", or the name of the machine.", h.Record)
		}
	}
}

// dkim looks at the keys and signatures.
func (c *checker) dkim(ctx context.Context) {
	type pair struct{ selector, domain string }
	var keys []pair
	for _, s := range c.Selectors {
		keys = append(keys, pair{s, c.domain})
	}
	signed := false
	if c.Copy != nil {
		for _, v := range c.Copy.Signatures {
			s, ok := dkim.ReadSignature(v, c.Now)
			if !ok {
				continue
			}
			signed = true
			keys = append(keys, pair{s.Selector, s.Domain})
			for _, p := range s.Problems {
				c.add("dkim-signature", finding.Warning, fmt.Sprintf("The signature of %s (selector %s) is weak: %s.", s.Domain, s.Selector, p.Text), "Change the settings of the signing server.")
			}
			if c.facts.dkimFits != yes {
				c.facts.dkimFits = c.aligned(ctx, s.Domain, true)
			}
		}
		if !signed {
			c.facts.dkim = no
			c.add("dkim", finding.Error, "The email that was looked at has no DKIM signature.", "Turn on DKIM at your email provider.")
		}
	}
	if len(keys) == 0 {
		if c.Copy == nil {
			c.add("dkim", finding.Unknown, "Which DKIM key signs your email is not known, and keys cannot be listed.", "Name its selector with --selector, or give an email that has arrived with --mail.")
		}
		return
	}
	seen := map[pair]bool{}
	for _, k := range keys {
		if !seen[k] {
			seen[k] = true
			c.key(dkim.Lookup(ctx, c.Resolver, k.selector, k.domain))
		}
	}
	if signed && c.facts.dkimFits == no {
		c.add("dkim-align", finding.Warning, fmt.Sprintf("No signature is by %s itself, so DKIM counts for nothing in DMARC.", c.domain), "Set up DKIM for your own domain at your email provider.")
	}
}

// key turns what is wrong with a key into findings.
func (c *checker) key(k dkim.Key) {
	bad := false
	for _, p := range k.Problems {
		level := finding.Error
		switch p.Kind {
		case dkim.Temporary:
			c.add("dkim-key", finding.Unknown, fmt.Sprintf("The DKIM key %s could not be looked up: %s.", k.Name, p.Text), "")
			return
		case dkim.Testing:
			level = finding.Warning
		case dkim.Shortish, dkim.Strict:
			level = finding.Note
		default:
			bad = true
		}
		c.add("dkim-key", level, fmt.Sprintf("The DKIM key %s: %s.", k.Name, p.Text), "Create the key anew at your email provider, and enter its record as given there.", k.Text)
	}
	if !bad {
		c.facts.dkim = yes
		if len(k.Problems) == 0 {
			c.add("dkim-key", finding.OK, fmt.Sprintf("The DKIM key %s is in order (%s, %d bits).", k.Name, k.Kind, k.Bits), "", k.Text)
		}
	} else if c.facts.dkim == unknown {
		c.facts.dkim = no
	}
}

// aligned reports whether a domain counts for DMARC of the sender's domain, by
// either way of finding the organization.
func (c *checker) aligned(ctx context.Context, domain string, byDKIM bool) state {
	if c.old.From == "" {
		c.old = dmarc.Old(ctx, c.Resolver, c.domain)
	}
	strict := c.old.Record.StrictSPF
	if byDKIM {
		strict = c.old.Record.StrictDKIM
	}
	domain = strings.ToLower(domain)
	if dmarc.Aligned(strict, c.domain, dmarc.OldOrg(c.domain), domain, dmarc.OldOrg(domain)) {
		return yes
	}
	return no
}
