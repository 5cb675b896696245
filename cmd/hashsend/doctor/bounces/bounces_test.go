package bounces_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"hashsend/cmd/hashsend/doctor/bounces"
	"hashsend/cmd/hashsend/doctor/finding"
)

func TestExplain(t *testing.T) {
	x := bounces.New()
	for _, c := range []struct {
		address, said string
		provider      string
		whose         bounces.Whose
		means         string
	}{
		{"ann@gmail.com", "550-5.7.26 This mail has been blocked because the sender is unauthenticated. gsmtp", "Gmail", bounces.Yours, "neither SPF nor DKIM"},
		{"ann@firm.example", "550-5.7.25 [203.0.113.7] The IP address sending this message does not have a PTR record setup. - gsmtp", "Gmail", bounces.Yours, "no name"},
		{"ann@gmail.com", "421 4.7.29 not sent over a TLS connection", "Gmail", bounces.Yours, "without encryption"},
		{"ann@gmail.com", "550 5.4.5 Daily user sending limit exceeded", "Gmail", bounces.Yours, "as many emails"},
		{"ann@gmail.com", "550 5.1.1 The email account that you tried to reach does not exist", "Gmail", bounces.Recipients, "does not exist"},
		{"ann@gmail.com", "452 4.2.2 The recipient's inbox is out of storage space", "Gmail", bounces.Recipients, "full"},
		{"ann@outlook.com", "550 5.7.515 Access denied, sending domain shop.example does not meet the required authentication level", "Microsoft", bounces.Yours, "5,000"},
		{"ann@hotmail.com", "550 5.7.1 Unfortunately, messages from [203.0.113.7] weren't sent. Please contact your provider since part of their network is on our block list (S3150)", "Microsoft", bounces.Yours, "own block list"},
		{"ann@firm.example", "550 5.7.236 from mx.protection.outlook.com", "Microsoft", bounces.Yours, "onmicrosoft.com"},
		{"ann@live.com", "451 4.7.650 The mail server [203.0.113.7] has been temporarily rate limited due to IP reputation", "Microsoft", bounces.Yours, "slowed down"},
		{"ann@firm.example", "550 5.4.1 Recipient address rejected: Access denied [x.protection.outlook.com]", "Microsoft", bounces.Recipients, "does not exist"},
		{"ann@yahoo.com", "421 4.7.0 [TSS04] Messages from 203.0.113.7 temporarily deferred", "Yahoo", bounces.Yours, "defers"},
		{"ann@web.de", "554-web.de (mxweb) Nemesis ESMTP Service not available. Bad DNS PTR resource record.", "GMX, WEB.DE", bounces.Yours, "PTR record"},
		{"ann@t-online.de", "554 IP=203.0.113.7 - None/bad reputation. Ask your postmaster for help or to contact tosa@rx.t-online.de", "T-Online", bounces.Yours, "does not know"},
		{"ann@firm.example", "554 5.7.1 Service unavailable; Client host [203.0.113.7] blocked using zen.spamhaus.org; https://www.spamhaus.org/query/ip/203.0.113.7", "", bounces.Yours, "Spamhaus"},
		{"ann@firm.example", "554 5.7.1 blocked using bl.example.net", "", bounces.Yours, "block list that the refusal names"},
		{"ann@firm.example", "451 4.7.1 Greylisted, please try again", "", bounces.Nobody, "second attempt"},
		{"ann@firm.example", "550 5.1.1 <ann@firm.example>: Recipient address rejected: User unknown in virtual mailbox table", "", bounces.Recipients, "does not exist"},
		{"ann@firm.example", "552 5.2.2 mailbox full", "", bounces.Recipients, "full"},
		{"ann@firm.example", "552 5.3.4 message size exceeds limit", "", bounces.Yours, "too large"},
		{"ann@firm.example", "554 5.4.7 delivery expired (message too old) timeout", "", bounces.Theirs, "could not be reached"},
		{"ann@firm.example", "550 5.7.23 SPF validation failed", "", bounces.Yours, "SPF failed"},
		{"ann@firm.example", "554 5.7.1 relay access denied", "", bounces.Yours, "does not send for you"},
	} {
		got, ok := x.Explain(bounces.Refusal{Address: c.address, Said: c.said})
		if !ok || got.Provider != c.provider || got.Whose != c.whose || !strings.Contains(got.Means, c.means) {
			t.Errorf("%s\n\t%v %+v", c.said, ok, got)
		}
		if got.Do == "" || !strings.HasPrefix(got.Source, "https://") {
			t.Errorf("%s: no way out or no source: %+v", c.said, got)
		}
	}
	if got, ok := x.Explain(bounces.Refusal{Said: "no"}); ok {
		t.Errorf("an explanation for nothing: %+v", got)
	}
}

func TestFindings(t *testing.T) {
	got := bounces.New().Findings([]bounces.Refusal{
		{Address: "ann@firm.example", Said: "550 5.1.1 user unknown"},
		{Address: "ann@gmail.com", Said: "550-5.7.26 unauthenticated"},
		{Address: "bob@gmail.com", Said: "550-5.7.26 unauthenticated"},
		{Said: "hm"},
	})
	want := []struct {
		level finding.Level
		text  string
	}{{finding.Warning, `^2 refusals by Gmail: neither SPF`}, {finding.Note, `^1 refusal: the address does not exist\.$`}, {finding.Unknown, `^1 refusal cannot be explained`}}
	if len(got) != len(want) {
		t.Fatalf("%+v", got)
	}
	for i, w := range want {
		if got[i].Level != w.level || !regexp.MustCompile(w.text).MatchString(got[i].Text) {
			t.Errorf("%+v, want %v", got[i], w)
		}
	}
}

// Most refusals of real reports have an explanation (others have no words), and one with the status
// "mailbox full" or "no such user" is never said to be the sender's fault.
func TestReports(t *testing.T) {
	dir := filepath.Join("..", "..", "..", "..", "..", "shared", "fixtures", "mail", "bounce")
	raw, err := os.ReadFile(filepath.Join(dir, "labels.jsonl"))
	if err != nil {
		t.Skip("the shared test material is not here")
	}
	x := bounces.New()
	total, explained := 0, 0
	for line := range strings.Lines(string(raw)) {
		var row struct{ File string }
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(dir, row.File))
		if err != nil {
			continue
		}
		all, err := bounces.Read(text)
		if err != nil {
			t.Errorf("%s: %v", row.File, err)
		}
		for _, r := range all {
			total++
			got, ok := x.Explain(r)
			if ok {
				explained++
			} else if testing.Verbose() {
				t.Logf("%s: %.150s", row.File, r.Said)
			}
			if regexp.MustCompile(`^5\.(1\.1|2\.2)\b`).MatchString(r.Said) && got.Whose == bounces.Yours && !regexp.MustCompile(`(?i)spam|block|policy|denied|rate|reputation`).MatchString(r.Said) {
				t.Errorf("%s: %s: %s", row.File, r.Said, got.Means)
			}
		}
	}
	t.Logf("%d of %d refusals are explained", explained, total)
	if total < 200 || explained*100 < total*80 {
		t.Errorf("%d of %d refusals are explained", explained, total)
	}
}

func FuzzExplain(f *testing.F) {
	x := bounces.New()
	f.Add("ann@gmail.com", "550 5.7.26 no")
	f.Fuzz(func(t *testing.T, address, said string) {
		if got, ok := x.Explain(bounces.Refusal{Address: address, Said: said}); ok && got.Means == "" {
			t.Errorf("%q has an empty explanation", said)
		}
	})
}
