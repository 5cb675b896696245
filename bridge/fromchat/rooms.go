package fromchat

import (
	"errors"
	"fmt"

	"hashsend/bridge/chat"
	"hashsend/bridge/core"
	"hashsend/bridge/mail"
	"hashsend/bridge/store"
	"hashsend/bridge/tochat"
	"hashsend/bridge/tomail"
)

// Renamed stores the new name of a room. Subjects stay the same: mail programs would start
// another conversation.
func Renamed(w *core.Work, network string, e chat.Renamed) error {
	r, err := w.Room(network, string(e.Place.Room), "")
	if errors.Is(err, store.ErrNone) {
		return nil
	}
	if err != nil {
		return err
	}
	fresh := r.Name != e.Name
	r.Name = e.Name
	if err := w.PutRoom(&r); err != nil {
		return err
	}
	// Slack reports it twice, only once with the author.
	if !fresh && e.By.Name == "" {
		return nil
	}
	return tomail.AddLine(w, r, e.Head, store.LineName, nameLine(mail.CleanName(e.By.Name), core.OneLine(e.Name, 100)), fresh)
}

// TopicSet adds a new topic to the next email.
func TopicSet(w *core.Work, network string, e chat.TopicSet) error {
	r, err := w.Room(network, string(e.Place.Room), "")
	if errors.Is(err, store.ErrNone) {
		return nil
	}
	if err != nil {
		return err
	}
	r.Topic = e.Topic
	if err := w.PutRoom(&r); err != nil {
		return err
	}
	return tomail.AddLine(w, r, e.Head, store.LineTopic, topicLine(mail.CleanName(e.By.Name), core.OneLine(e.Topic, 300)), true)
}

func nameLine(who, name string) string {
	switch {
	case name == "" && who == "":
		return "The room no longer has a name"
	case name == "":
		return who + " removed the room's name"
	case who == "":
		return fmt.Sprintf("The room is now called “%s”", name)
	}
	return fmt.Sprintf("%s renamed the room to “%s”", who, name)
}

func topicLine(who, topic string) string {
	if who == "" {
		who = "Someone"
	}
	if topic == "" {
		return who + " removed the room's topic"
	}
	return fmt.Sprintf("%s set the topic: %s", who, topic)
}

// Revoked tells the admin that a network revoked access, in the home room if that is in another
// network, and by email. Rooms stay linked.
func Revoked(w *core.Work, network string, e chat.Revoked) error {
	text := fmt.Sprintf("⚠️ %s revoked hashsend's access: %s. No messages pass between its rooms and email until the app is reinstalled and its new token is in the configuration. All rooms stay linked.", network, e.Why)
	w.Trace(core.Trace{Kind: "refused", Text: text})
	if w.Env.Home.Network != network {
		if err := tochat.NoticeHome(w, text); err != nil {
			return err
		}
	}
	rooms, err := w.LinkedRooms(network)
	if err != nil || len(rooms) == 0 {
		return err
	}
	th, err := w.Thread(rooms[0].Thread)
	if err != nil {
		return err
	}
	return tomail.Warn(w, th, "hashsend lost access to "+network, text)
}
