package mailauth

import (
	"slices"
	"strings"

	"hashsend/bridge/mail"
)

// provider knows where a large provider writes what it found.
type provider struct {
	id      string   // as configured
	border  string   // its machine that takes mail from outside: host, or suffix that begins with a dot
	inside  []string // machines that hand on inside, suffixes
	below   bool     // it writes below its Received, and takes foreign fields of its name away
	without bool     // it writes no authserv-id, and renames foreign fields
}

// Seen in mail of these providers, 2024 and 2025.
func knownProvider(id string) (provider, bool) {
	switch id {
	case "mx.google.com":
		return provider{id: id, border: "mx.google.com", below: true}, true
	case "outlook.com":
		return provider{id: id, border: ".protection.outlook.com", inside: []string{".outlook.com", ".office365.com"}, without: true}, true
	}
	return provider{}, false
}

// trustedResults returns the fields that the mailbox's own server wrote. Whoever
// sent the mail could write anything below the first Received of that server,
// but nothing above it.
func trustedResults(h mail.Header, ids []string) []authResults {
	var found []authResults
	for _, id := range ids {
		id = strings.ToLower(strings.TrimSpace(id))
		if id == "" {
			continue
		}
		if p, ok := knownProvider(id); ok {
			found = append(found, p.results(h)...)
			continue
		}
		for _, f := range h {
			if strings.EqualFold(f.Name, "Received") && !handedOnInside(f.Value, nil) {
				break
			}
			if a, ok := resultsOf(f); ok && a.id == id {
				found = append(found, a)
			}
		}
	}
	return found
}

func resultsOf(f mail.Field) (authResults, bool) {
	if !strings.EqualFold(f.Name, "Authentication-Results") {
		return authResults{}, false
	}
	a, err := parseResults(f.Value)
	return a, err == nil
}

func (p provider) results(h mail.Header) []authResults {
	var found []authResults
	atBorder := false
	for _, f := range h {
		switch {
		case strings.EqualFold(f.Name, "Received"):
			if atBorder {
				return found
			}
			_, by, _ := received(f.Value)
			atBorder = by == p.border || p.border[0] == '.' && strings.HasSuffix(by, p.border)
			switch {
			case atBorder && p.below:
			case atBorder:
				return found
			case !handedOnInside(f.Value, p.inside):
				return nil
			}
		case p.below != atBorder:
		default:
			a, ok := resultsOf(f)
			if !ok || a.id != p.id && !(p.without && a.id == "") {
				continue
			}
			found = append(found, a)
			if p.below {
				return found // the next one may be the sender's
			}
		}
	}
	return nil // the server that takes mail from outside has left no trace: nothing says who wrote the rest
}

// handedOnInside reports whether a Received was written when the mail was handed
// on inside of the provider: by LMTP, which nobody takes from outside (RFC 2033,
// 5), without any client, or by a machine with one of the given names.
func handedOnInside(value string, machines []string) bool {
	from, by, with := received(value)
	return !from || strings.HasPrefix(with, "lmtp") ||
		slices.ContainsFunc(machines, func(suffix string) bool { return strings.HasSuffix(by, suffix) })
}

// received takes a Received apart (RFC 5321, 4.4): whether it names a client,
// the server, and the protocol in lower case. What the client said of itself
// stands in front, so the last "by" counts.
func received(value string) (from bool, by, with string) {
	var words []string
	p := resultParser{s: value}
	for p.space(); p.i < len(p.s) && !p.bad && p.peek() != ';'; p.space() {
		start := p.i
		w, quoted := p.value("; \t(")
		if p.i == start {
			break
		}
		if quoted || strings.HasPrefix(w, "<") {
			w = ""
		}
		words = append(words, strings.ToLower(w))
	}
	if p.bad || len(words) == 0 {
		return true, "", ""
	}
	from = words[0] == "from"
	for i := 0; i+1 < len(words); i++ {
		switch words[i] {
		case "from":
			from = true
		case "by":
			by, with = words[i+1], ""
		case "with":
			with = words[i+1]
		}
	}
	return from, by, with
}
