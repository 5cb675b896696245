package frommail

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"hashsend/bridge/admit"
	"hashsend/bridge/classify"
	"hashsend/bridge/core"
	"hashsend/bridge/mail"
	"hashsend/bridge/store"
)

var (
	team     = core.Addresses{"team@example.org", "owner@example.org"}
	deciding = Settings{
		Tag: "#Send", Zone: time.UTC, Instance: "here", Own: team, Ours: []core.Addresses{team, {"second@example.org"}}, Opens: true, Sent: true,
		Access: core.Access{Mail: []string{"friend.example"}},
	}
	inLunch  = Facts{Route: route{Threads: []int64{1}, Rule: "cited id", Cites: true}, People: []person{{State: store.Active}}}
	byAnn    = from("ann@example.com", mail.Proven)
	byFriend = from("kim@friend.example", mail.Proven)
)

// from is a mail of somebody to the mailbox.
func from(address string, trust mail.Trust) Mail {
	l := Mail{Author: mail.Address{Address: address}, Verdict: mail.Verdict{Trust: trust}, own: team.Have(address)}
	l.Msg.ID, l.Msg.Subject = "id@example.com", "#Send Picnic"
	l.Msg.From, l.Msg.To = []mail.Address{l.Author}, []mail.Address{{Address: "team@example.org"}}
	return l
}

// but is a mail with changes.
func (l Mail) but(change func(*Mail)) Mail {
	change(&l)
	return l
}

func kind(k classify.Kind) func(*Mail) {
	return func(l *Mail) { l.Class = classify.Class{Kind: k, Text: "words"} }
}
func subject(s string) func(*Mail) { return func(l *Mail) { l.Msg.Subject = s } }
func command(l *Mail)              { l.Class.Command = "/who" }
func report(l *Mail)               { l.Class.Kind, l.Class.Report = classify.Bounce, &classify.Report{} }

// inBcc has a mail name others, and not the mailbox that it came to.
func inBcc(l *Mail) {
	l.Msg.To, l.Msg.DeliveredTo = []mail.Address{{Address: "bob@example.com"}}, []string{"team@example.org"}
}

func bridged(instance string) func(*Mail) {
	return func(l *Mail) { l.in.Header = mail.Header{{Name: mail.HeaderBridge, Value: instance + "; hop=1"}} }
}

// as is the lunch of which somebody is something.
func as(state string) Facts {
	k := inLunch
	k.People = []person{{State: state, Changed: time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)}}
	return k
}

func with(k Facts, change func(*Facts)) Facts {
	change(&k)
	return k
}

func TestDecide(t *testing.T) {
	blocked := func(k *Facts) { k.Sender = store.SenderBlocked }
	token := func(k *Facts) { k.Route.Token = "t1" }
	approved := Approval{Approved: true}
	for _, c := range []struct {
		name string
		l    Mail
		f    Approval
		k    Facts
		s    func(*Settings)
		do   string
		code admit.Code
	}{
		{name: "our own mail", l: byAnn.but(func(l *Mail) { l.echo = "u1" }), k: inLunch, do: "Copy"},
		{name: "to an address for leaving, from anybody", l: from("ann@example.com", mail.Failed).but(kind(classify.Bulk)), k: with(as(""), func(k *Facts) { k.Route.Leave = true }), do: "Order"},
		{name: "to an address for leaving that leads nowhere", l: byAnn.but(subject("leave")), k: Facts{Route: route{Leave: true}}, do: "Nothing"},
		{name: "a report on mail of ours", l: byAnn.but(report), k: Facts{About: reported{ID: 9, Thread: 4}}, do: "Report"},
		{name: "a report on other mail", l: byAnn.but(report), do: "Nothing"},
		{name: "a report on other mail, to a conversation", l: byAnn.but(report), k: inLunch, do: "Line"},
		{name: "mail that goes round", l: byAnn.but(kind(classify.Loop)), k: inLunch, do: "Dropped"},
		{name: "an automatic answer", l: byAnn.but(kind(classify.AutoReply)), k: inLunch, do: "Line"},
		{name: "an automatic answer to nothing of ours", l: byAnn.but(kind(classify.AutoReply)), do: "Nothing"},
		{name: "a read receipt", l: byAnn.but(kind(classify.ReadReceipt)), k: inLunch, do: "Line"},
		{name: "mail with neither tag nor conversation", l: byAnn.but(subject("Hello")), do: "Nothing"},
		{name: "what we sent, by another way", l: byAnn.but(bridged("here")), k: inLunch, do: "Dropped"},
		{name: "what another bridge sent", l: byAnn.but(bridged("there")), k: inLunch, do: "Voice"},
		{name: "a command", l: byAnn.but(command), k: inLunch, do: "Order"},
		{name: "a command to no conversation", l: byFriend.but(command), do: "Opening"},

		{name: "a proven participant", l: byAnn, k: inLunch, do: "Voice"},
		{name: "a forged one", l: from("ann@example.com", mail.Failed), k: inLunch, do: "Held", code: admit.Forged},
		{name: "a forged one, approved", l: from("ann@example.com", mail.Failed), f: approved, k: inLunch, do: "Voice"},
		{name: "a stranger", l: byAnn, k: as(""), do: "Held", code: admit.Stranger},
		{name: "no author", l: from("", mail.Unproven), k: inLunch, do: "Held", code: admit.NoAuthor},
		{name: "a contradiction", l: byAnn, k: with(inLunch, func(k *Facts) { k.Route.Conflict = admit.Several }), do: "Held", code: admit.Several},
		{name: "blocked", l: byAnn, k: with(inLunch, blocked), do: "Dropped"},
		{name: "blocked, to many", l: byAnn.but(kind(classify.Bulk)), k: with(inLunch, blocked), do: "Dropped"},
		{name: "unproven, and such is held", l: from("ann@example.com", mail.Unproven), k: inLunch, s: func(s *Settings) { s.Unproven = true }, do: "Held", code: admit.Unproven},
		{name: "in one thread a participant, in the other none", l: byAnn, k: Facts{Route: route{Threads: []int64{1, 2}, Cites: true}, People: []person{{State: store.Active}, {}}}, do: "Held", code: admit.Stranger},
		{name: "Bcc", l: byAnn.but(inBcc), k: inLunch, do: "Held", code: admit.PrivateCopy},
		{name: "Bcc by its envelope", l: byAnn.but(inBcc).but(func(l *Mail) {
			l.Msg.DeliveredTo, l.in.Envelope.To = nil, []string{"team@example.org"}
		}), k: inLunch, do: "Held", code: admit.PrivateCopy},
		{name: "Bcc to the token", l: byAnn.but(inBcc), k: with(inLunch, token), do: "Voice"},
		{name: "Bcc, approved", l: byAnn.but(inBcc), f: approved, k: inLunch, do: "Voice"},
		{name: "Bcc and forged", l: from("ann@example.com", mail.Failed).but(inBcc), k: inLunch, do: "Held", code: admit.Forged},
		{name: "to another mailbox of ours", l: byAnn.but(inBcc).but(func(l *Mail) { l.Msg.Cc = []mail.Address{{Address: "second+x@example.org"}} }), k: inLunch, do: "Voice"},
		{name: "not named, and delivered to others", l: byAnn.but(inBcc).but(func(l *Mail) { l.Msg.DeliveredTo = []string{"else@example.org"} }), k: inLunch, do: "Voice"},
		{name: "by way of a list", l: byAnn.but(inBcc).but(func(l *Mail) { l.Msg.Header = mail.Header{{Name: "List-Id", Value: "<x>"}} }), k: inLunch, do: "Voice"},
		{name: "to many", l: byAnn.but(kind(classify.Bulk)), k: inLunch, do: "Held", code: admit.Bulk},
		{name: "to many, and forged", l: from("ann@example.com", mail.Failed).but(kind(classify.Bulk)), k: inLunch, do: "Held", code: admit.Forged},
		{name: "to many, approved", l: byAnn.but(kind(classify.Bulk)), f: approved, k: inLunch, do: "Voice"},
		{name: "a list in a conversation", l: byAnn.but(kind(classify.List)), k: inLunch, do: "Voice"},

		{name: "the owner in Sent", l: from("owner@example.org", mail.Proven).but(func(l *Mail) { l.in.Place = mail.Sent }), k: as(""), do: "Voice"},
		{name: "the owner's address", l: from("owner@example.org", mail.Unproven), k: as(""), do: "Held", code: admit.Owner},
		{name: "the owner's address, of which the copy is here", l: from("owner@example.org", mail.Unproven), k: with(as(""), func(k *Facts) { k.Copy = true }), do: "Dropped"},
		{name: "the owner's address, forged", l: from("owner@example.org", mail.Failed), k: with(as(""), func(k *Facts) { k.Copy = true }), do: "Held", code: admit.Forged},
		{name: "the owner's address, and no Sent is read", l: from("owner@example.org", mail.Unproven), k: as(""), s: func(s *Settings) { s.Sent = false }, do: "Held", code: admit.Stranger},
		{name: "the owner's address without an id", l: from("owner@example.org", mail.Unproven).but(func(l *Mail) { l.Msg.ID = "" }), k: as(""), do: "Held", code: admit.Stranger},

		{name: "somebody who may begins a conversation", l: byFriend, do: "Opening"},
		{name: "the owner begins one", l: from("owner@example.org", mail.Proven), do: "Opening"},
		{name: "somebody who may not", l: byAnn, do: "Held", code: admit.MayNotOpen},
		{name: "somebody who may not, approved", l: byAnn, f: approved, do: "Opening"},
		{name: "blocked, approved", l: byFriend, f: approved, k: Facts{Sender: store.SenderBlocked}, do: "Dropped"},
		{name: "who may, unproven", l: from("kim@friend.example", mail.Unproven), do: "Held", code: admit.OpenProof},
		{name: "who may, forged", l: from("kim@friend.example", mail.Failed), do: "Held", code: admit.Forged},
		{name: "who may, and there is no place", l: byFriend, s: func(s *Settings) { s.Opens = false }, do: "Held", code: admit.NoPlace},
		{name: "who may, by Bcc", l: byFriend.but(inBcc), do: "Held", code: admit.PrivateCopy},
		{name: "who may, by Bcc, forged", l: from("kim@friend.example", mail.Failed).but(inBcc), do: "Held", code: admit.Forged},
		{name: "who may, to many", l: byFriend.but(kind(classify.Bulk)), do: "Dropped"},
		{name: "who may, by a list", l: byFriend.but(kind(classify.List)), do: "Held", code: admit.List},
		{name: "who may, by a list, forged", l: from("kim@friend.example", mail.Failed).but(kind(classify.List)), do: "Held", code: admit.Forged},
	} {
		s := deciding
		if c.s != nil {
			c.s(&s)
		}
		d := decide(c.l, c.f, c.k, s)
		if got, code := outcome(d); got != c.do || code != c.code {
			t.Errorf("%s: got %s %q, want %s %q", c.name, got, code, c.do, c.code)
		}
	}
}

func speaks(d Decision) bool {
	_, is := admit.Speaks(d.Admission)
	return is
}

// outcome is the name of an admission, and why a mail is held.
func outcome(d Decision) (string, admit.Code) {
	name := strings.TrimPrefix(fmt.Sprintf("%T", d.Admission), "admit.")
	if h, is := d.Admission.(admit.Held); is {
		return name, h.Reason().Code
	}
	return name, ""
}

// What a decision says besides what is done.
func TestDecideDetails(t *testing.T) {
	if d := decide(from("ann@example.com", mail.Unproven), Approval{}, inLunch, deciding); !speaks(d) || !d.mark {
		t.Errorf("unproven mail of a participant: %+v, want it posted with a mark", d)
	}
	if d := decide(byAnn, Approval{}, with(as(store.Gone), func(k *Facts) { k.Now = time.Date(2026, 3, 9, 0, 0, 0, 0, time.UTC) }), deciding); d.mark || d.notice != "left this conversation on 2 Mar" {
		t.Errorf("mail of somebody who left: notice %q", d.notice)
	}
	if d := decide(byAnn.but(func(l *Mail) { l.in.Place = mail.Junk }), Approval{}, inLunch, deciding); !d.junk {
		t.Error("mail from the folder of junk is not told as such")
	}
	if d := decide(byFriend, Approval{}, Facts{}, deciding); d.title != "Picnic" {
		t.Errorf("title %q", d.title)
	}
	if d := decide(from("owner@example.org", mail.Unproven), Approval{}, as(""), deciding); !d.Admission.(admit.Held).AwaitsCopy() {
		t.Error("mail from the owner's address does not wait for its copy in Sent")
	}
	if d := decide(byAnn.but(report), Approval{}, Facts{About: reported{ID: 9, Thread: 4}}, deciding); d.Route.Parent != 9 || fmt.Sprint(d.Route.Threads) != "[4]" {
		t.Errorf("a report belongs to %+v", d.Route)
	}
	if d := decide(byAnn.but(kind(classify.Challenge)), Approval{}, inLunch, deciding); d.notice != "words" {
		t.Errorf("notice %q", d.notice)
	}
	aliased := with(Facts{}, func(k *Facts) { k.Aliases = map[string]string{"kim@home.example": "kim@friend.example"} })
	if d := decide(from("kim@home.example", mail.Proven), Approval{}, aliased, deciding); !speaks(d) {
		t.Errorf("another address of somebody who may begin a conversation: %T", d.Admission)
	}
	if d := decide(byAnn.but(inBcc), Approval{}, Facts{}, deciding); !d.Admission.(admit.Held).Reason().Opens {
		t.Error("the reason does not say that the mail begins a conversation")
	}
}

// Whatever else is wrong or right with a mail: if the check of its origin failed, nobody
// who has not approved it makes it speak, and a held one is held as forged.
func TestForgedMailIsNeverHarmless(t *testing.T) {
	routes := []Facts{
		{},
		inLunch, as(""), as(store.Removed), as(store.Gone),
		with(inLunch, func(k *Facts) { k.Route.Token = "t1" }), with(inLunch, func(k *Facts) { k.Route.Conflict = admit.NewSubject }), with(inLunch, func(k *Facts) { k.Copy = true }),
	}
	mails := []func(*Mail){
		func(*Mail) {}, inBcc, func(l *Mail) { l.Author.Address = "" }, func(l *Mail) { l.in.Place = mail.Junk }, func(l *Mail) { l.in.Place = mail.Pushed },
		func(l *Mail) { l.Msg.ID = "" }, func(l *Mail) { l.Msg.Header = mail.Header{{Name: "List-Id", Value: "<x>"}} },
	}
	held := 0
	for _, address := range []string{"ann@example.com", "kim@friend.example", "owner@example.org", "team@example.org"} {
		for _, k := range []classify.Kind{classify.Message, classify.Forward, classify.Reaction, classify.List, classify.Bulk, classify.Calendar, classify.Unreadable} {
			for _, change := range mails {
				for _, facts := range routes {
					for _, sender := range []string{"", store.SenderApproved, store.SenderBlocked} {
						facts.Sender = sender
						d := decide(from(address, mail.Failed).but(kind(k)).but(change), Approval{}, facts, deciding)
						switch a := d.Admission.(type) {
						case admit.Dropped:
						case admit.Held:
							held++
							h := store.HeldMail{Code: string(a.Reason().Code), Trust: a.Reason().Trust}
							if why := admit.WhyHeld(h); why.Code != admit.Forged || !why.MayBeForged() || why.SettlesSender() {
								t.Errorf("%s, %v, %+v: held as %+v", address, k, facts, a.Reason())
							}
						default:
							t.Errorf("%s, %v, %+v: it may be %T", address, k, facts, a)
						}
					}
				}
			}
		}
	}
	if held == 0 {
		t.Error("no mail was held")
	}
}
