package store

import "time"

const deliveryColumns = "id, kind, lane, uniq, phase, started, attempt, due, created, error, data, raw"

func scanDelivery(scan func(...any) error) (d Delivery, err error) {
	var started, due, created int64
	err = scan(&d.ID, &d.Kind, &d.Lane, &d.Key, &d.Phase, &started, &d.Attempt, &due, &created, &d.Error, &d.Data, &d.Raw)
	d.Started, d.Due, d.Created = moment(started), moment(due), moment(created)
	return d, err
}

// Enqueue stores a delivery. A second one with the same key changes nothing.
func (t *Tx) Enqueue(d Delivery) error {
	return t.exec(`INSERT INTO outbox (kind, lane, uniq, due, created, data, raw) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (uniq) DO NOTHING`,
		d.Kind, d.Lane, d.Key, millis(d.Due), millis(d.Created), d.Data, d.Raw)
}

// Lanes returns the lanes with deliveries.
func (t *Tx) Lanes() ([]string, error) {
	return scanAll(t, func(scan func(...any) error) (s string, err error) { return s, scan(&s) }, "SELECT DISTINCT lane FROM outbox")
}

// LanesUnder returns the lanes with deliveries whose names have a prefix.
func (t *Tx) LanesUnder(prefix string) ([]string, error) {
	return scanAll(t, func(scan func(...any) error) (s string, err error) { return s, scan(&s) },
		"SELECT DISTINCT lane FROM outbox WHERE lane >= ? AND lane < ? ORDER BY lane", prefix, prefix+"\U0010FFFF")
}

// First returns the first delivery of a lane.
func (t *Tx) First(lane string) (Delivery, error) {
	return scanOne(t, scanDelivery, "SELECT "+deliveryColumns+" FROM outbox WHERE lane = ? ORDER BY id LIMIT 1", lane)
}

// Delivery returns the delivery with a key.
func (t *Tx) Delivery(key string) (Delivery, error) {
	return scanOne(t, scanDelivery, "SELECT "+deliveryColumns+" FROM outbox WHERE uniq = ?", key)
}

// SetDelivery stores phase, attempt, time and error of a delivery.
func (t *Tx) SetDelivery(d Delivery) error {
	return t.exec("UPDATE outbox SET phase = ?, started = ?, attempt = ?, due = ?, error = ?, data = ? WHERE id = ?",
		d.Phase, millis(d.Started), d.Attempt, millis(d.Due), d.Error, d.Data, d.ID)
}

// Done removes a delivery.
func (t *Tx) Done(id int64) error { return t.exec("DELETE FROM outbox WHERE id = ?", id) }

// Waiting returns the deliveries not yet made, oldest first.
func (t *Tx) Waiting(limit int) ([]Delivery, error) {
	return scanAll(t, scanDelivery, "SELECT id, kind, lane, uniq, phase, started, attempt, due, created, error, '', NULL FROM outbox ORDER BY id LIMIT ?", limit)
}

// Wake makes the delivery with a key due, and reports whether it exists.
func (t *Tx) Wake(key string, now time.Time) (bool, error) {
	return t.changed("UPDATE outbox SET due = ? WHERE uniq = ?", millis(now), key)
}

// Counts adds the sizes of the main tables to m.
func (t *Tx) Counts(m map[string]int64) error {
	for name, query := range map[string]string{
		"threads":  "SELECT count(*) FROM thread WHERE NOT ended",
		"rooms":    "SELECT count(*) FROM room WHERE thread IS NOT NULL",
		"messages": "SELECT coalesce(max(id), 0) FROM message",
		"mails":    "SELECT coalesce(max(id), 0) FROM mail",
		"waiting":  "SELECT count(*) FROM outbox",
		"held":     "SELECT count(*) FROM quarantine WHERE state = 'held'",
	} {
		var n int64
		if err := t.row(query, nil, &n); err != nil {
			return err
		}
		m[name] = n
	}
	return nil
}
