package store

import (
	"fmt"
	"strconv"
	"strings"
)

// Kinds of a room change.
const (
	LineName  = "name"
	LineTopic = "topic"
)

// LinePoll returns the kind of line for the result of a poll.
func LinePoll(message int64) string { return fmt.Sprintf("poll %d", message) }

// Poll returns the poll of a line; 0: not about a poll.
func (l Line) Poll() int64 {
	number, is := strings.CutPrefix(l.Kind, "poll ")
	id, err := strconv.ParseInt(number, 10, 64)
	if !is || err != nil {
		return 0
	}
	return id
}

// SetLine stores a room change for the next email. It replaces an earlier one of the same kind;
// unless fresh, it only replaces.
func (t *Tx) SetLine(room int64, kind, text string, fresh bool) error {
	if !fresh {
		return t.exec("UPDATE room_line SET body = ? WHERE room = ? AND kind = ?", text, room, kind)
	}
	return t.exec("INSERT INTO room_line (room, kind, body) VALUES (?, ?, ?) ON CONFLICT (room, kind) DO UPDATE SET body = excluded.body, skip = ''", room, kind, text)
}

// Line is a room change for the next email.
type Line struct {
	Room int64
	Kind string
	Text string
	Skip IDs // participants who know it
}

// Lines returns the room changes of a thread.
func (t *Tx) Lines(thread int64) ([]Line, error) {
	return scanAll(t, func(scan func(...any) error) (l Line, err error) {
		var skip string
		err = scan(&l.Room, &l.Kind, &l.Text, &skip)
		l.Skip = parseIDs(skip)
		return l, err
	}, "SELECT room, kind, body, skip FROM room_line JOIN room ON room.id = room WHERE thread = ? ORDER BY room, kind", thread)
}

// SetLineSkip stores who knows of a room change.
func (t *Tx) SetLineSkip(l Line) error {
	return t.exec("UPDATE room_line SET skip = ? WHERE room = ? AND kind = ?", l.Skip.encode(), l.Room, l.Kind)
}

// DropLine removes a room change.
func (t *Tx) DropLine(l Line) error {
	return t.exec("DELETE FROM room_line WHERE room = ? AND kind = ?", l.Room, l.Kind)
}

// DropLines removes the room changes of a thread.
func (t *Tx) DropLines(thread int64) error {
	return t.exec("DELETE FROM room_line WHERE room IN (SELECT id FROM room WHERE thread = ?)", thread)
}
