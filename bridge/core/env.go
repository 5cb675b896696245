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
	"time"

	"hashsend/bridge/mail"
	"hashsend/bridge/pace"
)

// Env is what every step of the bridge works with. It does not change after New.
type Env struct {
	Options
	Mint       mail.Mint
	DigestTime time.Duration // when daily digests leave, after midnight
	Instance   string        // names this installation in headers and keys
	Started    time.Time
	Boxes      map[int64]*Box // by their ids in the database
	// Wake has a lane of the outbox looked at, and HoldEnds tells when a hold
	// ends: after the
	// commit of what gave them work. Who does that work sets them before it begins.
	Wake     func(lane string)
	HoldEnds func(thread int64, until time.Time) // zero until: nothing is held any more
	// LaneUnder reports whether something may wait in a lane whose name begins so.
	LaneUnder func(prefix string) bool
	Shrinking sync.Mutex // pictures and sounds are made smaller one at a time: it takes memory

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

// DefaultTag marks a mail as chat where the settings name nothing else.
const DefaultTag = "#Send"

// NewEnv makes what every step of a bridge works with.
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
	e := &Env{Options: o, Started: o.Now(), Boxes: map[int64]*Box{}, networks: map[string]*Network{}, Wake: func(string) {}, HoldEnds: func(int64, time.Time) {}, LaneUnder: func(string) bool { return true }}
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

// BoxNamed is the mailbox of a name in the configuration; nil: there is none.
func (e *Env) BoxNamed(name string) *Box {
	for _, box := range e.Boxes {
		if box.Name == name {
			return box
		}
	}
	return nil
}

// identify reads or makes what tells this installation from all others.
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

// BoxNames are the names of the mailboxes in order.
func (e *Env) BoxNames() []string {
	var names []string
	for _, box := range e.Boxes {
		names = append(names, box.Name)
	}
	slices.Sort(names)
	return names
}
