package frommail

import (
	"errors"
	"slices"
	"strings"

	"hashsend/bridge/core"
	"hashsend/bridge/mail"
	"hashsend/bridge/store"
)

// route is the result of looking for the conversation of a mail.
type route struct {
	Threads  []int64 // empty: none
	Rule     string  // the header that found it
	Parent   int64   // the mail that it replies to; 0: unknown
	Cites    bool    // it cites our mail or has a token
	Token    string  // the reply token of its recipient; empty: none
	Leave    bool    // its recipient is an address for leaving
	Conflict string
	Learned  map[string]int64 // other Message-IDs of our mails
}

// maxCited limits the cited ids that are looked up.
const maxCited = 50

// findRoute finds the threads of a mail by, in this order, reply tokens in its recipients,
// cited ids, ids with our MAC, and Thread-Index; never by the subject.
func findRoute(e *core.Env, tx *store.Tx, box *core.Box, m *mail.Message, env mail.Envelope) (route, error) {
	r := route{Learned: map[string]int64{}}
	byToken, err := r.tokens(tx, box, m, env)
	if err != nil {
		return r, err
	}
	byID, err := r.ids(tx, e.Mint, m, byToken)
	if err != nil {
		return r, err
	}
	switch {
	case len(byToken) > 0:
		r.Threads, r.Rule, r.Cites = byToken, "token", true
		for _, id := range byID {
			if !slices.Contains(byToken, id) {
				r.Conflict = "it is addressed to one conversation and replies to another"
			}
		}
	case len(byID) > 0:
		r.Threads, r.Cites = byID[:1], true
		if len(byID) > 1 {
			r.Conflict = "it replies to emails of different conversations"
		}
	default:
		if guid, ok := mail.ThreadIndexKey(m.ThreadIndex); ok {
			e, err := tx.EpochByGUID(guid[:])
			if err == nil {
				r.Threads, r.Rule, r.Cites = []int64{e.Thread}, "thread-index", true
			} else if !errors.Is(err, store.ErrNone) {
				return r, err
			}
		}
	}
	if len(byToken) == 1 && len(byID) == 0 && len(cited(m)) == 0 && !r.Leave {
		e, err := tx.Epoch(byToken[0])
		if err != nil {
			return r, err
		}
		if s := mail.CleanSubject(m.Subject); s != "" && !strings.EqualFold(s, mail.CleanSubject(e.Subject)) {
			r.Conflict = "it isn't a reply and has a different subject"
		}
	}
	return r, nil
}

// tokens finds the threads of the reply tokens in the recipients.
func (r *route) tokens(tx *store.Tx, box *core.Box, m *mail.Message, env mail.Envelope) (threads []int64, err error) {
	for _, a := range recipients(m, env) {
		detail := core.PlusDetail(a, box.Address.Address)
		if detail == "" {
			continue
		}
		token, leave := strings.CutPrefix(detail, "leave.")
		th, _, err := tx.Token(token)
		if errors.Is(err, store.ErrNone) {
			continue
		}
		if err != nil {
			return nil, err
		}
		r.Token, r.Leave = token, r.Leave || leave
		if !slices.Contains(threads, th) {
			threads = append(threads, th)
		}
	}
	return threads, nil
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

// ids finds the threads of the cited ids, nearest first. An unknown id right after one of
// ours is our mail too: the provider changed its id. The id of a mail to several threads
// (C34) belongs to the thread of a token or of a nearer id.
func (r *route) ids(tx *store.Tx, mint mail.Mint, m *mail.Message, byToken []int64) (threads []int64, err error) {
	add := func(id int64, rule string) {
		if !slices.Contains(threads, id) {
			threads = append(threads, id)
		}
		if r.Rule == "" {
			r.Rule = rule
		}
	}
	unknown := ""
	for i, id := range cited(m) {
		known, err := mailIn(tx, id, append(slices.Clone(byToken), threads...))
		if err == nil {
			add(known.Thread, "cited id")
			if r.Parent == 0 {
				r.Parent = known.ID
			}
			if unknown != "" && known.Out {
				r.Learned[unknown] = known.ID
			}
			unknown = ""
			continue
		}
		if !errors.Is(err, store.ErrNone) {
			return nil, err
		}
		epoch, uniq, ours := mint.Parse(id)
		if !ours {
			if i == 0 {
				unknown = id
			}
			continue
		}
		e, err := tx.EpochByName(epoch)
		if errors.Is(err, store.ErrNone) {
			continue
		}
		if err != nil {
			return nil, err
		}
		add(e.Thread, "own id")
		if unknown == "" || uniq != "root" {
			continue
		}
		if last, err := tx.LastOut(e.Thread); err == nil {
			r.Learned[unknown] = last.ID
			if r.Parent == 0 {
				r.Parent = last.ID
			}
		} else if !errors.Is(err, store.ErrNone) {
			return nil, err
		}
		unknown = ""
	}
	return threads, nil
}

// mailIn finds a mail by its id, preferably in one of these threads.
func mailIn(tx *store.Tx, id string, threads []int64) (store.Mail, error) {
	known, err := tx.MailByID(id)
	if err != nil || slices.Contains(threads, known.Thread) {
		return known, err
	}
	for _, t := range threads {
		if in, err := tx.MailIn(t, id); !errors.Is(err, store.ErrNone) {
			return in, err
		}
	}
	return known, nil
}
