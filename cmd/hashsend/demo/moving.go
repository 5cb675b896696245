package demo

import (
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
)

// Select opens a folder.
func (r *readingSession) Select(folder string, opts *imap.SelectOptions) (*imap.SelectData, error) {
	d, err := r.UserSession.Select(folder, opts)
	if err == nil {
		r.folder = folder
	}
	return d, err
}

// Idle tells what changes, and first what has changed since the last answer: the
// library's tells only what comes after it has begun.
func (r *readingSession) Idle(w *imapserver.UpdateWriter, stop <-chan struct{}) error {
	if err := r.Poll(w, true); err != nil {
		return err
	}
	return r.UserSession.Idle(w, stop)
}

// Copy copies mails into another folder.
func (r *readingSession) Copy(set imap.NumSet, dest string) (d *imap.CopyData, err error) {
	err = r.carry(set, dest, func() error {
		d, err = r.UserSession.Copy(set, dest)
		return err
	})
	return d, err
}

// Move moves mails into another folder.
func (r *readingSession) Move(w *imapserver.MoveWriter, set imap.NumSet, dest string) error {
	return r.carry(set, dest, func() error { return r.UserSession.Move(w, set, dest) })
}

// carry writes the files of mails that do puts into another folder, so that the
// folder's UIDs are the same after a restart.
func (r *readingSession) carry(set imap.NumSet, dest string, do func() error) error {
	r.a.storing.Lock()
	defer r.a.storing.Unlock()
	which := &imap.SearchCriteria{}
	switch set := set.(type) {
	case imap.UIDSet:
		which.UID = []imap.UIDSet{set}
	case imap.SeqSet:
		which.SeqNum = []imap.SeqSet{set}
	}
	found, err := r.UserSession.Search(imapserver.NumKindUID, which, &imap.SearchOptions{ReturnAll: true})
	if err != nil {
		return err
	}
	status, err := r.UserSession.Status(dest, &imap.StatusOptions{UIDNext: true})
	if err != nil {
		return do() // there is no such folder, and do says so
	}
	if err := do(); err != nil {
		return err
	}
	if strings.EqualFold(dest, "INBOX") {
		dest = "INBOX"
	}
	for i, uid := range found.AllUIDs() {
		m, known := r.a.find(r.folder, uid)
		if !known || !isKept(dest) {
			continue
		}
		if err := r.s.write(r.a, dest, m.Raw); err != nil {
			return err
		}
		r.a.note(storedMail{UID: status.UIDNext + imap.UID(i), Folder: dest, At: time.Now(), Raw: m.Raw})
	}
	return nil
}

// isKept says whether a folder is one of those that are kept as files.
func isKept(folder string) bool {
	for _, f := range folders {
		if f.name == folder {
			return true
		}
	}
	return false
}

// find returns a mail by its place.
func (a *account) find(folder string, uid imap.UID) (storedMail, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	i := slices.IndexFunc(a.mails, func(m storedMail) bool { return strings.EqualFold(m.Folder, folder) && m.UID == uid })
	if i < 0 {
		return storedMail{}, false
	}
	return a.mails[i], true
}

func (a *account) note(m storedMail) {
	a.mu.Lock()
	defer a.mu.Unlock()
	m.Number = len(a.mails) + 1
	a.mails = append(a.mails, m)
}
