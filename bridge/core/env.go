package core

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"hashsend/bridge/mail"
	"hashsend/bridge/pace"
)

// Env is the environment of the bridge. Its settings do not change after NewEnv.
type Env struct {
	Options
	Mint       mail.Mint
	DigestTime time.Duration // when daily digests are sent, as time after midnight
	Instance   string        // names this installation in headers and keys
	Started    time.Time
	Boxes      map[int64]*Box // by database id
	// Wake wakes a lane of the outbox, and HoldEnds tells the flusher when a hold ends, after
	// the commit that gave them work. The outbox and the flusher set them before they start.
	Wake     func(lane string)
	HoldEnds func(thread int64, until time.Time, turn int64) // zero until: nothing is held
	// LaneUnder reports whether a lane with this prefix may have deliveries.
	LaneUnder func(prefix string) bool
	Shrinking sync.Mutex // converts one picture or sound at a time, to limit memory

	turns    atomic.Int64 // counts transactions in the order of their commits
	networks map[string]*Network
	watch    watchers
	Health   healths
}

// Box is a configured mailbox with its id in the database.
type Box struct {
	Mailbox
	ID   int64
	Pace *pace.Pace
}

// DefaultTag marks an email as part of a chat unless the settings name another tag.
const DefaultTag = "#Send"

// NewEnv makes the environment of a bridge and prepares the database for it.
func NewEnv(o Options) (*Env, error) {
	if o.Tag == "" {
		o.Tag = DefaultTag
	}
	if o.Zone == nil {
		o.Zone = time.Local
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Files = o.Files.withDefaults()
	if o.Access.Allow == nil {
		o.Access = DefaultAccess()
	}
	e := &Env{Options: o, Started: o.Now(), Boxes: map[int64]*Box{}, networks: map[string]*Network{}, Wake: func(string) {}, HoldEnds: func(int64, time.Time, int64) {}, LaneUnder: func(string) bool { return true }}
	var err error
	if e.DigestTime, err = ParseDigestAt(o.DigestAt); err != nil {
		return nil, fmt.Errorf("daily digest time: %w", err)
	}
	for _, c := range o.Chats {
		if e.networks[c.Name()] != nil {
			return nil, fmt.Errorf("two chat networks are named %q: give each its own name", c.Name())
		}
		e.networks[c.Name()] = NewNetwork(c)
	}
	err = e.Write(context.Background(), "start", func(w *Work) error {
		if err := e.identify(w); err != nil {
			return err
		}
		for _, m := range o.Mailboxes {
			if e.BoxNamed(m.Name) != nil {
				return fmt.Errorf("two mailboxes are named %q: give each its own name", m.Name)
			}
			id, err := w.Mailbox(m.Name, m.Address.Address)
			if err != nil {
				return err
			}
			box := &Box{Mailbox: m, ID: id, Pace: pace.New(m.PerHour)}
			if box.Domain == "" {
				_, box.Domain, _ = strings.Cut(m.Address.Address, "@")
			}
			e.Boxes[id] = box
		}
		return w.ForgetSeen(w.Now.AddDate(0, -6, 0))
	})
	return e, err
}

// BoxNamed returns the mailbox with a name from the configuration, or nil.
func (e *Env) BoxNamed(name string) *Box {
	for _, box := range e.Boxes {
		if box.Name == name {
			return box
		}
	}
	return nil
}

// identify reads the secret and the name of this installation, and makes them on the first
// start.
func (e *Env) identify(w *Work) error {
	secret, err := w.Setting("secret")
	if err != nil {
		return err
	}
	if secret == "" {
		var fresh [32]byte
		if _, err := rand.Read(fresh[:]); err != nil {
			return err
		}
		secret = hex.EncodeToString(fresh[:])
		if err := errors.Join(w.SetSetting("secret", secret), w.SetSetting("instance", mail.NewUniq()[:8])); err != nil {
			return err
		}
	}
	raw, err := hex.DecodeString(secret)
	if err != nil {
		return fmt.Errorf("read the installation's secret: %w", err)
	}
	e.Mint = mail.Mint{Secret: raw}
	e.Instance, err = w.Setting("instance")
	return err
}

// BoxNames returns the names of the mailboxes in order.
func (e *Env) BoxNames() []string {
	var names []string
	for _, box := range e.Boxes {
		names = append(names, box.Name)
	}
	slices.Sort(names)
	return names
}
