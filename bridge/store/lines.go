package store

// The kinds of a change of a room.
const (
	LineName  = "name"
	LineTopic = "topic"
)

// SetLine notes a change of a room that the next mail of its thread tells of, in
// place of an earlier one of this kind. Without fresh it only replaces one.
func (t *Tx) SetLine(room int64, kind, text string, fresh bool) error {
	if !fresh {
		return t.exec("UPDATE room_line SET body = ? WHERE room = ? AND kind = ?", text, room, kind)
	}
	return t.exec("INSERT INTO room_line (room, kind, body) VALUES (?, ?, ?) ON CONFLICT (room, kind) DO UPDATE SET body = excluded.body", room, kind, text)
}

// Lines returns what is to be told of the rooms of a thread.
func (t *Tx) Lines(thread int64) ([]string, error) {
	return scanAll(t, func(scan func(...any) error) (s string, err error) { return s, scan(&s) },
		"SELECT body FROM room_line JOIN room ON room.id = room WHERE thread = ? ORDER BY room.id, kind", thread)
}

// DropLines forgets what was told of the rooms of a thread.
func (t *Tx) DropLines(thread int64) error {
	return t.exec("DELETE FROM room_line WHERE room IN (SELECT id FROM room WHERE thread = ?)", thread)
}
