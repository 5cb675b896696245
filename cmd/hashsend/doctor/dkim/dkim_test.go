package dkim_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"hashsend/cmd/hashsend/doctor/ask"
	"hashsend/cmd/hashsend/doctor/dkim"
)

type table map[string][]string

func (t table) TXT(_ context.Context, name string) ([]string, error) {
	v, ok := t[name]
	if !ok {
		return nil, ask.ErrVoid
	}
	if v == nil {
		return nil, errors.New("time-out")
	}
	return v, nil
}

func rsaKey(t *testing.T, bits int) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(raw)
}

func TestKeys(t *testing.T) {
	t.Setenv("GODEBUG", "rsa1024min=0") // short keys are made on purpose
	good, short := rsaKey(t, 2048), rsaKey(t, 512)
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ed := base64.StdEncoding.EncodeToString(private.Public().(ed25519.PublicKey))
	for _, c := range []struct {
		name  string
		texts []string
		kinds []dkim.Kind
		works bool
		bits  int
	}{
		{"good", []string{"v=DKIM1; k=rsa; p=" + good}, nil, true, 2048},
		{"no version", []string{"p=" + good}, nil, true, 2048},
		{"spaces in it", []string{"v=DKIM1; p=" + good[:100] + " " + good[100:]}, nil, true, 2048},
		{"ed25519", []string{"v=DKIM1; k=ed25519; p=" + ed}, nil, true, 256},
		{"1024", []string{"v=DKIM1; p=" + rsaKey(t, 1024)}, []dkim.Kind{dkim.Shortish}, true, 1024},
		{"512", []string{"v=DKIM1; p=" + short}, []dkim.Kind{dkim.Short}, false, 512},
		{"testing", []string{"v=DKIM1; t=y:s; p=" + good}, []dkim.Kind{dkim.Testing, dkim.Strict}, true, 2048},
		{"withdrawn", []string{"v=DKIM1; p="}, []dkim.Kind{dkim.Revoked}, false, 0},
		{"cut", []string{"v=DKIM1; p=" + good[:250]}, []dkim.Kind{dkim.Broken}, false, 0},
		{"quotes in it", []string{`v=DKIM1; p=` + good[:200] + `" "` + good[200:]}, []dkim.Kind{dkim.Broken}, false, 0},
		{"two", []string{"v=DKIM1; p=" + good, "v=DKIM1; p=" + short}, []dkim.Kind{dkim.Several}, false, 0},
		{"something else", []string{"hello"}, []dkim.Kind{dkim.Broken}, false, 0},
		{"version last", []string{"k=rsa; p=" + good + "; v=DKIM1"}, []dkim.Kind{dkim.Broken}, false, 2048},
		{"sha1 only", []string{"v=DKIM1; h=sha1; p=" + good}, []dkim.Kind{dkim.Hash}, false, 2048},
		{"not for email", []string{"v=DKIM1; s=tlsrpt; p=" + good}, []dkim.Kind{dkim.Service}, false, 2048},
		{"beside another TXT", []string{"hello", "v=DKIM1; p=" + good}, nil, true, 2048},
		{"unknown kind", []string{"v=DKIM1; k=dsa; p=" + good}, []dkim.Kind{dkim.Broken}, false, 0},
		{"no answer", nil, []dkim.Kind{dkim.Temporary}, false, 0},
	} {
		k := dkim.Lookup(t.Context(), table{"s1._domainkey.shop.example": c.texts}, "s1", "shop.example")
		var kinds []dkim.Kind
		for _, p := range k.Problems {
			kinds = append(kinds, p.Kind)
		}
		if !slices.Equal(kinds, c.kinds) || k.Works() != c.works || k.Bits != c.bits {
			t.Errorf("%s: %v, works %v, %d bits", c.name, k.Problems, k.Works(), k.Bits)
		}
	}
	if k := dkim.Lookup(t.Context(), table{}, "s1", "shop.example"); !k.Has(dkim.Missing) {
		t.Errorf("missing: %v", k.Problems)
	}
}

func TestSignatures(t *testing.T) {
	now := time.Unix(1_790_000_000, 0)
	for _, c := range []struct {
		value string
		kinds []dkim.Kind
	}{
		{"v=1; a=rsa-sha256; d=shop.example; s=s1; h=From:To; b=x", nil},
		{"v=1; a=rsa-sha1; d=shop.example; s=s1; h=from; b=x", []dkim.Kind{dkim.Hash}},
		{"v=1; a=rsa-sha256; d=shop.example; s=s1; l=10; h=to; b=x", []dkim.Kind{dkim.Length, dkim.Unsigned}},
		{"v=1; a=rsa-sha256; d=shop.example; i=@mail.shop.example; s=s1; h=from; b=x", nil},
		{"v=1; a=rsa-sha256; d=shop.example; i=@myshop.example; s=s1; h=from; b=x", []dkim.Kind{dkim.Identity}},
		{fmt.Sprintf("v=1; d=shop.example; s=s1; h=from; x=%d", now.Unix()-1), []dkim.Kind{dkim.Expired}},
		{fmt.Sprintf("v=1; d=shop.example; s=s1; h=from; t=%d; x=%d", now.Unix(), now.Unix()+3600), []dkim.Kind{dkim.Expires}},
		{fmt.Sprintf("v=1; d=shop.example; s=s1; h=from; t=%d; x=%d", now.Unix(), now.Unix()+7*24*3600), nil},
	} {
		s, ok := dkim.ReadSignature(c.value, now)
		var kinds []dkim.Kind
		for _, p := range s.Problems {
			kinds = append(kinds, p.Kind)
		}
		if !ok || !slices.Equal(kinds, c.kinds) {
			t.Errorf("%s: %v, %v", c.value, ok, s.Problems)
		}
	}
	if _, ok := dkim.ReadSignature("v=1; d=shop.example", now); ok {
		t.Error("a signature without a selector names a key")
	}
}

// FuzzKey: no text of a record makes it fail, and what works has a length.
func FuzzKey(f *testing.F) {
	f.Add("v=DKIM1; k=rsa; p=MIGfMA0G")
	f.Add("v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=")
	f.Fuzz(func(t *testing.T, s string) {
		if k := dkim.Read("x", s); k.Works() && k.Bits == 0 {
			t.Errorf("%q works without bits", s)
		}
		if sig, ok := dkim.ReadSignature(s, time.Unix(0, 0)); ok && strings.ToLower(sig.Domain) != sig.Domain {
			t.Errorf("%q", sig.Domain)
		}
	})
}
