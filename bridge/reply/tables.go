package reply

import "strings"

// words is a list of words of one kind, apart by bars.
type words[K any] struct {
	kind K
	list string
}

// table makes a table from word to kind. A word that stands in two lists is of
// the kind of the first.
func table[K any](lists []words[K]) map[string]K {
	t := make(map[string]K, 512)
	for _, l := range lists {
		for w := range strings.SplitSeq(l.list, "|") {
			if _, ok := t[w]; !ok {
				t[w] = l.kind
			}
		}
	}
	return t
}

// set makes a set out of a list that is apart by bars.
func set(list string) map[string]bool {
	s := make(map[string]bool, 64)
	for w := range strings.SplitSeq(list, "|") {
		s[w] = true
	}
	return s
}

// byFirst sorts a list by the first byte.
func byFirst(list []string) (t [256][]string) {
	for _, w := range list {
		t[w[0]] = append(t[w[0]], w)
	}
	return t
}
