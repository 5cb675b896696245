package store

import "encoding/json"

// Reading says how the text of a message was found in its email.
type Reading struct {
	Message int64
	Sure    int // per cent
	Cuts    []Cut
}

// Cut is a part of an email that was left out.
type Cut struct {
	Kind string `json:"kind"` // such as quote, signature
	Rule string `json:"rule"` // the rule that found it
	Text string `json:"text"`
}

// AddReading stores the reading of a message.
func (t *Tx) AddReading(r Reading) error {
	cuts, err := json.Marshal(r.Cuts)
	if err != nil {
		return wrap(err)
	}
	return t.exec("INSERT INTO reading (message, sure, cuts) VALUES (?, ?, ?)", r.Message, r.Sure, string(cuts))
}

// Reading returns the reading of a message; ErrNone: it has none.
func (t *Tx) Reading(message int64) (Reading, error) {
	return scanOne(t, func(scan func(...any) error) (r Reading, err error) {
		var cuts string
		if err := scan(&r.Message, &r.Sure, &cuts); err != nil {
			return r, err
		}
		return r, json.Unmarshal([]byte(cuts), &r.Cuts)
	}, "SELECT message, sure, cuts FROM reading WHERE message = ?", message)
}
