package received_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hashsend/cmd/hashsend/doctor/received"
)

const sample = `Return-Path: <bounce+x@shop.example>
Received: by 2002:a05:6000:1 with SMTP id x1; Fri, 27 Nov 2026 10:00:09 -0800 (PST)
Authentication-Results: mx.receiver.example;
	dkim=pass header.i=@shop.example header.s=s1
Received: from out7.shop.example (out7.shop.example. [203.0.113.7])
	by mx.receiver.example with ESMTPS id abc
	(version=TLS1_3); Fri, 27 Nov 2026 10:00:08 -0800 (PST)
Received: from laptop.local (dsl-1.isp.example [198.51.100.9])
	by out7.shop.example (Postfix) with ESMTPSA id def;
	Fri, 27 Nov 2026 19:00:05 +0100
DKIM-Signature: v=1; a=rsa-sha256; d=shop.example; s=s1; h=from; b=x
From: Team <team@Shop.example>
Message-ID: <one@shop.example>
Subject: hello

text
`

func TestRead(t *testing.T) {
	for _, raw := range []string{sample, strings.ReplaceAll(sample, "\n", "\r\n")} {
		got, err := received.Read([]byte(raw))
		if err != nil {
			t.Fatal(err)
		}
		b, ok := got.Border()
		if !ok || b.IP.String() != "203.0.113.7" || b.Helo != "out7.shop.example" || b.Name != "out7.shop.example" || b.By != "mx.receiver.example" || b.With != "ESMTPS" {
			t.Errorf("border: %v %+v", ok, b)
		}
		if got.MailFrom != "bounce+x@shop.example" || got.From != "shop.example" || got.MessageID != "one@shop.example" || len(got.Signatures) != 1 || len(got.Results) != 1 || got.Sealed {
			t.Errorf("%+v", got)
		}
		if d := got.Delays(); len(d) != 2 || d[0] != 3*time.Second || d[1] != time.Second {
			t.Errorf("delays: %v", d)
		}
	}
}

// The address of the client is found in the forms of several servers, and no
// address is made up.
func TestHops(t *testing.T) {
	for _, c := range []struct{ field, ip string }{
		{"from a.example (b.example [203.0.113.5]) by c.example with ESMTP; x", "203.0.113.5"},
		{"from a.example ([203.0.113.5]) by c.example", "203.0.113.5"},
		{"from [203.0.113.5] (helo=a.example) by c.example with esmtp (Exim 4.96)", "203.0.113.5"},
		{"from a.example (203.0.113.5) by c.example (2603:10a6:10:0:cafe::1) with Microsoft SMTP Server id 15.20", "203.0.113.5"},
		{"from a.example (unknown [IPv6:2001:db8::5]) by c.example (Postfix) with ESMTPS", "2001:db8::5"},
		{"from a.example (b.example [10.0.0.5]) by c.example with ESMTP", ""},
		{"from a.example by c.example with LMTP id x; Fri, 27 Nov 2026 10:00:08 +0000", ""},
		{"by 2002:a05:6000:1 with SMTP id x1", ""},
		{"from a.example (b.example [203.0.113.5]) by c.example with ESMTPSA", ""},
	} {
		got, err := received.Read([]byte("Received: " + c.field + "\nFrom: a@b.example\n\n"))
		if err != nil {
			t.Fatal(err)
		}
		b, ok := got.Border()
		if ok != (c.ip != "") || ok && b.IP.String() != c.ip {
			t.Errorf("%s: %v %s, want %q", c.field, ok, b.IP, c.ip)
		}
	}
}

// The mails of the shared material can all be read.
func TestShared(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "..", "..", "..", "shared", "fixtures", "mail", "*", "*.eml"))
	if err != nil || len(files) == 0 {
		t.Skip("the shared test material is not here")
	}
	borders := 0
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		got, err := received.Read(raw)
		if err != nil {
			continue // a header that is larger than any mail may have
		}
		if b, ok := got.Border(); ok {
			borders++
			if !b.IP.IsValid() {
				t.Errorf("%s: a border without an address", f)
			}
		}
	}
	t.Logf("%d of %d mails came over a border", borders, len(files))
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(sample))
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := received.Read(raw)
		if err != nil {
			return
		}
		if b, ok := got.Border(); ok && (!b.IP.IsValid() || b.IP.IsPrivate()) {
			t.Errorf("%+v", b)
		}
		got.Delays()
	})
}
