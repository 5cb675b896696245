package threads

import (
	"crypto/md5" //nolint:gosec // Microsoft's id, no secret
	"slices"
	"strings"
	"time"
	"unicode/utf16"
)

// Program is one way of grouping.
type Program struct {
	Name  string
	Basis string // where the rule is from
	Group func([]Mail) Groups
}

// Programs are those whose rules are known.
func Programs() []Program {
	return []Program{
		{"IMAP REFERENCES", "RFC 5256, many webmails; compared with Dovecot", References},
		{"IMAP REFS", "Dovecot; compared with it", Refs},
		{"IMAP ORDEREDSUBJECT", "RFC 5256; compared with Dovecot", OrderedSubject},
		{"JWZ", "jwz.org/doc/threading.html, older programs", JWZ},
		{"Gmail", "Google's announcement of March 2019", Gmail},
		{"Outlook, Exchange", "MS-OXOMSG 2.2.1.2, with Thread-Index", OutlookIndex},
		{"Outlook, topic only", "MS-OXOMSG 2.2.1.2, without tracking", OutlookTopic},
		{"Apple Mail", "not published: ids, and the subject where they fail", Apple},
		{"Thunderbird", "strict threading, its default", Refs},
		{"JMAP, Stalwart", "ids and the subject", JMAP},
		{"mox", "ids and the subject; replies without ids by subject", Mox},
		{"mutt, neomutt", "default settings; compared with neomutt", Mutt},
		{"notmuch", "ids; compared with it", Notmuch},
	}
}

// References is THREAD=REFERENCES of RFC 5256.
func References(all []Mail) Groups {
	return bySubject(all, func(s string) string { base, _ := BaseSubject(s); return base })
}

// Refs goes by ids alone.
func Refs(all []Mail) Groups {
	_, g := roots(tree(all))
	return g
}

// OrderedSubject is THREAD=ORDEREDSUBJECT of RFC 5256.
func OrderedSubject(all []Mail) Groups {
	g, known := make(Groups, len(all)), map[string]int{}
	for i, m := range all {
		base, _ := BaseSubject(m.Subject)
		k, ok := known[base]
		if !ok {
			k = len(known)
			known[base] = k
		}
		g[i] = k
	}
	return g
}

// JWZ is Jamie Zawinski's algorithm.
func JWZ(all []Mail) Groups { return bySubject(all, jwzSubject) }

// shared joins emails that name a common id and have the same key.
func shared(all []Mail, key func(Mail) string) *sets {
	s := newSets(len(all))
	naming := map[[2]string]int{}
	for i, m := range all {
		k := key(m)
		for _, id := range append(append([]string{m.ID}, m.Refs...), m.InReplyTo...) {
			if id == "" {
				continue
			}
			if j, ok := naming[[2]string{id, k}]; ok {
				s.join(i, j)
			} else {
				naming[[2]string{id, k}] = i
			}
		}
	}
	return s
}

func noKey(Mail) string { return "" }

func baseKey(m Mail) string { base, _ := BaseSubject(m.Subject); return base }

// Notmuch joins whatever names a common id.
func Notmuch(all []Mail) Groups { return shared(all, noKey).groups() }

// JMAP joins what names a common id and has the same subject.
func JMAP(all []Mail) Groups { return shared(all, baseKey).groups() }

// Apple is a guess: ids, and for replies without any the subject.
func Apple(all []Mail) Groups {
	s := shared(all, noKey)
	joinReplies(all, s, func(m, other Mail) bool { return len(m.Refs)+len(m.InReplyTo) == 0 })
	return s.groups()
}

// month is how far back mox looks for the conversation of a reply without ids.
const month = 28 * 24 * time.Hour

// Mox goes by ids with the same subject, and puts a reply without ids with the newest
// of its subject.
func Mox(all []Mail) Groups {
	s := shared(all, baseKey)
	joinReplies(all, s, func(m, other Mail) bool {
		return len(m.Refs)+len(m.InReplyTo) == 0 && m.Date.Sub(other.Date) <= month
	})
	return s.groups()
}

// joinReplies puts each reply that may be put so with the newest older email of the
// same subject.
func joinReplies(all []Mail, s *sets, may func(m, other Mail) bool) {
	newest := map[string]int{}
	for _, i := range byDate(all) {
		base, reply := BaseSubject(all[i].Subject)
		if j, ok := newest[base]; ok && reply && base != "" && may(all[i], all[j]) {
			s.join(i, j)
		}
		newest[base] = i
	}
}

// The limits of Gmail.
const (
	gmailMost = 100
	gmailWeek = 7 * 24 * time.Hour
)

// Gmail wants the same subject, and then a cited id that it has seen in the
// conversation; without any References the same people within a week suffice.
func Gmail(all []Mail) Groups {
	type talk struct {
		number int
		ids    map[string]bool
		people map[string]bool
		last   time.Time
		size   int
	}
	g, count := make(Groups, len(all)), 0
	talks := map[string][]*talk{} // by subject
	for _, i := range byDate(all) {
		m := all[i]
		base, _ := BaseSubject(m.Subject)
		named := append(slices.Clone(m.Refs), m.InReplyTo...)
		var t *talk
		for _, o := range slices.Backward(talks[base]) {
			if o.size >= gmailMost {
				continue
			}
			cites := slices.ContainsFunc(named, func(id string) bool { return o.ids[id] })
			near := len(named) == 0 && m.Date.Sub(o.last) <= gmailWeek && slices.ContainsFunc(m.People, func(p string) bool { return o.people[p] })
			if cites || near {
				t = o
				break
			}
		}
		if t == nil {
			t = &talk{number: count, ids: map[string]bool{}, people: map[string]bool{}}
			count++
			talks[base] = append(talks[base], t)
		}
		for _, id := range append(named, m.ID) {
			t.ids[id] = true
		}
		for _, p := range m.People {
			t.people[p] = true
		}
		t.last, t.size, g[i] = m.Date, t.size+1, t.number
	}
	return g
}

// OutlookIndex goes by the middle of Thread-Index, else by the topic.
func OutlookIndex(all []Mail) Groups {
	return byKey(all, func(m Mail) string {
		if len(m.Index) >= 22 && m.Index[0] == 1 {
			return string(m.Index[6:22])
		}
		return topicKey(m)
	})
}

// OutlookTopic goes by the topic alone.
func OutlookTopic(all []Mail) Groups { return byKey(all, topicKey) }

// topicKey is the MD5 of the first 255 UTF-16 units of the topic in upper case.
func topicKey(m Mail) string {
	units := utf16.Encode([]rune(strings.ToUpper(outlookTopic(m))))
	var raw []byte
	for _, u := range units[:min(len(units), 255)] {
		raw = append(raw, byte(u), byte(u>>8))
	}
	sum := md5.Sum(raw) //nolint:gosec // as above
	return string(sum[:])
}

func byKey(all []Mail, key func(Mail) string) Groups {
	g, known := make(Groups, len(all)), map[string]int{}
	for i, m := range all {
		k, ok := known[key(m)]
		if !ok {
			k = len(known)
			known[key(m)] = k
		}
		g[i] = k
	}
	return g
}
