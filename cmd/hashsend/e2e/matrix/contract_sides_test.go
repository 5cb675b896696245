package matrix

import (
	"net/http"
	"strings"
	"testing"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"hashsend/bridge/chat"
	"hashsend/bridge/chat/chattest"
	"hashsend/cmd/hashsend/e2e/lab"
)

// What the contract needs for the abilities of the connector.
var (
	_ chattest.Partial   = room{}
	_ chattest.Reactions = room{}
	_ chattest.States    = room{}
	_ chattest.Removes   = room{}
	_ chattest.Seals     = room{}
	_ chattest.Describes = room{}
	_ chattest.Rooms     = room{}
	_ chattest.Threads   = room{}
	_ chattest.Moves     = room{}
	_ chattest.Signs     = room{}
	_ chattest.Commands  = room{}
	_ chattest.Polls     = room{}
	_ chattest.Breaks    = room{}
)

// Untried says what the two ways of running cannot do here. A room that is made has an
// alias, and those that a plain account would choose are reserved by the application
// service of these tests.
func (r room) Untried(ability string) string {
	switch service := r.cfg.AppService != nil; {
	case ability == "Creator" && !service:
		return "the aliases of this homeserver belong to its application service"
	case ability == "Troubled" && service:
		return "the homeserver calls an application service: that it does not cannot be noticed"
	}
	return ""
}

func (r room) Break(*testing.T) { r.server.Stop() }

func (r room) Mend(*testing.T) { r.server.Resume() }

func (r room) Reactions(_ *testing.T, to chat.MessageID) (all []string) {
	for _, reaction := range r.alice.Reactions(r.id, id.EventID(to)) {
		emoji, _, _ := strings.Cut(reaction, " ")
		all = append(all, emoji)
	}
	return all
}

func (r room) States(t *testing.T, of chat.MessageID) []string { return r.Reactions(t, of) }

func (r room) Remove(_ *testing.T, msg chat.MessageID) { r.alice.Remove(r.id, id.EventID(msg)) }

// Seal posts what looks like a message of a session that nobody has.
func (r room) Seal(t *testing.T) {
	must(t)(r.alice.SendMessageEvent(t.Context(), r.id, event.EventEncrypted, map[string]any{
		"algorithm": id.AlgorithmMegolmV1, "device_id": "LAB", "sender_key": strings.Repeat("A", 43), "session_id": strings.Repeat("B", 43),
		"ciphertext": "AwgAEn" + strings.Repeat("C", 120),
	}))
}

func (r room) Description(*testing.T) chat.Description {
	return chat.Description{Name: "Lunch", Members: 1, Private: true}
}

func (r room) Person() chat.UserID { return chat.UserID(r.alice.UserID) }

// Room takes the invitation up, which is how a room is looked at.
func (r room) Room(t *testing.T, in chat.RoomID) (name string, known bool) {
	if _, err := r.alice.JoinRoomByID(t.Context(), id.RoomID(in)); err != nil {
		return "", false
	}
	var content event.RoomNameEventContent
	err := r.alice.StateEvent(t.Context(), id.RoomID(in), event.StateRoomName, "", &content)
	return content.Name, err == nil
}

func (r room) SayUnder(_ *testing.T, root chat.MessageID, text string) chat.MessageID {
	return chat.MessageID(r.alice.SayIn(r.id, id.EventID(root), text))
}

func (r room) ReadUnder(t *testing.T, root chat.MessageID) (lines []chattest.Line) {
	under := map[chat.MessageID]bool{}
	for _, e := range r.alice.Messages(r.id) {
		if e.Content.AsMessage().RelatesTo.GetThreadParent() == id.EventID(root) {
			under[chat.MessageID(e.ID)] = true
		}
	}
	for _, l := range r.Read(t) {
		if under[l.ID] {
			lines = append(lines, l)
		}
	}
	return lines
}

func (r room) Invite(*testing.T) chat.RoomID { return chat.RoomID(r.alice.Room("Other", r.bot)) }

func (r room) Inside(_ *testing.T, in chat.RoomID) bool {
	return r.alice.Joined(id.RoomID(in), r.bot)
}

func (r room) Move(t *testing.T) (to chat.RoomID, by chat.Author) {
	var made struct {
		Room id.RoomID `json:"replacement_room"`
	}
	must(t)(r.alice.MakeRequest(t.Context(), http.MethodPost, r.alice.BuildClientURL("v3", "rooms", r.id, "upgrade"), map[string]any{"new_version": r.newest(t)}, &made))
	must(t)(r.alice.InviteUser(t.Context(), made.Room, &mautrix.ReqInviteUser{UserID: r.bot}))
	return chat.RoomID(made.Room), chat.Author{ID: r.Person(), Name: "alice", Server: lab.ServerName}
}

func (r room) Signs(t *testing.T) []string {
	var content struct {
		Body string `json:"body"`
	}
	err := r.alice.StateEvent(t.Context(), r.id, event.Type{Type: "org.hashsend.bridge", Class: event.StateEventType}, "", &content)
	if err != nil || content.Body == "" {
		return nil
	}
	return []string{content.Body}
}

func (r room) Command(_ *testing.T, prompt, text string) { r.alice.Say(r.id, prompt+" "+text) }

const pollEvents = "org.matrix.msc3381.poll."

func (r room) SayPoll(t *testing.T, question string, answers ...string) chat.MessageID {
	var all []map[string]any
	for _, text := range answers {
		all = append(all, map[string]any{"id": "id-" + text, "org.matrix.msc1767.text": text})
	}
	kind := event.Type{Type: pollEvents + "start", Class: event.MessageEventType}
	resp, err := r.alice.SendMessageEvent(t.Context(), r.id, kind, map[string]any{kind.Type: map[string]any{
		"kind": pollEvents + "disclosed", "max_selections": 1, "question": map[string]any{"org.matrix.msc1767.text": question}, "answers": all,
	}})
	if err != nil {
		t.Fatal(err)
	}
	return chat.MessageID(resp.EventID)
}

func (r room) Votes(t *testing.T, poll chat.MessageID) (all []string) {
	page, err := r.alice.Client.Messages(t.Context(), r.id, "", "", mautrix.DirectionBackward, nil, 100)
	if err != nil {
		t.Fatal(err)
	}
	voted := map[id.UserID]bool{}
	for _, e := range page.Chunk { // newest first
		about, _ := e.Content.Raw["m.relates_to"].(map[string]any)
		if e.Type.Type != pollEvents+"response" || about["event_id"] != string(poll) || voted[e.Sender] {
			continue
		}
		voted[e.Sender] = true
		response, _ := e.Content.Raw[pollEvents+"response"].(map[string]any)
		chosen, _ := response["answers"].([]any)
		for _, answer := range chosen {
			text, _ := answer.(string)
			all = append(all, strings.TrimPrefix(text, "id-"))
		}
	}
	return all
}
