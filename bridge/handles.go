package bridge

import (
	"errors"
	"strings"

	"hashsend/bridge/core"
	"hashsend/bridge/mail"
	"hashsend/bridge/store"
)

// people takes those at the beginning of the words of a call, by their addresses or by the
// names of those who take part.
func (c *call) people() (people []mail.Address, rest []string, err error) {
	known, err := c.knownHere()
	if err != nil {
		return nil, nil, err
	}
	for i, a := range c.args {
		if strings.Contains(a, "@") || core.IsArgument(a) {
			continue
		}
		switch found := core.PeopleNamed(known, a); len(found) {
		case 0:
		case 1:
			c.args[i] = found[0].Address
			continue
		default:
			return nil, nil, Usage("Several people here are called %s: name the one you mean by address. %s lists them.", a, c.typedAs("who"))
		}
		break
	}
	return c.addresses()
}

// knownHere are all who take part, or did, in the conversation of the place of a call.
func (c *call) knownHere() ([]store.Participant, error) {
	r, err := c.LinkedRoom(c.network, c.place)
	if errors.Is(err, store.ErrNone) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return c.Participants(r.Thread)
}
