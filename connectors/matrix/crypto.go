//go:build goolm

package matrix

import (
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.mau.fi/util/dbutil"
	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"hashsend/bridge/chat"
	"hashsend/bridge/retry"
)

// keys is the bridge's own device with its keys. They are kept in a file beside
// the database.
type keys struct {
	mu      sync.Mutex // guards the maps and trouble
	rooms   map[id.RoomID]bool
	told    map[id.RoomID]bool
	trouble error
	// standing is how our device stands with others, in words.
	standing string

	stale   atomic.Bool
	busy    sync.Mutex // one thing at a time is done with the machine
	store   *keyStore
	machine *crypto.OlmMachine
	fresh   map[id.RoomID]map[id.UserID]bool // rooms whose key was made in this run, and for whom
	asked   map[id.SessionID]time.Time       // when a key was last asked for
	arrived []chat.Event                     // keys that have come
}

// forget has the machine made again: its token is old.
func (k *keys) forget() { k.stale.Store(true) }

var errNoKeys = errors.New("there is no place for keys")

// openStore opens the file of keys. busy is held, or nothing runs yet.
func (c *Connector) openStore(ctx context.Context) (*keyStore, error) {
	k := &c.keys
	if k.store != nil {
		return k.store, nil
	}
	if c.env.DB == nil || len(c.env.Secret) == 0 {
		return nil, errNoKeys
	}
	db, err := dbutil.NewWithDB(c.env.DB, "sqlite")
	if err != nil {
		return nil, err
	}
	pickle, err := hkdf.Key(sha256.New, c.env.Secret, nil, "matrix keys "+string(c.cfg.bot()), 32)
	if err != nil {
		return nil, err
	}
	s := crypto.NewSQLCryptoStore(db, dbutil.NoopLogger, c.env.Name, "", pickle)
	if err := s.DB.Upgrade(ctx); err != nil {
		return nil, fmt.Errorf("open the file of keys: %w", err)
	}
	if s.DeviceID, err = s.FindDeviceID(ctx); err != nil {
		return nil, fmt.Errorf("open the file of keys: %w", err)
	}
	k.store = &keyStore{s}
	return k.store, nil
}

// deviceName is the device that is logged in: the one whose keys there are, else
// a new one.
func (c *Connector) deviceName(ctx context.Context) id.DeviceID {
	c.keys.busy.Lock()
	defer c.keys.busy.Unlock()
	s, err := c.openStore(ctx)
	switch {
	case err != nil:
		return "HASHSEND"
	case s.DeviceID == "":
		s.DeviceID = id.DeviceID("HASHSEND" + rand.Text()[:6])
	}
	return s.DeviceID
}

// ready returns the machine, which is made at the first use. busy is held. A final
// error says why there is no encryption.
func (c *Connector) ready(ctx context.Context) (_ *crypto.OlmMachine, err error) {
	k := &c.keys
	if k.stale.Swap(false) {
		k.machine, k.store = nil, nil
	}
	if k.machine != nil {
		return k.machine, nil
	}
	defer func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.trouble = err
	}()
	s, err := c.openStore(ctx)
	if err != nil {
		return nil, retry.Never(err)
	}
	cl, err := c.device(ctx, s)
	if err != nil {
		return nil, err
	}
	account, err := s.GetAccount(ctx)
	if err != nil {
		return nil, retry.Never(fmt.Errorf("the file of keys does not belong to this database (restore both from the same backup): %w", err))
	}
	if account != nil && s.DeviceID != cl.DeviceID {
		return nil, retry.Never(fmt.Errorf("the keys are those of the device %s, and the access token is for another (give the password instead, or a token for that device)", s.DeviceID))
	}
	s.DeviceID = cl.DeviceID
	m := crypto.NewOlmMachine(cl, &c.zlog, s, &roomStates{c})
	m.DisableRatchetTracking = true
	m.SessionReceived = func(_ context.Context, room id.RoomID, session id.SessionID, _ uint32) {
		k.arrived = append(k.arrived, chat.Unlocked{Head: chat.Head{Place: chat.Place{Room: chat.RoomID(room)}, At: time.Now()}, Lock: string(session)})
	}
	if err := m.Load(ctx); err != nil {
		return nil, err
	}
	if !m.GetAccount().Shared {
		there, err := cl.QueryKeys(ctx, &mautrix.ReqQueryKeys{DeviceKeys: mautrix.DeviceKeysRequest{cl.UserID: {cl.DeviceID}}})
		if err != nil {
			return nil, wrap("ask whether our device has keys", err)
		}
		if d := there.DeviceKeys[cl.UserID][cl.DeviceID]; len(d.Keys) > 0 && d.Keys.GetEd25519(cl.DeviceID) != m.OwnIdentity().SigningKey {
			return nil, retry.Never(fmt.Errorf("the device %s of the access token has keys of another program (give the password instead, so that I can make a device of my own)", cl.DeviceID))
		}
	}
	if err := m.ShareKeys(ctx, -1); err != nil {
		return nil, wrap("publish our keys", err)
	}
	if err := c.signDevice(ctx, m, s); err != nil {
		c.env.Log.Warn("our device is not signed, so some programs may give it no keys", "error", err)
	}
	c.stand(ctx, cl, s)
	k.machine, k.fresh = m, map[id.RoomID]map[id.UserID]bool{}
	return m, nil
}

// device returns the client that acts as our device. A service makes one for its
// bot, where the homeserver lets it (MSC4190), else it logs the bot in.
func (c *Connector) device(ctx context.Context, s *keyStore) (*mautrix.Client, error) {
	if c.cfg.AppService == nil {
		cl, err := c.client(c.cfg.bot())
		if err != nil {
			return nil, err
		}
		who, err := cl.Whoami(ctx)
		if err != nil {
			return nil, wrap("ask which device we are", err)
		}
		if who.DeviceID == "" {
			return nil, retry.Never(errors.New("the access token belongs to no device: give the password instead, so that I can make one"))
		}
		cl.DeviceID = who.DeviceID
		return cl, nil
	}
	if err := c.registerBot(ctx); err != nil {
		return nil, err
	}
	name := s.DeviceID
	if name == "" {
		name = id.DeviceID("HASHSEND" + rand.Text()[:6])
	}
	cl, err := mautrix.NewClient(c.cfg.Homeserver, c.cfg.bot(), c.cfg.AppService.ASToken)
	if err != nil {
		return nil, err
	}
	cl.Client, cl.Log, cl.UserAgent, cl.IgnoreRateLimit, cl.SetAppServiceUserID = c.http, c.zlog, "hashsend", true, true
	err = cl.CreateDeviceMSC4190(ctx, name, "hashsend")
	if err == nil {
		who, err := cl.Whoami(ctx)
		if err != nil {
			return nil, wrap("ask which device we are", err)
		}
		if who.DeviceID == name { // Dendrite names the device that was logged in, and lets nobody act as it
			return cl, nil
		}
	} else if status := httpStatus(err); status < 400 || status >= 500 {
		return nil, wrap("make a device", err)
	}
	cl.SetAppServiceUserID, cl.SetAppServiceDeviceID = false, false
	login, err := cl.Login(ctx, &mautrix.ReqLogin{
		Type: mautrix.AuthTypeAppservice, DeviceID: name, InitialDeviceDisplayName: "hashsend",
		Identifier: mautrix.UserIdentifier{Type: mautrix.IdentifierTypeUser, User: c.cfg.bot().Localpart()},
	})
	if err != nil {
		return nil, wrap("log our device in", err)
	}
	cl.AccessToken, cl.DeviceID = login.AccessToken, login.DeviceID
	return cl, nil
}

// reader returns the client that a service reads with: our device, where it was
// logged in, because its keys come that way.
func (c *Connector) reader(ctx context.Context) (*mautrix.Client, error) {
	c.keys.busy.Lock()
	m, err := c.ready(ctx)
	c.keys.busy.Unlock()
	if err == nil && !m.Client.SetAppServiceUserID {
		return m.Client, nil
	}
	if err != nil && !retry.IsNever(err) {
		return nil, err
	}
	return c.bot(ctx)
}

// signDevice signs our device with the account's own identity, which is made where
// the account has none. Its secrets are in the file of keys before it is published.
func (c *Connector) signDevice(ctx context.Context, m *crypto.OlmMachine, s *keyStore) error {
	public, err := m.GetOwnCrossSigningPublicKeys(ctx)
	if err != nil {
		return err
	}
	made, err := s.seeds(ctx)
	if err != nil {
		return err
	}
	var seeds crypto.CrossSigningSeeds
	if made != nil {
		seeds = *made
	} else {
		if public != nil {
			return errors.New("the account has an identity that was made by another program: verify our device there")
		}
		made, err := m.GenerateCrossSigningKeys()
		if err != nil {
			return err
		}
		seeds = made.Seeds()
		raw, err := json.Marshal(seeds)
		if err != nil {
			return err
		}
		if err := s.PutSecret(ctx, "org.hashsend.identity", string(raw)); err != nil {
			return err
		}
	}
	mine, err := seeds.Decode()
	if err != nil {
		return err
	}
	if public == nil {
		err := m.PublishCrossSigningKeys(ctx, &mine, func(ask *mautrix.RespUserInteractive) any {
			if c.cfg.Password == "" {
				return nil
			}
			return &mautrix.ReqUIAuthLogin{BaseAuthData: mautrix.BaseAuthData{Type: mautrix.AuthTypePassword, Session: ask.Session}, User: c.cfg.UserID, Password: c.cfg.Password}
		})
		if err != nil {
			return fmt.Errorf("publish our identity: %w", err)
		}
	} else if public.MasterKey != mine.MasterKey.PublicKey() {
		return errors.New("the account has another identity by now: verify our device there")
	}
	if err := m.ImportCrossSigningKeys(seeds); err != nil {
		return err
	}
	return m.SignOwnDevice(ctx, m.OwnIdentity())
}

// seeds are those of the identity that we have made; nil: none.
func (s *keyStore) seeds(ctx context.Context) (*crypto.CrossSigningSeeds, error) {
	text, err := s.GetSecret(ctx, "org.hashsend.identity")
	if err != nil || text == "" {
		return nil, err
	}
	seeds := &crypto.CrossSigningSeeds{}
	return seeds, json.Unmarshal([]byte(text), seeds)
}

// takeKeys takes in what came to our device. It is on disk when it returns; what
// comes again is harmless. The events say which keys have come.
func (c *Connector) takeKeys(ctx context.Context, news keyNews) ([]chat.Event, error) {
	k := &c.keys
	k.busy.Lock()
	defer k.busy.Unlock()
	m, err := c.ready(ctx)
	if retry.IsNever(err) {
		return nil, nil // Trouble tells it
	}
	if err != nil {
		return nil, err
	}
	if len(news.DeviceLists.Changed) > 0 {
		m.HandleDeviceLists(ctx, &mautrix.DeviceLists{Changed: news.DeviceLists.Changed}, "")
		if slices.Contains(news.DeviceLists.Changed, m.Client.UserID) {
			c.stand(ctx, m.Client, k.store)
		}
	}
	for _, raw := range news.ToDevice.Events {
		var e event.Event
		if json.Unmarshal(raw, &e) != nil {
			continue
		}
		e.Type.Class = event.ToDeviceEventType
		if e.Content.ParseRaw(e.Type) != nil {
			continue
		}
		c.declineVerification(ctx, m, &e)
		w := &waiting{}
		m.HandleToDeviceEvent(context.WithValue(ctx, waitingKey{}, w), &e)
		if err := w.write(ctx, k.store); err != nil {
			k.machine, k.store = nil, nil // what is in memory is ahead of the disk
			return nil, fmt.Errorf("store a key: %w", err)
		}
	}
	if n, told := news.KeyCounts["signed_curve25519"]; told {
		m.HandleOTKCounts(ctx, &mautrix.OTKCount{SignedCurve25519: n})
	}
	m.MarkOlmHashSavePoint(ctx)
	arrived := k.arrived
	k.arrived = nil
	return arrived, nil
}

// roomChanged forgets the key of a room whose members have changed.
func (c *Connector) roomChanged(ctx context.Context, e rawEvent) {
	if e.Type != "m.room.member" || e.StateKey == nil || e.membership() == e.Unsigned.PrevContent.Membership {
		return
	}
	c.keys.busy.Lock()
	defer c.keys.busy.Unlock()
	delete(c.keys.fresh, e.RoomID) // the next message has a new one made
}

// keysTrouble tells why there is no encryption where some is needed.
func (c *Connector) keysTrouble() error {
	c.keys.mu.Lock()
	defer c.keys.mu.Unlock()
	for _, is := range c.keys.rooms {
		if is && c.keys.trouble != nil {
			return fmt.Errorf("encrypted rooms cannot be read: %w", c.keys.trouble)
		}
	}
	return nil
}
