package bridge

import (
	"strings"

	"hashsend/bridge/store"
)

// leftOut names those who take part and were left out of a mail on purpose: in
// an open thread it names other participants and not them (C31). named are the
// canonical addresses in its To, Cc and Bcc.
func leftOut(th store.Thread, people []store.Participant, named map[string]bool, author int64) (names []string) {
	others := false
	for _, p := range people {
		others = others || (p.ID != author && named[p.Canon])
	}
	if !others || th.Mode != store.ModeOpen {
		return nil
	}
	for _, p := range people {
		if p.Takes() && p.ID != author && !named[p.Canon] {
			names = append(names, p.Name)
		}
	}
	return names
}

// notSentTo is the line below a mail that leaves somebody out; empty: nobody is.
func notSentTo(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return "not sent to: " + strings.Join(names, ", ")
}
