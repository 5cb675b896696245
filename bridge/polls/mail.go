package polls

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"hashsend/bridge/admit"
	"hashsend/bridge/chat"
	"hashsend/bridge/core"
	"hashsend/bridge/frommail"
	"hashsend/bridge/mail"
	"hashsend/bridge/outbox"
	"hashsend/bridge/store"
	"hashsend/bridge/tochat"
	"hashsend/bridge/tomail"
)

// numbersIn reads a text of only numbers: "2", "1, 3", "2.", "2️⃣".
func numbersIn(text string) (numbers []int, ok bool) {
	const most, digits = 50, 3
	text = strings.NewReplacer("\ufe0f", "", "\u20e3", "").Replace(text)
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" \u00a0\t\n,;+&", r) }) {
		word = strings.TrimRight(strings.TrimPrefix(word, "#"), ".)!")
		if word == "" || len(word) > digits || len(numbers) == most || strings.Trim(word, "0123456789") != "" {
			return nil, false
		}
		n, err := strconv.Atoi(word)
		if err != nil {
			return nil, false
		}
		if !slices.Contains(numbers, n) {
			numbers = append(numbers, n)
		}
	}
	return numbers, len(numbers) > 0
}

// answersOf returns the answers with these numbers. ok is false if one does not exist or
// there are too many.
func answersOf(p chat.Poll, numbers []int) (ids, shown []string, ok bool) {
	if len(numbers) > p.Most {
		return nil, nil, false
	}
	for _, n := range numbers {
		if n < 1 || n > len(p.Answers) {
			return nil, nil, false
		}
		ids, shown = append(ids, p.Answers[n-1].ID), append(shown, numbered(p, n-1))
	}
	return ids, shown, true
}

// pollAnswered finds the open poll that a mail replies to, or the zero Poll.
func pollAnswered(w *core.Work, th store.Thread, d frommail.Decision) (store.Poll, error) {
	var asked []int64
	if len(d.Words.Parts) == 1 {
		asked = []int64{d.Words.Parts[0].Of}
	} else if d.Route.Parent != 0 {
		ms, err := w.MessagesOfMail(d.Route.Parent)
		if err != nil {
			return store.Poll{}, err
		}
		for _, m := range slices.Backward(ms) {
			asked = append(asked, m.ID)
		}
	}
	for _, id := range asked {
		p, m, err := tomail.OpenPoll(w, id)
		if err != nil || (p.Message != 0 && m.Thread == th.ID) {
			return p, err
		}
	}
	return store.Poll{}, nil
}

// ballotIn reads an email as a vote in the open poll that it replies to. It returns the
// chosen answers as ids and as text, or the zero Poll for an ordinary message.
func ballotIn(w *core.Work, th store.Thread, d frommail.Decision) (p store.Poll, ids, shown []string, err error) {
	numbers, ok := numbersIn(d.Words.Text)
	if !ok || d.Words.Files != "" || len(d.Words.Parts) > 1 {
		return p, nil, nil, nil
	}
	if p, err = pollAnswered(w, th, d); err != nil || p.Message == 0 {
		return store.Poll{}, nil, nil, err
	}
	if ids, shown, ok = answersOf(p.Poll, numbers); !ok {
		return store.Poll{}, nil, nil, nil
	}
	return p, ids, shown, nil
}

// ByMail counts a mail of only numbers as a vote in the open poll that it replies to. It
// returns false for an ordinary message.
func ByMail(w *core.Work, box *core.Box, a admit.Voice, th store.Thread, l frommail.Mail, d frommail.Decision) (bool, error) {
	p, ids, shown, err := ballotIn(w, th, d)
	if err != nil || p.Message == 0 {
		return false, err
	}
	m := store.Message{Thread: th.ID, Origin: store.FromMail, Kind: int64(chat.Emote), Text: "votes: " + strings.Join(shown, ", "), State: store.Mailed, At: w.Now, ReplyTo: p.Message}
	if !p.Disclosed {
		m.Text = "voted" // votes are secret until the poll ends
	}
	as, err := frommail.SpeakerOf(w, box, a, th, l, &m)
	if err != nil {
		return false, err
	}
	m.Text, m.HTML = core.AddRemarks(m.Text, "", d.Remarks())
	r, err := w.RoomByID(p.Room)
	if err != nil {
		return false, err
	}
	remarked := d.Remarks() != ""
	can := w.Env.Network(r.Network).Voter != nil
	native := can && w.Env.Network(r.Network).Limits().OwnReactions && !remarked
	v := store.Vote{Poll: p.Message, Who: fmt.Sprint("mail\x00", m.Participant, " ", as.ID), Name: m.Name, Answers: ids, Words: !native, At: w.Now}
	if a.Marked() {
		votes, err := w.Votes(p.Message)
		if err != nil {
			return false, err
		}
		// An unverified mail must not replace the vote of a person: it is an ordinary message.
		if slices.ContainsFunc(votes, func(had store.Vote) bool { return had.Who == v.Who }) {
			return false, nil
		}
	}
	if err := count(w, a, th, l, v); err != nil {
		return false, err
	}
	w.Trace(core.Trace{Thread: th.ID, Message: p.Message, Mail: l.Msg.ID, Kind: "voted", Text: m.Name + " voted by email"})
	return true, showVote(w, p, m, as, ids, native)
}

// count stores a vote and the ids of its email.
func count(w *core.Work, a admit.Voice, th store.Thread, l frommail.Mail, v store.Vote) error {
	if err := w.AddVote(v); err != nil {
		return err
	}
	if err := TallyLater(w, v.Poll); err != nil {
		return err
	}
	if err := frommail.RecordMail(w, a, th, l, nil); err != nil {
		return err
	}
	return w.SetLive(th.ID, w.Now)
}

// jobVote is the kind of delivery that votes in the poll of a room for an email participant.
const jobVote = "chat.vote"

// voteJob is its data.
type voteJob struct {
	tochat.Target
	Of     int64       `json:"of"` // the message that is the poll
	Ballot chat.Ballot `json:"ballot"`
}

// Kinds returns the kinds of deliveries of votes.
func Kinds(e *core.Env) []outbox.Kind {
	return []outbox.Kind{tochat.Kind[voteJob]{
		Name: jobVote,
		Attempt: func(ctx context.Context, n *core.Network, _ store.Delivery, j *voteJob) (id chat.MessageID, err error) {
			if j.Ballot.Poll, err = tochat.CopyOf(ctx, e, j.Of, j.Room, 0); err != nil {
				return "", err
			}
			return n.Voter.Vote(ctx, j.Ballot, j.Out)
		},
		GaveUp: func(w *core.Work, _ store.Delivery, j voteJob, cause error) error {
			return tochat.Notice(w, j.Network, j.Place, fmt.Sprintf("%s %s. This couldn't be added to the poll: %s.", j.Out.As.Name, j.Out.Body.Text, core.PlainReason(cause.Error())))
		},
	}.For(e)}
}

// showVote shows a vote by email in each room of its thread: as a vote in the room of the
// poll, if the network can show it as that of the person, and as a text elsewhere.
func showVote(w *core.Work, p store.Poll, m store.Message, as chat.Sender, ids []string, native bool) error {
	rooms, err := w.RoomsOf(m.Thread)
	if err != nil {
		return err
	}
	for _, r := range rooms {
		switch {
		case r.Silent():
		case native && r.ID == p.Room:
			key := w.Key("v", p.Message, r.ID) + "." + mail.NewUniq()
			job := voteJob{Target: tochat.Target{Network: r.Network, Place: core.Place(r), Room: r.ID}, Of: p.Message, Ballot: chat.Ballot{Form: p.Form, Answers: ids}}
			job.Out = chat.Outgoing{As: as, At: w.Now, Body: chat.Body{Text: m.Text}}
			err = tochat.Enqueue(w, jobVote, key, &job)
		default:
			err = inWords(w, &m, r, as)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// inWords posts a vote as a text in one room. The message is stored on first use.
func inWords(w *core.Work, m *store.Message, r store.Room, as chat.Sender) error {
	if m.ID == 0 {
		if err := w.AddMessage(m); err != nil {
			return err
		}
	}
	inChat := ""
	if r.Chat == "" {
		c, err := w.CopyIn(m.ReplyTo, r.ID)
		if err != nil && !errors.Is(err, store.ErrNone) {
			return err
		}
		inChat = c.Chat
	}
	return tochat.Post(w, *m, r, as, inChat)
}
