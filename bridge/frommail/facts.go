package frommail

import (
	"errors"
	"slices"
	"strings"
	"time"

	"hashsend/bridge/classify"
	"hashsend/bridge/core"
	"hashsend/bridge/mail"
	"hashsend/bridge/store"
)

// Facts are what the store knows of a mail when it is decided about it.
type Facts struct {
	Route   route             // where it belongs, by the tokens and ids that were looked up
	Aliases map[string]string // known addresses, by canonical ones of the mail that stand for them
	About   reported          // the mail of ours that it reports on
	Sender  string            // the standing decision about its author (store.Sender…); empty: none
	People  []person          // what its author is in each thread of the route, in that order
	Habit   string            // how its author ends emails, as reply.Learn keeps it
	Copy    bool              // a mail of its Message-ID was taken in before
	Now     time.Time         // when it is decided
}

// habitKey is the setting that keeps how somebody ends emails.
func habitKey(canon string) string { return "habit/" + canon }

// wrote reports whether the author of an email wrote a message, too.
func (k Facts) wrote(l Mail, m store.Message) bool {
	if l.own {
		return m.Origin == store.FromOwner
	}
	return m.Participant != 0 && slices.ContainsFunc(k.People, func(p person) bool { return p.ID == m.Participant })
}

// reported is a mail of ours that a report is about; ID 0: none.
type reported struct{ ID, Thread int64 }

// person is what somebody is in a thread.
type person struct {
	ID      int64  // 0: no participant
	State   string // empty: no participant
	Changed time.Time
	Named   bool // the mail lies in Sent and is addressed to somebody who takes part there
}

// factsOf reads what decides about a mail. It decides nothing.
// Many branches: each fact may fail to be read.
func (box *Inbox) factsOf(tx *store.Tx, l Mail, f Approval) (k Facts, err error) {
	if k.Now = box.Env.Now(); l.echo != "" {
		return k, nil
	}
	if k.Route, err = box.findRoute(tx, &l.Msg, l.in.Envelope); err != nil {
		return k, err
	}
	if k.Aliases, err = aliases(tx, aliased(l, f), k.Route.Threads); err != nil {
		return k, err
	}
	if l.Class.Report != nil {
		about, err := box.concerns(tx, l.Class.Report)
		if err != nil {
			return k, err
		}
		k.About = reported{ID: about.ID, Thread: about.Thread}
	}
	canon := mail.CanonicalAddress(l.renamed(k.Aliases).Author.Address)
	if k.Sender, err = tx.Sender(canon); err != nil {
		return k, err
	}
	if k.Habit, err = tx.Setting(habitKey(canon)); err != nil {
		return k, err
	}
	for _, id := range k.Route.Threads {
		p, err := tx.Participant(id, canon)
		if err != nil && !errors.Is(err, store.ErrNone) {
			return k, err
		}
		named, err := box.namesAnybody(tx, id, l.renamed(k.Aliases))
		if err != nil {
			return k, err
		}
		k.People = append(k.People, person{ID: p.ID, State: p.State, Changed: p.Changed, Named: named})
	}
	if l.own && l.Msg.ID != "" {
		_, err := tx.MailByID(l.Msg.ID)
		if err != nil && !errors.Is(err, store.ErrNone) {
			return k, err
		}
		k.Copy = err == nil
	}
	return k, nil
}

// namesAnybody reports whether a mail in Sent is addressed to somebody who takes part in
// a thread.
func (box *Inbox) namesAnybody(tx *store.Tx, thread int64, l Mail) (bool, error) {
	if l.in.Place != mail.Sent {
		return false, nil
	}
	people, err := tx.Participants(thread)
	named := namedIn(l)
	return slices.ContainsFunc(people, func(p store.Participant) bool {
		return p.State != store.Gone && p.State != store.Removed && named[p.Canon]
	}), err
}

// findRoute looks up where a mail belongs.
func (box *Inbox) findRoute(tx *store.Tx, m *mail.Message, env mail.Envelope) (route, error) {
	n, err := box.look(tx, m, env)
	return routeOf(n, m.Subject), err
}

// look looks up the tokens and ids of a mail.
func (box *Inbox) look(tx *store.Tx, m *mail.Message, env mail.Envelope) (n named, err error) {
	if n.Tokens, err = tokensIn(tx, recipients(m, env), box.Address.Address); err != nil {
		return n, err
	}
	if n.Cited, err = lookUp(tx, box.Env.Mint, cited(m), n.Tokens); err != nil {
		return n, err
	}
	if len(n.Tokens) > 0 && len(n.Cited) == 0 {
		e, err := tx.Epoch(n.Tokens[0].Thread)
		if err != nil {
			return n, err
		}
		n.Subject = e.Subject
	}
	if guid, ok := mail.ThreadIndexKey(m.ThreadIndex); ok {
		e, err := tx.EpochByGUID(guid[:])
		if err != nil && !errors.Is(err, store.ErrNone) {
			return n, err
		}
		n.Index = e.Thread
	}
	return n, nil
}

// tokensIn finds the reply tokens of ours in addresses of a mailbox.
func tokensIn(tx *store.Tx, addresses []string, box string) (found []namedToken, err error) {
	for _, a := range addresses {
		detail := core.PlusDetail(a, box)
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
		found = append(found, namedToken{Token: token, Thread: th, Leave: leave})
	}
	return found, nil
}

// lookUp finds what is known of ids, and which other mails go by the same id in the
// threads that the mail names besides.
func lookUp(tx *store.Tx, mint mail.Mint, ids []string, tokens []namedToken) (found []namedID, err error) {
	var threads []int64
	for _, t := range tokens {
		threads = append(threads, t.Thread)
	}
	for _, id := range ids {
		c := namedID{ID: id}
		m, err := tx.MailByID(id)
		switch {
		case err == nil:
			c.Mails = []namedMail{{ID: m.ID, Thread: m.Thread, Out: m.Out}}
			threads = append(threads, m.Thread)
		case !errors.Is(err, store.ErrNone):
			return nil, err
		default:
			if err := c.describes(tx, mint); err != nil {
				return nil, err
			}
			if c.Thread != 0 {
				threads = append(threads, c.Thread)
			}
		}
		found = append(found, c)
	}
	slices.Sort(threads)
	threads = slices.Compact(threads)
	for i, c := range found {
		for _, t := range threads {
			m, err := tx.MailIn(t, c.ID)
			if err != nil && !errors.Is(err, store.ErrNone) {
				return nil, err
			}
			if err == nil && (len(c.Mails) == 0 || m.ID != c.Mails[0].ID) {
				found[i].Mails = append(found[i].Mails, namedMail{ID: m.ID, Thread: m.Thread, Out: m.Out, Within: true})
			}
		}
	}
	return found, nil
}

// describes reads what an id that no mail goes by says of itself.
func (c *namedID) describes(tx *store.Tx, mint mail.Mint) error {
	epoch, uniq, ours := mint.Parse(c.ID)
	if c.Ours = ours; !ours {
		return nil
	}
	e, err := tx.EpochByName(epoch)
	if errors.Is(err, store.ErrNone) {
		return nil
	}
	if err != nil {
		return err
	}
	c.Thread, c.Root = e.Thread, uniq == "root"
	if !c.Root {
		return nil
	}
	last, err := tx.LastOut(e.Thread)
	if err != nil && !errors.Is(err, store.ErrNone) {
		return err
	}
	c.LastOut = last.ID
	return nil
}

// concerns finds the mail of ours that a report is about; the zero Mail: none.
func (box *Inbox) concerns(tx *store.Tx, r *classify.Report) (store.Mail, error) {
	var uniqs []string
	if u, ok := box.Env.Mint.ParseTrace(r.Trace); ok {
		uniqs = append(uniqs, u)
	}
	if r.EnvelopeID != "" {
		uniqs = append(uniqs, r.EnvelopeID)
	}
	if _, u, ok := box.Env.Mint.Parse(r.OriginalID); ok {
		uniqs = append(uniqs, u)
	}
	for _, u := range uniqs {
		if m, err := tx.MailByUniq(u); err == nil || !errors.Is(err, store.ErrNone) {
			return m, err
		}
	}
	if r.OriginalID == "" {
		return store.Mail{}, nil
	}
	m, err := tx.MailByID(r.OriginalID)
	if errors.Is(err, store.ErrNone) {
		err = nil
	}
	return m, err
}
