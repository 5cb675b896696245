// Package machine looks at the machine that hashsend runs on: clock, disk, modes of
// files, ways to the servers, and what stands in between.
package machine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"hashsend/cmd/hashsend/doctor/ask"
	"hashsend/cmd/hashsend/doctor/finding"
)

// Config says what to look at.
type Config struct {
	Data     string   // data folder; empty: it is not looked at
	Secrets  []string // files that hold secrets
	Servers  []string // HOST:PORT of the servers that hashsend connects to
	Web      []string // addresses of web servers whose clock is compared
	Resolver *ask.Resolver
	HTTP     *http.Client
	Patience time.Duration                               // for one connection; 0: ten seconds
	Getenv   func(string) string                         // nil: os.Getenv
	Root     string                                      // "/", but in tests
	Space    func(string) (Space, error)                 // nil: that of the system
	Networks func() ([]Network, error)                   // nil: those of the system
	Progress func(string)                                // may be nil
	Dial     func(context.Context, netip.AddrPort) error // nil: a TCP connection
}

// Space is that of a disk.
type Space struct{ Free, All uint64 }

// Network is an interface that is up.
type Network struct {
	Name string
	MTU  int
}

type checker struct {
	Config
	s finding.Section
}

// Check looks. It fails only where ctx ended.
func Check(ctx context.Context, cfg Config) (finding.Section, error) {
	c := &checker{Config: cfg, s: finding.Section{Name: "network", Title: "This machine and its network"}}
	c.fill()
	for _, step := range []struct {
		what string
		run  func(context.Context)
	}{
		{"clock", c.clock},
		{"disk", func(context.Context) { c.disk() }},
		{"files", func(context.Context) { c.files() }},
		{"connections", c.servers},
		{"surroundings", func(context.Context) { c.around() }},
	} {
		if c.Progress != nil {
			c.Progress(step.what)
		}
		step.run(ctx)
	}
	return c.s, ctx.Err()
}

func (c *checker) fill() {
	if c.Patience <= 0 {
		c.Patience = 10 * time.Second
	}
	if c.Getenv == nil {
		c.Getenv = os.Getenv
	}
	if c.Root == "" {
		c.Root = "/"
	}
	if c.Space == nil {
		c.Space = space
	}
	if c.Networks == nil {
		c.Networks = networks
	}
	if c.Dial == nil {
		c.Dial = func(ctx context.Context, to netip.AddrPort) error {
			conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", to.String())
			if err != nil {
				return err
			}
			return conn.Close()
		}
	}
}

func (c *checker) add(check string, level finding.Level, text, do string, evidence ...string) {
	c.s.Add(finding.Finding{Check: "network." + check, Level: level, Text: text, Do: do, Evidence: evidence})
}

// The differences of clocks that matter: TLS, signatures and codes depend on them.
const (
	clockNote  = 30 * time.Second
	clockError = 5 * time.Minute
)

// clock compares with the Date of web servers. Two must agree before it is said that
// the clock is wrong, unless there is one only.
func (c *checker) clock(ctx context.Context) {
	var off []time.Duration
	var evidence []string
	for _, url := range c.Web {
		d, err := c.offset(ctx, url)
		if err != nil {
			evidence = append(evidence, err.Error())
			continue
		}
		evidence = append(evidence, fmt.Sprintf("%s: this clock is ahead by %s", url, d.Round(time.Second)))
		off = append(off, d)
	}
	if len(off) == 0 {
		if len(c.Web) > 0 {
			c.add("clock", finding.Unknown, "The clock could not be compared: no web server gave its time.", "", evidence...)
		}
		return
	}
	least := off[0]
	for _, d := range off[1:] {
		if d.Abs() < least.Abs() {
			least = d
		}
	}
	word := "ahead"
	if least < 0 {
		word = "behind"
	}
	switch {
	case least.Abs() >= clockError:
		c.add("clock", finding.Error, fmt.Sprintf("The clock of this machine is %s by %s. Certificates and signatures fail with it.", word, least.Abs().Round(time.Second)), "Turn on time synchronization, such as systemd-timesyncd.", evidence...)
	case least.Abs() >= clockNote:
		c.add("clock", finding.Warning, fmt.Sprintf("The clock of this machine is %s by %s.", word, least.Abs().Round(time.Second)), "Turn on time synchronization, such as systemd-timesyncd.", evidence...)
	default:
		c.add("clock", finding.OK, "The clock of this machine is right.", "", evidence...)
	}
}

// offset is how far this clock is ahead of a web server's. It is asked twice, and the
// smaller difference counts.
func (c *checker) offset(ctx context.Context, url string) (least time.Duration, err error) {
	for i := range 2 {
		req, err := http.NewRequestWithContext(ctx, http.MethodHead, url, nil)
		if err != nil {
			return 0, err
		}
		begun := time.Now()
		resp, err := c.HTTP.Do(req)
		if err != nil {
			return 0, err
		}
		took := time.Since(begun)
		resp.Body.Close() //nolint:errcheck // it has none
		at, err := http.ParseTime(resp.Header.Get("Date"))
		if err != nil {
			return 0, fmt.Errorf("%s gives no Date", url)
		}
		d := begun.Add(took / 2).Sub(at)
		if i == 0 || d.Abs() < least.Abs() {
			least = d
		}
	}
	return least, nil
}

// The free space below which it is told.
const (
	littleSpace = 1 << 30
	noSpace     = 100 << 20
)

func (c *checker) disk() {
	if c.Data == "" {
		return
	}
	if _, err := os.Stat(c.Data); errors.Is(err, fs.ErrNotExist) {
		c.add("disk", finding.Note, fmt.Sprintf("The data folder %s does not exist yet.", c.Data), "")
		return
	}
	s, err := c.Space(c.Data)
	size := func(n uint64) string { return fmt.Sprintf("%.1f GB", float64(n)/1e9) }
	switch {
	case err != nil:
		c.add("disk", finding.Unknown, fmt.Sprintf("The free space of %s could not be found out: %v.", c.Data, err), "")
	case s.Free < noSpace:
		c.add("disk", finding.Error, fmt.Sprintf("The disk of %s is full: %s of %s are free. hashsend takes in nothing that it cannot store.", c.Data, size(s.Free), size(s.All)), "Free some space.")
	case s.Free < littleSpace:
		c.add("disk", finding.Warning, fmt.Sprintf("The disk of %s is nearly full: %s of %s are free.", c.Data, size(s.Free), size(s.All)), "Free some space.")
	default:
		c.add("disk", finding.OK, fmt.Sprintf("The disk of %s has %s free.", c.Data, size(s.Free)), "")
	}
}

func space(path string) (Space, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(path, &s); err != nil {
		return Space{}, err
	}
	return Space{Free: s.Bavail * uint64(s.Bsize), All: s.Blocks * uint64(s.Bsize)}, nil //nolint:gosec,unconvert // sizes are positive
}

// files looks for secrets that others may read.
func (c *checker) files() {
	looked := append([]string(nil), c.Secrets...)
	if c.Data != "" {
		looked = append(looked, c.Data)
		for _, pattern := range []string{"*.db", "*.sock", "*.json"} {
			found, err := filepath.Glob(filepath.Join(c.Data, pattern))
			if err == nil {
				looked = append(looked, found...)
			}
		}
	}
	open, seen := []string{}, 0
	for _, path := range looked {
		info, err := os.Stat(path)
		if err != nil {
			continue // another check tells
		}
		seen++
		if info.Mode().Perm()&0o077 != 0 {
			open = append(open, path)
		}
	}
	switch {
	case len(open) > 0:
		c.add("files", finding.Warning, fmt.Sprintf("Other users of this machine may read %s.", finding.List(open)), "Run chmod go-rwx "+strings.Join(open, " "))
	case seen > 0:
		c.add("files", finding.OK, "Only you may read the configuration and the data.", "")
	}
}

// way is one address of a server.
type way struct {
	server string
	addr   netip.AddrPort
	err    error
}

// servers connects to every address of every server, and compares IPv4 and IPv6.
func (c *checker) servers(ctx context.Context) {
	var ways []*way
	for _, server := range c.Servers {
		host, port, err := net.SplitHostPort(server)
		if err != nil {
			continue
		}
		number, err := net.LookupPort("tcp", port)
		if err != nil {
			continue
		}
		addrs, err := c.addrs(ctx, host)
		if err != nil {
			c.add("connect", finding.Error, fmt.Sprintf("The address of %s could not be looked up: %v.", host, err), "Run hashsend doctor dns "+host+".")
			continue
		}
		for _, a := range addrs {
			ways = append(ways, &way{server: server, addr: netip.AddrPortFrom(a, uint16(number))}) //nolint:gosec // ports are below 65536
		}
	}
	var running sync.WaitGroup
	for _, w := range ways {
		running.Go(func() { w.err = c.twice(ctx, w.addr) })
	}
	running.Wait()
	c.judge(ways)
}

func (c *checker) addrs(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, nil
	}
	if host == "localhost" {
		return []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1})}, nil
	}
	return c.Resolver.Both(ctx, host)
}

func (c *checker) twice(ctx context.Context, to netip.AddrPort) (err error) {
	for range 2 {
		limited, cancel := context.WithTimeout(ctx, c.Patience)
		err = c.Dial(limited, to)
		cancel()
		if err == nil {
			return nil
		}
	}
	return err
}

func noRoute(err error) bool {
	return errors.Is(err, syscall.ENETUNREACH) || errors.Is(err, syscall.EHOSTUNREACH) || errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.EAFNOSUPPORT)
}

// judge tells which servers cannot be reached, and whether IPv6 is there but broken.
func (c *checker) judge(ways []*way) {
	var fine []string
	six, sixBroken := 0, 0
	for _, server := range c.Servers {
		good, bad := tried(ways, server)
		switch {
		case len(good) > 0:
			fine = append(fine, server)
		case len(bad) > 0:
			c.add("connect", finding.Error, fmt.Sprintf("%s cannot be reached: %v.", server, bad[0].err), "Check the address and the port, and whether a firewall blocks it.", lines(bad)...)
			continue // it says nothing about IPv6
		}
		six += countSix(good) + countSix(bad)
		sixBroken += countSix(bad)
	}
	if len(fine) > 0 {
		c.add("connect", finding.OK, fmt.Sprintf("%s can be reached.", finding.List(fine)), "", lines(ways)...)
	}
	switch {
	case sixBroken > 0 && sixBroken == six:
		c.add("ipv6", finding.Warning, "This machine has IPv6, but no connection over it succeeds: each one waits until it is tried over IPv4.", "Repair IPv6, or turn it off.", lines(ways)...)
	case six > 0:
		c.add("ipv6", finding.OK, "IPv6 works.", "", lines(ways)...)
	}
}

// tried are the addresses of a server that could be reached, and the others.
func tried(ways []*way, server string) (good, bad []*way) {
	for _, w := range ways {
		switch {
		case w.server != server:
		case w.err == nil:
			good = append(good, w)
		default:
			bad = append(bad, w)
		}
	}
	return good, bad
}

// countSix counts those of IPv6 to which there is a way.
func countSix(ways []*way) (n int) {
	for _, w := range ways {
		if w.addr.Addr().Is6() && !noRoute(w.err) {
			n++
		}
	}
	return n
}

func lines(ways []*way) (all []string) {
	for _, w := range ways {
		said := "connected"
		if w.err != nil {
			said = w.err.Error()
		}
		all = append(all, fmt.Sprintf("%s at %s: %s", w.server, w.addr, said))
	}
	return all
}

// leastMTU is what IPv6 needs.
const leastMTU = 1280

// around looks at what stands between this machine and the network.
func (c *checker) around() {
	nets, err := c.Networks()
	if err != nil {
		c.add("mtu", finding.Unknown, fmt.Sprintf("The network interfaces could not be read: %v.", err), "")
	}
	for _, n := range nets {
		switch {
		case n.MTU > 0 && n.MTU < leastMTU:
			c.add("mtu", finding.Warning, fmt.Sprintf("The network interface %s sends packets of %d bytes at most (MTU); IPv6 needs %d, and large emails may stall.", n.Name, n.MTU, leastMTU), "Raise the MTU of the tunnel or interface.")
		case n.MTU > 0 && n.MTU < 1500:
			c.add("mtu", finding.Note, fmt.Sprintf("The network interface %s has an MTU of %d, as tunnels do. If large emails stall and small ones do not, look there.", n.Name, n.MTU), "")
		}
	}
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"} {
		if c.Getenv(name) != "" {
			c.add("proxy", finding.Note, fmt.Sprintf("A proxy is set (%s). It is used for web requests; IMAP and SMTP go directly, and a network that wants a proxy may block them.", name), "")
			break
		}
	}
	for _, path := range []string{".dockerenv", "run/.containerenv"} {
		if _, err := os.Stat(filepath.Join(c.Root, path)); err == nil {
			c.add("container", finding.Note, "hashsend runs in a container: its network may rewrite source ports, and 127.0.0.1 is the container itself.", "")
			break
		}
	}
}

// networks are the interfaces that are up and not loopback.
func networks() (all []Network, err error) {
	found, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	for _, i := range found {
		if i.Flags&net.FlagUp != 0 && i.Flags&net.FlagLoopback == 0 {
			all = append(all, Network{Name: i.Name, MTU: i.MTU})
		}
	}
	return all, nil
}
