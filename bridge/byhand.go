package bridge

import (
	"context"
	"errors"
	"strings"

	"hashsend/bridge/chat"
	"hashsend/bridge/core"
	"hashsend/bridge/files"
	"hashsend/bridge/frommail"
	"hashsend/bridge/mail"
	"hashsend/bridge/store"
	"hashsend/bridge/tochat"
	"hashsend/bridge/tomail"
)

// mailMessage mails one message that was not meant for email, or begins a
// conversation with it in the chat thread under it.
func (c *call) mailMessage() (string, error) {
	if c.about == "" {
		return "", Usage("Which message? Answer it with: %s", c.typedAs("mail ann@example.com"))
	}
	people, rest, err := c.addresses()
	if err != nil {
		return "", err
	}
	if len(rest) > 0 && !strings.EqualFold(rest[0], "title") {
		return "", Usage("I do not understand %q. It goes: %s", rest[0], c.typedAs("mail ADDRESS… [title WORDS]"))
	}
	box, err := c.box("")
	if err != nil {
		return "", err
	}
	if err := c.notOurselves(box, people); err != nil {
		return "", err
	}
	m, err := c.MessageByCopy(c.network, string(c.about))
	switch {
	case err == nil && !m.Unsaid():
		return c.mailKnown(m, len(people) > 0)
	case err != nil && !errors.Is(err, store.ErrNone):
		return "", err
	}
	if _, _, err := c.linkedThread(); err == nil {
		if len(people) > 0 {
			return "", Usage("This place is linked already. Without addresses the message goes to those who take part; %s invites more people.", c.typedAs("add ADDRESS"))
		}
	} else if mistake := usageError(""); !errors.As(err, &mistake) {
		return "", err
	} else if len(people) == 0 {
		return "", Usage("Name at least one address: %s", c.typedAs("mail ann@example.com"))
	}
	if c.Env.Network(c.network).Fetcher == nil {
		return "", Usage("I cannot read single messages here.")
	}
	asked := c.asked()
	job := fetchJob{Target: tochat.Target{Network: c.network, Place: c.place}, Command: &asked}
	return "I am reading the message …", tochat.Enqueue(c.Work, jobFetch, c.Env.Instance+".f."+mail.NewUniq(), &job)
}

// mailKnown mails a message of a linked room that stayed inside.
func (c *call) mailKnown(m store.Message, named bool) (string, error) {
	th, err := c.Thread(m.Thread)
	if err != nil {
		return "", err
	}
	switch {
	case named:
		return "", Usage("This message belongs to the conversation “%s”. Without addresses it goes to those who take part in it.", th.Title)
	case m.State == store.Held:
		return "It is about to be mailed.", nil
	case m.State == store.Mailed:
		return "", Usage("It was mailed already; %s tells what became of it.", c.typedAs("why"))
	case m.State == store.Deleted:
		return "", Usage("It was deleted.")
	case th.Paused:
		return "", Usage("The mail from here is paused; %s ends that.", c.typedAs("pause off"))
	}
	m.State = store.Held
	for _, mark := range core.QuietMarks {
		if text, had := strings.CutPrefix(strings.TrimSpace(m.Text), mark); had {
			m.Text, m.HTML = strings.TrimSpace(text), strings.Replace(m.HTML, mark, "", 1)
		}
	}
	if err := c.SetMessage(m); err != nil {
		return "", err
	}
	if _, err := files.Fetch(c.Work, m.ID); err != nil {
		return "", err
	}
	return "It will be mailed.", tomail.Hold(c.Work, th, true)
}

// jobFetch is the kind of delivery that reads a message which a command is about.
const jobFetch = "chat.fetch"

// fetchJob is its data.
type fetchJob struct {
	tochat.Target
	Command *Continued `json:"command"`

	Said chat.Posted `json:"-"` // the answer
}

func fetchKind() tochat.Kind[fetchJob] {
	return tochat.Kind[fetchJob]{
		Name: jobFetch,
		Attempt: func(ctx context.Context, n *core.Network, _ store.Delivery, j *fetchJob) (_ chat.MessageID, err error) {
			j.Said, err = n.Fetcher.Fetch(ctx, j.Place, j.Command.About)
			return "", err
		},
		Settle: func(w *core.Work, _ store.Delivery, j fetchJob, _ chat.MessageID) error { return fetched(w, j) },
		GaveUp: func(w *core.Work, _ store.Delivery, j fetchJob, cause error) error {
			return commandFailed(w, j.Target, j.Command, cause)
		},
	}
}

// fetched goes on with "mail" when the network has given the message.
func fetched(w *core.Work, j fetchJob) error {
	c := &call{
		Work: w, network: j.Network, place: j.Place, by: j.Command.By, level: j.Command.Level,
		about: j.Command.About, args: j.Command.Args, private: j.Command.Private, via: j.Command.Via,
	}
	text, err := c.beginWith(j.Said)
	var mistake usageError
	if errors.As(err, &mistake) {
		text, err = "✗ "+mistake.Error(), nil
	}
	if err != nil {
		return err
	}
	return tochat.Notice(w, j.Network, j.Place, text, j.Command.answer())
}

func (c *call) beginWith(said chat.Posted) (string, error) {
	if said.Message == "" || (said.Body.Text == "" && len(said.Body.Files) == 0) {
		return "", Usage("There is nothing in that message that could be mailed.")
	}
	said.Late = false
	if r, err := c.LinkedRoom(c.network, c.place); err == nil {
		said.Place = chat.Place{Room: c.place.Room, Thread: c.place.Thread}
		if r.Chat == "" && said.Root == "" {
			said.Place.Thread = ""
		}
		return "It will be mailed.", posted(c.Work, c.network, said)
	} else if !errors.Is(err, store.ErrNone) {
		return "", err
	}
	threader := c.Env.Network(c.network).Threader
	if threader == nil {
		return "", Usage("This network has no threads; link the room instead.")
	}
	people, rest, err := c.addresses()
	if err != nil {
		return "", err
	}
	box, err := c.box("")
	if err != nil {
		return "", err
	}
	p := pending{People: people}
	if len(rest) > 1 {
		p.Title = strings.Join(rest[1:], " ")
	}
	title, err := c.titled(p)
	if err != nil {
		return "", err
	}
	if title == "" {
		title = mail.CleanName(c.by.Name)
	}
	shared, encrypted, err := c.mayShare(consent{})
	if err != nil {
		return "", err
	}
	th, err := c.startThread(box, p, title)
	if err != nil {
		return "", err
	}
	at := said.Place
	if at.Thread == "" {
		at.Thread = threader.ThreadOf(c.place, said.Message)
	}
	r := store.Room{Network: c.network, Place: string(at.Room), Chat: string(at.Thread), Thread: th.ID, Name: title, Linked: c.Now, Shared: shared, Encrypted: encrypted}
	if err := c.PutRoom(&r); err != nil {
		return "", err
	}
	said.Place = at
	if err := posted(c.Work, c.network, said); err != nil {
		return "", err
	}
	if err := tochat.Announce(c.Work, th.ID); err != nil {
		return "", err
	}
	if err := tochat.Notice(c.Work, c.network, at, "✉️ "+core.OpenName(title, people)+" – what you write in this thread is mailed"); err != nil {
		return "", err
	}
	return "It will be mailed, and so will what is written under it.", nil
}

// startThread makes a conversation with these people.
func (c *call) startThread(box *core.Box, p pending, title string) (store.Thread, error) {
	th, err := frommail.NewThread(c.Work, box, p.mode(), title)
	if err != nil {
		return th, err
	}
	for _, a := range p.People {
		person := c.Env.NewParticipant(th, a, c.Now)
		if err := c.AddParticipant(&person); err != nil {
			return th, err
		}
	}
	return th, nil
}
