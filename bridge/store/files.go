package store

import "time"

// The states of a file.
const (
	FileWanted  = "wanted"  // to be fetched
	FileHere    = "here"    // stored
	FileMissing = "missing" // not available or not allowed; Reason says why
	FileDropped = "dropped" // removed after expiry or deletion
)

// Preview is a smaller copy of a picture, or a converted voice message. The zero Preview: none.
type Preview struct {
	Blob, Type string
	Size       int64
	Width      int
}

// File is a file of a message.
type File struct {
	ID            int64
	Message       int64
	Network       string // source; empty: it came by email
	Ref           string // the network's id of the file
	Name          string
	Type          string // media type; detected if State is FileHere
	Sort          int64  // chat.FileSort
	Size          int64  // bytes; 0: unknown
	Duration      time.Duration
	Width, Height int
	State         string
	Reason        string
	Blob          string // name in the store, see Store.OpenBlob
	Preview       Preview
	Sender        string // canonical address of the sender; empty: it came from a room
	At            time.Time
}

const fileColumns = "id, message, network, ref, name, kind, sort, size, duration, width, height, state, reason, blob, preview, preview_kind, preview_size, preview_width, sender, at"

func scanFile(scan func(...any) error) (f File, err error) {
	var duration, at int64
	err = scan(&f.ID, &f.Message, &f.Network, &f.Ref, &f.Name, &f.Type, &f.Sort, &f.Size, &duration, &f.Width, &f.Height, &f.State, &f.Reason, &f.Blob, &f.Preview.Blob, &f.Preview.Type, &f.Preview.Size, &f.Preview.Width, &f.Sender, &at)
	f.Duration, f.At = time.Duration(duration)*time.Millisecond, moment(at)
	return f, err
}

// AddFile stores the record of a file and sets its id.
func (t *Tx) AddFile(f *File) (err error) {
	f.ID, err = t.insert(`INSERT INTO file (message, network, ref, name, kind, sort, size, duration, width, height, state, reason, blob, preview, preview_kind, preview_size, preview_width, sender, at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
		f.Message, f.Network, f.Ref, f.Name, f.Type, f.Sort, f.Size, f.Duration.Milliseconds(), f.Width, f.Height, f.State, f.Reason, f.Blob, f.Preview.Blob, f.Preview.Type, f.Preview.Size, f.Preview.Width, f.Sender, millis(f.At))
	return err
}

// SetFile updates the record of a file.
func (t *Tx) SetFile(f File) error {
	return t.exec("UPDATE file SET name = ?, kind = ?, size = ?, width = ?, height = ?, state = ?, reason = ?, blob = ?, preview = ?, preview_kind = ?, preview_size = ?, preview_width = ? WHERE id = ?",
		f.Name, f.Type, f.Size, f.Width, f.Height, f.State, f.Reason, f.Blob, f.Preview.Blob, f.Preview.Type, f.Preview.Size, f.Preview.Width, f.ID)
}

// File returns a file.
func (t *Tx) File(id int64) (File, error) {
	return scanOne(t, scanFile, "SELECT "+fileColumns+" FROM file WHERE id = ?", id)
}

// FilesOf returns the files of a message, in their order.
func (t *Tx) FilesOf(message int64) ([]File, error) {
	return scanAll(t, scanFile, "SELECT "+fileColumns+" FROM file WHERE message = ? ORDER BY id", message)
}

// FilesWantedBefore reports whether an earlier message from the same room waits for a file.
func (t *Tx) FilesWantedBefore(m Message) (waits bool, err error) {
	err = t.row("SELECT EXISTS (SELECT 1 FROM file f JOIN message m ON m.id = f.message WHERE f.state = 'wanted' AND f.message < ? AND m.room = ?)", []any{m.ID, m.Room}, &waits)
	return waits, err
}

// WithFilesAfter returns the ids of the later messages with files from the same room, in
// their order.
func (t *Tx) WithFilesAfter(m Message) (ids []int64, err error) {
	return scanAll(t, func(scan func(...any) error) (id int64, err error) { err = scan(&id); return id, err },
		"SELECT DISTINCT f.message FROM file f JOIN message m ON m.id = f.message WHERE f.message > ? AND m.room = ? ORDER BY f.message", m.ID, m.Room)
}

// FilesHere returns the oldest stored files that came before a moment.
func (t *Tx) FilesHere(before time.Time, limit int) ([]File, error) {
	return scanAll(t, scanFile, "SELECT "+fileColumns+" FROM file WHERE state = 'here' AND at < ? ORDER BY at LIMIT ?", millis(before), limit)
}

// BlobWanted reports whether a record names a stored file.
func (t *Tx) BlobWanted(blob string) (wanted bool, err error) {
	err = t.row("SELECT EXISTS (SELECT 1 FROM file WHERE state = 'here' AND blob = ?) OR EXISTS (SELECT 1 FROM file WHERE state = 'here' AND preview = ?)", []any{blob, blob}, &wanted)
	return wanted, err
}

// TimesMailed counts the emails of a sender that contained this file.
func (t *Tx) TimesMailed(blob, sender string) (n int, err error) {
	err = t.row("SELECT count(DISTINCT message) FROM file WHERE blob = ? AND sender = ?", []any{blob, sender}, &n)
	return n, err
}
