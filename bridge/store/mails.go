package store

import (
	"errors"
	"strconv"
	"time"
)

const mailColumns = "id, thread, coalesce(epoch, 0), uniq, message_id, out, at, dated"

func scanMail(scan func(...any) error) (m Mail, err error) {
	var at, dated int64
	err = scan(&m.ID, &m.Thread, &m.Epoch, &m.Uniq, &m.MessageID, &m.Out, &at, &dated)
	m.At, m.Dated = moment(at), moment(dated)
	return m, err
}

// AddMail stores an email with its messages, in order, and its Message-ID, and sets its id.
func (t *Tx) AddMail(m *Mail, messages ...int64) error {
	if err := t.addMail(m, messages); err != nil {
		return err
	}
	kind := IDReceived
	if m.Out {
		kind = IDSent
	}
	return t.AddMailID(m.ID, kind, m.MessageID)
}

// AddMailWithin is AddMail for an email whose Message-ID is known in its thread alone: only
// MailIn finds it.
func (t *Tx) AddMailWithin(m *Mail, messages ...int64) error {
	if err := t.addMail(m, messages); err != nil {
		return err
	}
	return t.ShareMailID(*m, m.MessageID)
}

func (t *Tx) addMail(m *Mail, messages []int64) (err error) {
	m.ID, err = t.insert("INSERT INTO mail (thread, epoch, uniq, message_id, out, at, dated) VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
		m.Thread, orNull(m.Epoch), m.Uniq, m.MessageID, m.Out, millis(m.At), millis(m.Dated))
	if err != nil {
		return err
	}
	for i, id := range messages {
		if err := t.exec("INSERT INTO mail_message (mail, message, paragraph) VALUES (?, ?, ?)", m.ID, id, i); err != nil {
			return err
		}
	}
	return nil
}

// AddMailID stores another Message-ID of an email, without brackets. A known id stays with its
// email. An id of kind IDFinal becomes the one that later emails refer to.
func (t *Tx) AddMailID(mail int64, kind, id string) error {
	if id == "" {
		return nil
	}
	if err := t.exec("INSERT INTO mail_id (hash, mail, kind, id) VALUES (?, ?, ?, ?) ON CONFLICT (hash) DO NOTHING", hash(id), mail, kind, id); err != nil {
		return err
	}
	if kind != IDFinal {
		return nil
	}
	return t.exec("UPDATE mail SET message_id = ? WHERE id = ?", id, mail)
}

// MailByID finds an email by any of its Message-IDs, without brackets.
func (t *Tx) MailByID(id string) (Mail, error) {
	return scanOne(t, scanMail, "SELECT "+mailColumns+" FROM mail WHERE id = (SELECT mail FROM mail_id WHERE hash = ?)", hash(id))
}

// ShareMailID stores that an email that arrived for several threads has this id in its thread,
// too.
func (t *Tx) ShareMailID(m Mail, id string) error {
	return t.exec("INSERT INTO mail_id (hash, mail, kind, id) VALUES (?, ?, ?, ?) ON CONFLICT (hash) DO NOTHING", hash(id, strconv.FormatInt(m.Thread, 10)), m.ID, IDShared, id)
}

// MailIn finds an email of a thread by any of its Message-IDs.
func (t *Tx) MailIn(thread int64, id string) (Mail, error) {
	m, err := t.MailByID(id)
	if (err != nil && !errors.Is(err, ErrNone)) || (err == nil && m.Thread == thread) {
		return m, err
	}
	return scanOne(t, scanMail, "SELECT "+mailColumns+" FROM mail WHERE id = (SELECT mail FROM mail_id WHERE hash = ?)", hash(id, strconv.FormatInt(thread, 10)))
}

// MailByUniq finds an email of ours by the UNIQ part of its Message-ID.
func (t *Tx) MailByUniq(uniq string) (Mail, error) {
	return scanOne(t, scanMail, "SELECT "+mailColumns+" FROM mail WHERE uniq = ? AND uniq <> ''", uniq)
}

// Mail returns an email.
func (t *Tx) Mail(id int64) (Mail, error) {
	return scanOne(t, scanMail, "SELECT "+mailColumns+" FROM mail WHERE id = ?", id)
}

// LastMail returns the newest email of a thread.
func (t *Tx) LastMail(thread int64) (Mail, error) {
	return scanOne(t, scanMail, "SELECT "+mailColumns+" FROM mail WHERE thread = ? ORDER BY id DESC LIMIT 1", thread)
}

// MailOfMessage returns the first email that contains a message.
func (t *Tx) MailOfMessage(message int64) (Mail, error) {
	return scanOne(t, scanMail, "SELECT "+mailColumns+" FROM mail WHERE id = (SELECT min(mail) FROM mail_message WHERE message = ?)", message)
}

// MailsOfMessage returns all emails that contain a message.
func (t *Tx) MailsOfMessage(message int64) ([]Mail, error) {
	return scanAll(t, scanMail, "SELECT "+mailColumns+" FROM mail JOIN mail_message ON mail = id WHERE message = ? ORDER BY id", message)
}

// MailIDs returns the Message-IDs of an email, the one as sent first.
func (t *Tx) MailIDs(mail int64) ([]string, error) {
	return scanAll(t, func(scan func(...any) error) (s string, err error) { return s, scan(&s) },
		"SELECT id FROM mail_id WHERE mail = ? ORDER BY kind <> 'sent', kind <> 'final', id", mail)
}

// SetRecipient stores the state of an email for one participant.
func (t *Tx) SetRecipient(r Recipient) error {
	return t.exec(`INSERT INTO recipient (mail, participant, state, reason) VALUES (?, ?, ?, ?)
		ON CONFLICT (mail, participant) DO UPDATE SET state = excluded.state, reason = excluded.reason`, r.Mail, r.Participant, r.State, r.Reason)
}

// DropQueued removes a participant from emails that no server has accepted yet.
func (t *Tx) DropQueued(participant int64) error {
	return t.exec("DELETE FROM recipient WHERE participant = ? AND state = 'queued'", participant)
}

// DropRecipient removes a participant from the recipients of an email.
func (t *Tx) DropRecipient(mail, participant int64) error {
	return t.exec("DELETE FROM recipient WHERE mail = ? AND participant = ?", mail, participant)
}

// FirstMailTo returns the first email to a participant; 0: none.
func (t *Tx) FirstMailTo(participant int64) (id int64, err error) {
	return id, t.row("SELECT coalesce(min(mail), 0) FROM recipient WHERE participant = ?", []any{participant}, &id)
}

// Recipients returns the recipients of an email.
func (t *Tx) Recipients(mail int64) ([]Recipient, error) {
	return scanAll(t, func(scan func(...any) error) (r Recipient, err error) {
		return r, scan(&r.Mail, &r.Participant, &r.Address, &r.State, &r.Reason)
	}, `SELECT mail, participant, address, recipient.state, reason FROM recipient JOIN participant ON participant.id = participant
		WHERE mail = ? ORDER BY participant`, mail)
}

// Reached reports whether any email may have reached a participant.
func (t *Tx) Reached(participant int64) (is bool, err error) {
	err = t.row("SELECT EXISTS (SELECT 1 FROM recipient WHERE participant = ? AND state NOT IN ('failed', 'sent again'))", []any{participant}, &is)
	return is, err
}

// MessageRecipients returns the state of a message for every participant who was emailed it.
func (t *Tx) MessageRecipients(message int64) ([]Recipient, error) {
	return scanAll(t, func(scan func(...any) error) (r Recipient, err error) {
		return r, scan(&r.Mail, &r.Participant, &r.Address, &r.State, &r.Reason)
	}, `SELECT recipient.mail, participant, address, recipient.state, reason FROM recipient
		JOIN mail_message ON mail_message.mail = recipient.mail JOIN participant ON participant.id = participant
		WHERE message = ? ORDER BY recipient.mail, participant`, message)
}

// Seen records an event and reports whether it was known. by is the connector or mailbox; ids
// identify the event there.
func (t *Tx) Seen(now time.Time, by string, ids ...string) (bool, error) {
	fresh, err := t.changed("INSERT INTO seen (hash, at) VALUES (?, ?) ON CONFLICT (hash) DO NOTHING", hash(append([]string{by}, ids...)...), millis(now))
	return !fresh, err
}

// WasSeen reports whether Seen recorded an event.
func (t *Tx) WasSeen(by string, ids ...string) (bool, error) {
	var one int
	err := t.row("SELECT 1 FROM seen WHERE hash = ?", []any{hash(append([]string{by}, ids...)...)}, &one)
	if errors.Is(err, ErrNone) {
		return false, nil
	}
	return err == nil, err
}

// ForgetSeen removes events recorded before a moment.
func (t *Tx) ForgetSeen(before time.Time) error {
	return t.exec("DELETE FROM seen WHERE at < ?", millis(before))
}

// Cursor returns the cursor of a connector's folder; empty: none.
func (t *Tx) Cursor(connector, folder string) (value string, err error) {
	err = t.row("SELECT value FROM cursor WHERE connector = ? AND folder = ?", []any{connector, folder}, &value)
	if errors.Is(err, ErrNone) {
		return "", nil
	}
	return value, err
}

// SetCursor stores a cursor. An empty value changes nothing.
func (t *Tx) SetCursor(connector, folder, value string) error {
	if value == "" {
		return nil
	}
	return t.exec("INSERT INTO cursor (connector, folder, value) VALUES (?, ?, ?) ON CONFLICT (connector, folder) DO UPDATE SET value = excluded.value", connector, folder, value)
}

// Setting returns a stored setting; empty: none.
func (t *Tx) Setting(name string) (value string, err error) {
	err = t.row("SELECT value FROM setting WHERE name = ?", []any{name}, &value)
	if errors.Is(err, ErrNone) {
		return "", nil
	}
	return value, err
}

// SetSetting stores a setting; an empty value removes it.
func (t *Tx) SetSetting(name, value string) error {
	if value == "" {
		return t.exec("DELETE FROM setting WHERE name = ?", name)
	}
	return t.exec("INSERT INTO setting (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, value)
}

// LastOut returns the newest email that we sent in a thread.
func (t *Tx) LastOut(thread int64) (Mail, error) {
	return scanOne(t, scanMail, "SELECT "+mailColumns+" FROM mail WHERE thread = ? AND out ORDER BY id DESC LIMIT 1", thread)
}

// FirstMail returns the oldest email of a thread.
func (t *Tx) FirstMail(thread int64) (Mail, error) {
	return scanOne(t, scanMail, "SELECT "+mailColumns+" FROM mail WHERE thread = ? ORDER BY id LIMIT 1", thread)
}
