package frommail

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"hashsend/bridge/admit"
	"hashsend/bridge/chat"
	"hashsend/bridge/core"
	"hashsend/bridge/mail"
	"hashsend/bridge/store"
	"hashsend/bridge/tochat"
)

// newcomers returns the people in To and Cc of a mail who could join a conversation,
// without our own addresses, mailing lists and addresses that nobody reads.
func newcomers(m *mail.Message, ours func(address string) bool) (people []mail.Address) {
	if m.Header.Get("List-Id") != "" || m.Header.Get("List-Post") != "" {
		return nil // To holds the list, or somebody who wrote to it
	}
	known := map[string]bool{}
	for _, a := range m.From {
		known[mail.CanonicalAddress(a.Address)] = true
	}
	for _, list := range [][]mail.Address{m.To, m.Cc} {
		for _, a := range list {
			canon := mail.CanonicalAddress(a.Address)
			if known[canon] || ours(a.Address) || !core.IsPerson(a.Address) {
				continue
			}
			known[canon] = true
			people = append(people, a)
		}
	}
	return people
}

// brought returns the people whom a mail adds to a conversation, without current and former
// participants and people offered before. Only verified or approved participants and the
// owner can name people.
func brought(w *core.Work, v admit.Voice, th store.Thread, l Mail, m store.Message) ([]mail.Address, error) {
	if v.Marked() || (m.Participant == 0 && !l.own) || isPrivateCopy(settingsOf(w.Env, w.Env.Boxes[th.Mailbox]), l) {
		return nil, nil
	}
	if pending, err := isOpening(w, th.ID); err != nil || pending {
		return nil, err
	}
	var people []mail.Address
	all := newcomers(&l.Msg, w.Env.IsOurs)
	for _, a := range all {
		canon := mail.CanonicalAddress(a.Address)
		if _, err := w.Participant(th.ID, canon); err == nil {
			continue
		} else if !errors.Is(err, store.ErrNone) {
			return nil, err
		}
		if len(people) == core.MaxNewcomers {
			break
		}
		first, err := w.Offer(th.ID, canon)
		if err != nil {
			return nil, err
		}
		if first {
			people = append(people, a)
		}
	}
	return people, nil
}

// letIn adds the people whom the settings allow without a question, and returns the
// others in ask. An open conversation shows all addresses: there, people of a new domain are
// added only if the mail itself names everybody.
func letIn(w *core.Work, _ admit.Proof, th store.Thread, l Mail, people []store.Participant, brought []mail.Address) (in []store.Participant, ask []mail.Address, err error) {
	named := namedIn(l)
	toAll := !slices.ContainsFunc(people, func(p store.Participant) bool {
		return p.Takes() && !named[p.Canon] && p.Canon != mail.CanonicalAddress(l.Author.Address)
	})
	for _, a := range brought {
		if !w.Env.Access.LetsIn(a.Address, people) || (th.Mode == store.ModeOpen && !toAll && !core.DomainTakesPart(a.Address, people)) {
			ask = append(ask, a)
			continue
		}
		p := w.Env.NewParticipant(th, a, w.Now)
		if err := w.AddParticipant(&p); err != nil {
			return nil, nil, err
		}
		in = append(in, p)
	}
	return in, ask, nil
}

// tellLetIn tells the rooms about people whom a mail added.
func tellLetIn(w *core.Work, th store.Thread, m store.Message, in []store.Participant) error {
	if len(in) == 0 {
		return nil
	}
	var who, addresses []string
	for _, p := range in {
		who, addresses = append(who, p.Name), append(addresses, p.Address)
	}
	handles, err := w.Handles(in)
	if err != nil {
		return err
	}
	remove := "remove " + strings.Join(addresses, " ")
	text := fmt.Sprintf("%s added %s to this conversation, who will get your next messages. To undo this: %sremove %s", m.Name, core.ListNames(who), core.PromptMark, strings.Join(handles, " "))
	if err := tochat.NoticeThread(w, th.ID, text, tochat.WithChoices(chat.Choice{Label: "Remove", Command: remove, Danger: true})); err != nil {
		return err
	}
	return tochat.Announce(w, th.ID)
}

// offer asks the rooms, once per person, whether to add people whom a mail named.
func offer(w *core.Work, th store.Thread, m store.Message, people []store.Participant, brought []mail.Address) error {
	if len(brought) == 0 {
		return nil
	}
	var addresses []string
	all := slices.Clone(brought)
	for _, p := range people {
		if p.Takes() {
			all = append(all, mail.Address{Address: p.Address})
		}
	}
	for _, a := range brought {
		addresses = append(addresses, a.Address)
	}
	who, add, warning := strings.Join(addresses, " "), "add ", ""
	add += who
	if th.Mode == store.ModeOpen && core.CountDomains(all) > 1 {
		add += " " + store.ModeOpen
		warning = " All email participants will see each other's addresses."
	}
	text := fmt.Sprintf("%s copied %s, who won't get messages from here unless you add them.%s To add %s: %s%s",
		m.Name, strings.Join(addresses, ", "), warning, core.PersonOrThem(len(addresses)), core.PromptMark, add)
	return tochat.NoticeThread(w, th.ID, text, tochat.WithChoices(
		chat.Choice{Label: "Add to conversation", Command: add},
		chat.Choice{Label: "Don't add", Command: "deny " + who},
	))
}
