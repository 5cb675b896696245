package polls

import (
	"slices"
	"strings"
	"testing"

	"hashsend/bridge/chat"
	"hashsend/bridge/store"
)

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
		"nobody":                {nil, "Nobody voted."},
		"taken back, or spoilt": {votes("", "x", "p x"), "Nobody voted."},
		"most of them":          {votes("p", "q", "q w", "q q"), "1. Pizza – 1 vote\n2. Poutine – 3 votes ✔\n3. Wings – 1 vote"},
		"a tie":                 {votes("p", "q"), "1. Pizza – 1 vote ✔\n2. Poutine – 1 vote ✔\n3. Wings – 0 votes"},
		"too many are cut":      {votes("p q w"), "1. Pizza – 1 vote ✔\n2. Poutine – 1 vote ✔\n3. Wings – 0 votes"},
	} {
		if got, want := Result(lunchPoll, c.votes), "📊 Poll closed: Lunch?\n"+c.want; got != want {
			t.Errorf("%s:\n%s\nwant:\n%s", name, got, want)
		}
	}
}
