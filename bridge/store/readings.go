package store

import "encoding/json"

// Reading is how the words of a person were found in a mail.
type Reading struct {
	Message int64
	Sure    int // per cent
	Cuts    []Cut
}

// Cut is something of a mail that was left out.
type Cut struct {
	Kind string `json:"kind"` // as quote, signature
	Rule string `json:"rule"` // what found it
	Text string `json:"text"`
}

// AddReading stores how a message was found in its mail.
func (t *Tx) AddReading(r Reading) error {
	cuts, err := json.Marshal(r.Cuts)
	if err != nil {
		return wrap(err)
	}
	return t.exec("INSERT INTO reading (message, sure, cuts) VALUES (?, ?, ?)", r.Message, r.Sure, string(cuts))
}

// Reading returns how a message was found in its mail; ErrNone: it came by none, or
// there was nothing to find.
func (t *Tx) Reading(message int64) (Reading, error) {
	return scanOne(t, func(scan func(...any) error) (r Reading, err error) {
		var cuts string
		if err := scan(&r.Message, &r.Sure, &cuts); err != nil {
			return r, err
		}
		return r, json.Unmarshal([]byte(cuts), &r.Cuts)
	}, "SELECT message, sure, cuts FROM reading WHERE message = ?", message)
}
