package threads

import (
	"bufio"
	"bytes"
	"fmt"
	"time"

	"hashsend/bridge/mail"
)

// Room is a conversation as its emails are headed.
type Room struct {
	Name    string // for people
	Subject string
	Anchor  string // first in References of every email
	Started time.Time
}

// Emails are the ones that hashsend would send for rooms, each with a good reply and
// one from a mail program that loses the ids, as they would arrive.
func Emails(rooms []Room, at time.Time) (all []Mail, err error) {
	step := 0
	next := func() time.Time { step++; return at.Add(time.Duration(step) * time.Minute) }
	for k, r := range rooms {
		var last Mail
		for n := range 3 {
			d := mail.Draft{
				ID: fmt.Sprintf("hs.doctor%d.%d@doctor.invalid", k, n), From: mail.Address{Name: "Team", Address: "team@doctor.invalid"},
				To: []mail.Address{{Address: "ann@doctor.invalid"}}, Subject: r.Subject, Anchor: r.Anchor, Started: r.Started, Date: next(), Trace: fmt.Sprintf("doctor%d.%d", k, n),
				Words: []mail.Words{{Author: "Alice", Text: "hello"}},
			}
			if n > 0 {
				d.InReplyTo, d.References = last.ID, []string{last.ID}
			}
			if last, err = composed(d); err != nil {
				return nil, err
			}
			last.Room = r.Name
			all = append(all, last)
		}
		good := Mail{
			ID: fmt.Sprintf("good%d@doctor.invalid", k), Refs: append(append([]string(nil), last.Refs...), last.ID), InReplyTo: []string{last.ID},
			Subject: "Re: " + r.Subject, Topic: last.Topic, Index: append(append([]byte(nil), last.Index...), 1, 2, 3, 4, 5), People: last.People, Date: next(), Room: r.Name,
		}
		all = append(all, good)
	}
	return all, nil
}

// Broken are replies without ids to each room: what they do is told apart, as no
// header of ours can help them.
func Broken(rooms []Room, at time.Time) (all []Mail) {
	for k, r := range rooms {
		all = append(all, Mail{
			ID: fmt.Sprintf("broken%d@doctor.invalid", k), Subject: "Re: " + r.Subject,
			People: []string{"ann@doctor.invalid", "team@doctor.invalid"}, Date: at.Add(time.Duration(k) * time.Minute), Room: r.Name,
		})
	}
	return all
}

func composed(d mail.Draft) (Mail, error) {
	f, err := mail.Compose(d)
	if err != nil {
		return Mail{}, err
	}
	h, err := mail.ReadHeader(bufio.NewReader(bytes.NewReader(f.Raw)))
	if err != nil {
		return Mail{}, fmt.Errorf("read what was composed: %w", err)
	}
	return Of(h), nil
}
