package zone_test

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hashsend/cmd/hashsend/doctor/ask"
	"hashsend/cmd/hashsend/doctor/dnstest"
	"hashsend/cmd/hashsend/doctor/finding"
	"hashsend/cmd/hashsend/doctor/zone"
)

// need returns the path of a program of Debian, or skips.
func need(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("HASHSEND_E2E_REQUIRE") != "" {
			t.Fatalf("%s is not installed", name)
		}
		t.Skipf("%s is not installed", name)
	}
	return path
}

// needPort53 skips where the real port cannot be used: real resolvers ask no other.
func needPort53(t *testing.T, addr string) {
	t.Helper()
	l, err := net.ListenPacket("udp", addr+":53")
	if err != nil {
		t.Skipf("port 53 cannot be used here: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// program runs a server until the test ends, and waits until it answers a question.
func program(t *testing.T, addr string, path string, args ...string) {
	t.Helper()
	var log bytes.Buffer
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		cmd.Process.Kill() //nolint:errcheck // it may have ended
		<-ended            //nolint:errcheck // it was killed
		if t.Failed() {
			t.Logf("%s said:\n%s", path, log.String())
		}
	})
	for range 100 {
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("%s ended: %v", path, err)
		default:
		}
		if c, err := net.DialTimeout("tcp", addr, 100*time.Millisecond); err == nil {
			c.Close() //nolint:errcheck // only tried
			return
		}
		time.Sleep(50 * time.Millisecond) // asks again; not a hope
	}
	t.Fatalf("%s does not listen at %s", path, addr)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil { //nolint:gosec // servers read it
		t.Fatal(err)
	}
}

// unbound starts a validating resolver with its own root and trust anchor.
func unbound(t *testing.T, addr, anchor, more string) {
	t.Helper()
	path := need(t, "unbound")
	dir := t.TempDir()
	write(t, filepath.Join(dir, "hints"), ". 3600 IN NS a.root.\na.root. 3600 IN A 127.53.1.1\n")
	conf := fmt.Sprintf(`server:
	interface: %s
	port: 53
	username: ""
	chroot: ""
	directory: %q
	pidfile: ""
	use-syslog: no
	do-not-query-localhost: no
	do-ip6: no
	root-hints: hints
	ede: yes
	local-zone: "test." nodefault
	qname-minimisation: no
	infra-cache-max-rtt: 1000
	outbound-msg-retry: 2
	%s
	%s
remote-control:
	control-enable: no
`, addr, dir, anchor, strings.ReplaceAll(more, "\n", "\n\t"))
	write(t, filepath.Join(dir, "unbound.conf"), conf)
	program(t, addr+":53", path, "-d", "-c", filepath.Join(dir, "unbound.conf"))
}

// bind starts BIND as an authoritative server, with a zone that its own tools have
// signed, and returns the DS record. It listens only at addresses that an interface has.
func bind(t *testing.T, addr, apex, text string) string {
	t.Helper()
	named, keygen, signzone, dsfromkey := need(t, "named"), need(t, "dnssec-keygen"), need(t, "dnssec-signzone"), need(t, "dnssec-dsfromkey")
	dir := t.TempDir()
	run := func(path string, args ...string) string {
		cmd := exec.CommandContext(t.Context(), path, args...)
		cmd.Dir = dir
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v\n%s", path, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	key := run(keygen, "-a", "ECDSAP256SHA256", "-f", "KSK", apex)
	pub, err := os.ReadFile(filepath.Join(dir, key+".key"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "zone"), "$TTL 3600\n$ORIGIN "+apex+".\n"+strings.ReplaceAll(text, "\t", " ")+string(pub))
	run(signzone, "-z", "-o", apex, "-f", "zone.signed", "zone", key)
	write(t, filepath.Join(dir, "named.conf"), fmt.Sprintf(`options {
	directory %q; listen-on port 53 { %s; }; listen-on-v6 { none; };
	recursion no; pid-file none; session-keyfile none; notify no; dnssec-validation no;
};
controls { };
zone %q { type primary; file "zone.signed"; };
`, dir, addr, apex))
	program(t, addr+":53", named, "-g", "-c", filepath.Join(dir, "named.conf"))
	return run(dsfromkey, "-2", key+".key")
}

// TestRealServers puts unbound, which validates, in front of BIND, with a root of
// ours: all of it is in order, and the resolver is seen to validate.
func TestRealServers(t *testing.T) {
	needPort53(t, "127.0.0.1")
	need(t, "unbound")
	text := strings.ReplaceAll(shopText, "127.53.11.1", "127.0.0.1")
	ds := bind(t, "127.0.0.1", "shop.test", strings.ReplaceAll(text, "\t\t", ""))
	w := newWorld(t, 210)
	w.net.Port = 53
	now := time.Now()
	tld := dnstest.ParseZone(t, "test.", strings.ReplaceAll(tldText, "127.53.11.1", "127.0.0.1")+ds+"\n")
	tldDS := tld.Sign(now.Add(-time.Hour), now.Add(30*24*time.Hour))
	root := dnstest.ParseZone(t, ".", rootText)
	root.RRs = append(root.RRs, tldDS)
	anchor := root.Sign(now.Add(-time.Hour), now.Add(30*24*time.Hour))
	w.net.Start("127.53.1.1", &dnstest.Server{Zones: []*dnstest.Zone{root}})
	w.net.Start("127.53.2.1", &dnstest.Server{Zones: []*dnstest.Zone{tld}})
	unbound(t, "127.53.54.1", fmt.Sprintf("trust-anchor: %q", strings.ReplaceAll(anchor.String(), "\t", " ")), "")
	got := look(t, w, "127.53.54.1", nil)
	for _, want := range []wanted{
		{"dns.delegation", finding.OK, `^test delegates shop\.test to ns1\.shop\.test and ns2\.other\.test`},
		{"dns.reach", finding.OK, `^ns1\.shop\.test `},
		{"dns.dnssec", finding.OK, `is in order`},
		{"dns.resolver", finding.OK, `knows shop\.test`},
	} {
		if !has(got, want) {
			t.Errorf("no %s %s like %q", want.level, want.check, want.text)
		}
	}
	if has(got, wanted{"dns.resolver-validates", finding.Note, ``}) {
		t.Error("unbound is said not to validate")
	}
	if t.Failed() {
		show(t, got)
	}
}

// TestLowPortsAtAResolver is the story of the domain that exists for some and not
// for others: its servers drop what comes from low source ports, and unbound sends
// from those.
func TestLowPortsAtAResolver(t *testing.T) {
	needPort53(t, "127.53.1.1")
	need(t, "unbound")
	w := newWorld(t, 211)
	w.net.Port = 53
	w.ns1.Drop, w.ns2.Drop = lowPorts, lowPorts
	cfg := w.start(t)
	unbound(t, "127.53.55.1", "", "outgoing-port-avoid: 0-65535\noutgoing-port-permit: 900-1022\noutgoing-range: 20\nmodule-config: \"iterator\"")
	got := look(t, w, "127.53.55.1", cfg.Controls)
	for _, want := range []wanted{
		{"dns.source-port", finding.Error, `do not answer queries from source ports below 1024; resolvers that use them see SERVFAIL\. Their firewall, not yours\.$`},
		{"dns.resolver", finding.Warning, `answers SERVFAIL for shop\.test, although name servers of the domain answer here`},
	} {
		if !has(got, want) {
			t.Errorf("no %s %s like %q", want.level, want.check, want.text)
		}
	}
	if t.Failed() {
		show(t, got)
	}
}

func look(t *testing.T, w *world, resolver string, controls []string) finding.Section {
	t.Helper()
	asker := &ask.Asker{Patience: time.Second, From4: netip.MustParseAddr(w.from)}
	got, err := zone.Check(t.Context(), zone.Config{
		Domain: "shop.test", Asker: asker, Controls: controls,
		Resolver: &ask.Resolver{Asker: asker, Servers: []netip.AddrPort{netip.AddrPortFrom(netip.MustParseAddr(resolver), 53)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func show(t *testing.T, s finding.Section) {
	t.Helper()
	var b strings.Builder
	if err := finding.WriteText(&b, finding.Report{Sections: []finding.Section{s}}, true); err != nil {
		t.Error(err)
	}
	t.Log(b.String())
}
