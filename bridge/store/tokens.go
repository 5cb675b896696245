package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Token is what a provider gave out for a mailbox (RFC 6749).
type Token struct {
	Refresh string
	Access  string
	Expires time.Time // of Access
	Origin  string    // which configuration it came from; opaque here
}

// Tokens keeps the tokens of mailboxes, in a file of its own beside the database:
// several processes may have it open, and whoever renews a token keeps the others
// waiting meanwhile. It is safe for several goroutines.
type Tokens struct{ db *sql.DB }

// tokensVersion is that of the table; a later one is refused.
const tokensVersion = 1

// OpenTokens opens the file in the data folder dir, and makes both where they are
// missing. It needs no Store, and may be called while another process has one open.
// The caller closes it.
func OpenTokens(ctx context.Context, dir string) (*Tokens, error) {
	if err := makeFolders(dir); err != nil {
		return nil, fmt.Errorf("make data folder: %w", err)
	}
	path := filepath.Join(dir, "tokens.db")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the tokens: %w", err)
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("open the tokens: %w", err)
	}
	db, err := openSQL(path, "&_pragma=journal_mode(WAL)&_pragma=busy_timeout(60000)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	t := &Tokens{db: db}
	if err := t.upgrade(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open the tokens %s: %w", path, err), db.Close())
	}
	return t, nil
}

func (t *Tokens) upgrade(ctx context.Context) error {
	return t.inTx(ctx, func(tx *sql.Tx) error {
		var version int
		if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
			return err
		}
		switch {
		case version > tokensVersion:
			return errors.New("it was written by a newer hashsend; install that version")
		case version == tokensVersion:
			return nil
		}
		_, err := tx.ExecContext(ctx, `CREATE TABLE token (
			mailbox TEXT NOT NULL PRIMARY KEY,
			refresh TEXT NOT NULL,
			access  TEXT NOT NULL,
			expires BIGINT NOT NULL, -- Unix seconds
			origin  TEXT NOT NULL)`)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", tokensVersion))
		return err
	})
}

// inTx does not end with ctx: a token that was renewed meanwhile would be lost.
func (t *Tokens) inTx(ctx context.Context, do func(tx *sql.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	tx, err := t.db.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// Update changes the token of a mailbox, and returns what is on disk then. change
// gets the stored token, the zero Token where there is none; what it returns
// equal to that is not written. Meanwhile every other Update waits, those of other
// processes too. An error of change leaves all as it was.
func (t *Tokens) Update(ctx context.Context, mailbox string, change func(old Token) (Token, error)) (now Token, err error) {
	err = t.inTx(ctx, func(tx *sql.Tx) error {
		var old Token
		var expires int64
		err := tx.QueryRowContext(ctx, "SELECT refresh, access, expires, origin FROM token WHERE mailbox = ?", mailbox).Scan(&old.Refresh, &old.Access, &expires, &old.Origin)
		switch {
		case errors.Is(err, sql.ErrNoRows):
		case err != nil:
			return err
		default:
			old.Expires = time.Unix(expires, 0)
		}
		if now, err = change(old); err != nil || now == old {
			return err
		}
		_, err = tx.ExecContext(context.WithoutCancel(ctx), `INSERT INTO token (mailbox, refresh, access, expires, origin) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (mailbox) DO UPDATE SET refresh = excluded.refresh, access = excluded.access, expires = excluded.expires, origin = excluded.origin`,
			mailbox, now.Refresh, now.Access, now.Expires.Unix(), now.Origin)
		return err
	})
	if err != nil {
		return Token{}, fmt.Errorf("token of %s: %w", mailbox, err)
	}
	return now, nil
}

// Close closes the file.
func (t *Tokens) Close() error { return t.db.Close() }
