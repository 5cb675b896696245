package blocklist_test

import (
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/miekg/dns"

	"hashsend/cmd/hashsend/doctor/ask"
	"hashsend/cmd/hashsend/doctor/blocklist"
	"hashsend/cmd/hashsend/doctor/dnstest"
	"hashsend/cmd/hashsend/doctor/finding"
)

const v6test = "2.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0"

func TestLists(t *testing.T) {
	n := dnstest.New(t)
	zone := func(apex, text string) *dnstest.Zone {
		return dnstest.ParseZone(t, apex, "@ SOA ns h 1 1 1 1 1\n"+text)
	}
	const healthy = "2.0.0.127 A 127.0.0.2\n"
	var torn atomic.Int32
	s := n.Start("127.53.64.1", &dnstest.Server{Resolve: true, Zones: []*dnstest.Zone{
		zone("good.test.", healthy+v6test+" A 127.0.0.2\n9.113.0.203 A 127.0.0.5\n9.113.0.203 TXT \"see https://good.test/\"\n1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2 A 127.0.0.2\n"),
		zone("zen.spamhaus.org.", healthy+"9.113.0.203 A 127.0.0.3\n9.113.0.203 A 127.0.0.10\n"),
		zone("refuses.test.", "*  A 127.255.255.254\n2.0.0.127 A 127.255.255.254\n"),
		zone("all.test.", healthy+"1.0.0.127 A 127.0.0.2\n*.113.0.203 A 127.0.0.2\n"),
		zone("ended.test.", "@ TXT x\n"),
		zone("parked.test.", "2.0.0.127 A 192.0.2.80\n"),
		zone("torn.test.", healthy),
	}, Change: func(q dnstest.Query, m *dns.Msg) {
		if strings.HasSuffix(q.Name, "203.torn.test.") && q.Qtype == dns.TypeA && torn.Add(1)%2 == 1 {
			rr, _ := dns.NewRR(q.Name + " A 127.0.0.2")
			m.Rcode, m.Answer = dns.RcodeSuccess, []dns.RR{rr}
		}
	}})
	r := &ask.Resolver{Asker: &ask.Asker{}, Servers: []netip.AddrPort{s.Addr}}
	for _, c := range []struct {
		zone, ip string
		level    finding.Level
		text     string
	}{
		{"good.test", "203.0.113.9", finding.Error, "203.0.113.9 is on the block list good.test (127.0.0.5)"},
		{"Good.Test.", "203.0.113.8", finding.OK, "Not listed by good.test (203.0.113.8)."},
		{"good.test", "2001:db8::1", finding.Error, "2001:db8::1 is on the block list good.test"},
		{"good.test", "2001:db8::2", finding.OK, "Not listed"},
		{"zen.spamhaus.org", "203.0.113.9", finding.Error, "(CSS: it sent email of low reputation; PBL: its provider says that it should send no email directly)"},
		{"zen.spamhaus.org", "2001:db8::1", finding.Unknown, "does not hold IPv6"},
		{"refuses.test", "203.0.113.9", finding.Unknown, "through a public resolver"},
		{"all.test", "203.0.113.9", finding.Unknown, "would list everybody"},
		{"ended.test", "203.0.113.9", finding.Unknown, "does not know its own test entry"},
		{"parked.test", "203.0.113.9", finding.Unknown, "is not one of a block list"},
		{"torn.test", "203.0.113.9", finding.Unknown, "differ"},
	} {
		got := blocklist.Findings([]blocklist.Answer{blocklist.Ask(t.Context(), r, c.zone, netip.MustParseAddr(c.ip))})
		if len(got) != 1 || got[0].Level != c.level || !strings.Contains(got[0].Text, c.text) {
			t.Errorf("%s about %s: %+v", c.zone, c.ip, got)
		}
	}
	got := blocklist.Findings([]blocklist.Answer{blocklist.Ask(t.Context(), r, "good.test", netip.MustParseAddr("203.0.113.9"))})
	if !strings.Contains(got[0].Do, "https://good.test/") {
		t.Errorf("the reason is missing: %+v", got)
	}
}
