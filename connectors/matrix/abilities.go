package matrix

import (
	"context"
	"io"
	"time"

	"hashsend/bridge/chat"
	"hashsend/connectors/matrix/matrixtext"
)

// The abilities that the connector offers, each in the part that its method names. In a
// build with encryption it is a chat.Unsealer too.
var (
	_ chat.Connector   = (*Connector)(nil)
	_ chat.Editor      = (*Connector)(nil)
	_ chat.Deleter     = (*Connector)(nil)
	_ chat.Reactor     = (*Connector)(nil)
	_ chat.Voter       = (*Connector)(nil)
	_ chat.Filer       = (*Connector)(nil)
	_ chat.Opener      = (*Connector)(nil)
	_ chat.Finder      = (*Connector)(nil)
	_ chat.Reporter    = (*Connector)(nil)
	_ chat.Limiter     = (*Connector)(nil)
	_ chat.Threader    = (*Connector)(nil)
	_ chat.Prompter    = (*Connector)(nil)
	_ chat.Describer   = (*Connector)(nil)
	_ chat.Creator     = (*Connector)(nil)
	_ chat.Joiner      = (*Connector)(nil)
	_ chat.Follower    = (*Connector)(nil)
	_ chat.Announcer   = (*Connector)(nil)
	_ chat.Backfiller  = (*Connector)(nil)
	_ chat.Fetcher     = (*Connector)(nil)
	_ chat.Troubled    = (*Connector)(nil)
	_ chat.Encrypter   = (*Connector)(nil)
	_ chat.Limitations = (*Connector)(nil)
)

// Send posts a message.
func (c *Connector) Send(ctx context.Context, m chat.Outgoing) (chat.MessageID, error) {
	return c.send.Send(ctx, m)
}

// Edit replaces a message; see chat.Editor.
func (c *Connector) Edit(ctx context.Context, of chat.MessageID, m chat.Outgoing) (chat.MessageID, error) {
	return c.send.Edit(ctx, of, m)
}

// Delete deletes a message; see chat.Deleter.
func (c *Connector) Delete(ctx context.Context, of chat.MessageID, m chat.Outgoing) error {
	return c.send.Delete(ctx, of, m)
}

// React puts an emoji on a message; see chat.Reactor.
func (c *Connector) React(ctx context.Context, to chat.MessageID, emoji string, m chat.Outgoing) (chat.MessageID, error) {
	return c.send.React(ctx, to, emoji, m)
}

// Vote casts a vote; see chat.Voter.
func (c *Connector) Vote(ctx context.Context, b chat.Ballot, m chat.Outgoing) (chat.MessageID, error) {
	return c.send.Vote(ctx, b, m)
}

// SendFile posts a file; see chat.Filer.
func (c *Connector) SendFile(ctx context.Context, m chat.Outgoing, f chat.Attachment) (chat.MessageID, error) {
	return c.send.SendFile(ctx, m, f)
}

// OpenFile reads a file that was posted; see chat.Opener.
func (c *Connector) OpenFile(ctx context.Context, f chat.File) (io.ReadCloser, error) {
	return c.media.Open(ctx, f)
}

// Find looks for a message by its marker; see chat.Finder.
func (c *Connector) Find(ctx context.Context, p chat.Place, key string, since time.Time) (chat.MessageID, bool, error) {
	return c.send.Find(ctx, p, key, since)
}

// Report shows the state of a person's message at that message; see chat.Reporter.
func (c *Connector) Report(ctx context.Context, of chat.MessageID, p chat.Place, s chat.State) error {
	return c.send.Report(ctx, of, p, s)
}

// Limits are those of an event of 64 KiB when it is encrypted; see chat.Limiter. A plain
// account reacts as itself. The size of files is known once the homeserver has told.
func (c *Connector) Limits() chat.Limits {
	return chat.Limits{Text: matrixtext.MaxText, File: c.media.Limit(), OwnReactions: c.server.IsService(), EachState: c.cfg.SendStatus}
}

// ThreadOf names the chat thread with this root; see chat.Threader.
func (c *Connector) ThreadOf(_ chat.Place, root chat.MessageID) chat.ThreadID {
	return chat.ThreadID(root)
}

// Prompt is what a command starts with; see chat.Prompter.
func (c *Connector) Prompt(chat.Place) string { return c.cfg.Prefix }

// Describe tells what a room is; see chat.Describer.
func (c *Connector) Describe(ctx context.Context, room chat.RoomID) (chat.Description, error) {
	return c.rooms.Describe(ctx, room)
}

// Create creates a private room; see chat.Creator.
func (c *Connector) Create(ctx context.Context, n chat.NewRoom) (chat.RoomID, error) {
	return c.rooms.Create(ctx, n)
}

// Join accepts an invitation; see chat.Joiner.
func (c *Connector) Join(ctx context.Context, room chat.RoomID, as chat.UserID) error {
	return c.rooms.Join(ctx, room, as)
}

// Refuse rejects an invitation; see chat.Joiner.
func (c *Connector) Refuse(ctx context.Context, room chat.RoomID, as chat.UserID, reason string) error {
	return c.rooms.Refuse(ctx, room, as, reason)
}

// Follow enters the room that replaces another one; see chat.Follower.
func (c *Connector) Follow(ctx context.Context, from, to chat.RoomID, by chat.Author) error {
	return c.rooms.Follow(ctx, from, to, by)
}

// Announce says in a room's state that it is linked; see chat.Announcer.
func (c *Connector) Announce(ctx context.Context, p chat.Place, s chat.Sign) error {
	return c.rooms.Announce(ctx, p, s)
}

// Backfill hands over what happened in a room since a message; see chat.Backfiller.
func (c *Connector) Backfill(ctx context.Context, p chat.Place, since chat.MessageID, linked time.Time, handle chat.Handler) error {
	return c.receive.Backfill(ctx, p, since, linked, handle)
}

// Fetch reads one message again; see chat.Fetcher.
func (c *Connector) Fetch(ctx context.Context, p chat.Place, msg chat.MessageID) (chat.Posted, error) {
	return c.receive.Fetch(ctx, p, msg)
}

// Trouble tells what is wrong at the moment; see chat.Troubled.
func (c *Connector) Trouble() error {
	if err := c.receive.Trouble(); err != nil {
		return err
	}
	return c.keys.Trouble()
}

// Encryption tells how encryption stands; see chat.Encrypter.
func (c *Connector) Encryption() string { return c.keys.Standing() }

// Lacks tells what the homeserver was found to lack; see chat.Limitations.
func (c *Connector) Limitations() []string { return c.receive.Limitations() }
