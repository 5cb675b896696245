// Package dnstest runs real DNS servers on loopback addresses for the doctor's
// tests: authoritative ones from zone files, with the faults that are seen in the
// field, and one that answers for all zones as a resolver does.
package dnstest

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// Net is a group of servers that share a port, as those of the internet share 53.
type Net struct {
	Port uint16
	TB   testing.TB
}

// New finds a port that is free at all the addresses 127.53.0.1 to 127.53.0.40.
func New(tb testing.TB) *Net {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		tb.Fatal(err)
	}
	return &Net{Port: uint16(port), TB: tb} //nolint:gosec // ports are below 65536
}

// Query is a question as a server sees it.
type Query struct {
	dns.Question
	Msg  *dns.Msg
	From netip.AddrPort
	TCP  bool
}

// EDNS reports whether the question has an OPT record.
func (q Query) EDNS() bool { return q.Msg.IsEdns0() != nil }

// Server is one server. Fields are set before it starts.
type Server struct {
	Zones   []*Zone
	Drop    func(Query) bool          // true: nothing is sent back
	Change  func(Query, *dns.Msg)     // last change to an answer
	Answer  func(Query) *dns.Msg      // instead of the zones; nil from it: drop
	Delay   func(Query) time.Duration // before it answers
	Resolve bool                      // answer as a resolver that knows all zones
	NoTCP   bool                      // TCP is closed
	CutOff  bool                      // as a resolver it does not know the root

	Addr netip.AddrPort // set when it runs

	mu    sync.Mutex
	asked []Query
}

// Asked are the questions so far.
func (s *Server) Asked() []Query {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

// Start runs a server at an address such as 127.53.0.1 until the test ends.
func (n *Net) Start(addr string, s *Server) *Server {
	n.TB.Helper()
	s.Addr = netip.AddrPortFrom(netip.MustParseAddr(addr), n.Port)
	up := func(server *dns.Server) {
		started := make(chan struct{})
		server.NotifyStartedFunc = func() { close(started) }
		done := make(chan error, 1)
		go func() { done <- server.ActivateAndServe() }()
		select {
		case <-started:
		case err := <-done:
			n.TB.Fatalf("start a name server: %v", err)
		}
		n.TB.Cleanup(func() {
			if err := server.Shutdown(); err != nil {
				n.TB.Errorf("stop a name server: %v", err)
			}
			if err := <-done; err != nil {
				n.TB.Errorf("a name server ended: %v", err)
			}
		})
	}
	pc, err := net.ListenPacket("udp", s.Addr.String())
	if err != nil {
		n.TB.Fatal(err)
	}
	up(&dns.Server{PacketConn: pc, Handler: dns.HandlerFunc(s.handle), UDPSize: 4096})
	if s.NoTCP {
		return s
	}
	l, err := net.Listen("tcp", s.Addr.String())
	if err != nil {
		n.TB.Fatal(err)
	}
	up(&dns.Server{Listener: l, Handler: dns.HandlerFunc(s.handle)})
	return s
}

func (s *Server) handle(w dns.ResponseWriter, m *dns.Msg) {
	if len(m.Question) != 1 {
		return
	}
	q := Query{Question: m.Question[0], Msg: m, TCP: w.LocalAddr().Network() == "tcp"}
	q.From, _ = netip.ParseAddrPort(w.RemoteAddr().String())
	s.mu.Lock()
	s.asked = append(s.asked, q)
	s.mu.Unlock()
	if s.Drop != nil && s.Drop(q) {
		return
	}
	if s.Delay != nil {
		time.Sleep(s.Delay(q))
	}
	answer := s.answer(q)
	if answer == nil {
		return
	}
	if opt := m.IsEdns0(); opt != nil && answer.IsEdns0() == nil {
		answer.SetEdns0(1232, opt.Do())
	}
	if s.Change != nil {
		s.Change(q, answer)
	}
	if !q.TCP {
		size := 512
		if opt := m.IsEdns0(); opt != nil {
			size = max(size, int(opt.UDPSize()))
		}
		answer.Truncate(size)
	}
	w.WriteMsg(answer) //nolint:errcheck // who asked will see it
}

func (s *Server) answer(q Query) *dns.Msg {
	if s.Answer != nil {
		return s.Answer(q)
	}
	m := &dns.Msg{}
	m.SetReply(q.Msg)
	do := q.EDNS() && q.Msg.IsEdns0().Do()
	if s.Resolve {
		m.RecursionAvailable = true
		s.resolve(m, q.Name, q.Qtype, do, 0)
		return m
	}
	z := deepest(s.Zones, q.Name)
	if z != nil && q.Qtype == dns.TypeDS && dns.CanonicalName(q.Name) == z.Apex {
		if above := deepest(without(s.Zones, z), q.Name); above != nil {
			z = above // DS belongs to the zone above
		}
	}
	if z == nil {
		m.Rcode = dns.RcodeRefused
		return m
	}
	z.answer(m, q.Name, q.Qtype, do)
	return m
}

func without(zones []*Zone, z *Zone) (rest []*Zone) {
	for _, o := range zones {
		if o != z {
			rest = append(rest, o)
		}
	}
	return rest
}

// resolve answers from whichever zone holds the name, and follows CNAMEs.
func (s *Server) resolve(m *dns.Msg, name string, qtype uint16, do bool, depth int) {
	z := deepest(s.Zones, name)
	if z != nil && qtype == dns.TypeDS && dns.CanonicalName(name) == z.Apex {
		z = deepest(without(s.Zones, z), name)
	}
	if z == nil && name == "." && qtype == dns.TypeSOA && !s.CutOff {
		m.Answer = append(m.Answer, &dns.SOA{Hdr: dns.RR_Header{Name: ".", Rrtype: dns.TypeSOA, Class: dns.ClassINET, Ttl: 60}, Ns: "a.root.", Mbox: "h.root."})
		return
	}
	if z == nil {
		m.Rcode = dns.RcodeNameError
		return
	}
	part := &dns.Msg{}
	z.answer(part, name, qtype, do)
	m.Answer = append(m.Answer, part.Answer...)
	m.Rcode = part.Rcode
	if len(part.Answer) == 0 {
		m.Ns = part.Ns
		return
	}
	if c, ok := part.Answer[len(part.Answer)-1].(*dns.CNAME); ok && qtype != dns.TypeCNAME && depth < 20 {
		s.resolve(m, c.Target, qtype, do, depth+1)
	}
}

// Zone is a zone in memory.
type Zone struct {
	Apex string
	RRs  []dns.RR
}

// ParseZone reads a zone file. $PORT is not replaced; names are relative to apex.
func ParseZone(tb testing.TB, apex, text string) *Zone {
	tb.Helper()
	z := &Zone{Apex: dns.CanonicalName(apex)}
	p := dns.NewZoneParser(strings.NewReader("$TTL 3600\n"+unindent(text)), z.Apex, "test")
	for rr, ok := p.Next(); ok; rr, ok = p.Next() {
		rr.Header().Name = dns.CanonicalName(rr.Header().Name)
		z.RRs = append(z.RRs, rr)
	}
	if err := p.Err(); err != nil {
		tb.Fatalf("zone %s: %v", apex, err)
	}
	return z
}

func unindent(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(strings.TrimLeft(line, "\t"))
	}
	return b.String()
}

func deepest(zones []*Zone, name string) (best *Zone) {
	for _, z := range zones {
		if dns.IsSubDomain(z.Apex, dns.CanonicalName(name)) && (best == nil || dns.CountLabel(z.Apex) > dns.CountLabel(best.Apex)) {
			best = z
		}
	}
	return best
}

func (z *Zone) of(name string, qtype uint16) (found []dns.RR) {
	for _, rr := range z.RRs {
		if rr.Header().Name == name && (rr.Header().Rrtype == qtype || qtype == dns.TypeANY) {
			found = append(found, rr)
		}
	}
	return found
}

func (z *Zone) signatures(name string, qtype uint16) (found []dns.RR) {
	for _, rr := range z.of(name, dns.TypeRRSIG) {
		if rr.(*dns.RRSIG).TypeCovered == qtype {
			found = append(found, rr)
		}
	}
	return found
}

func (z *Zone) has(name string) bool {
	for _, rr := range z.RRs {
		if dns.IsSubDomain(name, rr.Header().Name) {
			return true
		}
	}
	return false
}

// cut returns the deepest delegation at or above a name.
func (z *Zone) cut(name string) string {
	for at := name; at != z.Apex && dns.IsSubDomain(z.Apex, at); {
		if len(z.of(at, dns.TypeNS)) > 0 {
			return at
		}
		i, end := dns.NextLabel(at, 0)
		if end {
			break
		}
		at = at[i:]
	}
	return ""
}

func (z *Zone) answer(m *dns.Msg, qname string, qtype uint16, do bool) {
	name := dns.CanonicalName(qname)
	add := func(to *[]dns.RR, name string, qtype uint16) bool {
		found := z.of(name, qtype)
		*to = append(*to, found...)
		if do {
			*to = append(*to, z.signatures(name, qtype)...)
		}
		return len(found) > 0
	}
	if at := z.cut(name); at != "" && (at != name || qtype != dns.TypeDS) {
		add(&m.Ns, at, dns.TypeNS)
		if do {
			add(&m.Ns, at, dns.TypeDS)
		}
		for _, rr := range z.of(at, dns.TypeNS) {
			target := dns.CanonicalName(rr.(*dns.NS).Ns)
			add(&m.Extra, target, dns.TypeA)
			add(&m.Extra, target, dns.TypeAAAA)
		}
		return
	}
	m.Authoritative = true
	if !add(&m.Answer, name, qtype) && !z.aliases(m, name, qtype, add) && !z.wild(m, name, qtype) {
		add(&m.Ns, z.Apex, dns.TypeSOA)
	}
}

// aliases follows CNAMEs inside of the zone, and reports whether there was one.
func (z *Zone) aliases(m *dns.Msg, name string, qtype uint16, add func(*[]dns.RR, string, uint16) bool) bool {
	for hops := 0; add(&m.Answer, name, dns.TypeCNAME); hops++ {
		name = dns.CanonicalName(z.of(name, dns.TypeCNAME)[0].(*dns.CNAME).Target)
		if !dns.IsSubDomain(z.Apex, name) || z.cut(name) != "" || hops > 10 || add(&m.Answer, name, qtype) {
			return true
		}
	}
	return len(m.Answer) > 0
}

// wild answers from a wildcard, or says that the name does not exist. It reports
// whether there is an answer.
func (z *Zone) wild(m *dns.Msg, name string, qtype uint16) bool {
	if z.has(name) {
		return false
	}
	from := z.wildcard(name)
	if from == "" {
		m.Rcode = dns.RcodeNameError
		return false
	}
	for _, rr := range z.of(from, qtype) {
		c := dns.Copy(rr)
		c.Header().Name = name
		m.Answer = append(m.Answer, c)
	}
	return len(m.Answer) > 0
}

func (z *Zone) wildcard(name string) string {
	for at := name; at != z.Apex; {
		i, end := dns.NextLabel(at, 0)
		if end {
			return ""
		}
		at = at[i:]
		if len(z.of("*."+at, dns.TypeANY)) > 0 {
			return "*." + at
		}
		if z.has(at) {
			return ""
		}
	}
	return ""
}

// SOA is a line for a zone file.
func SOA(serial int) string {
	return fmt.Sprintf("@ SOA ns1 hostmaster %d 7200 3600 1209600 300\n", serial)
}
