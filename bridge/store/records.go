package store

import (
	"crypto/sha256"
	"strings"
	"time"
)

// The modes of a thread.
const (
	ModeOpen   = "open"   // participants see each other's addresses
	ModeHidden = "hidden" // each gets a separate email
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
	Live      time.Time // time of the last reply by email; zero: none
	HoldFirst time.Time // time of the oldest held message; zero: none
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
	Gone    bool      // the bridge has left
	Linked  time.Time // zero: unknown
	Shared  string    // shared with another organization: SharedAsked, SharedAgreed; empty: not shared

	// Encrypted is the same for encrypted rooms: without consent, messages are not emailed.
	// Email is still posted. Empty: not encrypted.
	Encrypted string

	Topic   string
	Members int64 // last known number; 0: unknown
}

// Consent for a room shared with another organization.
const (
	SharedAsked  = "asked"  // no consent yet: nothing leaves or enters the room
	SharedAgreed = "agreed" // consent given
)

// Consent for emailing messages of an encrypted room.
const (
	EncryptedAsked  = "asked"
	EncryptedAgreed = "agreed"
)

// Closed reports whether messages must not leave a room.
func (r Room) Closed() bool { return r.Silent() || r.Encrypted == EncryptedAsked }

// Silent reports whether a room must not be posted to or emailed from.
func (r Room) Silent() bool { return r.Gone || r.Shared == SharedAsked }

// The states of a participant.
const (
	Invited = "invited" // no email sent yet
	Active  = "active"
	Gone    = "left"    // left; only the participant can undo it
	Removed = "removed" // removed by a room
	Bounced = "bounced" // emails bounced and have stopped until the participant writes or is added again
)

// Participant is a person in a thread by email.
type Participant struct {
	ID      int64
	Thread  int64
	Address string
	Canon   string // canonical address
	Name    string
	Ghost   string // opaque id for chat networks
	Token   string // reply token in a hidden thread
	State   string
	Joined  time.Time
	Changed time.Time // when State last changed
	Muted   time.Time // zero: not muted
	Mailed  time.Time // time of the last email; zero: none
	Bounces int64     // hard bounces in a row
	Mode    string    // when they get email: Burst, Daily, …
	Zone    string    // time zone, such as Europe/Berlin; empty: the default
	Dialect string    // reactions their mail program supports: DialectGmail, DialectMail; empty: unknown
}

// Kinds of reactions that mail programs support.
const (
	DialectGmail = "gmail"
	DialectMail  = "rfc9078"
)

// Takes reports whether the participant gets email at all.
func (p Participant) Takes() bool { return p.State == Active || p.State == Invited }

// The origins of a message.
const (
	FromChat  = "chat"
	FromMail  = "mail"
	FromOwner = "owner" // by the mailbox's owner in a mail program
)

// The states of a message.
const (
	Held    = "held"    // emailed when the hold ends
	Mailed  = "mailed"  // emailed, or needs no email
	Inside  = "inside"  // stays in the room
	Deleted = "deleted" // taken back
	Awaited = "awaited" // the root of a chat thread that is being read from the room
	Earlier = "earlier" // a root from before the link; never emailed
)

// Message is one message of a person.
type Message struct {
	ID          int64
	Thread      int64
	Origin      string
	Author      int64 // 0: none
	Participant int64 // 0: none
	Name        string
	Account     string // account name if it differs from Name; empty: it does not
	Kind        int64  // chat.Kind
	Text        string
	HTML        string
	Files       string // names, one per line
	ReplyTo     int64  // 0: none
	State       string
	At          time.Time
	Skip        IDs    // participants who have it or must not get it
	Marks       string // marks of the bridge in rooms, one per line; not part of the text
	Room        int64  // original room; 0: from an email, or unknown
}

// Unsaid reports whether a message is known only through replies to it.
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

// Mail is an email of a thread.
type Mail struct {
	ID        int64
	Thread    int64
	Epoch     int64  // 0: none
	Uniq      string // empty for incoming email
	MessageID string // current Message-ID
	Out       bool
	At        time.Time
	Dated     time.Time // its Date if far from At; zero: it is not
}

// The kinds of a Message-ID.
const (
	IDSent     = "sent"     // as we wrote it
	IDFinal    = "final"    // as the provider changed it
	IDLearned  = "learned"  // found in a reply
	IDReceived = "received" // of incoming email
	IDShared   = "shared"   // of an email that came in for several threads, in all but the first
)

// The states of a recipient.
const (
	Queued    = "queued"
	Accepted  = "accepted"
	Delayed   = "delayed"
	Delivered = "delivered"
	Read      = "read"
	Failed    = "failed"
	Resent    = "sent again" // failed, and sent again
)

// Recipient is the state of an email for one participant.
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
	PhaseDot     = "dot"     // the final dot is about to be sent
	PhaseUnclear = "unclear" // may have succeeded
)

// Delivery is a pending delivery. Deliveries of one lane are made one after the other, in the
// order of their ids.
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
	// Resumed: it was first in its lane when the program started, so an earlier attempt may
	// have succeeded. The outbox sets it; it is not stored.
	Resumed bool
}

// What the check of a mail's origin said.
const (
	TrustProven   = "proven"
	TrustUnproven = "unproven"
	TrustFailed   = "failed"
)

// HeldMail is an email held for review.
type HeldMail struct {
	ID      int64
	Mailbox int64
	Thread  int64 // proposed thread; 0: none
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

// hash returns the 16-byte key under which an external id is found.
func hash(parts ...string) []byte {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return sum[:16]
}
