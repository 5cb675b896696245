package talk

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"hashsend/cmd/hashsend/e2e/lab"
)

// ghost is the user that stands for somebody who has spoken in the room.
func (s *scene) ghost(name string) (found id.UserID) {
	s.t.Helper()
	lab.Wait(s.t, "the ghost of "+name, soon, func() bool {
		members, err := s.alice.JoinedMembers(context.Background(), s.room)
		if err != nil {
			s.t.Fatal(err)
		}
		for user, m := range members.Joined {
			if m.DisplayName == name+" (email)" {
				found = user
			}
		}
		return found != ""
	})
	return found
}

// ghosts plays what people do with those who stand for others by email.
func (s *scene) ghosts() {
	t, ctx := s.t, context.Background()
	s.link("link bob@example.test title Lunch")
	lunch := s.room
	s.alice.Say(lunch, "Lunch at twelve?")
	m := s.gets("bob", "Lunch at twelve?")
	s.mail.Send(t, "bob", m.AnswerTo(), answer(m, "Ask @alice and not me."))
	s.sees("Ask @alice")
	bob := s.ghost("bob")
	if strings.Contains(string(bob), "example.test") {
		t.Errorf("the address stands in the ghost's id: %s", bob)
	}

	// C41: a mention by mail, with the link by which clients show it.
	said := s.alice.Sees(lunch, soon, func(body string) bool { return strings.Contains(body, "Ask @alice") }).Content.AsMessage()
	if said.Mentions == nil || !said.Mentions.Has(s.alice.UserID) || !strings.Contains(said.FormattedBody, `<a href="https://matrix.to/#/`+string(s.alice.UserID)+`">alice</a>`) {
		t.Errorf("the mention stands there as %+v %q", said.Mentions, said.FormattedBody)
	}
	// A52: the sign that the room is linked has no address.
	var sign map[string]any
	if err := s.alice.StateEvent(ctx, lunch, event.Type{Type: "m.bridge", Class: event.StateEventType}, "org.hashsend", &sign); err != nil && !isNotFound(err) {
		t.Error(err)
	} else if strings.Contains(fmt.Sprint(sign), "@example.test") {
		t.Errorf("an address stands in the sign: %v", sign)
	}

	// A25: a mention reaches who wants a mail a day only, at once and in bold.
	s.alice.Say(lunch, "!send digest bob@example.test daily")
	lab.Wait(t, "the digest", soon, func() bool {
		return strings.Contains(s.bridge.Admin("--room", "matrix/"+string(lunch), "who"), "one email a day")
	})
	s.alice.Say(lunch, "not for Bob today")
	pill := &event.MessageEventContent{
		MsgType: event.MsgText, Body: "bob (email): come at one", Format: event.FormatHTML,
		FormattedBody: fmt.Sprintf(`<a href="https://matrix.to/#/%s">bob (email)</a>: come at one`, bob), Mentions: &event.Mentions{UserIDs: []id.UserID{bob}},
	}
	if _, err := s.alice.SendMessageEvent(ctx, lunch, event.EventMessage, pill); err != nil {
		t.Fatal(err)
	}
	got := s.gets("bob", "bob: come at one")
	if !strings.Contains(got.HTML, "<strong>bob</strong>: come at one") || strings.Contains(got.HTML, "matrix.to") {
		t.Errorf("the mention is mailed as %q", got.HTML)
	}
	if strings.Contains(got.Text, "not for Bob today") {
		t.Error("what waits for the digest came along")
	}
	s.alice.Say(lunch, "!send digest bob@example.test burst")

	s.direct(bob)
	s.invited(bob)
	s.upgraded(lunch)
}

func isNotFound(err error) bool { return strings.Contains(err.Error(), "M_NOT_FOUND") }

// direct has a chat of two, from its first word on (A39).
func (s *scene) direct(bob id.UserID) {
	t := s.t
	resp, err := s.alice.CreateRoom(context.Background(), &mautrix.ReqCreateRoom{Preset: "trusted_private_chat", IsDirect: true, Invite: []id.UserID{bob}})
	if err != nil {
		t.Fatal(err)
	}
	s.room = resp.RoomID
	s.alice.Say(s.room, "between the two of us")
	m := s.gets("bob", "between the two of us")
	if m.Subject != "#Send alice" || len(m.To) != 1 {
		t.Errorf("the mail says %q to %v", m.Subject, m.To)
	}
	s.mail.Send(t, "bob", m.AnswerTo(), answer(m, "nobody else reads this"))
	s.once("nobody else reads this")

	stranger := s.home.Person(fmt.Sprintf("stranger%d", time.Now().UnixNano()))
	resp, err = stranger.CreateRoom(context.Background(), &mautrix.ReqCreateRoom{Preset: "trusted_private_chat", IsDirect: true, Invite: []id.UserID{bob}})
	if err != nil {
		t.Fatal(err)
	}
	lab.Wait(t, "the ghost to decline", soon, func() bool {
		var m event.MemberEventContent
		err := stranger.StateEvent(context.Background(), resp.RoomID, event.StateMember, string(bob), &m)
		return err == nil && m.Membership == event.MembershipLeave && strings.Contains(m.Reason, "You don't have permission to invite people by email.")
	})
}

// invited has a ghost asked into a room that is linked with others, and put out (A35, A36).
func (s *scene) invited(bob id.UserID) {
	t, ctx := s.t, context.Background()
	s.link("link carol@example.test title Supper")
	supper := s.room
	s.alice.Say(supper, "soup for Carol")
	s.gets("carol", "soup for Carol")
	if _, err := s.alice.InviteUser(ctx, supper, &mautrix.ReqInviteUser{UserID: bob}); err != nil {
		t.Fatal(err)
	}
	s.sees("alice invited bob, who will be invited by email")
	lab.Wait(t, "the ghost in the room", soon, func() bool { return s.alice.Joined(supper, bob) })
	s.alice.Say(supper, "soup for both")
	m := s.gets("bob", "soup for both")
	if !strings.Contains(m.Text, "alice sent you this from the chat room “Supper”.") || !strings.Contains(m.Text, "/leave") || strings.Contains(m.Text, "soup for Carol") {
		t.Errorf("the first mail says %q", m.Text)
	}
	if _, err := s.alice.KickUser(ctx, supper, &mautrix.ReqKickUser{UserID: bob}); err != nil {
		t.Fatal(err)
	}
	s.sees("bob was removed by alice and gets no more email from here.")
	s.alice.Say(supper, "without Bob")
	s.gets("carol", "without Bob")
	for _, m := range s.mail.Folder("bob", "INBOX") {
		if strings.Contains(m.Text, "without Bob") {
			t.Error("who was put out still gets mail")
		}
	}
}

// upgraded has the room of a conversation replaced (A41).
func (s *scene) upgraded(room id.RoomID) {
	t, ctx := s.t, context.Background()
	var made struct {
		Room id.RoomID `json:"replacement_room"`
	}
	if _, err := s.alice.MakeRequest(ctx, http.MethodPost, s.alice.BuildClientURL("v3", "rooms", room, "upgrade"), map[string]any{"new_version": "11"}, &made); err != nil {
		t.Fatal(err)
	}
	if !s.alice.Joined(made.Room, s.bridge.Bot) {
		if _, err := s.alice.InviteUser(ctx, made.Room, &mautrix.ReqInviteUser{UserID: s.bridge.Bot}); err != nil {
			t.Fatal(err)
		}
	}
	s.room = made.Room
	lab.Wait(t, "the bridge in the new room", soon, func() bool { return s.alice.Joined(made.Room, s.bridge.Bot) })
	s.alice.Say(made.Room, "in the new room")
	m := s.gets("bob", "in the new room")
	if m.Subject != "#Send Lunch" {
		t.Errorf("the subject is %q now", m.Subject)
	}
	s.mail.Send(t, "bob", m.AnswerTo(), answer(m, "found you"))
	s.once("found you")
	for _, e := range append(s.alice.Messages(room), s.alice.Messages(made.Room)...) {
		if body := e.Content.AsMessage().Body; strings.Contains(body, "This room moved") || (e.RoomID == made.Room && strings.Contains(body, "I connect this room")) {
			t.Errorf("%s was told %q", e.RoomID, body)
		}
	}
}

func TestGhostsOnDendrite(t *testing.T) {
	open(t, true, lab.Dendrite, lab.Dovecot(t), "").ghosts()
}

func TestGhostsOnSynapse(t *testing.T) {
	open(t, true, lab.Synapse, lab.Dovecot(t), "").ghosts()
}
