package dkim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Signature is a DKIM-Signature header.
type Signature struct {
	Domain, Selector, Algorithm string
	Problems                    []Problem
}

// ReadSignature reads the value of a DKIM-Signature header and looks for what makes
// receivers ignore it. ok: it names a key.
func ReadSignature(value string, now time.Time) (s Signature, ok bool) {
	tags, _ := Tags(value)
	s = Signature{Domain: strings.ToLower(tags["d"]), Selector: tags["s"], Algorithm: strings.ToLower(tags["a"])}
	add := func(kind Kind, format string, args ...any) {
		s.Problems = append(s.Problems, Problem{kind, fmt.Sprintf(format, args...)})
	}
	if s.Algorithm == "rsa-sha1" {
		add(Hash, "it uses rsa-sha1, which receivers ignore (RFC 8301)")
	}
	if l, has := tags["l"]; has {
		add(Length, "it has l=%s and covers a part of the text only: several receivers ignore it, as anything can be appended", l)
	}
	if !slices.Contains(strings.Split(strings.ToLower(tags["h"]), ":"), "from") {
		add(Unsigned, "it does not cover From (h=)")
	}
	if i, has := tags["i"]; has {
		host := strings.ToLower(i[strings.LastIndexByte(i, '@')+1:])
		if host != s.Domain && !strings.HasSuffix(host, "."+s.Domain) {
			add(Identity, "its i= is not below its d=")
		}
	}
	if x, has := tags["x"]; has {
		n, err := strconv.ParseInt(x, 10, 64)
		end := time.Unix(n, 0)
		begun, berr := strconv.ParseInt(tags["t"], 10, 64)
		switch {
		case err != nil:
			add(Broken, "its x= is not a time")
		case end.Before(now):
			add(Expired, "it has expired on %s (x=)", end.UTC().Format("2 Jan 2006, 15:04 UTC"))
		case berr == nil && n-begun < 24*3600:
			add(Expires, "it is valid for less than a day (x=): an email that is delayed loses it")
		}
	}
	return s, s.Domain != "" && s.Selector != ""
}
