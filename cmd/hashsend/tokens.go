package main

import (
	"context"

	"hashsend/bridge/store"
	"hashsend/connectors/mailnet"
)

// tokenRow is the stored token of one mailbox; see mailnet.TokenKeeper.
type tokenRow struct {
	tokens *store.Tokens
	name   string
}

// Update changes the row.
func (r tokenRow) Update(ctx context.Context, change func(mailnet.Token) (mailnet.Token, error)) (mailnet.Token, error) {
	got, err := r.tokens.Update(ctx, r.name, func(old store.Token) (store.Token, error) {
		next, err := change(mailnet.Token(old))
		return store.Token(next), err
	})
	return mailnet.Token(got), err
}

// signIn is an OAuth2 sign-in of a mailbox, and the row that its token lies in.
type signIn struct {
	row    string
	oauth2 mailnet.OAuth2
	use    func(*mailnet.Tokens)
}

// signIns are those of a mailbox: one for reading and sending together, or two
// where the settings differ.
func (m *mailboxConfig) signIns() (all []signIn) {
	var in, out *oauth2Config
	if m.IMAP != nil {
		in = m.IMAP.Server.OAuth2
	}
	if m.SMTP != nil {
		out = m.SMTP.Server.OAuth2
	}
	if in != nil {
		all = append(all, signIn{row: m.name(), oauth2: in.oauth2(), use: func(t *mailnet.Tokens) { m.imapTokens = t }})
	}
	switch {
	case out == nil:
	case in == nil:
		all = append(all, signIn{row: m.name(), oauth2: out.oauth2(), use: func(t *mailnet.Tokens) { m.smtpTokens = t }})
	case in.oauth2().Origin() == out.oauth2().Origin():
		both := in.oauth2()
		for _, s := range out.Scopes {
			both.Scopes = appendNew(both.Scopes, s)
		}
		all[0].oauth2, all[0].use = both, func(t *mailnet.Tokens) { m.imapTokens, m.smtpTokens = t, t }
	default:
		all = append(all, signIn{row: m.name() + "/smtp", oauth2: out.oauth2(), use: func(t *mailnet.Tokens) { m.smtpTokens = t }})
	}
	return all
}

func appendNew(all []string, s string) []string {
	for _, have := range all {
		if have == s {
			return all
		}
	}
	return append(all[:len(all):len(all)], s)
}

func (o *oauth2Config) oauth2() mailnet.OAuth2 {
	return mailnet.OAuth2{ClientID: o.ClientID, ClientSecret: o.ClientSecret.value, TokenURL: o.TokenURL, Scopes: o.Scopes, RefreshToken: o.RefreshToken.value, AccessToken: o.AccessToken.value}
}

// keepTokens gives the mailboxes that sign in by OAuth2 their tokens from the data
// folder. close ends that.
func (c *config) keepTokens(ctx context.Context) (close func() error, err error) {
	var tokens *store.Tokens
	for i := range c.Mailboxes {
		for _, s := range c.Mailboxes[i].signIns() {
			if tokens == nil {
				dir, err := c.dataDir()
				if err != nil {
					return nil, err
				}
				if tokens, err = store.OpenTokens(ctx, dir); err != nil {
					return nil, err
				}
			}
			s.use(mailnet.NewTokens(s.oauth2, tokenRow{tokens: tokens, name: s.row}))
		}
	}
	if tokens == nil {
		return func() error { return nil }, nil
	}
	return tokens.Close, nil
}
