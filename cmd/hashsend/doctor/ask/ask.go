// Package ask sends single DNS questions in a way that the caller chooses (server,
// UDP or TCP, source port, EDNS) and says what came back, told apart as finely as
// a mail admin would. Resolver asks the configured resolvers in the usual way.
package ask

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/miekg/dns"
)

// Outcome is what became of a question.
type Outcome int

// The outcomes.
const (
	NotAsked   Outcome = iota // the zero value
	Answered                  // NOERROR with a record of the type asked for
	NoData                    // NOERROR: the name exists, or may exist, without such a record
	Referral                  // NOERROR with the servers of a zone below, and no answer
	NXDomain                  // the name does not exist
	ServFail                  // the server could not find out
	Refused                   // the server does not want to answer
	OtherCode                 // FORMERR, NOTIMP and the like
	Loop                      // CNAMEs that lead in a circle or on without end
	Timeout                   // nothing came back
	Closed                    // the machine says that nothing listens at that port
	NoRoute                   // this machine has no way there, such as no IPv6
	PortTaken                 // another program here uses the source port
	PortDenied                // this user may not use the source port
	Broken                    // what came back is no DNS message, or not the answer
	Unsteady                  // two questions, two different outcomes
	Cancelled                 // the caller gave up
)

var outcomeNames = [...]string{
	"not asked", "answer", "no data", "referral", "NXDOMAIN", "SERVFAIL", "REFUSED", "error code", "CNAME loop", "time-out", "port closed",
	"no route", "port in use here", "no right to use the port", "broken answer", "differing answers", "cancelled",
}

// String is the outcome in a table or in evidence.
func (o Outcome) String() string { return outcomeNames[o] }

// Reached reports whether the server itself sent something back.
func (o Outcome) Reached() bool { return o >= Answered && o <= Loop || o == Broken }

// Ours reports whether the question did not leave this machine.
func (o Outcome) Ours() bool {
	return o == NoRoute || o == PortTaken || o == PortDenied || o == Cancelled
}

// Way is how a question is sent. The zero value is plain UDP from any port,
// without EDNS, to a server that is to answer from its own data.
type Way struct {
	TCP     bool
	Port    int  // source port; 0: any above 1023
	EDNS    bool // with an OPT record
	DNSSEC  bool // with EDNS and its DO bit
	Recurse bool // the server may ask others
	Unsafe  bool // the server need not validate (CD)
}

// String is the way in evidence.
func (w Way) String() string {
	s := "UDP"
	if w.TCP {
		s = "TCP"
	}
	if w.Port > 0 {
		s += fmt.Sprintf(" from port %d", w.Port)
	}
	switch {
	case w.DNSSEC:
		s += " with DNSSEC"
	case w.EDNS:
		s += " with EDNS"
	}
	return s
}

// Reply is what came back.
type Reply struct {
	Server  netip.AddrPort
	Name    string
	Type    uint16
	Way     Way
	Outcome Outcome
	Msg     *dns.Msg // nil: nothing came back
	Err     error    // details where nothing usable came back
	Lost    int      // questions without an answer before one was answered
	Took    time.Duration
}

// Size is the number of octets of a UDP answer that we take. It goes through
// every network in one piece.
const Size = 1232

// String is a line of evidence.
func (r Reply) String() string {
	s := fmt.Sprintf("%s %s at %s over %s: %s", shown(r.Name), dns.TypeToString[r.Type], r.Server, r.Way, r.Outcome)
	if r.Outcome == OtherCode && r.Msg != nil {
		s += " " + dns.RcodeToString[r.Msg.Rcode]
	}
	if r.Msg != nil && r.Msg.Truncated {
		s += ", truncated"
	}
	if r.Lost > 0 {
		s += fmt.Sprintf(", %d unanswered before", r.Lost)
	}
	if x := r.Extended(); x != "" {
		s += " (" + x + ")"
	}
	if r.Err != nil {
		s += ": " + r.Err.Error()
	}
	return s
}

// shown is a name for people: without the dot at the end, but for the root.
func shown(name string) string {
	if name == "." {
		return name
	}
	return strings.TrimSuffix(name, ".")
}

// Extended is the extended DNS error (RFC 8914) of a reply; empty: it has none.
func (r Reply) Extended() string {
	if r.Msg == nil {
		return ""
	}
	opt := r.Msg.IsEdns0()
	if opt == nil {
		return ""
	}
	var all []string
	for _, o := range opt.Option {
		if e, ok := o.(*dns.EDNS0_EDE); ok {
			s := dns.ExtendedErrorCodeToString[e.InfoCode]
			if s == "" {
				s = fmt.Sprintf("extended error %d", e.InfoCode)
			}
			if e.ExtraText != "" {
				s += ": " + e.ExtraText
			}
			all = append(all, s)
		}
	}
	return strings.Join(all, "; ")
}

// Answers are the records of the answer section with the type asked for.
func (r Reply) Answers() (found []dns.RR) {
	if r.Msg == nil {
		return nil
	}
	for _, rr := range r.Msg.Answer {
		if rr.Header().Rrtype == r.Type {
			found = append(found, rr)
		}
	}
	return found
}

// Asker sends questions. It is safe for several goroutines. Questions from one
// fixed source port go one after the other.
type Asker struct {
	Patience     time.Duration // for one attempt; 0: two seconds; a resolver gets three times that
	From4, From6 netip.Addr    // own addresses; zero: the system chooses

	mu    sync.Mutex
	ports map[string]*sync.Mutex
}

// attempts is how often a question is sent until the outcome is believed.
const attempts = 2

// Ask sends a question. Whatever is not a clean answer is asked again, so that
// a lost packet is no finding: an outcome that does not repeat is Unsteady.
func (a *Asker) Ask(ctx context.Context, server netip.AddrPort, name string, qtype uint16, w Way) Reply {
	first := a.once(ctx, server, name, qtype, w)
	if first.Outcome == Answered || first.Outcome == Referral || first.Outcome.Ours() {
		return first
	}
	for range attempts - 1 {
		next := a.once(ctx, server, name, qtype, w)
		switch {
		case next.Outcome == Cancelled || next.Outcome == first.Outcome:
			return next
		case first.Outcome == Timeout:
			next.Lost = 1
			first = next
			if next.Outcome == Answered || next.Outcome == Referral {
				return next
			}
		case next.Outcome == Timeout:
			first.Lost = 1
			return first
		default:
			next.Err = fmt.Errorf("first %s, then %s", first.Outcome, next.Outcome)
			next.Outcome = Unsteady
			return next
		}
	}
	return first
}

func (a *Asker) once(ctx context.Context, server netip.AddrPort, name string, qtype uint16, w Way) Reply {
	r := Reply{Server: server, Name: normal(name), Type: qtype, Way: w}
	if w.Port > 0 {
		defer a.hold(server, w)()
	}
	begun := time.Now()
	patience := a.Patience
	if patience <= 0 {
		patience = 2 * time.Second
	}
	if w.Recurse {
		patience *= 3
	}
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	r.Msg, r.Err = a.exchange(limited, server, question(r), w)
	r.Took = time.Since(begun)
	switch {
	case r.Err != nil && ctx.Err() != nil:
		r.Outcome = Cancelled
	case r.Err != nil:
		r.Outcome = failure(r.Err, w.Port > 0)
		if r.Outcome == Timeout {
			r.Err = nil
		}
	default:
		r.Outcome = Judge(r.Msg, r.Name, qtype)
	}
	return r
}

// normal writes a name as the library reads it off the wire, where it may hold
// spaces and the like.
func normal(name string) string {
	name = dns.Fqdn(name)
	wire := make([]byte, 256)
	n, err := dns.PackDomainName(name, wire, 0, nil, false)
	if err != nil {
		return name
	}
	read, _, err := dns.UnpackDomainName(wire[:n], 0)
	if err != nil {
		return name
	}
	return read
}

// hold makes sure that a fixed port is used once at a time, and returns how to
// let it go.
func (a *Asker) hold(server netip.AddrPort, w Way) (release func()) {
	key := fmt.Sprint(w.TCP, w.Port, server.Addr().Is4())
	a.mu.Lock()
	if a.ports == nil {
		a.ports = map[string]*sync.Mutex{}
	}
	m := a.ports[key]
	if m == nil {
		m = &sync.Mutex{}
		a.ports[key] = m
	}
	a.mu.Unlock()
	m.Lock()
	return m.Unlock
}

func question(r Reply) *dns.Msg {
	m := &dns.Msg{}
	m.SetQuestion(r.Name, r.Type)
	m.RecursionDesired = r.Way.Recurse
	m.CheckingDisabled = r.Way.Unsafe
	if r.Way.EDNS || r.Way.DNSSEC {
		m.SetEdns0(Size, r.Way.DNSSEC)
	}
	if r.Way.DNSSEC {
		m.AuthenticatedData = true // RFC 6840, 5.7: say whether you have validated
	}
	return m
}

func (a *Asker) exchange(ctx context.Context, server netip.AddrPort, m *dns.Msg, w Way) (*dns.Msg, error) {
	conn, err := a.dial(ctx, server, w)
	if err != nil {
		return nil, err
	}
	defer conn.Close()                                                           //nolint:errcheck // it was only read
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) }) //nolint:errcheck // a closed one needs none
	defer stop()
	c := &dns.Conn{Conn: conn, UDPSize: 4096}
	if err := c.WriteMsg(m); err != nil {
		return nil, err
	}
	return await(ctx, c, m, w.TCP)
}

// await reads until the answer to m comes. Datagrams that are not for us are passed over.
func await(ctx context.Context, c *dns.Conn, m *dns.Msg, tcp bool) (*dns.Msg, error) {
	for {
		got, err := c.ReadMsg()
		switch {
		case ctx.Err() != nil:
			return nil, os.ErrDeadlineExceeded
		case err != nil && (got == nil || tcp || got.Id != m.Id):
			if isNet(err) || tcp {
				return nil, err
			}
			continue // a datagram that is not for us
		case err != nil:
			return nil, fmt.Errorf("%w: %w", errBroken, err)
		case got.Id != m.Id || !got.Response:
			continue
		case len(got.Question) > 1, len(got.Question) == 1 && !sameQuestion(got.Question[0], m.Question[0]):
			return nil, fmt.Errorf("%w: it answers another question", errBroken)
		}
		return got, nil
	}
}

var errBroken = errors.New("not a valid answer")

func isNet(err error) bool {
	var n net.Error
	return errors.As(err, &n)
}

func sameQuestion(a, b dns.Question) bool {
	return strings.EqualFold(a.Name, b.Name) && a.Qtype == b.Qtype && a.Qclass == b.Qclass
}

func (a *Asker) dial(ctx context.Context, server netip.AddrPort, w Way) (net.Conn, error) {
	from := a.From4
	if !server.Addr().Unmap().Is4() {
		from = a.From6
	}
	var d net.Dialer
	local := netip.AddrPortFrom(from, uint16(w.Port)) //nolint:gosec // ports are below 65536
	if !from.IsValid() && w.Port > 0 {
		local = netip.AddrPortFrom(netip.IPv4Unspecified(), uint16(w.Port)) //nolint:gosec // as above
		if !server.Addr().Unmap().Is4() {
			local = netip.AddrPortFrom(netip.IPv6Unspecified(), uint16(w.Port)) //nolint:gosec // as above
		}
	}
	network := "udp"
	if w.TCP {
		network = "tcp"
		if local.IsValid() {
			d.LocalAddr = net.TCPAddrFromAddrPort(local)
		}
	} else if local.IsValid() {
		d.LocalAddr = net.UDPAddrFromAddrPort(local)
	}
	conn, err := d.DialContext(ctx, network, server.String())
	if err != nil {
		return nil, err
	}
	if tcp, ok := conn.(*net.TCPConn); ok && w.Port > 0 {
		// A closed connection would hold the port for a minute (TIME_WAIT), so it
		// is reset.
		if err := tcp.SetLinger(0); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
	}
	return conn, nil
}

// failure tells apart what went wrong on the way. fixed: the source port was chosen.
func failure(err error, fixed bool) Outcome {
	var n net.Error
	switch {
	case errors.Is(err, errBroken):
		return Broken
	case fixed && (errors.Is(err, syscall.EACCES) || errors.Is(err, syscall.EPERM)):
		return PortDenied
	case fixed && (errors.Is(err, syscall.EADDRINUSE) || errors.Is(err, syscall.EADDRNOTAVAIL)):
		return PortTaken
	case errors.Is(err, syscall.EACCES), errors.Is(err, syscall.EPERM), errors.Is(err, syscall.EADDRNOTAVAIL), errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.EAFNOSUPPORT):
		return NoRoute
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ECONNRESET):
		return Closed
	case errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &n) && n.Timeout():
		return Timeout
	}
	return Broken
}

// maxChain is the longest chain of CNAMEs that is followed.
const maxChain = 16

// Judge says what a message answers to a question.
func Judge(m *dns.Msg, name string, qtype uint16) Outcome {
	switch m.Rcode {
	case dns.RcodeSuccess:
	case dns.RcodeNameError:
		return NXDomain
	case dns.RcodeServerFailure:
		return ServFail
	case dns.RcodeRefused:
		return Refused
	default:
		return OtherCode
	}
	chain, found, end := Follow(m, name, qtype)
	switch {
	case !end:
		return Loop
	case len(found) > 0:
		return Answered
	case len(chain) > 0 || len(m.Answer) > 0:
		return NoData
	}
	for _, rr := range m.Ns {
		if rr.Header().Rrtype == dns.TypeNS && !m.Authoritative {
			return Referral
		}
	}
	return NoData
}

// Follow walks the CNAMEs of an answer. It returns the names on the way, the
// records of the type at its end, and whether there is an end.
func Follow(m *dns.Msg, name string, qtype uint16) (chain []string, found []dns.RR, end bool) {
	at, seen := dns.CanonicalName(name), map[string]bool{}
	for {
		if seen[at] || len(chain) > maxChain {
			return chain, nil, false
		}
		seen[at] = true
		next := ""
		for _, rr := range m.Answer {
			if dns.CanonicalName(rr.Header().Name) != at {
				continue
			}
			if rr.Header().Rrtype == qtype {
				found = append(found, rr)
			} else if c, ok := rr.(*dns.CNAME); ok {
				next = dns.CanonicalName(c.Target)
			}
		}
		if len(found) > 0 || next == "" {
			return chain, found, true
		}
		chain = append(chain, next)
		at = next
	}
}
