package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"hashsend/bridge/chat"
	"hashsend/bridge/core"
	"hashsend/bridge/mail"
	"hashsend/bridge/store"
	"hashsend/connectors/imap"
	"hashsend/connectors/lmtp"
	"hashsend/connectors/mailauth"
	"hashsend/connectors/smtp"
)

// parts are the resources of a bridge; close releases them.
type parts struct {
	store  *store.Store
	closes []func() error
}

func (p *parts) close() (err error) {
	for i := len(p.closes) - 1; i >= 0; i-- {
		err = errors.Join(err, p.closes[i]())
	}
	return err
}

// build opens the database and prepares every connection of the configuration. The caller
// closes the parts, unless there is an error.
func (c *config) build(ctx context.Context, log *slog.Logger) (o core.Options, p *parts, err error) {
	p = &parts{}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.close())
		}
	}()
	dir, err := c.dataDir()
	if err != nil {
		return o, p, err
	}
	if p.store, err = store.Open(ctx, dir, log); err != nil {
		return o, p, err
	}
	p.closes = append(p.closes, p.store.Close)
	o = core.Options{
		Store: p.store, Access: c.access(), Home: c.home(), Hold: c.hold(), DigestAt: c.DigestAt, TellDeletes: c.Deletes == "notice", Files: c.files(), Tag: c.Tag, Unproven: c.Unproven, Log: log,
	}
	var env chat.Env
	if c.tables() { // for encryption keys
		if env.DB, err = p.store.Side("keys"); err != nil {
			return o, p, err
		}
		if env.Secret, err = p.store.Secret(ctx); err != nil {
			return o, p, err
		}
	}
	for _, n := range c.Networks {
		its := chat.Env{Name: n.name, Log: log.With("network", n.name)}
		if n.kind.Tables {
			its.DB, its.Secret = env.DB, env.Secret
		}
		net, err := n.Open(its)
		if err != nil {
			return o, p, fmt.Errorf("network %s: %w", n.name, err)
		}
		o.Chats = append(o.Chats, net)
	}
	forget, err := c.keepTokens(ctx)
	if err != nil {
		return o, p, err
	}
	p.closes = append(p.closes, forget)
	for _, m := range c.Mailboxes {
		box, err := m.open(p, log)
		if err != nil {
			return o, p, fmt.Errorf("mailbox %s: %w", m.name(), err)
		}
		o.Mailboxes = append(o.Mailboxes, box)
	}
	return o, p, nil
}

// open prepares the connections of a mailbox.
func (m mailboxConfig) open(p *parts, log *slog.Logger) (box core.Mailbox, err error) {
	later := func(c io.Closer) { p.closes = append(p.closes, c.Close) }
	box = core.Mailbox{
		Name: m.name(), Address: mail.Address{Name: m.Title, Address: m.Address}, Own: m.Own, Owner: m.Owner, Domain: m.Domain,
		PlusWorks: m.PlusWorks, KeepsSent: m.KeepsSent, PerHour: m.PerHour, Grace: m.Grace.value(0), MailBytes: int64(m.LargestMB) * 1e6,
		Verifier: mailauth.Open(mailauth.Config{AuthservIDs: m.Trust.AuthservIDs, CheckDKIM: m.Trust.DKIM == nil || *m.Trust.DKIM}, log),
		Opens:    core.OpenWhere{Network: m.Opens.Network, Room: chat.RoomID(m.Opens.Room)},
	}
	for _, who := range m.Opens.Invite {
		box.Opens.Invite = append(box.Opens.Invite, chat.UserID(who))
	}
	if m.IMAP != nil {
		in, err := imap.Open(m.name(), m.imap(), log)
		if err != nil {
			return box, fmt.Errorf("imap: %w", err)
		}
		later(in)
		box.Sources, box.Keeper = append(box.Sources, in), in
	}
	if m.LMTP != nil {
		pushed, err := lmtp.Open(m.name(), m.LMTP.lmtp(), log)
		if err != nil {
			return box, fmt.Errorf("lmtp: %w", err)
		}
		box.Sources = append(box.Sources, pushed)
	}
	out, err := smtp.Open(m.smtp(), log)
	if err != nil {
		return box, fmt.Errorf("smtp: %w", err)
	}
	later(out)
	box.Submitter = out
	return box, nil
}
