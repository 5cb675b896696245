package command

import (
	"errors"

	"hashsend/bridge/mail"
	"hashsend/bridge/store"
)

// denyPeople rejects people that an email added to a conversation. The room is not asked
// about them again.
func (c *Call) denyPeople() (string, error) {
	th, people, rest, err := c.named()
	if err != nil {
		return "", err
	}
	if len(rest) > 0 {
		return "", c.Unknown(rest[0], "deny", "NUMBER|ADDRESS…")
	}
	for _, a := range people {
		p, err := c.Participant(th.ID, mail.CanonicalAddress(a.Address))
		if err == nil && p.Takes() {
			return "", Usage("%s is already in this conversation. To remove them: %s", p.Address, c.TypedAs("remove "+p.Address))
		}
		if err != nil && !errors.Is(err, store.ErrNone) {
			return "", err
		}
		if _, err := c.Offer(th.ID, mail.CanonicalAddress(a.Address)); err != nil {
			return "", err
		}
	}
	return "", nil
}
