package bridge

import (
	"errors"
	"fmt"
	"strings"

	"hashsend/bridge/chat"
	"hashsend/bridge/mail"
	"hashsend/bridge/store"
)

// maxNewcomers is how many people one mail can bring into a conversation at most.
const maxNewcomers = 20

// newcomers returns the people in To and Cc of a mail who could take part in a
// conversation: no addresses of ours, no lists, and nobody who reads nothing.
func newcomers(m *mail.Message, ours func(address string) bool) (people []mail.Address) {
	if m.Header.Get("List-Id") != "" || m.Header.Get("List-Post") != "" {
		return nil // who stands in To of such a mail is the list, or wrote to it
	}
	known := map[string]bool{}
	for _, a := range m.From {
		known[mail.CanonicalAddress(a.Address)] = true
	}
	for _, list := range [][]mail.Address{m.To, m.Cc} {
		for _, a := range list {
			canon := mail.CanonicalAddress(a.Address)
			if known[canon] || ours(a.Address) || !isPerson(a.Address) {
				continue
			}
			known[canon] = true
			people = append(people, a)
		}
	}
	return people
}

// isPerson reports whether somebody may read what is sent to an address, as far
// as its local part tells.
func isPerson(address string) bool {
	local, domain, ok := strings.Cut(strings.ToLower(address), "@")
	if !ok || domain == "" {
		return false
	}
	base, _, _ := strings.Cut(local, "+")
	switch strings.NewReplacer("-", "", "_", "", ".", "").Replace(base) {
	case "noreply", "donotreply", "nepasrepondre", "nichtantworten", "mailerdaemon", "postmaster", "bounce", "bounces",
		"listserv", "majordomo", "mailman", "undisclosedrecipients", "notifications", "notification":
		return false
	}
	for _, end := range []string{"-request", "-bounces", "-bounce", "-owner", "-subscribe", "-unsubscribe", "-noreply", "-no-reply"} {
		if strings.HasSuffix(base, end) {
			return false
		}
	}
	for _, begin := range []string{"owner-", "noreply-", "no-reply-", "bounce-", "bounces-", "prvs="} {
		if strings.HasPrefix(base, begin) {
			return false
		}
	}
	return true
}

// isOurs reports whether an address leads to the bridge itself, with a token or
// without.
func (b *Bridge) isOurs(address string) bool {
	for _, box := range b.boxes {
		if box.isOwn(address) || detailOf(address, box.Address.Address) != "" {
			return true
		}
	}
	return false
}

// offer asks the rooms, once for each person, whether people whom a mail has
// brought along are to take part (C30). Only somebody who is proven to take part, or
// was approved once for all, or the owner, brings people along.
func (w *work) offer(th store.Thread, l letter, m store.Message, people []store.Participant) error {
	trust, err := w.Sender(mail.CanonicalAddress(l.from.Address))
	if err != nil {
		return err
	}
	believed := l.verdict.Trust == mail.Proven || trust == store.SenderApproved
	if !believed || (m.Participant == 0 && !l.own) || w.b.boxByID[th.Mailbox].privateCopy(l) {
		return nil
	}
	if pending, err := w.opening(th.ID); err != nil || pending {
		return err
	}
	left := maxNewcomers
	var addresses []string
	all := []mail.Address{}
	for _, p := range people {
		if p.Takes() {
			all = append(all, mail.Address{Address: p.Address})
		}
	}
	for _, a := range newcomers(&l.msg, w.b.isOurs) {
		canon := mail.CanonicalAddress(a.Address)
		if _, err := w.Participant(th.ID, canon); err == nil {
			continue // takes part, or was taken out, or left
		} else if !errors.Is(err, store.ErrNone) {
			return err
		}
		if left--; left < 0 {
			break
		}
		first, err := w.Offer(th.ID, canon)
		if err != nil {
			return err
		}
		if first {
			addresses = append(addresses, a.Address)
			all = append(all, a)
		}
	}
	if len(addresses) == 0 {
		return nil
	}
	who, add, warning := strings.Join(addresses, " "), "add ", ""
	add += who
	if th.Mode == store.ModeOpen && domains(all) > 1 {
		add += " " + store.ModeOpen
		warning = ", and everybody by email sees everybody's address"
	}
	text := fmt.Sprintf("%s added %s to this conversation. Mail from here does not go there unless you say so: %s%s keeps %s in the loop%s.",
		m.Name, strings.Join(addresses, ", "), typed, add, them(len(addresses)), warning)
	return w.noticeTo(th.ID, text, choosing(
		chat.Choice{Label: "Keep in the loop", Command: add},
		chat.Choice{Label: "No", Command: "deny " + who},
	))
}

func them(n int) string {
	if n == 1 {
		return "this person"
	}
	return "them"
}

// denyPeople leaves out of a conversation those whom a mail has brought along;
// nobody is asked about them again.
func (c *call) denyPeople() (string, error) {
	th, _, err := c.linkedThread()
	if err != nil {
		return "", err
	}
	people, rest, err := c.addresses()
	if err != nil {
		return "", err
	}
	if len(rest) > 0 {
		return "", usage("I do not understand %q. It goes: %s", rest[0], c.say("deny NUMBER|ADDRESS…"))
	}
	for _, a := range people {
		p, err := c.Participant(th.ID, mail.CanonicalAddress(a.Address))
		if err == nil && p.Takes() {
			return "", usage("%s takes part already. %s ends that.", p.Address, c.say("remove "+p.Address))
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
