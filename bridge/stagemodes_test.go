package bridge

import (
	"context"
	"strings"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/store"
)

// manner is how something is said: "Alice/notice in lunch: …" by a program, "/emote"
// of oneself, "/as_Cat" under another name, "/all" to everybody, "/late" after a gap, "/to_ann" to a person by email.
func (s *stage) manner(p *chat.Posted, how string) {
	name, to := strings.CutPrefix(how, "to_")
	alias, as := strings.CutPrefix(how, "as_")
	switch {
	case as:
		p.By.Alias = alias
	case how == "late":
		p.Late, p.At = true, p.At.Add(-time.Minute)
	case how == "notice":
		p.Kind = chat.Notice
	case how == "emote":
		p.Kind = chat.Emote
	case how == "all":
		p.MentionsAll = true
	case to:
		p.Mentions = append(p.Mentions, chat.Mention{User: s.ghost(string(p.Place.Room), name+"@example.com")})
	}
}

// ghost is the user that stands for a person by email in a room.
func (s *stage) ghost(room, address string) chat.UserID {
	var id chat.UserID
	err := s.store.Read(context.Background(), func(tx *store.Tx) error {
		r, err := tx.Room("matrix", room, "")
		if err != nil {
			return err
		}
		p, err := tx.Participant(r.Thread, address)
		id = chat.UserID("@mail_" + p.Ghost + ":acme")
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return id
}
