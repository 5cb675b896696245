package frommail

import (
	"fmt"
	"slices"
	"strings"

	"hashsend/bridge/chat"
	"hashsend/bridge/core"
	"hashsend/bridge/mail"
	"hashsend/bridge/store"
	"hashsend/bridge/tochat"
)

// readership sorts the participants by whether they have, get, or must not get a mail.
type readership struct {
	Skip    store.IDs           // people who have it or were left out
	LeftOut []store.Participant // on purpose: the mail names others
	Relay   bool                // somebody else must get it
}

// Reached returns the readership of a mail. In an open thread, a mail that names other
// participants is only for them; a mail to us alone is for everybody.
func Reached(th store.Thread, people []store.Participant, l Mail, author int64) (r readership) {
	named := namedIn(l)
	namesOthers := false
	for _, p := range people {
		namesOthers = namesOthers || (p.ID != author && named[p.Canon])
	}
	for _, p := range people {
		switch {
		case p.ID == author || named[p.Canon]:
			r.Skip = append(r.Skip, p.ID)
		case namesOthers && th.Mode == store.ModeOpen && !core.IsUTF8(p.Address): // others see these addresses in To
			r.Skip = append(r.Skip, p.ID)
			if p.Takes() {
				r.LeftOut = append(r.LeftOut, p)
			}
		case p.Takes():
			r.Relay = true
		}
	}
	return r
}

// namedIn returns the canonical addresses in To, Cc and Bcc of a mail.
func namedIn(l Mail) map[string]bool {
	named := map[string]bool{}
	for _, list := range [][]mail.Address{l.Msg.To, l.Msg.Cc} {
		for _, a := range list {
			named[mail.CanonicalAddress(a.Address)] = true
		}
	}
	for _, a := range l.in.Header.Values("Bcc") {
		for part := range strings.SplitSeq(a, ",") {
			if b, err := mail.ParseAddress(part); err == nil {
				named[mail.CanonicalAddress(b.Address)] = true
			}
		}
	}
	return named
}

// askLeftOut asks the rooms whether to send the messages of a mail to the people it left
// out.
func askLeftOut(w *core.Work, m store.Message, out []store.Participant, messages []int64) error {
	if len(out) == 0 {
		return nil
	}
	var names, addresses []string
	for _, p := range out {
		names = append(names, mail.CleanName(p.Name))
		addresses = append(addresses, p.Address)
	}
	handles, err := w.Handles(out)
	if err != nil {
		return err
	}
	to := core.ListNames(names)
	numbers := make([]string, 0, len(messages)+len(addresses))
	for _, id := range messages {
		numbers = append(numbers, fmt.Sprint(id))
	}
	send := "resend " + strings.Join(append(slices.Clone(numbers), addresses...), " ")
	text := fmt.Sprintf("%s replied to others in this conversation but not to %s, who didn't get the message. To send it to %s: %s%s", m.Name, to, to, core.PromptMark, "resend "+strings.Join(append(slices.Clone(numbers), handles...), " "))
	return tochat.NoticeThread(w, m.Thread, text, tochat.WithChoices(
		chat.Choice{Label: "Send to " + core.OneLine(to, 50), Command: send},
		chat.Choice{Label: "Don't send", Command: "resend " + strings.Join(append(numbers, "no"), " ")},
	))
}

// noteLeftOut stores the people in whose mail a message must not be quoted.
func noteLeftOut(w *core.Work, message int64, people []store.Participant) error {
	for _, p := range people {
		if err := w.AddLeftOut(message, p.ID); err != nil {
			return err
		}
	}
	return nil
}
