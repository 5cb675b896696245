package tomail

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"hashsend/bridge/mail"
	"hashsend/bridge/store"
)

// draftPlan is a conversation of some people, of which Ann's mail is made.
func draftPlan(mode string, people int) (Plan, Planned) {
	now := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	p := Plan{
		Thread: store.Thread{ID: 1, Title: "Lunch", Mode: mode, Token: "threadtoken"}, Now: now,
		Epoch: store.Epoch{Name: "aaaabbbbccccdddd", Subject: "#Send Lunch", Anchor: "anchor@example.org", Started: now},
		Zone:  time.UTC, Mint: mail.Mint{Secret: bytes.Repeat([]byte("k"), 32)}, MailBytes: 20 << 20, From: Sender{
			Address: mail.Address{Name: "Acme", Address: "team@example.org"}, Domain: "example.org", PlusWorks: true,
		},
	}
	for i := range people {
		p.People = append(p.People, store.Participant{
			ID: int64(i + 1), Name: fmt.Sprint("P", i+1), Address: fmt.Sprintf("p%d@example.com", i+1), Token: fmt.Sprint("token", i+1),
			State: store.Active, Joined: now.Add(-time.Hour), Mailed: now.Add(-time.Hour),
		})
	}
	g := Planned{Messages: []store.Message{{ID: 7, Name: "Alice", Text: "Lunch at 12?", At: now}}, To: p.People[:1]}
	g.Shown = Shown(p, g)
	return p, g
}

// headerOf composes the mail and reads its header.
func headerOf(t *testing.T, p Plan, g Planned) (mail.Message, string) {
	t.Helper()
	d := Draft(p, g)
	d.ID, d.Trace, d.Bridge = "m1@example.org", p.Mint.Trace("eeeeffffgggghhhh"), "a1b2c3; hop=1"
	finished, err := mail.Compose(d)
	if err != nil {
		t.Fatal(err)
	}
	m, err := mail.Parse(bytes.NewReader(finished.Raw), mail.DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	raw, _, _ := strings.Cut(string(finished.Raw), "\r\n\r\n")
	return m, raw
}

// A conversation has list headers with more than twenty individual emails. One-click
// unsubscribing needs our own DKIM signature and is never promised.
// (EVENTS D14, D15)
func TestListHeaders(t *testing.T) {
	for _, c := range []struct {
		mode               string
		people             int
		first, list, leave bool
	}{
		{store.ModeHidden, 20, false, false, false},
		{store.ModeHidden, 21, false, true, true},
		{store.ModeOpen, 30, false, false, false},
		{store.ModeHidden, 2, true, false, true},
		{store.ModeOpen, 2, true, false, true},
	} {
		p, g := draftPlan(c.mode, c.people)
		p.People = append(p.People, store.Participant{ID: 99, State: store.Gone}) // who has left does not count
		g.First = c.first
		m, raw := headerOf(t, p, g)
		if got := m.Header.Get("List-Id") != ""; got != c.list {
			t.Errorf("%+v: List-Id is %q", c, m.Header.Get("List-Id"))
		}
		want := ""
		if c.leave {
			want = "<mailto:team+leave.threadtoken@example.org?subject=leave>"
			if c.mode == store.ModeHidden {
				want = "<mailto:team+leave.token1@example.org?subject=leave>"
			}
		}
		if got := m.Header.Get("List-Unsubscribe"); got != want {
			t.Errorf("%+v: List-Unsubscribe is %q", c, got)
		}
		if strings.Contains(raw, "One-Click") || strings.Contains(raw, "List-Post") {
			t.Errorf("%+v:\n%s", c, raw)
		}
	}
	p, g := draftPlan(store.ModeHidden, 25)
	a, _ := headerOf(t, p, g)
	g.To, g.Shown = p.People[1:2], p.People[1:2]
	b, _ := headerOf(t, p, g)
	if a.Header.Get("List-Id") != b.Header.Get("List-Id") {
		t.Error("one conversation is two lists")
	}
}

// Messages of people are not marked as automatic. Vacation replies are allowed after the first
// email, and after a day without one.
// (EVENTS D12, D13, D16)
func TestVacationAnswers(t *testing.T) {
	for _, c := range []struct {
		name     string
		mailed   time.Duration // ago; 0: never
		change   func(*Plan, *Planned)
		suppress bool
		auto     string
		bulk     string
	}{
		{"the first", 0, func(_ *Plan, g *Planned) { g.First = true }, false, "", ""},
		{"the second", time.Minute, nil, true, "", ""},
		{"within a day and an hour", 25 * time.Hour, nil, true, "", ""},
		{"after it", 25*time.Hour + time.Second, nil, false, "", ""},
		{"a correction", time.Minute, func(p *Plan, _ *Planned) { p.Correction = true }, true, "auto-generated", ""},
		{"a digest", time.Hour, func(p *Plan, g *Planned) { p.Digest, g.Late = true, true }, true, "auto-generated", "bulk"},
	} {
		p, g := draftPlan(store.ModeOpen, 1)
		g.To[0].Mailed = time.Time{}
		if c.mailed > 0 {
			g.To[0].Mailed = p.Now.Add(-c.mailed)
		}
		if c.change != nil {
			c.change(&p, &g)
		}
		m, _ := headerOf(t, p, g)
		// Reports of bounces (DR, NDR) are never suppressed.
		if got := m.Header.Get("X-Auto-Response-Suppress"); got != map[bool]string{true: "OOF, AutoReply"}[c.suppress] {
			t.Errorf("%s: X-Auto-Response-Suppress is %q", c.name, got)
		}
		if got := m.Header.Get("Auto-Submitted"); got != c.auto {
			t.Errorf("%s: Auto-Submitted is %q", c.name, got)
		}
		if got := m.Header.Get("Precedence"); got != c.bulk {
			t.Errorf("%s: Precedence is %q", c.name, got)
		}
	}
}

// The whole header, open and hidden. It reveals nothing of the room but the subject and the
// name of the reply address, no network id, the reply token only where it must be, and asks for
// no receipt.
// (EVENTS D4, D5, D6, D7, D8, D10, D11, D17, D24, D26, D33)
func TestHeaderOfMails(t *testing.T) {
	for mode, want := range map[string]string{
		store.ModeOpen: `From: "Alice (Acme)" <team@example.org>
To: "P1" <p1@example.com>,
 "P2" <p2@example.com>
Reply-To: "Lunch" <team+threadtoken@example.org>
`,
		store.ModeHidden: `From: "Alice (Acme)" <team@example.org>
To: "P1" <p1@example.com>
Reply-To: "Lunch" <team+token1@example.org>
`,
	} {
		p, g := draftPlan(mode, 2)
		_, raw := headerOf(t, p, g)
		want += `Subject: #Send Lunch
Thread-Topic: #Send Lunch
Date: Fri, 02 Jan 2026 12:00:00 +0000
Message-ID: <m1@example.org>
In-Reply-To: <anchor@example.org>
References: <anchor@example.org>
Thread-Index: ` + mail.ThreadIndex("anchor@example.org", p.Epoch.Started) + `
X-Hashsend-ID: ` + p.Mint.Trace("eeeeffffgggghhhh") + `
X-Hashsend-Bridge: a1b2c3; hop=1
X-Auto-Response-Suppress: OOF, AutoReply
MIME-Version: 1.0
Content-Type: multipart/alternative;
`
		got, _, _ := strings.Cut(strings.ReplaceAll(raw, "\r\n", "\n"), ` boundary=`)
		if got != want {
			t.Errorf("%s:\n%s\nwant:\n%s", mode, got, want)
		}
	}
	// Without plus addresses, there is no separate reply address.
	p, g := draftPlan(store.ModeOpen, 2)
	p.From.PlusWorks = false
	if m, raw := headerOf(t, p, g); len(m.ReplyTo) > 0 || strings.Contains(raw, "+") && strings.Contains(raw, "token") {
		t.Errorf("without plus addresses:\n%s", raw)
	}
}

// A name cannot pass for an address, another person or a header line.
func TestFromName(t *testing.T) {
	for name, want := range map[string]string{
		"Alice":                       `"Alice (Acme)" <team@example.org>`,
		"boss@bank.example":           `"boss bank.example (Acme)" <team@example.org>`,
		"Al\u202eecil\u2066":          `"Alecil (Acme)" <team@example.org>`,
		"A\r\nBcc: x@example.net":     `"A Bcc: x example.net (Acme)" <team@example.org>`,
		"\"Alice\" <ceo@example.com>": `"Alice ceo example.com (Acme)" <team@example.org>`,
		"\x00\x1b[31mAlice\u200b":     `"[31mAlice (Acme)" <team@example.org>`,
		strings.Repeat("long ", 40):   `"` + strings.Repeat("long ", 11) + `lo (Acme)" <team@example.org>`,
		"Jörg":                        `=?utf-8?b?SsO2cmcgKEFjbWUp?= <team@example.org>`,
	} {
		p, g := draftPlan(store.ModeOpen, 1)
		g.Messages[0].Name = name
		_, raw := headerOf(t, p, g)
		_, from, _ := strings.Cut(raw, "From: ")
		from, _, _ = strings.Cut(from, "\r\nTo: ")
		if from = strings.ReplaceAll(from, "\r\n", ""); from != want {
			t.Errorf("%q is %s\nwant %s", name, from, want)
		}
	}
}

// The first email says who writes, from where, who reads a reply and how to leave, in at
// most 60 words. The footer repeats who reads a reply.
func TestInvitation(t *testing.T) {
	rooms := []store.Room{{Members: 3}}
	for _, c := range []struct {
		name   string
		mode   string
		people int
		rooms  []store.Room
		about  string
		footer string
	}{
		{"alone", store.ModeOpen, 1, nil, "appears there. To leave", "Replies go to “Lunch” · Leave this conversation"},
		{"alone with a room", store.ModeOpen, 1, rooms, "appears there for 3 people. To leave", "Replies go to the 3 people in “Lunch” · Leave this conversation"},
		{"open", store.ModeOpen, 3, rooms, "appears there for 3 people, and goes to P2 and P3 by email. To leave", "Replies go to the 3 people in “Lunch” and everyone on this email · Leave this conversation"},
		{"hidden", store.ModeHidden, 3, nil, "appears there, and goes to 2 other people by email. To leave", "Replies go to “Lunch” and to 2 others by email · Leave this conversation"},
		{"many", store.ModeOpen, 300, rooms, "P2, P3, P4, P5, P6 and 294 more by email. To leave", "Replies go to the 3 people in “Lunch” and everyone on this email · Leave this conversation"},
	} {
		p, g := draftPlan(c.mode, c.people)
		p.Rooms, g.First = c.rooms, true
		d := Draft(p, g)
		if !strings.HasPrefix(d.About, "Alice sent you this from the chat room “Lunch”. ") || !strings.Contains(d.About, c.about) || len(strings.Fields(d.About)) > 60 {
			t.Errorf("%s: the first email says %q", c.name, d.About)
		}
		var parts []string
		for _, f := range d.Footer {
			parts = append(parts, f.Text)
		}
		if got := strings.Join(parts, " · "); got != c.footer {
			t.Errorf("%s: the footer is %q", c.name, got)
		}
	}
}
