package mailauth

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/emersion/go-msgauth/dkim"

	"hashsend/bridge/mail"
)

// signWith signs some fields of a mail, for an identity.
func signWith(t *testing.T, identity string, fields []string, text string) []byte {
	t.Helper()
	var out bytes.Buffer
	err := dkim.Sign(&out, strings.NewReader(strings.ReplaceAll(text, "\n", "\r\n")), &dkim.SignOptions{
		Domain: "corp.example", Selector: "s", Identifier: identity, HeaderKeys: fields,
		Signer:                 ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize)),
		HeaderCanonicalization: dkim.CanonicalizationRelaxed, BodyCanonicalization: dkim.CanonicalizationRelaxed,
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func keyRecord(flags string) table {
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize)).Public().(ed25519.PublicKey)
	return table{"s._domainkey.corp.example": "v=DKIM1; k=ed25519; " + flags + "p=" + base64.StdEncoding.EncodeToString(key)}
}

const lunch = "From: Ann <ann@corp.example>\nTo: us@own.example\nSubject: Lunch\nMessage-ID: <1@corp.example>\nDate: Mon, 6 Jan 2025 10:00:00 +0000\n\nYes.\n"

// A signed mail that is sent again with other fields proves nothing, whoever
// looks at it: our own check, or a server that saw only the signature.
func TestReplayedMail(t *testing.T) {
	all := []string{"From", "To", "Subject", "Message-ID", "Date"}
	strict := append(all, "Subject", "In-Reply-To", "References")
	for _, c := range []struct {
		why   string
		raw   []byte
		want  mail.Trust
		cause mail.Cause
	}{
		{"as it was", signWith(t, "", all, lunch), mail.Proven, 0},
		{"a second subject", append([]byte("Subject: Money\r\n"), signWith(t, "", all, lunch)...), mail.Unproven, mail.FieldDoubled},
		{"a second content type", append([]byte("Content-Type: text/html\r\n"), signWith(t, "", all, "Content-Type: text/plain\n"+lunch)...), mail.Unproven, mail.FieldDoubled},
		{"an answer that it was not", append([]byte("In-Reply-To: <x@own.example>\r\n"), signWith(t, "", all, lunch)...), mail.Unproven, mail.FieldUnsigned},
		{"references", append([]byte("References: <x@own.example>\r\n"), signWith(t, "", all, lunch)...), mail.Unproven, mail.FieldUnsigned},
		{"another recipient", append([]byte("Cc: <token@own.example>\r\n"), signWith(t, "", all, lunch)...), mail.Unproven, mail.FieldUnsigned},
		{"what was signed as missing", append([]byte("In-Reply-To: <x@own.example>\r\n"), signWith(t, "", strict, lunch)...), mail.Unproven, 0},
	} {
		for name, results := range map[string]string{
			"our own check":         "",
			"dkim alone":            "Authentication-Results: mx.own.example; dkim=pass header.d=corp.example\r\n",
			"dmarc by dkim":         "Authentication-Results: mx.own.example; spf=fail smtp.mailfrom=x@evil.example; dkim=pass header.d=corp.example; dmarc=pass header.from=corp.example\r\n",
			"dmarc without reasons": "Authentication-Results: mx.own.example; dmarc=pass header.from=corp.example\r\n",
		} {
			if c.cause == 0 && c.want == mail.Unproven && results != "" {
				continue // no server would say that
			}
			v := Open(Config{AuthservIDs: []string{"mx.own.example"}, Resolver: keyRecord(""), CheckDKIM: true}, nil)
			got, err := v.Verify(t.Context(), incoming(t, append([]byte(results), c.raw...)))
			if err != nil || got.Trust != c.want || got.Cause != c.cause || got.Reason == "" {
				t.Errorf("%s, %s: %+v, %v", c.why, name, got, err)
			}
			if got.Trust == mail.Proven && got.Address != "ann@corp.example" {
				t.Errorf("%s, %s: proven is %q", c.why, name, got.Address)
			}
		}
	}
	// The way it came speaks for it as well: then nobody has sent it again.
	direct := append([]byte("Authentication-Results: mx.own.example; spf=pass smtp.mailfrom=ann@corp.example; dkim=pass header.d=corp.example; dmarc=pass header.from=corp.example\r\nIn-Reply-To: <x@own.example>\r\n"), signWith(t, "", all, lunch)...)
	if got, err := Open(Config{AuthservIDs: []string{"mx.own.example"}}, nil).Verify(t.Context(), incoming(t, direct)); err != nil || got.Trust != mail.Proven {
		t.Errorf("came straight: %+v, %v", got, err)
	}
}

// What a key says about itself is obeyed (RFC 6376, 3.6.1).
func TestKeyFlags(t *testing.T) {
	all := []string{"From", "To", "Subject", "Message-ID", "Date"}
	for _, c := range []struct {
		flags, identity string
		want            mail.Trust
	}{
		{"", "ann@mail.corp.example", mail.Proven},
		{"t=s; ", "ann@mail.corp.example", mail.Unproven},
		{"t=s; ", "ann@corp.example", mail.Proven},
		{"t=s; ", "", mail.Proven},
		{"t=y; ", "", mail.Unproven},
		{"t=y:s; ", "ann@corp.example", mail.Unproven},
	} {
		got, err := Open(Config{Resolver: keyRecord(c.flags), CheckDKIM: true}, nil).Verify(t.Context(), incoming(t, signWith(t, c.identity, all, lunch)))
		if err != nil || got.Trust != c.want {
			t.Errorf("%q with %q: %+v, %v", c.flags, c.identity, got, err)
		}
	}
}

// A header that nobody has read to its end is held, whatever signatures and
// servers say, and wherever the mail lies.
func TestLargeHeader(t *testing.T) {
	good := signWith(t, "", []string{"From", "To", "Subject", "Message-ID", "Date"}, lunch)
	for _, c := range []struct {
		why   string
		extra int
		line  string
		held  bool
	}{
		{"small", 10, "X-Pad: " + strings.Repeat("x", 60) + "\r\n", false},
		{"many fields", 20000, "X-Pad: " + strings.Repeat("x", 60) + "\r\n", true},
		{"one long field", 1, "X-Pad: " + strings.Repeat("x", mail.MaxHeader) + "\r\n", true},
		{"a long field that ends at the limit", 1, "X-Pad: " + strings.Repeat("x", mail.MaxHeader-7) + "\r\n", true},
		{"without line ends", 1, strings.Repeat("x", 2*mail.MaxHeader), true},
	} {
		raw := append([]byte(strings.Repeat(c.line, c.extra)), good...)
		for _, place := range []mail.Place{mail.Inbox, mail.Sent} {
			m := incoming(t, raw)
			m.Place, m.Size = place, int64(len(raw))
			got, err := Open(Config{Resolver: keyRecord(""), CheckDKIM: true}, nil).Verify(t.Context(), m)
			if held := got.Cause == mail.HeaderTooLarge; err != nil || held != c.held || held != (got.Trust == mail.Failed) {
				t.Errorf("%s at %d: %+v, %v", c.why, place, got, err)
			}
		}
	}
}

// A long header is read without an error, also where it ends with a buffer.
func TestHeaderThatFillsBuffers(t *testing.T) {
	for _, n := range []int{0, 1, 4095, 4096, 8192} {
		for _, front := range []string{"", "Subject: x\r\n"} {
			raw := front + "X-Pad: " + strings.Repeat("x", mail.MaxHeader-len(front)-7+n) + "\r\nFrom: a@b.example\r\n\r\ntext"
			m := incoming(t, []byte(raw)) // fails where the header cannot be read
			if front != "" && m.Header.Get("Subject") != "x" {
				t.Error(fmt.Sprint(n, ": the subject is lost"))
			}
		}
	}
}

// Some programs write a second Cc when they reply to all. From the author's own servers
// that is no sign of a mail that is sent again.
func TestDoubledLists(t *testing.T) {
	for _, c := range []struct {
		fields   []string
		straight bool
		want     string
	}{
		{[]string{"To", "Cc", "Cc"}, true, ""},
		{[]string{"To", "Cc", "Cc"}, false, "Cc"},
		{[]string{"Subject", "Subject", "Cc", "Cc"}, true, "Subject"},
		{[]string{"To", "Subject", "Cc"}, false, ""},
	} {
		var h mail.Header
		for _, name := range c.fields {
			h = append(h, mail.Field{Name: name, Value: "x"})
		}
		if got := doubled(h, c.straight); got != c.want {
			t.Errorf("%v, straight %v: %q, want %q", c.fields, c.straight, got, c.want)
		}
	}
}
