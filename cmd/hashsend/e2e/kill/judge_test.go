package kill

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// problem is something that is not as it must be. Its kind says of which sort it is, in
// words that known uses.
type problem struct{ kind, text string }

// The sorts of problems that are known.
const (
	oldWordsInRoom = "other words in a room"
	toldInWords    = "told in words: reaction by email"
	acrossRooms    = "out of order across rooms"
	putAgain       = "reaction put again in a room"
	untold         = "reaction not told by email"
)

// known are the sorts of problems that are known and not yet solved, each with its cause.
// They are counted and reported; every other problem fails the test. What is solved is
// taken off this list.
var known = map[string]string{
	untold: "a reaction counts as told to everybody when an email is made, even to the writer of a relayed email, who does not get it (makeMails)",
}

// heals reports whether a problem may go away with time.
func (p problem) heals() bool {
	for _, never := range []string{"doubled", "out of order", "files out of order", "same marker", "in a wrong", "came back", "an email taken twice", "told in words", "reaction told too often"} {
		if strings.HasPrefix(p.kind, never) {
			return false
		}
	}
	return true
}

// report counts the problems by their kind, and fails the test at those that are not
// known.
func report(t *testing.T, problems []problem) {
	t.Helper()
	count := map[string]int{}
	for _, p := range problems {
		count[p.kind]++
		if _, tolerated := known[p.kind]; tolerated {
			t.Logf("known: %s: %s", p.kind, p.text)
		} else {
			t.Errorf("%s: %s", p.kind, p.text)
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(known)) {
		t.Logf("%d times known: %s: %s", count[kind], kind, known[kind])
	}
}

// tokenOf is the number of the message that a text is; 0: it is none.
func tokenOf(text string) int {
	if at := words.FindStringSubmatch(text); at != nil && !strings.Contains(text, endOfPoll) {
		return atoi(at[1])
	}
	return 0
}

// judge compares what all sides show with what was done. last: everything that waits for
// another email has had its chance.
func (w *world) judge(last bool) (all []problem) {
	for _, c := range w.conversations {
		for _, r := range c.rooms {
			all = append(all, judgeRoom(r)...)
		}
		for _, r := range c.readers {
			all = append(all, judgeLetters(r, w.letters(r), last)...)
		}
	}
	slices.SortStableFunc(all, func(a, b problem) int { return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.text, b.text)) })
	return all
}

// judgement gathers the problems of one side.
type judgement struct {
	where    string
	byNumber map[int]*message // of the conversation
	order    []*message       // that stand there, in their order
	results  []string         // of polls
	all      []problem
}

func newJudgement(c *conversation, where string) judgement {
	j := judgement{where: where, byNumber: map[int]*message{}}
	for _, m := range c.messages {
		j.byNumber[m.n] = m
	}
	return j
}

func (j *judgement) add(kind, format string, args ...any) {
	j.all = append(j.all, problem{kind, j.where + ": " + fmt.Sprintf(format, args...)})
}

// standsOnce checks how often something stands somewhere.
func (j *judgement) standsOnce(what string, times int, kind string) {
	if times == 0 {
		j.add("lost "+kind, "%s", what)
	}
	if times > 1 {
		j.add("doubled "+kind, "%s stands there %d times", what, times)
	}
}

// ordered checks that what came in at one place keeps its order, and what was said in the
// rooms of a homeserver one after the other as well.
func (j *judgement) ordered() {
	newest := map[string]*message{}
	check := func(m *message, source, kind string) {
		before := newest[source]
		if before != nil && before.n > m.n {
			j.add(kind, "%s of %s after %s of %s", word(m.n, 0), m.source(), word(before.n, 0), before.source())
			return
		}
		newest[source] = m
	}
	for _, m := range j.order {
		if m.file != nil {
			check(m, m.source(), "files out of order")
			continue
		}
		check(m, m.source(), "out of order")
		if m.room != nil && m.room.full {
			check(m, "rooms", acrossRooms)
		}
	}
}

// result checks how the end of a poll is told.
func (j *judgement) result(m *message) {
	var of []string
	for _, text := range j.results {
		if strings.Contains(text, endOfPoll+word(m.n, 0)) {
			of = append(of, text)
		}
	}
	j.standsOnce("the result of "+word(m.n, 0), len(of), "result")
	for _, line := range m.result() {
		if len(of) > 0 && !strings.Contains(of[0], line) {
			j.add("wrong result", "%q lacks %q", of[0], line)
		}
	}
}
