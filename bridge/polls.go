package bridge

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"hashsend/bridge/chat"
	"hashsend/bridge/core"
	"hashsend/bridge/frommail"
	"hashsend/bridge/mail"
	"hashsend/bridge/outbox"
	"hashsend/bridge/store"
	"hashsend/bridge/tochat"
	"hashsend/bridge/tomail"
)

// pollWords is a poll as a text: the question, and its answers by number.
func pollWords(p chat.Poll) string {
	var b strings.Builder
	b.WriteString(core.PollMark + core.OneLine(p.Question, 500))
	for i := range p.Answers {
		b.WriteString("\n" + numbered(p, i))
	}
	return b.String()
}

func numbered(p chat.Poll, i int) string {
	return fmt.Sprintf("%d. %s", i+1, core.OneLine(p.Answers[i].Text, 200))
}

// countVotes counts the votes for each answer; best is the most that one has.
func countVotes(p chat.Poll, votes []store.Vote) (counted map[string]int, best int) {
	counted = map[string]int{}
	for _, v := range votes {
		for _, id := range validAnswers(p, v.Answers) {
			counted[id]++
			best = max(best, counted[id])
		}
	}
	return counted, best
}

// pollTally words in one line how an open poll stands; empty: nobody has voted.
func pollTally(p chat.Poll, votes []store.Vote) string {
	counted, best := countVotes(p, votes)
	if best == 0 {
		return ""
	}
	var parts []string
	for _, a := range p.Answers {
		if n := counted[a.ID]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", core.OneLine(a.Text, 40), n))
		}
	}
	return core.PollMark + core.OneLine(p.Question, 60) + " So far: " + core.ListNames(parts)
}

// tallyLater has the next mail tell how a poll stands.
func tallyLater(w *core.Work, poll int64) error {
	p, _, err := tomail.OpenPoll(w, poll)
	if err != nil || p.Message == 0 {
		return err
	}
	return tally(w, p, true)
}

// tally words for the next mail how a poll stands, where everybody may see it before the
// end. fresh: it is to be told even if nothing of it waits to be told.
func tally(w *core.Work, p store.Poll, fresh bool) error {
	if !p.Disclosed {
		return nil
	}
	votes, err := w.Votes(p.Message)
	if err != nil {
		return err
	}
	text := pollTally(p.Poll, votes)
	if text == "" {
		return w.DropLine(store.Line{Room: p.Room, Kind: store.LinePoll(p.Message)})
	}
	return w.SetLine(p.Room, store.LinePoll(p.Message), text, fresh)
}

// pollResult words the end of a poll by our own count of the votes.
func pollResult(p chat.Poll, votes []store.Vote) string {
	counted, best := countVotes(p, votes)
	var b strings.Builder
	b.WriteString(core.PollMark + "The poll has ended: " + core.OneLine(p.Question, 500))
	if best == 0 {
		return b.String() + "\nNobody has voted."
	}
	for i, a := range p.Answers {
		fmt.Fprintf(&b, "\n%s – %s", numbered(p, i), core.Quantity(counted[a.ID], "vote", "votes"))
		if counted[a.ID] == best {
			b.WriteString(" ✔")
		}
	}
	return b.String()
}

// validAnswers returns what counts of a vote: as many answers as one may choose. A
// vote with an answer that the poll does not have is spoilt, and counts for nothing.
func validAnswers(p chat.Poll, ids []string) []string {
	var valid []string
	for _, id := range ids {
		if !slices.ContainsFunc(p.Answers, func(a chat.PollAnswer) bool { return a.ID == id }) {
			return nil
		}
		if !slices.Contains(valid, id) && len(valid) < p.Most {
			valid = append(valid, id)
		}
	}
	return valid
}

// numbersIn reads a text that holds nothing but numbers: "2", "1, 3", "2.", "2️⃣".
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

// answersOf finds the answers that have these numbers; false: one does not exist, or
// they are more than one may choose.
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

// openPollOf is openPoll of a message of a network, in a room that is not silent.
func openPollOf(w *core.Work, network string, id chat.MessageID) (store.Poll, store.Message, error) {
	m, err := w.ChatMessage(network, id)
	if err != nil || m.ID == 0 {
		return store.Poll{}, m, err
	}
	p, m, err := tomail.OpenPoll(w, m.ID)
	if err != nil || p.Message == 0 {
		return store.Poll{}, m, err
	}
	if r, err := w.RoomByID(p.Room); err != nil || r.Silent() || r.Thread != m.Thread {
		return store.Poll{}, m, err
	}
	return p, m, nil
}

// Voted counts a vote from a room. Nobody is told.
func Voted(w *core.Work, network string, e chat.Voted) error {
	p, m, err := openPollOf(w, network, e.Poll)
	if err == nil && m.ID == 0 {
		return core.NotYet{Message: e.Poll}
	}
	if err != nil || p.Message == 0 || w.Env.Access.Level(e.By, chat.Member) < core.Speak {
		return err
	}
	v := store.Vote{Poll: p.Message, Who: network + "\x00" + string(e.By.ID), Name: e.By.Name, Answers: validAnswers(p.Poll, e.Answers), At: e.At}
	if e.Vote != "" {
		v.Posted = network + "\x00" + string(e.Vote)
	}
	if err := w.AddVote(v); err != nil {
		return err
	}
	return tallyLater(w, p.Message)
}

// Of is the poll that a message is, be it open or over; the zero Poll: it is none.
func Of(w *core.Work, message int64) (store.Poll, error) {
	p, err := w.Poll(message)
	if errors.Is(err, store.ErrNone) {
		return store.Poll{}, nil
	}
	return p, err
}

// Change stores what was changed of a poll. How it stands is told in the new words,
// if that is to be told.
func Change(w *core.Work, message int64, to chat.Poll) error {
	p, err := w.Poll(message)
	if err != nil {
		return err
	}
	to.Form, to.Disclosed = p.Form, p.Disclosed
	p.Poll = to
	if err := w.PutPoll(p); err != nil {
		return err
	}
	return tally(w, p, false)
}

// Ended closes a poll, if the one who ends it began it or moderates the room, and
// lets the result go where the poll went, by post.
func Ended(w *core.Work, network string, e chat.PollEnded, post func(string, chat.Posted) error) error {
	p, m, err := openPollOf(w, network, e.Poll)
	if err == nil && m.ID == 0 {
		return core.NotYet{Message: e.Poll}
	}
	if err != nil || p.Message == 0 || w.Env.Access.Level(e.By, chat.Member) < core.Speak {
		return err
	}
	if author, err := w.Author(network, string(e.By.ID), e.By.Name); err != nil || (author != m.Author && !e.Moderates) {
		return err
	}
	if err := w.EndPoll(p.Message, w.Now); err != nil {
		return err
	}
	if err := w.DropLine(store.Line{Room: p.Room, Kind: store.LinePoll(p.Message)}); err != nil {
		return err
	}
	votes, err := w.Votes(p.Message)
	if err != nil {
		return err
	}
	result := pollResult(p.Poll, votes)
	if err := post(network, chat.Posted{Head: e.Head, Message: e.Message, Body: chat.Body{Text: result}, ReplyTo: e.Poll}); err != nil {
		return err
	}
	if !slices.ContainsFunc(votes, func(v store.Vote) bool { return v.Words && len(v.Answers) > 0 }) {
		return nil
	}
	return tochat.Notice(w, network, e.Place, "With the votes by email:\n"+result, tochat.InReplyTo(e.Poll))
}

// pollAnswered finds the open poll that a mail answers; the zero Poll: none.
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

// voteByMail counts a mail that holds nothing but numbers as a vote in the open poll
// that it answers. false: it is an ordinary message.
func voteByMail(w *core.Work, box *core.Box, th store.Thread, l frommail.Mail, d frommail.Decision) (bool, error) {
	numbers, ok := numbersIn(d.Words.Text)
	if !ok || d.Words.Files != "" || len(d.Words.Parts) > 1 {
		return false, nil
	}
	p, err := pollAnswered(w, th, d)
	if err != nil || p.Message == 0 {
		return false, err
	}
	ids, shown, ok := answersOf(p.Poll, numbers)
	if !ok {
		return false, nil
	}
	m := store.Message{Thread: th.ID, Origin: store.FromMail, Kind: int64(chat.Emote), Text: "votes: " + strings.Join(shown, ", "), State: store.Mailed, At: w.Now, ReplyTo: p.Message}
	if !p.Disclosed {
		m.Text = "has voted" // nobody is to see for what before the poll ends
	}
	as, err := frommail.SpeakerOf(w, box, th, l, &m)
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
	if d.Mark {
		votes, err := w.Votes(p.Message)
		if err != nil {
			return false, err
		}
		// Who cannot be proven takes the place of nobody's vote: it is a message.
		if slices.ContainsFunc(votes, func(had store.Vote) bool { return had.Who == v.Who }) {
			return false, nil
		}
	}
	if err := w.AddVote(v); err != nil {
		return false, err
	}
	if err := tallyLater(w, p.Message); err != nil {
		return false, err
	}
	if err := frommail.RecordMail(w, th, l, nil); err != nil {
		return false, err
	}
	if err := w.SetLive(th.ID, w.Now); err != nil {
		return false, err
	}
	w.Trace(core.Trace{Thread: th.ID, Message: p.Message, Mail: l.Msg.ID, Kind: "voted", Text: m.Name + " voted by mail"})
	return true, showVote(w, p, m, as, ids, native)
}

// jobVote is the kind of delivery that votes in a room's poll for somebody by email.
const jobVote = "chat.vote"

// voteJob is its data.
type voteJob struct {
	tochat.Target
	Of     int64       `json:"of"` // the message that is the poll
	Ballot chat.Ballot `json:"ballot"`
}

// pollKinds are the kinds of deliveries of votes.
func pollKinds(e *core.Env) []outbox.Kind {
	return []outbox.Kind{tochat.Kind[voteJob]{
		Name: jobVote,
		Attempt: func(ctx context.Context, n *core.Network, _ store.Delivery, j *voteJob) (id chat.MessageID, err error) {
			if j.Ballot.Poll, err = tochat.CopyOf(ctx, e, j.Of, j.Room, 0); err != nil {
				return "", err
			}
			return n.Voter.Vote(ctx, j.Ballot, j.Out)
		},
		GaveUp: func(w *core.Work, _ store.Delivery, j voteJob, cause error) error {
			return tochat.Notice(w, j.Network, j.Place, fmt.Sprintf("%s %s. It could not be shown as a vote: %s.", j.Out.As.Name, j.Out.Body.Text, core.PlainReason(cause.Error())))
		},
	}.For(e)}
}

// showVote shows a vote by mail in each room of its thread: as a vote in the room of
// the poll, if it can be shown as that of its writer there, elsewhere in words.
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

// inWords posts in one room what another can show otherwise. The message is stored
// when it is first needed.
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
