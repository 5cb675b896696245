package threads

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"hashsend/cmd/hashsend/doctor/finding"
)

func TestBaseSubject(t *testing.T) {
	for _, c := range []struct {
		subject, base string
		reply         bool
	}{
		{"#Send Lunch", "#send lunch", false},
		{"Re: #Send Lunch", "#send lunch", true},
		{"  re[3]:  Fwd: #Send\tLunch (fwd) ", "#send lunch", true},
		{"[Ops] #Send", "#send", false},
		{"[list] Re: [Ops] #Send", "#send", true},
		{"[only this]", "[only this]", false},
		{"[Fwd: #Send Lunch]", "#send lunch", true},
		{"AW: #Send Lunch", "aw: #send lunch", false},
		{"Re:", "", true},
		{"", "", false},
	} {
		if base, reply := BaseSubject(c.subject); base != c.base || reply != c.reply {
			t.Errorf("%q: %q %v", c.subject, base, reply)
		}
	}
}

// rooms makes three rooms with three mails each, a good reply to two of them, and a
// reply without ids, in the schemes that were measured with the programs.
func rooms(subject func(room int) string, refs func(room, n int) []string) (all []Mail) {
	at := time.Date(2026, 11, 27, 10, 0, 0, 0, time.UTC)
	next := func() time.Time { at = at.Add(time.Minute); return at }
	for n := range 3 {
		for room := range 3 {
			all = append(all, Mail{ID: fmt.Sprintf("m%d.%d", room, n), Subject: subject(room), Refs: refs(room, n), Date: next(), Room: fmt.Sprint(room)})
		}
	}
	return all
}

// The counts are those that Dovecot, mutt, neomutt and notmuch gave (RFC 5256 and
// the programs' own rules).
func TestMeasured(t *testing.T) {
	none := func(int, int) []string { return nil }
	anchor := func(room, _ int) []string { return []string{fmt.Sprintf("r%d", room)} }
	constant := func(int) string { return "#Send" }
	named := func(room int) string { return fmt.Sprintf("#Send Room %c", 'A'+room) }
	bracket := func(room int) string { return fmt.Sprintf("[Room %c] #Send", 'A'+room) }
	for _, c := range []struct {
		name                                   string
		mails                                  []Mail
		references, refs, ordered, mutt, byIDs int
	}{
		{"#Send, no ids", rooms(constant, none), 1, 9, 1, 9, 9},
		{"#Send, anchors", rooms(constant, anchor), 1, 3, 1, 3, 3},
		{"brackets, anchors", rooms(bracket, anchor), 1, 3, 1, 3, 3},
		{"named, anchors", rooms(named, anchor), 3, 3, 3, 3, 3},
	} {
		got := fmt.Sprint(References(c.mails).Count(), Refs(c.mails).Count(), OrderedSubject(c.mails).Count(), Mutt(c.mails).Count(), Notmuch(c.mails).Count())
		if want := fmt.Sprint(c.references, c.refs, c.ordered, c.mutt, c.byIDs); got != want {
			t.Errorf("%s: %s, want %s", c.name, got, want)
		}
	}
}

func TestGmail(t *testing.T) {
	at := time.Date(2026, 11, 27, 10, 0, 0, 0, time.UTC)
	people := []string{"ann@x.example", "team@x.example"}
	m := func(id, subject string, days int, refs ...string) Mail {
		return Mail{ID: id, Subject: subject, Refs: refs, People: people, Date: at.AddDate(0, 0, days)}
	}
	for _, c := range []struct {
		name  string
		mails []Mail
		want  int
	}{
		{"no ids, same week", []Mail{m("1", "#Send", 0), m("2", "#Send", 3)}, 1},
		{"no ids, later", []Mail{m("1", "#Send", 0), m("2", "#Send", 9)}, 2},
		{"other ids", []Mail{m("1", "#Send", 0, "a"), m("2", "#Send", 0, "b")}, 2},
		{"the same id", []Mail{m("1", "#Send", 0, "a"), m("2", "#Send", 30, "a")}, 1},
		{"other subject", []Mail{m("1", "#Send", 0, "a"), m("2", "#Send Lunch", 0, "a")}, 2},
		{"a reply", []Mail{m("1", "#Send", 0), m("2", "Re: #Send", 30, "1")}, 1},
	} {
		if got := Gmail(c.mails).Count(); got != c.want {
			t.Errorf("%s: %d", c.name, got)
		}
	}
	var many []Mail
	for i := range 101 {
		many = append(many, m(fmt.Sprint(i), "#Send", 0, "a"))
	}
	if got := Gmail(many).Count(); got != 2 {
		t.Errorf("101 mails: %d", got)
	}
}

func TestOutlook(t *testing.T) {
	index := func(b byte) []byte { return append([]byte{1, 0, 0, 0, 0, 0}, bytes.Repeat([]byte{b}, 16)...) }
	mails := []Mail{
		{Subject: "#Send", Topic: "#Send", Index: index(1)},
		{Subject: "RE: #Send", Topic: "#Send", Index: append(index(1), 1, 2, 3, 4, 5)},
		{Subject: "#Send", Topic: "#Send", Index: index(2)},
		{Subject: "AW: #send"},
	}
	if got := OutlookIndex(mails).Count(); got != 3 {
		t.Errorf("by index: %d", got)
	}
	if got := OutlookTopic(mails).Count(); got != 1 {
		t.Errorf("by topic: %d", got)
	}
}

// What hashsend sends is one conversation for each room in every program, as long as
// the titles differ.
func TestRooms(t *testing.T) {
	at := time.Date(2026, 11, 27, 10, 0, 0, 0, time.UTC)
	room := func(name, subject string) Room {
		return Room{Name: name, Subject: subject, Anchor: "hs." + name + ".root.x@doctor.invalid", Started: at}
	}
	good, err := ForRooms([]Room{room("lunch", "#Send Lunch"), room("garden", "#Send Garden")}, at)
	if err != nil {
		t.Fatal(err)
	}
	if r := (finding.Report{Sections: []finding.Section{good}}); r.Worst() != finding.OK {
		t.Errorf("different titles: %+v", good.Findings)
	}
	bad, err := ForRooms([]Room{room("lunch", "#Send"), room("garden", "[Garden] #Send")}, at)
	if err != nil {
		t.Fatal(err)
	}
	var merges []string
	for _, f := range bad.Findings {
		if f.Check == "threads.merged" {
			merges = append(merges, f.Text)
		}
	}
	if got := strings.Join(merges, "\n"); !strings.Contains(got, "IMAP REFERENCES would show “lunch” and “garden” as one conversation.") || strings.Contains(got, "notmuch") || strings.Contains(got, "Thunderbird") {
		t.Errorf("the same title:\n%s", got)
	}
}

const mbox = `From ann Fri Nov 27 10:00:00 2026
From: Ann <ann@x.example>
Message-ID: <1@x.example>
Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=
Date: Fri, 27 Nov 2026 10:00:00 +0000

From the beginning.
>From here.

From bob Fri Nov 27 10:05:00 2026
From: Bob <bob@x.example>
To: ann@x.example
Message-ID: <2@x.example>
References: <1@x.example>
Subject: Re: something else
Date: Fri, 27 Nov 2026 10:05:00 +0000

hello
`

func TestMbox(t *testing.T) {
	for _, text := range []string{mbox, strings.ReplaceAll(mbox, "\n", "\r\n")} {
		all, err := ReadMbox(strings.NewReader(text))
		if err != nil || len(all) != 2 || all[0].Subject != "Grüße" || all[1].Refs[0] != "1@x.example" || len(all[1].People) != 2 || all[1].Date.Minute() != 5 {
			t.Fatalf("%+v, %v", all, err)
		}
		s := ForMails(all)
		var jmap bool
		for _, f := range s.Findings {
			jmap = jmap || strings.Contains(f.Text, "JMAP, Stalwart would split conversations that ids connect: “Re: something else”.")
		}
		if !jmap {
			t.Errorf("%+v", s.Findings)
		}
	}
	all, err := ReadMbox(strings.NewReader("From: Ann <ann@x.example>\nMessage-ID: <1@x.example>\n\nhello\n"))
	if err != nil || len(all) != 1 || all[0].ID != "1@x.example" {
		t.Errorf("one email: %+v, %v", all, err)
	}
}

// FuzzPrograms: no set of emails makes a rule fail, and each email has a group.
func FuzzPrograms(f *testing.F) {
	f.Add([]byte(mbox))
	f.Add([]byte("From a Fri Nov 27 10:00:00 2026\nMessage-ID: <a@b>\nReferences: <a@b> <c@d> <a@b>\n\n\nFrom a Fri Nov 27 10:00:00 2026\nMessage-ID: <c@d>\nReferences: <a@b>\n\n\nFrom a Fri Nov 27 10:00:00 2026\nMessage-ID: <a@b>\nIn-Reply-To: <c@d>\nSubject: Re:\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		all, err := ReadMbox(bytes.NewReader(raw))
		if err != nil || len(all) > 200 {
			return
		}
		for _, p := range Programs() {
			if g := p.Group(all); len(g) != len(all) {
				t.Errorf("%s: %d groups for %d emails", p.Name, len(g), len(all))
			}
		}
		ForMails(all)
	})
}

// Many emails of one conversation, and many of one subject, take a moment.
func TestMany(t *testing.T) {
	at := time.Date(2026, 11, 27, 10, 0, 0, 0, time.UTC)
	var all []Mail
	for i := range 5000 {
		m := Mail{ID: fmt.Sprint(i), Subject: "Re: #Send", Date: at.Add(time.Duration(i) * time.Second)}
		if i%2 == 0 {
			m.Refs = []string{"anchor", fmt.Sprint(max(0, i-2))}
		}
		all = append(all, m)
	}
	begun := time.Now()
	ForMails(all)
	if took := time.Since(begun); took > 20*time.Second {
		t.Errorf("it took %s", took)
	}
}
