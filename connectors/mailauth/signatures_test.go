package mailauth

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/emersion/go-msgauth/dkim"

	"hashsend/bridge/mail"
)

// sign signs a mail for a domain and returns it with the key record.
func sign(t *testing.T, domain, text string) (raw []byte, record string) {
	t.Helper()
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))
	var out bytes.Buffer
	err := dkim.Sign(&out, strings.NewReader(strings.ReplaceAll(text, "\n", "\r\n")), &dkim.SignOptions{
		Domain: domain, Selector: "s", Signer: key,
		HeaderCanonicalization: dkim.CanonicalizationRelaxed, BodyCanonicalization: dkim.CanonicalizationRelaxed,
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(key.Public().(ed25519.PublicKey))
}

func TestOwnCheck(t *testing.T) {
	const plain = "From: Ann <ann@corp.example>\nTo: us@own.example\nSubject: #Send\n\nhello\n"
	good, key := sign(t, "corp.example", plain)
	sub, _ := sign(t, "mail.corp.example", plain)
	foreign, _ := sign(t, "evil.example", plain)
	changed := bytes.Replace(good, []byte("hello"), []byte("hullo"), 1)
	length := bytes.Replace(good, []byte("DKIM-Signature: "), []byte("DKIM-Signature: l=3; "), 1)
	const at, sat, fat = "s._domainkey.corp.example", "s._domainkey.mail.corp.example", "s._domainkey.evil.example"
	cases := []struct {
		why    string
		raw    []byte
		dns    table
		want   mail.Trust
		method string
	}{
		{"a signature that holds", good, table{at: key}, mail.Proven, "dkim"},
		{"with the line ends of a file", bytes.ReplaceAll(good, []byte("\r\n"), []byte("\n")), table{at: key}, mail.Proven, "dkim"},
		{"of a subdomain", sub, table{sat: key}, mail.Proven, "dkim"},
		{"of a subdomain, the domain wants itself", sub, table{sat: key, "_dmarc.corp.example": "v=DMARC1; p=none; adkim=s"}, mail.Unproven, ""},
		{"of somebody else", foreign, table{fat: key}, mail.Unproven, ""},
		{"of somebody else, the domain signs all", foreign, table{fat: key, "_dmarc.corp.example": "v=DMARC1; p=reject"}, mail.Failed, "dmarc"},
		{"text changed on the way", changed, table{at: key}, mail.Unproven, "dkim"},
		{"text changed, the domain signs all", changed, table{at: key, "_dmarc.corp.example": "v=DMARC1; p=quarantine"}, mail.Failed, "dmarc"},
		{"only a part is signed", length, table{at: key}, mail.Unproven, "dkim"},
		{"the key cannot be had at the moment", good, table{at: "silent", "_dmarc.corp.example": "v=DMARC1; p=reject"}, mail.Unproven, "dkim"},
		{"no signature, no policy", []byte(plain), table{}, mail.Unproven, ""},
		{
			"no signature, policy of the organisation for others", []byte(strings.ReplaceAll(plain, "ann@corp", "ann@x.corp")),
			table{"_dmarc.corp.example": "v=DMARC1; p=none; sp=reject"},
			mail.Failed, "dmarc",
		},
	}
	for _, c := range cases {
		got, err := Open(Config{Resolver: c.dns, CheckDKIM: true}, nil).Verify(t.Context(), incoming(t, c.raw))
		if err != nil || got.Trust != c.want || got.Method != c.method || got.Reason == "" {
			t.Errorf("%s: %+v, %v; want %d by %q", c.why, got, err, c.want, c.method)
		}
	}
}

// What a trusted server said stands; where it found nothing, our own look counts.
func TestServerFirstThenOwnCheck(t *testing.T) {
	good, key := sign(t, "corp.example", "From: ann@corp.example\n\nhello\n")
	for results, want := range map[string]mail.Trust{
		"none":                                mail.Proven,
		"spf=pass smtp.mailfrom=x@y.example":  mail.Proven,
		"dmarc=temperror":                     mail.Proven,
		"dmarc=fail header.from=corp.example": mail.Failed,
	} {
		raw := append([]byte("Authentication-Results: mx.own.example; "+results+"\r\n"), good...)
		v := Open(Config{AuthservIDs: []string{"mx.own.example"}, Resolver: table{"s._domainkey.corp.example": key}, CheckDKIM: true}, nil)
		if got, err := v.Verify(t.Context(), incoming(t, raw)); err != nil || got.Trust != want {
			t.Errorf("%s: %+v, %v; want %d", results, got, err, want)
		}
	}
}

// Real signatures: where the keys are known they hold, where not nothing is proven.
func TestRealSignatures(t *testing.T) {
	for _, folder := range []string{"dkim", "dmarc"} {
		dir := fixtures(t, folder)
		for _, row := range labels(t, dir) {
			name := row["file"].(string)
			raw, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			dns, valid := knownKeys(t, row["expected"])
			got, err := Open(Config{Resolver: dns, CheckDKIM: true}, nil).Verify(t.Context(), incoming(t, raw))
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if (got.Trust == mail.Proven) != valid {
				t.Errorf("%s: %+v, want proven: %v", name, got, valid)
			}
		}
	}
}

// knownKeys reads the zone and the expected outcome that a label has with it.
func knownKeys(t *testing.T, expected any) (dns table, valid bool) {
	t.Helper()
	e, ok := expected.(map[string]any)
	if !ok {
		return nil, false
	}
	dns = table{}
	zone, _ := e["dns"].(string)
	for entry := range strings.SplitSeq(strings.ReplaceAll(zone, "\\\n", ""), "\n") {
		if name, value, ok := strings.Cut(entry, ":"); ok {
			dns[name] = strings.TrimSpace(value)
		}
	}
	var result struct{ Valid int }
	if s, ok := e["result"].(string); ok {
		if err := json.Unmarshal([]byte(s), &result); err != nil {
			t.Fatal(err)
		}
	}
	return dns, result.Valid > 0
}

func TestWireReader(t *testing.T) {
	const in, want = "a\nb\r\nc\r\r\n\n\nd", "a\r\nb\r\nc\r\r\n\r\n\r\nd"
	for _, r := range []io.Reader{strings.NewReader(in), iotest.OneByteReader(strings.NewReader(in))} {
		got, err := io.ReadAll(iotest.OneByteReader(&wireReader{r: bufio.NewReader(r)}))
		if err != nil || string(got) != want {
			t.Errorf("%q, %v; want %q", got, err, want)
		}
	}
}
