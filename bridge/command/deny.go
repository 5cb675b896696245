package command

import (
	"errors"

	"hashsend/bridge/mail"
	"hashsend/bridge/store"
)

// denyPeople leaves out of a conversation those whom a mail has brought along;
// nobody is asked about them again.
func (c *Call) denyPeople() (string, error) {
	th, people, rest, err := c.named()
	if err != nil {
		return "", err
	}
	if len(rest) > 0 {
		return "", Usage("I do not understand %q. It goes: %s", rest[0], c.TypedAs("deny NUMBER|ADDRESS…"))
	}
	for _, a := range people {
		p, err := c.Participant(th.ID, mail.CanonicalAddress(a.Address))
		if err == nil && p.Takes() {
			return "", Usage("%s takes part already. %s ends that.", p.Address, c.TypedAs("remove "+p.Address))
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
