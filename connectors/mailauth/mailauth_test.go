package mailauth

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hashsend/bridge/mail"
)

// table is a name server that knows only what stands in it.
type table map[string]string

func (t table) LookupTXT(_ context.Context, name string) ([]string, error) {
	v, ok := t[strings.ToLower(strings.TrimSuffix(name, "."))]
	switch {
	case !ok:
		return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
	case v == "silent":
		return nil, &net.DNSError{Err: "server misbehaving", Name: name, IsTemporary: true}
	}
	return []string{v}, nil
}

func incoming(t testing.TB, raw []byte) mail.Incoming {
	t.Helper()
	h, err := mail.ReadHeader(bufio.NewReader(bytes.NewReader(raw)))
	if err != nil {
		t.Fatal(err)
	}
	return mail.Incoming{
		Head: mail.Head{Header: h},
		Open: func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(raw)), nil },
	}
}

func fixtures(t *testing.T, folder string) string {
	t.Helper()
	dir := filepath.Join("..", "..", "..", "shared", "fixtures", "mail", folder)
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("the shared test material is not here: %v", err)
	}
	return dir
}

func labels(t *testing.T, dir string) []map[string]any {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "labels.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var rows []map[string]any
	for line := range bytes.Lines(b) {
		var row map[string]any
		if err := json.Unmarshal(line, &row); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(dir, row["file"].(string))); err == nil {
			rows = append(rows, row)
		}
	}
	return rows
}

// Results that others have written are not believed (C37).
func TestForgedResults(t *testing.T) {
	dir := fixtures(t, "spoof-ar")
	v := Open(Config{AuthservIDs: []string{"mx.bridge.example"}, Resolver: table{}, CheckDKIM: true}, nil)
	for _, row := range labels(t, dir) {
		name := row["file"].(string)
		raw, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, raw := range [][]byte{raw, bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n"))} {
			m := incoming(t, raw)
			got, err := v.Verify(t.Context(), m)
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			switch row["class"] {
			case "verified":
				from, _, _ := readFrom(m.Header)
				if got.Trust != mail.Proven || from.address != row["author"] {
					t.Errorf("%s: %+v from %q, want proven from %v (%v)", name, got, from.address, row["author"], row["why"])
				}
			case "spoof", "reject":
				if got.Trust != mail.Failed {
					t.Errorf("%s: %+v, want failed (%v)", name, got, row["why"])
				}
			default:
				if got.Trust == mail.Proven {
					t.Errorf("%s: %+v, want not proven (%v)", name, got, row["why"])
				}
			}
			if got.Reason == "" {
				t.Errorf("%s: no reason", name)
			}
		}
	}
}

// C37: a server that was fooled writes what it believes above the forged mail. No
// mail of the set may then pass for the victim.
func TestForgedSenders(t *testing.T) {
	dir := fixtures(t, "spoof-espoofer")
	const id = "mx.victim.example"
	v := Open(Config{AuthservIDs: []string{id}, Resolver: table{}, CheckDKIM: true}, nil)
	for _, row := range labels(t, dir) {
		name := row["file"].(string)
		raw, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		mailFrom := strings.Trim(row["mail_from"].(string), "<>")
		for _, results := range []string{
			"",
			"Authentication-Results: " + id + "; spf=pass smtp.mailfrom=" + mailFrom + "\r\n",
			"Authentication-Results: " + id + "; spf=pass smtp.mailfrom=" + mailFrom + "; dkim=pass header.d=attack.com; dmarc=pass header.from=attack.com\r\n",
			"Authentication-Results: " + id + "; dmarc=pass header.from=first@attack.com\r\n",
		} {
			m := incoming(t, append([]byte(results), raw...))
			got, err := v.Verify(t.Context(), m)
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if from, _, _ := readFrom(m.Header); got.Trust == mail.Proven && !strings.HasSuffix(from.address, "@attack.com") {
				t.Errorf("%s passes for %s: %+v", name, from.address, got)
			}
		}
	}
}

// The topmost results of a trusted server count (C37).
func TestPlaceOfResults(t *testing.T) {
	const rest = "From: Ann <ann@corp.example>\nSubject: #Send\n\nhi\n"
	const pass = "dmarc=pass header.from=corp.example\n"
	const border = "Received: from relay.example (relay.example [192.0.2.1]) by mx.own.example with ESMTPS id 1; Mon, 6 Jan 2025 10:00:00 +0000\n"
	cases := []struct {
		why, id, head string
		want          mail.Trust
	}{
		{"above the Received of the server", "mx.own.example", "Authentication-Results: mx.own.example; " + pass + border, mail.Proven},
		{
			"handed on by LMTP afterwards", "mx.own.example",
			"Received: from mx.own.example by store.own.example with LMTP id 2; Mon, 6 Jan 2025 10:00:01 +0000\nAuthentication-Results: mx.own.example; " + pass + border, mail.Proven,
		},
		{
			"a client that calls itself by LMTP", "mx.own.example",
			"Received: from \"x by y with LMTP\" (evil [192.0.2.66]) by mx.own.example with ESMTP id 2; Mon, 6 Jan 2025 10:00:01 +0000\nAuthentication-Results: mx.own.example; " + pass, mail.Unproven,
		},
		{
			"a recipient with LMTP in the name", "mx.own.example",
			"Received: from evil (evil [192.0.2.66]) by mx.own.example with ESMTP id 2 for <\"by y with lmtp\"@own.example>; Mon, 6 Jan 2025 10:00:01 +0000\nAuthentication-Results: mx.own.example; " + pass, mail.Unproven,
		},
		{"below it", "mx.own.example", border + "Authentication-Results: mx.own.example; " + pass, mail.Unproven},
		{
			"Gmail writes below its Received", "mx.google.com",
			"Delivered-To: us@gmail.com\nReceived: by 2002:a05:7000:1 with SMTP id a1; Mon, 6 Jan 2025 02:00:00 -0800 (PST)\nReturn-Path: <ann@corp.example>\n" +
				"Received: from mail.corp.example (mail.corp.example. [192.0.2.1]) by mx.google.com with ESMTPS id b2 for <us@gmail.com>; Mon, 6 Jan 2025 02:00:00 -0800 (PST)\n" +
				"Received-SPF: pass (google.com: domain of ann@corp.example designates 192.0.2.1 as permitted sender) client-ip=192.0.2.1;\n" +
				"Authentication-Results: mx.google.com; dkim=pass header.i=@corp.example header.s=s1 header.b=\"Ab/12+=\"; spf=pass (google.com: domain of ann@corp.example designates 192.0.2.1 as permitted sender) smtp.mailfrom=ann@corp.example; dmarc=pass (p=NONE sp=NONE dis=NONE) header.from=corp.example\n", mail.Proven,
		},
		{
			"a second one below Gmail's is the sender's", "mx.google.com",
			"Received: from evil (evil. [192.0.2.66]) by mx.google.com with ESMTPS id b2; Mon, 6 Jan 2025 02:00:00 -0800 (PST)\n" +
				"Authentication-Results: mx.google.com; spf=pass smtp.mailfrom=evil.example; dmarc=none\nAuthentication-Results: mx.google.com; " + pass, mail.Unproven,
		},
		{
			"a server that never was Gmail", "mx.google.com",
			border + "Received: from evil (evil. [192.0.2.66]) by mx.google.com with ESMTPS id b2; Mon, 6 Jan 2025 02:00:00 -0800 (PST)\nAuthentication-Results: mx.google.com; " + pass, mail.Unproven,
		},
		{"Gmail's name above its Received", "mx.google.com", "Authentication-Results: mx.google.com; " + pass +
			"Received: from evil (evil. [192.0.2.66]) by mx.google.com with ESMTPS id b2; Mon, 6 Jan 2025 02:00:00 -0800 (PST)\n", mail.Unproven},
		{
			"Microsoft writes no name", "outlook.com",
			"Received: from A.prod.outlook.com (2603:10a6::1) by B.prod.outlook.com with HTTPS; Mon, 6 Jan 2025 10:00:02 +0000\n" +
				"Received: from FT.eop-1.prod.protection.outlook.com (2603:10a6::2) by C.outlook.office365.com with Microsoft SMTP Server via Frontend Transport; Mon, 6 Jan 2025 10:00:01 +0000\n" +
				"Authentication-Results: spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=corp.example; dkim=pass (signature was verified) header.d=corp.example;dmarc=pass action=none header.from=corp.example;compauth=pass reason=100\n" +
				"Received: from mail.corp.example (192.0.2.1) by FT.mail.protection.outlook.com (10.1.1.1) with Microsoft SMTP Server; Mon, 6 Jan 2025 10:00:00 +0000\n", mail.Proven,
		},
		{
			"the same below its border", "outlook.com",
			"Received: from evil.example (192.0.2.66) by FT.mail.protection.outlook.com (10.1.1.1) with Microsoft SMTP Server; Mon, 6 Jan 2025 10:00:00 +0000\n" +
				"Authentication-Results: spf=pass smtp.mailfrom=corp.example; " + pass +
				"Received: from x (192.0.2.66) by FT.mail.protection.outlook.com (10.1.1.1) with Microsoft SMTP Server; Mon, 6 Jan 2025 10:00:00 +0000\n", mail.Unproven,
		},
		{"nothing configured", "", "Authentication-Results: mx.own.example; " + pass + border, mail.Unproven},
	}
	for _, c := range cases {
		v := Open(Config{AuthservIDs: []string{c.id}, Resolver: table{}}, nil)
		got, err := v.Verify(t.Context(), incoming(t, []byte(c.head+rest)))
		if err != nil || got.Trust != c.want {
			t.Errorf("%s: %+v, %v; want %d", c.why, got, err, c.want)
		}
	}
}

func TestJudge(t *testing.T) {
	cases := []struct {
		why, results, from string
		want               mail.Trust
		method             string
	}{
		{"DMARC passes", "dmarc=pass header.from=corp.example", "ann@corp.example", mail.Proven, "dmarc"},
		{"for another domain", "dmarc=pass header.from=other.example", "ann@corp.example", mail.Unproven, "none"},
		{"without saying for whom", "dmarc=pass", "ann@corp.example", mail.Unproven, "none"},
		{"two answers", "dmarc=pass header.from=corp.example; dmarc=fail header.from=corp.example", "ann@corp.example", mail.Unproven, "dmarc"},
		{"a signature of the domain", "dkim=pass header.d=corp.example; dmarc=none", "ann@corp.example", mail.Proven, "dkim"},
		{"of a subdomain", "dkim=pass header.i=@mail.corp.example", "ann@corp.example", mail.Proven, "dkim"},
		{"signer and identity differ", "dkim=pass header.d=evil.example header.i=@corp.example", "ann@corp.example", mail.Unproven, "none"},
		{"a good one beside a broken one", "dkim=fail header.d=list.example; dkim=pass header.d=corp.example", "ann@corp.example", mail.Proven, "dkim"},
		{"a failing policy wins over a signature", "dkim=pass header.d=mail.corp.example; dmarc=fail header.from=corp.example", "ann@corp.example", mail.Failed, "dmarc"},
		{"a public suffix signs for nobody", "dkim=pass header.d=co.uk", "ann@corp.co.uk", mail.Unproven, "none"},
		{"neighbours on a shared host", "dkim=pass header.d=evil.github.io", "ann@corp.github.io", mail.Unproven, "none"},
		{"SPF alone", "spf=pass smtp.mailfrom=ann@corp.example", "ann@corp.example", mail.Unproven, "spf"},
		{"the property is given twice", "dmarc=pass header.from=corp.example header.from=evil.example", "ann@corp.example", mail.Unproven, ""},
		{"letters beyond ASCII", "dmarc=pass header.from=xn--bcher-kva.example", "ann@bücher.example", mail.Proven, "dmarc"},
		{"a guess is no pass", "dmarc=bestguesspass header.from=corp.example", "ann@corp.example", mail.Unproven, "none"},
	}
	for _, c := range cases {
		v := Open(Config{AuthservIDs: []string{"mx"}, Resolver: table{}}, nil)
		got, err := v.Verify(t.Context(), incoming(t, []byte("Authentication-Results: mx; "+c.results+"\nFrom: "+c.from+"\n\nhi\n")))
		if err != nil || got.Trust != c.want || got.Method != c.method {
			t.Errorf("%s: %+v, %v; want %d by %q", c.why, got, err, c.want, c.method)
		}
	}
}

func TestReadFrom(t *testing.T) {
	for from, want := range map[string]string{
		"ann@corp.example":                                 "ann@corp.example",
		"Ann <ann@corp.example>":                           "ann@corp.example",
		`"Ann, Sales" <ann@corp.example>`:                  "ann@corp.example",
		`"bob@other.example" <ann@corp.example>`:           "ann@corp.example",
		"ann@corp.example (Ann <x@y.example>)":             "ann@corp.example",
		"=?utf-8?q?A_<b=40c.example>?= <ann@corp.example>": "", // specials in an encoded word
		"ann@corp.example, bob@corp.example":               "",
		"<ann@corp.example> bob@corp.example":              "",
		"Group: ann@corp.example;":                         "",
		"<@relay.example:ann@corp.example>":                "",
		"ann@corp.example <":                               "",
		"ann@corp.example@evil.example":                    "",
		"\"ann@corp.example\" bob <bob@evil.example> (x":   "",
		"ann@corp.example\t":                               "ann@corp.example",
	} {
		a, verdict, ok := readFrom(mail.Header{{Name: "From", Value: from}})
		if a.address != want || ok != (want != "") || !ok && (verdict.Trust == mail.Proven || verdict.Reason == "") {
			t.Errorf("%q: %+v %+v %v, want %q", from, a, verdict, ok, want)
		}
	}
}

func TestSentIsTrustedByItsPlace(t *testing.T) {
	m := incoming(t, []byte("From: me@own.example\n\nhi\n"))
	m.Place = mail.Sent
	got, err := Open(Config{}, nil).Verify(t.Context(), m)
	if err != nil || got.Trust != mail.Proven || got.Method != "place" {
		t.Fatalf("%+v, %v", got, err)
	}
}

func TestReadErrorIsReported(t *testing.T) {
	m := incoming(t, []byte("DKIM-Signature: v=1; d=corp.example; a=rsa-sha256; h=from; s=x; bh=YQ==; b=YQ==\nFrom: ann@corp.example\n\nhi\n"))
	gone := errors.New("connection lost")
	m.Open = func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(io.MultiReader(strings.NewReader("From: ann@corp.example\n\nh"), broken{gone})), nil
	}
	_, err := Open(Config{Resolver: table{}, CheckDKIM: true}, nil).Verify(t.Context(), m)
	if !errors.Is(err, gone) {
		t.Fatalf("%v, want %v", err, gone)
	}
}

type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }

func FuzzResults(f *testing.F) {
	for _, s := range []string{
		"mx.example; dmarc=pass (p=none) header.from=corp.example; dkim=pass header.d=corp.example header.b=\"a/b=\"",
		"mx 1; none", "spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=a@b.example;compauth=pass reason=100",
		`"mx"; dkim/1 = pass reason="a;b" header . d=x`, "mx; spf=pass smtp.mailfrom=any@legitimate.com(a.attack.com", "mx; a=b (((", `mx; a="`, ";", "(\\",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := parseResults(s)
		if err != nil {
			return
		}
		for _, r := range a.results {
			if r.method == "" || r.value == "" {
				t.Errorf("%q: an empty result: %+v", s, r)
			}
			for k, v := range r.props {
				if !strings.Contains(s, v) && !strings.ContainsAny(s, `\"`) || k == "" {
					t.Errorf("%q: property %q=%q is not in it", s, k, v)
				}
			}
		}
		// What stands in a comment can prove nothing.
		in := "mx; dmarc=none (" + strings.NewReplacer("(", "", ")", "", "\\", "", "\n", "", "\r", "").Replace(s) + ")"
		if got := judge(author{domain: "corp.example"}, trustedResults(mail.Header{{Name: "Authentication-Results", Value: in}}, []string{"mx"}), nil); got.Trust == mail.Proven {
			t.Errorf("%q: a comment proves the sender", in)
		}
		received(s)
		oneMailbox(s)
	})
}

func BenchmarkVerify(b *testing.B) {
	m := incoming(b, []byte("Authentication-Results: mx.example; dkim=pass header.d=corp.example; spf=pass smtp.mailfrom=corp.example; dmarc=pass (p=reject) header.from=corp.example\n"+
		"Received: from relay.example (relay.example [192.0.2.1]) by mx.example with ESMTPS id 1; Mon, 6 Jan 2025 10:00:00 +0000\nFrom: Ann <ann@corp.example>\n\nhi\n"))
	v := Open(Config{AuthservIDs: []string{"mx.example"}, Resolver: table{}}, nil)
	for b.Loop() {
		if got, err := v.Verify(b.Context(), m); err != nil || got.Trust != mail.Proven {
			b.Fatal(got, err)
		}
	}
}
