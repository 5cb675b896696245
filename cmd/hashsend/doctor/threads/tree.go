package threads

// node is an email, or one that is cited and not there.
type node struct {
	mail     int // -1: it is not there
	parent   *node
	children []*node
}

func (n *node) root() *node {
	for n.parent != nil {
		n = n.parent
	}
	return n
}

// below reports whether n is at or under other.
func (n *node) below(other *node) bool {
	for ; n != nil; n = n.parent {
		if n == other {
			return true
		}
	}
	return false
}

func (n *node) cut() {
	if n.parent == nil {
		return
	}
	for i, c := range n.parent.children {
		if c == n {
			n.parent.children = append(n.parent.children[:i], n.parent.children[i+1:]...)
			break
		}
	}
	n.parent = nil
}

func (n *node) under(p *node) {
	n.parent = p
	p.children = append(p.children, n)
}

// cited are the ids that an email answers, oldest first, as RFC 5256 takes them.
func cited(m Mail) []string {
	if len(m.Refs) > 0 {
		return m.Refs
	}
	return m.InReplyTo[:min(len(m.InReplyTo), 1)]
}

// tree links emails by ids (RFC 5256, REFERENCES, step 1), and returns a node for
// each of them.
func tree(all []Mail) []*node {
	table := map[string]*node{}
	nodes := make([]*node, len(all))
	for i, m := range all {
		n := table[m.ID]
		if m.ID == "" || n != nil && n.mail >= 0 {
			n = &node{mail: i} // without an id of its own, or with one that is taken
		} else {
			if n == nil {
				n = &node{}
				table[m.ID] = n
			}
			n.mail = i
		}
		nodes[i] = n
		var last *node
		for _, id := range cited(m) {
			c := table[id]
			if c == nil {
				c = &node{mail: -1}
				table[id] = c
			}
			if last != nil && c.parent == nil && !last.below(c) {
				c.under(last)
			}
			last = c
		}
		n.cut() // its own References decide
		if last != nil && !last.below(n) {
			n.under(last)
		}
	}
	return nodes
}

// first is the email whose subject stands for the conversation: the root, or the
// oldest of its children where the root is not there.
func first(root *node, all []Mail) int {
	if root.mail >= 0 {
		return root.mail
	}
	best := -1
	for _, c := range root.children {
		at := first(c, all)
		if at >= 0 && (best < 0 || all[at].Date.Before(all[best].Date)) {
			best = at
		}
	}
	return best
}

// roots numbers the conversations of a tree. Cited emails that are not there hold
// their children together.
func roots(nodes []*node) (of []*node, g Groups) {
	number := map[*node]int{}
	g = make(Groups, len(nodes))
	for i, n := range nodes {
		r := n.root()
		k, ok := number[r]
		if !ok {
			k = len(of)
			number[r] = k
			of = append(of, r)
		}
		g[i] = k
	}
	return of, g
}

// bySubject joins conversations whose subjects, as subject gives them, are the same
// and not empty.
func bySubject(all []Mail, subject func(string) string) Groups {
	of, g := roots(tree(all))
	s := newSets(len(of))
	known := map[string]int{}
	for k, r := range of {
		i := first(r, all)
		if i < 0 {
			continue
		}
		word := subject(all[i].Subject)
		if word == "" {
			continue
		}
		if other, ok := known[word]; ok {
			s.join(k, other)
		} else {
			known[word] = k
		}
	}
	for i := range g {
		g[i] = s.find(g[i])
	}
	return g
}
