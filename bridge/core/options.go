package core

import (
	"log/slog"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/mail"
	"hashsend/bridge/store"
)

// Options configure a Bridge. Store, Chats and Mailboxes are required.
type Options struct {
	Store     *store.Store // the bridge does not close it
	Chats     []chat.Connector
	Mailboxes []Mailbox
	Access    Access
	Home      Home
	Hold      Hold
	Files     Files
	Tag       string // marks an email as part of a chat; empty: "#Send"
	// TellDeletes tells recipients of a message when it is deleted.
	TellDeletes bool
	DigestAt    string         // time of daily digests in the zone of the machine; empty: "08:00"
	Zone        *time.Location // for times in rooms; nil: time.Local
	Unproven    bool           // hold unverified email of participants for review instead of posting it with a mark
	Log         *slog.Logger
	Metrics     Metrics          // nil: no metrics
	Now         func() time.Time // nil: time.Now
}

// Mailbox is an account that the bridge reads and sends from.
type Mailbox struct {
	Name      string       // its name in the configuration
	Address   mail.Address // From of its emails; Name follows the author in parentheses: "Alice (Acme)"
	Own       []string     // other addresses of the owner; mail from them in Sent is the owner's
	Owner     string       // the owner's name for messages written in a mail program; empty: Address.Name
	Domain    string       // right side of our Message-IDs; empty: that of Address
	Sources   []mail.Source
	Submitter mail.Submitter
	Keeper    mail.Keeper   // nil: the mailbox has no Sent folder
	Verifier  mail.Verifier // nil: no sender is ever verified
	PlusWorks bool          // a round trip has shown that plus addresses arrive
	KeepsSent bool          // the provider stores a copy of each submitted email itself
	Opens     OpenWhere     // where a new #Send email from an allowed sender starts a conversation
	Grace     time.Duration // how long to look for an email after an unclear result before it is sent again; 0: one minute
	PerHour   int           // emails per hour that the provider allows; 0: unknown
	MailBytes int64         // size of the largest email in bytes; 0: 20 MiB, or less if the server says so
}

// OpenWhere says where conversations that start by email appear.
type OpenWhere struct {
	Network string      // name of the chat connector; empty: each is a question in the home room
	Room    chat.RoomID // each in a new thread of this room; empty: each in a new room
	Invite  []chat.UserID
}

// Home is the room for questions and notices that belong to no other room.
type Home struct {
	Network string
	Room    chat.RoomID
}

// Hold is how long a chat message waits for changes before it is emailed.
type Hold struct {
	Quiet time.Duration // after the last message; 5 s in DefaultHold
	Max   time.Duration // after the first message; 30 s in DefaultHold
	Live  time.Duration // in a live conversation or after a mention; 2 s in DefaultHold
}

// DefaultHold is the hold unless configured. The zero Hold sends at once.
func DefaultHold() Hold {
	return Hold{Quiet: 5 * time.Second, Max: 30 * time.Second, Live: 2 * time.Second}
}

// Level is what a person is allowed to do.
type Level int

// The levels. Each includes those before it.
const (
	Nothing    Level = iota // messages are ignored
	Speak                   // messages are emailed
	Ask                     // read-only commands: help, who, status
	Link                    // link rooms, invite and remove people, review held email
	Administer              // everything, in every room
)

// Access says who may do what. The keys of Allow are a user id, a server or "*"; the most
// specific one applies. Moderators and Admins raise the level of room members with that rank
// who may at least post.
type Access struct {
	Allow      map[string]Level
	Moderators Level
	Admins     Level
	Mail       []string // addresses and domains ("example.org") that may start a conversation by email
	// Newcomers are addresses, domains or SameDomain. Somebody in To or Cc of an email from a
	// participant joins without a question if listed here. Empty: the room is asked each time.
	Newcomers []string
}

// Metrics counts events. Its methods may be called by several goroutines.
type Metrics interface {
	Count(name string, n int64)           // name is one of the words in metrics.go
	Observe(name string, d time.Duration) // how long something took
}

// Trace is one step of the bridge, for watchers.
type Trace struct {
	At      time.Time `json:"at"`
	Thread  int64     `json:"thread,omitempty"`  // 0: none
	Message int64     `json:"message,omitempty"` // 0: none
	Mail    string    `json:"mail,omitempty"`    // Message-ID, without brackets
	Kind    string    `json:"kind"`              // a word: received, held, composed, submitted, delivered, posted, refused, …
	Text    string    `json:"text"`              // a sentence for people, without text of messages
}

// Health is the state of one connection.
type Health struct {
	Name  string    `json:"name"`
	Kind  string    `json:"kind"` // chat, mail source, submission
	OK    bool      `json:"ok"`
	Since time.Time `json:"since"`
	Error string    `json:"error,omitempty"` // a sentence with what to do
}

// Overview is the state that the console shows.
type Overview struct {
	Started     time.Time        `json:"started"`
	Threads     []ThreadView     `json:"threads"`
	Queue       []QueueView      `json:"queue"`
	Held        []HeldView       `json:"held"`
	Connections []Health         `json:"connections"`
	Counters    map[string]int64 `json:"counters"`
}

// ThreadView is a conversation with its rooms, people and last messages, newest last.
type ThreadView struct {
	ID       int64         `json:"id"`
	Title    string        `json:"title"`
	Mode     string        `json:"mode"` // open, hidden
	Paused   bool          `json:"paused"`
	Rooms    []string      `json:"rooms"`
	People   []string      `json:"people"`
	Messages []MessageView `json:"messages"`
}

// MessageView is one message and its state.
type MessageView struct {
	ID     int64     `json:"id"`
	At     time.Time `json:"at"`
	Author string    `json:"author"`
	Text   string    `json:"text"`
	From   string    `json:"from"`  // chat, mail
	State  string    `json:"state"` // held, inside, deleted, posted; queued, sent, delivered, read, delayed, failed
	Reason string    `json:"reason,omitempty"`
}

// QueueView is a delivery in the queue.
type QueueView struct {
	Kind    string    `json:"kind"`
	Lane    string    `json:"lane"`
	Attempt int       `json:"attempt"`
	Due     time.Time `json:"due"`
	Error   string    `json:"error,omitempty"`
}

// HeldView is an email held for review.
type HeldView struct {
	ID      int64     `json:"id"`
	At      time.Time `json:"at"`
	From    string    `json:"from"`
	Subject string    `json:"subject"`
	Reason  string    `json:"reason"`
}

// Files says which files are passed on, and how long they are kept.
type Files struct {
	Largest int64         // largest file in bytes; of larger ones only the name is passed on. 0: 100 MB
	URL     string        // public URL at which OpenLink is served; empty: no links
	Keep    time.Duration // how long files are kept; 0: 30 days
	FFmpeg  string        // path of ffmpeg, which converts voice messages; empty: none
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
