package main

import (
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hashsend/bridge/store"
	"hashsend/cmd/hashsend/discover/mailtest"
	"hashsend/cmd/hashsend/doctor"
	"hashsend/cmd/hashsend/doctor/dnstest"
)

// startDNS runs a small internet for the scripts: a root, a domain with one server
// that is in order and one that refuses, and a resolver. It returns the port.
func startDNS(tb testing.TB) (port uint16) {
	tb.Helper()
	n := dnstest.New(tb)
	root := dnstest.ParseZone(tb, ".", "@ SOA a.root. h. 1 1 1 1 1\n@ NS a.root.\na.root. A 127.54.1.1\nshop.test. NS ns1.shop.test.\nshop.test. NS ns2.shop.test.\nns1.shop.test. A 127.54.11.1\nns2.shop.test. A 127.54.12.1\n")
	shop := dnstest.ParseZone(tb, "shop.test.", "@ SOA ns1 h 1 1 1 1 1\n@ NS ns1\n@ NS ns2\n@ MX 10 mx\nmx A 127.54.25.1\n@ TXT \"v=spf1 mx -all\"\nns1 A 127.54.11.1\nns2 A 127.54.12.1\n")
	n.Start("127.54.1.1", &dnstest.Server{Zones: []*dnstest.Zone{root}})
	n.Start("127.54.11.1", &dnstest.Server{Zones: []*dnstest.Zone{shop}})
	n.Start("127.54.12.1", &dnstest.Server{})
	n.Start("127.54.53.1", &dnstest.Server{Resolve: true, Zones: []*dnstest.Zone{root, shop}})
	return n.Port
}

// at is the address of one of its servers.
func at(addr string, port uint16) string {
	return fmt.Sprint(netip.AddrPortFrom(netip.MustParseAddr(addr), port))
}

// The page of a running program shows the same report, with what its database knows.
func TestDoctorOnThePage(t *testing.T) {
	port := startDNS(t)
	p := &mailtest.Provider{}
	p.Start(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "config.yaml")
	text := fmt.Sprintf("data: %s\nmatrix: [{homeserver: \"http://127.0.0.1:1\", user_id: \"@h:example.org\", access_token: x}]\nmailboxes:\n"+
		"  - address: %s\n    imap: {host: 127.0.0.1, port: %d, tls: none, password: %s}\n    smtp: {host: 127.0.0.1, port: %d, tls: none, password: %s}\n",
		filepath.Join(dir, "data"), mailtest.Address, p.IMAP, mailtest.Password, p.SMTP, mailtest.Password)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := loadConfig(path)
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), filepath.Join(dir, "data"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() //nolint:errcheck // the test is over
	dns := doctor.DNS{Resolvers: []netip.AddrPort{netip.MustParseAddrPort(at("127.54.53.1", port))}, Port: port, Controls: []string{"ctl.test"}}
	got, err := c.doctorText(t.Context(), doctor.Config{DNS: dns}, outside{}, s)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Mailbox team@example.org", "Signed in to the IMAP server", "No refused email was found.", "No room is linked to email yet.", "can be reached."} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
	if strings.Contains(got, mailtest.Password) || strings.Contains(got, "The email to itself") {
		t.Errorf("a secret is shown, or an email was sent:\n%s", got)
	}
}
