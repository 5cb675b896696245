package store

import (
	"encoding/json"
	"fmt"
	"time"

	"hashsend/bridge/chat"
)

// LateEdit is an edit of a message that was already emailed.
type LateEdit struct {
	Message int64
	Was     string // the emailed text
	Readers IDs    // recipients of that text; empty: everybody
}

// AddLateEdit stores a late edit. Of several edits, the text before the first is kept.
func (t *Tx) AddLateEdit(e LateEdit) error {
	return t.exec("INSERT INTO late_edit (message, was, readers) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", e.Message, e.Was, e.Readers.encode())
}

// TakeLateEdits returns and removes the late edits of a thread, in the order of the messages.
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

// Postpone moves a delivery to due, but at most most after it was stored.
func (t *Tx) Postpone(key string, due time.Time, most time.Duration) error {
	return t.exec("UPDATE outbox SET due = min(?, created + ?) WHERE uniq = ?", millis(due), most.Milliseconds(), key)
}

// Edition is the content of a message after one of its edits.
type Edition struct {
	Message    int64
	Posted     string // id of the edit, unique across networks; empty: the original
	At         time.Time
	Text, HTML string
	Poll       *chat.Poll // the poll; nil: not a poll, or stored by an older version
}

func scanEdition(scan func(...any) error) (e Edition, err error) {
	var at int64
	var poll string
	if err := scan(&e.Message, &e.Posted, &at, &e.Text, &e.HTML, &poll); err != nil {
		return e, err
	}
	e.At = moment(at)
	if poll == "" {
		return e, nil
	}
	if err := json.Unmarshal([]byte(poll), &e.Poll); err != nil {
		return e, fmt.Errorf("decode poll: %w", err)
	}
	return e, nil
}

const editionColumns = "message, posted, at, body, html, poll"

// AddEdition stores an edition. A known one does not change.
func (t *Tx) AddEdition(e Edition) error {
	var poll []byte
	if e.Poll != nil {
		var err error
		if poll, err = json.Marshal(e.Poll); err != nil {
			return fmt.Errorf("encode poll: %w", err)
		}
	}
	return t.exec("INSERT INTO edition ("+editionColumns+") VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", e.Message, e.Posted, millis(e.At), e.Text, e.HTML, string(poll))
}

// NewestEdition returns the newest edition of a message, by time and then by id. ErrNone: it
// was not edited.
func (t *Tx) NewestEdition(message int64) (Edition, error) {
	return scanOne(t, scanEdition, "SELECT "+editionColumns+" FROM edition WHERE message = ? ORDER BY posted <> '' DESC, at DESC, posted DESC LIMIT 1", message)
}

// EditionByID finds an edition by the id of its edit.
func (t *Tx) EditionByID(posted string) (Edition, error) {
	return scanOne(t, scanEdition, "SELECT "+editionColumns+" FROM edition WHERE posted = ? AND posted <> ''", posted)
}

// DropEdition removes an edition.
func (t *Tx) DropEdition(posted string) error {
	return t.exec("DELETE FROM edition WHERE posted = ? AND posted <> ''", posted)
}
