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

// Idle reports changes, including those since the last response. The library's own Idle reports
// only those after it was called.
func (r *readingSession) Idle(w *imapserver.UpdateWriter, stop <-chan struct{}) error {
	if err := r.Poll(w, true); err != nil {
		return err
	}
	return r.UserSession.Idle(w, stop)
}

// Copy copies emails to another folder.
func (r *readingSession) Copy(set imap.NumSet, dest string) (d *imap.CopyData, err error) {
	err = r.carry(set, dest, func() error {
		d, err = r.UserSession.Copy(set, dest)
		return err
	})
	return d, err
}

// Move moves emails to another folder.
func (r *readingSession) Move(w *imapserver.MoveWriter, set imap.NumSet, dest string) error {
	return r.carry(set, dest, func() error { return r.UserSession.Move(w, set, dest) })
}

// carry calls do, which puts emails into another folder, and stores their files, so that the
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
		return do() // the folder doesn't exist, and do returns the error
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

// isKept reports whether the emails of a folder are stored as files.
func isKept(folder string) bool {
	for _, f := range folders {
		if f.name == folder {
			return true
		}
	}
	return false
}

// find returns an email by folder and UID.
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
