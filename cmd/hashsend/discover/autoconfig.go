package discover

import (
	"bytes"
	"context"
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"strings"

	"hashsend/connectors/mailnet"
)

// autoconfigFile is the part of an autoconfig file that is of use.
type autoconfigFile struct {
	Providers []struct {
		Incoming []autoconfigServer `xml:"incomingServer"`
		Outgoing []autoconfigServer `xml:"outgoingServer"`
	} `xml:"emailProvider"`
}

type autoconfigServer struct {
	Type       string `xml:"type,attr"`
	Hostname   string `xml:"hostname"`
	Port       int    `xml:"port"`
	SocketType string `xml:"socketType"`
	Username   string `xml:"username"`
}

// largestFile is the size from which an autoconfig file is not one.
const largestFile = 256 << 10

// byAutoconfig asks the domain, over HTTPS only: what comes otherwise could be
// from anybody, and the password would go there.
func (f Finder) byAutoconfig(ctx context.Context, domain, address string) (Found, error) {
	for _, place := range f.Autoconfig(domain) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, place+"?emailaddress="+url.QueryEscape(address), nil)
		if err != nil {
			continue
		}
		resp, err := f.Client.Do(req)
		if err != nil {
			continue
		}
		raw, err := io.ReadAll(io.LimitReader(resp.Body, largestFile))
		resp.Body.Close() //nolint:errcheck // it was read
		if err != nil || resp.StatusCode != http.StatusOK {
			continue
		}
		if found, ok := parseAutoconfig(raw, address); ok {
			found.How = "autoconfig of " + domain
			return found, nil
		}
	}
	return Found{}, ErrNone
}

// parseAutoconfig takes the first IMAP and submission servers that are protected.
func parseAutoconfig(raw []byte, address string) (found Found, ok bool) {
	var file autoconfigFile
	dec := xml.NewDecoder(bytes.NewReader(raw))
	dec.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	if dec.Decode(&file) != nil {
		return found, false
	}
	for _, p := range file.Providers {
		imap, hasIMAP := firstServer(p.Incoming, "imap", address)
		smtp, hasSMTP := firstServer(p.Outgoing, "smtp", address)
		if hasIMAP && hasSMTP {
			return Found{IMAP: imap, SMTP: smtp}, true
		}
	}
	return found, false
}

func firstServer(all []autoconfigServer, kind, address string) (Server, bool) {
	local, domain, _ := strings.Cut(address, "@")
	fill := strings.NewReplacer("%EMAILADDRESS%", address, "%EMAILLOCALPART%", local, "%EMAILDOMAIN%", domain)
	for _, s := range all {
		protection := map[string]string{"SSL": mailnet.TLS, "STARTTLS": mailnet.StartTLS}[strings.ToUpper(strings.TrimSpace(s.SocketType))]
		host := strings.ToLower(strings.TrimSpace(fill.Replace(s.Hostname)))
		if !strings.EqualFold(s.Type, kind) || protection == "" || s.Port < 1 || s.Port > 65535 || !isHost(host) {
			continue
		}
		user := strings.TrimSpace(fill.Replace(s.Username))
		if user == address || strings.ContainsAny(user, "\r\n%") {
			user = ""
		}
		return Server{Host: host, Port: s.Port, TLS: protection, User: user}, true
	}
	return Server{}, false
}

// isHost reports whether a text can be the name of a host.
func isHost(s string) bool {
	return s != "" && len(s) <= 253 && !strings.ContainsFunc(s, func(r rune) bool {
		return r != '-' && r != '.' && (r < '0' || r > '9') && (r < 'a' || r > 'z')
	})
}
