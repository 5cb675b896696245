package frommail

import (
	"slices"
	"strings"

	"hashsend/bridge/admit"
	"hashsend/bridge/mail"
)

// route is the result of looking for the conversation of a mail.
type route struct {
	Threads  []int64          // none: to no thread of ours
	Rule     string           // which way found it
	Parent   int64            // the mail that it answers; 0: unknown
	Cites    bool             // it cites a mail of ours or a token
	Token    string           // the token that it was sent to; empty: none
	Leave    bool             // it was sent to an address for leaving
	Conflict admit.Code       // what in the mail contradicts itself; empty: nothing
	Learned  map[string]int64 // ids that turn out to be other names of mails of ours
}

// maxCited limits the cited ids that are looked up.
const maxCited = 50

// named is what the store knows of the ways in which a mail names conversations.
type named struct {
	Tokens  []namedToken // those of ours among its recipients, in order
	Cited   []namedID    // the ids that it cites, nearest first
	Index   int64        // thread of its Thread-Index; 0: none of ours
	Subject string       // of the conversation of its only token, where it cites nothing; else empty
}

// namedToken is a reply token.
type namedToken struct {
	Token  string
	Thread int64
	Leave  bool // it stands in an address for leaving
}

// namedID is an id that a mail cites.
type namedID struct {
	ID      string
	Mails   []namedMail // the mails that go by it: the one everywhere first, then those within their threads
	Ours    bool        // it describes itself as one of ours, and no mail goes by it
	Thread  int64       // that of the stretch that an id of ours names; 0: unknown
	Root    bool        // it is the anchor of that stretch
	LastOut int64       // the newest mail that left that thread; 0: none
}

// namedMail is a mail that goes by an id.
type namedMail struct {
	ID, Thread int64
	Out        bool // we sent it
	Within     bool // it goes by the id in its thread alone
}

// everywhere is the mail that goes by an id in whichever thread; false: there is none.
func (c namedID) everywhere() (namedMail, bool) {
	if len(c.Mails) == 0 || c.Mails[0].Within {
		return namedMail{}, false
	}
	return c.Mails[0], true
}

// in is the mail of an id, that of one of these threads if there is one.
func (c namedID) in(threads []int64) (namedMail, bool) {
	first, ok := c.everywhere()
	if ok && slices.Contains(threads, first.Thread) {
		return first, true
	}
	for _, t := range threads {
		if i := slices.IndexFunc(c.Mails, func(m namedMail) bool { return m.Thread == t }); i >= 0 {
			return c.Mails[i], true
		}
	}
	return first, ok
}

// sure are the threads that ids name by themselves, nearest first.
func sure(cited []namedID) (threads []int64) {
	for _, c := range cited {
		if m, ok := c.everywhere(); ok {
			threads = append(threads, m.Thread)
		} else if c.Thread != 0 {
			threads = append(threads, c.Thread)
		}
	}
	return threads
}

// routeOf finds the threads of a mail by, in this order, reply tokens in its recipients,
// cited ids, ids with our MAC, and Thread-Index. A subject never routes; it can only
// contradict a token.
func routeOf(n named, subject string) route {
	r := route{Learned: map[string]int64{}}
	byToken := r.tokens(n.Tokens)
	byID := r.ids(n.Cited, byToken)
	switch {
	case len(byToken) > 0:
		r.Threads, r.Rule, r.Cites = byToken, "token", true
		if slices.ContainsFunc(byID, func(id int64) bool { return !slices.Contains(byToken, id) }) {
			r.Conflict = admit.OtherThread
		}
	case len(byID) > 0:
		r.Threads, r.Cites = byID[:1], true
		if len(byID) > 1 {
			r.Conflict = admit.Several
		}
	case n.Index != 0:
		r.Threads, r.Rule, r.Cites = []int64{n.Index}, "thread-index", true
	}
	if len(byToken) == 1 && len(n.Cited) == 0 && !r.Leave {
		if s := mail.CleanSubject(subject); s != "" && !strings.EqualFold(s, mail.CleanSubject(n.Subject)) {
			r.Conflict = admit.NewSubject
		}
	}
	return r
}

// tokens finds the threads of the reply tokens in the recipients.
func (r *route) tokens(found []namedToken) (threads []int64) {
	for _, t := range found {
		r.Token, r.Leave = t.Token, r.Leave || t.Leave
		if !slices.Contains(threads, t.Thread) {
			threads = append(threads, t.Thread)
		}
	}
	return threads
}

// ids finds the threads of the cited ids, nearest first. An unknown id right after one of
// ours is our mail too: the provider changed its id. The id of a mail to several threads
// belongs to the thread of a token or of a nearer id.
// Many branches: an id is that of a stored mail, describes itself, or is unknown.
func (r *route) ids(cited []namedID, byToken []int64) (threads []int64) {
	add := func(id int64, rule string) {
		if !slices.Contains(threads, id) {
			threads = append(threads, id)
		}
		if r.Rule == "" {
			r.Rule = rule
		}
	}
	unknown := ""
	for i, c := range cited {
		known, ok := c.in(append(slices.Clone(byToken), threads...))
		if !ok {
			known, ok = c.in(sure(cited))
		}
		switch {
		case ok:
			add(known.Thread, "cited id")
			if r.Parent == 0 {
				r.Parent = known.ID
			}
			if unknown != "" && known.Out {
				r.Learned[unknown] = known.ID
			}
			unknown = ""
		case !c.Ours:
			if i == 0 && len(c.Mails) == 0 {
				unknown = c.ID
			}
		case c.Thread != 0:
			add(c.Thread, "own id")
			if unknown == "" || !c.Root {
				continue
			}
			if c.LastOut != 0 {
				r.Learned[unknown] = c.LastOut
				if r.Parent == 0 {
					r.Parent = c.LastOut
				}
			}
			unknown = ""
		}
	}
	return threads
}

// recipients returns all addresses to which a mail was sent.
func recipients(m *mail.Message, env mail.Envelope) []string {
	var all []string
	for _, list := range [][]mail.Address{m.To, m.Cc} {
		for _, a := range list {
			all = append(all, a.Address)
		}
	}
	return append(append(all, m.DeliveredTo...), env.To...)
}

// cited returns the ids in a mail, nearest first: In-Reply-To, then
// References from last to first.
func cited(m *mail.Message) []string {
	var ids []string
	for _, id := range m.InReplyTo {
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	for i := len(m.References) - 1; i >= 0 && len(ids) < maxCited; i-- {
		if id := m.References[i]; !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}
