package frommail

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"hashsend/bridge/admit"
	"hashsend/bridge/chat"
	"hashsend/bridge/classify"
	"hashsend/bridge/core"
	"hashsend/bridge/mail"
	"hashsend/bridge/store"
	"hashsend/bridge/tochat"
	"hashsend/bridge/tomail"
)

// PostMail posts the text of a mail in every room of its threads, and enqueues it for the
// participants who don't have it.
func PostMail(w *core.Work, box *core.Box, a admit.Voice, l Mail, d Decision, f Approval, claims ...Claim) error {
	for _, id := range d.Route.Threads {
		th, err := w.Thread(id)
		if err != nil {
			return err
		}
		if f.Approved && f.Add && !l.own {
			if _, err := admitSender(w, a, th, l); err != nil {
				return err
			}
		}
		if proof, proven := a.Proof(th.ID); proven {
			if err := learn(w, proof, th, l, d); err != nil {
				return err
			}
		}
		subject, recall := classify.Recalled(d.Words.Text)
		switch {
		case recall:
			err = tellRecall(w, box, a, th, l, d, subject)
		case l.Class.Emoji == "" || l.Class.Kind == classify.Reaction:
			err = addMail(w, box, a, th, l, d, claims...)
		default:
			err = addMailAndReaction(w, box, a, th, l, d, claims...)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// learn stores what a verified mail teaches: other ids of our mails in the thread, how its
// author ends mails, and the reactions that its mail program supports.
func learn(w *core.Work, a admit.Proof, th store.Thread, l Mail, d Decision) error {
	for id, known := range d.Route.Learned {
		m, err := w.Mail(known)
		if err != nil {
			return err
		}
		if m.Thread != a.Thread() {
			continue
		}
		if err := w.AddMailID(known, store.IDLearned, id); err != nil {
			return err
		}
	}
	if l.own {
		return nil
	}
	if err := w.SetSetting(habitKey(mail.CanonicalAddress(l.Author.Address)), d.Words.habit); err != nil {
		return err
	}
	return tomail.LearnDialect(w, a, th, l.Author.Address, tomail.DialectOf(&l.Msg))
}

// addMailAndReaction posts a mail that has words and a reaction: both are told, each in its way.
func addMailAndReaction(w *core.Work, box *core.Box, a admit.Voice, th store.Thread, l Mail, d Decision, claims ...Claim) error {
	to, err := answeredByMail(w, th, d)
	if err != nil {
		return err
	}
	if to == 0 && d.Route.Parent != 0 { // it replies to a message of another thread
		d.Words.Text, d.Words.HTML, d.Words.Parts = strings.TrimSpace(d.Words.Text+"\n"+l.Class.Emoji), "", nil
	}
	if err := addMail(w, box, a, th, l, d, claims...); err != nil || to == 0 {
		return err
	}
	d.Words, d.Emoji = Extract{Text: classify.ReactedWith(l.Class.Emoji)}, ""
	l.Class.Kind = classify.Reaction // only the reaction is left
	_, err = claimed(w, box, a, th, l, d, claims)
	return err
}

// admitSender makes the sender of a mail a participant of a thread, if they are none.
func admitSender(w *core.Work, _ admit.Voice, th store.Thread, l Mail) (store.Participant, error) {
	p, err := w.Participant(th.ID, mail.CanonicalAddress(l.Author.Address))
	if err == nil && p.Takes() {
		return p, nil
	}
	if err == nil {
		p.State, p.Changed, p.Joined = store.Active, w.Now, w.Now
		return p, w.SetParticipant(p)
	}
	if !errors.Is(err, store.ErrNone) {
		return p, err
	}
	p = w.Env.NewParticipant(th, l.Author, w.Now)
	p.State, p.Mailed = store.Active, w.Now
	return p, w.AddParticipant(&p)
}

// addMail stores a mail as one message of a thread, or as one for each message that it
// replies to.
func addMail(w *core.Work, box *core.Box, a admit.Voice, th store.Thread, l Mail, d Decision, claims ...Claim) error {
	if taken, err := claimed(w, box, a, th, l, d, claims); err != nil || taken {
		return err
	}
	to, err := audienceOf(w, box, a, th, l, d)
	if err != nil {
		return err
	}
	parts, err := partsUnder(w, th, l, d)
	if err != nil {
		return err
	}
	m := to.m
	ids := make([]int64, 0, len(parts))
	for i, p := range parts {
		m.ID, m.Text, m.HTML, m.ReplyTo = 0, p.Text, p.HTML, p.Of
		if i == len(parts)-1 {
			m.Files = d.Words.Files
		}
		if err := w.AddMessage(&m); err != nil {
			return err
		}
		if err := w.NoteMentions(m, core.Mentioned(m.Text, nil, false, to.people)); err != nil {
			return err
		}
		if err := noteLeftOut(w, m.ID, to.reads.LeftOut); err != nil {
			return err
		}
		if err := w.AddReading(store.Reading{Message: m.ID, Sure: d.Words.Sure, Cuts: d.Words.Cuts}); err != nil {
			return err
		}
		ids = append(ids, m.ID)
		if i == len(parts)-1 {
			if err := addMailFiles(w, a, l, m.ID); err != nil {
				return err
			}
		}
		w.Trace(core.Trace{Thread: th.ID, Message: m.ID, Mail: l.Msg.ID, Kind: "answered", Text: "an email from " + m.Name + " was posted (" + d.Route.Rule + ")"})
		if err := toRooms(w, th, m, to.as, len(parts) > 1); err != nil {
			return err
		}
	}
	if err := tellOfPeople(w, th, m, to, ids); err != nil {
		return err
	}
	if err := RecordMail(w, a, th, l, ids); err != nil {
		return err
	}
	if err := w.SetLive(th.ID, w.Now); err != nil {
		return err
	}
	if m.State == store.Held {
		return relay(w, th, ids)
	}
	return nil
}

// Claim handles a mail that is not an ordinary message, such as a reaction or a vote. taken
// reports whether it did.
type Claim func(w *core.Work, box *core.Box, a admit.Voice, th store.Thread, l Mail, d Decision) (taken bool, err error)

func claimed(w *core.Work, box *core.Box, a admit.Voice, th store.Thread, l Mail, d Decision, claims []Claim) (taken bool, err error) {
	for _, takes := range claims {
		if taken, err := takes(w, box, a, th, l, d); err != nil || taken {
			return taken, err
		}
	}
	return false, nil
}

// audience is the speaker of the messages of a mail, and their readers.
type audience struct {
	m      store.Message // without a text
	as     chat.Sender
	people []store.Participant // participants, with letIn
	reads  readership
	letIn  []store.Participant
	ask    []mail.Address // added by the mail; the rooms are asked
}

// audienceOf finds the audience of a mail in a thread, and adds the people it may add.
func audienceOf(w *core.Work, box *core.Box, v admit.Voice, th store.Thread, l Mail, d Decision) (a audience, err error) {
	a.m = store.Message{Thread: th.ID, Origin: store.FromMail, Kind: int64(chat.Said), State: store.Mailed, At: w.Now, Marks: d.Remarks()}
	if a.as, err = SpeakerOf(w, box, v, th, l, &a.m); err != nil {
		return a, err
	}
	if l.Class.Kind == classify.Reaction {
		a.m.Kind = int64(chat.Emote)
	}
	if a.people, err = w.Participants(th.ID); err != nil {
		return a, err
	}
	if a.ask, err = brought(w, v, th, l, a.m); err != nil {
		return a, err
	}
	if proof, proven := v.Proof(th.ID); proven {
		if a.letIn, a.ask, err = letIn(w, proof, th, l, a.people, a.ask); err != nil {
			return a, err
		}
	}
	a.reads = Reached(th, a.people, l, a.m.Participant)
	a.m.Skip = a.reads.Skip
	for _, p := range a.letIn {
		a.people, a.m.Skip = append(a.people, p), append(a.m.Skip, p.ID)
	}
	if a.reads.Relay && !th.Paused {
		a.m.State = store.Held
	}
	return a, nil
}

// tellOfPeople tells and asks the rooms about people whom a mail left out or added. m is the
// last of its messages.
func tellOfPeople(w *core.Work, th store.Thread, m store.Message, a audience, messages []int64) error {
	if err := askLeftOut(w, m, a.reads.LeftOut, messages); err != nil {
		return err
	}
	if err := tellLetIn(w, th, m, a.letIn); err != nil {
		return err
	}
	return offer(w, th, m, a.people, a.ask)
}

// partsUnder splits a mail by the messages it replies to, below its subject if that is new.
func partsUnder(w *core.Work, th store.Thread, l Mail, d Decision) ([]part, error) {
	parts, err := PartsOf(w, th, d)
	if err != nil {
		return nil, err
	}
	subject, err := newSubject(w, th, l, d.Route.Threads)
	if err != nil {
		return nil, err
	}
	if d.subject != "" {
		subject = d.subject
	}
	parts[0].Text, parts[0].HTML = core.UnderSubject(subject, parts[0].Text, parts[0].HTML)
	return parts, nil
}

// relay sends messages of a mail to the other participants: to some at once, to the rest
// when the hold ends.
func relay(w *core.Work, th store.Thread, ids []int64) error {
	th.Live = w.Now
	for _, id := range ids {
		one, err := w.Message(id)
		if err == nil {
			err = tomail.AtOnce(w, one)
		}
		if err != nil {
			return err
		}
	}
	return tomail.Hold(w, th, false)
}

// PartsOf splits the text of a mail by the messages of a thread that it replies to. If they
// are not known, there is one part, a reply to the cited mail.
func PartsOf(w *core.Work, th store.Thread, d Decision) ([]part, error) {
	one := part{Text: d.Words.Text, HTML: d.Words.HTML}
	for _, p := range d.Words.Parts {
		of, err := w.Message(p.Of)
		if err != nil {
			return nil, err
		}
		if of.Thread != th.ID {
			return []part{one}, nil
		}
	}
	if len(d.Words.Parts) > 1 {
		return d.Words.Parts, nil
	}
	var err error
	one.Of, err = answeredByMail(w, th, d)
	if len(d.Words.Parts) == 1 {
		one.Of = d.Words.Parts[0].Of
	}
	return []part{one}, err
}

// SpeakerOf sets the author of a message and returns the speaker in the rooms.
// Many branches: the owner, a participant, a member of a mailing list, an approved sender.
func SpeakerOf(w *core.Work, box *core.Box, a admit.Voice, th store.Thread, l Mail, m *store.Message) (chat.Sender, error) {
	if l.own {
		m.Origin, m.Name = store.FromOwner, box.Owner
		if m.Name == "" {
			m.Name = mail.CleanName(l.Author.Name)
		}
		if m.Name == "" {
			m.Name = box.Address.Name
		}
		return chat.Sender{ID: w.Env.Mint.Address("owner", box.Name), Name: m.Name + core.ByEmail}, nil
	}
	p, err := w.Participant(th.ID, mail.CanonicalAddress(l.Author.Address))
	if errors.Is(err, store.ErrNone) {
		// The mail was approved without adding its sender.
		p = w.Env.NewParticipant(th, l.Author, w.Now)
	} else if err != nil {
		return chat.Sender{}, err
	}
	proof, proven := a.Proof(th.ID)
	if p.State == store.Bounced && proven {
		if err := tomail.WritesAgain(w, proof, &p); err != nil {
			return chat.Sender{}, err
		}
	}
	m.Participant, m.Name = p.ID, p.Name
	if name := classify.ListAuthor(&l.Msg); name != "" {
		// Each member of a mailing list is a speaker of their own, if the list names them.
		m.Name = name
		return chat.Sender{ID: w.Env.Mint.Address("member", p.Canon+"\x00"+name), Name: name + " (email)"}, nil
	}
	// The name in the mail is better than one guessed from the address.
	local, _, _ := strings.Cut(p.Address, "@")
	if name := mail.CleanName(l.Author.Name); p.ID != 0 && !a.Marked() && (p.Bounces > 0 && p.State != store.Bounced || (p.Name == local && name != "" && name != local)) {
		if p.State != store.Bounced {
			p.Bounces = 0
		}
		if p.Name == local && name != "" {
			p.Name, m.Name = name, name
		}
		if err := w.SetParticipant(p); err != nil {
			return chat.Sender{}, err
		}
	}
	return chat.Sender{ID: p.Ghost, Name: p.Name + core.ByEmail}, nil
}

// answeredByMail returns the message that a mail replies to: the last one of the mail that
// it cites. 0: none.
func answeredByMail(w *core.Work, th store.Thread, d Decision) (int64, error) {
	if d.Route.Parent == 0 {
		return 0, nil
	}
	ms, err := w.MessagesOfMail(d.Route.Parent)
	if err != nil || len(ms) == 0 || ms[0].Thread != th.ID {
		return 0, err
	}
	return ms[len(ms)-1].ID, nil
}

// farOff is the difference between the Date of a mail and its arrival from which the Date
// is stored to be shown. Nothing is ordered by it.
const farOff = time.Hour

// RecordMail stores the ids of a received mail, so that replies to it are recognised. The
// id of an unverified mail is recognised only in its thread: it may be the id of a mail
// outside the bridge.
func RecordMail(w *core.Work, a admit.Voice, th store.Thread, l Mail, messages []int64) error {
	if l.Msg.ID == "" {
		return nil
	}
	if _, err := w.MailIn(th.ID, l.Msg.ID); err == nil {
		return nil
	} else if !errors.Is(err, store.ErrNone) {
		return err
	}
	rec := store.Mail{Thread: th.ID, MessageID: l.Msg.ID, At: w.Now}
	if d := l.Msg.Date; !d.IsZero() && d.Sub(w.Now).Abs() > farOff {
		rec.Dated = d
	}
	if _, proven := a.Proof(th.ID); !proven {
		return w.AddMailWithin(&rec, messages...)
	}
	if err := w.AddMail(&rec, messages...); err != nil {
		return err
	}
	if first, err := w.MailByID(l.Msg.ID); err != nil {
		return err
	} else if first.ID != rec.ID {
		if err := w.ShareMailID(rec, l.Msg.ID); err != nil {
			return err
		}
	}
	for _, id := range l.Msg.OtherIDs {
		if err := w.AddMailID(rec.ID, store.IDReceived, id); err != nil {
			return err
		}
	}
	return nil
}

// toRooms posts a message of a mail in every room of its thread, in the chat thread of the
// message that it replies to. A reply to the newest message is not marked as one, unless it
// is one of several.
func toRooms(w *core.Work, th store.Thread, m store.Message, as chat.Sender, several bool) error {
	rooms, err := w.RoomsOf(th.ID)
	if err != nil {
		return err
	}
	newest, err := w.LastMessages(th.ID, 2)
	if err != nil {
		return err
	}
	told := false
	for _, r := range rooms {
		if r.Silent() {
			continue
		}
		told = true
		one, inChat := m, ""
		if m.ReplyTo != 0 {
			c, err := w.CopyIn(m.ReplyTo, r.ID)
			if err != nil && !errors.Is(err, store.ErrNone) {
				return err
			}
			inChat = c.Chat
			if !several && len(newest) == 2 && newest[1].ID == m.ReplyTo {
				one.ReplyTo = 0
			}
		}
		if r.Chat != "" {
			inChat = ""
		}
		if err := tochat.Post(w, one, r, as, inChat); err != nil {
			return err
		}
	}
	if told {
		return nil
	}
	if pending, err := isOpening(w, th.ID); err != nil || pending {
		return err
	}
	return nobodyReads(w, th, m)
}

// nobodyReads posts a message of a conversation without a room in the home room, and tells
// its author once.
func nobodyReads(w *core.Work, th store.Thread, m store.Message) error {
	if err := tochat.NoticeHome(w, fmt.Sprintf("%s wrote to “%s”, which is no longer connected to a room:\n%s", m.Name, th.Title, core.WithRemarks(m))); err != nil || m.Participant == 0 {
		return err
	}
	if told, err := w.Seen(w.Now, "nobody", fmt.Sprint(th.ID), fmt.Sprint(m.Participant)); err != nil || told {
		return err
	}
	p, err := w.ParticipantByID(m.Participant)
	if err != nil {
		return err
	}
	return tomail.Note(w, th, p, "", "The room of this conversation is closed. Your message was forwarded to the admin only.", "")
}
