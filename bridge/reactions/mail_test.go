package reactions

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"hashsend/bridge/mail"
	"hashsend/bridge/store"
	"hashsend/bridge/tomail"
)

// A10: mails identify the dialect of their email program.
func TestDialect(t *testing.T) {
	for raw, want := range map[string]string{
		"Message-ID: <a@mail.gmail.com>\n\nHi":                            store.DialectGmail,
		"Message-ID: <a@MAIL.gmail.com>\n\nHi":                            store.DialectGmail,
		"Message-ID: <a@notmail.gmail.com>\n\nHi":                         "",
		"Message-ID: <a@example.com>\n\nHi":                               "",
		"Message-ID: <a@example.com>\nContent-Disposition: reaction\n\n👍": store.DialectMail,
		"Message-ID: <a@example.com>\nContent-Type: multipart/alternative; boundary=b\n\n--b\n\n👍\n--b\nContent-Type: text/vnd.google.email-reaction+json\n\n{}\n--b--\n": store.DialectGmail,
	} {
		m, err := mail.Parse(bytes.NewReader([]byte(raw)), mail.DefaultLimits)
		if err != nil {
			t.Fatal(err)
		}
		if got := tomail.DialectOf(&m); got != want {
			t.Errorf("%q: %q, want %q", raw, got, want)
		}
	}
}

// A10, D27: the recipients of the mail of a reaction.
func TestPlanReaction(t *testing.T) {
	at := time.Unix(1000, 0)
	who := func(id int64, dialect string, change ...func(*store.Participant)) store.Participant {
		p := store.Participant{ID: id, State: store.Active, Mode: store.Burst, Dialect: dialect}
		for _, c := range change {
			c(&p)
		}
		return p
	}
	people := []store.Participant{
		who(1, store.DialectGmail), who(2, store.DialectGmail), who(3, store.DialectMail), who(4, ""), who(5, store.DialectGmail),
		who(6, store.DialectGmail, func(p *store.Participant) { p.Mode = store.Daily }),
		who(7, store.DialectGmail, func(p *store.Participant) { p.Muted = at.Add(time.Hour) }),
		who(8, store.DialectGmail, func(p *store.Participant) { p.State = store.Gone }),
		who(9, store.DialectGmail), who(10, store.DialectGmail), who(11, store.DialectGmail),
	}
	var has []store.Recipient
	for _, p := range people[:9] {
		has = append(has, store.Recipient{Mail: 70, Participant: p.ID, State: store.Accepted})
	}
	has[4].Mail = 71                                                                      // 5 has it in another mail
	has[8].State = store.Failed                                                           // 9 did not receive it
	has = append(has, store.Recipient{Mail: 70, Participant: 10, State: store.Delivered}) // 10 knows it already, 11 joined later
	p := tomail.Plan{People: people, Now: at, Reacted: map[int64]store.Message{30: {ID: 30, State: store.Mailed}}}
	r := store.Reaction{ID: 1, Message: 30, Room: 2, Emoji: "👍", Skip: store.IDs{10}}
	show := func(r store.Reaction) (s string) {
		for _, g := range planReaction(p, r, has) {
			s += fmt.Sprint(g.Mail, " ", g.Dialect)
			for _, to := range g.To {
				s += fmt.Sprint(" ", to.ID)
			}
			s += "; "
		}
		return s
	}
	if got, want := show(r), "70 gmail 1 2; 70 rfc9078 3; 71 gmail 5; "; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	p.Thread.Mode = store.ModeHidden
	if got, want := show(r), "70 gmail 1; 70 gmail 2; 70 rfc9078 3; 71 gmail 5; "; got != want {
		t.Errorf("hidden: %s, want %s", got, want)
	}
	for _, none := range []string{":blobcat:", "+1", "👍👍", "yes", ""} {
		r.Emoji = none
		if got := show(r); got != "" {
			t.Errorf("%q: %s", none, got)
		}
	}
	r.Emoji, r.Room = "👍", 0
	if got := show(r); got != "" {
		t.Errorf("by mail: %s", got)
	}
	p.Thread.Mode, p.People, has, r.Room, r.Skip = store.ModeOpen, nil, nil, 2, nil
	for id := range int64(21) {
		p.People = append(p.People, who(id+1, store.DialectGmail))
		has = append(has, store.Recipient{Mail: 70, Participant: id + 1, State: store.Accepted})
	}
	if got := show(r); got != "" {
		t.Errorf("to 21 people: %s", got)
	}
}
