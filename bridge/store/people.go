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
