package probe_test

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"hashsend/cmd/hashsend/doctor/probe"
	"hashsend/cmd/hashsend/doctor/smtptest"
)

func TestLook(t *testing.T) {
	ca, other := smtptest.NewAuthority(t), smtptest.NewAuthority(t)
	later := time.Now().Add(90 * 24 * time.Hour)
	good := ca.Certificate(t, "mx.test", later)
	for _, c := range []struct {
		name   string
		server smtptest.Server
		want   func(probe.Result) bool
	}{
		{"good", smtptest.Server{Cert: good}, func(r probe.Result) bool {
			return r.Secured() && r.Trust == nil && r.NameError == nil && r.Version == tls.VersionTLS13 && r.Greeting == "220 mx ESMTP"
		}},
		{"implicit", smtptest.Server{Cert: good, Implicit: true}, func(r probe.Result) bool { return r.Secured() && r.Trust == nil && r.Greeting == "220 mx ESMTP" }},
		{"IMAP", smtptest.Server{Cert: good, IMAP: true}, func(r probe.Result) bool { return r.Secured() && r.Greeting == "* OK ready" }},
		{"IMAP without", smtptest.Server{IMAP: true}, func(r probe.Result) bool {
			return r.Talk != nil && strings.Contains(r.Talk.Error(), "does not begin TLS")
		}},
		{"old", smtptest.Server{Cert: good, Max: tls.VersionTLS11}, func(r probe.Result) bool { return r.Version == tls.VersionTLS11 }},
		{"no TLS", smtptest.Server{}, func(r probe.Result) bool { return !r.Offers && r.Talk == nil && !r.Secured() }},
		{"expired", smtptest.Server{Cert: ca.Certificate(t, "mx.test", time.Now().Add(-time.Hour))}, func(r probe.Result) bool { return r.Secured() && r.Trust != nil && r.NameError == nil }},
		{"other name", smtptest.Server{Cert: ca.Certificate(t, "other.test", later)}, func(r probe.Result) bool { return r.Trust == nil && r.NameError != nil }},
		{"other authority", smtptest.Server{Cert: other.Certificate(t, "mx.test", later)}, func(r probe.Result) bool { return r.Trust != nil && r.NameError == nil }},
		{"refuses", smtptest.Server{Greeting: "554 no mail here"}, func(r probe.Result) bool {
			return r.Talk != nil && strings.Contains(r.Talk.Error(), "554 no mail here")
		}},
		{"not SMTP", smtptest.Server{Greeting: "x"}, func(r probe.Result) bool { return r.Talk != nil }},
		{"says nothing", smtptest.Server{Mute: true}, func(r probe.Result) bool { return r.Talk != nil && r.Connect == nil }},
		{"a line without end", smtptest.Server{Greeting: "220 " + strings.Repeat("x", 10000)}, func(r probe.Result) bool { return r.Talk != nil }},
	} {
		at := c.server.Start(t, "127.0.0.1", 0)
		target := probe.Target{Addr: at.String(), Host: "mx.test", Implicit: c.server.Implicit, Roots: ca.Pool, Patience: 300 * time.Millisecond, Now: time.Now()}
		if c.server.IMAP {
			target.Protocol = probe.IMAP
		}
		if got := probe.Look(t.Context(), target); !c.want(got) {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

func TestNobodyThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if got := probe.Look(t.Context(), probe.Target{Addr: addr, Host: "x"}); !got.Refused || got.Silent {
		t.Errorf("%+v", got)
	}
}

func TestDANE(t *testing.T) {
	ca, other := smtptest.NewAuthority(t), smtptest.NewAuthority(t)
	leaf := ca.Certificate(t, "mx.test", time.Now().Add(time.Hour)).Leaf
	chain := []*x509.Certificate{leaf, ca.Cert}
	tlsa := func(usage uint8, cert *x509.Certificate) *dns.TLSA {
		r := &dns.TLSA{Hdr: dns.RR_Header{Name: "x.", Rrtype: dns.TypeTLSA, Class: dns.ClassINET}}
		if err := r.Sign(int(usage), 1, 1, cert); err != nil {
			t.Fatal(err)
		}
		return r
	}
	for _, c := range []struct {
		name         string
		records      []*dns.TLSA
		fits, counts bool
	}{
		{"own certificate", []*dns.TLSA{tlsa(3, leaf)}, true, true},
		{"its authority", []*dns.TLSA{tlsa(2, ca.Cert)}, true, true},
		{"another authority", []*dns.TLSA{tlsa(2, other.Cert)}, false, true},
		{"an old and a new one", []*dns.TLSA{tlsa(3, other.Cert), tlsa(3, leaf)}, true, true},
		{"a kind that does not count", []*dns.TLSA{tlsa(1, leaf)}, false, false},
		{"none", nil, false, false},
	} {
		if fits, counts := probe.DANE(chain, c.records); fits != c.fits || counts != c.counts {
			t.Errorf("%s: %v %v", c.name, fits, counts)
		}
	}
}
