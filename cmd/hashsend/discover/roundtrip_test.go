package discover

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"hashsend/bridge/mail"
	"hashsend/cmd/hashsend/discover/mailtest"
	"hashsend/connectors/imap"
	"hashsend/connectors/mailnet"
	"hashsend/connectors/smtp"
)

func trip(t *testing.T, p *mailtest.Provider, patience time.Duration) (Trip, error) {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	server := mailnet.Server{Host: "127.0.0.1", Port: p.IMAP, TLS: mailnet.Plain, User: mailtest.Address, Password: mailtest.Password}
	in, err := imap.Open("team", imap.Config{Server: server, Poll: 50 * time.Millisecond, JunkPoll: 50 * time.Millisecond}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close() //nolint:errcheck // it is over
	server.Port = p.SMTP
	out, err := smtp.Open(smtp.Config{Server: server}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close() //nolint:errcheck // it is over
	return RoundTrip(t.Context(), mailtest.Address, in, out, patience)
}

// A copy of what was sent is no sign that it has arrived, in whatever folder it lies.
func TestOnlyTheInboxCounts(t *testing.T) {
	for place, counts := range map[mail.Place]bool{mail.Inbox: true, mail.Pushed: true, mail.Sent: false, mail.Archive: false, mail.Junk: false} {
		w := &postman{news: make(chan struct{}, 1), seen: map[string]arrival{}}
		head := mail.Head{Place: place, Header: mail.Header{{Name: mail.HeaderTrace, Value: "test-x"}}}
		if wanted, err := w.Wants(t.Context(), head); err != nil || wanted && w.Handle(t.Context(), "", mail.Incoming{Head: head}) != nil {
			t.Fatal(err)
		}
		a, there := w.has("test-x")
		if (there && !a.junk) != counts || a.junk != (place == mail.Junk) {
			t.Errorf("place %d: %v %v", place, there, a.junk)
		}
	}
}

// What a mailbox does with plus addresses and Message-IDs is found out at the setup (C35).
func TestRoundTrip(t *testing.T) {
	for _, c := range []struct {
		name     string
		p        mailtest.Provider
		patience time.Duration
		want     Trip
	}{
		{"everything", mailtest.Provider{KeepsSent: true}, time.Minute, Trip{Arrived: true, Plus: true, SameID: true, KeptSent: true}},
		{"other ids", mailtest.Provider{KeepsSent: true, NewIDs: true}, time.Minute, Trip{Arrived: true, Plus: true, KeptSent: true}},
		{"plus refused", mailtest.Provider{KeepsSent: true, RefusesPlus: true}, time.Minute, Trip{Arrived: true, SameID: true, KeptSent: true}},
		{"plus lost", mailtest.Provider{KeepsSent: true, DropsPlus: true}, 3 * time.Second, Trip{Arrived: true, SameID: true, KeptSent: true}},
		{"among junk", mailtest.Provider{KeepsSent: true, Junks: true}, time.Minute, Trip{Junk: true, SameID: true, KeptSent: true}},
		{"no copy", mailtest.Provider{}, time.Minute, Trip{Arrived: true, Plus: true, SameID: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.p.Start(t)
			got, err := trip(t, &c.p, c.patience)
			if err != nil {
				t.Fatal(err)
			}
			if got.Arrived && got.Took <= 0 {
				t.Error("it took no time")
			}
			if (got.Arrived || got.Junk) != (got.Copy != nil) {
				t.Error("the header of what arrived is missing")
			}
			if got.Took, got.Copy = 0, nil; got != c.want {
				t.Errorf("got %+v, wanted %+v", got, c.want)
			}
		})
	}
}

func TestRoundTripWithoutServer(t *testing.T) {
	p := mailtest.Provider{IMAP: 1, SMTP: 1}
	if _, err := trip(t, &p, 2*time.Second); err == nil || !strings.Contains(err.Error(), "could not be opened in time") {
		t.Error(errors.Join(err, errors.New("wanted: could not be opened in time")))
	}
}
