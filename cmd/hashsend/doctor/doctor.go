// Package doctor finds out why email does not arrive. Each kind of check has a
// package of its own below; this one runs the ones that are asked for and gathers
// what they found. It reads and asks; it changes nothing.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"time"

	"hashsend/cmd/hashsend/doctor/ask"
	"hashsend/cmd/hashsend/doctor/bounces"
	"hashsend/cmd/hashsend/doctor/finding"
	"hashsend/cmd/hashsend/doctor/machine"
	"hashsend/cmd/hashsend/doctor/mailbox"
	"hashsend/cmd/hashsend/doctor/received"
	"hashsend/cmd/hashsend/doctor/recipient"
	"hashsend/cmd/hashsend/doctor/sender"
	"hashsend/cmd/hashsend/doctor/threads"
	"hashsend/cmd/hashsend/doctor/zone"
)

// Report is what was found.
type Report = finding.Report

// Config says what to look at. What is left out is not looked at.
type Config struct {
	DNS     DNS
	Domains []string // domains whose DNS is looked at
	Senders []Sender // addresses that are looked at as receivers do

	Mailboxes  []mailbox.Config // mailboxes whose servers are tried; Now and Progress are filled in
	Recipients []string         // addresses of others
	MailPort   uint16           // of others' mail servers; 0: 25

	Refusals *Refusals      // what servers have refused; nil: it is not looked at
	Rooms    *Rooms         // how mail programs would show rooms; nil: it is not looked at
	Emails   []threads.Mail // how mail programs would show these emails

	Machine    *machine.Config // this machine; Resolver, HTTP and Progress are filled in; nil: it is not looked at
	Reputation *Reputation     // what others think of the sending machine; nil: it is not looked at

	Progress func(string) // is told what is done now; may be nil; one goroutine at a time
}

// DNS says how names are looked up.
type DNS struct {
	Resolvers []netip.AddrPort // none: those of /etc/resolv.conf
	Roots     []netip.AddrPort // root servers to walk from; none: the resolver says who serves the zone above
	Controls  []string         // domains to compare with; none: zone.DefaultControls
	From      netip.Addr       // own address; zero: the system chooses
	Port      uint16           // of authoritative servers; 0: 53
	Patience  time.Duration    // for one question; 0: two seconds
}

// Write prints a report: as one JSON object, or for people, with the evidence if
// verbose is set.
func Write(w io.Writer, r Report, asJSON, verbose bool) error {
	if asJSON {
		return finding.WriteJSON(w, r)
	}
	return finding.WriteText(w, r, verbose)
}

// Refusals are what servers have said when they refused emails.
type Refusals struct {
	All     []bounces.Refusal
	Unknown string // why they could not be read; empty: they were
}

// Rooms are the conversations whose emails are grouped.
type Rooms struct {
	All     []threads.Room
	Unknown string // why they could not be read; empty: they were
}

// Sender is an address that sends; see sender.Config.
type Sender struct {
	Address   string
	IP        netip.Addr
	Helo      string
	Selectors []string
	Copy      []byte // an email from it that has arrived somewhere; nil: none
	RDAP      string // IANA; empty: registration data is not asked for

	trace *received.Trace // Copy, already read
}

// IANA is the official list of the servers of registration data.
const IANA = sender.IANA

// ValidDomain reports what is wrong with a domain.
func ValidDomain(domain string) error { _, err := zone.Name(domain); return err }

// ValidAddress reports what is wrong with an email address.
func ValidAddress(address string) error { _, err := sender.Domain(address); return err }

// Run looks at everything that cfg names, one thing after the other. It fails only
// where it cannot begin, or ctx ends: what is wrong elsewhere is a finding.
func Run(ctx context.Context, cfg Config) (Report, error) {
	r, err := newRunner(cfg)
	if err != nil {
		return Report{}, err
	}
	for _, part := range r.parts() {
		if err := part(ctx); err != nil {
			return r.report, err
		}
	}
	return r.report, ctx.Err()
}

// parts are the things that are looked at, in their order.
func (r *runner) parts() (all []func(context.Context) error) {
	if r.Machine != nil {
		all = append(all, func(ctx context.Context) error { return r.machine(ctx, *r.Machine) })
	}
	for _, m := range r.Mailboxes {
		all = append(all, func(ctx context.Context) error { return r.mailbox(ctx, m) })
	}
	for _, x := range r.Senders {
		all = append(all, func(ctx context.Context) error { return r.sender(ctx, x) })
	}
	for _, d := range r.Domains {
		all = append(all, func(ctx context.Context) error { return r.domain(ctx, d) })
	}
	for _, a := range r.Recipients {
		all = append(all, func(ctx context.Context) error { return r.recipient(ctx, a) })
	}
	if r.Refusals != nil {
		all = append(all, func(context.Context) error { return r.refusals(*r.Refusals) })
	}
	if r.Rooms != nil {
		all = append(all, func(context.Context) error { return r.rooms(*r.Rooms) })
	}
	if len(r.Emails) > 0 {
		all = append(all, func(context.Context) error { return r.emails() })
	}
	if r.Reputation != nil {
		all = append(all, func(ctx context.Context) error { return r.reputation(ctx, *r.Reputation) })
	}
	return all
}

type runner struct {
	Config
	asker    *ask.Asker
	resolver *ask.Resolver
	report   Report
}

func newRunner(cfg Config) (*runner, error) {
	r := &runner{Config: cfg, asker: &ask.Asker{Patience: cfg.DNS.Patience}}
	if from := cfg.DNS.From.Unmap(); from.Is4() {
		r.asker.From4 = from
	} else if from.Is6() {
		r.asker.From6 = from
	}
	servers := cfg.DNS.Resolvers
	if len(servers) == 0 {
		var err error
		if servers, err = ask.Configured("/etc/resolv.conf"); err != nil {
			return nil, errors.Join(err, errors.New("name a resolver with --resolver"))
		}
	}
	r.resolver = &ask.Resolver{Asker: r.asker, Servers: servers}
	return r, nil
}

func (r *runner) say(what string) func(string) {
	return func(step string) {
		if r.Progress != nil {
			r.Progress(what + ": " + step)
		}
	}
}

func (r *runner) domain(ctx context.Context, domain string) error {
	s, err := zone.Check(ctx, zone.Config{
		Domain: domain, Asker: r.asker, Resolver: r.resolver, Hints: r.DNS.Roots, Port: r.DNS.Port, Controls: r.DNS.Controls,
		Progress: r.say("DNS of " + domain),
	})
	if err != nil {
		return fmt.Errorf("look at the DNS of %s: %w", domain, err)
	}
	r.report.Sections = append(r.report.Sections, s)
	return nil
}

// webTime is how long one request to a web server may take.
const webTime = 20 * time.Second

func (r *runner) sender(ctx context.Context, x Sender) error {
	cfg := sender.Config{
		Address: x.Address, IP: x.IP.Unmap(), Helo: x.Helo, Selectors: x.Selectors, RDAP: x.RDAP,
		Resolver: r.resolver, HTTP: &http.Client{Timeout: webTime}, Now: time.Now(), Progress: r.say(x.Address),
	}
	if x.Copy != nil {
		t, err := received.Read(x.Copy)
		if err != nil {
			return err
		}
		x.trace = &t
	}
	cfg.Copy = x.trace
	s, err := sender.Check(ctx, cfg)
	if err != nil {
		return fmt.Errorf("look at %s as receivers do: %w", x.Address, err)
	}
	r.report.Sections = append(r.report.Sections, s)
	return nil
}

// mailbox looks at a mailbox, and where an email came back at its sender as well.
func (r *runner) mailbox(ctx context.Context, m mailbox.Config) error {
	m.Now, m.Progress = time.Now(), r.say(m.Name)
	s, arrived, err := mailbox.Check(ctx, m)
	if err != nil {
		return fmt.Errorf("look at the mailbox %s: %w", m.Name, err)
	}
	r.report.Sections = append(r.report.Sections, s)
	if arrived == nil {
		return nil
	}
	return r.sender(ctx, Sender{Address: m.Address, trace: arrived})
}

func (r *runner) recipient(ctx context.Context, address string) error {
	domain, err := sender.Domain(address)
	if err != nil {
		return err
	}
	cfg := recipient.Config{Address: address, Domain: domain, Resolver: r.resolver, HTTP: &http.Client{Timeout: webTime}, Port: r.MailPort, Now: time.Now(), Progress: r.say(address)}
	if r.MailPort == 0 {
		cfg.Control = recipient.DefaultControl
	}
	s, err := recipient.Check(ctx, cfg)
	if err != nil {
		return fmt.Errorf("look at the recipient %s: %w", address, err)
	}
	r.report.Sections = append(r.report.Sections, s)
	return nil
}

func (r *runner) refusals(x Refusals) error {
	s := finding.Section{Name: "bounces", Title: "Refused emails"}
	switch {
	case x.Unknown != "":
		s.Add(finding.Finding{Check: "bounces.refused", Level: finding.Unknown, Text: x.Unknown})
	case len(x.All) == 0:
		s.Add(finding.Finding{Check: "bounces.refused", Level: finding.OK, Text: "No refused email was found."})
	default:
		s.Add(bounces.New().Findings(x.All)...)
	}
	r.report.Sections = append(r.report.Sections, s)
	return nil
}

func (r *runner) rooms(x Rooms) error {
	s := finding.Section{Name: "threads", Title: "Conversations in mail programs"}
	switch {
	case x.Unknown != "":
		s.Add(finding.Finding{Check: "threads.rooms", Level: finding.Unknown, Text: x.Unknown})
	case len(x.All) == 0:
		s.Add(finding.Finding{Check: "threads.rooms", Level: finding.Note, Text: "No room is linked to email yet.", Do: "Name titles with --title to see how they would be shown."})
	default:
		var err error
		if s, err = threads.ForRooms(x.All, time.Now()); err != nil {
			return err
		}
	}
	r.report.Sections = append(r.report.Sections, s)
	return nil
}

func (r *runner) machine(ctx context.Context, m machine.Config) error {
	m.Resolver, m.HTTP, m.Progress = r.resolver, &http.Client{Timeout: webTime}, r.say("this machine")
	s, err := machine.Check(ctx, m)
	if err != nil {
		return fmt.Errorf("look at this machine: %w", err)
	}
	r.report.Sections = append(r.report.Sections, s)
	return nil
}

func (r *runner) emails() error {
	r.report.Sections = append(r.report.Sections, threads.ForMails(r.Emails))
	return nil
}
