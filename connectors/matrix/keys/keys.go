//go:build goolm

package keys

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"hashsend/bridge/chat"
	"hashsend/bridge/retry"
	"hashsend/connectors/matrix/homeserver"
	"hashsend/connectors/matrix/rooms"
)

// Keys is the bridge's own device with its keys. It is safe for several goroutines.
type Keys struct {
	server *homeserver.Server
	rooms  *rooms.Rooms
	file   *File
	log    *slog.Logger

	mu       sync.Mutex // guards the two that follow
	trouble  error      // why there is no encryption; nil: there is, or nobody knows
	standing string     // how others see our device, in words

	busy    sync.Mutex // the machine does one thing at a time; guards all that follows
	machine *crypto.OlmMachine
	signIn  int                              // Server.Lost when the machine was made
	fresh   map[id.RoomID]map[id.UserID]bool // rooms whose key was made in this run, and for whom
	asked   map[id.SessionID]time.Time       // when a key was last asked for
	arrived []chat.Event                     // keys that have come
}

// New returns the keys of our own user. Its device is made when it is first needed.
func New(s *homeserver.Server, r *rooms.Rooms, f *File, log *slog.Logger) *Keys {
	return &Keys{server: s, rooms: r, file: f, log: log}
}

// ready returns the machine, which is made when it is first needed. busy is held. A final
// error says why there is no encryption.
func (k *Keys) ready(ctx context.Context) (_ *crypto.OlmMachine, err error) {
	if lost := k.server.Lost(); lost != k.signIn { // its token is old
		k.signIn = lost
		k.drop()
	}
	if k.machine != nil {
		return k.machine, nil
	}
	defer func() { k.setTrouble(err) }()
	s, err := k.file.open(ctx)
	if err != nil {
		return nil, retry.Never(err)
	}
	cl, err := k.device(ctx, s)
	if err != nil {
		return nil, err
	}
	m, err := k.load(ctx, cl, s)
	if err != nil {
		return nil, err
	}
	if err := publish(ctx, m); err != nil {
		return nil, err
	}
	if err := k.signDevice(ctx, m, s); err != nil {
		k.log.Warn("our device is not cross-signed; some programs may give it no keys", "error", err)
	}
	k.stand(ctx, cl, s)
	k.machine, k.fresh = m, map[id.RoomID]map[id.UserID]bool{}
	return m, nil
}

func (k *Keys) setTrouble(err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.trouble = err
}

// drop has the machine made again from what is on disk.
func (k *Keys) drop() {
	k.machine = nil
	k.file.reopen()
}

// load makes the machine of a device from the file of keys.
func (k *Keys) load(ctx context.Context, cl *mautrix.Client, s *store) (*crypto.OlmMachine, error) {
	account, err := s.GetAccount(ctx)
	if err != nil {
		return nil, retry.Never(fmt.Errorf("the file of keys does not belong to this database (restore both from the same backup): %w", err))
	}
	if account != nil && s.DeviceID != cl.DeviceID {
		return nil, retry.Never(fmt.Errorf("the keys belong to the device %s, and the access token to another one (set the password instead, or a token of that device)", s.DeviceID))
	}
	k.file.use(s, cl.DeviceID)
	m := crypto.NewOlmMachine(cl, &k.server.Log, s, &roomStates{k})
	m.DisableRatchetTracking = true
	m.SessionReceived = func(_ context.Context, room id.RoomID, session id.SessionID, _ uint32) {
		k.arrived = append(k.arrived, chat.Unlocked{Head: chat.Head{Place: chat.Place{Room: chat.RoomID(room)}, At: time.Now()}, Lock: string(session)})
	}
	return m, m.Load(ctx)
}

// publish makes the homeserver list our device with its keys. It no longer does when the
// device was deleted, or everybody was signed out: then they are uploaded again, because
// without them nobody can encrypt for us.
func publish(ctx context.Context, m *crypto.OlmMachine) error {
	is, err := listed(ctx, m)
	if err != nil {
		return err
	}
	if !is {
		m.GetAccount().Shared = false
	}
	return homeserver.Wrap("publish our keys", m.ShareKeys(ctx, -1))
}

// listed reports whether the homeserver lists our device with its keys. It is a final
// error if the device has the keys of another program: they are not replaced.
func listed(ctx context.Context, m *crypto.OlmMachine) (bool, error) {
	user, device := m.Client.UserID, m.Client.DeviceID
	there, err := m.Client.QueryKeys(ctx, &mautrix.ReqQueryKeys{DeviceKeys: mautrix.DeviceKeysRequest{user: {device}}})
	if err != nil {
		return false, homeserver.Wrap("ask whether our device has keys", err)
	}
	d := there.DeviceKeys[user][device]
	if len(d.Keys) == 0 {
		return false, nil
	}
	if d.Keys.GetEd25519(device) != m.OwnIdentity().SigningKey {
		return false, retry.Never(fmt.Errorf("the access token's device %s has keys of another program (set the password instead, so that a new device can be made)", device))
	}
	return true, nil
}

// watchEvery is how often it is checked that the homeserver lists our device.
const watchEvery = time.Hour

// Watch checks from time to time that the homeserver lists our device with its keys, until
// ctx ends. Otherwise they are published again.
func (k *Keys) Watch(ctx context.Context) {
	for retry.Sleep(ctx, watchEvery) {
		k.busy.Lock()
		if _, err := k.relist(ctx); err != nil && ctx.Err() == nil {
			k.log.Warn("our device does not work", "error", err)
		}
		k.busy.Unlock()
	}
}

// relist returns the machine, after its keys were published again if the homeserver does
// not list them any more. If that cannot be asked at the moment, the machine stays as it
// is. busy is held.
func (k *Keys) relist(ctx context.Context) (*crypto.OlmMachine, error) {
	m, err := k.ready(ctx)
	if err != nil {
		return nil, err
	}
	is, err := listed(ctx, m)
	switch {
	case retry.IsNever(err):
		k.drop()
		k.setTrouble(err)
		return nil, err
	case err != nil:
		k.log.Warn("couldn't ask whether the homeserver lists our device", "error", err)
		return m, nil
	case is:
		return m, nil
	}
	k.log.Warn("the homeserver no longer lists our device; its keys are published again")
	k.drop()
	return k.ready(ctx)
}

// Take processes what came to our device. It is on disk when Take returns; repeats are
// harmless. The events say which keys have come.
func (k *Keys) Take(ctx context.Context, news News) ([]chat.Event, error) {
	k.busy.Lock()
	defer k.busy.Unlock()
	m, err := k.ready(ctx)
	if err == nil && slices.Contains(news.DeviceLists.Changed, m.Client.UserID) {
		m, err = k.ownDevicesChanged(ctx, m)
	}
	if retry.IsNever(err) {
		return nil, nil // Trouble tells it
	}
	if err != nil {
		return nil, err
	}
	s, err := k.file.open(ctx)
	if err != nil {
		return nil, err
	}
	if len(news.DeviceLists.Changed) > 0 {
		m.HandleDeviceLists(ctx, &mautrix.DeviceLists{Changed: news.DeviceLists.Changed}, "")
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
		k.declineVerification(ctx, m, &e)
		w := &waiting{}
		m.HandleToDeviceEvent(context.WithValue(ctx, waitingKey{}, w), &e)
		if err := w.write(ctx, s); err != nil {
			k.drop() // what is in memory is ahead of the disk
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

// ownDevicesChanged looks at our own devices again: ours may have been deleted, or the
// account's identity replaced. busy is held.
func (k *Keys) ownDevicesChanged(ctx context.Context, m *crypto.OlmMachine) (*crypto.OlmMachine, error) {
	again, err := k.relist(ctx)
	if err != nil || again != m {
		return again, err
	}
	s, err := k.file.open(ctx)
	if err != nil {
		return nil, err
	}
	k.stand(ctx, m.Client, s)
	return m, nil
}

// MembersChanged forgets the key of a room: the next message gets a new one.
func (k *Keys) MembersChanged(room id.RoomID) {
	k.busy.Lock()
	defer k.busy.Unlock()
	delete(k.fresh, room)
}

// Trouble tells why there is no encryption, if a room needs it.
func (k *Keys) Trouble() error {
	if !k.rooms.AnyEncrypted() {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.trouble == nil {
		return nil
	}
	return fmt.Errorf("encrypted rooms cannot be read: %w", k.trouble)
}

// roomStates tells the machine what it must know about rooms.
type roomStates struct{ k *Keys }

func (r *roomStates) IsEncrypted(_ context.Context, room id.RoomID) (bool, error) {
	return r.k.rooms.KnownEncrypted(room), nil
}

func (r *roomStates) GetEncryptionEvent(ctx context.Context, room id.RoomID) (*event.EncryptionEventContent, error) {
	cl, err := r.k.server.Bot(ctx)
	if err != nil {
		return nil, err
	}
	var content event.EncryptionEventContent
	if err := cl.StateEvent(ctx, room, event.StateEncryption, "", &content); err != nil {
		return nil, fmt.Errorf("ask how the room is encrypted: %w", err)
	}
	return &content, nil
}

// GetHistoryVisibility says that people who join later get no earlier keys.
func (r *roomStates) GetHistoryVisibility(context.Context, id.RoomID) (*event.HistoryVisibilityEventContent, error) {
	return &event.HistoryVisibilityEventContent{HistoryVisibility: event.HistoryVisibilityJoined}, nil
}

// FindSharedRooms is called while the machine is in use.
func (r *roomStates) FindSharedRooms(_ context.Context, user id.UserID) (shared []id.RoomID, err error) {
	for room, members := range r.k.fresh {
		if members[user] {
			shared = append(shared, room)
		}
	}
	return shared, nil
}

var _ crypto.StateStore = (*roomStates)(nil)

var errOtherIdentity = errors.New("the account has a cross-signing identity that another program made: verify our device there")
