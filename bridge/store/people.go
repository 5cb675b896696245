package store

// AddLeftOut notes who was left out of a message on purpose.
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

// DropLeftOut forgets that somebody was left out of a message, and reports
// whether that was so.
func (t *Tx) DropLeftOut(message, participant int64) (bool, error) {
	return t.changed("DELETE FROM left_out WHERE message = ? AND participant = ?", message, participant)
}

// Offer notes that a thread was asked about an address, and reports whether it
// is the first time.
func (t *Tx) Offer(thread int64, canon string) (first bool, err error) {
	return t.changed("INSERT INTO offered (thread, canon) VALUES (?, ?) ON CONFLICT DO NOTHING", thread, canon)
}

// Alias is another address of a person who takes part.
type Alias struct {
	Canon     string // as it is compared
	Known     string // the address under which the person takes part, as it is compared
	Held      int64  // the held mail that gave rise to the question
	Confirmed bool   // by the person, from the known address
}

// AskAlias notes that a person is asked about an address. What was confirmed
// stays as it is.
func (t *Tx) AskAlias(a Alias) error {
	return t.exec(`INSERT INTO alias (canon, known, held) VALUES (?, ?, ?)
		ON CONFLICT (canon) DO UPDATE SET known = excluded.known, held = excluded.held WHERE NOT alias.confirmed`, a.Canon, a.Known, a.Held)
}

// ConfirmAlias notes that the person has said yes.
func (t *Tx) ConfirmAlias(canon string) error {
	return t.exec("UPDATE alias SET confirmed = true WHERE canon = ?", canon)
}

// Alias returns what is known of an address; ErrNone: nobody was asked about it.
func (t *Tx) Alias(canon string) (Alias, error) {
	return scanOne(t, func(scan func(...any) error) (a Alias, err error) {
		return a, scan(&a.Canon, &a.Known, &a.Held, &a.Confirmed)
	}, "SELECT canon, known, held, confirmed FROM alias WHERE canon = ?", canon)
}

// DropAlias forgets that an address is another one of a person, and reports whether
// that was so.
func (t *Tx) DropAlias(canon, known string) (bool, error) {
	return t.changed("DELETE FROM alias WHERE canon = ? AND known = ?", canon, known)
}
