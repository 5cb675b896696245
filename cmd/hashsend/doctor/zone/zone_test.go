package zone_test

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"

	"hashsend/cmd/hashsend/doctor/ask"
	"hashsend/cmd/hashsend/doctor/dnstest"
	"hashsend/cmd/hashsend/doctor/finding"
	"hashsend/cmd/hashsend/doctor/zone"
)

// world is a small internet: a root, a zone above, a domain with two servers,
// three controls and a resolver.
type world struct {
	net               *dnstest.Net
	root, tld         *dnstest.Server
	ns1, ns2          *dnstest.Server
	ctl               [3]*dnstest.Server
	resolver          *dnstest.Server
	rootText, tldText string
	text1, text2      string // the zone shop.test at either server
	resolverText      string // as the resolver sees it; empty: text1
	signed            func(*dnstest.Zone) []*dns.DS
	from              string
	down              map[*dnstest.Server]bool
	hints             bool
}

const (
	shopText = `
		@ SOA ns1 hostmaster 7 7200 3600 1209600 300
		@ NS ns1
		@ NS ns2.other.test.
		ns1 A 127.53.11.1
		@ MX 10 mail
		@ TXT "v=spf1 mx -all"
		mail A 192.0.2.25
		circle CNAME round
		round CNAME circle
	`
	tldText = `
		@ SOA ns hostmaster 1 7200 3600 1209600 300
		@ NS ns
		ns A 127.53.2.1
		shop NS ns1.shop
		shop NS ns2.other
		ns1.shop A 127.53.11.1
		ns2.other A 127.53.12.1
		empty TXT "not delegated"
		ctl1 NS ns.ctl1
		ns.ctl1 A 127.53.21.1
		ctl2 NS ns.ctl2
		ns.ctl2 A 127.53.22.1
		ctl3 NS ns.ctl3
		ns.ctl3 A 127.53.23.1
	`
	rootText = `
		@ SOA a.root. hostmaster.root. 1 7200 3600 1209600 300
		@ NS a.root.
		a.root. A 127.53.1.1
		test. NS ns.test.
		ns.test. A 127.53.2.1
	`
)

func newWorld(t *testing.T, index int) *world {
	w := &world{
		net: dnstest.New(t), rootText: rootText, tldText: tldText, text1: shopText, text2: shopText,
		root: &dnstest.Server{}, tld: &dnstest.Server{}, ns1: &dnstest.Server{}, ns2: &dnstest.Server{}, resolver: &dnstest.Server{Resolve: true},
		from: fmt.Sprintf("127.78.%d.1", index), down: map[*dnstest.Server]bool{},
	}
	for i := range w.ctl {
		w.ctl[i] = &dnstest.Server{}
	}
	return w
}

// patience is short where a server is silent on purpose, and else long enough for a
// machine with other work.
func (w *world) patience() time.Duration {
	for _, s := range []*dnstest.Server{w.root, w.tld, w.ns1, w.ns2, w.ctl[0], w.ctl[1], w.ctl[2], w.resolver} {
		if s.Drop != nil {
			return 400 * time.Millisecond
		}
	}
	return 2 * time.Second
}

// start runs the servers and returns how to look at a domain.
func (w *world) start(t *testing.T) zone.Config {
	t.Helper()
	parse := func(apex, text string) *dnstest.Zone { return dnstest.ParseZone(t, apex, text) }
	shop1, shop2, tld := parse("shop.test.", w.text1), parse("shop.test.", w.text2), parse("test.", w.tldText)
	if w.signed != nil {
		ds := w.signed(shop1)
		shop2 = shop1
		for _, d := range ds {
			tld.RRs = append(tld.RRs, d)
		}
	}
	seen := shop1
	if w.resolverText != "" {
		seen = parse("shop.test.", w.resolverText)
	}
	root := parse(".", w.rootText)
	up := func(addr string, s *dnstest.Server, zones ...*dnstest.Zone) {
		s.Zones = append(s.Zones, zones...)
		if !w.down[s] {
			w.net.Start(addr, s)
		}
	}
	up("127.53.1.1", w.root, root)
	up("127.53.2.1", w.tld, tld)
	up("127.53.11.1", w.ns1, shop1)
	up("127.53.12.1", w.ns2, shop2)
	all := []*dnstest.Zone{root, tld, seen, parse("other.test.", "@ SOA ns h 1 1 1 1 1\n@ NS ns2\nns2 A 127.53.12.1\n")}
	for i, c := range w.ctl {
		z := parse(fmt.Sprintf("ctl%d.test.", i+1), fmt.Sprintf("@ SOA ns h 1 1 1 1 1\n@ NS ns\nns A 127.53.2%d.1\n", i+1))
		up(fmt.Sprintf("127.53.2%d.1", i+1), c, z)
		all = append(all, z)
	}
	up("127.53.53.1", w.resolver, all...)
	asker := &ask.Asker{Patience: w.patience(), From4: netip.MustParseAddr(w.from)}
	cfg := zone.Config{
		Domain: "shop.test", Asker: asker, Port: w.net.Port, Controls: []string{"ctl1.test", "ctl2.test", "ctl3.test"},
		Resolver: &ask.Resolver{Asker: asker, Servers: []netip.AddrPort{netip.AddrPortFrom(netip.MustParseAddr("127.53.53.1"), w.net.Port)}},
	}
	if w.hints {
		cfg.Hints = []netip.AddrPort{netip.AddrPortFrom(netip.MustParseAddr("127.53.1.1"), w.net.Port)}
	}
	return cfg
}

func lowPorts(q dnstest.Query) bool { return q.From.Port() < 1024 }
func only53(q dnstest.Query) bool   { return q.From.Port() != 53 }
func port53(q dnstest.Query) bool   { return q.From.Port() == 53 }
func everything(dnstest.Query) bool { return true }
func overUDP(q dnstest.Query) bool  { return !q.TCP }
func overTCP(q dnstest.Query) bool  { return q.TCP }
func withEDNS(q dnstest.Query) bool { return q.EDNS() }
func answers(n int) func(dnstest.Query) *dns.Msg {
	return func(q dnstest.Query) *dns.Msg {
		m := &dns.Msg{}
		m.SetRcode(q.Msg, n)
		return m
	}
}

type wanted struct {
	check string
	level finding.Level
	text  string // pattern
}

var cases = []struct {
	name   string
	set    func(*world)
	want   []wanted
	absent string // no finding of a level above ok with this check
	domain string
}{
	{name: "healthy", want: []wanted{
		{"dns.delegation", finding.OK, `^test delegates shop\.test to ns1\.shop\.test and ns2\.other\.test\.$`},
		{"dns.reach", finding.OK, `^ns1\.shop\.test and ns2\.other\.test answered over UDP and TCP`},
		{"dns.source-port", finding.OK, `every source port .*1024, 1023 and 53`},
		{"dns.resolver", finding.OK, `knows shop\.test`},
		{"dns.dnssec", finding.OK, `does not use DNSSEC`},
	}},
	{name: "healthy, walked from the root", set: func(w *world) { w.hints = true }, want: []wanted{
		{"dns.delegation", finding.OK, `^test delegates shop\.test to`}, {"dns.reach", finding.OK, ``},
	}},
	{name: "one server drops low ports", set: func(w *world) { w.ns2.Drop = lowPorts }, want: []wanted{
		{"dns.source-port", finding.Warning, `^ns2\.other\.test does not answer queries from source ports below 1024; resolvers that use them see SERVFAIL\. Their firewall, not yours\.$`},
	}},
	{name: "all servers drop low ports", set: func(w *world) { w.ns1.Drop, w.ns2.Drop = lowPorts, lowPorts }, want: []wanted{
		{"dns.source-port", finding.Error, `^ns1\.shop\.test and ns2\.other\.test do not answer .*below 1024.*Their firewall`},
	}},
	{name: "one server answers port 53 only", set: func(w *world) { w.ns2.Drop = only53 }, want: []wanted{
		{"dns.source-port", finding.Warning, `^ns2\.other\.test answers queries only from source port 53.*Their firewall`},
	}},
	{name: "one server drops port 53", set: func(w *world) { w.ns1.Drop = port53 }, want: []wanted{
		{"dns.source-port", finding.Warning, `^ns1\.shop\.test does not answer queries from source port 53; .*Their firewall`},
	}},
	{name: "low ports are dropped over UDP only", set: func(w *world) {
		w.ns1.Drop = func(q dnstest.Query) bool { return q.From.Port() == 53 && !q.TCP }
	}, want: []wanted{{"dns.source-port", finding.Warning, `from source port 53 over UDP;`}}},
	{name: "our own firewall drops low ports", set: func(w *world) {
		for _, s := range []*dnstest.Server{w.ns1, w.ns2, w.ctl[0], w.ctl[1], w.ctl[2]} {
			s.Drop = lowPorts
		}
	}, want: []wanted{{"dns.source-port", finding.Warning, `Your own firewall, not theirs`}}},
	{name: "no control can be asked", set: func(w *world) {
		w.ns1.Drop, w.ns2.Drop = lowPorts, lowPorts
		for _, s := range w.ctl {
			s.Drop = everything
		}
	}, want: []wanted{{"dns.source-port", finding.Unknown, `could not be told: no control answered`}}},
	{name: "nothing outside can be asked", set: func(w *world) {
		for _, s := range []*dnstest.Server{w.root, w.tld, w.ns1, w.ns2, w.ctl[0], w.ctl[1], w.ctl[2]} {
			s.Drop = everything
		}
	}, want: []wanted{{"dns.direct", finding.Unknown, `lets no DNS queries out`}}, absent: "dns.reach"},
	{name: "silent", set: func(w *world) { w.ns2.Drop = everything }, want: []wanted{
		{"dns.reach", finding.Warning, `^ns2\.other\.test does not answer, neither over UDP nor over TCP\.$`},
	}},
	{name: "no program", set: func(w *world) { w.down[w.ns2] = true }, want: []wanted{
		{"dns.reach", finding.Warning, `^At ns2\.other\.test no name server is running`},
	}},
	{name: "all silent", set: func(w *world) { w.ns1.Drop, w.ns2.Drop = everything, everything }, want: []wanted{
		{"dns.reach", finding.Error, `No server of shop\.test is left that works\.$`},
	}},
	{name: "lame: refused", set: func(w *world) { w.ns2.Answer = answers(dns.RcodeRefused) }, want: []wanted{
		{"dns.lame", finding.Warning, `^ns2\.other\.test does not serve the domain: it answers REFUSED\.$`},
	}},
	{name: "lame: servfail", set: func(w *world) { w.ns2.Answer = answers(dns.RcodeServerFailure) }, want: []wanted{
		{"dns.lame", finding.Warning, `it answers SERVFAIL\.$`},
	}},
	{name: "lame: referral upwards", set: func(w *world) {
		w.ns2.Answer = func(q dnstest.Query) *dns.Msg {
			m := answers(dns.RcodeSuccess)(q)
			rr, _ := dns.NewRR(". NS a.root.")
			m.Ns = []dns.RR{rr}
			return m
		}
	}, want: []wanted{{"dns.lame", finding.Warning, `a referral to other servers`}}},
	{name: "lame: not its own", set: func(w *world) {
		w.ns2.Change = func(_ dnstest.Query, m *dns.Msg) { m.Authoritative = false }
	}, want: []wanted{{"dns.lame", finding.Warning, `an answer that is not its own`}}},
	{name: "no TCP", set: func(w *world) { w.ns2.NoTCP = true }, want: []wanted{
		{"dns.tcp", finding.Warning, `^ns2\.other\.test does not answer over TCP \(port closed\)`},
	}},
	{name: "TCP dropped everywhere", set: func(w *world) { w.ns1.Drop, w.ns2.Drop = overTCP, overTCP }, want: []wanted{
		{"dns.tcp", finding.Error, `^ns1\.shop\.test and ns2\.other\.test do not answer over TCP \(time-out\)`},
	}},
	{name: "UDP dropped", set: func(w *world) { w.ns2.Drop = overUDP }, want: []wanted{
		{"dns.udp", finding.Warning, `answers over TCP only`},
	}},
	{name: "EDNS dropped", set: func(w *world) { w.ns2.Drop = withEDNS }, want: []wanted{
		{"dns.edns", finding.Warning, `does not answer queries with EDNS`},
	}},
	{name: "EDNS not known", set: func(w *world) {
		w.ns2.Change = func(q dnstest.Query, m *dns.Msg) {
			if q.EDNS() {
				*m = *answers(dns.RcodeFormatError)(q)
			}
		}
	}, want: []wanted{{"dns.edns", finding.Note, `does not know EDNS`}}},
	{name: "truncates everything", set: func(w *world) {
		w.ns1.Change = func(q dnstest.Query, m *dns.Msg) {
			if !q.TCP && q.Qtype != dns.TypeSOA {
				m.Truncated, m.Answer = true, nil
			}
		}
		w.ns2.Change = w.ns1.Change
	}, want: []wanted{{"dns.reach", finding.OK, ``}}, absent: "dns.ns"},
	{name: "does not exist", domain: "nosuch.test", want: []wanted{
		{"dns.delegation", finding.Error, `^nosuch\.test does not exist: the servers of test answer NXDOMAIN`},
		{"dns.resolver", finding.Error, `NXDOMAIN for nosuch\.test`},
	}},
	{name: "does not exist, walked from the root", domain: "nosuch.test", set: func(w *world) { w.hints = true }, want: []wanted{
		{"dns.delegation", finding.Error, `does not exist: the servers of test answer NXDOMAIN`},
	}},
	{name: "not delegated", domain: "empty.test", want: []wanted{
		{"dns.delegation", finding.Error, `^empty\.test is not delegated`},
	}},
	{name: "a name inside the zone", domain: "mail.shop.test", want: []wanted{
		{"dns.apex", finding.Note, `is a part of the zone shop\.test`}, {"dns.delegation", finding.OK, `delegates shop\.test`},
	}},
	{name: "missing glue", set: func(w *world) { w.tldText = strings.Replace(w.tldText, "ns1.shop A 127.53.11.1", "", 1) }, want: []wanted{
		{"dns.glue", finding.Error, `^The address of ns1\.shop\.test is missing from test`},
	}},
	{name: "old glue", set: func(w *world) {
		w.tldText = strings.Replace(w.tldText, "ns1.shop A 127.53.11.1", "ns1.shop A 127.53.12.1", 1)
	}, want: []wanted{
		{"dns.glue", finding.Warning, `^test gives ns1\.shop\.test the address 127\.53\.12\.1, but the zone itself says 127\.53\.11\.1`},
	}},
	{name: "another list", set: func(w *world) {
		w.text1 = strings.Replace(w.text1, "@ NS ns2.other.test.", "", 1)
		w.text2 = w.text1
	}, want: []wanted{{"dns.ns", finding.Warning, `but the zone itself names ns1\.shop\.test\.$`}}},
	{name: "single", set: func(w *world) {
		w.tldText = strings.Replace(w.tldText, "shop NS ns2.other\n", "\n", 1)
		w.text1 = strings.Replace(w.text1, "@ NS ns2.other.test.", "", 1)
	}, want: []wanted{{"dns.redundancy", finding.Warning, `single name server`}}, absent: "dns.ns"},
	{name: "a server without an address", set: func(w *world) {
		w.tldText = strings.Replace(w.tldText, "shop NS ns2.other\n", "shop NS ns2.other\nshop NS ns9.other\n", 1)
	}, want: []wanted{{"dns.server-address", finding.Error, `ns9\.other\.test has no address`}}},
	{name: "other serial, other MX", set: func(w *world) {
		w.text2 = strings.NewReplacer("hostmaster 7", "hostmaster 6", "MX 10 mail", "MX 10 old").Replace(w.text2)
	}, want: []wanted{
		{"dns.serial", finding.Note, `serial 6 at ns2\.other\.test and 7 at ns1\.shop\.test`},
		{"dns.differ", finding.Warning, `different MX records of shop\.test: 10 mail\.shop\.test\. at ns1\.shop\.test and 10 old\.shop\.test\. at ns2\.other\.test`},
	}},
	{name: "short MX, long negative", set: func(w *world) {
		w.text1 = strings.NewReplacer("@ MX", "@ 30 MX", "@ SOA", "@ 604800 SOA", "1209600 300", "1209600 604800").Replace(w.text1)
		w.text2 = w.text1
	}, want: []wanted{{"dns.ttl", finding.Note, `for 7 days that`}, {"dns.ttl", finding.Note, `valid for 30 seconds only`}}},
	{name: "lost once", set: func(w *world) {
		var n atomic.Int32
		w.ns2.Drop = func(q dnstest.Query) bool {
			return q.Qtype == dns.TypeSOA && !q.TCP && !q.EDNS() && n.Add(1) == 1
		}
	}, want: []wanted{{"dns.loss", finding.Note, `^ns2\.other\.test answered only the second time`}}},
	{name: "slow", set: func(w *world) { w.ns2.Delay = func(dnstest.Query) time.Duration { return 30 * time.Millisecond } }, want: []wanted{
		{"dns.reach", finding.OK, `ns2`},
	}},
	{name: "signed", set: func(w *world) { w.signed = sign(-time.Hour, 30*24*time.Hour) }, want: []wanted{
		{"dns.dnssec", finding.OK, `is in order`},
	}},
	{name: "signatures end soon", set: func(w *world) { w.signed = sign(-time.Hour, 24*time.Hour) }, want: []wanted{
		{"dns.dnssec", finding.Warning, `expire on`},
	}},
	{name: "signatures over", set: func(w *world) {
		w.signed = sign(-48*time.Hour, -time.Hour)
		w.resolver.Change = servfailUnlessCD
	}, want: []wanted{
		{"dns.dnssec", finding.Error, `^DNSSEC of shop\.test is broken at ns1\.shop\.test and ns2\.other\.test: the signature of the DNSKEY records expired on`},
		{"dns.resolver", finding.Error, `knows it when it need not validate`},
	}},
	{name: "wrong DS", set: func(w *world) {
		good := sign(-time.Hour, 30*24*time.Hour)
		w.signed = func(z *dnstest.Zone) []*dns.DS {
			ds := good(z)
			ds[0].Digest = strings.Repeat("00", 32)
			return ds
		}
	}, want: []wanted{{"dns.dnssec", finding.Error, `fits none of the zone's keys`}}},
	{name: "DS without keys", set: func(w *world) {
		w.tldText += "shop DS 12345 13 2 " + strings.Repeat("ab", 32) + "\n"
	}, want: []wanted{{"dns.dnssec", finding.Error, `the zone has no DNSKEY`}}},
	{name: "keys without DS", set: func(w *world) {
		good := sign(-time.Hour, 30*24*time.Hour)
		w.signed = func(z *dnstest.Zone) []*dns.DS { good(z); return nil }
	}, want: []wanted{{"dns.dnssec", finding.Note, `has no DS record`}}},
	{name: "the resolver fails", set: func(w *world) {
		w.resolver.Change = func(q dnstest.Query, m *dns.Msg) {
			if q.Name == "shop.test." {
				*m = *answers(dns.RcodeServerFailure)(q)
				m.SetEdns0(1232, false)
				m.IsEdns0().Option = []dns.EDNS0{&dns.EDNS0_EDE{InfoCode: dns.ExtendedErrorCodeNoReachableAuthority}}
			}
		}
	}, want: []wanted{
		{"dns.resolver", finding.Warning, `SERVFAIL for shop\.test, although name servers of the domain answer here.*It says: No Reachable Authority`},
		{"dns.delegation", finding.OK, ``},
	}},
	{name: "the resolver refuses", set: func(w *world) { w.resolver.Answer = answers(dns.RcodeRefused) }, want: []wanted{
		{"dns.resolver", finding.Warning, `refuses to answer this machine`}, {"dns.delegation", finding.Unknown, `REFUSED`},
	}},
	{name: "the resolver is cut off", set: func(w *world) {
		w.resolver.Change = func(q dnstest.Query, m *dns.Msg) { *m = *answers(dns.RcodeNameError)(q) }
	}, want: []wanted{{"dns.resolver", finding.Warning, `does not know even the root of DNS \(NXDOMAIN\)`}, {"dns.delegation", finding.Unknown, `it is cut off`}}},
	{name: "the resolver is silent, but there are hints", set: func(w *world) { w.hints = true; w.resolver.Drop = everything }, want: []wanted{
		{"dns.resolver", finding.Warning, `does not answer \(time-out\)`}, {"dns.reach", finding.OK, `ns1`},
	}},
	{name: "the resolver invents names", set: func(w *world) {
		w.resolver.Change = func(q dnstest.Query, m *dns.Msg) {
			if m.Rcode == dns.RcodeNameError && q.Qtype == dns.TypeA {
				rr, _ := dns.NewRR(q.Name + " A 192.0.2.80")
				m.Rcode, m.Answer = dns.RcodeSuccess, []dns.RR{rr}
			}
		}
	}, want: []wanted{{"dns.resolver-rewrites", finding.Warning, `invents answers`}}},
	{name: "a circle of aliases", domain: "circle.shop.test", want: []wanted{
		{"dns.resolver", finding.Error, `leads in a circle`},
	}},
}

func servfailUnlessCD(q dnstest.Query, m *dns.Msg) {
	if strings.HasSuffix(q.Name, "shop.test.") && !q.Msg.CheckingDisabled {
		*m = *answers(dns.RcodeServerFailure)(q)
	}
}

func sign(begin, end time.Duration) func(*dnstest.Zone) []*dns.DS {
	return func(z *dnstest.Zone) []*dns.DS {
		now := time.Now()
		return []*dns.DS{z.Sign(now.Add(begin), now.Add(end))}
	}
}

// TestField looks at domains with the faults that are seen in the field. Low source
// ports need the right to use them.
func TestField(t *testing.T) {
	low := mayUseLowPorts()
	for i, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, i)
			if c.set != nil {
				c.set(w)
			}
			cfg := w.start(t)
			if c.domain != "" {
				cfg.Domain = c.domain
			}
			got, err := zone.Check(t.Context(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range c.want {
				if want.check == "dns.source-port" && !low {
					t.Log("skipped: this user may not use low source ports")
					continue
				}
				if !has(got, want) {
					t.Errorf("no %s %s like %q", want.level, want.check, want.text)
				}
			}
			for _, f := range got.Findings {
				if f.Check == c.absent && f.Level != finding.OK {
					t.Errorf("there is a %s: %s", f.Check, f.Text)
				}
				if c.set == nil && c.domain == "" && (f.Level == finding.Warning || f.Level == finding.Error) {
					t.Errorf("a healthy domain has a %s: %s", f.Level, f.Text)
				}
			}
			if t.Failed() {
				var b strings.Builder
				if err := finding.WriteText(&b, finding.Report{Sections: []finding.Section{got}}, true); err != nil {
					t.Error(err)
				}
				t.Log(b.String())
			}
		})
	}
}

func has(s finding.Section, w wanted) bool {
	for _, f := range s.Findings {
		if f.Check == w.check && f.Level == w.level && regexp.MustCompile(w.text).MatchString(f.Text) {
			return true
		}
	}
	return false
}

func mayUseLowPorts() bool {
	l, err := net.ListenPacket("udp", "127.79.0.1:1023")
	if err != nil {
		return false
	}
	return l.Close() == nil
}

// A server over IPv6 is asked like the others; one that is dead counts although others
// cannot be asked.
func TestIPv6(t *testing.T) {
	if l, err := net.ListenPacket("udp", "[::1]:0"); err != nil {
		t.Skipf("there is no IPv6 loopback here: %v", err)
	} else if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, 202)
	w.tldText = strings.Replace(w.tldText, "ns2.other A 127.53.12.1", "ns2.other AAAA ::1", 1)
	w.text1 = strings.Replace(w.text1, "ns1 A 127.53.11.1", "ns1 A 127.53.11.1\nns1 AAAA 2001:db8::53", 1)
	w.ns1.Drop = everything
	six := &dnstest.Server{Zones: []*dnstest.Zone{dnstest.ParseZone(t, "shop.test.", w.text1)}}
	cfg := w.start(t)
	w.net.Start("::1", six)
	got, err := zone.Check(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []wanted{
		{"dns.reach", finding.OK, `ns2\.other\.test \(::1\).* answered over UDP and TCP`},
		{"dns.reach", finding.Warning, `^ns1\.shop\.test .*do not answer`},
	} {
		if !has(got, want) {
			t.Errorf("no %s %s like %q in %+v", want.level, want.check, want.text, got.Findings)
		}
	}
}

// A local resolver that holds port 53 makes that port unknown, no more.
func TestPort53Taken(t *testing.T) {
	w := newWorld(t, 200)
	cfg := w.start(t)
	l, err := net.ListenPacket("udp", w.from+":53")
	if err != nil {
		t.Skipf("port 53 cannot be used here: %v", err)
	}
	defer l.Close() //nolint:errcheck // ends with the test
	got, err := zone.Check(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if !has(got, wanted{"dns.source-port", finding.Unknown, `source port 53 could not be tried: another program`}) ||
		!has(got, wanted{"dns.source-port", finding.OK, `1024 and 1023`}) {
		t.Errorf("%+v", got.Findings)
	}
}

// Without the right to use low ports the rest goes on, and it is said how to get it.
func TestUnprivileged(t *testing.T) {
	if os.Getenv("DOCTOR_UNPRIVILEGED") == "" {
		if os.Getuid() != 0 {
			t.Skip("needs root to become somebody else")
		}
		exe, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		bin := t.TempDir() + "/zone.test"
		raw, err := os.ReadFile(exe)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(bin, raw, 0o755); err != nil { //nolint:gosec // another user runs it
			t.Fatal(err)
		}
		for dir := bin; strings.Contains(dir, "TestUnprivileged"); dir = dir[:strings.LastIndexByte(dir, '/')] {
			if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // another user runs it
				t.Fatal(err)
			}
		}
		cmd := exec.CommandContext(t.Context(), bin, "-test.run=^TestUnprivileged$", "-test.v")
		cmd.Env = append(os.Environ(), "DOCTOR_UNPRIVILEGED=1", "TMPDIR=/tmp", "HOME=/tmp")
		cmd.Dir = "/"
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: TestUnprivileged") {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	if mayUseLowPorts() {
		t.Skip("everybody may use low ports here")
	}
	w := newWorld(t, 201)
	w.ns2.Answer = answers(dns.RcodeRefused)
	got, err := zone.Check(t.Context(), w.start(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []wanted{
		{"dns.source-port", finding.Unknown, `1023 and 53 could not be tried: this user may not`},
		{"dns.lame", finding.Warning, `ns2\.other\.test does not serve the domain`},
	} {
		if !has(got, want) {
			t.Errorf("no %s like %q in %+v", want.check, want.text, got.Findings)
		}
	}
}

// A word that is no domain is refused before anything is asked.
func TestNoDomain(t *testing.T) {
	for _, d := range []string{"", ".", "ann@example.org", "a b", "https://example.org/", strings.Repeat("a", 64) + ".org"} {
		if _, err := zone.Check(t.Context(), zone.Config{Domain: d, Resolver: &ask.Resolver{}}); err == nil {
			t.Errorf("%q was taken for a domain", d)
		}
	}
}
