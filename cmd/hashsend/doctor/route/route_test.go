package route_test

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"regexp"
	"testing"

	"hashsend/cmd/hashsend/doctor/ask"
	"hashsend/cmd/hashsend/doctor/dnstest"
	"hashsend/cmd/hashsend/doctor/finding"
	"hashsend/cmd/hashsend/doctor/route"
)

const zones = `
	@ SOA ns h 1 1 1 1 1
	good MX 20 mx2.good
	good MX 10 mx1.good
	mx1.good A 192.0.2.1
	mx2.good A 192.0.2.2
	mx2.good AAAA 2001:db8::2
	null MX 0 .
	both MX 0 .
	both MX 10 mx1.good
	web A 192.0.2.80
	bare TXT "nothing here"
	alias MX 10 other.alias
	other.alias CNAME mx1.good
	gone MX 10 nowhere.gone
	inside MX 10 mx.inside
	mx.inside A 10.0.0.25
	six MX 10 mx.six
	mx.six AAAA 2001:db8::25
	number MX 10 192.0.2.25.
	_mta-sts.good TXT "v=STSv1; id=20261127"
	_mta-sts.two TXT "v=STSv1; id=1"
	_mta-sts.two TXT "v=STSv1; id=2"
	_mta-sts.web TXT "v=STSv1"
	_smtp._tls.good TXT "v=TLSRPTv1; rua=mailto:tls@good.test,https://reports.test/"
	_smtp._tls.web TXT "v=TLSRPTv1; rua=tls@web.test"
`

func resolver(t *testing.T) *ask.Resolver {
	n := dnstest.New(t)
	s := n.Start("127.53.61.1", &dnstest.Server{Resolve: true, Zones: []*dnstest.Zone{dnstest.ParseZone(t, "test.", zones)}})
	return &ask.Resolver{Asker: &ask.Asker{}, Servers: []netip.AddrPort{s.Addr}}
}

func has(all []finding.Finding, check string, level finding.Level, text string) bool {
	for _, f := range all {
		if f.Check == check && f.Level == level && regexp.MustCompile(text).MatchString(f.Text) {
			return true
		}
	}
	return false
}

func TestRoutes(t *testing.T) {
	r := resolver(t)
	for _, c := range []struct {
		domain, check string
		level         finding.Level
		text          string
	}{
		{"good.test", "recipient.mx", finding.OK, `goes to mx1\.good\.test and mx2\.good\.test`},
		{"null.test", "recipient.mx", finding.Error, `takes no email at all`},
		{"both.test", "recipient.mx", finding.Error, `a null MX beside others`},
		{"web.test", "recipient.mx", finding.Warning, `no MX records`},
		{"bare.test", "recipient.mx", finding.Error, `neither MX records nor an address`},
		{"nosuch.test", "recipient.mx", finding.Error, `does not exist`},
		{"alias.test", "recipient.mx-host", finding.Warning, `is an alias`},
		{"gone.test", "recipient.mx-host", finding.Error, `nowhere\.gone\.test of gone\.test has no address`},
		{"inside.test", "recipient.mx-host", finding.Error, `10\.0\.0\.25, which others cannot reach`},
		{"six.test", "recipient.mx-ipv6", finding.Warning, `IPv6 addresses only`},
		{"number.test", "recipient.mx-host", finding.Error, `must be a host name`},
	} {
		if got := route.Findings("recipient", route.Find(t.Context(), r, c.domain)); !has(got, c.check, c.level, c.text) {
			t.Errorf("%s: no %s %s like %q in %+v", c.domain, c.level, c.check, c.text, got)
		}
	}
	closed := &ask.Resolver{Asker: &ask.Asker{}, Servers: []netip.AddrPort{netip.MustParseAddrPort("127.53.61.99:1")}}
	if got := route.Findings("recipient", route.Find(t.Context(), closed, "good.test")); !has(got, "recipient.mx", finding.Unknown, `could not be looked up`) {
		t.Errorf("without a resolver: %+v", got)
	}
}

// web serves policies as https://mta-sts.DOMAIN does.
func web(t *testing.T, policy func(w http.ResponseWriter)) *http.Client {
	t.Helper()
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host != "mta-sts.good.test" || r.URL.Path != "/.well-known/mta-sts.txt" {
			http.NotFound(w, r)
			return
		}
		policy(w)
	}))
	t.Cleanup(s.Close)
	return &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, s.Listener.Addr().String())
		},
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // the test's own server
	}}
}

func TestSTS(t *testing.T) {
	r := resolver(t)
	plain := func(text string) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			w.Write([]byte(text)) //nolint:errcheck // the test sees it
		}
	}
	for _, c := range []struct {
		name   string
		policy func(http.ResponseWriter)
		level  finding.Level
		text   string
	}{
		{"fits", plain("version: STSv1\r\nmode: enforce\r\nmx: *.good.test\r\nmax_age: 86400\r\n"), finding.OK, `\(enforce\) fits`},
		{"lacks one", plain("version: STSv1\nmode: enforce\nmx: mx1.good.test\nmax_age: 86400\n"), finding.Error, `mx2\.good\.test is not in the MTA-STS policy`},
		{"lacks one, testing", plain("version: STSv1\nmode: testing\nmx: mx1.good.test\nmax_age: 86400\n"), finding.Warning, `mx2\.good\.test is not in`},
		{"names another", plain("version: STSv1\nmode: testing\nmx: *.good.test\nmx: old.test\nmax_age: 86400\n"), finding.Note, `names old\.test`},
		{"wrong mode", plain("version: STSv1\nmode: strict\nmx: *.good.test\nmax_age: 86400\n"), finding.Warning, `mode is "strict"`},
		{"not text", func(w http.ResponseWriter) { w.Header().Set("Content-Type", "text/html"); w.WriteHeader(http.StatusOK) }, finding.Warning, `must be text/plain`},
		{"redirect", func(w http.ResponseWriter) {
			w.Header().Set("Location", "https://elsewhere.test/")
			w.WriteHeader(http.StatusFound)
		}, finding.Warning, `answers 302 Found`},
	} {
		s := route.FindSTS(t.Context(), r, web(t, c.policy), "good.test")
		if got := route.STSFindings("sender", route.Find(t.Context(), r, "good.test"), s); !has(got, "sender.mta-sts", c.level, c.text) {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
	if s := route.FindSTS(t.Context(), r, web(t, plain("")), "two.test"); s.Record == "" {
		t.Error("two records are not told")
	}
	if s := route.FindSTS(t.Context(), r, web(t, plain("")), "null.test"); s.Announced || len(route.STSFindings("x", route.Route{}, s)) > 0 {
		t.Errorf("a domain without: %+v", s)
	}
}

func TestTLSReports(t *testing.T) {
	r := resolver(t)
	if to, problem, err := route.TLSReports(t.Context(), r, "good.test"); len(to) != 2 || problem != "" || err != nil {
		t.Errorf("%q %q %v", to, problem, err)
	}
	if _, problem, _ := route.TLSReports(t.Context(), r, "web.test"); problem == "" {
		t.Error("an address without mailto: is not told")
	}
	if to, problem, err := route.TLSReports(t.Context(), r, "null.test"); len(to) > 0 || problem != "" || err != nil {
		t.Errorf("%q %q %v", to, problem, err)
	}
}

// FuzzPolicy: a policy that is accepted has a mode, and hosts unless it is none.
func FuzzPolicy(f *testing.F) {
	f.Add("version: STSv1\nmode: enforce\nmx: *.a.test\nmax_age: 86400\n")
	f.Fuzz(func(t *testing.T, s string) {
		p, err := route.ParsePolicy(s)
		if err == nil && (p.Mode == "" || p.Mode != "none" && len(p.MX) == 0) {
			t.Errorf("%q: %+v", s, p)
		}
		p.Allows("mx.a.test")
	})
}
