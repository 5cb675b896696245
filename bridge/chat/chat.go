// Package chat has the words that the bridge and the chat networks share: ids,
// events that come from a network, what is sent to it, and the Connector
// interface that every network implements.
package chat

import (
	"context"
	"database/sql"
	"io"
	"log/slog"
	"time"
)

// Ids are opaque: only the connector that made one takes it apart. An id is
// unique within its connector.
type (
	// RoomID names a Matrix room or a Slack channel.
	RoomID string
	// ThreadID names a chat thread inside a room. Empty: the room itself.
	ThreadID string
	// MessageID names one posted message.
	MessageID string
	// UserID names a chat user.
	UserID string
	// EventID names one event of the network, for the recognition of repeats.
	EventID string
	// FileID names a file in the network's store.
	FileID string
)

// Place is a room, or one chat thread inside it.
type Place struct {
	Room   RoomID
	Thread ThreadID
}

// Author is a person of the chat network.
type Author struct {
	ID     UserID
	Name   string // as shown in the room; never empty: the connector falls back on the id
	Server string // home server or workspace, for permissions by server
	Alias  string // another name, under which this one message is said; empty: none
	Guest  bool   // a guest, or somebody of another organisation: may be relayed, may not command
}

// Rank is what the network lets a person do in a room.
type Rank int

// The ranks, lowest first. A connector maps its network's roles on them: in
// Matrix the power level for the event org.hashsend.bridge (50 unless the room
// says otherwise) makes a Moderator, 100 an Admin.
const (
	Member Rank = iota
	Moderator
	Admin
)

// Head is what all events have.
type Head struct {
	Event EventID
	Place Place
	At    time.Time
	By    Author
	Late  bool // found in the history by Backfill, not told when it happened
}

// Event is one of the event structs of this package.
type Event interface{ EventHead() Head }

// EventHead returns the head itself, so that every struct that embeds it is an Event.
func (h Head) EventHead() Head { return h }

// Kind tells what sort of message something is.
type Kind int

// The kinds of a message.
const (
	Said   Kind = iota // ordinary words of a person
	Notice             // words of a program; those of others are handed over only where the configuration asks for them
	Emote              // "/me …": the name belongs to the text
)

// Body is the content of a message.
type Body struct {
	Text  string // plain text; always set unless there are only files
	HTML  string // the subset of bridge/markup, sanitised; empty if Text says it all
	Files []File
}

// File is one attached file. Its bytes are had through Opener.
type File struct {
	ID            FileID // all that Opener needs, keys of encrypted media among it
	Name          string // cleaned: no path, no control or bidi characters
	Type          string // media type; as declared, and never trusted, of what comes in
	Size          int64  // bytes; as declared, 0: unknown, of what comes in
	Kind          FileKind
	Duration      time.Duration // of Sound, Film and Voice; 0: unknown
	Width, Height int           // pixels of Picture, Film and Sticker; 0: unknown
}

// FileKind is what a network says that a file is.
type FileKind int

// The sorts of files.
const (
	Plain FileKind = iota
	Picture
	Sound
	Film
	Voice   // spoken for this message
	Sticker // a picture that is all of the message
)

// Attachment is a file to be sent.
type Attachment struct {
	File // Type was found by content, Size is exact; ID is empty
	// Open gives the bytes. It may be called more than once; each time the caller
	// closes what it got.
	Open func(ctx context.Context) (io.ReadCloser, error)
}

// Mention is a user whom a message mentions.
type Mention struct {
	User    UserID
	Name    string // as it stands behind an @ in the text; empty: it does not
	Address string // where the user gets mail, as far as the network tells; it is shown to nobody
}

// The events. One struct per kind.
type (
	// Posted is a new message of a person. Own messages of the bridge (its user,
	// its ghosts, its marker) are never handed over.
	Posted struct {
		Head
		Message     MessageID
		Kind        Kind
		Body        Body
		ReplyTo     MessageID // the message that it answers; empty: none
		Root        MessageID // the message at the root of its chat thread; empty: none
		Mentions    []Mention
		MentionsAll bool  // honoured by the network: the author may mention everybody
		Poll        *Poll // the message is this poll, and Body is empty; nil: it is none
	}
	// Edited replaces the content of an earlier message of the same author. Those
	// whom the edit alone mentions are in Mentions and MentionsAll. Of several edits the
	// one with the latest time counts, if they have ids.
	Edited struct {
		Head
		Message     MessageID // the original message
		Edit        MessageID // the edit itself, which Deleted may take back; empty: the network has no such thing
		Body        Body
		Poll        *Poll // as in Posted
		Mentions    []Mention
		MentionsAll bool // as in Posted
	}
	// Deleted takes a message away, or a reaction, a vote, or an edit. By is who deleted it.
	Deleted struct {
		Head
		Message MessageID
	}
	// Reacted adds a reaction, or takes it back. Reaction is the MessageID of the
	// reaction itself where the network has one.
	Reacted struct {
		Head
		Message  MessageID
		Reaction MessageID
		Emoji    string
		Removed  bool
	}
	// Joined says that a person (By) has entered the room, or, with Self, the bridge.
	Joined struct {
		Head
		Self bool
	}
	// Left says that a person (By) has gone, or, with Self, that the bridge was put
	// out or can do nothing there any more.
	Left struct {
		Head
		Self bool
		Why  string // for people, as "it was archived"; empty: put out
	}
	// Invited asks the bridge's user, or the ghost As, into a room. By is who asks.
	Invited struct {
		Head
		As     UserID // empty: the bridge's own user
		Ghost  string // Sender.ID of the ghost As
		Direct bool   // meant as a chat of two
		Rank   Rank   // of By, where a ghost is asked into a room that the bridge is in
	}
	// PutOut says that somebody (By) has put a ghost out of the room.
	PutOut struct {
		Head
		Ghost string // its Sender.ID
	}
	// Renamed gives a room another name; empty: it has none any more.
	Renamed struct {
		Head
		Name string
	}
	// TopicSet gives a room another topic, in plain text; empty: it has none any more.
	TopicSet struct {
		Head
		Topic string
	}
	// Moved says that a room goes on under another id (Matrix room upgrade, a Slack
	// channel made private). Where OldIDs is not empty, the ids of its messages that
	// began with OldIDs begin with NewIDs from now on.
	Moved struct {
		Head
		To             RoomID
		OldIDs, NewIDs string
	}
	// Command is a command typed to the bridge: "link ann@example.com".
	Command struct {
		Head
		Message MessageID // the message with the command; empty: not a message
		Text    string    // without the prefix
		Rank    Rank
		Root    ThreadID  // set when typed inside a chat thread (equal to Place.Thread)
		About   MessageID // the message that it was given at: the one answered, the one with the menu; empty: none
		Private bool      // the answer is for the one who typed alone
		Via     string    // the network's own way to answer this command, given back in Outgoing.Via; empty: none
	}
	// Typing says that people are writing in a room at this moment, or, without On,
	// that nobody is any more. It has no event id, and By may be empty.
	Typing struct {
		Head
		On bool
	}
	// Shared says that a room has begun, or ceased, to be shared with people of
	// another organisation.
	Shared struct {
		Head
		Shared bool
	}
	// PageOpened says that a person (By) looks at the page that the network gives
	// to the bridge, and wants it filled by Pager.
	PageOpened struct {
		Head
		Rank Rank
	}
	// Revoked says that the network has taken the bridge's access away.
	Revoked struct {
		Head
		Why string // for people, as "the app was removed from the workspace"
	}
	// Unknown is an event of a type that the connector does not know. It is kept, so
	// that nothing that the network told is lost without a trace.
	Unknown struct {
		Head
		Type string
		Raw  []byte // as the network gave it
	}
	// Encrypted says that what is said in a room is encrypted from now on. It may
	// be handed over again.
	Encrypted struct{ Head }
	// Sealed is a message that the connector cannot read yet, because its key has
	// not come. It is kept, and given to Unsealer again.
	Sealed struct {
		Head
		Message MessageID
		Lock    string // what has to come before it can be read; several messages may have the same
		Raw     []byte // all that Unsealer needs
	}
	// Unlocked says that what was sealed in a room with Lock may be readable now.
	// It may be lost in a crash: what is sealed is tried again from time to time.
	Unlocked struct {
		Head
		Lock string
	}
	// Gap says that events of the room (empty Place.Room: of any room) may have been
	// missed. A connector whose network does not repeat them in order says so when it
	// begins. They are taken in by Backfill before the handler returns; on an error some
	// could not be read, and the Gap is to be handed over again.
	Gap struct{ Head }
)

// Handler takes events. It returns nil only when they are on disk with
// everything they cause; the connector acknowledges them to its server after
// that and not before. On an error the connector must hand the same events over
// again, or have the server do so. cursor is stored in the same transaction; an
// empty cursor leaves the stored one. Events of one call are handled in order.
// A Handler may be called by several goroutines.
type Handler func(ctx context.Context, cursor string, events ...Event) error

// Sender is who speaks in an outgoing message. The zero Sender is the bridge itself.
type Sender struct {
	ID   string // opaque, stable, [a-z0-9]; the same for one participant for ever
	Name string // cleaned display name, with what tells it apart from members: "Ann (email)"
}

// Outgoing is one event to be sent.
type Outgoing struct {
	Key     string // the same at every attempt, unique over all that is ever sent: [a-z0-9.-], at most 64 bytes
	Place   Place
	As      Sender
	Kind    Kind
	Body    Body // HTML is sanitised; Files is empty (files are sent by Filer)
	ReplyTo MessageID
	For     UserID    // not empty: meant for that person alone; shown to nobody else where the network can, else it mentions the person
	Via     string    // of the Command that it answers
	Choices []Choice  // what may be answered, as buttons where the network has them; the text says it too
	At      time.Time // when it was written
}

// Choice is a command that may be the answer to a message of the bridge.
type Choice struct {
	Label   string // a word or two
	Command string // without the prefix
	Danger  bool   // it cannot be undone
}

// Connector is one connection to a chat network: a homeserver, a workspace.
type Connector interface {
	// Name is its name in the configuration. It is stored with every id.
	Name() string
	// Run receives until ctx ends, then returns nil after what is in hand is
	// finished. It reconnects by itself; an error means that it cannot go on
	// (wrong token, say) and names what to do. cursor is the one stored last.
	Run(ctx context.Context, cursor string, handle Handler) error
	// Send posts one event and returns its id. It may be called again with the
	// same Key. Errors are marked by package retry; retry.Unclear where the event
	// may have been posted. Safe for several goroutines.
	Send(ctx context.Context, m Outgoing) (MessageID, error)
}

// State is what became of a message on its way to mail.
type State struct {
	Phase     Phase
	Reason    string // plain words, for Failed and Delayed; with Accepted: why not everybody has it
	Later     bool   // with Failed: the same words may get through at another time
	Recovered bool   // with Accepted: an earlier Failed is no longer true
	Key       string // the same at every attempt, as that of Outgoing
}

// Phase is a step on that way.
type Phase int

// The phases of a message.
const (
	Accepted Phase = iota // the mail server has taken it
	Delayed
	Failed
	Delivered // it is in the mailboxes, as far as they tell; only with Limits.EachState
	Read      // all have read it, and said so; only with Limits.EachState
)

// Sign says that a room is linked. Whoever can look into the room reads it: it has no
// addresses.
type Sign struct {
	Text    string // for people: who reads there; empty: nobody, the link has ended
	Channel string // opaque, the same for all rooms of a conversation: [a-z0-9]
	Title   string // of the conversation
}

// Description is what a room is, as far as the network tells.
type Description struct {
	Name      string // empty: it has none
	Topic     string // in plain text; empty: it has none
	Members   int    // people, without the bridge and its ghosts
	Private   bool   // entry by invitation only
	Encrypted bool
	Shared    bool // people of another organisation are in it
}

// Page is what a person is shown of the bridge.
type Page struct {
	May   bool       // the person may command: buttons are of use, addresses are shown
	Rooms []PageRoom // linked ones, newest first
	Note  string     // trouble that belongs to no room; empty: none
}

// PageRoom is a linked room on the desk.
type PageRoom struct {
	Place    Place
	Title    string
	Mode     string // open: people by email see each other's addresses; hidden: they do not
	Paused   bool
	People   []string
	Waits    string    // what is not mailed or posted yet, in plain words; empty: nothing
	LastMail time.Time // zero: none yet
	Trouble  string    // in plain words; empty: none
	Retry    string    // the command that tries again what has failed; empty: there is none
}

// NewRoom asks for a room.
type NewRoom struct {
	Key    string
	Name   string
	Invite []UserID
}

// Limits of a network. 0: none known.
type Limits struct {
	Text    int   // bytes of text and HTML together in one message
	Chars   int   // characters of text in one message
	File    int64 // bytes of one file
	NoFiles bool  // files cannot be posted, though there is a Filer
	Threads bool  // an answer to a message can only stand in a chat thread under it
	// OwnReactions: a reaction is shown as that of Outgoing.As, not as one of the bridge.
	OwnReactions bool
	// EachState: Reporter wants every state of every message; else Accepted of the
	// newest, and what goes wrong.
	EachState bool
}

// Env is what a connector is given besides its configuration.
type Env struct {
	Name string       // its name in the configuration
	Log  *slog.Logger // never nil
	DB   *sql.DB      // a file of its own for libraries that keep tables; nil if there is none
	// Secret is the installation's own, for what is kept in DB; empty if there is no DB.
	Secret []byte
}
