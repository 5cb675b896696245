package store

import (
	"crypto/sha256"
	"strings"
	"time"
)

// The modes of a thread.
const (
	ModeOpen   = "open"   // everybody by email sees everybody by email
	ModeHidden = "hidden" // each gets a mail of their own
)

// Thread is an email conversation.
type Thread struct {
	ID        int64
	Mailbox   int64
	Mode      string
	Title     string
	Token     string // reply token of the whole thread
	Paused    bool
	Ended     bool
	Created   time.Time
	Live      time.Time // when the last answer by mail came; zero: never
	HoldFirst time.Time // when the oldest held message came; zero: nothing is held
	HoldUntil time.Time
}

// Epoch is a stretch of a thread with one subject and one anchor.
type Epoch struct {
	ID      int64
	Thread  int64
	Name    string // EPOCH in the Message-IDs
	Subject string
	Anchor  string // without brackets
	GUID    []byte // in Thread-Index
	Started time.Time
}

// Room is a room or a chat thread inside one.
type Room struct {
	ID      int64
	Network string
	Place   string // the network's id of the room
	Chat    string // the network's id of the chat thread; empty: the room itself
	Thread  int64  // 0: not linked
	Name    string
	Private bool
	Gone    bool      // the bridge is no longer in it
	Linked  time.Time // when it was linked; zero: not known
	Shared  string    // with another organisation: SharedAsked, SharedAgreed; empty: with none

	// Encrypted is the same for a room that is encrypted: without consent nothing
	// that is said there is mailed. Mail still comes in. Empty: it is not encrypted.
	Encrypted string

	Topic   string
	Members int64 // people, as last asked for; 0: not known
}

// What was said to a room's being shared with another organisation.
const (
	SharedAsked  = "asked"  // nobody has agreed yet: nothing leaves the room and nothing enters it
	SharedAgreed = "agreed" // somebody with the right has
)

// What was said to the mailing of what is said in an encrypted room.
const (
	EncryptedAsked  = "asked"
	EncryptedAgreed = "agreed"
)

// Closed reports whether nothing that is said in a room may leave it.
func (r Room) Closed() bool { return r.Silent() || r.Encrypted == EncryptedAsked }

// Silent reports whether nothing may be posted in a room, nor mailed from it.
func (r Room) Silent() bool { return r.Gone || r.Shared == SharedAsked }

// The states of a participant.
const (
	Invited = "invited" // no mail has been made for this person yet
	Active  = "active"
	Gone    = "left"    // left by own wish; only the person can undo it
	Removed = "removed" // taken out from the room's side
	Bounced = "bounced" // mail does not arrive there: none is made until this person writes, or is added again
)

// Participant is a person who takes part in a thread by email.
type Participant struct {
	ID      int64
	Thread  int64
	Address string
	Canon   string // the address as it is compared
	Name    string
	Ghost   string // opaque id towards chat networks
	Token   string // reply token in a hidden thread
	State   string
	Joined  time.Time
	Changed time.Time // when State last changed
	Muted   time.Time // until when; zero: not muted
	Mailed  time.Time // when the last mail was made for this person; zero: never
	Bounces int64     // hard bounces in a row
	Mode    string    // when mail goes to this person: Burst, Daily, …
	Zone    string    // time zone, as Europe/Berlin; empty: that of the installation
	Dialect string    // which reactions their mail program knows: DialectGmail, DialectMail; empty: not known
}

// The reactions that a mail program knows.
const (
	DialectGmail = "gmail"
	DialectMail  = "rfc9078"
)

// Takes reports whether mail goes to this person at all.
func (p Participant) Takes() bool { return p.State == Active || p.State == Invited }

// The origins of a message.
const (
	FromChat  = "chat"
	FromMail  = "mail"
	FromOwner = "owner" // written by the mailbox's owner in a mail program
)

// The states of a message.
const (
	Held    = "held"    // will be mailed when the hold ends
	Mailed  = "mailed"  // is in a mail, or needs none
	Inside  = "inside"  // is not for email
	Deleted = "deleted" // taken back
	Awaited = "awaited" // the root of a chat thread that is being read from the room
	Earlier = "earlier" // such a root that was said before the room was linked: nobody by email gets it
)

// Message is one thing that somebody said.
type Message struct {
	ID          int64
	Thread      int64
	Origin      string
	Author      int64 // 0: none
	Participant int64 // 0: none
	Name        string
	Account     string // whose account wrote it, where Name is another one; empty: it is not
	Kind        int64  // chat.Kind
	Text        string
	HTML        string
	Files       string // names, one a line
	ReplyTo     int64  // 0: none
	State       string
	At          time.Time
	Skip        IDs    // participants who have it already or must not get it
	Marks       string // what the bridge remarks of it in rooms, a line each; no part of its text
	Room        int64  // where it was written; 0: in a mail, or not known
}

// Unsaid reports whether a message is known for what answers it alone.
func (m Message) Unsaid() bool { return m.State == Awaited || m.State == Earlier }

// IDs is a small set of record ids.
type IDs []int64

// Has reports whether id is in the set.
func (ids IDs) Has(id int64) bool {
	for _, v := range ids {
		if v == id {
			return true
		}
	}
	return false
}

// Mail is an email that belongs to a thread.
type Mail struct {
	ID        int64
	Thread    int64
	Epoch     int64  // 0: none
	Uniq      string // empty for mail that came in
	MessageID string // as we know it best
	Out       bool
	At        time.Time
	Dated     time.Time // its Date, where that is far from At; zero: it is not
}

// The kinds of a Message-ID.
const (
	IDSent     = "sent"     // as we wrote it
	IDFinal    = "final"    // as the provider changed it
	IDLearned  = "learned"  // found in an answer
	IDReceived = "received" // of a mail that came in
	IDShared   = "shared"   // of a mail that came in for several threads, in one after the first
)

// The states of a recipient.
const (
	Queued    = "queued"
	Accepted  = "accepted"
	Delayed   = "delayed"
	Delivered = "delivered"
	Read      = "read"
	Failed    = "failed"
	Resent    = "sent again" // it failed, and the same was mailed again
)

// Recipient is what became of a mail for one participant.
type Recipient struct {
	Mail        int64
	Participant int64
	Address     string
	State       string
	Reason      string
}

// The phases of a delivery.
const (
	PhaseNew     = "new"
	PhaseDot     = "dot"     // the last dot of a mail is about to go out
	PhaseUnclear = "unclear" // it may have been made
)

// Delivery is a thing that remains to be done. Deliveries of one lane are done
// one after the other, in the order of their ids.
type Delivery struct {
	ID      int64
	Kind    string
	Lane    string
	Key     string // unique; the same for every attempt
	Phase   string
	Started time.Time // when the phase was entered
	Attempt int
	Due     time.Time
	Created time.Time
	Error   string
	Data    string // JSON
	Raw     []byte
	// Resumed: it stood first in its lane when the program was started, so an earlier
	// attempt may have got through. The outbox sets it; it is not stored.
	Resumed bool
}

// What the check of a mail's origin said.
const (
	TrustProven   = "proven"
	TrustUnproven = "unproven"
	TrustFailed   = "failed"
)

// HeldMail is a mail that waits for a person's decision.
type HeldMail struct {
	ID      int64
	Mailbox int64
	Thread  int64 // where it seems to belong; 0: nowhere
	Sender  string
	Name    string
	Subject string
	Code    string // why it is held, in a word of package frommail; empty: unknown
	Trust   string // what the check of its origin said; empty: unknown
	Reason  string // why, for people
	Place   int64  // mail.Place
	File    string
	At      time.Time
	State   string // held, approved, denied
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}

func orNull(id int64) any {
	if id == 0 {
		return nil
	}
	return id
}

// hash is the key under which an id from outside is found: 16 bytes, whatever
// its length.
func hash(parts ...string) []byte {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return sum[:16]
}
