package imap

import (
	"slices"
	"sync"

	"hashsend/connectors/imap/wire"
)

// quirks are what was learned of a server, for the connections that follow.
type quirks struct {
	mu      sync.Mutex
	way     int               // of signing in that comes first, plus one; 0: not known yet
	heads   int               // index of headForms that is used
	proven  bool              // that form has given a header
	noIdle  bool              // IDLE is offered and refused
	tells   bool              // the last new mail was announced
	rawName map[string]string // names of folders as the server writes them, where they are odd
}

// order returns in which order n ways of signing in are tried.
func (q *quirks) order(n int) []int {
	q.mu.Lock()
	defer q.mu.Unlock()
	var all []int
	if q.way > 0 && q.way <= n {
		all = append(all, q.way-1)
	}
	for i := range n {
		if !slices.Contains(all, i) {
			all = append(all, i)
		}
	}
	if q.way == 0 && n > 2 {
		all = []int{0, n - 1} // a mechanism, and then the command
	}
	return all
}

// worked makes a way of signing in come first from now on.
func (q *quirks) worked(i int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.way = i + 1
}

// learnNames keeps the names that cannot be made from what they read as.
func (q *quirks) learnNames(all []wire.Folder) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.rawName = map[string]string{}
	for _, f := range all {
		if f.Raw == f.Name {
			q.rawName[f.Name] = f.Raw
		}
	}
}

func (q *quirks) raw(name string) string {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.rawName[name]
}

// headForm is the form in which headers are asked for, and whether it has worked.
func (q *quirks) headForm() (i int, proven bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.heads, q.proven
}

func (q *quirks) headWorked() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.proven = true
}

// headRefused goes on to the next form, and reports whether there is one; where
// none has worked, the next mail begins with the first.
func (q *quirks) headRefused(i int) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.proven || q.heads != i {
		return true
	}
	q.heads = (i + 1) % len(headForms)
	return q.heads != 0
}

func (q *quirks) idles() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return !q.noIdle
}

func (q *quirks) idleRefused() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.noIdle = true
}

// announced notes whether the server has announced new mail, or it was found.
func (q *quirks) announced(told bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.tells = told
}

func (q *quirks) announces() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.tells
}
