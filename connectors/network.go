package connectors

import (
	"context"

	"hashsend/bridge/chat"
)

// Network is a chat network.
type Network struct {
	Key    string // its section in the configuration; also the name of a connection that is given none
	Server string // a connection leads to one, in the words of people: "homeserver"
	Room   string // id of a room, as an example
	User   string // id of a person, as an example, and where it is shown
	Prompt string // commands begin with it, unless the configuration says otherwise
	New    func() Connection
	Asks   []Ask    // questions of init; none: the program has its own for this network
	Tables bool     // it keeps tables in chat.Env.DB
	Spent  []string // those tables that a copy of the database must not use
}

// Ask is a question of init about one setting. It also makes a flag: --KEY-SETTING,
// and for a secret --KEY-SETTING-file and --KEY-SETTING-env.
type Ask struct {
	Setting  string // its key in the configuration
	Label    string // the question, with an example
	Secret   bool
	Optional bool
}

// Connection is one connection to a network: an entry of its section. New makes it
// empty, and it is used once Into has been filled.
type Connection interface {
	// Into returns a pointer to the struct that the entry is decoded into. Its yaml
	// tags are the keys; a string tagged ",secret" may also come from a file or the
	// environment.
	Into() any
	// Check returns all that is wrong with the settings. Each error begins with its
	// key: "token: missing; …".
	Check() []error
	// Open prepares the connector; it connects in Run.
	Open(env chat.Env) (chat.Connector, error)
	// Try connects, changes nothing, and says what works. An error says what to do.
	Try(ctx context.Context, env chat.Env) (string, error)
}

// Settings makes the New of a Network with settings of type C and a connector of
// type N.
func Settings[C any, N chat.Connector](
	check func(C) []error, open func(C, chat.Env) (N, error), try func(N, context.Context) (string, error),
) func() Connection {
	return func() Connection { return &connection[C, N]{check: check, open: open, try: try} }
}

type connection[C any, N chat.Connector] struct {
	settings C
	check    func(C) []error
	open     func(C, chat.Env) (N, error)
	try      func(N, context.Context) (string, error)
}

func (c *connection[C, N]) Into() any { return &c.settings }

func (c *connection[C, N]) Check() []error { return c.check(c.settings) }

func (c *connection[C, N]) Open(env chat.Env) (chat.Connector, error) {
	n, err := c.open(c.settings, env)
	if err != nil {
		return nil, err // not n, which is a nil of another type
	}
	return n, nil
}

func (c *connection[C, N]) Try(ctx context.Context, env chat.Env) (string, error) {
	n, err := c.open(c.settings, env)
	if err != nil {
		return "", err
	}
	return c.try(n, ctx)
}

// String hides the settings, which may hold secrets.
func (c *connection[C, N]) String() string { return "settings" }

// GoString hides them from %#v too.
func (c *connection[C, N]) GoString() string { return c.String() }
