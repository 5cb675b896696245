package frommail

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"hashsend/bridge/admit"
	"hashsend/bridge/classify"
	"hashsend/bridge/core"
	"hashsend/bridge/files"
	"hashsend/bridge/mail"
	"hashsend/bridge/store"
)

// Inbox receives the mails of a mailbox. It is the mail.Handler of its sources.
type Inbox struct {
	*core.Box
	Env   *core.Env
	Apply applier
}

// applier carries out a decision, in the transaction that stores the cursor.
type applier func(w *core.Work, box *core.Box, l Mail, d Decision, f Approval) error

// Wants decides by the header whether a mail may be for the bridge: a copy of our own mail,
// a reply to it, the tag in the subject, a report, or one of our folders.
func (box *Inbox) Wants(ctx context.Context, h mail.Head) (bool, error) {
	m := h.Header.Message()
	if _, echo := box.Env.Mint.ParseTrace(h.Header.Get(mail.HeaderTrace)); echo {
		return true, nil
	}
	if h.Place == mail.Sent && !box.IsOwn(sender(&m).Address) {
		return false, nil
	}
	if h.Place == mail.Archive && box.IsOwn(sender(&m).Address) {
		return false, nil // sent mail and drafts of the owner
	}
	if (h.Place != mail.Junk && mail.HasTag(m.Subject, box.Env.Tag)) || (h.Place != mail.Sent && looksLikeReport(h)) {
		return true, nil
	}
	var ours bool
	err := box.Env.Store.Read(ctx, func(tx *store.Tx) error {
		r, err := box.findRoute(tx, &m, h.Envelope)
		ours = len(r.Threads) > 0
		return err
	})
	return ours, err
}

// looksLikeReport reports whether a mail may be a delivery report. Only its body tells
// whether it concerns our mail.
func looksLikeReport(h mail.Head) bool {
	if strings.Contains(strings.ToLower(h.Header.Get("Content-Type")), "multipart/report") ||
		strings.TrimSpace(h.Header.Get("Return-Path")) == "<>" {
		return true
	}
	from := strings.ToLower(h.Header.Get("From"))
	return strings.Contains(from, "mailer-daemon") || strings.Contains(from, "postmaster") || h.Header.Get("X-Failed-Recipients") != ""
}

// Pass moves the cursor of a folder past mails that are not for the bridge.
func (box *Inbox) Pass(ctx context.Context, _, folder, cursor string) error {
	return box.Env.Write(ctx, "pass", func(w *core.Work) error { return w.SetCursor("mail/"+box.Name, folder, cursor) })
}

// Mail is a mail that was read, parsed, classified and verified, without the database.
type Mail struct {
	in      mail.Incoming
	Msg     mail.Message
	Class   classify.Class
	Verdict mail.Verdict
	Author  mail.Address
	own     bool // written by the mailbox's owner
	echo    string
	files   map[string]files.Content // by Part.Stored
	key     []string                 // identifies a repeat (see keyOf)
}

// sender returns the address in From, or the zero Address unless there is exactly one.
func sender(m *mail.Message) mail.Address {
	if len(m.From) != 1 {
		return mail.Address{}
	}
	return m.From[0]
}

// Handle receives one mail: it reads, decides, and commits the effects together with the
// cursor.
func (box *Inbox) Handle(ctx context.Context, cursor string, in mail.Incoming) error {
	l, err := box.read(ctx, in)
	if err != nil {
		return err
	}
	return box.take(ctx, cursor, l, Approval{})
}

// Approval is the decision of a person about a held mail.
type Approval struct {
	Approved bool
	Add      bool  // its sender becomes a participant
	Room     int64 // room for a conversation that it starts; 0: as configured
	Held     int64
}

// take decides about a mail and does what it may do.
// Many branches: most are errors; a refused mail, a held one and one that speaks differ.
func (box *Inbox) take(ctx context.Context, cursor string, l Mail, f Approval) error {
	d, known, err := box.decided(ctx, l, f)
	if err != nil {
		return err
	}
	if voice, speaks := admit.Speaks(d.Admission); speaks {
		if err := box.readFiles(ctx, voice, &l); err != nil {
			return err
		}
		l = l.renamed(d.known)
		d.extract(l, known, box.Env.Tag, box.Env.Zone)
	} else {
		l = l.renamed(d.known)
	}
	if _, none := d.Admission.(admit.Nothing); none && l.in.Place == mail.Pushed && !f.Approved {
		return notOurs()
	}
	if _, held := d.Admission.(admit.Held); held && !f.Approved {
		if d.file, err = box.keep(ctx, l); err != nil {
			return err
		}
	}
	err = box.Env.Write(ctx, "mail", func(w *core.Work) error {
		if err := w.SetCursor("mail/"+box.Name, l.in.Folder, cursor); err != nil {
			return err
		}
		if l.echo == "" {
			if seen, err := w.Seen(w.Now, "mail/"+box.Name, l.key...); err != nil || seen {
				d.repeated = seen
				return err
			}
		}
		return box.Apply(w, box.Box, l, d, f)
	})
	if d.file != "" && (err != nil || d.repeated) {
		err = errors.Join(err, box.Env.Store.DropFile(d.file))
	}
	return err
}

// decided reads the facts about a mail and decides; known are the messages that it may
// quote, if it speaks.
func (box *Inbox) decided(ctx context.Context, l Mail, f Approval) (d Decision, known quotable, err error) {
	err = box.Env.Store.Read(ctx, func(tx *store.Tx) error {
		facts, err := box.factsOf(tx, l, f)
		if err != nil {
			return err
		}
		d = decide(l, f, facts, box.settings())
		if _, speaks := admit.Speaks(d.Admission); speaks {
			known, err = quotableIn(tx, l, facts)
		}
		return err
	})
	return d, known, err
}

func (box *Inbox) keep(ctx context.Context, l Mail) (name string, err error) {
	body, err := l.in.Open(ctx)
	if err != nil {
		return "", fmt.Errorf("open mail: %w", err)
	}
	defer body.Close() //nolint:errcheck // it was only read
	return box.Env.Store.KeepFile(body)
}

// read opens, parses, classifies and verifies a mail. Only a failure to read it is an
// error.
func (box *Inbox) read(ctx context.Context, in mail.Incoming) (Mail, error) {
	l := Mail{in: in}
	if uniq, ok := box.Env.Mint.ParseTrace(in.Header.Get(mail.HeaderTrace)); ok {
		head := in.Header.Message()
		if box.IsOwn(sender(&head).Address) {
			l.echo, l.Msg, l.Author, l.own = uniq, head, sender(&head), true
			return l, nil
		}
	}
	body, err := in.Open(ctx)
	if err != nil {
		return l, fmt.Errorf("open mail: %w", err)
	}
	l.Msg, err = parse(body, mail.DefaultLimits) // its files are read when it is admitted
	if err := errors.Join(err, body.Close()); err != nil {
		return l, fmt.Errorf("read mail: %w", err)
	}
	l.Author = sender(&l.Msg)
	l.own = box.IsOwn(l.Author.Address)
	l.Class = classOf(l.Msg)
	switch {
	case in.Place == mail.Sent && l.own:
		l.Verdict = mail.Verdict{Trust: mail.Proven, Method: "place"}
	case box.Verifier != nil:
		if l.Verdict, err = box.Verifier.Verify(ctx, in); err != nil {
			return l, fmt.Errorf("check sender: %w", err)
		}
	}
	l.key = keyOf(l)
	return l, nil
}

// readFiles parses a mail again if it has attachments, and stores them.
func (box *Inbox) readFiles(ctx context.Context, _ admit.Voice, l *Mail) error {
	if len(l.Msg.Files()) == 0 {
		return nil
	}
	body, err := l.in.Open(ctx)
	if err != nil {
		return fmt.Errorf("open mail: %w", err)
	}
	files := &files.FromMail{Env: box.Env, Here: map[string]files.Content{}}
	lim := mail.DefaultLimits
	lim.Files = files.Sink
	l.Msg, err = parse(body, lim)
	l.files = files.Here
	if err := errors.Join(err, body.Close()); err != nil {
		return fmt.Errorf("read the files of a mail: %w", err)
	}
	return nil
}

// parse turns a panic of the parser into a problem of the mail, so that one mail stops
// neither the program nor later mails.
func parse(r io.Reader, lim mail.Limits) (m mail.Message, err error) {
	defer func() {
		if p := recover(); p != nil {
			m.Problems = append(m.Problems, fmt.Sprint("it couldn't be read: ", p))
		}
	}()
	return mail.Parse(r, lim)
}

// classOf does the same for the classification: after a panic, a mail counts as written by
// a person.
func classOf(m mail.Message) (c classify.Class) {
	defer func() {
		if p := recover(); p != nil {
			c = classify.Class{Kind: classify.Message, Rule: "classification failed"}
		}
	}()
	return classify.Mail(m)
}

// keyOf identifies repeats of a mail: never by the Message-ID alone, which a stranger could
// use first. A mail without one is identified by its content.
func keyOf(l Mail) []string {
	id := l.Msg.ID
	if id == "" {
		sum := sha256.Sum256([]byte(l.Msg.Date.String() + "\x00" + l.Msg.Subject + "\x00" + l.Msg.Text + "\x00" + l.Msg.HTML))
		id = hex.EncodeToString(sum[:])
	}
	return []string{id, mail.CanonicalAddress(l.Author.Address), strings.Join(l.Msg.InReplyTo, " "), fmt.Sprint(l.Verdict.Trust)}
}

// notOurs refuses a pushed mail that is not for the bridge. Its sender sees the text.
func notOurs() error {
	return core.NeverError("this address accepts only replies to its own emails, and emails with its tag in the subject")
}

// headerOf reads the header of a stored mail.
func headerOf(e *core.Env, file string) (mail.Header, error) {
	f, err := e.Store.OpenFile(file)
	if err != nil {
		return nil, err
	}
	h, err := mail.ReadHeader(bufio.NewReader(f))
	return h, errors.Join(err, f.Close())
}
