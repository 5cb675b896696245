package bridge

import (
	"fmt"
	"strings"

	"hashsend/bridge/chat"
)

// ghosts plays what befalls those who stand for people by email: "ghost Alice/mod in
// supper: ann@example.com of lunch direct" is Alice's invitation of the one who stands for
// Ann in lunch, "putout Alice in lunch: ann@example.com" puts her out.
func (s *stage) ghosts(verb, rest string) {
	args, whom, _ := strings.Cut(rest, ": ")
	f, about := strings.Fields(args), strings.Fields(whom)
	by, rank, _ := strings.Cut(f[0], "/")
	network, head := s.head(by, "", f[2], "")
	known := f[2]
	if len(about) > 2 {
		known = about[2]
	}
	ghost := strings.TrimSuffix(strings.TrimPrefix(string(s.ghost(known, about[0])), "@mail_"), ":acme")
	if verb == "putout" {
		s.handle(network, chat.PutOut{Head: head, Ghost: ghost})
		return
	}
	name, _, _ := strings.Cut(about[0], "@")
	e := chat.Invited{Head: head, As: chat.UserID(" as " + name), Ghost: ghost, Direct: about[len(about)-1] == "direct"}
	if rank == "mod" {
		e.Rank = chat.Moderator
	}
	s.handle(network, e)
}

// edit plays an edit. In a network where edits are events of their own, the fifth event
// of a story is the edit "edit005", and can be deleted. "Alice/to_ann in lunch edits m1: …"
// mentions somebody whom the message did not mention.
func (s *stage) edit(network, how string, e chat.Edited) {
	if network == "matrix" {
		e.Edit = chat.MessageID(fmt.Sprintf("edit%03d", s.events))
	}
	p := chat.Posted{}
	s.manner(&p, how)
	e.Mentions, e.MentionsAll = p.Mentions, p.MentionsAll
	s.handle(network, e)
}
