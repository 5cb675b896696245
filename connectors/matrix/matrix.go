// Package matrix connects the bridge to a Matrix homeserver, as an application service
// (each participant is a ghost of their own) or as a plain account on any homeserver
// (participants are shown by name). Its parts, lowest first: matrixtext and matrixfile
// (pure), homeserver, rooms, keys, media, then send and receive, which do not know each
// other.
package matrix

import (
	"context"
	"errors"

	"hashsend/bridge/chat"
	"hashsend/connectors/matrix/homeserver"
	"hashsend/connectors/matrix/keys"
	"hashsend/connectors/matrix/matrixtext"
	"hashsend/connectors/matrix/media"
	"hashsend/connectors/matrix/receive"
	"hashsend/connectors/matrix/rooms"
	"hashsend/connectors/matrix/send"
)

// Connector is a chat.Connector. It is safe for several goroutines. It keeps no state but
// the keys of its device: everything else can be asked for again.
type Connector struct {
	cfg     Config
	name    string
	server  *homeserver.Server
	rooms   *rooms.Rooms
	keys    *keys.Keys
	media   *media.Store
	send    *send.Sender
	receive *receive.Receiver
}

// Open prepares a connector. It connects when it is first used.
func Open(cfg Config, env chat.Env) (*Connector, error) {
	if errs := cfg.Check(); len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	cfg = cfg.withDefaults()
	users := cfg.users()
	file := keys.NewFile(keys.Place{DB: env.DB, Secret: env.Secret, Name: env.Name, Bot: users.Bot})
	o := homeserver.Options{
		URL: cfg.Homeserver, Users: users, UserID: cfg.UserID, AccessToken: cfg.AccessToken, Password: cfg.Password, Device: file.Device,
	}
	var pushed *receive.Service
	if a := cfg.AppService; a != nil {
		o.Service = &homeserver.Service{ID: a.ID, Token: a.ASToken}
		pushed = &receive.Service{Listen: a.Listen, URL: a.URL, Token: a.HSToken}
	}
	c := &Connector{cfg: cfg, name: env.Name, server: homeserver.New(o, env.Log)}
	c.rooms = rooms.New(c.server, env.Log)
	c.keys = keys.New(c.server, c.rooms, file, env.Log)
	c.media = media.New(c.server, env.Log)
	c.send = send.New(c.server, c.rooms, c.keys, c.media, env.Log)
	c.send.Status = cfg.SendStatus
	reader := matrixtext.Reader{Users: users, Prefix: cfg.Prefix, Notices: cfg.Notices}
	c.receive = receive.New(c.server, c.rooms, c.keys, c.media, reader, pushed, env.Log)
	return c, nil
}

// Name is its name in the configuration.
func (c *Connector) Name() string { return c.name }

// Run receives until ctx ends; see chat.Connector.
func (c *Connector) Run(ctx context.Context, cursor string, handle chat.Handler) error {
	defer c.server.Close()
	return c.receive.Run(ctx, cursor, handle)
}

// Check tries the connection and returns our own user id.
func (c *Connector) Check(ctx context.Context) (string, error) {
	user, err := c.server.WhoAmI(ctx)
	return string(user), err
}

// CheckEncryption tells how encryption stands before the first run.
func (c *Connector) CheckEncryption(ctx context.Context) string { return c.keys.Check(ctx) }

// SpentTables names the tables of chat.Env.DB that must not be used in a copy of it.
func SpentTables() []string { return keys.SpentTables() }
