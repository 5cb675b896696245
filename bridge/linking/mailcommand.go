package linking

import (
	"context"
	"errors"
	"strings"

	"hashsend/bridge/chat"
	"hashsend/bridge/command"
	"hashsend/bridge/core"
	"hashsend/bridge/files"
	"hashsend/bridge/fromchat"
	"hashsend/bridge/frommail"
	"hashsend/bridge/mail"
	"hashsend/bridge/store"
	"hashsend/bridge/tochat"
	"hashsend/bridge/tomail"
)

// MailMessage sends one message by email that stayed in the room, or starts a conversation
// with it in its chat thread.
func MailMessage(c *command.Call) (string, error) {
	if c.About == "" {
		return "", command.Usage("A message is required: reply to it with %s", c.TypedAs("mail ann@example.com"))
	}
	people, rest, err := c.Addresses()
	if err != nil {
		return "", err
	}
	if len(rest) > 0 && !strings.EqualFold(rest[0], "title") {
		return "", c.Unknown(rest[0], "mail", mailArgs)
	}
	box, err := c.Box("")
	if err != nil {
		return "", err
	}
	if err := c.NotOurselves(box, people); err != nil {
		return "", err
	}
	m, err := c.MessageByCopy(c.Network, string(c.About))
	switch {
	case err == nil && !m.Unsaid():
		return mailKnown(c, m, len(people) > 0)
	case err != nil && !errors.Is(err, store.ErrNone):
		return "", err
	}
	if err := readersFit(c, people); err != nil {
		return "", err
	}
	if c.Env.Network(c.Network).Fetcher == nil {
		return "", command.Usage("I can't read single messages on this network. Link the room and post the message again.")
	}
	asked := c.Asked()
	job := fetchJob{Target: tochat.Target{Network: c.Network, Place: c.Place}, Command: &asked}
	return "Reading the message …", tochat.Enqueue(c.Work, jobFetch, c.Env.Instance+".f."+mail.NewUniq(), &job)
}

// readersFit checks the addresses of the command mail: a linked room must have none, another
// room at least one. Otherwise it returns a UsageError.
func readersFit(c *command.Call, people []mail.Address) error {
	_, _, err := c.LinkedThread()
	if err == nil {
		if len(people) > 0 {
			return command.Usage("This room is already linked. Leave out the addresses to send the message to its participants, or invite more people with %s", c.TypedAs("add ADDRESS"))
		}
		return nil
	}
	if mistake := command.UsageError(""); !errors.As(err, &mistake) {
		return err
	}
	if len(people) == 0 {
		return c.Needs("mail", "ADDRESS… [title TITLE]")
	}
	return nil
}

// mailArgs are the arguments of mail.
const mailArgs = "[ADDRESS… [title TITLE]]"

// mailKnown sends a message of a linked room that stayed there.
func mailKnown(c *command.Call, m store.Message, named bool) (string, error) {
	th, err := c.Thread(m.Thread)
	if err != nil {
		return "", err
	}
	switch {
	case named:
		return "", command.Usage("This message belongs to the conversation “%s”. Leave out the addresses to send it to its participants.", th.Title)
	case m.State == store.Held:
		return "It will be sent by email shortly.", nil
	case m.State == store.Mailed:
		return "", command.Usage("It was already sent by email; %s shows what happened to it.", c.TypedAs("why"))
	case m.State == store.Deleted:
		return "", command.Usage("This message was deleted, so it can't be sent.")
	case th.Paused:
		return "", command.Usage("Email from this room is paused. To start it again: %s", c.TypedAs("pause off"))
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
	return "It will be sent by email.", tomail.Hold(c.Work, th, true)
}

// jobFetch is the kind of delivery that reads the message that a command replies to.
const jobFetch = "chat.fetch"

// fetchJob is its data.
type fetchJob struct {
	tochat.Target
	Command *command.Continued `json:"command"`

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

// fetched continues the command "mail" with the message from the network.
func fetched(w *core.Work, j fetchJob) error {
	c := &command.Call{
		Work: w, Network: j.Network, Place: j.Place, By: j.Command.By, Level: j.Command.Level,
		About: j.Command.About, Args: j.Command.Args, Private: j.Command.Private, Via: j.Command.Via,
	}
	text, err := beginWith(c, j.Said)
	var mistake command.UsageError
	if errors.As(err, &mistake) {
		text, err = "✗ "+mistake.Error(), nil
	}
	if err != nil {
		return err
	}
	return tochat.Notice(w, j.Network, j.Place, text, j.Command.Answer())
}

// beginWith sends a message by email, in a new conversation where its place has none.
func beginWith(c *command.Call, said chat.Posted) (string, error) {
	if said.Message == "" || (said.Body.Text == "" && len(said.Body.Files) == 0) {
		return "", command.Usage("This message has no text or files to send.")
	}
	said.Late = false
	if r, err := c.LinkedRoom(c.Network, c.Place); err == nil {
		said.Place = chat.Place{Room: c.Place.Room, Thread: c.Place.Thread}
		if r.Chat == "" && said.Root == "" {
			said.Place.Thread = ""
		}
		return "It will be sent by email.", fromchat.Posted(c.Work, c.Network, said)
	} else if !errors.Is(err, store.ErrNone) {
		return "", err
	}
	return startWith(c, said)
}

// startWith starts a conversation with a message, in the chat thread of that message.
func startWith(c *command.Call, said chat.Posted) (string, error) {
	threader := c.Env.Network(c.Network).Threader
	if threader == nil {
		return "", command.Usage("This network has no threads. Link the room instead: %s", c.TypedAs("link ADDRESS"))
	}
	people, rest, err := c.Addresses()
	if err != nil {
		return "", err
	}
	box, err := c.Box("")
	if err != nil {
		return "", err
	}
	p := pending{People: people}
	if len(rest) > 1 {
		p.Title = strings.Join(rest[1:], " ")
	}
	title, err := titled(c, p)
	if err != nil {
		return "", err
	}
	if title == "" {
		title = mail.CleanName(c.By.Name)
	}
	shared, encrypted, err := mayShare(c, consent{})
	if err != nil {
		return "", err
	}
	th, err := startThread(c, box, p, title)
	if err != nil {
		return "", err
	}
	at := said.Place
	if at.Thread == "" {
		at.Thread = threader.ThreadOf(c.Place, said.Message)
	}
	r := store.Room{Network: c.Network, Place: string(at.Room), Chat: string(at.Thread), Thread: th.ID, Name: title, Linked: c.Now, Shared: shared, Encrypted: encrypted}
	if err := c.PutRoom(&r); err != nil {
		return "", err
	}
	said.Place = at
	if err := fromchat.Posted(c.Work, c.Network, said); err != nil {
		return "", err
	}
	if err := tochat.Announce(c.Work, th.ID); err != nil {
		return "", err
	}
	if err := tochat.Notice(c.Work, c.Network, at, "✉️ "+core.OpenName(title, people)+" – messages in this thread are sent by email"); err != nil {
		return "", err
	}
	return "It will be sent by email, and so will the messages in its thread.", nil
}

// startThread makes a conversation with the people of a pending link.
func startThread(c *command.Call, box *core.Box, p pending, title string) (store.Thread, error) {
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
