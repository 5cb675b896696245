package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"charm.land/huh/v2"
	"hashsend/cmd/hashsend/discover"
	"hashsend/cmd/hashsend/signin"
	"hashsend/connectors/imap"
	"hashsend/connectors/mailnet"
	"hashsend/connectors/smtp"
)

// question is one question of init.
type question struct {
	Label   string
	Into    *string
	Hidden  bool
	Options []string // empty: any text
	Check   func(string) error
	Asked   bool // ask even if there is an answer already
}

// asker asks a group of questions.
type asker func(ctx context.Context, title, hint string, questions []question) error

// question asks the questions that have no answer yet, if there is somebody to ask.
func (w *wizard) question(ctx context.Context, title, hint string, questions ...question) error {
	var open []question
	for _, q := range questions {
		switch {
		case q.Into == nil:
		case *q.Into == "" || q.Asked:
			open = append(open, q)
		case q.Check != nil:
			if err := q.Check(*q.Into); err != nil {
				return usage("%w", err)
			}
		}
	}
	if len(open) == 0 || w.ask == nil {
		return nil
	}
	return w.ask(ctx, title, hint, open)
}

// askTerminal asks in a terminal. It uses plain prompts if TERM is dumb or ACCESSIBLE is set.
func askTerminal(in *os.File, out io.Writer) asker {
	return func(ctx context.Context, title, hint string, questions []question) error {
		var fields []huh.Field
		for _, q := range questions {
			if len(q.Options) > 0 {
				fields = append(fields, huh.NewSelect[string]().Title(q.Label).Options(huh.NewOptions(q.Options...)...).Value(q.Into))
				continue
			}
			field := huh.NewInput().Title(q.Label).Value(q.Into)
			if q.Hidden {
				field.EchoMode(huh.EchoModePassword)
			}
			if q.Check != nil {
				field.Validate(q.Check)
			}
			fields = append(fields, field)
		}
		plain := os.Getenv("TERM") == "dumb" || os.Getenv("ACCESSIBLE") != ""
		if plain {
			fmt.Fprintf(out, "%s\n%s\n", title, hint)
		}
		group := huh.NewGroup(fields...).Title(title).Description(hint)
		keys := &keyboard{file: in}
		defer keys.leave()
		err := huh.NewForm(group).WithInput(keys).WithOutput(out).WithAccessible(plain).RunWithContext(ctx)
		if errors.Is(err, huh.ErrUserAborted) {
			return errors.New("cancelled; nothing was written")
		}
		return err
	}
}

// login gets a refresh token with the device flow (RFC 8628): the person signs in with a
// browser, on this machine or another.
func (w *wizard) login(ctx context.Context) error {
	a := &w.a
	if a.Refresh != "" {
		return nil
	}
	if a.ClientID == "" && w.ask == nil {
		return usage("%s only supports OAuth2: %s", a.Provider.Name, a.OAuth2.Register)
	}
	if err := w.question(ctx, "OAuth2", a.Provider.Name+" doesn't accept passwords. To get a client ID, "+a.OAuth2.Register+".",
		question{Label: "Client ID", Into: &a.ClientID, Check: isThere}); err != nil {
		return err
	}
	p := signin.Provider{Name: a.Provider.Name, ClientID: a.ClientID, DeviceURL: a.OAuth2.DeviceURL, TokenURL: a.OAuth2.TokenURL, Scopes: a.OAuth2.Scopes}
	token, err := signin.Device(ctx, w.client, p, signin.Person{Say: w.say})
	if err != nil {
		return fmt.Errorf("%w; to get a client ID that allows it, %s", err, a.OAuth2.Register)
	}
	a.Refresh = token.RefreshToken
	return nil
}

// useTokens makes all tests share one sign-in, because a refresh token may work only once. The
// configuration gets the last token.
func (w *wizard) useTokens(m *mailboxConfig) {
	for _, s := range m.signIns() {
		if w.mailTokens == nil {
			w.mailTokens = mailnet.NewTokens(s.oauth2, &draftToken{a: &w.a})
		}
		s.use(w.mailTokens)
	}
}

// draftToken keeps the token of a configuration that isn't written yet.
type draftToken struct {
	a     *answers
	token mailnet.Token
}

// Update implements mailnet.TokenKeeper.
func (d *draftToken) Update(_ context.Context, change func(mailnet.Token) (mailnet.Token, error)) (mailnet.Token, error) {
	next, err := change(d.token)
	if err == nil {
		d.token, d.a.Refresh = next, next.Refresh
	}
	return next, err
}

// roundTrip sends emails from the mailbox to itself and prints the results.
func (w *wizard) roundTrip(ctx context.Context) (err error) {
	c, err := w.draft()
	if err != nil {
		return err
	}
	box := c.Mailboxes[0]
	quiet := slog.New(slog.DiscardHandler)
	watched := box.imap()
	watched.Poll = 5 * time.Second // somebody is waiting, and the server's notifications can get lost
	in, err := imap.Open("init", watched, quiet)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	out, err := smtp.Open(box.smtp(), quiet)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	w.say("Sending two test emails from %s to itself. This takes up to a minute …", box.Address)
	t, err := discover.RoundTrip(ctx, box.Address, in, out, w.patience)
	if err != nil {
		return fmt.Errorf("%w; use --no-test to skip this test", err)
	}
	w.a.Trip = &t
	if !t.Arrived {
		w.say("✗ The email to %s didn't arrive within %s. Check whether a filter removes email to yourself. hashsend works without plus addresses, so plus_addresses stays off.", box.Address, w.patience)
		return nil
	}
	w.say("✓ Email arrives, after %s.", max(t.Took.Round(100*time.Millisecond), 100*time.Millisecond))
	local, domain, _ := strings.Cut(box.Address, "@")
	tell := func(yes bool, good, bad string) {
		if yes {
			w.say("✓ %s", good)
			return
		}
		w.say("· %s", bad)
	}
	tell(t.Plus, fmt.Sprintf("Plus addresses (%s+anything@%s) work: replies find their room even if an email program drops everything else.", local, domain),
		"Plus addresses don't work: hashsend does without them.")
	tell(t.SameID, "The Message-ID survives.", "The provider changes the Message-ID: hashsend learns the new one.")
	tell(t.KeptSent, "The provider keeps a copy of sent email.", "The provider keeps no copy of sent email: hashsend saves one in the Sent folder.")
	return nil
}
