package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"hashsend/bridge/mail"
	"hashsend/cmd/hashsend/discover"
	"hashsend/connectors/mailnet"
)

// answers are the values that the configuration is made from.
type answers struct {
	Address, Title, Owner string
	Own                   []string
	IMAP, SMTP            discover.Server
	User, CAFile          string
	Password              secretFrom
	Provider              *discover.Provider
	OAuth2                *discover.OAuth2
	ClientID, Refresh     string
	Trip                  *discover.Trip // nil: not tested

	HomeRoom, Admin string
	Network         string // keys of chat networks, with commas
}

// secretFrom is a secret in the form that the configuration will have.
type secretFrom struct{ Value, File, Env string }

func (s secretFrom) empty() bool { return s == secretFrom{} }

func (s secretFrom) yaml() string {
	switch {
	case s.File != "":
		path, err := filepath.Abs(s.File)
		if err != nil {
			path = s.File
		}
		return "{file: " + quoted(path) + "}"
	case s.Env != "":
		return "{env: " + quoted(s.Env) + "}"
	}
	return quoted(s.Value)
}

// quoted returns text as a quoted string that is valid in YAML and JSON.
func quoted(s string) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return strconv.Quote(s)
	}
	return strings.TrimSpace(b.String())
}

func quotedAll(all []string) string {
	var q []string
	for _, s := range all {
		q = append(q, quoted(s))
	}
	return "[" + strings.Join(q, ", ") + "]"
}

// missing returns the required mailbox flags that aren't set.
func (a *answers) missing() (flags []string) {
	need := func(flag, value string) {
		if value == "" {
			flags = append(flags, flag)
		}
	}
	need("--address", a.Address)
	if a.Password.empty() && a.ClientID == "" {
		flags = append(flags, "--password-file or --password-env")
	}
	return flags
}

// take uses the servers that were found, unless a flag named others.
func (a *answers) take(f discover.Found) {
	if a.IMAP.Host == "" {
		a.IMAP = f.IMAP
	}
	if a.SMTP.Host == "" {
		a.SMTP = f.SMTP
	}
	if a.User == "" {
		a.User = a.IMAP.User
	}
	if a.Provider = f.Provider; a.Provider != nil {
		a.OAuth2 = a.Provider.OAuth2
	}
}

// config returns the text of the configuration with the sections of chats. home is the
// network of the home room.
func (a answers) config(home string, chats ...chatSetup) []byte {
	var b bytes.Buffer
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("# The configuration of hashsend, written by hashsend init. docs/configuration.md and")
	line("# config.example.yaml explain every setting; hashsend check finds errors.\n")
	if a.HomeRoom != "" {
		line("# The room for questions and notices that belong to no other room.")
		line("home: {network: %s, room: %s}\n", home, quoted(a.HomeRoom))
	}
	line("# Access levels: nothing, speak, ask, link, administer.")
	line("access:\n  allow:\n    \"*\": speak")
	if a.Admin != "" {
		line("    %s: administer", quoted(a.Admin))
	}
	line("  moderators: link    # moderators of a room can link it and invite people\n  admins: link")
	line("  mail: []            # addresses and domains that can start a conversation by email\n")
	for _, c := range chats {
		c.write(line)
	}
	a.mailbox(line)
	return b.Bytes()
}

func (a answers) mailbox(line func(string, ...any)) {
	line("mailboxes:\n  - address: %s", quoted(a.Address))
	if a.Title != "" {
		line("    title: %s    # appears after the author's name: \"Alice (Acme)\"", quoted(a.Title))
	}
	if a.Owner != "" {
		line("    owner: %s", quoted(a.Owner))
	}
	if len(a.Own) > 0 {
		line("    own: %s    # the owner's other addresses", quotedAll(a.Own))
	}
	for _, s := range []struct {
		key string
		at  discover.Server
	}{{"imap", a.IMAP}, {"smtp", a.SMTP}} {
		line("    %s:\n      host: %s\n      port: %d\n      tls: %s", s.key, quoted(s.at.Host), s.at.Port, s.at.TLS)
		if a.CAFile != "" {
			line("      ca_file: %s", quoted(a.CAFile))
		}
		if a.User != "" {
			line("      user: %s", quoted(a.User))
		}
		if o := a.OAuth2; o != nil {
			line("      oauth2:\n        client_id: %s\n        token_url: %s\n        scopes: %s\n        refresh_token: %s",
				quoted(a.ClientID), quoted(o.TokenURL), quotedAll(o.Scopes), quoted(a.Refresh))
			continue
		}
		line("      password: %s", a.Password.yaml())
	}
	plus, keeps := false, a.Provider != nil && a.Provider.KeepsSent
	if a.Trip != nil && a.Trip.Arrived {
		plus, keeps = a.Trip.Plus, a.Trip.KeptSent
	}
	local, domain, _ := strings.Cut(a.Address, "@")
	line("    plus_addresses: %t    # whether email to %s+anything@%s arrives", plus, local, domain)
	line("    keeps_sent: %t    # whether the provider saves sent email in Sent", keeps)
	if p := a.Provider; p != nil {
		if p.PerHour > 0 {
			line("    mails_per_hour: %d    # hashsend uses half of it, to stay within the limits of %s", p.PerHour, p.Name)
		}
		if len(p.AuthservIDs) > 0 {
			line("    trust: {authserv_ids: %s}    # trust sender verification by %s", quotedAll(p.AuthservIDs), p.Name)
		}
	}
}

// parseServer reads HOST:PORT or HOST:PORT/tls. By default, the port decides about TLS.
func parseServer(flag, s string) (v discover.Server, err error) {
	if s == "" {
		return v, nil
	}
	where, protection, named := strings.Cut(s, "/")
	host, port, err := net.SplitHostPort(where)
	n, numErr := strconv.Atoi(port)
	if err != nil || numErr != nil || host == "" || n < 1 || n > 65535 {
		return v, usage("%s", strings.TrimSpace(fmt.Sprintf("%s %q is not a valid server, such as mail.example.org:993", flag, s)))
	}
	if !named {
		if protection = mailnet.StartTLS; n == 993 || n == 465 {
			protection = mailnet.TLS
		}
	}
	if !slices.Contains([]string{mailnet.TLS, mailnet.StartTLS, mailnet.Plain}, protection) {
		return v, usage("%s", strings.TrimSpace(fmt.Sprintf("%s: %q must be one of: tls, starttls, none", flag, protection)))
	}
	return discover.Server{Host: host, Port: n, TLS: protection}, nil
}

func isServer(s string) error {
	_, err := parseServer("", s)
	if s == "" {
		return isThere(s)
	}
	return err
}

func isThere(s string) error {
	if strings.TrimSpace(s) == "" {
		return errors.New("required")
	}
	return nil
}

func isAddress(s string) error {
	if _, err := mail.ParseAddress(s); err != nil {
		return fmt.Errorf("%q is not a valid email address", s)
	}
	return nil
}

func areAddresses(s string) error {
	for _, a := range words(s) {
		if err := isAddress(a); err != nil {
			return err
		}
	}
	return nil
}

// words splits at commas and spaces.
func words(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' || r == ';' })
}
