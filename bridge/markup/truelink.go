package markup

import (
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"strings"
)

// wrappers are the hosts of gateways that put their own address in place of a link,
// and the parameter that holds the true one.
var wrappers = []struct{ host, param string }{
	{"safelinks.protection.outlook.com", "url"},
	{"safelinks.protection.office365.us", "url"},
	{"safelinks.protection.partner.outlook.cn", "url"},
	{"urldefense.proofpoint.com", "u"},
	{"linkprotect.cudasvc.com", "a"},
	{"clicktime.symantec.com", "u"},
	{"protect2.fireeye.com", "u"},
	{"protect.fireeye.com", "u"},
	{"nam.safelink.emails.azure.net", "destination"},
	{"deref-gmx.net", "redirectUrl"},
	{"deref-web.de", "redirectUrl"},
	{"deref-mail.com", "redirectUrl"},
}

// TrueLink returns the address that a gateway has wrapped into one of its own: those
// tell whose mailbox a mail went through. Any other comes back as it is.
func TrueLink(link string) string {
	for {
		inner, ok := unwrapped(link)
		if !ok || len(inner) >= len(link) {
			return link
		}
		link = inner
	}
}

func unwrapped(link string) (string, bool) {
	_, rest, ok := strings.Cut(link, "://")
	if !ok {
		return link, false
	}
	host, path, _ := strings.Cut(rest, "/")
	host = strings.ToLower(host)
	if host == "urldefense.com" || host == "urldefense.us" || host == "urldefense.proofpoint.com" {
		if inner, ok := urlDefense(path); ok {
			return inner, true
		}
	}
	for _, w := range wrappers {
		if host != w.host && !strings.HasSuffix(host, "."+w.host) {
			continue
		}
		_, query, _ := strings.Cut(link, "?")
		values, err := url.ParseQuery(strings.ReplaceAll(query, ";", "&"))
		if err != nil && len(values) == 0 {
			return link, false
		}
		inner := values.Get(w.param)
		return inner, isWeb(inner)
	}
	return link, false
}

func isWeb(link string) bool {
	return strings.HasPrefix(link, "http://") || strings.HasPrefix(link, "https://") || strings.HasPrefix(link, "mailto:")
}

// urlDefense reads the links of Proofpoint: its second way writes "-3A" for ":" and "_"
// for "/", its third has the address between "__" and "__;".
func urlDefense(path string) (string, bool) {
	if rest, ok := strings.CutPrefix(path, "v3/__"); ok {
		inner, marks, ok := strings.Cut(rest, "__;")
		if !ok {
			return "", false
		}
		code, _, _ := strings.Cut(marks, "!")
		return restored(inner, code), isWeb(inner)
	}
	rest, ok := strings.CutPrefix(path, "v2/url?")
	if !ok {
		return "", false
	}
	values, _ := url.ParseQuery(rest)
	inner, err := url.PathUnescape(strings.NewReplacer("-", "%", "_", "/").Replace(values.Get("u")))
	return inner, err == nil && isWeb(inner)
}

// restored puts back the characters for which "*" stands in an address, as far as they
// are told: in base64 behind it.
func restored(inner, code string) string {
	b, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(code, "="))
	if err != nil || strings.Contains(inner, "**") || strings.Count(inner, "*") != len(b) {
		return inner
	}
	var out strings.Builder
	for i := range len(inner) {
		if inner[i] != '*' {
			out.WriteByte(inner[i])
			continue
		}
		if c := b[0]; c > ' ' && c < 0x7f {
			out.WriteByte(c)
		} else {
			out.WriteString("%" + strings.ToUpper(hex.EncodeToString(b[:1])))
		}
		b = b[1:]
	}
	return out.String()
}

// TrueLinks does in a text what TrueLink does with an address.
func TrueLinks(text string) string {
	if !strings.Contains(text, "://") || !strings.Contains(text, "safelink") && !strings.Contains(text, "urldefense") && !strings.Contains(text, "linkprotect.") && !strings.Contains(text, "symantec.com") && !strings.Contains(text, "fireeye.com") && !strings.Contains(text, "://deref-") {
		return text
	}
	var out strings.Builder
	for {
		i := strings.Index(text, "http")
		if i < 0 {
			break
		}
		out.WriteString(text[:i])
		text = text[i:]
		end := strings.IndexAny(text, " \t\r\n<>\"")
		if end < 0 {
			end = len(text)
		}
		inner := TrueLink(text[:end])
		if inner != text[:end] {
			end += shownHost(text[end:])
		}
		out.WriteString(inner)
		if text = text[end:]; end == 0 {
			break
		}
	}
	out.WriteString(text)
	return out.String()
}

// shownHost is the length of what Proofpoint writes behind a link: " [wiki[.]example[.]org]".
func shownHost(s string) int {
	if !strings.HasPrefix(s, " [") {
		return 0
	}
	const longest = 300
	line, _, _ := strings.Cut(s[:min(len(s), longest)], "\n")
	if i := strings.Index(line[2:], " "); i >= 0 {
		line = line[:2+i]
	}
	if !strings.Contains(line, "[.]") || !strings.HasSuffix(line, "]") {
		return 0
	}
	return len(line)
}
