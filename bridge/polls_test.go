package bridge

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"hashsend/bridge/chat"
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
