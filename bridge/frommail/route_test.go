package frommail

import (
	"maps"
	"slices"
	"testing"

	"hashsend/bridge/admit"
)

func TestRouteOf(t *testing.T) {
	sent := func(id, thread int64) []namedMail { return []namedMail{{ID: id, Thread: thread, Out: true}} }
	came := func(id, thread int64) []namedMail { return []namedMail{{ID: id, Thread: thread}} }
	within := func(id, thread int64) []namedMail { return []namedMail{{ID: id, Thread: thread, Within: true}} }
	token := []namedToken{{Token: "t1", Thread: 1}}
	for _, c := range []struct {
		name    string
		n       named
		subject string
		want    route
	}{
		{"nothing of ours", named{Cited: []namedID{{ID: "a"}}}, "Hello", route{}},
		{"a token", named{Tokens: token, Subject: "#Send Lunch"}, "Re: #Send lunch", route{Threads: []int64{1}, Rule: "token", Cites: true, Token: "t1"}},
		{"a token without a subject", named{Tokens: token, Subject: "#Send Lunch"}, "", route{Threads: []int64{1}, Rule: "token", Cites: true, Token: "t1"}},
		{"a token under another subject", named{Tokens: token, Subject: "#Send Lunch"}, "Dinner", route{Threads: []int64{1}, Rule: "token", Cites: true, Token: "t1", Conflict: admit.NewSubject}},
		{"another subject on what cites something", named{Tokens: token, Cited: []namedID{{ID: "a"}}}, "Dinner", route{Threads: []int64{1}, Rule: "token", Cites: true, Token: "t1"}},
		{"leaving under another subject", named{Tokens: []namedToken{{Token: "t1", Thread: 1, Leave: true}}, Subject: "#Send Lunch"}, "leave", route{Threads: []int64{1}, Rule: "token", Cites: true, Token: "t1", Leave: true}},
		{"a token twice", named{Tokens: append(token, token...), Subject: "x"}, "", route{Threads: []int64{1}, Rule: "token", Cites: true, Token: "t1"}},
		{"tokens of two threads under any subject", named{Tokens: append(token, namedToken{Token: "t2", Thread: 2}), Subject: "#Send Lunch"}, "Dinner", route{Threads: []int64{1, 2}, Rule: "token", Cites: true, Token: "t2"}},
		{"an id", named{Cited: []namedID{{ID: "a", Mails: sent(7, 1)}}}, "", route{Threads: []int64{1}, Rule: "cited id", Cites: true, Parent: 7}},
		{"the nearest of two ids", named{Cited: []namedID{{ID: "a", Mails: came(7, 1)}, {ID: "b", Mails: sent(6, 1)}}}, "", route{Threads: []int64{1}, Rule: "cited id", Cites: true, Parent: 7}},
		{"ids of two threads", named{Cited: []namedID{{ID: "a", Mails: sent(7, 2)}, {ID: "b", Mails: sent(6, 1)}}}, "", route{Threads: []int64{2}, Rule: "cited id", Cites: true, Parent: 7, Conflict: admit.Several}},
		{"a token and an id of it", named{Tokens: token, Cited: []namedID{{ID: "a", Mails: sent(7, 1)}}}, "Dinner", route{Threads: []int64{1}, Rule: "token", Cites: true, Token: "t1", Parent: 7}},
		{"a token and an id of another thread", named{Tokens: token, Cited: []namedID{{ID: "a", Mails: sent(7, 2)}}}, "", route{Threads: []int64{1}, Rule: "token", Cites: true, Token: "t1", Parent: 7, Conflict: admit.OtherThread}},
		{"an id of mails in two threads, one named by the token", named{Tokens: token, Cited: []namedID{{ID: "a", Mails: []namedMail{{ID: 7, Thread: 2}, {ID: 8, Thread: 1, Within: true}}}}}, "", route{Threads: []int64{1}, Rule: "token", Cites: true, Token: "t1", Parent: 8}},
		{"an id of mails in two threads, one named by a nearer id", named{Cited: []namedID{{ID: "n", Mails: sent(5, 3)}, {ID: "a", Mails: []namedMail{{ID: 7, Thread: 2}, {ID: 8, Thread: 3, Within: true}}}}}, "", route{Threads: []int64{3}, Rule: "cited id", Cites: true, Parent: 5}},
		{"an id of mails in two threads, the first named", named{Tokens: []namedToken{{Token: "a", Thread: 1}, {Token: "b", Thread: 2}}, Cited: []namedID{{ID: "a", Mails: []namedMail{{ID: 7, Thread: 2}, {ID: 8, Thread: 1, Within: true}}}}}, "", route{Threads: []int64{1, 2}, Rule: "token", Cites: true, Token: "b", Parent: 7}},
		{"an id that is known in the thread of the token alone", named{Tokens: token, Cited: []namedID{{ID: "a", Mails: within(7, 1)}}}, "", route{Threads: []int64{1}, Rule: "token", Cites: true, Token: "t1", Parent: 7}},
		{"an id that is known within a thread, and nothing names it", named{Cited: []namedID{{ID: "a", Mails: within(7, 1)}}}, "", route{}},
		{"an id that is known within a thread, before an anchor of it", named{Cited: []namedID{{ID: "a", Mails: within(7, 4)}, {ID: "r", Ours: true, Thread: 4, Root: true, LastOut: 9}}}, "", route{Threads: []int64{4}, Rule: "cited id", Cites: true, Parent: 7}},
		{"an id that is known within a thread, before a mail of it", named{Cited: []namedID{{ID: "a", Mails: within(7, 1)}, {ID: "b", Mails: sent(6, 1)}}}, "", route{Threads: []int64{1}, Rule: "cited id", Cites: true, Parent: 7}},
		{"an id that is known within another thread, before a mail of ours", named{Cited: []namedID{{ID: "a", Mails: within(7, 2)}, {ID: "b", Mails: sent(6, 1)}}}, "", route{Threads: []int64{1}, Rule: "cited id", Cites: true, Parent: 6}},
		{"an id of ours that no mail goes by", named{Cited: []namedID{{ID: "a", Ours: true, Thread: 4}}}, "", route{Threads: []int64{4}, Rule: "own id", Cites: true}},
		{"an id of ours of a stretch that is gone", named{Cited: []namedID{{ID: "a", Ours: true}}}, "", route{}},
		{"an unknown id before one that we sent", named{Cited: []namedID{{ID: "x"}, {ID: "a", Mails: sent(7, 1)}}}, "", route{Threads: []int64{1}, Rule: "cited id", Cites: true, Parent: 7, Learned: map[string]int64{"x": 7}}},
		{"an unknown id before one that came", named{Cited: []namedID{{ID: "x"}, {ID: "a", Mails: came(7, 1)}}}, "", route{Threads: []int64{1}, Rule: "cited id", Cites: true, Parent: 7}},
		{"an unknown id that is not the first", named{Cited: []namedID{{ID: "b", Mails: came(8, 1)}, {ID: "x"}, {ID: "a", Mails: sent(7, 1)}}}, "", route{Threads: []int64{1}, Rule: "cited id", Cites: true, Parent: 8}},
		{"an unknown id before an anchor", named{Cited: []namedID{{ID: "x"}, {ID: "a", Ours: true, Thread: 4, Root: true, LastOut: 9}}}, "", route{Threads: []int64{4}, Rule: "own id", Cites: true, Parent: 9, Learned: map[string]int64{"x": 9}}},
		{"an unknown id before an anchor, behind which nothing left", named{Cited: []namedID{{ID: "x"}, {ID: "a", Ours: true, Thread: 4, Root: true}, {ID: "b", Mails: sent(7, 4)}}}, "", route{Threads: []int64{4}, Rule: "own id", Cites: true, Parent: 7}},
		{"an unknown id before an id of ours that is no anchor", named{Cited: []namedID{{ID: "x"}, {ID: "a", Ours: true, Thread: 4}, {ID: "b", Mails: sent(7, 4)}}}, "", route{Threads: []int64{4}, Rule: "own id", Cites: true, Parent: 7, Learned: map[string]int64{"x": 7}}},
		{"an anchor behind a known mail", named{Cited: []namedID{{ID: "b", Mails: came(8, 4)}, {ID: "a", Ours: true, Thread: 4, Root: true, LastOut: 9}}}, "", route{Threads: []int64{4}, Rule: "cited id", Cites: true, Parent: 8}},
		{"Thread-Index", named{Index: 5}, "Whatever", route{Threads: []int64{5}, Rule: "thread-index", Cites: true}},
		{"Thread-Index besides an id", named{Index: 5, Cited: []namedID{{ID: "a", Mails: sent(7, 1)}}}, "", route{Threads: []int64{1}, Rule: "cited id", Cites: true, Parent: 7}},
	} {
		got := routeOf(c.n, c.subject)
		if !slices.Equal(got.Threads, c.want.Threads) || got.Rule != c.want.Rule || got.Parent != c.want.Parent || got.Cites != c.want.Cites ||
			got.Token != c.want.Token || got.Leave != c.want.Leave || got.Conflict != c.want.Conflict || !maps.Equal(got.Learned, c.want.Learned) {
			t.Errorf("%s: got %+v, want %+v", c.name, got, c.want)
		}
	}
}
