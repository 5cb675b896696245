package ask_test

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"

	"hashsend/cmd/hashsend/doctor/ask"
	"hashsend/cmd/hashsend/doctor/dnstest"
)

const zoneText = `
	@ SOA ns1 hostmaster 1 7200 3600 1209600 300
	@ NS ns1
	ns1 A 127.53.0.1
	@ MX 10 mail
	mail A 192.0.2.1
	mail AAAA 2001:db8::1
	www CNAME mail
	here CNAME there
	there CNAME here
	long TXT "one" "two"
	bytes TXT "a\195\164\"b"
	sub NS ns.elsewhere.
`

func rcode(n int) func(dnstest.Query) *dns.Msg {
	return func(q dnstest.Query) *dns.Msg {
		m := &dns.Msg{}
		m.SetRcode(q.Msg, n)
		return m
	}
}

// Each outcome is told apart, by UDP and by TCP.
func TestOutcomes(t *testing.T) {
	n := dnstest.New(t)
	zones := []*dnstest.Zone{dnstest.ParseZone(t, "shop.test.", zoneText)}
	good := n.Start("127.53.0.1", &dnstest.Server{Zones: zones})
	servfail := n.Start("127.53.0.2", &dnstest.Server{Answer: rcode(dns.RcodeServerFailure)})
	mute := n.Start("127.53.0.3", &dnstest.Server{Drop: func(dnstest.Query) bool { return true }})
	wrong := n.Start("127.53.0.4", &dnstest.Server{Zones: zones, Change: func(_ dnstest.Query, m *dns.Msg) { m.Question[0].Name = "other.test." }})
	closed := netip.AddrPortFrom(netip.MustParseAddr("127.53.0.5"), n.Port)
	a := &ask.Asker{Patience: 300 * time.Millisecond}
	for _, c := range []struct {
		server netip.AddrPort
		name   string
		qtype  uint16
		want   ask.Outcome
	}{
		{good.Addr, "shop.test", dns.TypeMX, ask.Answered},
		{good.Addr, "WWW.shop.test", dns.TypeA, ask.Answered},
		{good.Addr, "shop.test", dns.TypeTXT, ask.NoData},
		{good.Addr, "nope.shop.test", dns.TypeA, ask.NXDomain},
		{good.Addr, "a.sub.shop.test", dns.TypeA, ask.Referral},
		{good.Addr, "elsewhere.test", dns.TypeA, ask.Refused},
		{servfail.Addr, "shop.test", dns.TypeA, ask.ServFail},
		{mute.Addr, "shop.test", dns.TypeA, ask.Timeout},
		{wrong.Addr, "shop.test", dns.TypeMX, ask.Broken},
		{closed, "shop.test", dns.TypeA, ask.Closed},
	} {
		for _, w := range []ask.Way{{}, {EDNS: true}, {TCP: true}, {TCP: true, DNSSEC: true}} {
			got := a.Ask(t.Context(), c.server, c.name, c.qtype, w)
			if got.Outcome != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		}
	}
}

// Nothing is believed that does not repeat.
func TestAsksTwice(t *testing.T) {
	n := dnstest.New(t)
	zones := []*dnstest.Zone{dnstest.ParseZone(t, "shop.test.", zoneText)}
	var lost, torn atomic.Int32
	loses := n.Start("127.53.0.1", &dnstest.Server{Zones: zones, Drop: func(dnstest.Query) bool { return lost.Add(1) == 1 }})
	wavers := n.Start("127.53.0.2", &dnstest.Server{Answer: func(q dnstest.Query) *dns.Msg {
		if torn.Add(1)%2 == 1 {
			return rcode(dns.RcodeServerFailure)(q)
		}
		return rcode(dns.RcodeRefused)(q)
	}})
	steady := n.Start("127.53.0.3", &dnstest.Server{Answer: rcode(dns.RcodeServerFailure)})
	a := &ask.Asker{Patience: 300 * time.Millisecond}
	if got := a.Ask(t.Context(), loses.Addr, "shop.test", dns.TypeMX, ask.Way{}); got.Outcome != ask.Answered || got.Lost != 1 {
		t.Errorf("lost once: %s", got)
	}
	if got := a.Ask(t.Context(), wavers.Addr, "shop.test", dns.TypeMX, ask.Way{}); got.Outcome != ask.Unsteady {
		t.Errorf("wavers: %s", got)
	}
	a.Ask(t.Context(), steady.Addr, "shop.test", dns.TypeMX, ask.Way{})
	if got := len(steady.Asked()); got != 2 {
		t.Errorf("a refusal was asked for %d times, want 2", got)
	}
}

// A fixed source port can be used again at once, by UDP and by TCP.
func TestSourcePort(t *testing.T) {
	n := dnstest.New(t)
	s := n.Start("127.53.0.1", &dnstest.Server{Zones: []*dnstest.Zone{dnstest.ParseZone(t, "shop.test.", zoneText)}})
	a := &ask.Asker{From4: netip.MustParseAddr("127.77.1.1")}
	for range 3 {
		for _, tcp := range []bool{false, true} {
			if got := a.Ask(t.Context(), s.Addr, "shop.test", dns.TypeMX, ask.Way{TCP: tcp, Port: 40053}); got.Outcome != ask.Answered {
				t.Errorf("%s", got)
			}
		}
	}
	for _, q := range s.Asked() {
		if q.From.Port() != 40053 || q.From.Addr() != a.From4 {
			t.Errorf("asked from %s", q.From)
		}
	}
}

// A port that another program holds is our matter, not the server's.
func TestPortTaken(t *testing.T) {
	n := dnstest.New(t)
	s := n.Start("127.53.0.1", &dnstest.Server{})
	l, err := net.ListenPacket("udp", "127.77.2.1:40054")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // ends with the test
	a := &ask.Asker{From4: netip.MustParseAddr("127.77.2.1")}
	if got := a.Ask(t.Context(), s.Addr, "shop.test", dns.TypeMX, ask.Way{Port: 40054}); got.Outcome != ask.PortTaken || !got.Outcome.Ours() {
		t.Errorf("%s", got)
	}
}

func TestExtendedError(t *testing.T) {
	n := dnstest.New(t)
	s := n.Start("127.53.0.1", &dnstest.Server{Answer: rcode(dns.RcodeServerFailure), Change: func(_ dnstest.Query, m *dns.Msg) {
		if opt := m.IsEdns0(); opt != nil {
			opt.Option = append(opt.Option, &dns.EDNS0_EDE{InfoCode: dns.ExtendedErrorCodeNoReachableAuthority, ExtraText: "timed out"})
		}
	}})
	got := (&ask.Asker{}).Ask(t.Context(), s.Addr, "shop.test", dns.TypeA, ask.Way{EDNS: true, Recurse: true})
	if got.Extended() != "No Reachable Authority: timed out" || !strings.Contains(got.String(), got.Extended()) {
		t.Errorf("%q in %s", got.Extended(), got)
	}
}

// CNAMEs in a circle end, also where the resolver hands out the whole circle or a
// chain without end.
func TestLoops(t *testing.T) {
	n := dnstest.New(t)
	s := n.Start("127.53.0.1", &dnstest.Server{Resolve: true, Zones: []*dnstest.Zone{dnstest.ParseZone(t, "shop.test.", zoneText)}})
	r := &ask.Resolver{Asker: &ask.Asker{}, Servers: []netip.AddrPort{s.Addr}}
	if got := r.Lookup(t.Context(), "here.shop.test", dns.TypeA); got.Outcome != ask.Loop {
		t.Errorf("%s", got)
	}
	_, err := r.Addrs(t.Context(), "here.shop.test", false)
	if !errors.Is(err, ask.ErrTemporary) || errors.Is(err, ask.ErrVoid) {
		t.Errorf("%v", err)
	}
}

func TestResolver(t *testing.T) {
	n := dnstest.New(t)
	zones := []*dnstest.Zone{dnstest.ParseZone(t, "shop.test.", zoneText)}
	down := n.Start("127.53.0.2", &dnstest.Server{Answer: rcode(dns.RcodeServerFailure)})
	old := n.Start("127.53.0.3", &dnstest.Server{Zones: zones, Resolve: true, Change: func(q dnstest.Query, m *dns.Msg) {
		if q.EDNS() {
			*m = *rcode(dns.RcodeFormatError)(q)
		}
		if !q.TCP && q.Name == "long.shop.test." {
			m.Truncated, m.Answer = true, nil
		}
	}})
	r := &ask.Resolver{Asker: &ask.Asker{}, Servers: []netip.AddrPort{down.Addr, old.Addr}}
	if got, err := r.TXT(t.Context(), "long.shop.test"); err != nil || !slices.Equal(got, []string{"onetwo"}) {
		t.Errorf("TXT by TCP: %q, %v", got, err)
	}
	if got, err := r.TXT(t.Context(), "bytes.shop.test"); err != nil || !slices.Equal(got, []string{"aä\"b"}) {
		t.Errorf("TXT with bytes: %q, %v", got, err)
	}
	if got, err := r.Both(t.Context(), "www.shop.test"); err != nil || len(got) != 2 {
		t.Errorf("through a CNAME: %v, %v", got, err)
	}
	if _, err := r.MX(t.Context(), "mail.shop.test"); !errors.Is(err, ask.ErrVoid) {
		t.Errorf("no MX: %v", err)
	}
	before := len(old.Asked())
	if _, err := r.MX(t.Context(), "MAIL.shop.test"); !errors.Is(err, ask.ErrVoid) || len(old.Asked()) != before {
		t.Errorf("what is known was asked for again: %v", err)
	}
	if _, err := r.TXT(t.Context(), strings.Repeat("a", 64)+".shop.test"); !errors.Is(err, ask.ErrVoid) {
		t.Errorf("a label that is too long: %v", err)
	}
}

func TestConfigured(t *testing.T) {
	path := filepath.Join(t.TempDir(), "resolv.conf")
	if err := os.WriteFile(path, []byte("# ours\nnameserver 192.0.2.53\nnameserver nonsense\nnameserver 2001:db8::53\noptions edns0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := ask.Configured(path)
	want := []netip.AddrPort{netip.MustParseAddrPort("192.0.2.53:53"), netip.MustParseAddrPort("[2001:db8::53]:53")}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
}

// FuzzJudge: no message makes it hang or fail.
func FuzzJudge(f *testing.F) {
	for _, text := range []string{"a.test. CNAME b.test.", "a.test. A 192.0.2.1", "a.test. CNAME a.test."} {
		m := &dns.Msg{}
		m.SetQuestion("a.test.", dns.TypeA)
		rr, err := dns.NewRR(text)
		if err != nil {
			f.Fatal(err)
		}
		m.Answer = []dns.RR{rr}
		raw, err := m.Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		m := &dns.Msg{}
		if m.Unpack(raw) != nil {
			return
		}
		o := ask.Judge(m, "a.test.", dns.TypeA)
		r := ask.Reply{Name: "a.test.", Type: dns.TypeA, Msg: m, Outcome: o}
		if r.String() == "" {
			t.Error("no words")
		}
		for _, rr := range m.Answer {
			if txt, ok := rr.(*dns.TXT); ok {
				ask.Text(txt)
			}
		}
	})
}
