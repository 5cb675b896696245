package classify

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hashsend/bridge/mail"
)

// Each mail of testdata says in its name what it is, and in X-Why what it is there
// for.
func TestOwnCases(t *testing.T) {
	files, err := filepath.Glob("testdata/*.eml")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	seen := map[Kind]bool{}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		want, _, _ := strings.Cut(filepath.Base(f), "--")
		for _, raw := range bothWays(raw) {
			m, c := read(t, raw)
			if c.Kind.String() != want || c.Rule == "" {
				t.Errorf("%s is a %s by %q: %s", filepath.Base(f), c.Kind, c.Rule, m.Header.Get("X-Why"))
			}
			if isReportKind(c.Kind) != (c.Report != nil) {
				t.Errorf("%s: a %s with report %v", filepath.Base(f), c.Kind, c.Report)
			}
			if c.Kind == Bounce || c.Kind == Delayed {
				checkReport(t, filepath.Base(f), c)
			}
			seen[c.Kind] = true
		}
	}
	for k := Message; k <= Unreadable; k++ {
		if !seen[k] {
			t.Errorf("no case for %s", k)
		}
	}
}

// checkReport: every report among our cases is about Ann's address.
func checkReport(t *testing.T, name string, c Class) {
	t.Helper()
	if !slices.ContainsFunc(c.Report.Recipients, func(r Recipient) bool { return r.Address == "ann@corp.example" && r.Reason != "" }) {
		t.Errorf("%s: recipients %q", name, c.Report.Recipients)
	}
	if !strings.Contains(c.Text, "ann@corp.example") {
		t.Errorf("%s: notice %q", name, c.Text)
	}
}

func ownCase(t *testing.T, name string) Class {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name+".eml"))
	if err != nil {
		t.Fatal(err)
	}
	_, c := read(t, raw)
	return c
}

func TestTellsTheReport(t *testing.T) {
	c := ownCase(t, "bounce--dsn")
	want := Recipient{Address: "ann@corp.example", Status: "5.2.2", Reason: "the mailbox is full (552 5.2.2 Mailbox quota exceeded)"}
	b := c.Report
	if len(b.Recipients) != 1 || b.Recipients[0] != want || b.Action != "failed" || b.OriginalID != "hs.q.1@own.example" || b.EnvelopeID != "env1" || b.Trace != "trace1" {
		t.Errorf("%+v", b)
	}
	if want := "Email to ann@corp.example bounced: the mailbox is full (552 5.2.2 Mailbox quota exceeded)."; c.Text != want {
		t.Errorf("%q, want %q", c.Text, want)
	}
	if r := ownCase(t, "bounce--dsn-forwarded").Report.Recipients; len(r) != 1 || r[0].Final != "old@other.example" {
		t.Errorf("%+v", r)
	}
	for _, name := range []string{"bounce--exim", "bounce--qmail", "bounce--wrapped", "bounce--ses", "complaint--ses", "complaint--arf", "read-receipt--rfc8098"} {
		if got := ownCase(t, name).Report.OriginalID; got != "hs.q.1@own.example" {
			t.Errorf("%s: original %q", name, got)
		}
	}
}

func TestTellsThePerson(t *testing.T) {
	for name, want := range map[string]string{
		"auto-reply--sieve": "Automatic reply from Ann Lee: Ich bin bis Montag weg.",
		"reaction--gmail":   "reacted with 👍",
		"unreadable--pgp":   "Ann Lee sent an encrypted email, which cannot be read here. Ask for it again without encryption.",
		"message--vacation": "",
	} {
		if got := ownCase(t, name).Text; got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	for name, want := range map[string]string{"reaction--outlook": "❤️", "reaction--rfc9078": "😀", "message--text-and-reaction": "👍", "message--emoji-answer": ""} {
		if got := ownCase(t, name).Emoji; got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	for name, want := range map[string]string{"message--command": "/mute 1h", "message--leave-button": "/leave", "message--vacation": ""} {
		if got := ownCase(t, name).Command; got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestCommand(t *testing.T) {
	for text, want := range map[string]string{
		"/leave":                           "/leave",
		"\n /Leave \n\n> quoted":           "/Leave",
		"/mute  1h\n-- \nAnn":              "/mute 1h",
		"/who\n> Bob wrote":                "/who",
		"/leave\nno, wait, one more thing": "",
		"leave":                            "",
		"> /leave":                         "",
		"please /leave":                    "",
		"/leave me alone with all of this": "",
		"/hashsend link #room":             "",
		"!send leave":                      "",
		"/\u200bleave":                     "",
	} {
		if got := commandIn(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	html := mail.Message{HTML: "<div>/mute 1h</div><div><br></div><blockquote>Lunch?</blockquote>", From: []mail.Address{{Address: "ann@example.com"}}}
	if c := Mail(html); c.Command != "/mute 1h" { // C47, from a program that writes HTML alone
		t.Errorf("in HTML: %+v", c)
	}
}

func TestAddressesIn(t *testing.T) {
	for text, want := range map[string][]string{
		"<ann@corp.example>: no such user":        {"ann@corp.example"},
		`550 <"a b"@corp.example>`:                {`"a b"@corp.example`},
		"RCPT TO:<ann@corp.example> and bob@x.y.": {"ann@corp.example", "bob@x.y"},
		"orcpt=ann+tag@corp.example":              {"ann+tag@corp.example"},
		"ann@localhost, @corp.example, x@":        nil,
		"@@@ a@b.c@d.e":                           {"a@b.c"},
	} {
		if got := addressesIn(text); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestStatusIn(t *testing.T) {
	for text, want := range map[string][2]string{
		"550 5.1.1 user unknown":              {"5.1.1", "550"},
		"452-4.2.2 over quota":                {"4.2.2", "452"},
		"(#5.7.1)":                            {"5.7.1", ""},
		"from [5.1.1.7] at 10.5.1.1 in 550ms": {"", ""},
		"version 5.5":                         {"", ""},
		"5.":                                  {"", ""},
	} {
		if got := [2]string{statusIn(text), replyCodeIn(text)}; got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// Whatever comes in, a class comes out, and what it says comes from the mail.
func FuzzMail(f *testing.F) {
	files, err := filepath.Glob("testdata/*.eml")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := mail.Parse(bytes.NewReader(raw), mail.DefaultLimits)
		if err != nil {
			t.Fatal(err)
		}
		c := Mail(m)
		if c.Rule == "" || c.Kind < Message || c.Kind > Unreadable {
			t.Fatalf("%+v", c)
		}
		if isReportKind(c.Kind) != (c.Report != nil) {
			t.Fatalf("a %s with report %v", c.Kind, c.Report)
		}
		if c.Report != nil && c.Text == "" {
			t.Fatal("a report without a word")
		}
		if c.Kind == Reaction && !isEmoji(c.Emoji) && (c.Emoji != "" || !c.Whole) {
			t.Fatalf("the reaction %q", c.Emoji)
		}
	})
}

// TestNamedOtherwise: reports that name the recipient in ways of their own.
func TestNamedOtherwise(t *testing.T) {
	for _, c := range []struct{ mail, want string }{
		{"From: farm-admin@lists.corp.example\nTo: team@own.example\nSubject: You team@own.example are not member (farm ML)\nMessage-ID: <m1@x.example>\nReferences: <o1@own.example>\nMailing-List: run by ezmlm\n\nYou are not a member of this mailing list <farm@lists.corp.example>.\n", "farm@lists.corp.example"},
		{"Return-Path: <>\nFrom: Mail Delivery Subsystem <MAILER-DAEMON@aol.com>\nTo: team@own.example\nSubject: Mail Delivery Problem\nMessage-ID: <s1@aol.com>\n\nYour mail to the following recipients could not be delivered because they are not accepting mail with attachments:\n\tannlee\n", "annlee@aol.com"},
		{"Return-Path: <>\nFrom: postmaster@corp.example\nTo: team@own.example\nSubject: Undeliverable: Boats\nMessage-ID: <x1@corp.example>\nMIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=R\n\n--R\nContent-Type: text/plain\n\nNot delivered: Lee, Ann\n--R\nContent-Type: message/delivery-status\n\nReporting-MTA: x400; x\n\nFinal-Recipient: rfc822; /G=Ann/S=Lee/O=corp/C=nl/@gate.example\nAction: failed\nStatus: 5.1.1\n\n--R\nContent-Type: message/rfc822\n\nFrom: team@own.example\nTo: ann@corp.example\nMessage-ID: <o1@own.example>\nSubject: Boats\n\nx\n--R--\n", "ann@corp.example"},
	} {
		_, got := read(t, []byte(c.mail))
		if got.Kind != Bounce || got.Report == nil || len(got.Report.Recipients) != 1 || got.Report.Recipients[0].Address != c.want {
			t.Errorf("%q is a %s about %+v, want %s", c.mail, got.Kind, got.Report, c.want)
		}
	}
}

// TestFoldedSES: a server on the way has folded the line of a notification.
func TestFoldedSES(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("testdata", "bounce--ses.eml"))
	if err != nil {
		t.Fatal(err)
	}
	folded := strings.Replace(string(raw), `"diagnosticCode":"smtp; 550`, "\"diagnosticCode\":\"smtp;\n 550", 1)
	if _, c := read(t, []byte(folded)); c.Kind != Bounce || c.Report.Recipients[0].Address != "ann@corp.example" {
		t.Errorf("it is a %s about %+v", c.Kind, c.Report)
	}
}
