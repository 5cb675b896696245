package spf_test

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
	"go.yaml.in/yaml/v4"

	"hashsend/cmd/hashsend/doctor/ask"
	"hashsend/cmd/hashsend/doctor/dnstest"
	"hashsend/cmd/hashsend/doctor/spf"
)

// cannotPass are the cases of the suite that are not met, and why.
var cannotPass = map[string]string{}

type scenario struct {
	Description string
	Tests       map[string]struct {
		Helo, Host, Mailfrom, Explanation string
		Result                            any
	}
	Zonedata map[string][]any
}

// TestSuite runs the test suite of RFC 7208, through a real DNS server.
func TestSuite(t *testing.T) {
	f, err := os.Open(filepath.Join("..", "..", "..", "..", "..", "shared", "fixtures", "spf", "rfc7208-tests.yml"))
	if err != nil {
		t.Skipf("the shared test material is not here: %v", err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	n := dnstest.New(t)
	total, passed := 0, 0
	docs := yaml.NewDecoder(f)
	for i := 1; ; i++ {
		var s scenario
		if err := docs.Decode(&s); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		server := n.Start(fmt.Sprintf("127.55.%d.1", i), &dnstest.Server{Answer: fromSuite(s)})
		for name, c := range s.Tests {
			total++
			r := &ask.Resolver{Asker: &ask.Asker{}, Servers: []netip.AddrPort{server.Addr}}
			got := spf.Check(t.Context(), r, spf.Query{IP: netip.MustParseAddr(c.Host), Helo: c.Helo, MailFrom: c.Mailfrom, Now: time.Now()})
			want := fmt.Sprint(c.Result)
			ok := slices.Contains(strings.Fields(strings.Trim(want, "[]")), string(got.Result))
			if ok && c.Explanation != "" {
				ok = got.Explanation == strings.Replace(c.Explanation, "DEFAULT", "", 1)
			}
			if ok {
				passed++
			}
			why, known := cannotPass[name]
			switch {
			case ok && known:
				t.Errorf("%s / %s passes now; it was listed because %s", s.Description, name, why)
			case !ok && !known:
				t.Errorf("%s / %s: %s (%s) %q, want %s %q\n%v", s.Description, name, got.Result, got.Problem, got.Explanation, want, c.Explanation, got.Steps)
			}
		}
	}
	if total < 200 {
		t.Errorf("only %d cases were found", total)
	}
	t.Logf("%d of %d cases", passed, total)
}

// fromSuite answers from the zone data of a scenario. Where it says TIMEOUT a
// SERVFAIL stands for it: both are temporary, and nobody has to wait.
func fromSuite(s scenario) func(dnstest.Query) *dns.Msg {
	return func(q dnstest.Query) *dns.Msg {
		m := &dns.Msg{}
		m.SetReply(q.Msg)
		m.RecursionAvailable = true
		if q.Name == "." && q.Qtype == dns.TypeSOA {
			m.Answer = []dns.RR{&dns.SOA{Hdr: head(".", dns.TypeSOA), Ns: "a.root.", Mbox: "h.root."}}
			return m
		}
		name := strings.ReplaceAll(strings.TrimSuffix(q.Name, "."), `\ `, " ")
		for range 5 {
			records, ok := lookup(s.Zonedata, name)
			if !ok {
				m.Rcode = dns.RcodeNameError
				return m
			}
			timeout, alias := false, ""
			hasTXT := slices.ContainsFunc(records, func(r any) bool {
				kinds, ok := r.(map[string]any)
				return ok && kinds["TXT"] != nil
			})
			for _, r := range records {
				kinds, ok := r.(map[string]any)
				if !ok {
					timeout = true
					continue
				}
				for kind, v := range kinds {
					if kind == "CNAME" {
						alias = fmt.Sprint(v)
					}
					if kind == "SPF" && !hasTXT {
						kind = "TXT"
					}
					if kind == dns.TypeToString[q.Qtype] && fmt.Sprint(v) != "NONE" {
						m.Answer = append(m.Answer, record(name, kind, v))
					}
				}
			}
			if timeout && len(m.Answer) == 0 {
				m.Rcode = dns.RcodeServerFailure
			}
			if alias == "" || len(m.Answer) > 4 {
				return m
			}
			m.Answer = append(m.Answer, &dns.CNAME{Hdr: head(name, dns.TypeCNAME), Target: dns.Fqdn(alias)})
			name = strings.TrimSuffix(alias, ".")
		}
		return m
	}
}

func lookup(zone map[string][]any, name string) ([]any, bool) {
	for n, r := range zone {
		if strings.EqualFold(strings.TrimSuffix(n, "."), name) {
			return r, true
		}
	}
	return nil, false
}

func head(name string, t uint16) dns.RR_Header {
	return dns.RR_Header{Name: dns.Fqdn(name), Rrtype: t, Class: dns.ClassINET, Ttl: 60}
}

func record(name, kind string, v any) dns.RR {
	switch kind {
	case "A":
		return &dns.A{Hdr: head(name, dns.TypeA), A: netip.MustParseAddr(fmt.Sprint(v)).AsSlice()}
	case "AAAA":
		return &dns.AAAA{Hdr: head(name, dns.TypeAAAA), AAAA: netip.MustParseAddr(fmt.Sprint(v)).AsSlice()}
	case "MX":
		pair := v.([]any)
		return &dns.MX{Hdr: head(name, dns.TypeMX), Preference: uint16(pair[0].(int)), Mx: dns.Fqdn(fmt.Sprint(pair[1]))} //nolint:gosec // small
	case "PTR":
		return &dns.PTR{Hdr: head(name, dns.TypePTR), Ptr: dns.Fqdn(fmt.Sprint(v))}
	}
	parts, ok := v.([]any)
	if !ok {
		parts = []any{v}
	}
	txt := &dns.TXT{Hdr: head(name, dns.TypeTXT)}
	for _, p := range parts {
		for s := fmt.Sprint(p); ; s = s[255:] {
			txt.Txt = append(txt.Txt, escape(s[:min(len(s), 255)]))
			if len(s) <= 255 {
				break
			}
		}
	}
	return txt
}

// escape writes bytes as the DNS library wants them.
func escape(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '\\' || c == '"' {
			fmt.Fprintf(&b, "\\%03d", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
