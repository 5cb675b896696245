package sender_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"hashsend/cmd/hashsend/doctor/ask"
	"hashsend/cmd/hashsend/doctor/dnstest"
	"hashsend/cmd/hashsend/doctor/finding"
	"hashsend/cmd/hashsend/doctor/received"
	"hashsend/cmd/hashsend/doctor/sender"
)

// key is an ed25519 key.
const key = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="

const zones = `
	@ SOA ns h 1 1 1 1 1
	good MX 10 mx.good
	mx.good A 192.0.2.25
	out.good A 203.0.113.7
	good TXT "v=spf1 mx a:out.good.test -all"
	out.good TXT "v=spf1 a -all"
	s1._domainkey.good TXT "` + key + `"
	old._domainkey.good TXT "v=DKIM1; p="
	trial._domainkey.good TXT "v=DKIM1; t=y; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
	_dmarc.good TXT "v=DMARC1; p=reject; rua=mailto:d@good.test"
	_smtp._tls.good TXT "v=TLSRPTv1; rua=mailto:tls@good.test"
	bare MX 10 mx.good
	open MX 10 mx.good
	open TXT "v=spf1 +all"
	_dmarc.open TXT "v=DMARC1; p=none; pct=10; rua=mailto:d@elsewhere.example"
	twice MX 10 mx.good
	twice TXT "v=spf1 -all"
	twice TXT "v=spf1 mx -all"
	_dmarc.twice TXT "v=DMARC1; p=none"
	_dmarc.twice TXT "v=DMARC1; p=reject"
	ptr MX 10 mx.good
	ptr TXT "v=spf1 ptr include:void.test ~all a"
	heavy MX 10 mx.good
	heavy TXT "v=spf1 a:x1.test a:x2.test a:x3.test mx:good.test mx:good.test mx:good.test mx:good.test mx:good.test mx:good.test mx:good.test mx:good.test -all"
	_dmarc.sub.team.big TXT "v=DMARC1; p=none"
	_dmarc.team.big TXT "v=DMARC1; p=quarantine; psd=n"
	_dmarc.big TXT "v=DMARC1; p=none"
	x.team.big MX 10 mx.good
	alone MX 10 mx.good
`

const reverse = `
	@ SOA ns.test. h.test. 1 1 1 1 1
	7.113.0.203 PTR out.good.test.
	8.113.0.203 PTR wrong.good.test.
	9.113.0.203 PTR 203-0-113-9.dsl.isp.test.
`

func resolver(t *testing.T) *ask.Resolver {
	n := dnstest.New(t)
	s := n.Start("127.53.62.1", &dnstest.Server{Resolve: true, Zones: []*dnstest.Zone{
		dnstest.ParseZone(t, "test.", zones+"203-0-113-9.dsl.isp A 203.0.113.9\n"), dnstest.ParseZone(t, "in-addr.arpa.", reverse),
		dnstest.ParseZone(t, "elsewhere.example.", "@ SOA ns h 1 1 1 1 1\n"),
	}})
	return &ask.Resolver{Asker: &ask.Asker{}, Servers: []netip.AddrPort{s.Addr}}
}

type wanted struct {
	check string
	level finding.Level
	text  string
}

func has(s finding.Section, w wanted) bool {
	for _, f := range s.Findings {
		if f.Check == "sender."+w.check && f.Level == w.level && regexp.MustCompile(w.text).MatchString(f.Text) {
			return true
		}
	}
	return false
}

func TestSenders(t *testing.T) {
	r := resolver(t)
	for _, c := range []struct {
		name, address, ip, helo string
		selectors               []string
		want                    []wanted
		met                     string // a row of the table of rules
		healthy                 bool
	}{
		{name: "healthy", address: "team@Good.test", ip: "203.0.113.7", helo: "out.good.test", selectors: []string{"s1"}, healthy: true, want: []wanted{
			{"mx", finding.OK, `goes to mx\.good\.test`},
			{"spf-lookups", finding.OK, `needs 2 of the 10`},
			{"spf-ip", finding.OK, `^SPF allows 203\.0\.113\.7 for email of good\.test \(a:out\.good\.test\)`},
			{"dkim-key", finding.OK, `s1\._domainkey\.good\.test is in order \(ed25519, 256 bits\)`},
			{"dmarc", finding.OK, `is reject\.`},
			{"reverse", finding.OK, `out\.good\.test lead to each other`},
			{"tls-reports", finding.OK, `mailto:tls@good\.test`},
		}},
		{name: "nothing set up", address: "team@bare.test", ip: "203.0.113.99", want: []wanted{
			{"spf", finding.Warning, `no SPF record`},
			{"dkim", finding.Unknown, `cannot be listed`},
			{"dmarc", finding.Warning, `no DMARC policy`},
			{"reverse", finding.Error, `has no name`},
			{"rules", finding.Error, `a name for the sending address`},
		}},
		{name: "open to all", address: "team@open.test", ip: "203.0.113.8", want: []wanted{
			{"spf-record", finding.Error, `ends with \+all, which lets everybody`},
			{"dmarc-record", finding.Note, `pct=10 holds at receivers of RFC 7489 only`},
			{"dmarc-reports", finding.Warning, `elsewhere\.example, which has not agreed`},
			{"reverse", finding.Error, `does not lead back`},
		}},
		{name: "twice", address: "team@twice.test", want: []wanted{
			{"spf", finding.Error, `has 2 SPF records`},
			{"dmarc-record", finding.Error, `has 2 DMARC records`},
			{"dmarc", finding.Warning, `has no DMARC policy`},
		}},
		{name: "old ways", address: "team@ptr.test", ip: "203.0.113.9", want: []wanted{
			{"spf-record", finding.Warning, `uses ptr`},
			{"spf-record", finding.Error, `names include:void\.test, but void\.test has no SPF record`},
			{"spf-record", finding.Note, `a stands behind all`},
			{"spf-ip", finding.Error, `permerror`},
			{"reverse", finding.Warning, `generic name`},
		}},
		{name: "too many lookups", address: "team@heavy.test", want: []wanted{
			{"spf-lookups", finding.Error, `needs 11 DNS lookups`}, {"spf-void", finding.Warning, `3 lookups`}, {"spf-ip", finding.Unknown, `its address is not known`},
		}},
		{name: "not allowed", address: "team@good.test", ip: "203.0.113.9", helo: "out.good.test", want: []wanted{
			{"spf-ip", finding.Error, `does not allow 203\.0\.113\.9 .*fail \(-all\)`}, {"spf-helo", finding.Warning, `to call itself out\.good\.test`},
		}},
		{name: "keys", address: "team@good.test", selectors: []string{"old", "trial", "none"}, want: []wanted{
			{"dkim-key", finding.Error, `old\._domainkey.*withdrawn`}, {"dkim-key", finding.Warning, `trial.*t=y`}, {"dkim-key", finding.Error, `none.*no TXT record`},
		}},
		{name: "ways differ", address: "team@x.team.big.test", want: []wanted{
			{"dmarc-differs", finding.Warning, `none of big\.test by RFC 7489, quarantine of team\.big\.test by RFC 9989`},
		}},
		{name: "no such domain", address: "team@nosuch.test", want: []wanted{{"mx", finding.Error, `does not exist`}}},
	} {
		cfg := sender.Config{Address: c.address, Helo: c.helo, Selectors: c.selectors, Resolver: r, Now: time.Now()}
		if c.ip != "" {
			cfg.IP = netip.MustParseAddr(c.ip)
		}
		got, err := sender.Check(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range c.want {
			if !has(got, w) {
				t.Errorf("%s: no %s %s like %q in\n%+v", c.name, w.level, w.check, w.text, got.Findings)
			}
		}
		if r := (finding.Report{Sections: []finding.Section{got}}); c.healthy && r.Worst() != finding.OK {
			t.Errorf("%s: %+v", c.name, got.Findings)
		}
	}
}

func copyOf(t *testing.T, headers string) *received.Trace {
	t.Helper()
	got, err := received.Read([]byte(headers + "\n\n"))
	if err != nil {
		t.Fatal(err)
	}
	return &got
}

// An email that has arrived tells where it came from and how it was signed.
func TestCopy(t *testing.T) {
	r := resolver(t)
	const hop = "Received: from out.good.test (out.good.test [203.0.113.7]) by mx.other.test with ESMTPS; Fri, 27 Nov 2026 10:00:08 +0000\n"
	const signed = "DKIM-Signature: v=1; a=rsa-sha256; d=good.test; s=s1; h=from; b=x\n"
	for _, c := range []struct {
		name, headers string
		want          wanted
	}{
		{"all well", "Return-Path: <team@good.test>\n" + hop + signed + "From: team@good.test", wanted{"dmarc-aligned", finding.OK, `by DKIM and SPF`}},
		{"bounce domain of a service", "Return-Path: <b@open.test>\n" + hop + signed + "From: team@good.test", wanted{"spf-align", finding.Note, `passes for open\.test`}},
		{"signed by a service only", "Return-Path: <b@open.test>\n" + hop + strings.Replace(signed, "d=good.test", "d=open.test", 1) + "From: team@good.test", wanted{"dmarc-aligned", finding.Error, `neither SPF nor DKIM`}},
		{"not signed", "Return-Path: <team@good.test>\n" + hop + "From: team@good.test", wanted{"dkim", finding.Error, `no DKIM signature`}},
		{"weak", "Return-Path: <team@good.test>\n" + hop + strings.Replace(signed, "h=from", "l=5; h=from", 1) + "From: team@good.test", wanted{"dkim-signature", finding.Warning, `l=5`}},
	} {
		got, err := sender.Check(t.Context(), sender.Config{Address: "team@good.test", Copy: copyOf(t, c.headers), Resolver: r, Now: time.Now()})
		if err != nil {
			t.Fatal(err)
		}
		if !has(got, c.want) {
			t.Errorf("%s: no %v in\n%+v", c.name, c.want, got.Findings)
		}
	}
}

// A resolver that is cut off may say of every name that it does not exist.
func TestCutOff(t *testing.T) {
	n := dnstest.New(t)
	s := n.Start("127.53.62.2", &dnstest.Server{Resolve: true, CutOff: true})
	r := &ask.Resolver{Asker: &ask.Asker{}, Servers: []netip.AddrPort{s.Addr}}
	allUnknown(t, r)
}

// What could not be asked is unknown, never held against the domain.
func TestSilentResolver(t *testing.T) {
	silent := &ask.Resolver{Asker: &ask.Asker{Patience: 20 * time.Millisecond}, Servers: []netip.AddrPort{netip.MustParseAddrPort("127.53.62.99:1")}}
	allUnknown(t, silent)
}

func allUnknown(t *testing.T, r *ask.Resolver) {
	t.Helper()
	got, err := sender.Check(t.Context(), sender.Config{Address: "team@good.test", IP: netip.MustParseAddr("203.0.113.7"), Selectors: []string{"s1"}, Resolver: r, Now: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range got.Findings {
		if f.Level != finding.Unknown {
			t.Errorf("%s %s: %s", f.Level, f.Check, f.Text)
		}
	}
}

func TestRegistration(t *testing.T) {
	r := resolver(t)
	now := time.Date(2026, 11, 27, 10, 0, 0, 0, time.UTC)
	var begun, ends string
	var s *httptest.Server
	s = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		switch q.URL.Path {
		case "/dns.json":
			w.Write([]byte(`{"services":[[["com"],["https://nowhere.invalid/"]],[["test"],["` + s.URL + `/rdap/"]]]}`)) //nolint:errcheck // the test sees it
		case "/rdap/domain/good.test":
			w.Write([]byte(`{"events":[{"eventAction":"registration","eventDate":"` + begun + `"},{"eventAction":"expiration","eventDate":"` + ends + `"}]}`)) //nolint:errcheck // the test sees it
		default:
			http.NotFound(w, q)
		}
	}))
	t.Cleanup(s.Close)
	for _, c := range []struct {
		address, begun, ends string
		want                 wanted
	}{
		{"team@good.test", "2015-01-02T00:00:00Z", "2028-01-02T00:00:00Z", wanted{"age", finding.OK, `registered on 2 Jan 2015`}},
		{"team@good.test", "2026-11-20T00:00:00Z", "2027-11-20T00:00:00Z", wanted{"age", finding.Note, `younger than a month`}},
		{"team@good.test", "2015-01-02T00:00:00Z", "2026-12-02T00:00:00Z", wanted{"age", finding.Warning, `ends on 2 Dec 2026`}},
		{"team@good.test", "2015-01-02T00:00:00Z", "2026-11-02T00:00:00Z", wanted{"age", finding.Error, `ended on 2 Nov 2026`}},
		{"team@bare.test", "", "", wanted{"age", finding.Unknown, `404`}},
	} {
		begun, ends = c.begun, c.ends
		got, err := sender.Check(t.Context(), sender.Config{Address: c.address, Resolver: r, Now: now, RDAP: s.URL + "/dns.json", HTTP: s.Client()})
		if err != nil {
			t.Fatal(err)
		}
		if !has(got, c.want) {
			t.Errorf("%v in\n%+v", c.want, got.Findings)
		}
	}
}

func TestNoAddress(t *testing.T) {
	for _, a := range []string{"", "ann", "@good.test", "ann@", "ann@localhost", "Ann <ann@good.test>"} {
		if _, err := sender.Check(t.Context(), sender.Config{Address: a}); err == nil {
			t.Errorf("%q was taken for an address", a)
		}
	}
}
