package spf

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
)

// Term is a mechanism or a modifier of a record.
type Term struct {
	Text      string // as it stands in the record
	Qualifier byte   // + - ~ ?, of a mechanism
	Name      string // in lower case; "redirect" and "exp" are modifiers, others with Modifier set are unknown
	Modifier  bool
	Domain    string // domain-spec, still with macros; empty: the current domain
	Net       netip.Prefix
	Bits4     int // of a and mx
	Bits6     int
}

// looksUp reports whether the term counts as a lookup (RFC 7208, 4.6.4).
func (t Term) looksUp() bool {
	switch t.Name {
	case "include", "a", "mx", "ptr", "exists", "redirect":
		return true
	}
	return false
}

// Record is a parsed SPF record.
type Record struct {
	Text     string
	Terms    []Term // mechanisms, in their order
	Redirect *Term
	Exp      *Term
}

// IsRecord reports whether a TXT record is an SPF record (RFC 7208, 4.5).
func IsRecord(txt string) bool {
	const version = "v=spf1"
	return len(txt) >= len(version) && strings.EqualFold(txt[:len(version)], version) && (len(txt) == len(version) || txt[len(version)] == ' ')
}

// Parse reads a record. The error says what is wrong with which term.
func Parse(txt string) (Record, error) {
	r := Record{Text: txt}
	if !IsRecord(txt) {
		return r, errors.New("it does not begin with v=spf1")
	}
	for i := range len(txt) {
		if txt[i] < ' ' || txt[i] > '~' {
			return r, errors.New("it has characters that are not ASCII")
		}
	}
	for word := range strings.SplitSeq(txt[len("v=spf1"):], " ") {
		if word == "" {
			continue
		}
		t, err := parseTerm(word)
		if err != nil {
			return r, fmt.Errorf("%q: %w", word, err)
		}
		switch {
		case t.Modifier && t.Name == "redirect":
			if r.Redirect != nil {
				return r, errors.New("redirect= stands twice")
			}
			r.Redirect = &t
		case t.Modifier && t.Name == "exp":
			if r.Exp != nil {
				return r, errors.New("exp= stands twice")
			}
			r.Exp = &t
		case !t.Modifier:
			r.Terms = append(r.Terms, t)
		}
	}
	return r, nil
}

var modifierName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._-]*=`)

func parseTerm(word string) (Term, error) {
	t := Term{Text: word}
	if name := modifierName.FindString(word); name != "" {
		t.Name, t.Modifier, t.Domain = strings.ToLower(name[:len(name)-1]), true, word[len(name):]
		if t.Name == "redirect" || t.Name == "exp" {
			return t, checkSpec(t.Domain)
		}
		_, err := parseMacros(t.Domain, false)
		return t, err
	}
	t.Qualifier = '+'
	if strings.ContainsRune("+-~?", rune(word[0])) {
		t.Qualifier, word = word[0], word[1:]
	}
	end := strings.IndexAny(word, ":/")
	if end < 0 {
		end = len(word)
	}
	t.Name = strings.ToLower(word[:end])
	return parseMechanism(t, word[end:])
}

// parseMechanism reads what follows the name.
func parseMechanism(t Term, rest string) (Term, error) {
	arg, hasArg := strings.CutPrefix(rest, ":")
	switch t.Name {
	case "all":
		if rest != "" {
			return t, errors.New("all takes no value")
		}
		return t, nil
	case "ip4", "ip6":
		return parseNet(t, arg)
	case "include", "exists":
		if !hasArg {
			return t, fmt.Errorf("%s needs a domain", t.Name)
		}
		t.Domain = arg
		return t, checkSpec(arg)
	case "ptr":
		if rest == "" {
			return t, nil
		}
		t.Domain = arg
		if !hasArg {
			return t, errors.New("ptr takes a domain only")
		}
		return t, checkSpec(arg)
	case "a", "mx":
		spec, err := parseBits(&t, rest)
		if err != nil || spec == "" {
			return t, err
		}
		t.Domain = strings.TrimPrefix(spec, ":")
		return t, checkSpec(t.Domain)
	}
	return t, fmt.Errorf("there is no mechanism %q", t.Name)
}

func parseNet(t Term, arg string) (Term, error) {
	addr, bits, hasBits := strings.Cut(arg, "/")
	a, err := netip.ParseAddr(addr)
	if err != nil || a.Zone() != "" || (t.Name == "ip4") != a.Is4() {
		return t, fmt.Errorf("%q is not an address for %s", addr, t.Name)
	}
	n := a.BitLen()
	if hasBits {
		if n, err = prefixLength(bits, a.BitLen()); err != nil {
			return t, err
		}
	}
	t.Net, err = a.Prefix(n)
	return t, err
}

var dualCIDR = regexp.MustCompile(`^(.*?)(?:/(\d+))?(?://(\d+))?$`)

// parseBits takes the prefix lengths off the end of an argument (RFC 7208, 5.6).
func parseBits(t *Term, rest string) (spec string, err error) {
	t.Bits4, t.Bits6 = 32, 128
	m := dualCIDR.FindStringSubmatch(rest)
	if m[2] != "" {
		if t.Bits4, err = prefixLength(m[2], 32); err != nil {
			return "", err
		}
	}
	if m[3] != "" {
		if t.Bits6, err = prefixLength(m[3], 128); err != nil {
			return "", err
		}
	}
	if m[1] != "" && (m[1][0] != ':' || m[1] == ":") {
		return "", errors.New("the prefix length or the domain is not valid")
	}
	return m[1], nil
}

func prefixLength(s string, most int) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n > most || s != strconv.Itoa(n) {
		return 0, fmt.Errorf("%q is not a prefix length", s)
	}
	return n, nil
}

var topLabel = regexp.MustCompile(`\.(?:[A-Za-z0-9]*[A-Za-z][A-Za-z0-9]*|[A-Za-z0-9]+-[A-Za-z0-9-]*[A-Za-z0-9])\.?$`)

// checkSpec checks a domain-spec (RFC 7208, 7.1): macros, and an end that can be
// one of a domain.
func checkSpec(s string) error {
	parts, err := parseMacros(s, false)
	if err != nil {
		return err
	}
	if len(parts) == 0 {
		return errors.New("the domain is missing")
	}
	last := parts[len(parts)-1]
	if last.letter != 0 {
		return nil
	}
	if !topLabel.MatchString(last.text) {
		return fmt.Errorf("%q is not a domain", s)
	}
	return nil
}
