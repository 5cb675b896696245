// Package mail has the words of email: mails that come in and go out, how they
// are read and composed, their Message-IDs, and the interfaces that connectors
// implement.
package mail

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"
)

// Address is a mailbox with its display name (RFC 5322, 3.4).
type Address struct {
	Name    string // decoded; may be empty
	Address string // user@domain
}

// Place is where a mail was found.
type Place int

// The places.
const (
	Inbox   Place = iota // an incoming folder
	Sent                 // the folder of what the owner sends
	Junk                 // the folder of what the provider distrusts
	Pushed               // given to us by LMTP or SMTP
	Archive              // the folder of all mail, where rules and people file what came
)

// Envelope is who a pushed mail came from and who it is for (RFC 5321, 2.3.1).
// It is empty for mail from a folder.
type Envelope struct {
	From string
	To   []string
}

// Head is what is known of a mail before its body is fetched.
type Head struct {
	Mailbox  string // name in the configuration
	Folder   string // empty for pushed mail
	Place    Place
	Envelope Envelope
	Size     int64     // bytes; 0: unknown
	Received time.Time // when the server took it
	Header   Header
}

// Incoming is a mail that has come in.
type Incoming struct {
	Head
	// Open gives the whole mail, header included. It may be called more than
	// once; each time the caller closes what it got.
	Open func(ctx context.Context) (io.ReadCloser, error)
}

// Handler takes mails. Calls of Handle for one folder come one after the other, in
// the order of the folder unless a mail comes slowly from its server; different
// folders may call at the same time.
type Handler interface {
	// Wants decides by the header alone. False: not ours; the source leaves the
	// mail as it is, and its body is not fetched.
	Wants(ctx context.Context, h Head) (bool, error)
	// Handle returns nil only when the mail is on disk with everything it causes,
	// and the cursor of its folder with it; only then does the source acknowledge
	// (LMTP 250, IMAP cursor). A mail handed over twice has no effect the second
	// time. An error marked retry.Never means that the mail is refused for good
	// (550 for pushed mail); any other means that it must be handed over again.
	Handle(ctx context.Context, cursor string, m Incoming) error
	// Pass stores the cursor of a folder after mails that were not wanted.
	Pass(ctx context.Context, mailbox, folder, cursor string) error
}

// Missed is a mail that a source knows of and could not get from its server, after
// several attempts.
type Missed struct {
	Mailbox string // name in the configuration
	Folder  string
	Place   Place
	Number  uint32 // of the mail in its folder (RFC 3501, 2.3.1.1)
	Header  Header // what is known of it; may be empty
	Err     error  // why it could not be got
}

// MissedHandler is a Handler that is told of mails that were set aside. Other
// handlers get a call of Pass instead.
type MissedHandler interface {
	// Missed notes the mail and stores the cursor behind it.
	Missed(ctx context.Context, cursor string, m Missed) error
}

// HealthHandler is a Handler that is told how the connection to a folder fares.
type HealthHandler interface {
	// Health is called when watching a folder fails, each time, and once when it
	// works again (nil). The text of err says what to do.
	Health(mailbox, folder string, err error)
}

// Source is a way on which mail comes in.
type Source interface {
	// Name is unique among the sources of the program; cursors are stored under it.
	Name() string
	// Run receives until ctx ends and then returns nil. It reconnects by itself;
	// an error means that it cannot go on, and names what to do. cursor gives what
	// was stored last for a folder; empty: nothing yet, begin with what arrives
	// from now on.
	Run(ctx context.Context, cursor func(folder string) string, h Handler) error
}

// Outgoing is a finished mail on its way to a submission server.
type Outgoing struct {
	MessageID  string // without angle brackets, as in the mail
	From       string // envelope sender
	To         []string
	EnvelopeID string // ENVID where the server has DSN (RFC 3461, 4.4)
	Size       int64  // bytes
	UTF8       bool   // needs SMTPUTF8 (RFC 6531)
	// Open gives the bytes, lines ended by CRLF. Each call begins anew.
	Open func() (io.ReadCloser, error)
}

// Outcome is what the server said for one recipient.
type Outcome struct {
	Address   string
	State     OutcomeState
	Code      int    // SMTP reply code
	Status    string // enhanced status code, "5.1.1" (RFC 3463); may be empty
	ServerSay string // the server's words, one line
}

// OutcomeState is the fate of a mail for one recipient.
type OutcomeState int

// The fates.
const (
	Accepted OutcomeState = iota
	Deferred              // refused for now (4xx)
	Refused               // refused for good (5xx)
)

// Result is the outcome of a submission.
type Result struct {
	FinalID   string // the Message-ID that the server said it uses; empty: as sent
	ServerSay string // the answer to the end of DATA, one line
	Outcomes  []Outcome
}

// AccountTrouble is what a submission server has against a mailbox.
type AccountTrouble int

// The troubles of accounts.
const (
	RefusedAll     AccountTrouble = iota + 1 // all recipients in the same words, for no known reason
	OverLimit                                // it has sent what it may for now
	NotSignedIn                              // user, password or token are refused, or none was asked for
	SenderRefused                            // it may not send as this address
	NoRelay                                  // it may send to nobody outside
	NameRefused                              // the name that was given in EHLO
	NeedsTLS                                 // the connection is not, or cannot be, secured
	AccountBlocked                           // by the provider
	ServerBusy                               // the server takes no mail from anybody at the moment
)

// AccountError is a refusal of the mailbox and not of a mail or a recipient: no
// other mail of the mailbox would fare better, and each of them waits. It comes
// inside of errors marked retry.Congested.
type AccountError struct {
	Trouble   AccountTrouble
	Code      int    // SMTP reply code
	Status    string // enhanced status code (RFC 3463); may be empty
	ServerSay string // the server's words, one line
	Advice    string // what the admin can do, a sentence without a full stop; empty: nothing but wait
}

// Error has the server's words and the advice.
func (e *AccountError) Error() string {
	s := strings.TrimSpace(strings.Join(strings.Fields(fmt.Sprintf("%d %s %s", e.Code, e.Status, e.ServerSay)), " "))
	if e.Advice != "" {
		s += " (" + e.Advice + ")"
	}
	return s
}

// Submitter hands finished mails to a submission server.
type Submitter interface {
	// Submit sends one mail. beforeDot is called when all bytes but the final dot
	// are out, once for each transaction that it takes; if it fails, the transaction
	// is broken off unsent. A nil
	// error means that at least one recipient was accepted; Outcomes then has one
	// entry per address of To. On an error nothing was accepted, unless it is
	// marked retry.Unclear (the connection broke after the final dot); it is marked
	// retry.Never when the server refused the mail for good, and has an
	// *AccountError in it when the server refused the mailbox. Outcomes are given
	// with errors too, where they are known. Safe for several goroutines.
	Submit(ctx context.Context, o Outgoing, beforeDot func() error) (Result, error)
}

// Sizer is a Submitter that knows how large a mail its server takes.
type Sizer interface {
	// MaxSize is in bytes, of the whole mail (RFC 1870); 0: not known yet, or no limit.
	MaxSize() int64
}

// Keeper looks after the folder of sent mail.
type Keeper interface {
	// FindSent looks in the Sent folder for the copy of a mail of ours by its
	// X-Hashsend-ID (see HeaderTrace) and returns the Message-ID that it has there,
	// without brackets.
	FindSent(ctx context.Context, trace string, since time.Time) (id string, found bool, err error)
	// KeepSent puts a copy into the Sent folder, marked as read.
	KeepSent(ctx context.Context, o Outgoing, at time.Time) error
	// AdoptSent moves our own copy that arrived in the incoming folder, known by
	// its X-Hashsend-ID, into the Sent folder. It reports whether there was one.
	AdoptSent(ctx context.Context, trace string, since time.Time) (id string, found bool, err error)
}

// Trust is how sure it is that a mail is from the address in its From.
type Trust int

// The degrees of trust.
const (
	Unproven Trust = iota // nothing says that it is true, nothing that it is false
	Proven
	Failed // something says that it is false
)

// Cause is why a mail is not proven although something speaks for it.
type Cause int

// The causes.
const (
	NoCause        Cause = iota
	HeaderTooLarge       // a part of the header was not read: it is held, whatever else is known
	FieldDoubled         // a field that may stand once stands twice
	FieldUnsigned        // the signature does not cover a field that is used
	PartSigned           // the signature does not cover the whole text
	AuthorUnclear        // From is not one plain address
)

// Verdict is the outcome of a check of a mail's origin.
type Verdict struct {
	Trust   Trust
	Method  string // "dmarc", "dkim", "spf", "place", …
	Domain  string // the domain that was proven
	Address string // the author's address that was checked: of a proven mail, the only one in From
	Cause   Cause
	Reason  string // plain words for a person
}

// Verifier finds out whether a mail is from the address in its From.
type Verifier interface {
	// Verify never fails for what the mail says; an error is one of reading the
	// mail or of the network and is temporary.
	Verify(ctx context.Context, m Incoming) (Verdict, error)
}

// Names of our own header fields.
const (
	HeaderTrace  = "X-Hashsend-ID"     // names the mail; survives a changed Message-ID
	HeaderSender = "X-Hashsend-Sender" // name of the account that wrote it under another name
	HeaderBridge = "X-Hashsend-Bridge" // "INSTANCE; hop=N", against loops
)
