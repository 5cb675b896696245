package classify

import (
	"strings"

	"hashsend/bridge/mail"
)

// addressesIn finds email addresses in a text.
func addressesIn(s string) []string {
	const most = 200
	var as []string
	for from := 0; len(as) < most; {
		at := strings.IndexByte(s[from:], '@')
		if at < 0 {
			break
		}
		at += from
		start := localStart(s, from, at)
		end := at + 1
		for end < len(s) && (isAlphanumeric(s[end]) || s[end] == '.' || s[end] == '-' || s[end] == '_' || s[end] >= 0x80) {
			end++
		}
		from = end
		local, domain := s[start:at], strings.TrimRight(s[at+1:end], ".-_")
		if key, rest, ok := strings.Cut(local, "="); ok && rest != "" {
			switch strings.ToLower(key) {
			case "to", "for", "recipient", "rcpt", "user", "email", "addr", "address", "orcpt":
				local = rest
			}
		}
		if !strings.HasPrefix(local, "=?") {
			local = strings.TrimLeft(local, "'`*.=/-")
		}
		if local != "" && len(local) <= 128 && strings.Contains(domain, ".") {
			as = append(as, local+"@"+domain)
		}
	}
	return as
}

// localStart returns the index at which the local part before an "@" begins.
func localStart(s string, from, at int) int {
	if at > from && s[at-1] == '"' {
		if i := strings.LastIndexByte(s[from:at-1], '"'); i >= 0 {
			return from + i
		}
	}
	for at > from && isLocalByte(s[at-1]) {
		at--
	}
	return at
}

func isLocalByte(c byte) bool {
	return isAlphanumeric(c) || c >= 0x80 || strings.IndexByte("!#$%&'*+-/=?^_`{|}~.", c) >= 0
}

func isAlphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// screenNames returns the recipients that AOL names without their domain: each alone in
// an indented line.
func screenNames(m *mail.Message, lines []string) (all []string) {
	if len(m.From) != 1 {
		return nil
	}
	_, domain, _ := strings.Cut(strings.ToLower(m.From[0].Address), "@")
	if domain != "aol.com" && !strings.HasSuffix(domain, ".aol.com") {
		return nil
	}
	const most = 20
	for _, l := range lines {
		name := strings.TrimSpace(l)
		if len(name) >= 3 && len(name) <= 32 && (l[0] == '\t' || l[0] == ' ') && len(all) < most &&
			strings.Trim(strings.ToLower(name), "abcdefghijklmnopqrstuvwxyz0123456789._") == "" {
			all = append(all, name+"@aol.com")
		}
	}
	return all
}
