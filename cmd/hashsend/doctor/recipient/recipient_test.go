package recipient_test

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"regexp"
	"testing"
	"time"

	"github.com/miekg/dns"

	"hashsend/cmd/hashsend/doctor/ask"
	"hashsend/cmd/hashsend/doctor/dnstest"
	"hashsend/cmd/hashsend/doctor/finding"
	"hashsend/cmd/hashsend/doctor/recipient"
	"hashsend/cmd/hashsend/doctor/smtptest"
)

const zones = `
	@ SOA ns h 1 1 1 1 1
	shop MX 10 mx1.shop
	shop MX 20 mx2.shop
	mx1.shop A 127.53.71.1
	mx2.shop A 127.53.71.2
	strict MX 10 mx1.shop
	_mta-sts.strict TXT "v=STSv1; id=1"
	null MX 0 .
`

// policy serves the MTA-STS policy of strict.test.
func policy(t *testing.T) *http.Client {
	t.Helper()
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		w.Write([]byte("version: STSv1\nmode: enforce\nmx: mx1.shop.test\nmax_age: 86400\n")) //nolint:errcheck // the test sees it
	}))
	t.Cleanup(s.Close)
	return &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, s.Listener.Addr().String())
		},
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // the test's own server
	}}
}

func TestRecipients(t *testing.T) {
	ca := smtptest.NewAuthority(t)
	later := time.Now().Add(90 * 24 * time.Hour)
	good1, good2 := ca.Certificate(t, "mx1.shop.test", later), ca.Certificate(t, "mx2.shop.test", later)
	expired := ca.Certificate(t, "mx1.shop.test", time.Now().Add(-time.Hour))
	control := smtptest.Server{}.Start(t, "127.0.0.1", 0)
	old := ca.Certificate(t, "mx1.shop.test", later)
	for _, c := range []struct {
		name, domain string
		one, two     *smtptest.Server
		tlsa         *tls.Certificate // DANE of mx1
		check        string
		level        finding.Level
		text         string
	}{
		{"all well", "shop.test", &smtptest.Server{Cert: good1}, &smtptest.Server{Cert: good2}, nil, "now", finding.OK, `would go to mx1\.shop\.test \(127\.53\.71\.1\) now, encrypted with TLS 1\.3\.$`},
		{"first is down", "shop.test", nil, &smtptest.Server{Cert: good2}, nil, "now", finding.OK, `would go to mx2`},
		{"first is down, told", "shop.test", nil, &smtptest.Server{Cert: good2}, nil, "reach", finding.Warning, `mx1\.shop\.test \(127\.53\.71\.1\) takes no connection`},
		{"no encryption", "shop.test", &smtptest.Server{}, &smtptest.Server{}, nil, "starttls", finding.Warning, `offers no encryption`},
		{"no encryption, now", "shop.test", &smtptest.Server{}, &smtptest.Server{}, nil, "now", finding.OK, `without encryption`},
		{"we are blocked", "shop.test", &smtptest.Server{Greeting: "554 blocked, see list.example"}, nil, nil, "greeting", finding.Warning, `554 blocked, see list\.example`},
		{"nobody", "shop.test", nil, nil, nil, "now", finding.Error, `would not be delivered now`},
		{"expired", "shop.test", &smtptest.Server{Cert: expired}, nil, nil, "certificate", finding.Note, `encrypt with it all the same`},
		{"expired, and a policy", "strict.test", &smtptest.Server{Cert: expired}, nil, nil, "certificate", finding.Error, `MTA-STS policy wants a valid one`},
		{"expired, and a policy, now", "strict.test", &smtptest.Server{Cert: expired}, nil, nil, "now", finding.Error, `would not be delivered`},
		{"a policy", "strict.test", &smtptest.Server{Cert: good1}, nil, nil, "now", finding.OK, `proven by MTA-STS`},
		{"DANE", "shop.test", &smtptest.Server{Cert: good1}, nil, good1, "now", finding.OK, `proven by DANE`},
		{"DANE of an old certificate", "shop.test", &smtptest.Server{Cert: good1}, nil, old, "dane", finding.Error, `does not fit its TLSA records`},
		{"takes none", "null.test", nil, nil, nil, "mx", finding.Error, `takes no email at all`},
		{"no such domain", "nosuch.test", nil, nil, nil, "mx", finding.Error, `does not exist`},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := dnstest.New(t)
			z := dnstest.ParseZone(t, "test.", zones)
			if c.tlsa != nil {
				r := &dns.TLSA{Hdr: dns.RR_Header{Name: "_25._tcp.mx1.shop.test.", Rrtype: dns.TypeTLSA, Class: dns.ClassINET, Ttl: 60}}
				if err := r.Sign(3, 1, 1, c.tlsa.Leaf); err != nil {
					t.Fatal(err)
				}
				z.RRs = append(z.RRs, r)
			}
			validated := func(_ dnstest.Query, m *dns.Msg) { m.AuthenticatedData = c.tlsa != nil }
			s := n.Start("127.53.63.1", &dnstest.Server{Resolve: true, Zones: []*dnstest.Zone{z}, Change: validated})
			const port = 42525
			for addr, server := range map[string]*smtptest.Server{"127.53.71.1": c.one, "127.53.71.2": c.two} {
				if server != nil {
					server.Start(t, addr, port)
				}
			}
			got, err := recipient.Check(t.Context(), recipient.Config{
				Address: "ann@" + c.domain, Domain: c.domain, HTTP: policy(t), Roots: ca.Pool, Port: port, Control: control.String(), Now: time.Now(),
				Resolver: &ask.Resolver{Asker: &ask.Asker{}, Servers: []netip.AddrPort{s.Addr}},
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range got.Findings {
				if f.Check == "recipient."+c.check && f.Level == c.level && regexp.MustCompile(c.text).MatchString(f.Text) {
					return
				}
			}
			t.Errorf("no %s %s like %q in\n%+v", c.level, c.check, c.text, got.Findings)
		})
	}
}

// A network that blocks port 25 is not held against the other side.
func TestBlockedHere(t *testing.T) {
	n := dnstest.New(t)
	s := n.Start("127.53.63.2", &dnstest.Server{Resolve: true, Zones: []*dnstest.Zone{dnstest.ParseZone(t, "test.", "@ SOA ns h 1 1 1 1 1\nshop MX 10 mx.shop\nmx.shop A 127.53.71.9\n")}})
	got, err := recipient.Check(t.Context(), recipient.Config{
		Address: "ann@shop.test", Domain: "shop.test", HTTP: policy(t), Control: "127.53.71.9:1", Now: time.Now(),
		Resolver: &ask.Resolver{Asker: &ask.Asker{}, Servers: []netip.AddrPort{s.Addr}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range got.Findings {
		if f.Level == finding.Warning || f.Level == finding.Error {
			t.Errorf("%s: %s", f.Level, f.Text)
		}
	}
	if r := (finding.Report{Sections: []finding.Section{got}}); r.Worst() != finding.Unknown {
		t.Errorf("%+v", got.Findings)
	}
}
