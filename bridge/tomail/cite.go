package tomail

import (
	"errors"
	"slices"

	"hashsend/bridge/core"
	"hashsend/bridge/store"
)

// citation is an email that others may reply to.
type citation struct {
	IDs     []string // all its Message-IDs
	Final   string   // the one that recipients know
	Readers store.IDs
}

// readers counts these people among the recipients of the email.
func (c citation) readers(people []store.Participant) (n int) {
	for _, who := range people {
		if c.Readers.Has(who.ID) {
			n++
		}
	}
	return n
}

// cite returns the ids that an email to these people cites, of the emails that contain the
// message it replies to. It skips emails that none of them has; the one that most of them have
// comes last and is the one replied to.
func cite(mails []citation, to []store.Participant) (ids []string) {
	var has []citation // of one email per reader, in hidden conversations
	for _, c := range mails {
		if c.readers(to) > 0 {
			has = append(has, c)
		}
	}
	slices.SortStableFunc(has, func(a, b citation) int { return a.readers(to) - b.readers(to) })
	for _, c := range has {
		ids = append(append(ids, c.IDs...), c.Final)
	}
	return ids
}

// citedMail reads an email with its ids and readers. of is a message in it: an incoming email
// is known to its author and the people it named.
func citedMail(w *core.Work, m store.Mail, of store.Message) (c citation, err error) {
	c.Final = m.MessageID
	if c.IDs, err = w.MailIDs(m.ID); err != nil {
		return c, err
	}
	if !m.Out {
		out, err := w.LeftOut(of.ID)
		for _, id := range append(store.IDs{of.Participant}, of.Skip...) {
			if id != 0 && !out.Has(id) {
				c.Readers = append(c.Readers, id)
			}
		}
		return c, err
	}
	rs, err := w.Recipients(m.ID)
	for _, r := range rs {
		c.Readers = append(c.Readers, r.Participant)
	}
	return c, err
}

// rootOf returns the email that started a conversation; the zero citation if a room started it.
func rootOf(w *core.Work, thread int64) (citation, error) {
	first, err := w.FirstMail(thread)
	if errors.Is(err, store.ErrNone) || (err == nil && first.Out) {
		return citation{}, nil
	}
	if err != nil {
		return citation{}, err
	}
	ms, err := w.MessagesOfMail(first.ID)
	if err != nil || len(ms) == 0 {
		return citation{}, err
	}
	return citedMail(w, first, ms[0])
}

// quoteOf reads a message that another one refers to.
func quoteOf(w *core.Work, of store.Message) (quote, error) {
	q := quote{Name: of.Name, Text: of.Text, Of: of}
	if p, err := w.Poll(of.ID); err == nil {
		q.Text = core.PollMark + p.Question // without its options
	} else if !errors.Is(err, store.ErrNone) {
		return q, err
	}
	var err error
	q.Mails, err = citationsOf(w, of)
	return q, err
}

// citationsOf returns the emails that contain a message.
func citationsOf(w *core.Work, m store.Message) (all []citation, err error) {
	mails, err := w.MailsOfMessage(m.ID)
	if err != nil {
		return nil, err
	}
	for _, in := range mails {
		c, err := citedMail(w, in, m)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

// withRoot adds the first message of a chain of replies, so that mail programs show a chat
// thread as one branch.
func withRoot(w *core.Work, q quote) (quote, error) {
	const furthest = 50
	first := q.Of
	for n := 0; n < furthest && first.ReplyTo != 0; n++ {
		m, err := w.Message(first.ReplyTo)
		if err != nil {
			return q, err
		}
		first = m
	}
	if first.ID == q.Of.ID {
		return q, nil
	}
	var err error
	q.Root, err = citationsOf(w, first)
	return q, err
}
