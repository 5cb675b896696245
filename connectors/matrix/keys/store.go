//go:build goolm

package keys

import (
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.mau.fi/util/dbutil"
	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/id"
)

// File is the file of keys. It is safe for several goroutines.
type File struct {
	at Place

	mu    sync.Mutex
	store *store // nil: not open
}

// NewFile returns the file of keys. It is opened when it is first needed.
func NewFile(at Place) *File { return &File{at: at} }

var errNoKeys = errors.New("there is no place to keep keys")

// open opens the file, if it is not open yet.
func (f *File) open(ctx context.Context) (*store, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.opened(ctx)
}

// opened is open with mu held.
func (f *File) opened(ctx context.Context) (*store, error) {
	if f.store != nil {
		return f.store, nil
	}
	if f.at.DB == nil || len(f.at.Secret) == 0 {
		return nil, errNoKeys
	}
	db, err := dbutil.NewWithDB(f.at.DB, "sqlite")
	if err != nil {
		return nil, err
	}
	pickle, err := hkdf.Key(sha256.New, f.at.Secret, nil, "matrix keys "+string(f.at.Bot), 32)
	if err != nil {
		return nil, err
	}
	s := crypto.NewSQLCryptoStore(db, dbutil.NoopLogger, f.at.Name, "", pickle)
	if err := s.DB.Upgrade(ctx); err != nil {
		return nil, fmt.Errorf("open the file of keys: %w", err)
	}
	if s.DeviceID, err = s.FindDeviceID(ctx); err != nil {
		return nil, fmt.Errorf("open the file of keys: %w", err)
	}
	f.store = &store{s}
	return f.store, nil
}

// reopen has the file opened again: what is in memory may differ from the disk.
func (f *File) reopen() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.store = nil
}

// Device returns the device to sign in as: the one whose keys are in the file, else a new
// one.
func (f *File) Device(ctx context.Context) id.DeviceID {
	f.mu.Lock()
	defer f.mu.Unlock()
	s, err := f.opened(ctx)
	if err != nil {
		return "HASHSEND"
	}
	if s.DeviceID == "" {
		s.DeviceID = id.DeviceID("HASHSEND" + rand.Text()[:6])
	}
	return s.DeviceID
}

// use notes the device whose keys the file keeps.
func (f *File) use(s *store, device id.DeviceID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s.DeviceID = device
}

// store is the open file. While a message to our device is being processed, that it was
// read is noted only after the key in it is on disk: a crash between the two would lose
// the key otherwise.
type store struct{ *crypto.SQLCryptoStore }

// waiting is what to note when a message to our device has been processed.
type waiting struct {
	notes []func(context.Context) error
	err   error // a key could not be stored
}

func (w *waiting) write(ctx context.Context, s *store) error {
	if w.err != nil || len(w.notes) == 0 {
		return w.err
	}
	return s.DB.DoTxn(ctx, nil, func(ctx context.Context) error {
		for _, note := range w.notes {
			if err := note(ctx); err != nil {
				return err
			}
		}
		return nil
	})
}

// later runs a note when the current message has been processed; at once, if there is none.
func later(ctx context.Context, note func(context.Context) error) error {
	if w, in := ctx.Value(waitingKey{}).(*waiting); in {
		w.notes = append(w.notes, note)
		return nil
	}
	return note(ctx)
}

type waitingKey struct{}

func (s *store) PutOlmHash(ctx context.Context, hash [32]byte, at time.Time) error {
	return later(ctx, func(ctx context.Context) error { return s.SQLCryptoStore.PutOlmHash(ctx, hash, at) })
}

func (s *store) AddSession(ctx context.Context, key id.SenderKey, session *crypto.OlmSession) error {
	return later(ctx, func(ctx context.Context) error { return s.SQLCryptoStore.AddSession(ctx, key, session) })
}

func (s *store) UpdateSession(ctx context.Context, key id.SenderKey, session *crypto.OlmSession) error {
	return later(ctx, func(ctx context.Context) error { return s.SQLCryptoStore.UpdateSession(ctx, key, session) })
}

func (s *store) PutAccount(ctx context.Context, a *crypto.OlmAccount) error {
	return later(ctx, func(ctx context.Context) error { return s.SQLCryptoStore.PutAccount(ctx, a) })
}

func (s *store) PutGroupSession(ctx context.Context, key *crypto.InboundGroupSession) error {
	err := s.SQLCryptoStore.PutGroupSession(ctx, key)
	if w, in := ctx.Value(waitingKey{}).(*waiting); in {
		w.err = errors.Join(w.err, err)
	}
	return err
}

// identitySecret names the secrets of the identity that we made.
const identitySecret = "org.hashsend.identity"

// seeds are the secrets of the identity that we made; nil: we made none.
func (s *store) seeds(ctx context.Context) (*crypto.CrossSigningSeeds, error) {
	text, err := s.GetSecret(ctx, identitySecret)
	if err != nil || text == "" {
		return nil, err
	}
	seeds := &crypto.CrossSigningSeeds{}
	return seeds, json.Unmarshal([]byte(text), seeds)
}

// putSeeds keeps the secrets of an identity.
func (s *store) putSeeds(ctx context.Context, seeds crypto.CrossSigningSeeds) error {
	raw, err := json.Marshal(seeds)
	if err != nil {
		return err
	}
	return s.PutSecret(ctx, identitySecret, string(raw))
}

// identity is the public key of the identity that we made; empty: we made none.
func (s *store) identity(ctx context.Context) id.Ed25519 {
	seeds, err := s.seeds(ctx)
	if err != nil || seeds == nil {
		return ""
	}
	mine, err := seeds.Decode()
	if err != nil {
		return ""
	}
	return mine.MasterKey.PublicKey()
}
