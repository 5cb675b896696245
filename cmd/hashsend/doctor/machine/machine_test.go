package machine_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
	"time"

	"hashsend/cmd/hashsend/doctor/ask"
	"hashsend/cmd/hashsend/doctor/dnstest"
	"hashsend/cmd/hashsend/doctor/finding"
	"hashsend/cmd/hashsend/doctor/machine"
)

func has(s finding.Section, check string, level finding.Level, text string) bool {
	for _, f := range s.Findings {
		if f.Check == "network."+check && f.Level == level && regexp.MustCompile(text).MatchString(f.Text) {
			return true
		}
	}
	return false
}

func quiet() machine.Config {
	return machine.Config{
		Getenv: func(string) string { return "" }, Root: "/nonexistent", HTTP: http.DefaultClient,
		Networks: func() ([]machine.Network, error) { return nil, nil },
		Space:    func(string) (machine.Space, error) { return machine.Space{Free: 50e9, All: 100e9}, nil },
	}
}

func check(t *testing.T, cfg machine.Config, name string, level finding.Level, text string) {
	t.Helper()
	got, err := machine.Check(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if !has(got, name, level, text) {
		t.Errorf("no %s %s like %q in %+v", level, name, text, got.Findings)
	}
}

func TestClock(t *testing.T) {
	server := func(off time.Duration) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Date", time.Now().Add(off).UTC().Format(http.TimeFormat))
		}))
		t.Cleanup(s.Close)
		return s.URL
	}
	right, hour, minute := server(0), server(time.Hour), server(-time.Minute)
	for _, c := range []struct {
		web   []string
		level finding.Level
		text  string
	}{
		{[]string{right}, finding.OK, `is right`},
		{[]string{hour}, finding.Error, `behind by (1h0m|59m59s)`},
		{[]string{minute}, finding.Warning, `ahead by 1m`},
		{[]string{hour, right}, finding.OK, `is right`}, // one server alone is wrong
		{[]string{"http://127.0.0.1:1"}, finding.Unknown, `could not be compared`},
	} {
		cfg := quiet()
		cfg.Web = c.web
		check(t, cfg, "clock", c.level, c.text)
	}
}

func TestDiskAndFiles(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil { //nolint:gosec // a folder
		t.Fatal(err)
	}
	for free, level := range map[uint64]finding.Level{50e9: finding.OK, 500e6: finding.Warning, 50e6: finding.Error} {
		cfg := quiet()
		cfg.Data = dir
		cfg.Space = func(string) (machine.Space, error) { return machine.Space{Free: free, All: 100e9}, nil }
		check(t, cfg, "disk", level, dir)
	}
	cfg := quiet()
	cfg.Data, cfg.Space = dir, nil // that of the system
	got, err := machine.Check(t.Context(), cfg)
	if err != nil || has(got, "disk", finding.Unknown, ``) {
		t.Errorf("%+v, %v", got, err)
	}
	path := filepath.Join(dir, "config.yaml")
	if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg = quiet()
	cfg.Data, cfg.Secrets = dir, []string{path}
	check(t, cfg, "files", finding.OK, `Only you`)
	if err := os.Chmod(path, 0o644); err != nil { //nolint:gosec // on purpose
		t.Fatal(err)
	}
	check(t, cfg, "files", finding.Warning, `may read .*config\.yaml`)
	cfg.Data = filepath.Join(dir, "none")
	check(t, cfg, "disk", finding.Note, `does not exist yet`)
}

func TestServers(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() }) //nolint:errcheck // the test is over
	n := dnstest.New(t)
	s := n.Start("127.53.65.1", &dnstest.Server{Resolve: true, Zones: []*dnstest.Zone{dnstest.ParseZone(t, "test.", "@ SOA ns h 1 1 1 1 1\nboth A 192.0.2.1\nboth AAAA 2001:db8::1\n")}})
	r := &ask.Resolver{Asker: &ask.Asker{}, Servers: []netip.AddrPort{s.Addr}}
	for _, c := range []struct {
		name, server string
		dial         func(context.Context, netip.AddrPort) error
		check        string
		level        finding.Level
		text         string
	}{
		{"good", l.Addr().String(), nil, "connect", finding.OK, `can be reached`},
		{"closed", "127.0.0.1:1", nil, "connect", finding.Error, `127\.0\.0\.1:1 cannot be reached: .*refused`},
		{"no such name", "nosuch.test:993", nil, "connect", finding.Error, `address of nosuch\.test could not be looked up`},
		{"IPv6 works", "both.test:993", func(context.Context, netip.AddrPort) error { return nil }, "ipv6", finding.OK, `works`},
		{"IPv6 is broken", "both.test:993", func(_ context.Context, to netip.AddrPort) error {
			if to.Addr().Is6() {
				return os.ErrDeadlineExceeded
			}
			return nil
		}, "ipv6", finding.Warning, `no connection over it succeeds`},
		{"no IPv6", "both.test:993", func(_ context.Context, to netip.AddrPort) error {
			if to.Addr().Is6() {
				return syscall.ENETUNREACH
			}
			return nil
		}, "connect", finding.OK, `can be reached`},
	} {
		cfg := quiet()
		cfg.Servers, cfg.Resolver, cfg.Dial = []string{c.server}, r, c.dial
		check(t, cfg, c.check, c.level, c.text)
		if got, _ := machine.Check(t.Context(), cfg); c.name == "no IPv6" && (has(got, "ipv6", finding.Warning, ``) || has(got, "ipv6", finding.OK, ``)) {
			t.Errorf("%s: %+v", c.name, got.Findings)
		}
	}
}

func TestAround(t *testing.T) {
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, ".dockerenv"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := quiet()
	cfg.Root = root
	cfg.Getenv = func(name string) string {
		if name == "https_proxy" {
			return "http://user:planted-secret@proxy.example:3128"
		}
		return ""
	}
	cfg.Networks = func() ([]machine.Network, error) {
		return []machine.Network{{Name: "eth0", MTU: 1500}, {Name: "wg0", MTU: 1420}, {Name: "tun0", MTU: 1200}}, nil
	}
	check(t, cfg, "container", finding.Note, `in a container`)
	check(t, cfg, "proxy", finding.Note, `https_proxy`)
	check(t, cfg, "mtu", finding.Note, `wg0 has an MTU of 1420`)
	check(t, cfg, "mtu", finding.Warning, `tun0 sends packets of 1200`)
	got, err := machine.Check(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range got.Findings {
		if regexp.MustCompile(`planted-secret|eth0`).MatchString(f.Text) {
			t.Errorf("%s", f.Text)
		}
	}
}
