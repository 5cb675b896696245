// Package dkim reads DKIM keys (RFC 6376, 3.6.1) and signatures as an admin does who
// looks for what receivers stumble over.
package dkim

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"hashsend/cmd/hashsend/doctor/ask"
)

// Resolver looks up TXT records. Its errors are ask.ErrVoid or ask.ErrTemporary.
type Resolver interface {
	TXT(ctx context.Context, name string) ([]string, error)
}

// Problem is what is wrong with a key or a signature.
type Problem struct {
	Kind Kind
	Text string // a sentence without the name of the key
}

// Kind is what a problem is about.
type Kind string

// The kinds of problems.
const (
	Missing   Kind = "missing"   // there is no key
	Several   Kind = "several"   // more than one
	Revoked   Kind = "revoked"   // p= is empty
	Broken    Kind = "broken"    // it cannot be read
	Short     Kind = "short"     // receivers do not accept it
	Shortish  Kind = "shortish"  // receivers accept it, but it should be longer
	Testing   Kind = "testing"   // t=y
	Strict    Kind = "strict"    // t=s
	Hash      Kind = "hash"      // sha256 is not allowed, or sha1 is used
	Service   Kind = "service"   // not for email
	Length    Kind = "length"    // l=
	Expired   Kind = "expired"   // x= has passed
	Expires   Kind = "expires"   // x= is there
	Unsigned  Kind = "unsigned"  // From is not signed
	Identity  Kind = "identity"  // i= does not fit d=
	Temporary Kind = "temporary" // could not be looked up
)

// Key is a public key as it stands in DNS.
type Key struct {
	Name     string // selector._domainkey.domain
	Text     string
	Kind     string // rsa, ed25519
	Bits     int
	Problems []Problem
}

func (k *Key) problem(kind Kind, format string, args ...any) {
	k.Problems = append(k.Problems, Problem{kind, fmt.Sprintf(format, args...)})
}

// Has reports whether there is a problem of one of the kinds.
func (k Key) Has(kinds ...Kind) bool {
	return slices.ContainsFunc(k.Problems, func(p Problem) bool { return slices.Contains(kinds, p.Kind) })
}

// Works reports whether receivers can use the key.
func (k Key) Works() bool {
	return !k.Has(Missing, Several, Revoked, Broken, Short, Hash, Service, Temporary)
}

// Lookup fetches a key and looks at it.
func Lookup(ctx context.Context, r Resolver, selector, domain string) Key {
	k := Key{Name: selector + "._domainkey." + domain}
	texts, err := r.TXT(ctx, k.Name)
	switch {
	case errors.Is(err, ask.ErrVoid):
		k.problem(Missing, "there is no TXT record")
		return k
	case err != nil:
		k.problem(Temporary, "%v", err)
		return k
	}
	var keys []string
	for _, t := range texts {
		if tags, _ := Tags(t); len(tags) > 0 && (hasTag(tags, "p") || hasTag(tags, "v")) {
			keys = append(keys, t)
		}
	}
	switch {
	case len(keys) == 0:
		k.Text = strings.Join(texts, " | ")
		k.problem(Broken, "the TXT record is not a DKIM key")
	case len(keys) > 1:
		k.Text = strings.Join(keys, " | ")
		k.problem(Several, "there are %d TXT records with a key, and receivers take any of them", len(keys))
	default:
		k.read(keys[0])
	}
	return k
}

func hasTag(tags map[string]string, name string) bool {
	_, ok := tags[name]
	return ok
}

// Tags reads a tag list (RFC 6376, 3.2). Values lose their white space. first is the
// name of the first tag.
func Tags(s string) (tags map[string]string, first string) {
	tags = map[string]string{}
	for part := range strings.SplitSeq(s, ";") {
		name, value, ok := strings.Cut(part, "=")
		name = strings.TrimSpace(name)
		if !ok || name == "" {
			continue
		}
		if first == "" {
			first = name
		}
		if _, twice := tags[name]; !twice {
			tags[name] = strings.Join(strings.Fields(value), "")
		}
	}
	return tags, first
}

// Read looks at the text of a key.
func Read(name, text string) Key {
	k := Key{Name: name}
	k.read(text)
	return k
}

func (k *Key) read(text string) {
	k.Text = text
	tags, first := Tags(text)
	if v, ok := tags["v"]; ok && (v != "DKIM1" || first != "v") {
		k.problem(Broken, "v= must be DKIM1 and stand first")
	}
	k.Kind = tags["k"]
	if k.Kind == "" {
		k.Kind = "rsa"
	}
	flags := strings.Split(tags["t"], ":")
	if slices.Contains(flags, "y") {
		k.problem(Testing, "it has t=y, which asks receivers to treat signatures as if there were none")
	}
	if slices.Contains(flags, "s") {
		k.problem(Strict, "it has t=s: the signing domain must be that of the key, without subdomains")
	}
	if h, ok := tags["h"]; ok && !slices.Contains(strings.Split(h, ":"), "sha256") {
		k.problem(Hash, "h=%s does not allow sha256, the only hash that is still accepted", h)
	}
	if s, ok := tags["s"]; ok && s != "" && !slices.Contains(strings.Split(s, ":"), "*") && !slices.Contains(strings.Split(s, ":"), "email") {
		k.problem(Service, "s=%s says that it is not for email", s)
	}
	p, ok := tags["p"]
	switch {
	case !ok:
		k.problem(Broken, "it has no p=, the key itself")
	case p == "":
		k.problem(Revoked, "its p= is empty: the key has been withdrawn")
	default:
		k.public(p)
	}
}

// public reads the key itself.
func (k *Key) public(p string) {
	raw, err := base64.StdEncoding.DecodeString(p)
	if err != nil {
		what := "p= is not valid base64"
		if strings.ContainsAny(p, `"\`) {
			what += ": quotes or backslashes have come into it when the record was split into several strings"
		} else {
			what += ": it was probably cut or split wrongly, as one string of a TXT record holds 255 characters only"
		}
		k.problem(Broken, "%s", what)
		return
	}
	switch k.Kind {
	case "rsa":
		k.rsa(raw)
	case "ed25519":
		if k.Bits = 256; len(raw) != 32 {
			k.problem(Broken, "an ed25519 key has 32 bytes, and this one %d", len(raw))
		}
	default:
		k.problem(Broken, "k=%s is not a kind of key that receivers know", k.Kind)
	}
}

func (k *Key) rsa(raw []byte) {
	var key *rsa.PublicKey
	if parsed, err := x509.ParsePKIXPublicKey(raw); err == nil {
		key, _ = parsed.(*rsa.PublicKey)
	} else if parsed, err := x509.ParsePKCS1PublicKey(raw); err == nil {
		key = parsed
	}
	if key == nil {
		k.problem(Broken, "p= is not an RSA key: it was probably cut, as one string of a TXT record holds 255 characters only")
		return
	}
	switch k.Bits = key.N.BitLen(); {
	case k.Bits < 1024:
		k.problem(Short, "it has %d bits; receivers accept none below 1024 (RFC 8301)", k.Bits)
	case k.Bits < 2048:
		k.problem(Shortish, "it has %d bits; 2048 are recommended (RFC 8301)", k.Bits)
	case k.Bits > 4096:
		k.problem(Shortish, "it has %d bits; receivers need not accept more than 4096", k.Bits)
	}
}
