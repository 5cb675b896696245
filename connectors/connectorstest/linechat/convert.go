package linechat

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"hashsend/bridge/chat"
)

const (
	prompt      = "!send"
	longestLine = 1000 // characters of text; the name comes before
)

// textOf is what a message says in one line. The server knows one name for all that we
// say, so that of the sender stands before the words.
func textOf(m chat.Outgoing) string {
	text := strings.NewReplacer("\r\n", " / ", "\n", " / ", "\r", " / ").Replace(m.Body.Text)
	switch {
	case m.For != "":
		text = fmt.Sprintf("%s: %s", m.For, text)
	case m.Kind == chat.Emote:
		return fmt.Sprintf("* %s %s", m.As.Name, text)
	}
	if m.As.Name == "" {
		return text
	}
	return fmt.Sprintf("<%s> %s", m.As.Name, text)
}

// read makes events of a line of the server: LINE NUMBER ROOM MILLISECONDS NAME TEXT.
// There are none for our own.
func read(line, nick string) (number int, events []chat.Event, err error) {
	f := strings.SplitN(line, " ", 6)
	if len(f) < 6 || f[0] != "LINE" || f[2] == "" || f[4] == "" {
		return 0, nil, errors.New("expected LINE NUMBER ROOM MILLISECONDS NAME TEXT, got something else")
	}
	number, err = strconv.Atoi(f[1])
	if err != nil {
		return 0, nil, fmt.Errorf("the number of a line: %w", err)
	}
	at, err := strconv.ParseInt(f[3], 10, 64)
	if err != nil {
		return 0, nil, fmt.Errorf("the time of a line: %w", err)
	}
	room, name, text := f[2], f[4], f[5]
	if name == nick {
		return number, nil, nil
	}
	head := chat.Head{
		Event: chat.EventID(f[1]), Place: chat.Place{Room: chat.RoomID(room)}, At: time.UnixMilli(at),
		By: chat.Author{ID: chat.UserID(name), Name: name},
	}
	message := chat.MessageID(f[1])
	if command, is := strings.CutPrefix(text, prompt); is && (command == "" || command[0] == ' ') {
		return number, []chat.Event{chat.Command{Head: head, Message: message, Text: strings.TrimSpace(command)}}, nil
	}
	kind := chat.Said
	if said, is := strings.CutPrefix(text, "/me "); is {
		kind, text = chat.Emote, said
	}
	return number, []chat.Event{chat.Posted{Head: head, Message: message, Kind: kind, Body: chat.Body{Text: text}}}, nil
}
