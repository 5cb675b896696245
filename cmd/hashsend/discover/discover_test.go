package discover

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"hashsend/connectors/mailnet"
)

// zone is a DNS in a map: "_imaps._tcp.example.org" or "mx example.org".
type zone map[string]string

func (z zone) LookupSRV(_ context.Context, service, proto, name string) (string, []*net.SRV, error) {
	v, there := z["_"+service+"._"+proto+"."+name]
	if !there {
		return "", nil, &net.DNSError{IsNotFound: true, Name: name}
	}
	var r net.SRV
	if _, err := fmt.Sscanf(v, "%s %d", &r.Target, &r.Port); err != nil {
		return "", nil, err
	}
	return "", []*net.SRV{&r}, nil
}

func (z zone) LookupMX(_ context.Context, name string) ([]*net.MX, error) {
	v, there := z["mx "+name]
	if !there {
		return nil, &net.DNSError{IsNotFound: true, Name: name}
	}
	return []*net.MX{{Host: v}}, nil
}

const autoconfigText = `<?xml version="1.0" encoding="UTF-8"?>
<clientConfig version="1.1"><emailProvider id="example.org"><domain>example.org</domain>
<incomingServer type="pop3"><hostname>pop.example.org</hostname><port>995</port><socketType>SSL</socketType><username>%EMAILADDRESS%</username></incomingServer>
<incomingServer type="imap"><hostname>clear.example.org</hostname><port>143</port><socketType>plain</socketType><username>%EMAILADDRESS%</username></incomingServer>
<incomingServer type="imap"><hostname>in.%EMAILDOMAIN%</hostname><port>993</port><socketType>SSL</socketType><username>%EMAILLOCALPART%</username></incomingServer>
<outgoingServer type="smtp"><hostname>out.example.org</hostname><port>587</port><socketType>STARTTLS</socketType><username>%EMAILADDRESS%</username></outgoingServer>
</emailProvider></clientConfig>`

func TestFind(t *testing.T) {
	files := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/example.org" || r.URL.Query().Get("emailaddress") != "ann@example.org" {
			http.NotFound(w, r)
			return
		}
		w.Write([]byte(autoconfigText)) //nolint:errcheck // the test sees it
	}))
	defer files.Close()
	for _, c := range []struct {
		name, address string
		zone          zone
		answers       string // hosts that answer a probe
		want, how     string
		provider      string
	}{
		{name: "table", address: "ann@GMail.com", want: "imap.gmail.com:993 (tls) smtp.gmail.com:465 (tls) ", how: "a known provider (Gmail)", provider: "Gmail"},
		{
			name: "srv", address: "ann@example.com", want: "in.example.com:993 (tls) out.example.com:587 (starttls) ", how: "the SRV records of example.com",
			zone: zone{"_imaps._tcp.example.com": "in.example.com. 993", "_submissions._tcp.example.com": ". 0", "_submission._tcp.example.com": "out.example.com. 587", "mx example.com": "aspmx.l.google.com."},
		},
		{
			name: "srv of a known provider", address: "ann@example.com", want: "imap.fastmail.com:993 (tls) smtp.fastmail.com:465 (tls) ", how: "the SRV records of example.com", provider: "Fastmail",
			zone: zone{"_imaps._tcp.example.com": "imap.fastmail.com. 993", "_submissions._tcp.example.com": "smtp.fastmail.com. 465"},
		},
		{
			name: "autoconfig", address: "ann@example.org", want: "in.example.org:993 (tls) out.example.org:587 (starttls) ann", how: "autoconfig of example.org",
			zone: zone{"mx example.org": "aspmx.l.google.com."},
		},
		{
			name: "mx", address: "ann@example.com", want: "outlook.office365.com:993 (tls) smtp.office365.com:587 (starttls) ", how: "the MX records of example.com (Microsoft 365)", provider: "Microsoft 365",
			zone: zone{"mx example.com": "example-com.mail.protection.outlook.com."},
		},
		{name: "mx that only looks like one", address: "ann@example.com", zone: zone{"mx example.com": "notgoogle.com."}},
		{name: "guess", address: "ann@example.com", answers: "mail.example.com:993 mail.example.com:143 smtp.example.com:587 mail.example.com:465", want: "mail.example.com:993 (tls) smtp.example.com:587 (starttls) ", how: "the usual server names"},
		{name: "only one half", address: "ann@example.com", answers: "imap.example.com:993"},
		{name: "nothing", address: "ann@example.com"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := Finder{
				Resolver: c.zone, Client: files.Client(),
				Autoconfig: func(domain string) []string { return []string{files.URL + "/no/" + domain, files.URL + "/" + domain} },
				Probe: func(_ context.Context, s Server) error {
					if strings.Contains(" "+c.answers+" ", fmt.Sprintf(" %s:%d ", s.Host, s.Port)) {
						return nil
					}
					return errors.New("nobody answers")
				},
			}
			got, err := f.Find(t.Context(), c.address)
			if c.want == "" {
				if !errors.Is(err, ErrNone) || !strings.Contains(err.Error(), "--imap") {
					t.Errorf("found %+v, %v", got, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if servers := got.IMAP.String() + " " + got.SMTP.String() + " " + got.IMAP.User; servers != c.want || got.How != c.how {
				t.Errorf("got %q, %q", servers, got.How)
			}
			if (got.Provider == nil) != (c.provider == "") || (got.Provider != nil && got.Provider.Name != c.provider) {
				t.Errorf("provider %+v, wanted %q", got.Provider, c.provider)
			}
		})
	}
}

func TestFindRefuses(t *testing.T) {
	for address, want := range map[string]string{
		"ann@tuta.com": "neither IMAP nor SMTP",
		"ann":          "is not a valid email address",
	} {
		if _, err := (Finder{Resolver: zone{}}).Find(t.Context(), address); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestProviders(t *testing.T) {
	seen := map[string]string{}
	for _, p := range providers() {
		for _, d := range append(p.domains, p.mx...) {
			if d != strings.ToLower(d) {
				t.Errorf("%s: %s is not in lower case", p.Name, d)
			}
		}
		for _, d := range p.domains {
			if seen[d] != "" {
				t.Errorf("%s is of %s and %s", d, seen[d], p.Name)
			}
			seen[d] = p.Name
		}
		if p.not != "" {
			continue
		}
		for _, s := range []Server{p.IMAP, p.SMTP} {
			v := mailnet.Server{Host: s.Host, Port: s.Port, TLS: s.TLS}
			if errs := v.Check(); len(errs) > 0 || s.TLS == mailnet.Plain {
				t.Errorf("%s: %v", p.Name, errs)
			}
		}
		if p.Password == "" || (p.OAuth2 == nil && !strings.Contains(p.Password, "password") && !strings.Contains(p.Password, "one that")) {
			t.Errorf("%s: no word about the password", p.Name)
		}
	}
}

func TestProbe(t *testing.T) {
	for greeting, good := range map[string]bool{"* OK ready\r\n": true, "220 mail\r\n": true, "SSH-2.0-x\r\n": false} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			if c, err := l.Accept(); err == nil {
				c.Write([]byte(greeting)) //nolint:errcheck // the test sees it
				c.Close()                 //nolint:errcheck // the test sees it
			}
		}()
		s := Server{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, TLS: mailnet.StartTLS}
		if err := probe(t.Context(), s); (err == nil) != good {
			t.Errorf("%q: %v", greeting, err)
		}
		l.Close() //nolint:errcheck // it is over
		<-done
	}
}

func FuzzAutoconfig(f *testing.F) {
	f.Add([]byte(autoconfigText))
	f.Add([]byte("<clientConfig><emailProvider>"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		found, ok := parseAutoconfig(raw, "ann@example.org")
		if !ok {
			return
		}
		for _, s := range []Server{found.IMAP, found.SMTP} {
			if errs := (mailnet.Server{Host: s.Host, Port: s.Port, TLS: s.TLS}).Check(); len(errs) > 0 || s.TLS == mailnet.Plain || strings.ContainsAny(s.User, "\r\n") {
				t.Errorf("%+v: %v", s, errs)
			}
		}
	})
}
