package store

import "time"

// LateEdit is an edit of a message that was mailed before.
type LateEdit struct {
	Message int64
	Was     string // the text that was mailed
	Readers IDs    // who has got it so; empty: everybody
}

// AddLateEdit notes that a message has changed since it was mailed. Of several
// edits the text before the first is kept.
func (t *Tx) AddLateEdit(e LateEdit) error {
	return t.exec("INSERT INTO late_edit (message, was, readers) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", e.Message, e.Was, e.Readers.encode())
}

// TakeLateEdits returns the edits of a thread, in the order of the messages, and
// forgets them.
func (t *Tx) TakeLateEdits(thread int64) ([]LateEdit, error) {
	all, err := scanAll(t, func(scan func(...any) error) (e LateEdit, err error) {
		var readers string
		err = scan(&e.Message, &e.Was, &readers)
		e.Readers = parseIDs(readers)
		return e, err
	},
		"SELECT message, was, readers FROM late_edit JOIN message ON id = message WHERE thread = ? ORDER BY message", thread)
	if err != nil {
		return nil, err
	}
	return all, t.exec("DELETE FROM late_edit WHERE message IN (SELECT id FROM message WHERE thread = ?)", thread)
}

// Postpone lets the delivery with a key wait until due, but no longer than most
// after it was stored.
func (t *Tx) Postpone(key string, due time.Time, most time.Duration) error {
	return t.exec("UPDATE outbox SET due = min(?, created + ?) WHERE uniq = ?", millis(due), most.Milliseconds(), key)
}
