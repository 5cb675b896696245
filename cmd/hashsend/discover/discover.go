// Package discover finds the mail servers of an address: in a table of well-known providers, in
// SRV records, by autoconfig, and under the usual names. It also tests, with emails from a mailbox
// to itself, what the provider does with them.
package discover

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"hashsend/bridge/mail"
	"hashsend/connectors/mailnet"
)

// Server is the address of a mail service.
type Server struct {
	Host string
	Port int
	TLS  string // a word of mailnet
	User string // empty: the address
}

// String is HOST:PORT and the protection.
func (s Server) String() string { return fmt.Sprintf("%s:%d (%s)", s.Host, s.Port, s.TLS) }

// Found is the result of Find.
type Found struct {
	IMAP, SMTP Server
	Provider   *Provider // nil: not a known one
	How        string    // where the servers were found, as text
}

// Resolver asks the DNS. *net.Resolver is one.
type Resolver interface {
	LookupSRV(ctx context.Context, service, proto, name string) (cname string, addrs []*net.SRV, err error)
	LookupMX(ctx context.Context, name string) ([]*net.MX, error)
}

// Finder finds servers. The zero Finder uses the network as it is.
type Finder struct {
	Resolver   Resolver                                        // nil: that of the system
	Client     *http.Client                                    // nil: one with a time limit
	Autoconfig func(domain string) []string                    // addresses of autoconfig files; nil: the usual ones
	Probe      func(ctx context.Context, s Server) (err error) // does a mail server answer there? nil: it is asked
}

// ErrNone means that no servers were found.
var ErrNone = errors.New("no mail servers found")

// Find finds the servers of an address. It tries the most reliable way first. The error wraps
// ErrNone, or says why the provider can't be used.
func (f Finder) Find(ctx context.Context, address string) (Found, error) {
	a, err := mail.ParseAddress(address)
	if err != nil {
		return Found{}, fmt.Errorf("%q is not a valid email address", address)
	}
	domain := strings.ToLower(a.Address[strings.LastIndex(a.Address, "@")+1:])
	f = f.withDefaults()
	if p := byDomain(domain); p != nil {
		return p.found("a known provider")
	}
	for _, way := range []func(context.Context, string, string) (Found, error){f.bySRV, f.byAutoconfig, f.byMX, f.byGuess} {
		found, err := way(ctx, domain, a.Address)
		switch {
		case ctx.Err() != nil:
			return Found{}, ctx.Err()
		case errors.Is(err, ErrNone):
			continue
		case err != nil:
			return Found{}, err
		}
		if found.Provider == nil {
			found.Provider = byHost(found.IMAP.Host)
		}
		return found, nil
	}
	return Found{}, fmt.Errorf("%w for %s: name them with --imap HOST:PORT and --smtp HOST:PORT", ErrNone, domain)
}

func (f Finder) withDefaults() Finder {
	if f.Resolver == nil {
		f.Resolver = net.DefaultResolver
	}
	if f.Client == nil {
		f.Client = &http.Client{Timeout: 10 * time.Second}
	}
	if f.Autoconfig == nil {
		f.Autoconfig = func(domain string) []string {
			return []string{"https://autoconfig." + domain + "/mail/config-v1.1.xml", "https://" + domain + "/.well-known/autoconfig/mail/config-v1.1.xml"}
		}
	}
	if f.Probe == nil {
		f.Probe = probe
	}
	return f
}

// bySRV reads the records of RFC 6186 and RFC 8314.
func (f Finder) bySRV(ctx context.Context, domain, _ string) (found Found, err error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	first := func(services ...string) (s Server) {
		for _, name := range services {
			_, records, err := f.Resolver.LookupSRV(ctx, name, "tcp", domain)
			if err != nil {
				continue
			}
			for _, r := range records {
				host := strings.TrimSuffix(r.Target, ".")
				if host == "" || r.Port == 0 { // the service is not offered
					continue
				}
				protection := mailnet.StartTLS
				if strings.HasSuffix(name, "s") {
					protection = mailnet.TLS
				}
				return Server{Host: host, Port: int(r.Port), TLS: protection}
			}
		}
		return Server{}
	}
	found = Found{IMAP: first("imaps", "imap"), SMTP: first("submissions", "submission"), How: "the SRV records of " + domain}
	if found.IMAP.Host == "" || found.SMTP.Host == "" {
		return Found{}, ErrNone
	}
	return found, nil
}

// byMX recognizes a provider by the domain's MX records.
func (f Finder) byMX(ctx context.Context, domain, _ string) (Found, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	records, err := f.Resolver.LookupMX(ctx, domain)
	if err != nil {
		return Found{}, ErrNone
	}
	for _, r := range records {
		host := strings.ToLower(strings.TrimSuffix(r.Host, "."))
		for _, p := range providers() {
			if slices.ContainsFunc(p.mx, func(end string) bool { return host == end || strings.HasSuffix(host, "."+end) }) {
				return p.found("the MX records of " + domain)
			}
		}
	}
	return Found{}, ErrNone
}

// byGuess tries the usual names, all at the same time. It uses the first of the list that
// responds.
func (f Finder) byGuess(ctx context.Context, domain, _ string) (Found, error) {
	reading := candidates(domain, []string{"imap.", "mail.", ""}, [2]int{993, 143})
	sending := candidates(domain, []string{"smtp.", "mail.", ""}, [2]int{465, 587})
	ctx, cancel := context.WithTimeout(ctx, 8*time.Second)
	defer cancel()
	answers := make([]chan error, 0, len(reading)+len(sending))
	for _, s := range slices.Concat(reading, sending) {
		c := make(chan error, 1)
		go func() { c <- f.Probe(ctx, s) }()
		answers = append(answers, c)
	}
	pick := func(all []Server, answers []chan error) (best Server) {
		for i := range all {
			if err := <-answers[i]; err == nil && best.Host == "" {
				best = all[i]
			}
		}
		return best
	}
	found := Found{IMAP: pick(reading, answers[:len(reading)]), SMTP: pick(sending, answers[len(reading):]), How: "the usual server names"}
	if found.IMAP.Host == "" || found.SMTP.Host == "" {
		return Found{}, ErrNone
	}
	return found, nil
}

func candidates(domain string, names []string, ports [2]int) (all []Server) {
	for _, name := range names {
		all = append(all, Server{Host: name + domain, Port: ports[0], TLS: mailnet.TLS}, Server{Host: name + domain, Port: ports[1], TLS: mailnet.StartTLS})
	}
	return all
}

// probe connects and reads a greeting: "* OK" of IMAP, "220" of SMTP.
func probe(ctx context.Context, s Server) error {
	conn, err := mailnet.Server{Host: s.Host, Port: s.Port, TLS: s.TLS, Timeout: 5 * time.Second}.Dial(ctx)
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // it was only looked at
	var b [4]byte
	n, err := conn.Read(b[:])
	if err != nil {
		return err
	}
	if greeting := string(b[:n]); !strings.HasPrefix(greeting, "* ") && !strings.HasPrefix(greeting, "220") {
		return fmt.Errorf("%s is not a mail server", s)
	}
	return nil
}
