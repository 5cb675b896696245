package zone

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"

	"github.com/miekg/dns"

	"hashsend/cmd/hashsend/doctor/ask"
)

// maxServers bounds how many addresses are asked.
const maxServers = 32

// mailTypes are the records of the domain that the servers must agree on.
var mailTypes = []uint16{dns.TypeMX, dns.TypeTXT, dns.TypeA, dns.TypeAAAA}

// servers asks every server that the zone above names, and then those that only
// the zone itself names.
func (c *collector) servers(ctx context.Context) {
	c.addServers(ctx, c.f.Delegation.Names, true)
	c.askAll(ctx, c.f.Servers)
	var own []string
	for _, s := range c.f.Servers {
		names, _ := delegated(s.NS, c.f.Apex)
		own = append(own, names...)
	}
	if len(own) == 0 && len(c.f.Servers) == 0 {
		own, _ = c.Resolver.NS(ctx, c.f.Apex) // without it there is nobody to ask
	}
	slices.Sort(own)
	own = slices.Compact(own)
	for _, s := range c.f.Servers {
		s.InOwn = slices.Contains(own, s.Name)
	}
	before := len(c.f.Servers)
	var more []string
	for _, n := range own {
		if !slices.Contains(c.f.Delegation.Names, n) {
			more = append(more, n)
		}
	}
	c.addServers(ctx, more, false)
	c.askAll(ctx, c.f.Servers[before:])
}

func (c *collector) addServers(ctx context.Context, names []string, parent bool) {
	for _, n := range names {
		addrs := slices.Clone(c.f.Delegation.Glue[n])
		known, _ := c.Resolver.Both(ctx, n) // none: told by the findings
		for _, a := range known {
			if !slices.Contains(addrs, a) {
				addrs = append(addrs, a)
			}
		}
		if len(addrs) == 0 {
			c.f.Servers = append(c.f.Servers, &Server{Name: n, InParent: parent, InOwn: !parent})
		}
		for _, a := range addrs {
			if len(c.f.Servers) < maxServers {
				c.f.Servers = append(c.f.Servers, &Server{Name: n, Addr: a, InParent: parent, InOwn: !parent})
			}
		}
	}
}

func (c *collector) askAll(ctx context.Context, servers []*Server) {
	var running sync.WaitGroup
	for _, s := range servers {
		if s.Addr.IsValid() {
			running.Go(func() { c.askServer(ctx, s) })
		}
	}
	running.Wait()
}

// askServer asks one address in every way. A server that is silent is asked only
// whether it listens to port 53.
func (c *collector) askServer(ctx context.Context, s *Server) {
	soa := func(w ask.Way) ask.Reply { return c.Asker.Ask(ctx, c.at(s.Addr), c.f.Apex, dns.TypeSOA, w) }
	var running sync.WaitGroup
	running.Go(func() { s.Plain = soa(ask.Way{}) })
	running.Go(func() { s.EDNS = soa(ask.Way{EDNS: true}) })
	running.Go(func() { s.TCP = soa(ask.Way{TCP: true}) })
	running.Wait()
	s.From = map[int][2]ask.Reply{}
	if s.Plain.Outcome.Ours() && s.TCP.Outcome.Ours() {
		return
	}
	udp := s.Plain.Outcome.Reached() || s.EDNS.Outcome.Reached()
	for _, p := range c.Ports {
		if !udp && p != 53 {
			continue
		}
		var replies [2]ask.Reply
		running.Go(func() { replies[0] = soa(ask.Way{Port: p, EDNS: s.EDNS.Outcome.Reached()}) })
		if s.TCP.Outcome.Reached() {
			running.Go(func() { replies[1] = soa(ask.Way{Port: p, TCP: true}) })
		}
		running.Wait()
		s.From[p] = replies
	}
	if udp || s.TCP.Outcome.Reached() {
		s.asked = true
		c.askRecords(ctx, s, udp)
	}
}

// askRecords asks one address for the records of the zone, over a way that works.
func (c *collector) askRecords(ctx context.Context, s *Server, udp bool) {
	full := func(name string, qtype uint16) ask.Reply {
		if r := s.EDNS.Outcome; !udp || r == ask.Timeout || r == ask.OtherCode {
			return c.Asker.Ask(ctx, c.at(s.Addr), name, qtype, ask.Way{TCP: !udp})
		}
		return c.full(ctx, s.Addr, name, qtype)
	}
	s.NS, s.DNSKEY = full(c.f.Apex, dns.TypeNS), full(c.f.Apex, dns.TypeDNSKEY)
	s.Data, s.Hosts = map[uint16]ask.Reply{}, map[string][]netip.Addr{}
	for _, n := range c.f.Delegation.Names {
		if !dns.IsSubDomain(c.f.Apex, n) {
			continue
		}
		for _, t := range []uint16{dns.TypeA, dns.TypeAAAA} {
			for _, rr := range full(n, t).Answers() {
				if a, ok := ask.Addr(rr); ok {
					s.Hosts[n] = append(s.Hosts[n], a)
				}
			}
		}
	}
	for _, t := range mailTypes {
		s.Data[t] = full(c.f.Domain, t)
	}
}

// controls asks a server of each control domain from the same ports.
func (c *collector) controls(ctx context.Context) {
	if len(c.Ports) == 0 {
		return
	}
	c.f.Controls = make([]Control, len(c.Controls))
	var running sync.WaitGroup
	for i, d := range c.Controls {
		running.Go(func() { c.f.Controls[i] = c.control(ctx, dns.Fqdn(d)) })
	}
	running.Wait()
	for _, s := range c.f.Servers {
		if s.Addr.Is4() && !c.f.Local.IsValid() {
			c.f.Local = localFor(c.at(s.Addr))
		}
	}
	if c.Asker.From4.IsValid() {
		c.f.Local = c.Asker.From4
	}
}

func (c *collector) control(ctx context.Context, domain string) Control {
	k := Control{Domain: domain, From: map[int]ask.Reply{}}
	names, err := c.Resolver.NS(ctx, domain)
	if err != nil {
		k.Failed = err
		return k
	}
	var addrs []netip.Addr
	for _, n := range names {
		if addrs, k.Failed = c.Resolver.Addrs(ctx, n, false); len(addrs) > 0 {
			k.Server = n
			break
		}
	}
	if len(addrs) == 0 {
		if k.Failed == nil {
			k.Failed = fmt.Errorf("no server of %s has an IPv4 address", domain)
		}
		return k
	}
	k.Any = c.Asker.Ask(ctx, c.at(addrs[0]), domain, dns.TypeSOA, ask.Way{EDNS: true})
	if !k.Any.Outcome.Reached() {
		return k
	}
	for _, p := range c.Ports {
		k.From[p] = c.Asker.Ask(ctx, c.at(addrs[0]), domain, dns.TypeSOA, ask.Way{EDNS: true, Port: p})
	}
	return k
}

// localFor is the own address on the way to a server; zero: there is no way.
func localFor(to netip.AddrPort) netip.Addr {
	conn, err := net.Dial("udp", to.String()) //nolint:noctx // sends nothing
	if err != nil {
		return netip.Addr{}
	}
	defer conn.Close() //nolint:errcheck // nothing was sent
	a, _ := netip.ParseAddrPort(conn.LocalAddr().String())
	return a.Addr()
}
