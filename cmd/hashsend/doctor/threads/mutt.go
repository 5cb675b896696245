package threads

import (
	"regexp"
	"slices"
	"time"
)

// muttReply is neomutt's default reply_regex.
var muttReply = regexp.MustCompile(`(?i)^((re|aw|sv)(\[[0-9]+\])*:[ \t]*)*`)

// muttSubject is the subject without signs of a reply; reply says that it had some.
func muttSubject(s string) (real string, reply bool) {
	sign := muttReply.FindString(s)
	return s[len(sign):], sign != ""
}

// mutter groups as mutt does with its default settings.
type mutter struct {
	all   []Mail
	nodes []*node
	of    []*node // roots
	g     Groups
	fake  map[*node]bool // roots that hang under another email by their subject only
	s     *sets
	about map[string][]int // emails by subject, of those that bring it up
}

// Mutt goes by ids. A conversation that begins with a reply is hung under the newest
// older email that brought up its subject (strict_threads is off, sort_re is on).
func Mutt(all []Mail) Groups {
	m := &mutter{all: all, nodes: muttTree(all), fake: map[*node]bool{}}
	m.of, m.g = roots(m.nodes)
	m.s, m.about = newSets(len(m.of)), map[string][]int{}
	for j := range all {
		if m.brings(j) {
			real, _ := muttSubject(all[j].Subject)
			m.about[real] = append(m.about[real], j)
		}
	}
	for _, k := range slices.Backward(m.order()) {
		if j := m.find(k); j >= 0 {
			m.fake[m.of[k]] = true
			m.s.join(k, m.g[j])
		}
	}
	g := make(Groups, len(all))
	for i := range g {
		g[i] = m.s.find(m.g[i])
	}
	return g
}

// muttTree links emails by ids: each under what it answers, up to the first that is
// there. Only emails that are not there are linked by the References of others.
func muttTree(all []Mail) []*node {
	table := map[string]*node{}
	nodes := make([]*node, len(all))
	for i, m := range all {
		nodes[i] = &node{mail: i}
		if m.ID != "" && table[m.ID] == nil {
			table[m.ID] = nodes[i]
		}
	}
	for i, m := range all {
		n := nodes[i]
		for _, id := range muttCited(m) {
			p := table[id]
			if p == nil {
				p = &node{mail: -1}
				table[id] = p
			}
			if p.below(n) {
				break
			}
			n.cut()
			n.under(p)
			if n = p; n.mail >= 0 || n.parent != nil {
				break
			}
		}
	}
	return nodes
}

// muttCited are the ids that an email answers, nearest first: In-Reply-To, then
// References backwards.
func muttCited(m Mail) []string {
	up := slices.Clone(m.Refs)
	slices.Reverse(up)
	if len(m.InReplyTo) == 0 {
		return up
	}
	if len(up) == 0 {
		return m.InReplyTo
	}
	if up[0] == m.InReplyTo[0] {
		return up
	}
	return append(m.InReplyTo[:1:1], up...)
}

// order are the conversations as they were first seen.
func (m *mutter) order() (order []int) {
	seen := map[int]bool{}
	for i := range m.all {
		if k := m.g[i]; !seen[k] {
			seen[k] = true
			order = append(order, k)
		}
	}
	return order
}

// tops are the emails that a conversation begins with: several where the first one
// is not there.
func tops(n *node) (all []int) {
	if n.mail >= 0 {
		return []int{n.mail}
	}
	for _, c := range n.children {
		all = append(all, tops(c)...)
	}
	return all
}

// find returns the email that conversation k is hung under; -1: none.
func (m *mutter) find(k int) int {
	subjects := map[string]bool{}
	var oldest time.Time
	for _, i := range tops(m.of[k]) {
		if oldest.IsZero() || m.all[i].Date.Before(oldest) {
			oldest = m.all[i].Date
		}
		if real, reply := muttSubject(m.all[i].Subject); reply && real != "" {
			subjects[real] = true
		}
	}
	best := -1
	for real := range subjects {
		for _, j := range m.about[real] {
			switch {
			case m.fake[m.nodes[j]], m.g[j] == k, m.all[j].Date.After(oldest):
			case best < 0 || m.all[best].Date.Before(m.all[j].Date):
				best = j
			}
		}
	}
	return best
}

// brings reports whether an email brings up its subject: it has another than the one
// that it answers.
func (m *mutter) brings(j int) bool {
	p := m.nodes[j].parent
	for p != nil && p.mail < 0 {
		p = p.parent
	}
	if p == nil {
		return true
	}
	mine, _ := muttSubject(m.all[j].Subject)
	theirs, _ := muttSubject(m.all[p.mail].Subject)
	return mine != theirs
}
