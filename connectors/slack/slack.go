// Package slack connects the bridge to a Slack workspace, as an internal app of that
// workspace: by Socket Mode, which needs no port that is open to the internet, or by
// the Events API over HTTPS. It stores nothing: everything it remembers can be read
// from Slack again.
//
// A message from Slack passes through receive, then events. A message to Slack passes
// through send. Buttons, dialogs and the Home tab are in dialogs. These parts look up
// people and channels in directory and call Slack through web. wire, blocks and
// slacktext have the formats.
package slack

import (
	"context"
	"errors"
	"io"
	"time"

	"hashsend/bridge/chat"
	"hashsend/connectors/slack/dialogs"
	"hashsend/connectors/slack/directory"
	"hashsend/connectors/slack/events"
	"hashsend/connectors/slack/receive"
	"hashsend/connectors/slack/send"
	"hashsend/connectors/slack/web"
	"hashsend/connectors/slack/wire"
)

// Connector is a chat.Connector, made of parts that do the work. It is safe for
// several goroutines.
type Connector struct {
	cfg Config
	env chat.Env

	web       *web.Client
	directory *directory.Directory
	sender    *send.Sender
	dialogs   *dialogs.Dialogs
	events    *events.Converter
	receiver  *receive.Receiver
}

// The optional interfaces that Connector implements.
var (
	_ chat.Connector   = (*Connector)(nil)
	_ chat.Announcer   = (*Connector)(nil)
	_ chat.Backfiller  = (*Connector)(nil)
	_ chat.Deleter     = (*Connector)(nil)
	_ chat.Describer   = (*Connector)(nil)
	_ chat.Pager       = (*Connector)(nil)
	_ chat.Troubled    = (*Connector)(nil)
	_ chat.Editor      = (*Connector)(nil)
	_ chat.Fetcher     = (*Connector)(nil)
	_ chat.Filer       = (*Connector)(nil)
	_ chat.Finder      = (*Connector)(nil)
	_ chat.Joiner      = (*Connector)(nil)
	_ chat.Limitations = (*Connector)(nil)
	_ chat.Limiter     = (*Connector)(nil)
	_ chat.Opener      = (*Connector)(nil)
	_ chat.Prompter    = (*Connector)(nil)
	_ chat.Reactor     = (*Connector)(nil)
	_ chat.Reporter    = (*Connector)(nil)
	_ chat.Setter      = (*Connector)(nil)
	_ chat.Threader    = (*Connector)(nil)
	_ chat.Unreactor   = (*Connector)(nil)
)

// Open prepares a connector; it connects in Run.
func Open(cfg Config, env chat.Env) (*Connector, error) {
	if errs := cfg.Check(); len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	c := &Connector{cfg: cfg.withDefaults(), env: env}
	c.web = web.New(web.Settings{BotToken: c.cfg.BotToken, AppToken: c.cfg.AppToken, APIURL: c.cfg.APIURL, Functions: c.cfg.Functions}, env.Log)
	c.directory = directory.New(c.web)
	c.sender = send.New(c.web, c.directory)
	c.dialogs = dialogs.New(c.web, c.directory, c.sender, c.cfg.Command)
	c.events = events.New(c.web, c.directory, c.cfg.Bots)
	c.receiver = receive.New(c.web, c.events, c.dialogs, c.cfg.receiving())
	return c, nil
}

// Name is its name in the configuration.
func (c *Connector) Name() string { return c.env.Name }

// Run receives until ctx ends; see chat.Connector.
func (c *Connector) Run(ctx context.Context, _ string, handle chat.Handler) error {
	return c.receiver.Run(ctx, handle)
}

// Trouble returns the current error of the connection; see chat.Troubled.
func (c *Connector) Trouble() error { return c.receiver.Trouble() }

// Lacks names features that Slack does not offer to apps; see chat.Limitations.
func (c *Connector) Limitations() []string {
	return []string{"Slack doesn't tell apps who is typing, so messages aren't held while somebody is writing"}
}

// Limits returns Slack's limits; see chat.Limiter. A longer message could not be edited.
func (c *Connector) Limits() chat.Limits {
	return chat.Limits{Chars: 3900, File: web.MaxFile, Threads: true, NoFiles: !c.web.Uses(web.Files)}
}

// Prompt returns the beginning of a command in a place; see chat.Prompter. Slack allows
// no slash commands inside threads.
func (c *Connector) Prompt(p chat.Place) string {
	if p.Thread != "" {
		return "@hashsend"
	}
	return c.cfg.Command
}

// Send posts a message; see chat.Connector.
func (c *Connector) Send(ctx context.Context, m chat.Outgoing) (chat.MessageID, error) {
	return c.sender.Send(ctx, m)
}

// SendFile posts a file; see chat.Filer.
func (c *Connector) SendFile(ctx context.Context, m chat.Outgoing, f chat.Attachment) (chat.MessageID, error) {
	return c.sender.SendFile(ctx, m, f)
}

// Find looks for a message by its key; see chat.Finder.
func (c *Connector) Find(ctx context.Context, p chat.Place, key string, since time.Time) (chat.MessageID, bool, error) {
	return c.sender.Find(ctx, p, key, since)
}

// Edit replaces a message; see chat.Editor.
func (c *Connector) Edit(ctx context.Context, of chat.MessageID, m chat.Outgoing) (chat.MessageID, error) {
	return c.sender.Edit(ctx, of, m)
}

// Delete deletes a message; see chat.Deleter.
func (c *Connector) Delete(ctx context.Context, of chat.MessageID, m chat.Outgoing) error {
	return c.sender.Delete(ctx, of, m)
}

// React puts an emoji on a message; see chat.Reactor.
func (c *Connector) React(ctx context.Context, to chat.MessageID, emoji string, m chat.Outgoing) (chat.MessageID, error) {
	return c.sender.React(ctx, to, emoji, m)
}

// Unreact removes an emoji; see chat.Unreactor.
func (c *Connector) Unreact(ctx context.Context, reaction chat.MessageID, m chat.Outgoing) error {
	return c.sender.Unreact(ctx, reaction, m)
}

// Report shows the state of a message; see chat.Reporter.
func (c *Connector) Report(ctx context.Context, of chat.MessageID, p chat.Place, s chat.State) error {
	return c.sender.Report(ctx, of, p, s)
}

// Announce pins the sign of a linked channel; see chat.Announcer.
func (c *Connector) Announce(ctx context.Context, p chat.Place, s chat.Sign) error {
	return c.sender.Announce(ctx, p, s)
}

// ThreadOf names the thread with this root; see chat.Threader.
func (c *Connector) ThreadOf(_ chat.Place, root chat.MessageID) chat.ThreadID {
	_, ts := wire.Split(root)
	return chat.ThreadID(ts)
}

// Describe describes a channel; see chat.Describer.
func (c *Connector) Describe(ctx context.Context, room chat.RoomID) (chat.Description, error) {
	return c.directory.Describe(ctx, room)
}

// Join joins a public channel; see chat.Joiner.
func (c *Connector) Join(ctx context.Context, room chat.RoomID, _ chat.UserID) error {
	return c.directory.Join(ctx, room)
}

// Refuse does nothing, because Slack does not ask apps before adding them to a channel;
// see chat.Joiner.
func (c *Connector) Refuse(context.Context, chat.RoomID, chat.UserID, string) error { return nil }

// Backfill hands over missed events of a channel; see chat.Backfiller.
func (c *Connector) Backfill(ctx context.Context, p chat.Place, since chat.MessageID, linked time.Time, handle chat.Handler) error {
	return c.events.Backfill(ctx, p, since, linked, handle)
}

// Fetch reads one message; see chat.Fetcher.
func (c *Connector) Fetch(ctx context.Context, p chat.Place, id chat.MessageID) (chat.Posted, error) {
	return c.events.Fetch(ctx, p, id)
}

// OpenFile reads a file; see chat.Opener.
func (c *Connector) OpenFile(ctx context.Context, f chat.File) (io.ReadCloser, error) {
	return c.web.OpenFile(ctx, f)
}

// ShowPage fills the Home tab for a person; see chat.Pager.
func (c *Connector) ShowPage(ctx context.Context, to chat.UserID, d chat.Page) error {
	return c.dialogs.ShowPage(ctx, to, d)
}

// ShowSettings opens the settings of a conversation; see chat.Setter.
func (c *Connector) ShowSettings(ctx context.Context, to chat.UserID, via string, s chat.Settings) error {
	return c.dialogs.ShowSettings(ctx, to, via, s)
}
