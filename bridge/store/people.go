package store

// AddLeftOut stores who was left out of a message on purpose.
func (t *Tx) AddLeftOut(message int64, participants ...int64) error {
	for _, p := range participants {
		if err := t.exec("INSERT INTO left_out (message, participant) VALUES (?, ?) ON CONFLICT DO NOTHING", message, p); err != nil {
			return err
		}
	}
	return nil
}

// LeftOut returns who was left out of a message.
func (t *Tx) LeftOut(message int64) (ids IDs, err error) {
	return scanAll(t, func(scan func(...any) error) (id int64, err error) { return id, scan(&id) },
		"SELECT participant FROM left_out WHERE message = ? ORDER BY participant", message)
}

// DropLeftOut removes a person from those left out of a message, and reports whether they were.
func (t *Tx) DropLeftOut(message, participant int64) (bool, error) {
	return t.changed("DELETE FROM left_out WHERE message = ? AND participant = ?", message, participant)
}

// Offer records that a thread was asked about an address, and reports whether it is the first
// time.
func (t *Tx) Offer(thread int64, canon string) (first bool, err error) {
	return t.changed("INSERT INTO offered (thread, canon) VALUES (?, ?) ON CONFLICT DO NOTHING", thread, canon)
}

// Alias is another address of a participant.
type Alias struct {
	Canon     string // in canonical form
	Known     string // canonical address of the participant
	Held      int64  // the held email that led to the question
	Confirmed bool   // confirmed from the known address
}

// AskAlias records that a participant is asked about an address. A confirmed one does not
// change.
func (t *Tx) AskAlias(a Alias) error {
	return t.exec(`INSERT INTO alias (canon, known, held) VALUES (?, ?, ?)
		ON CONFLICT (canon) DO UPDATE SET known = excluded.known, held = excluded.held WHERE NOT alias.confirmed`, a.Canon, a.Known, a.Held)
}

// ConfirmAlias records the participant's confirmation.
func (t *Tx) ConfirmAlias(canon string) error {
	return t.exec("UPDATE alias SET confirmed = true WHERE canon = ?", canon)
}

// Alias returns what is known of an address; ErrNone: nobody was asked about it.
func (t *Tx) Alias(canon string) (Alias, error) {
	return scanOne(t, func(scan func(...any) error) (a Alias, err error) {
		return a, scan(&a.Canon, &a.Known, &a.Held, &a.Confirmed)
	}, "SELECT canon, known, held, confirmed FROM alias WHERE canon = ?", canon)
}

// DropAlias removes an alias, and reports whether it existed.
func (t *Tx) DropAlias(canon, known string) (bool, error) {
	return t.changed("DELETE FROM alias WHERE canon = ? AND known = ?", canon, known)
}
