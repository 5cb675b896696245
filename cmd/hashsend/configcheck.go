package main

import (
	"fmt"
	"net"
	"net/url"
	"os/exec"
	"slices"
	"strings"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/core"
	"hashsend/bridge/mail"
	"hashsend/connectors"
	"hashsend/connectors/imap"
	"hashsend/connectors/mailnet"
	"hashsend/connectors/smtp"
)

// finding is an error in the value of a key.
type finding struct{ at, text string }

// levels are the names of the access levels.
var levels = map[string]core.Level{"nothing": core.Nothing, "speak": core.Speak, "ask": core.Ask, "link": core.Link, "administer": core.Administer}

// The values for logs.
var (
	logLevels  = []string{"debug", "info", "warn", "error"}
	logFormats = []string{"text", "json"}
)

const levelWords = "nothing, speak, ask, link, administer"

// check returns the errors that parsing can't find.
func (c *config) check() (all []finding) {
	bad := func(at, format string, args ...any) { all = append(all, finding{at, fmt.Sprintf(format, args...)}) }
	if strings.ContainsAny(c.Tag, " \t\r\n") {
		bad("tag", "%q contains a space; expected one word, such as #Send", c.Tag)
	}
	for _, w := range []struct {
		at, word string
		known    []string
	}{{"log.level", c.Log.Level, logLevels}, {"log.format", c.Log.Format, logFormats}, {"deletes", c.Deletes, []string{"quiet", "notice"}}} {
		if w.word != "" && !slices.Contains(w.known, w.word) {
			bad(w.at, "%q must be one of: %s", w.word, strings.Join(w.known, ", "))
		}
	}
	if _, err := core.ParseDigestAt(c.DigestAt); err != nil {
		bad("digest_at", "%s", err)
	}
	all = append(all, c.Access.check()...)
	all = append(all, c.Console.check()...)
	all = append(all, c.Files.check()...)
	names, wrong := c.checkNetworks()
	all = append(all, wrong...)
	if len(c.Mailboxes) == 0 {
		bad("mailboxes", "required: at least one mailbox")
	}
	boxes := map[string]bool{}
	for i, m := range c.Mailboxes {
		at := fmt.Sprintf("mailboxes[%d]", i)
		if boxes[m.name()] {
			bad(at+".name", "two mailboxes are named %q", m.name())
		}
		boxes[m.name()] = true
		all = append(all, m.check(at, names)...)
	}
	return all
}

// checkNetworks returns the names of the chat networks and the errors in their settings.
func (c *config) checkNetworks() (names map[string]bool, all []finding) {
	bad := func(at, format string, args ...any) { all = append(all, finding{at, fmt.Sprintf(format, args...)}) }
	kinds := c.kinds()
	if len(c.Networks) == 0 && !c.unfinished {
		bad(kinds[0].Key, "required: at least one %s", listOf(kinds, func(n connectors.Network) string { return n.Server + " (" + n.Key + ")" }))
	}
	names = map[string]bool{}
	for _, n := range c.Networks {
		if names[n.name] {
			bad(n.at+".name", "two networks are named %q", n.name)
		}
		names[n.name] = true
		for _, err := range n.Check() {
			key, text, _ := strings.Cut(err.Error(), ": ")
			bad(n.at+"."+key, "%s", text)
		}
	}
	if c.Home.Network != "" && !names[c.Home.Network] && !c.unfinished {
		bad("home.network", "there is no network %q", c.Home.Network)
	}
	if c.Home.Network != "" && c.Home.Room == "" {
		bad("home.room", "required: the id of a room, such as %s", listOf(kinds, func(n connectors.Network) string { return n.Room }))
	}
	return names, all
}

// listOf names networks: "a, b or c".
func listOf(kinds []connectors.Network, name func(connectors.Network) string) string {
	var all []string
	for _, n := range kinds {
		all = append(all, name(n))
	}
	if last := len(all) - 1; last > 0 {
		return strings.Join(all[:last], ", ") + " or " + all[last]
	}
	return strings.Join(all, "")
}

func (m mailboxConfig) check(at string, networks map[string]bool) (all []finding) {
	bad := func(key, format string, args ...any) {
		all = append(all, finding{at + "." + key, fmt.Sprintf(format, args...)})
	}
	if _, err := mail.ParseAddress(m.Address); err != nil {
		bad("address", "%q is not a valid email address, such as team@example.org", m.Address)
	}
	for i, own := range m.Own {
		if _, err := mail.ParseAddress(own); err != nil {
			bad(fmt.Sprintf("own[%d]", i), "%q is not a valid email address", own)
		}
	}
	if m.IMAP == nil && m.LMTP == nil {
		bad("imap", "required: imap or lmtp, to receive email")
	}
	if m.SMTP == nil {
		bad("smtp", "required: a submission server, to send email")
	}
	server := func(key string, errs []error) {
		for _, err := range errs {
			k, text, _ := strings.Cut(err.Error(), ": ")
			bad(key+"."+k, "%s", text)
		}
	}
	if m.IMAP != nil {
		server("imap", m.IMAP.Server.server(m.Address).Check())
	}
	if m.SMTP != nil {
		server("smtp", m.smtp().Check())
	}
	if m.LMTP != nil {
		server("lmtp", m.LMTP.lmtp().Check())
	}
	if m.Opens.Network != "" && !networks[m.Opens.Network] {
		bad("opens.network", "there is no network %q", m.Opens.Network)
	}
	if m.PerHour < 0 {
		bad("mails_per_hour", "%d is less than 0", m.PerHour)
	}
	return all
}

func (m mailboxConfig) name() string {
	if m.Name == "" {
		return m.Address
	}
	return m.Name
}

// server returns the settings of a server. The user defaults to address.
func (s serverConfig) server(address string) mailnet.Server {
	v := mailnet.Server{Host: s.Host, Port: s.Port, TLS: s.TLS, CAFile: s.CAFile, Insecure: s.Insecure, User: s.User, Password: s.Password.value, Timeout: s.Timeout.value(0)}
	if v.User == "" && (s.Password.set || s.OAuth2 != nil) {
		v.User = address
	}
	if o := s.OAuth2; o != nil {
		all := o.oauth2()
		v.OAuth2 = &all
	}
	return v
}

func (d *duration) value(unset time.Duration) time.Duration {
	if d == nil {
		return unset
	}
	return time.Duration(*d)
}

func (m mailboxConfig) imap() imap.Config {
	server := m.IMAP.Server.server(m.Address)
	server.Tokens = m.imapTokens
	return imap.Config{
		Server: server, Inbox: m.IMAP.Folders, Sent: m.IMAP.Sent, Junk: m.IMAP.Junk, All: m.IMAP.All, JunkPoll: m.IMAP.JunkEach.value(0),
		Poll: m.IMAP.Poll.value(0), Burst: m.IMAP.Burst.value(0), Mark: m.IMAP.Mark,
	}
}

func (m mailboxConfig) smtp() smtp.Config {
	server := m.SMTP.Server.server(m.Address)
	server.Tokens = m.smtpTokens
	return smtp.Config{Server: server, LocalName: m.SMTP.LocalName, Connections: m.SMTP.Connections}
}

func (c *config) access() core.Access {
	a := core.Access{Allow: map[string]core.Level{}, Moderators: levels[c.Access.Moderators], Admins: levels[c.Access.Admins], Mail: c.Access.Mail, Newcomers: c.Access.Newcomers}
	for who, word := range c.Access.Allow {
		a.Allow[who] = levels[word]
	}
	if len(a.Allow) == 0 {
		a.Allow = core.DefaultAccess().Allow
	}
	return a
}

// check returns the errors in the access settings.
func (a accessConfig) check() (all []finding) {
	bad := func(at, format string, args ...any) { all = append(all, finding{at, fmt.Sprintf(format, args...)}) }
	for who, word := range a.Allow {
		if _, known := levels[word]; !known {
			bad("access.allow."+who, "%q must be one of: %s", word, levelWords)
		}
	}
	for _, who := range a.Newcomers {
		if who != core.SameDomain && !strings.Contains(who, ".") {
			bad("access.newcomers", "%q must be %s, a domain or an address", who, core.SameDomain)
		}
	}
	for at, word := range map[string]string{"access.moderators": a.Moderators, "access.admins": a.Admins} {
		if _, known := levels[word]; word != "" && !known {
			bad(at, "%q must be one of: %s", word, levelWords)
		}
	}
	return all
}

// check returns the errors in the console settings.
func (c consoleConfig) check() []finding {
	if c.Listen == "" {
		return nil
	}
	host, _, err := net.SplitHostPort(c.Listen)
	ip := net.ParseIP(host)
	switch {
	case err != nil:
		return []finding{{"console.listen", fmt.Sprintf("%q is not a valid address, such as 127.0.0.1:8026", c.Listen)}}
	case host != "localhost" && (ip == nil || !ip.IsLoopback()) && c.Token.value == "":
		return []finding{{"console.token", fmt.Sprintf("required: other machines can reach the console at %s", c.Listen)}}
	}
	return nil
}

// check returns the errors in the settings for files.
func (f filesConfig) check() (all []finding) {
	if f.LargestMB < 0 {
		all = append(all, finding{"files.largest_mb", fmt.Sprintf("%d is less than 0; expected a number of megabytes, such as 100", f.LargestMB)})
	}
	if f.PublicURL == "" {
		return all
	}
	if u, err := url.Parse(f.PublicURL); err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		all = append(all, finding{"files.public_url", fmt.Sprintf("%q is not a valid web address, such as https://files.example.org", f.PublicURL)})
	}
	if _, _, err := net.SplitHostPort(f.Listen); f.Listen == "" {
		all = append(all, finding{"files.listen", "required: the address that public_url leads to, such as 127.0.0.1:8027"})
	} else if err != nil {
		all = append(all, finding{"files.listen", fmt.Sprintf("%q is not a valid address, such as 127.0.0.1:8027", f.Listen)})
	}
	return all
}

func (c *config) files() core.Files {
	f := core.Files{Largest: int64(c.Files.LargestMB) * 1e6, Keep: c.Files.Keep.value(0), URL: c.Files.PublicURL}
	if c.Files.VoiceM4A == nil || *c.Files.VoiceM4A {
		f.FFmpeg, _ = exec.LookPath("ffmpeg") // empty if it isn't installed
	}
	return f
}

func (c *config) hold() core.Hold {
	d := core.DefaultHold()
	return core.Hold{Quiet: c.Hold.Quiet.value(d.Quiet), Max: c.Hold.Max.value(d.Max), Live: c.Hold.Live.value(d.Live)}
}

func (c *config) home() core.Home {
	return core.Home{Network: c.Home.Network, Room: chat.RoomID(c.Home.Room)}
}
