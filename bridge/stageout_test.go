package bridge

import (
	"context"
	"os"
	"strconv"
	"strings"

	"hashsend/bridge/chat"
	"hashsend/bridge/store"
)

// outStep plays what concerns the way out: "types in lunch", "ceases in lunch" for
// those who write there, "backup" to copy the data folder, to lose it, and to go on
// with the copy. false: the line is of another kind.
func (s *stage) outStep(line string) bool {
	verb, rest, _ := strings.Cut(line, " ")
	switch verb {
	case "types", "ceases":
		network, head := s.head("", "", strings.TrimPrefix(rest, "in "), "")
		head.Event, head.By = "", chat.Author{}
		s.handle(network, chat.Typing{Head: head, On: verb == "types"})
	case "backup":
		to := s.dir + "-copy"
		done, err := store.Backup(context.Background(), s.dir, to, nil)
		if err != nil {
			s.t.Fatal(err)
		}
		s.printf("  %d files, %d held mails", done.Files, done.Held)
		s.refuseAll("451 the machine is lost")
		s.end()
		s.refuseAll("")
		if err := os.RemoveAll(s.dir); err != nil {
			s.t.Fatal(err)
		}
		s.dir = to
		s.start()
	default:
		return false
	}
	return true
}

func (s *stage) refuseAll(how string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse["*"] = how
}

// number is what a script sets; 0: nothing.
func (s *stage) number(name string) int {
	n, err := strconv.Atoi(s.mode[name])
	if err != nil && s.mode[name] != "" {
		s.t.Fatal(err)
	}
	return n
}
