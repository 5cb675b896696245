package chat

import (
	"context"
	"io"
	"time"
)

// The abilities beside Connector, each found by type assertion. Where a
// connector lacks one, the bridge falls back on text.
type (
	// Editor replaces the content of a message sent before by the same As.
	Editor interface {
		Edit(ctx context.Context, of MessageID, m Outgoing) (MessageID, error)
	}
	// Deleter takes back a message sent before, and a reaction by its id where there is
	// no Unreactor.
	Deleter interface {
		Delete(ctx context.Context, of MessageID, m Outgoing) error
	}
	// Reactor puts an emoji on a message. Key, Place and As of m are used.
	Reactor interface {
		React(ctx context.Context, to MessageID, emoji string, m Outgoing) (MessageID, error)
	}
	// Unreactor takes back a reaction, by the id that React gave it; one that is gone
	// already is no error.
	Unreactor interface {
		Unreact(ctx context.Context, reaction MessageID, m Outgoing) error
	}
	// Opener reads a file that came with an event. The caller closes it, and bounds
	// how much it reads. An error is final (package retry) when the file is gone, or
	// may not be read.
	Opener interface {
		OpenFile(ctx context.Context, f File) (io.ReadCloser, error)
	}
	// Filer posts a file as a message of its own, with Body as its caption. What
	// Send promises holds for it too; the file is streamed.
	Filer interface {
		SendFile(ctx context.Context, m Outgoing, f Attachment) (MessageID, error)
	}
	// Finder looks for a message that was sent with Key at or after since, by its marker.
	Finder interface {
		Find(ctx context.Context, p Place, key string, since time.Time) (MessageID, bool, error)
	}
	// Describer tells what a room is.
	Describer interface {
		Describe(ctx context.Context, room RoomID) (Description, error)
	}
	// Creator makes a room. With the same Key it makes no second one.
	Creator interface {
		Create(ctx context.Context, n NewRoom) (RoomID, error)
	}
	// Threader opens chat threads: it names the thread whose root is a posted message.
	Threader interface {
		ThreadOf(p Place, root MessageID) ThreadID
	}
	// Joiner answers invitations. as is empty for the bridge's own user. A ghost that
	// enters a room brings the bridge's own user in, too; where it cannot, it stays
	// there, and the error is final.
	Joiner interface {
		Join(ctx context.Context, room RoomID, as UserID) error
		Refuse(ctx context.Context, room RoomID, as UserID, reason string) error
	}
	// Follower enters the room that another one goes on as, as somebody (by) has told.
	// The error is final where that room does not say itself that it comes from the
	// other: anybody could name a room that is not theirs. It is ErrMayNot, and may pass,
	// where we are not let in. A connector without it needs to enter nothing.
	Follower interface {
		Follow(ctx context.Context, from, to RoomID, by Author) error
	}
	// Announcer makes a standing sign in a room that it is linked (state event,
	// pinned line). The zero Sign takes the sign away.
	Announcer interface {
		Announce(ctx context.Context, p Place, s Sign) error
	}
	// Limiter tells the network's limits.
	Limiter interface{ Limits() Limits }
	// Backfiller hands over what happened in a place after the message since, the
	// last one known (empty: none), oldest first and marked Late. Nothing before
	// linked (zero: not known) is of interest. What is known may be handed over
	// again.
	Backfiller interface {
		Backfill(ctx context.Context, p Place, since MessageID, linked time.Time, handle Handler) error
	}
	// Unsealer reads what is in a Sealed; a nil Event: nothing that concerns the
	// bridge. An error is temporary while the key may still come. A connector with
	// it can read and write in encrypted rooms.
	Unsealer interface {
		Unseal(ctx context.Context, s Sealed) (Event, error)
	}
	// Fetcher reads one message again. The error is final if it is not there.
	Fetcher interface {
		Fetch(ctx context.Context, p Place, id MessageID) (Posted, error)
	}
	// Prompter tells what a command begins with in a place, as "!send".
	Prompter interface{ Prompt(p Place) string }
	// Pager shows a person the page that the network gives to the bridge.
	Pager interface {
		ShowPage(ctx context.Context, to UserID, d Page) error
	}
	// Troubled tells what is wrong with the connection at the moment, in words for
	// the admin that say what to do; nil: nothing is.
	Troubled interface{ Trouble() error }
	// Encrypter tells how the connection stands with encryption, in words for the admin:
	// whether there is any, and whether others trust it.
	Encrypter interface{ Encryption() string }
	// Limitations tells what the connection is known to lack, in words for people, as "it
	// tells of no deletions". It grows as the connector learns.
	Limitations interface{ Limitations() []string }
	// Reporter shows the state of a message of a person at that message.
	Reporter interface {
		Report(ctx context.Context, of MessageID, p Place, s State) error
	}
)
