package core

import (
	"log/slog"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/mail"
	"hashsend/bridge/store"
)

// Options are what a Bridge is made of. Store, Chats and Mailboxes are needed.
type Options struct {
	Store     *store.Store // the bridge does not close it
	Chats     []chat.Connector
	Mailboxes []Mailbox
	Access    Access
	Home      Home
	Hold      Hold
	Files     Files
	Tag       string // the word that marks a mail as chat; empty: "#Send"
	// TellDeletes: who has a message by mail is told that it was deleted.
	TellDeletes bool
	DigestAt    string         // time of day of daily digests, in the zone of the machine; empty: "08:00"
	Zone        *time.Location // in which times are told in rooms; nil: time.Local
	Unproven    bool           // hold mail of participants that nothing proves, instead of posting it with a mark
	Log         *slog.Logger
	Metrics     Metrics          // nil: none are counted
	Now         func() time.Time // nil: time.Now
}

// Mailbox is an account that the bridge reads and sends from.
type Mailbox struct {
	Name      string       // its name in the configuration
	Address   mail.Address // From of what leaves it; Name is what stands in parentheses behind an author: "Alice (Acme)"
	Own       []string     // other addresses of the owner; mail from them in Sent is the owner's
	Owner     string       // the owner's name, for what the owner writes from a mail program; empty: Address.Name
	Domain    string       // right side of our Message-IDs; empty: that of Address
	Sources   []mail.Source
	Submitter mail.Submitter
	Keeper    mail.Keeper   // nil: there is no Sent folder to look after
	Verifier  mail.Verifier // nil: nothing is ever proven
	PlusWorks bool          // a round trip has shown that plus addresses arrive
	KeepsSent bool          // the provider keeps a copy of what is submitted by itself
	Opens     OpenWhere     // where a new #Send mail from somebody allowed opens a conversation
	Grace     time.Duration // how long a mail whose end is unclear is looked for before it is sent again; 0: a minute
	PerHour   int           // mails an hour that the provider allows; 0: no limit known
	MailBytes int64         // bytes of the largest mail that is made; 0: 20 MiB, or less where the server says so
}

// OpenWhere says where conversations that begin by mail are shown.
type OpenWhere struct {
	Network string      // name of the chat connector; empty: they are asked about in the home room
	Room    chat.RoomID // each in a thread of its own in this room; empty: each in a new room
	Invite  []chat.UserID
}

// Home is the room where the bridge asks and tells what belongs to no other room.
type Home struct {
	Network string
	Room    chat.RoomID
}

// Hold is how long a chat message may still change before it becomes mail.
type Hold struct {
	Quiet time.Duration // after the last message of anybody; DefaultHold has 5 s
	Max   time.Duration // after the first; DefaultHold has 30 s
	Live  time.Duration // in a live conversation and for a mention; DefaultHold has 2 s
}

// DefaultHold is the hold that people find pleasant. The zero Hold sends at once.
func DefaultHold() Hold {
	return Hold{Quiet: 5 * time.Second, Max: 30 * time.Second, Live: 2 * time.Second}
}

// Level is what a person may do.
type Level int

// The levels; each includes those before it.
const (
	Nothing    Level = iota // not even be relayed
	Speak                   // be relayed
	Ask                     // commands that change nothing: help, who, status
	Link                    // link rooms, invite and remove people, decide about held mail
	Administer              // everything, in every room
)

// Access says who may do what. The keys of Allow are a user id, a server, or
// "*"; the most specific one counts. Moderators and Admins raise the level of
// those who have that rank in the room and may at least speak.
type Access struct {
	Allow      map[string]Level
	Moderators Level
	Admins     Level
	Mail       []string // addresses and domains ("example.org") that may open a conversation by mail
	// Newcomers whom a mail of somebody who takes part brings along (To, Cc) take part
	// without a question: addresses, domains, and SameDomain. Empty: each is asked about.
	Newcomers []string
}

// Metrics counts what happens. All methods may be called by several goroutines.
type Metrics interface {
	Count(name string, n int64)           // name is one of the words in metrics.go
	Observe(name string, d time.Duration) // how long something took
}

// Trace is one thing that the bridge did with a message, for people who watch.
type Trace struct {
	At      time.Time `json:"at"`
	Thread  int64     `json:"thread,omitempty"`  // 0: none
	Message int64     `json:"message,omitempty"` // 0: none
	Mail    string    `json:"mail,omitempty"`    // Message-ID, without brackets
	Kind    string    `json:"kind"`              // a word: received, held, composed, submitted, delivered, posted, refused, …
	Text    string    `json:"text"`              // plain words for a person; holds no text of a message
}

// Health is the state of one connection.
type Health struct {
	Name  string    `json:"name"`
	Kind  string    `json:"kind"` // chat, mail source, submission
	OK    bool      `json:"ok"`
	Since time.Time `json:"since"`
	Error string    `json:"error,omitempty"` // plain words and what to do
}

// Overview is what the console shows.
type Overview struct {
	Started     time.Time        `json:"started"`
	Threads     []ThreadView     `json:"threads"`
	Queue       []QueueView      `json:"queue"`
	Held        []HeldView       `json:"held"`
	Connections []Health         `json:"connections"`
	Counters    map[string]int64 `json:"counters"`
}

// ThreadView is a thread with its rooms, people and last messages, newest last.
type ThreadView struct {
	ID       int64         `json:"id"`
	Title    string        `json:"title"`
	Mode     string        `json:"mode"` // open, hidden
	Paused   bool          `json:"paused"`
	Rooms    []string      `json:"rooms"`
	People   []string      `json:"people"`
	Messages []MessageView `json:"messages"`
}

// MessageView is one message and how far it has come.
type MessageView struct {
	ID     int64     `json:"id"`
	At     time.Time `json:"at"`
	Author string    `json:"author"`
	Text   string    `json:"text"`
	From   string    `json:"from"`  // chat, mail
	State  string    `json:"state"` // held, inside, deleted, posted; queued, sent, delivered, read, delayed, failed
	Reason string    `json:"reason,omitempty"`
}

// QueueView is a delivery that is not yet made.
type QueueView struct {
	Kind    string    `json:"kind"`
	Lane    string    `json:"lane"`
	Attempt int       `json:"attempt"`
	Due     time.Time `json:"due"`
	Error   string    `json:"error,omitempty"`
}

// HeldView is a mail that waits for a person's decision.
type HeldView struct {
	ID      int64     `json:"id"`
	At      time.Time `json:"at"`
	From    string    `json:"from"`
	Subject string    `json:"subject"`
	Reason  string    `json:"reason"`
}

// Files says which files are carried, and for how long they are kept.
type Files struct {
	Largest int64         // bytes of one file; larger ones are named only. 0: 100 MB
	URL     string        // address of the web under which OpenLink is served; empty: no links are given
	Keep    time.Duration // how long the content is kept for people who come later; 0: 30 days
	FFmpeg  string        // path of the program by which voice messages get a copy that every mail program plays; empty: none
}

func (f Files) withDefaults() Files {
	if f.Largest <= 0 {
		f.Largest = 100e6
	}
	if f.Keep <= 0 {
		f.Keep = 30 * 24 * time.Hour
	}
	return f
}
