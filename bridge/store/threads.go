package store

import (
	"cmp"
	"errors"
	"slices"
	"time"
)

// Mailbox returns the id of the mailbox with a name from the configuration, and updates its
// address.
func (t *Tx) Mailbox(name, address string) (int64, error) {
	return t.insert("INSERT INTO mailbox (name, address) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET address = excluded.address RETURNING id", name, address)
}

const threadColumns = "id, mailbox, mode, title, token, paused, ended, created, live, hold_first, hold_until"

func scanThread(scan func(...any) error) (th Thread, err error) {
	var created, live, first, until int64
	err = scan(&th.ID, &th.Mailbox, &th.Mode, &th.Title, &th.Token, &th.Paused, &th.Ended, &created, &live, &first, &until)
	th.Created, th.Live, th.HoldFirst, th.HoldUntil = moment(created), moment(live), moment(first), moment(until)
	return th, err
}

func scanOne[T any](t *Tx, scan func(func(...any) error) (T, error), query string, args ...any) (T, error) {
	return scan(func(into ...any) error { return t.row(query, args, into...) })
}

func scanAll[T any](t *Tx, scan func(func(...any) error) (T, error), query string, args ...any) ([]T, error) {
	var all []T
	err := t.rows(query, args, func(row func(...any) error) error {
		v, err := scan(row)
		all = append(all, v)
		return err
	})
	return all, err
}

// AddThread stores a new thread with its first epoch, and sets their ids.
func (t *Tx) AddThread(th *Thread, e *Epoch) (err error) {
	th.ID, err = t.insert("INSERT INTO thread (mailbox, mode, title, token, created) VALUES (?, ?, ?, ?, ?) RETURNING id",
		th.Mailbox, th.Mode, th.Title, th.Token, millis(th.Created))
	if err != nil {
		return err
	}
	if err := t.AddToken(th.Token, th.ID, 0); err != nil {
		return err
	}
	e.Thread = th.ID
	return t.AddEpoch(e)
}

// AddEpoch stores a new epoch, which becomes the current one.
func (t *Tx) AddEpoch(e *Epoch) (err error) {
	e.ID, err = t.insert("INSERT INTO epoch (thread, name, subject, anchor, guid, started) VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
		e.Thread, e.Name, e.Subject, e.Anchor, e.GUID, millis(e.Started))
	return err
}

const epochColumns = "id, thread, name, subject, anchor, guid, started"

func scanEpoch(scan func(...any) error) (e Epoch, err error) {
	var started int64
	err = scan(&e.ID, &e.Thread, &e.Name, &e.Subject, &e.Anchor, &e.GUID, &started)
	e.Started = moment(started)
	return e, err
}

// Epoch returns the current epoch of a thread.
func (t *Tx) Epoch(thread int64) (Epoch, error) {
	c, err := t.conversation(thread)
	if err != nil {
		return Epoch{}, err
	}
	if c.epoch.ID == 0 {
		return Epoch{}, ErrNone
	}
	return c.epoch, nil
}

// Subjects returns all subjects of a thread.
func (t *Tx) Subjects(thread int64) ([]string, error) {
	return scanAll(t, func(scan func(...any) error) (s string, err error) { return s, scan(&s) },
		"SELECT subject FROM epoch WHERE thread = ? ORDER BY id", thread)
}

// EpochByName finds an epoch by its name in Message-IDs.
func (t *Tx) EpochByName(name string) (Epoch, error) {
	return scanOne(t, scanEpoch, "SELECT "+epochColumns+" FROM epoch WHERE name = ?", name)
}

// EpochByGUID finds an epoch by the GUID part of its Thread-Index.
func (t *Tx) EpochByGUID(guid []byte) (Epoch, error) {
	return scanOne(t, scanEpoch, "SELECT "+epochColumns+" FROM epoch WHERE guid = ? ORDER BY id DESC LIMIT 1", guid)
}

// Thread returns a thread.
func (t *Tx) Thread(id int64) (Thread, error) {
	c, err := t.conversation(id)
	if err != nil {
		return Thread{}, err
	}
	return c.thread, nil
}

// Threads returns the active threads, newest first.
func (t *Tx) Threads(limit int) ([]Thread, error) {
	return scanAll(t, scanThread, "SELECT "+threadColumns+" FROM thread WHERE NOT ended ORDER BY id DESC LIMIT ?", limit)
}

// SetThread stores mode, title, pause and end of a thread.
func (t *Tx) SetThread(th Thread) error {
	return t.change(th.ID, func(c *conversation) {
		c.thread.Mode, c.thread.Title, c.thread.Paused, c.thread.Ended = th.Mode, th.Title, th.Paused, th.Ended
	}, "UPDATE thread SET mode = ?, title = ?, paused = ?, ended = ? WHERE id = ?", th.Mode, th.Title, th.Paused, th.Ended, th.ID)
}

// SetLive stores the time of a reply by email.
func (t *Tx) SetLive(thread int64, at time.Time) error {
	return t.change(thread, func(c *conversation) { c.thread.Live = moment(millis(at)) }, "UPDATE thread SET live = ? WHERE id = ?", millis(at), thread)
}

// SetHold stores the hold of a thread. A zero first ends it.
func (t *Tx) SetHold(thread int64, first, until time.Time) error {
	return t.change(thread, func(c *conversation) {
		c.thread.HoldFirst, c.thread.HoldUntil = moment(millis(first)), moment(millis(until))
	}, "UPDATE thread SET hold_first = ?, hold_until = ? WHERE id = ?", millis(first), millis(until), thread)
}

// Holds returns the threads with held messages, and when their holds end.
func (t *Tx) Holds() (map[int64]time.Time, error) {
	all := map[int64]time.Time{}
	err := t.rows("SELECT id, hold_until FROM thread WHERE hold_first > 0", nil, func(scan func(...any) error) error {
		var id, until int64
		err := scan(&id, &until)
		all[id] = moment(until)
		return err
	})
	return all, err
}

func scanID(scan func(...any) error) (id int64, err error) { return id, scan(&id) }

const roomColumns = "id, network, place, chat, coalesce(thread, 0), name, private, gone, linked, shared, encrypted, topic, members"

func scanRoom(scan func(...any) error) (r Room, err error) {
	var linked int64
	err = scan(&r.ID, &r.Network, &r.Place, &r.Chat, &r.Thread, &r.Name, &r.Private, &r.Gone, &linked, &r.Shared, &r.Encrypted, &r.Topic, &r.Members)
	r.Linked = moment(linked)
	return r, err
}

// Room finds a room or chat thread by its network ids.
func (t *Tx) Room(network, place, chat string) (Room, error) {
	if thread := t.mem.room(roomKey{network, place, chat}); thread != 0 {
		c, err := t.conversation(thread)
		if err != nil && !errors.Is(err, ErrNone) {
			return Room{}, err
		}
		if err == nil {
			for _, r := range c.rooms {
				if r.Network == network && r.Place == place && r.Chat == chat {
					return r, nil
				}
			}
		}
	}
	return scanOne(t, scanRoom, "SELECT "+roomColumns+" FROM room WHERE network = ? AND place = ? AND chat = ?", network, place, chat)
}

// RoomByID returns a room.
func (t *Tx) RoomByID(id int64) (Room, error) {
	return scanOne(t, scanRoom, "SELECT "+roomColumns+" FROM room WHERE id = ?", id)
}

// RoomsIn returns a room and the known chat threads in it.
func (t *Tx) RoomsIn(network, place string) ([]Room, error) {
	return scanAll(t, scanRoom, "SELECT "+roomColumns+" FROM room WHERE network = ? AND place = ? ORDER BY id", network, place)
}

// RoomsOf returns the rooms of a thread.
func (t *Tx) RoomsOf(thread int64) ([]Room, error) {
	c, err := t.conversation(thread)
	if errors.Is(err, ErrNone) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return slices.Clone(c.rooms), nil
}

// LinkedRooms returns the linked rooms of a network that the bridge is in.
func (t *Tx) LinkedRooms(network string) ([]Room, error) {
	return scanAll(t, scanRoom, "SELECT "+roomColumns+" FROM room WHERE network = ? AND thread IS NOT NULL AND NOT gone ORDER BY id", network)
}

// PutRoom stores a new or known room, and sets its id.
func (t *Tx) PutRoom(r *Room) (err error) {
	r.ID, err = t.insert(`INSERT INTO room (network, place, chat, thread, name, private, gone, linked, shared, encrypted, topic, members) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (network, place, chat) DO UPDATE SET thread = excluded.thread, name = excluded.name, private = excluded.private,
			gone = excluded.gone, linked = excluded.linked, shared = excluded.shared, encrypted = excluded.encrypted,
			topic = excluded.topic, members = excluded.members
		RETURNING id`, r.Network, r.Place, r.Chat, orNull(r.Thread), r.Name, r.Private, r.Gone, millis(r.Linked), r.Shared, r.Encrypted, r.Topic, r.Members)
	return err
}

// MoveRoom changes the network id of a room and the chat threads in it. If oldIDs is not empty,
// ids of its messages that start with oldIDs then start with newIDs.
func (t *Tx) MoveRoom(network, from, to, oldIDs, newIDs string) error {
	if oldIDs != "" {
		err := t.exec(`UPDATE copy SET posted = ? || substr(posted, ?) WHERE substr(posted, 1, ?) = ?
			AND room IN (SELECT id FROM room WHERE network = ? AND place = ?)`, newIDs, len(oldIDs)+1, len(oldIDs), oldIDs, network, from)
		if err != nil {
			return err
		}
	}
	return t.exec("UPDATE OR REPLACE room SET place = ? WHERE network = ? AND place = ?", to, network, from)
}

const participantColumns = "id, thread, address, canon, name, ghost, token, state, joined, changed, muted, mailed, bounces, mode, dialect, zone"

func scanParticipant(scan func(...any) error) (p Participant, err error) {
	var joined, changed, muted, mailed int64
	err = scan(&p.ID, &p.Thread, &p.Address, &p.Canon, &p.Name, &p.Ghost, &p.Token, &p.State, &joined, &changed, &muted, &mailed, &p.Bounces, &p.Mode, &p.Dialect, &p.Zone)
	p.Joined, p.Changed, p.Muted, p.Mailed = moment(joined), moment(changed), moment(muted), moment(mailed)
	return p, err
}

// AddParticipant stores a new participant with a token, and sets the id.
func (t *Tx) AddParticipant(p *Participant) (err error) {
	p.ID, err = t.insert(`INSERT INTO participant (thread, address, canon, name, ghost, token, state, joined, changed, muted, mailed, mode, dialect)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
		p.Thread, p.Address, p.Canon, p.Name, p.Ghost, p.Token, p.State, millis(p.Joined), millis(p.Changed), millis(p.Muted), millis(p.Mailed), cmp.Or(p.Mode, Burst), p.Dialect)
	if err != nil {
		return err
	}
	return t.AddToken(p.Token, p.Thread, p.ID)
}

// SetParticipant updates a participant.
func (t *Tx) SetParticipant(p Participant) error {
	return t.change(p.Thread, func(c *conversation) {
		for i := range c.people {
			if c.people[i].ID == p.ID {
				c.people[i] = p.stored(c.people[i])
			}
		}
	}, "UPDATE participant SET address = ?, name = ?, state = ?, joined = ?, changed = ?, muted = ?, mailed = ?, bounces = ?, mode = ?, dialect = ?, zone = ? WHERE id = ?",
		p.Address, p.Name, p.State, millis(p.Joined), millis(p.Changed), millis(p.Muted), millis(p.Mailed), p.Bounces, cmp.Or(p.Mode, Burst), p.Dialect, p.Zone, p.ID)
}

// Participant finds a participant of a thread by canonical address.
func (t *Tx) Participant(thread int64, canon string) (Participant, error) {
	people, err := t.Participants(thread)
	for _, p := range people {
		if p.Canon == canon {
			return p, nil
		}
	}
	if err == nil {
		err = ErrNone
	}
	return Participant{}, err
}

// ParticipantByID returns a participant.
func (t *Tx) ParticipantByID(id int64) (Participant, error) {
	return scanOne(t, scanParticipant, "SELECT "+participantColumns+" FROM participant WHERE id = ?", id)
}

// ParticipantByGhost finds the participant of a ghost, in the thread joined last.
func (t *Tx) ParticipantByGhost(ghost string) (Participant, error) {
	return scanOne(t, scanParticipant, "SELECT "+participantColumns+" FROM participant WHERE ghost = ? ORDER BY id DESC LIMIT 1", ghost)
}

// Participants returns all participants of a thread, including former ones.
func (t *Tx) Participants(thread int64) ([]Participant, error) {
	c, err := t.conversation(thread)
	if errors.Is(err, ErrNone) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return slices.Clone(c.people), nil
}

// AddUnread stores an event of an unknown type. Only the newest are kept.
func (t *Tx) AddUnread(network, kind string, at time.Time, raw []byte) error {
	const kept = 1000
	id, err := t.insert("INSERT INTO unread (network, kind, at, raw) VALUES (?, ?, ?, ?) RETURNING id", network, kind, millis(at), raw)
	if err != nil {
		return err
	}
	return t.exec("DELETE FROM unread WHERE id <= ?", id-kept)
}

// AuthorByID returns the network and network id of a chat user.
func (t *Tx) AuthorByID(id int64) (network, person string, err error) {
	err = t.row("SELECT network, person FROM author WHERE id = ?", []any{id}, &network, &person)
	return network, person, err
}

// AddToken stores a reply token. participant is 0 for the token of a thread.
func (t *Tx) AddToken(token string, thread, participant int64) error {
	return t.exec("INSERT INTO token (token, thread, participant) VALUES (?, ?, ?)", token, thread, orNull(participant))
}

// Token finds the thread and the participant, or 0, of a reply token.
func (t *Tx) Token(token string) (thread, participant int64, err error) {
	err = t.row("SELECT thread, coalesce(participant, 0) FROM token WHERE token = ?", []any{token}, &thread, &participant)
	return thread, participant, err
}

// Author returns the id of a chat user, and updates the name.
func (t *Tx) Author(network, person, name string) (int64, error) {
	k := authorKey{network, person}
	for _, known := range []map[authorKey]author{t.own.authors, t.groupAuthors(), {k: t.mem.author(k)}} {
		if a := known[k]; a.id != 0 && a.name == name {
			return a.id, nil
		} else if a.id != 0 {
			break
		}
	}
	t.precise = true
	id, err := t.insert("INSERT INTO author (network, person, name) VALUES (?, ?, ?) ON CONFLICT (network, person) DO UPDATE SET name = excluded.name RETURNING id", network, person, name)
	t.precise = false
	if err == nil {
		if t.own.authors == nil {
			t.own.authors = map[authorKey]author{}
		}
		t.own.authors[k] = author{id, name}
	}
	return id, err
}

// stored returns a participant as the table has it after SetParticipant, which leaves constant
// fields alone.
func (p Participant) stored(was Participant) Participant {
	p.ID, p.Thread, p.Canon, p.Ghost, p.Token = was.ID, was.Thread, was.Canon, was.Ghost, was.Token
	p.Joined, p.Changed, p.Muted, p.Mailed = moment(millis(p.Joined)), moment(millis(p.Changed)), moment(millis(p.Muted)), moment(millis(p.Mailed))
	p.Mode = cmp.Or(p.Mode, Burst)
	return p
}

func (t *Tx) groupAuthors() map[authorKey]author {
	if t.group == nil {
		return nil
	}
	return t.group.authors
}
