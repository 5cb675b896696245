// Package zone looks at the DNS of a domain as an experienced admin does: at the
// resolver of this machine, at the delegation, and at each authoritative server over
// every way by which it may be asked. Collect asks, Findings decides.
package zone

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"github.com/miekg/dns"

	"hashsend/cmd/hashsend/doctor/ask"
	"hashsend/cmd/hashsend/doctor/finding"
)

// Config says what to look at.
type Config struct {
	Domain   string
	Asker    *ask.Asker
	Resolver *ask.Resolver    // the configured ones
	Hints    []netip.AddrPort // root servers to walk from; none: the resolver says who serves the zone above
	Port     uint16           // of authoritative servers; 0: 53
	Ports    []int            // source ports that are compared; nil: DefaultPorts
	Controls []string         // domains of different operators, asked in the same way; nil: DefaultControls
	Progress func(string)     // is told what is done now; may be nil
}

// DefaultPorts are two at the border of the low ports, and that of old resolvers.
var DefaultPorts = []int{1024, 1023, 53}

// DefaultControls are domains whose name servers belong to three large operators
// and are known to answer everybody.
var DefaultControls = []string{"wikipedia.org", "cloudflare.com", "ripe.net"}

// Facts is what was asked and answered.
type Facts struct {
	Domain     string // as asked about
	Apex       string // the zone that it lies in, with a dot at the end
	Ports      []int
	Resolvers  []ResolverFacts
	Delegation Delegation
	Servers    []*Server
	Controls   []Control
	Local      netip.Addr // own IPv4 address on the way out; zero: not known
}

// ResolverFacts are the answers of one configured resolver.
type ResolverFacts struct {
	Addr               netip.AddrPort
	Domain, Plain, TCP ask.Reply // SOA of the domain: with EDNS and DNSSEC, without, by TCP
	Unsafe             ask.Reply // the same without validation
	Root, Invalid      ask.Reply // SOA of the root; a name that cannot exist
}

// Delegation is what the zone above says.
type Delegation struct {
	Parent  string      // its name; empty: not found out
	Steps   []ask.Reply // the walk from the root, where there was one
	Replies []ask.Reply // of each server of the parent, to NS of the zone
	DS      []ask.Reply // of each server of the parent, to DS of the zone
	Names   []string    // servers that the parent names, in canonical form
	Glue    map[string][]netip.Addr
	Failure error // why nothing was found out
}

// Server is one address of an authoritative server.
type Server struct {
	Name            string
	Addr            netip.Addr
	Plain, EDNS     ask.Reply            // SOA of the zone over UDP
	TCP             ask.Reply            // the same over TCP
	From            map[int][2]ask.Reply // by source port: UDP, TCP
	NS              ask.Reply
	Data            map[uint16]ask.Reply // records of the domain that matter for mail
	DNSKEY          ask.Reply
	Hosts           map[string][]netip.Addr // addresses that it gives the zone's servers
	asked           bool                    // more than whether it is there was asked
	InParent, InOwn bool                    // who names it: the zone above, the zone itself
}

// Control is one server of another domain.
type Control struct {
	Domain string
	Server string
	Any    ask.Reply         // from any port
	From   map[int]ask.Reply // by source port, UDP
	Failed error             // why no server was found
}

// Name without the dot at the end, for people.
func plainName(n string) string {
	if n == "." {
		return "the root"
	}
	return strings.TrimSuffix(n, ".")
}

// Check asks and decides.
func Check(ctx context.Context, cfg Config) (finding.Section, error) {
	f, err := Collect(ctx, cfg)
	if err != nil {
		return finding.Section{}, err
	}
	return finding.Section{Name: "dns", Title: "DNS of " + plainName(f.Domain), Findings: Findings(f), Tables: Tables(f)}, nil
}

// Collect asks everything. It fails only where the domain is none, or ctx ended:
// what servers do is a fact.
func Collect(ctx context.Context, cfg Config) (Facts, error) {
	c := &collector{Config: cfg}
	if c.Port == 0 {
		c.Port = 53
	}
	if c.Ports == nil {
		c.Ports = DefaultPorts
	}
	if c.Controls == nil {
		c.Controls = DefaultControls
	}
	domain, err := Name(cfg.Domain)
	if err != nil {
		return Facts{}, err
	}
	c.f = Facts{Domain: domain, Apex: domain, Ports: c.Ports}
	c.say("Asking the resolver")
	c.resolvers(ctx)
	c.say("Following the delegation")
	c.delegation(ctx)
	c.say("Asking each name server")
	c.servers(ctx)
	c.say("Asking the controls")
	c.controls(ctx)
	return c.f, ctx.Err()
}

// Name is a domain in canonical form, with a dot at the end.
func Name(domain string) (string, error) {
	name := dns.CanonicalName(strings.TrimSpace(domain))
	if _, ok := dns.IsDomainName(name); !ok || name == "." || strings.ContainsAny(name, " @/") {
		return "", fmt.Errorf("%q is not a valid domain name", domain)
	}
	return name, nil
}

type collector struct {
	Config
	f Facts
}

func (c *collector) say(what string) {
	if c.Progress != nil {
		c.Progress(what)
	}
}

func (c *collector) at(a netip.Addr) netip.AddrPort { return netip.AddrPortFrom(a, c.Port) }
