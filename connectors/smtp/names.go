package smtp

import (
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
)

// hostname is that of the machine; empty: not known.
func hostname() string {
	name, err := os.Hostname()
	if err != nil {
		return ""
	}
	return strings.ToLower(strings.TrimSuffix(name, "."))
}

// localNames are the names that may be said in EHLO (RFC 5321, 4.1.1.1), the best
// first: the one that was taken before, the configured one, the full name of the
// machine, the address of the connection, the domain of the mailbox.
func localNames(known, set, host string, local net.Addr, user string) (all []string) {
	add := func(name string) {
		if isName(name) && !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	add(known)
	add(set)
	last := host[strings.LastIndexByte(host, '.')+1:]
	if strings.Contains(host, ".") && last != "localdomain" && last != "local" && last != "internal" && last != "localhost" {
		add(host)
	}
	if local != nil {
		if a, err := netip.ParseAddrPort(local.String()); err == nil {
			add(literal(a.Addr()))
		}
	}
	_, domain, _ := strings.Cut(user, "@")
	add(strings.ToLower(domain))
	add("localhost")
	return all
}

// literal writes an address as RFC 5321, 4.1.3 wants it.
func literal(a netip.Addr) string {
	if a = a.Unmap().WithZone(""); a.Is4() {
		return "[" + a.String() + "]"
	}
	return "[IPv6:" + a.String() + "]"
}

// isName reports whether a server could take s in EHLO: a host name, or an address
// in brackets.
func isName(s string) bool {
	if inner, ok := strings.CutPrefix(s, "["); ok {
		a, err := netip.ParseAddr(strings.TrimPrefix(strings.TrimSuffix(inner, "]"), "IPv6:"))
		return err == nil && strings.HasSuffix(s, "]") && s == literal(a)
	}
	if s == "" || len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' ||
			strings.Trim(strings.ToLower(label), "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return false
		}
	}
	return true
}
