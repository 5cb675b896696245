package store

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

const heldFolder = "held"

// KeepFile writes an email into the folder of held email and returns its name. It is on disk
// when KeepFile returns. AddHeld must store the name.
func (s *Store) KeepFile(r io.Reader) (name string, err error) {
	var random [12]byte
	if _, err := rand.Read(random[:]); err != nil {
		return "", err
	}
	name = hex.EncodeToString(random[:]) + ".eml"
	path := filepath.Join(s.dir, heldFolder, name)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return "", fmt.Errorf("keep mail: %w", err)
	}
	_, err = io.Copy(f, r)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		return "", errors.Join(fmt.Errorf("keep mail: %w", err), os.Remove(path))
	}
	return name, nil
}

// syncDir makes new names in a folder durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// OpenFile opens a held email. The caller closes it.
func (s *Store) OpenFile(name string) (io.ReadCloser, error) {
	f, err := os.Open(filepath.Join(s.dir, heldFolder, filepath.Base(name)))
	if err != nil {
		return nil, fmt.Errorf("read held mail: %w", err)
	}
	return f, nil
}

// DropFile removes the file of a held email.
func (s *Store) DropFile(name string) error {
	err := os.Remove(filepath.Join(s.dir, heldFolder, filepath.Base(name)))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

const heldColumns = "id, mailbox, coalesce(thread, 0), sender, name, subject, code, trust, reason, place, file, at, state"

func scanHeld(scan func(...any) error) (h HeldMail, err error) {
	var at int64
	err = scan(&h.ID, &h.Mailbox, &h.Thread, &h.Sender, &h.Name, &h.Subject, &h.Code, &h.Trust, &h.Reason, &h.Place, &h.File, &at, &h.State)
	h.At = moment(at)
	return h, err
}

// AddHeld stores an email held for review and sets its id.
func (t *Tx) AddHeld(h *HeldMail) (err error) {
	h.ID, err = t.insert(`INSERT INTO quarantine (mailbox, thread, sender, name, subject, code, trust, reason, place, file, at, state)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'held') RETURNING id`,
		h.Mailbox, orNull(h.Thread), h.Sender, h.Name, h.Subject, h.Code, h.Trust, h.Reason, h.Place, h.File, millis(h.At))
	return err
}

// HeldMail returns a held email.
func (t *Tx) HeldMail(id int64) (HeldMail, error) {
	return scanOne(t, scanHeld, "SELECT "+heldColumns+" FROM quarantine WHERE id = ?", id)
}

// HeldMails returns the emails held for review, oldest first.
func (t *Tx) HeldMails(limit int) ([]HeldMail, error) {
	return scanAll(t, scanHeld, "SELECT "+heldColumns+" FROM quarantine WHERE state = 'held' ORDER BY id LIMIT ?", limit)
}

// SetHeld stores the decision about a held email.
func (t *Tx) SetHeld(id int64, state string) error {
	return t.exec("UPDATE quarantine SET state = ? WHERE id = ?", state, id)
}

// Standing decisions about a sender.
const (
	SenderApproved = "approved" // unverified email is accepted as this person's
	SenderBlocked  = "blocked"
)

// Sender returns the standing decision about an address; empty: none.
func (t *Tx) Sender(canon string) (trust string, err error) {
	err = t.row("SELECT trust FROM sender WHERE canon = ?", []any{canon}, &trust)
	if errors.Is(err, ErrNone) {
		return "", nil
	}
	return trust, err
}

// SetSender stores a standing decision.
func (t *Tx) SetSender(canon, trust string, at time.Time) error {
	return t.exec("INSERT INTO sender (canon, trust, at) VALUES (?, ?, ?) ON CONFLICT (canon) DO UPDATE SET trust = excluded.trust, at = excluded.at", canon, trust, millis(at))
}
