package kill

import (
	"fmt"
	"slices"
	"strings"
)

// roomJudgement is that of a room.
type roomJudgement struct {
	judgement
	r      *room
	copies map[int][]*post    // posts of the bridge, by the message that they are
	own    map[string]*post   // those of people
	files  map[string][]*post // by name
	keys   map[string]int
	votes  []string // by email, in words
	words  []mark   // reactions in words
}

func judgeRoom(r *room) []problem {
	j := &roomJudgement{judgement: newJudgement(r.in, r.name), r: r, copies: map[int][]*post{}, own: map[string]*post{}, files: map[string][]*post{}, keys: map[string]int{}}
	for _, p := range r.look() {
		if p.key != "" {
			if j.keys[p.key]++; j.keys[p.key] == 2 {
				j.add("same marker twice", "%q", p.text)
			}
		}
		if !p.ours {
			j.own[p.id] = p
		} else if !p.gone {
			j.take(p)
		}
	}
	j.ordered()
	for _, m := range r.in.messages {
		j.message(m)
	}
	return j.all
}

// take sorts a post of the bridge.
func (j *roomJudgement) take(p *post) {
	if p.file != "" {
		j.files[p.file] = append(j.files[p.file], p)
	}
	emoji, isReaction := strings.CutPrefix(p.text, reactedWith)
	n := tokenOf(p.text)
	switch m := j.byNumber[n]; {
	case strings.Contains(p.text, endOfPoll):
		j.results = append(j.results, p.text)
	case n != 0 && m == nil:
		j.add("in a wrong room", "%q", p.text)
	case n != 0:
		if j.copies[n] == nil && m.room != j.r {
			j.order = append(j.order, m)
		}
		j.copies[n] = append(j.copies[n], p)
	case strings.Contains(p.text, votesFor):
		j.votes = append(j.votes, p.text)
	case isReaction:
		j.words = append(j.words, mark{emoji, j.r.nameOf(p)})
	}
}

func (j *roomJudgement) message(m *message) {
	at := j.own[m.id]
	if m.room != j.r {
		at = j.copyOf(m)
	} else if len(j.copies[m.n]) > 0 {
		j.add("came back", "%s", word(m.n, m.edits))
	}
	if at != nil && !m.deleted {
		j.reactions(m, at)
	}
	if m.poll != nil {
		j.poll(m, at)
	}
}

// copyOf checks the copy of a message, and returns it.
func (j *roomJudgement) copyOf(m *message) *post {
	copies := j.copies[m.n]
	if m.deleted {
		if len(copies) > 0 {
			j.add("deleted and still there", "%s", word(m.n, m.edits))
		}
		return nil
	}
	j.standsOnce(word(m.n, m.edits), len(copies), "in a room")
	if m.file != nil {
		with := j.files[m.file.name]
		j.standsOnce(m.file.name, len(with), "as a file in a room")
		if len(with) > 0 && j.r.content(with[0]) != m.file.sum {
			j.add("wrong content of a file in a room", "%s", m.file.name)
		}
	}
	if len(copies) == 0 {
		return nil
	}
	if !strings.Contains(copies[0].text, m.text()) {
		j.add(oldWordsInRoom, "%s is %q", word(m.n, m.edits), copies[0].text)
	}
	return copies[0]
}

// reactions compares those that the bridge shows at a message with those that were put
// elsewhere.
func (j *roomJudgement) reactions(m *message, at *post) {
	want, times := j.wanted(m)
	for k, must := range want {
		switch {
		case !must || at.reactions[k]:
		case slices.Contains(j.words, k):
			j.add(toldInWords, "%s of %s at %s", k.emoji, k.by, word(m.n, m.edits))
		case times[k] > 1:
			j.add(putAgain, "%s of %s is missing at %s, and was put %d times", k.emoji, k.by, word(m.n, m.edits), times[k])
		default:
			j.add("reaction missing in a room", "%s of %s at %s", k.emoji, k.by, word(m.n, m.edits))
		}
	}
	for k := range at.reactions {
		if _, is := want[k]; is {
			continue
		}
		kind := "reaction too many in a room"
		if times[k] > 1 {
			kind = putAgain
		}
		j.add(kind, "%s of %s stands at %s, and was put %d times", k.emoji, k.by, word(m.n, m.edits), times[k])
	}
}

// wanted are the reactions that the bridge is to show at a message: true, or may show, as
// it tells them in words: false. times is how often each was put elsewhere.
func (j *roomJudgement) wanted(m *message) (want map[mark]bool, times map[mark]int) {
	want, times = map[mark]bool{}, map[mark]int{}
	for k, had := range m.reactions {
		byMail := had.room == nil
		switch {
		case !j.r.full:
			k.by = "" // all are the bridge's
		case byMail:
			k.by += byEmail
		}
		times[k] = max(times[k], had.times)
		if had.stands && had.room != j.r {
			want[k] = want[k] || j.r.full || !byMail
		}
	}
	return want, times
}

// poll checks the votes by email, and the result.
func (j *roomJudgement) poll(m *message, at *post) {
	if m.room == j.r {
		for by, answer := range m.poll.last {
			if got := at.choice[by+byEmail]; got != m.poll.answers[answer] {
				j.add("other vote by email in a room", "%s votes %s in %s, and shown is %q", by, m.poll.answers[answer], word(m.n, 0), got)
			}
		}
		return
	}
	for answer, times := range m.poll.mailed {
		text := fmt.Sprintf("%s%d. %s", votesFor, answer+1, m.poll.answers[answer])
		found := 0
		for _, v := range j.votes {
			found += strings.Count(v, text)
		}
		if found != times {
			j.add("votes by email in words", "%q stands there %d times and was sent %d times", text, found, times)
		}
	}
	if m.poll.ended {
		j.result(m)
	}
}
