package bridge

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/store"
)

// "Alice in lunch asks 1: Question | first | second", "Carla in lunch votes m3 1,2",
// "Bob/mod in lunch ends m3". "asks secretly" makes a poll whose votes are not shown.
var polling = regexp.MustCompile(`^(\w+)(?:@(\w+))?(?:/(\w+))? in (\w+) (asks secretly|asks|edits poll (\w+) to|votes|ends) (\w+)(?: ([\w,]*))?(?:: (.*))?$`)

// pollStep plays a line of a script that is about a poll.
func (s *stage) pollStep(line string) bool {
	m := polling.FindStringSubmatch(line)
	if m == nil {
		return false
	}
	network, head := s.head(m[1], m[2], m[4], "")
	id := chat.MessageID(fmt.Sprint("m", s.events))
	switch verb, of := m[5], chat.MessageID(m[7]); verb {
	case "votes":
		v := chat.Voted{Head: head, Poll: of, Vote: id, Answers: strings.Split(m[8], ",")}
		if m[3] == "late" {
			v.At = v.At.Add(-time.Hour)
		}
		s.handle(network, v)
	case "ends":
		s.handle(network, chat.PollEnded{Head: head, Poll: of, Message: id, Moderates: m[3] == "mod"})
	default:
		texts := strings.Split(m[9], " | ")
		p := &chat.Poll{Question: texts[0], Disclosed: verb != "asks secretly", Form: "form of " + network}
		fmt.Sscan(m[7], &p.Most) //nolint:errcheck // 0 shows in the transcript
		for i, text := range texts[1:] {
			p.Answers = append(p.Answers, chat.PollAnswer{ID: fmt.Sprint("a", i+1), Text: text})
		}
		if m[6] != "" {
			if m[3] == "late" {
				head.At = head.At.Add(-time.Hour)
			}
			s.edit(network, "", chat.Edited{Head: head, Message: chat.MessageID(m[6]), Poll: p})
			return true
		}
		s.printf("  (%s)", id)
		s.handle(network, chat.Posted{Head: head, Message: id, Poll: p})
	}
	return true
}

func (n *net) Vote(_ context.Context, b chat.Ballot, m chat.Outgoing) (chat.MessageID, error) {
	n.s.mu.Lock()
	down := n.down
	n.s.mu.Unlock()
	if down {
		return "", errDown
	}
	n.s.emit(n.name+" "+string(m.Place.Room), "  %s: %s votes %v in %s (%s)", n.name, m.As.Name, b.Answers, b.Poll, b.Form)
	return "", nil
}

var lunchPoll = chat.Poll{Question: "Lunch?", Most: 2, Answers: []chat.PollAnswer{{ID: "p", Text: "Pizza"}, {ID: "q", Text: "Poutine"}, {ID: "w", Text: "Wings"}}}

func TestC48WhatIsAVote(t *testing.T) {
	for text, want := range map[string][]int{
		"2": {2}, " 2.\n": {2}, "1, 3": {1, 3}, "1,3": {1, 3}, "3 1": {3, 1}, "#2": {2}, "2)": {2}, "2️⃣": {2}, "2 2": {2}, "1 & 2": {1, 2}, "07": {7}, "1;2": {1, 2},
		"": nil, "two": nil, "2 please": nil, "-2": nil, "1/2": nil, "2.5": nil, "12:30": nil, "1234": nil, "２": nil, "²": nil, ",": nil, "1-3": nil,
		strings.Repeat("1 2 3 ", 2): {1, 2, 3}, "I vote for 2": nil, "+": nil,
	} {
		got, ok := numbersIn(text)
		if !slices.Equal(got, want) || ok != (want != nil) {
			t.Errorf("%q: %v, %v; want %v", text, got, ok, want)
		}
	}
	for _, c := range []struct {
		numbers []int
		ids     string
	}{{[]int{2}, "q"}, {[]int{3, 1}, "w p"}, {[]int{0}, ""}, {[]int{4}, ""}, {[]int{1, 4}, ""}, {[]int{1, 2, 3}, ""}} {
		ids, _, ok := answersOf(lunchPoll, c.numbers)
		if ok != (c.ids != "") || ok && strings.Join(ids, " ") != c.ids {
			t.Errorf("%v: %v, %v; want %q", c.numbers, ids, ok, c.ids)
		}
	}
}

func TestA24OwnTally(t *testing.T) {
	votes := func(all ...string) (vs []store.Vote) {
		for _, v := range all {
			vs = append(vs, store.Vote{Answers: strings.Fields(v)})
		}
		return vs
	}
	for name, c := range map[string]struct {
		votes []store.Vote
		want  string
	}{
		"nobody":                {nil, "Nobody has voted."},
		"taken back, or spoilt": {votes("", "x", "p x"), "Nobody has voted."},
		"most of them":          {votes("p", "q", "q w", "q q"), "1. Pizza – 1 vote\n2. Poutine – 3 votes ✔\n3. Wings – 1 vote"},
		"a tie":                 {votes("p", "q"), "1. Pizza – 1 vote ✔\n2. Poutine – 1 vote ✔\n3. Wings – 0 votes"},
		"too many are cut":      {votes("p q w"), "1. Pizza – 1 vote ✔\n2. Poutine – 1 vote ✔\n3. Wings – 0 votes"},
	} {
		if got, want := pollResult(lunchPoll, c.votes), "📊 The poll has ended: Lunch?\n"+c.want; got != want {
			t.Errorf("%s:\n%s\nwant:\n%s", name, got, want)
		}
	}
}
