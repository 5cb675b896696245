// Package mailbox looks at a mailbox that is configured: its servers and their
// certificates, whether they take the password, and what becomes of an email that is
// sent from it to itself.
package mailbox

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"hashsend/cmd/hashsend/discover"
	"hashsend/cmd/hashsend/doctor/finding"
	"hashsend/cmd/hashsend/doctor/probe"
	"hashsend/cmd/hashsend/doctor/received"
	"hashsend/connectors/imap"
	"hashsend/connectors/mailnet"
	"hashsend/connectors/smtp"
)

// Config is a mailbox.
type Config struct {
	Name     string // in the configuration
	Address  string
	IMAP     *imap.Config // nil: it is not read by IMAP
	SMTP     smtp.Config
	Send     bool          // send two emails from it to itself
	Patience time.Duration // for their arrival; 0: two minutes
	Now      time.Time
	Progress func(string) // may be nil
}

// tryTime is how long one server is tried.
const tryTime = 30 * time.Second

type checker struct {
	Config
	s finding.Section
}

// Check looks at a mailbox. arrived is the header of the email that came back; nil:
// none was sent, or it did not come. It fails only where ctx ended.
func Check(ctx context.Context, cfg Config) (s finding.Section, arrived *received.Trace, err error) {
	c := &checker{Config: cfg, s: finding.Section{Name: "mail", Title: "Mailbox " + cfg.Name}}
	in := true
	if c.IMAP != nil {
		c.say("the IMAP server")
		in = c.server(ctx, "IMAP", probe.IMAP, c.IMAP.Server, c.signInIMAP)
	}
	c.say("the submission server")
	out := c.server(ctx, "SMTP", probe.SMTP, c.SMTP.Server, c.signInSMTP)
	switch {
	case !c.Send:
	case c.IMAP == nil:
		c.add("trip", finding.Unknown, "Whether an email arrives could not be tried: this mailbox is not read by IMAP.", "")
	case !in || !out:
		c.add("trip", finding.Unknown, "Whether an email arrives could not be tried: see the errors above.", "")
	default:
		c.say("waiting for an email to itself")
		arrived = c.trip(ctx)
	}
	return c.s, arrived, ctx.Err()
}

func (c *checker) say(what string) {
	if c.Progress != nil {
		c.Progress(what)
	}
}

func (c *checker) add(check string, level finding.Level, text, do string, evidence ...string) {
	c.s.Add(finding.Finding{Check: "mail." + check, Level: level, Text: text, Do: do, Evidence: evidence})
}

// server looks at one server, and reports whether it let us in.
func (c *checker) server(ctx context.Context, what string, protocol probe.Protocol, server mailnet.Server, signIn func(context.Context) (string, error)) bool {
	at := server.Address()
	if server.Mode() == mailnet.Plain {
		c.add("tls", finding.Note, fmt.Sprintf("The connection to the %s server %s is not encrypted (tls: none).", what, at), "")
	} else if r, ok := c.look(ctx, protocol, server); ok {
		c.certificate(what, at, r)
	}
	limited, cancel := context.WithTimeout(ctx, tryTime)
	defer cancel()
	text, err := signIn(limited)
	if err != nil {
		c.add("sign-in", finding.Error, fmt.Sprintf("The %s server %s could not be used: %s.", what, at, oneLine(err.Error())), "See hashsend check, which tries the same.")
		return false
	}
	c.add("sign-in", finding.OK, fmt.Sprintf("Signed in to the %s server %s%s.", what, at, text), "")
	return true
}

func oneLine(s string) string { return strings.TrimSuffix(strings.Join(strings.Fields(s), " "), ".") }

func (c *checker) look(ctx context.Context, protocol probe.Protocol, server mailnet.Server) (probe.Result, bool) {
	config, err := server.TLSConfig()
	if err != nil {
		return probe.Result{}, false // signing in tells
	}
	r := probe.Look(ctx, probe.Target{
		Addr: server.Address(), Host: server.Host, Protocol: protocol, Implicit: server.Mode() == mailnet.TLS,
		Roots: config.RootCAs, Patience: tryTime, Now: c.Now,
	})
	return r, r.Secured()
}

// soon is how long before its end a certificate is warned about.
const soon = 14 * 24 * time.Hour

func (c *checker) certificate(what, at string, r probe.Result) {
	leaf := r.Chain[0]
	day := leaf.NotAfter.UTC().Format("2 Jan 2006")
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(r.Trust, &invalid) && invalid.Reason == x509.Expired:
		c.add("certificate", finding.Error, fmt.Sprintf("The certificate of the %s server %s expired on %s.", what, at, day), "Whoever runs the server has to renew it.", r.String())
	case r.Trust != nil:
		c.add("certificate", finding.Error, fmt.Sprintf("The certificate of the %s server %s is not trusted: %v.", what, at, r.Trust), "If the server has a certificate of your own authority, name that in ca_file.", r.String())
	case r.NameError != nil:
		c.add("certificate", finding.Error, fmt.Sprintf("The certificate of the %s server %s is for another name: %v.", what, at, r.NameError), "Set host to a name that stands in the certificate.", r.String())
	case leaf.NotAfter.Before(c.Now.Add(soon)):
		c.add("certificate", finding.Warning, fmt.Sprintf("The certificate of the %s server %s expires on %s.", what, at, day), "Whoever runs the server has to renew it.", r.String())
	default:
		c.add("certificate", finding.OK, fmt.Sprintf("The certificate of the %s server %s is valid until %s.", what, at, day), "", r.String())
	}
	if r.Version < tls.VersionTLS12 {
		c.add("tls", finding.Warning, fmt.Sprintf("The %s server %s knows only %s, which is no longer safe.", what, at, tls.VersionName(r.Version)), "Whoever runs the server has to update it.", r.String())
	}
}

func (c *checker) signInIMAP(ctx context.Context) (text string, err error) {
	in, err := imap.Open(c.Name, *c.IMAP, slog.New(slog.DiscardHandler))
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	abilities, folders, err := in.Check(ctx)
	if err != nil {
		return "", err
	}
	if !slices.Contains(abilities, "IDLE") {
		text += "; it announces no new email (IDLE), so replies come some seconds later"
	}
	if folders.Sent == "" {
		text += "; it has no Sent folder"
	}
	return text, nil
}

func (c *checker) signInSMTP(ctx context.Context) (text string, err error) {
	out, err := smtp.Open(c.SMTP, slog.New(slog.DiscardHandler))
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	if _, err := out.Check(ctx); err != nil {
		return "", err
	}
	if n := out.MaxSize(); n > 0 {
		text = fmt.Sprintf("; it takes emails up to %.0f MB", float64(n)/1e6)
	}
	return text, nil
}

// trip sends emails to the mailbox itself and says what became of them.
func (c *checker) trip(ctx context.Context) *received.Trace {
	quiet := slog.New(slog.DiscardHandler)
	watched := *c.IMAP
	watched.Poll, watched.JunkPoll, watched.Mark = 5*time.Second, 5*time.Second, "" // somebody waits, and nothing is to be marked
	patience := c.Patience
	if patience <= 0 {
		patience = 2 * time.Minute
	}
	in, err := imap.Open("doctor", watched, quiet)
	if err != nil {
		c.add("trip", finding.Unknown, fmt.Sprintf("Whether an email arrives could not be tried: %v.", err), "")
		return nil
	}
	defer in.Close() //nolint:errcheck // it was only read
	out, err := smtp.Open(c.SMTP, quiet)
	if err != nil {
		c.add("trip", finding.Unknown, fmt.Sprintf("Whether an email arrives could not be tried: %v.", err), "")
		return nil
	}
	defer out.Close() //nolint:errcheck // it is given up
	t, err := discover.RoundTrip(ctx, c.Address, in, out, patience)
	if err != nil {
		c.add("trip", finding.Error, fmt.Sprintf("The test email could not be sent or looked for: %s.", oneLine(err.Error())), "")
		return nil
	}
	c.tell(t, patience)
	if t.Copy == nil {
		return nil
	}
	trace := received.Of(*t.Copy)
	c.path(trace)
	return &trace
}

// slow is how long an email to oneself may take.
const slow = 30 * time.Second

func (c *checker) tell(t discover.Trip, patience time.Duration) {
	took := t.Took.Round(100 * time.Millisecond)
	switch {
	case t.Junk:
		c.add("trip", finding.Warning, fmt.Sprintf("The email to itself arrived after %s, but in the spam folder.", took), "Mark it as not spam. If your own provider distrusts your email, others do so, too: see the findings about the sender.")
	case !t.Arrived:
		c.add("trip", finding.Error, fmt.Sprintf("The email to itself did not arrive within %s.", patience), "Look whether a rule of the mailbox files or deletes it.")
		return
	case t.Took > slow:
		c.add("trip", finding.Warning, fmt.Sprintf("The email to itself arrived after %s, which is long.", took), "The table of its way shows where it waited.")
	default:
		c.add("trip", finding.OK, fmt.Sprintf("The email to itself arrived after %s.", max(took, 100*time.Millisecond)), "")
	}
	yes := func(check string, is bool, good, bad, do string) {
		if is {
			c.add(check, finding.OK, good, "")
			return
		}
		c.add(check, finding.Note, bad, do)
	}
	yes("plus", t.Plus, "Plus addresses arrive.", "Plus addresses (name+word@domain) do not arrive; replies are matched without them.", "Set plus_addresses: false.")
	yes("message-id", t.SameID, "The Message-ID survives.", "The provider gives emails another Message-ID; hashsend learns it.", "")
	yes("sent", t.KeptSent, "The provider keeps a copy in the Sent folder.", "The provider keeps no copy in the Sent folder; hashsend puts one there.", "Set keeps_sent: false.")
}

// path shows the way of the email and what its receiver found out.
func (c *checker) path(t received.Trace) {
	table := finding.Table{Title: "The way of the email, first server first", Head: []string{"server", "from", "address", "protocol", "after"}}
	for i := len(t.Hops) - 1; i >= 0; i-- {
		h := t.Hops[i]
		row := []string{h.By, h.Helo, "", h.With, ""}
		if h.IP.IsValid() {
			row[2] = h.IP.String()
		}
		if i+1 < len(t.Hops) && !h.At.IsZero() && !t.Hops[i+1].At.IsZero() {
			row[4] = h.At.Sub(t.Hops[i+1].At).String()
		}
		table.Rows = append(table.Rows, row)
	}
	c.s.Tables = append(c.s.Tables, table)
	if len(t.Results) > 0 {
		c.add("results", finding.OK, "Your provider has written what it found out about the sender (Authentication-Results); see -v.", "", t.Results...)
	} else {
		c.add("results", finding.Note, "Your provider does not write what it found out about a sender (Authentication-Results), so hashsend checks signatures itself.", "")
	}
	if t.Sealed {
		c.add("arc", finding.Note, "The email has ARC headers, by which forwarding servers vouch for what they saw.", "")
	}
}
