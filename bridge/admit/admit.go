// Package admit decides what an email may do, before anything is done. What it allows it
// says in values that nobody else can make, and whatever an email can cause asks for one.
package admit

import (
	"slices"

	"hashsend/bridge/classify"
	"hashsend/bridge/mail"
	"hashsend/bridge/store"
)

// Evidence is everything that decides what a mail may do.
type Evidence struct {
	Kind    classify.Kind
	Verdict mail.Verdict
	HasID   bool // it has a Message-ID

	// About its author.
	Named    bool       // From names one
	Owner    bool       // it bears an address of the mailbox's owner
	Sender   string     // the standing decision about the address (store.Sender…)
	Threads  []Standing // what the author is in each thread that the mail belongs to
	MayOpen  bool       // the settings let the address begin conversations
	Approved bool       // a person has approved this very mail
	Adds     bool       // and lets its author take part

	// About the way it came.
	Copy        bool // it is ours, by a trace that only we can make, and has come back
	Returned    bool // a bridge sent it: this one, by another way
	InSent      bool // it was found where the owner's mail is kept
	ToUs        bool // an address of ours stands in To or Cc
	PrivateCopy bool // it came by Bcc alone

	// About what it is to.
	Cites    bool // it cites a mail of ours, or has a token
	Token    bool // it was sent to a token
	Conflict Code // what in it contradicts itself; empty: nothing
	Tagged   bool // its subject has the tag
	Leaves   bool // it was sent to an address for leaving
	Command  bool // it holds a command
	Reports  bool // it reports on a mail
	About    bool // that is one of ours
	Known    bool // a mail of its Message-ID was taken in before

	// About the settings.
	HoldUnproven bool // mail that nothing proves is held, whoever seems to have sent it
	HasPlace     bool // it is set where conversations that begin by mail are shown
	ReadsSent    bool // the folder of what the owner sends is read
}

// Standing is what the author of a mail is in a thread.
type Standing struct {
	Thread int64
	State  string // of a participant; empty: none
	Names  bool   // the mail is addressed to somebody who takes part there
}

// Admission is what a mail may do: one of the types below. Their zero values allow
// nothing; only Judge makes others.
type Admission interface{ admission() }

type (
	// Nothing: the mail is not ours, and leaves no trace.
	Nothing struct{}
	// Dropped: it is ours, and is left aside by rule.
	Dropped struct{}
	// Copy: it is our own mail. The ids that it goes by may be learned.
	Copy struct{ given }
	// Report: it says what became of a mail of ours.
	Report struct{ given }
	// Line lets rooms be told in the bridge's own words that the mail has come. What it
	// says may be shown where its author is proven.
	Line struct {
		given
		proven
	}
	// Order lets its author leave. Every other command is for those who are proven.
	Order struct {
		given
		proven
	}
	// Voice lets it speak in its threads: post, react, vote, bring files.
	Voice struct {
		given
		proven
		marked bool
	}
	// Opening lets it begin a conversation, and speak there.
	Opening struct {
		given
		byProven bool
	}
	// Held lets it be kept for a person's decision, and asked about.
	Held struct {
		given
		reason Reason
		copy   bool
	}
	// Proof is that a mail is of somebody who takes part in a thread, or the owner. It
	// lets what the mail teaches about its author, or about our mail, be kept.
	Proof struct {
		given
		thread int64
	}
)

// given keeps others from making a permission.
type given struct{ ok bool }

// proven are the threads in which the author of a mail is proven to take part.
type proven struct{ threads []int64 }

func (Nothing) admission() {}
func (Dropped) admission() {}
func (Copy) admission()    {}
func (Report) admission()  {}
func (Line) admission()    {}
func (Order) admission()   {}
func (Voice) admission()   {}
func (Opening) admission() {}
func (Held) admission()    {}

// Given reports whether Judge has given the permission.
func (g given) Given() bool { return g.ok }

// Proof is that the author takes part in a thread; false: nothing proves it.
func (p proven) Proof(thread int64) (Proof, bool) {
	if !slices.Contains(p.threads, thread) {
		return Proof{}, false
	}
	return Proof{given: given{true}, thread: thread}, true
}

// In is what the mail may do in the conversation that it has begun.
func (o Opening) In(thread int64) Voice {
	v := Voice{given: o.given}
	if o.byProven {
		v.threads = []int64{thread}
	}
	return v
}

// Speaks is the permission to read what a mail brings to be posted; false: it posts nothing.
func Speaks(a Admission) (Voice, bool) {
	switch a := a.(type) {
	case Voice:
		return a, a.Given()
	case Opening:
		return Voice{given: a.given}, a.Given()
	}
	return Voice{}, false
}

// Thread is the thread in which the author is proven.
func (p Proof) Thread() int64 { return p.thread }

// Marked reports whether it must be said that nothing proves the sender.
func (v Voice) Marked() bool { return v.marked }

// Reason is why the mail is held.
func (h Held) Reason() Reason { return h.reason }

// AwaitsCopy reports whether the mail bears the owner's address, so that its copy in
// Sent may prove it.
func (h Held) AwaitsCopy() bool { return h.copy }

// Judge decides what a mail may do.
// Many branches: one for each kind of mail, and their order is the rule.
func Judge(e Evidence) Admission {
	ours := len(e.Threads) > 0
	switch {
	case e.Copy:
		return Copy{given{true}}
	case e.private():
		return Nothing{}
	case e.Leaves && ours:
		return Order{given: given{true}, proven: e.proven()} // whatever sort of mail asks for it
	case e.Reports && e.About:
		return Report{given{true}}
	case e.Reports && !ours:
		return Nothing{}
	case e.Kind == classify.Loop:
		return Dropped{}
	case e.automatic():
		switch {
		case !ours:
			return Nothing{}
		case e.Sender == store.SenderBlocked:
			return Dropped{}
		}
		return Line{given: given{true}, proven: e.proven()}
	case !ours && !e.Tagged:
		return Nothing{}
	case e.Returned:
		return Dropped{}
	case e.Command && ours:
		return Order{given: given{true}, proven: e.proven()}
	}
	return e.ofPerson()
}

// automatic reports whether a program wrote the mail.
func (e Evidence) automatic() bool {
	switch e.Kind {
	case classify.AutoReply, classify.Challenge, classify.Complaint, classify.Bounce, classify.Delayed, classify.Delivered, classify.ReadReceipt:
		return true
	}
	return false
}

// private reports whether the owner has sent a mail to people of whom none takes part:
// whatever it cites, it is not for the conversation.
func (e Evidence) private() bool {
	return e.InSent && !e.Approved && len(e.Threads) > 0 && !e.Token && !e.ToUs &&
		!slices.ContainsFunc(e.Threads, func(s Standing) bool { return s.Names })
}

// isOwner reports whether the owner is proven to have written the mail.
func (e Evidence) isOwner() bool { return e.Owner && e.Verdict.Trust == mail.Proven }

// proven are the threads in which its author is proven to take part. That somebody was
// approved once proves nothing.
func (e Evidence) proven() (p proven) {
	if e.Verdict.Trust != mail.Proven || e.Sender == store.SenderBlocked {
		return p
	}
	for _, s := range e.Threads {
		if e.Owner || e.Adds || (s.State != "" && s.State != store.Removed) {
			p.threads = append(p.threads, s.Thread)
		}
	}
	return p
}

// ofPerson judges a mail that somebody wrote to a conversation, or to begin one.
func (e Evidence) ofPerson() Admission {
	a := e.posting()
	if len(e.Threads) == 0 {
		a = e.opening()
	}
	if !e.Approved && !e.isOwner() {
		a = e.toMany(a)
	}
	if _, held := a.(Held); held && e.Owner && e.Verdict.Trust == mail.Unproven && e.ReadsSent && e.HasID {
		if e.Known {
			return Dropped{} // it was taken in from Sent
		}
		h := e.hold(Owner)
		h.copy = true
		return h
	}
	return a
}

// hold has the mail wait for a person's decision.
func (e Evidence) hold(code Code) Held {
	h := Held{given: given{true}, reason: holdFor(code, e.Verdict)}
	h.reason.Opens = len(e.Threads) == 0
	return h
}

func (e Evidence) voice(marked bool) Voice {
	return Voice{given: given{true}, proven: e.proven(), marked: marked}
}

// toMany keeps mail to many out of the rooms, as long as nobody asks for it: bulk
// mail that answers nothing, even if it was sent to an address of a conversation, and
// mail of a mailing list that belongs to no conversation.
func (e Evidence) toMany(a Admission) Admission {
	_, dropped := a.(Dropped)
	ours := len(e.Threads) > 0
	switch {
	case dropped:
	case e.Kind == classify.Bulk && ours:
		return e.hold(Bulk)
	case e.Kind == classify.Bulk:
		return Dropped{}
	case e.Kind == classify.List && !ours:
		return e.hold(List)
	}
	return a
}

// opening judges a mail that belongs to no thread.
func (e Evidence) opening() Admission {
	switch {
	case e.Sender == store.SenderBlocked:
		return Dropped{}
	case e.Approved, e.isOwner():
	case e.PrivateCopy:
		return e.hold(PrivateCopy)
	case !e.MayOpen:
		return e.hold(MayNotOpen)
	case e.Verdict.Trust != mail.Proven:
		return e.hold(OpenProof)
	case !e.HasPlace:
		return e.hold(NoPlace)
	}
	return Opening{given: given{true}, byProven: e.Verdict.Trust == mail.Proven}
}

// posting judges a mail to threads: it speaks in all of them, or in none.
func (e Evidence) posting() Admission {
	if e.Approved || e.isOwner() {
		return e.voice(false)
	}
	marked := false
	for _, s := range e.Threads {
		switch a := e.inThread(s).(type) {
		case Voice:
			marked = marked || a.marked
		default:
			return a
		}
	}
	if e.PrivateCopy && !e.Token {
		return e.hold(PrivateCopy)
	}
	return e.voice(marked)
}

// inThread judges a mail of a person in one thread.
func (e Evidence) inThread(s Standing) Admission {
	switch {
	case e.Sender == store.SenderBlocked:
		return Dropped{}
	case e.Verdict.Trust == mail.Failed:
		return e.hold(Forged)
	case !e.Named:
		return e.hold(NoAuthor)
	case e.Conflict != "":
		return e.hold(e.Conflict)
	case s.State == "" || s.State == store.Removed:
		return e.hold(Stranger)
	case e.Verdict.Trust == mail.Proven, e.Sender == store.SenderApproved:
		return e.voice(false)
	case !e.Cites:
		return e.hold(CitesNone)
	case e.HoldUnproven:
		return e.hold(Unproven)
	}
	return e.voice(true)
}
