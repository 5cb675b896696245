package ask

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"sync"

	"github.com/miekg/dns"
)

// Resolver asks the configured resolvers, in their order, as a program does that
// wants to know something. It remembers what it was told. It is safe for several
// goroutines.
type Resolver struct {
	Asker   *Asker
	Servers []netip.AddrPort

	mu    sync.Mutex
	known map[string]Reply
	roots map[netip.AddrPort]bool // whether a server knows the root
}

// The failures of a lookup.
var (
	// ErrVoid: the name, or a record of that type, does not exist.
	ErrVoid = errors.New("no such record")
	// ErrTemporary: it could not be found out.
	ErrTemporary = errors.New("no usable DNS answer")
)

// LookupError says which lookup failed, and how.
type LookupError struct {
	Reply Reply
}

// Error names the question and the outcome.
func (e *LookupError) Error() string {
	s := fmt.Sprintf("%s %s: %s", shown(e.Reply.Name), dns.TypeToString[e.Reply.Type], e.Reply.Outcome)
	if x := e.Reply.Extended(); x != "" {
		s += " (" + x + ")"
	}
	if errors.Is(e.Reply.Err, errCutOff) {
		s += ": " + errCutOff.Error()
	}
	return s
}

// Is makes a LookupError ErrVoid or ErrTemporary.
func (e *LookupError) Is(target error) bool {
	void := e.Reply.Outcome == NoData || e.Reply.Outcome == NXDomain
	return target == ErrVoid && void || target == ErrTemporary && !void
}

// Lookup asks for the records of one type, by TCP where UDP is truncated, with
// DNSSEC so that the resolver says what it has validated. It never fails: the
// Outcome says what came back.
func (r *Resolver) Lookup(ctx context.Context, name string, qtype uint16) Reply {
	key := fmt.Sprint(qtype, dns.CanonicalName(name))
	r.mu.Lock()
	known, ok := r.known[key]
	r.mu.Unlock()
	if ok {
		return known
	}
	got := Reply{Name: normal(name), Type: qtype, Outcome: Cancelled, Err: errors.New("no resolver is configured")}
	if _, ok := dns.IsDomainName(name); !ok {
		got.Outcome, got.Err = NXDomain, errors.New("not a name that DNS can hold")
		return got
	}
	for _, s := range r.Servers {
		got = r.one(ctx, s, name, qtype)
		if got.Outcome == Answered || got.Outcome == NoData || got.Outcome == NXDomain || ctx.Err() != nil {
			break
		}
	}
	if got.Outcome != Cancelled {
		r.mu.Lock()
		if r.known == nil {
			r.known = map[string]Reply{}
		}
		r.known[key] = got
		r.mu.Unlock()
	}
	return got
}

func (r *Resolver) one(ctx context.Context, server netip.AddrPort, name string, qtype uint16) Reply {
	way := Way{Recurse: true, DNSSEC: true}
	got := r.Asker.Ask(ctx, server, name, qtype, way)
	if got.Outcome == OtherCode && (got.Msg.Rcode == dns.RcodeFormatError || got.Msg.Rcode == dns.RcodeNotImplemented) {
		way = Way{Recurse: true} // an old one that knows no EDNS
		got = r.Asker.Ask(ctx, server, name, qtype, way)
	}
	if got.Msg != nil && got.Msg.Truncated {
		way.TCP = true
		got = r.Asker.Ask(ctx, server, name, qtype, way)
	}
	if got.Outcome == NXDomain && !r.knowsRoot(ctx, server) {
		got.Outcome, got.Err = Broken, errCutOff
	}
	return got
}

var errCutOff = errors.New("the resolver does not know even the root of DNS, so it is cut off")

// knowsRoot reports whether a resolver has a way to DNS at all: one that is cut off
// may say of every name that it does not exist. It is asked once.
func (r *Resolver) knowsRoot(ctx context.Context, server netip.AddrPort) bool {
	r.mu.Lock()
	known, ok := r.roots[server]
	r.mu.Unlock()
	if ok {
		return known
	}
	got := r.Asker.Ask(ctx, server, ".", dns.TypeSOA, Way{Recurse: true})
	known = got.Outcome == Answered || !got.Outcome.Reached() // no answer says nothing
	r.mu.Lock()
	if r.roots == nil {
		r.roots = map[netip.AddrPort]bool{}
	}
	r.roots[server] = known
	r.mu.Unlock()
	return known
}

// records returns those at the end of the CNAMEs, or a *LookupError.
func (r *Resolver) records(ctx context.Context, name string, qtype uint16) ([]dns.RR, error) {
	got := r.Lookup(ctx, name, qtype)
	if got.Outcome != Answered {
		return nil, &LookupError{got}
	}
	_, found, _ := Follow(got.Msg, got.Name, qtype)
	return found, nil
}

// TXT returns the TXT records of a name, each with its strings joined without
// spaces. It fails with a *LookupError.
func (r *Resolver) TXT(ctx context.Context, name string) (texts []string, err error) {
	found, err := r.records(ctx, name, dns.TypeTXT)
	for _, rr := range found {
		texts = append(texts, Text(rr.(*dns.TXT)))
	}
	return texts, err
}

// Addrs returns the addresses of one family. It fails with a *LookupError.
func (r *Resolver) Addrs(ctx context.Context, name string, v6 bool) (addrs []netip.Addr, err error) {
	qtype := dns.TypeA
	if v6 {
		qtype = dns.TypeAAAA
	}
	found, err := r.records(ctx, name, qtype)
	for _, rr := range found {
		if a, ok := Addr(rr); ok {
			addrs = append(addrs, a)
		}
	}
	return addrs, err
}

// Both returns the addresses of both families. It fails only when neither is there.
func (r *Resolver) Both(ctx context.Context, name string) ([]netip.Addr, error) {
	four, err4 := r.Addrs(ctx, name, false)
	six, err6 := r.Addrs(ctx, name, true)
	all := append(four, six...)
	switch {
	case len(all) > 0:
		return all, nil
	case errors.Is(err4, ErrVoid):
		return nil, err6
	}
	return nil, err4
}

// MX returns the mail exchangers, best first as the server gave equal ones. It
// fails with a *LookupError.
func (r *Resolver) MX(ctx context.Context, name string) (mxs []*dns.MX, err error) {
	found, err := r.records(ctx, name, dns.TypeMX)
	for _, rr := range found {
		mxs = append(mxs, rr.(*dns.MX))
	}
	return mxs, err
}

// PTR returns the names of an address. It fails with a *LookupError.
func (r *Resolver) PTR(ctx context.Context, a netip.Addr) (names []string, err error) {
	reverse, err := dns.ReverseAddr(a.String())
	if err != nil {
		return nil, err
	}
	found, err := r.records(ctx, reverse, dns.TypePTR)
	for _, rr := range found {
		names = append(names, strings.TrimSuffix(rr.(*dns.PTR).Ptr, "."))
	}
	return names, err
}

// NS returns the name servers of a zone. It fails with a *LookupError.
func (r *Resolver) NS(ctx context.Context, zone string) (names []string, err error) {
	found, err := r.records(ctx, zone, dns.TypeNS)
	for _, rr := range found {
		names = append(names, dns.CanonicalName(rr.(*dns.NS).Ns))
	}
	return names, err
}

// Addr is the address of an A or AAAA record.
func Addr(rr dns.RR) (netip.Addr, bool) {
	switch x := rr.(type) {
	case *dns.A:
		a, ok := netip.AddrFromSlice(x.A)
		return a.Unmap(), ok
	case *dns.AAAA:
		return netip.AddrFromSlice(x.AAAA.To16())
	}
	return netip.Addr{}, false
}

// Text joins the strings of a TXT record and undoes the escapes of the library.
func Text(t *dns.TXT) string { return unescape(strings.Join(t.Txt, "")) }

// unescape undoes \" \\ and \DDD (RFC 1035, 5.1).
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		digit := func(j int) bool { return j < len(s) && s[j] >= '0' && s[j] <= '9' }
		if digit(i+1) && digit(i+2) && digit(i+3) {
			b.WriteByte(byte(int(s[i+1]-'0')*100 + int(s[i+2]-'0')*10 + int(s[i+3]-'0'))) //nolint:gosec // the library writes 0 to 255
			i += 3
			continue
		}
		i++
		b.WriteByte(s[i])
	}
	return b.String()
}

// Configured reads the resolvers of this machine from a file such as
// /etc/resolv.conf.
func Configured(path string) (servers []netip.AddrPort, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("find the configured resolvers: %w", err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	for lines := bufio.NewScanner(f); lines.Scan(); {
		words := strings.Fields(lines.Text())
		if len(words) < 2 || words[0] != "nameserver" {
			continue
		}
		if a, err := netip.ParseAddr(words[1]); err == nil {
			servers = append(servers, netip.AddrPortFrom(a, 53))
		}
	}
	if len(servers) == 0 {
		servers = []netip.AddrPort{netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), 53)} // as resolv.conf(5) says
	}
	return servers, nil
}

// MXHosts returns the hosts of the mail exchangers. It fails with a *LookupError.
func (r *Resolver) MXHosts(ctx context.Context, name string) (hosts []string, err error) {
	all, err := r.MX(ctx, name)
	for _, mx := range all {
		hosts = append(hosts, strings.TrimSuffix(mx.Mx, "."))
	}
	return hosts, err
}
