package spf_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hashsend/cmd/hashsend/doctor/ask"
	"hashsend/cmd/hashsend/doctor/dnstest"
	"hashsend/cmd/hashsend/doctor/spf"
)

const zones = `
	@ SOA ns h 1 1 1 1 1
	shop TXT "v=spf1 mx include:relay.test include:gone.test ptr ~all ip4:192.0.2.9"
	shop MX 10 mail.shop
	mail.shop A 192.0.2.25
	relay TXT "v=spf1 a:out.relay.test a:void.relay.test ip4:198.51.100.0/24 -all"
	out.relay A 203.0.113.1
	open TXT "v=spf1 +all"
	endless TXT "v=spf1 ip4:192.0.2.1"
	circle TXT "v=spf1 include:round.test -all"
	round TXT "v=spf1 include:circle.test -all"
	two TXT "v=spf1 -all"
	two TXT "v=spf1 mx -all"
	wrong TXT "v=spf1 ip4:192.0.2.300 -all"
	moved TXT "v=spf1 redirect=relay.test"
	twelve TXT "v=spf1 a:a1 -all"
	many TXT "v=spf1 a:1.many.test a:2.many.test a:3.many.test a:4.many.test a:5.many.test include:relay.test exists:%{i}.many.test mx:shop.test a:shop.test a:out.relay.test -all"
`

func resolver(t *testing.T) *ask.Resolver {
	n := dnstest.New(t)
	s := n.Start("127.53.60.1", &dnstest.Server{Resolve: true, Zones: []*dnstest.Zone{dnstest.ParseZone(t, "test.", zones)}})
	return &ask.Resolver{Asker: &ask.Asker{}, Servers: []netip.AddrPort{s.Addr}}
}

// The trace says what each term cost, and what came of it.
func TestTrace(t *testing.T) {
	r := resolver(t)
	got := spf.Check(t.Context(), r, spf.Query{IP: netip.MustParseAddr("198.51.100.7"), Helo: "out.relay.test", MailFrom: "team@shop.test"})
	var lines []string
	for _, s := range got.Steps {
		lines = append(lines, s.String())
	}
	want := []string{
		"shop.test: mx: no match (1 lookups)",
		"  relay.test: a:out.relay.test: no match (3 lookups)",
		"  relay.test: a:void.relay.test: no match (4 lookups)",
		"  relay.test: ip4:198.51.100.0/24: match: pass (4 lookups)",
		"shop.test: include:relay.test: match: pass (4 lookups)",
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
	if got.Result != spf.Pass || got.Match != "include:relay.test" || got.Lookups != 4 || got.Voids != 1 || !strings.HasPrefix(got.Record, "v=spf1 mx") {
		t.Errorf("%+v", got)
	}
}

func TestCheck(t *testing.T) {
	r := resolver(t)
	for _, c := range []struct {
		ip, from string
		want     spf.Result
		problem  string
	}{
		{"192.0.2.25", "team@shop.test", spf.Pass, ""},
		{"2001:db8::1", "team@shop.test", spf.PermError, "include leads to gone.test, which has no SPF record"},
		{"192.0.2.25", "team@two.test", spf.PermError, "2 SPF records"},
		{"192.0.2.25", "team@wrong.test", spf.PermError, `"ip4:192.0.2.300": "192.0.2.300" is not an address for ip4`},
		{"192.0.2.25", "team@nothing.test", spf.None, "has no SPF record"},
		{"192.0.2.25", "team@circle.test", spf.PermError, "more than 10 DNS lookups"},
		{"203.0.113.1", "team@moved.test", spf.Pass, ""},
		{"::ffff:203.0.113.1", "team@moved.test", spf.Pass, ""},
		{"192.0.2.77", "", spf.None, ""},
	} {
		got := spf.Check(t.Context(), r, spf.Query{IP: netip.MustParseAddr(c.ip), Helo: "mail.example.test", MailFrom: c.from})
		if got.Result != c.want || !strings.Contains(got.Problem, c.problem) {
			t.Errorf("%s from %s: %s (%s), want %s (%s)", c.from, c.ip, got.Result, got.Problem, c.want, c.problem)
		}
	}
}

// A survey sees what stands behind a match, too.
func TestSurvey(t *testing.T) {
	r := resolver(t)
	for _, c := range []struct {
		domain  string
		lookups int
		kinds   []spf.Kind
	}{
		{"shop.test", 6, []spf.Kind{spf.Void, spf.Dead, spf.UsesPTR, spf.Behind}},
		{"open.test", 0, []spf.Kind{spf.AllPass}},
		{"endless.test", 0, []spf.Kind{spf.NoAll}},
		{"circle.test", 2, []spf.Kind{spf.Circle}},
		{"wrong.test", 0, []spf.Kind{spf.Syntax}},
		{"moved.test", 3, []spf.Kind{spf.Void}},
		{"many.test", 12, []spf.Kind{spf.Void, spf.Void, spf.Void, spf.Void, spf.Void, spf.Void, spf.Void}},
	} {
		got := spf.Survey(t.Context(), r, c.domain)
		var kinds []spf.Kind
		for _, m := range got.Remarks {
			kinds = append(kinds, m.Kind)
		}
		if got.Lookups != c.lookups || !cmp.Equal(kinds, c.kinds) {
			t.Errorf("%s: %d lookups, %v; want %d, %v", c.domain, got.Lookups, kinds, c.lookups, c.kinds)
		}
	}
	got := spf.Survey(t.Context(), r, "shop.test")
	if diff := cmp.Diff([]spf.Cost{{Term: "mx", Lookups: 1}, {Term: "include:relay.test", Lookups: 3}, {Term: "include:gone.test", Lookups: 1}, {Term: "ptr", Lookups: 1}}, got.Costs); diff != "" {
		t.Error(diff)
	}
	if got := spf.Survey(t.Context(), r, "two.test"); got.Problem == nil || got.Temporary() {
		t.Errorf("two records: %v", got.Problem)
	}
}

// FuzzParse: a record that is accepted can be read again from its own terms.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"v=spf1 a mx:x.test/24//64 include:%{d2r.-}.x.test ~all exp=e.test", "v=spf1 ip6:2001:db8::/32 redirect=%{o}", "V=SPF1", "v=spf1 a:%{", "v=spf1 %%"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := spf.Parse(s)
		if err != nil {
			return
		}
		text := "v=spf1"
		for _, x := range r.Terms {
			text += " " + x.Text
		}
		again, err := spf.Parse(text)
		if err != nil || len(again.Terms) != len(r.Terms) {
			t.Errorf("%q: %v", text, err)
		}
	})
}
