// Package receive takes in what a homeserver tells: pushed to an application service, read
// by a plain account, or read again from a room's history.
package receive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/id"

	"hashsend/bridge/chat"
	"hashsend/bridge/retry"
	"hashsend/connectors/matrix/homeserver"
	"hashsend/connectors/matrix/keys"
	"hashsend/connectors/matrix/matrixtext"
	"hashsend/connectors/matrix/media"
	"hashsend/connectors/matrix/rooms"
)

// Receiver takes in what a homeserver tells. It is safe for several goroutines.
type Receiver struct {
	server *homeserver.Server
	rooms  *rooms.Rooms
	keys   *keys.Keys
	media  *media.Store
	log    *slog.Logger

	reader  matrixtext.Reader
	service *Service

	pushed  atomic.Bool // the homeserver pushes deletions
	fetched atomic.Bool // a deletion, or a typing notice, came over /sync
	closed  atomic.Bool // an application service may not read with /sync
	pushes  pushes
	lines   lines
	broken  chan struct{} // a connection was broken off

	mu      sync.Mutex
	unheard error                // why nothing arrives from the homeserver; nil: it does, or nobody knows
	calls   map[caller]time.Time // when somebody last started a call
	told    map[id.RoomID]bool   // rooms whose encryption was handed over in this run
}

type caller struct {
	room id.RoomID
	user id.UserID
}

// Service is where an application service is reached.
type Service struct {
	Listen string // address that the homeserver pushes to
	URL    string // the same, as the homeserver sees it
	Token  string // the homeserver shows it to us
}

// New returns a Receiver. service is nil for a plain account.
func New(s *homeserver.Server, r *rooms.Rooms, k *keys.Keys, m *media.Store, reader matrixtext.Reader, service *Service, log *slog.Logger) *Receiver {
	return &Receiver{
		server: s, rooms: r, keys: k, media: m, log: log, reader: reader, service: service,
		pushes: pushes{checked: map[chat.RoomID]bool{}}, broken: make(chan struct{}, 1), calls: map[caller]time.Time{}, told: map[id.RoomID]bool{},
	}
}

// Run receives until ctx ends; see chat.Connector.
func (r *Receiver) Run(ctx context.Context, cursor string, handle chat.Handler) error {
	if r.service != nil {
		return r.serve(ctx, cursor, handle)
	}
	return r.sync(ctx, cursor, handle)
}

// lookup is how long the events of one push or sync may wait for names and ranks: a
// homeserver that has just started pushes before it answers.
const lookup = 10 * time.Second

// events converts raw events, in order. Unreadable events are left out: they must not stop
// those after them. room is used where an event does not name its own.
func (r *Receiver) events(ctx context.Context, room id.RoomID, raw []json.RawMessage) (events []chat.Event) {
	ctx, cancel := context.WithTimeout(ctx, lookup)
	defer cancel()
	for _, one := range raw {
		e, err := matrixtext.ParseEvent(one)
		if err != nil {
			r.log.Warn("an event of the homeserver is unreadable and was left out", "error", err)
			continue
		}
		if e.RoomID == "" {
			e.RoomID = room
		}
		events = append(events, r.event(ctx, e, one)...)
	}
	return events
}

// event converts one event. It is nil for those that do not concern the bridge.
func (r *Receiver) event(ctx context.Context, e matrixtext.Event, raw json.RawMessage) (events []chat.Event) {
	r.rooms.Note(e)
	r.recall(ctx, &e)
	if e.Type == "m.room.member" && e.StateKey != nil && e.Membership() != e.Unsigned.PrevContent.Membership {
		r.keys.MembersChanged(e.RoomID)
	}
	switch {
	case e.Type == "m.room.encryption" && e.StateKey != nil:
		return r.encrypted(e)
	case e.Type == "m.room.encrypted" && e.StateKey == nil:
		if r.reader.Ours(e.Sender) {
			return nil
		}
		return append(r.encrypted(e), r.decrypted(ctx, e, raw)...)
	}
	if ev := r.reader.Convert(e); ev != nil && !r.repeatsCall(e) {
		return []chat.Event{aged(r.complete(ctx, ev), e)}
	}
	return nil
}

// aged marks an event that is not told as it happens: the room may have been linked since.
func aged(ev chat.Event, e matrixtext.Event) chat.Event {
	if e.Age() < pushedLate {
		return ev
	}
	return late(ev)
}

// late marks an event as one that is not told as it happens.
func late(ev chat.Event) chat.Event {
	switch ev := ev.(type) {
	case chat.Posted:
		ev.Late = true
		return ev
	case chat.Reacted:
		ev.Late = true
		return ev
	}
	return ev
}

// recall fills in somebody's previous membership, where the homeserver does not push it
// (Dendrite): otherwise a change of name looks like a person who joins.
func (r *Receiver) recall(ctx context.Context, e *matrixtext.Event) {
	if r.service == nil || e.Type != "m.room.member" || e.StateKey == nil || e.Unsigned.PrevContent.Membership != "" || e.Membership() == "invite" {
		return
	}
	who := id.UserID(*e.StateKey)
	if who == r.reader.Bot || r.reader.Ours(who) && r.reader.Ours(e.Sender) {
		return
	}
	bot, err := r.server.Bot(ctx)
	if err != nil {
		return
	}
	var full matrixtext.Event
	if r.server.Get(ctx, bot, mautrix.ClientURLPath{"v3", "rooms", e.RoomID, "event", e.ID}, nil, &full) == nil {
		e.Unsigned = full.Unsigned
	}
}

// sameCall is how long repeated notices of somebody's call are about the same call:
// clients announce one call in several ways, for others that know only one of them.
const sameCall = 2 * time.Minute

// repeatsCall reports whether an event announces a call that was announced just now.
func (r *Receiver) repeatsCall(e matrixtext.Event) bool {
	if !matrixtext.IsCall(e.Type) {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	by, at := caller{e.RoomID, e.Sender}, e.Time()
	last, before := r.calls[by]
	if len(r.calls) > 1000 {
		clear(r.calls)
	}
	r.calls[by] = at
	return before && at.Sub(last).Abs() < sameCall
}

// encrypted notes that a room is encrypted, and hands it over once in a run.
func (r *Receiver) encrypted(e matrixtext.Event) []chat.Event {
	r.rooms.SetEncrypted(e.RoomID)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.told[e.RoomID] {
		return nil
	}
	r.told[e.RoomID] = true
	head := e.Head()
	head.Event = ""
	return []chat.Event{chat.Encrypted{Head: head}}
}

// decrypted reads an encrypted event. If its key is missing it is handed over sealed.
func (r *Receiver) decrypted(ctx context.Context, e matrixtext.Event, raw json.RawMessage) []chat.Event {
	sealed, is := e.Sealed(raw)
	if !is {
		return nil
	}
	ev, err := r.decrypt(ctx, e, raw, false)
	if err != nil {
		r.log.Info("a message cannot be read yet", "event", e.ID, "reason", err)
		return []chat.Event{sealed}
	}
	if ev == nil {
		return nil
	}
	return []chat.Event{ev}
}

func (r *Receiver) decrypt(ctx context.Context, e matrixtext.Event, raw json.RawMessage, ask bool) (chat.Event, error) {
	plain, err := r.keys.Decrypt(ctx, e, raw, ask)
	if err != nil {
		return nil, err
	}
	ev := r.reader.Convert(plain)
	if ev == nil {
		return nil, nil
	}
	return r.complete(ctx, ev), nil
}

// Unseal reads a message whose key may have come; see chat.Unsealer.
func (r *Receiver) Unseal(ctx context.Context, s chat.Sealed) (chat.Event, error) {
	e, err := matrixtext.ParseEvent(s.Raw)
	if err != nil {
		return nil, retry.Never(err)
	}
	e.RoomID = id.RoomID(s.Place.Room)
	ev, err := r.decrypt(ctx, e, s.Raw, true)
	if p, is := ev.(chat.Posted); is {
		p.Late = true
		return p, err
	}
	return ev, err
}

// Fetch reads one message; see chat.Fetcher.
func (r *Receiver) Fetch(ctx context.Context, p chat.Place, msg chat.MessageID) (chat.Posted, error) {
	bot, err := r.server.Bot(ctx)
	if err != nil {
		return chat.Posted{}, err
	}
	var raw json.RawMessage
	if err := r.server.Get(ctx, bot, mautrix.ClientURLPath{"v3", "rooms", string(p.Room), "event", string(msg)}, nil, &raw); err != nil {
		return chat.Posted{}, fmt.Errorf("read the message: %w", err)
	}
	for _, e := range r.events(ctx, id.RoomID(p.Room), []json.RawMessage{raw}) {
		if posted, is := e.(chat.Posted); is {
			return posted, nil
		}
	}
	return chat.Posted{}, retry.Never(errors.New("this is not a message of a person that could be emailed"))
}

// ephemerals converts what a homeserver tells about a room and does not keep.
func (r *Receiver) ephemerals(room id.RoomID, raw []json.RawMessage) (events []chat.Event) {
	for _, one := range raw {
		if e := r.reader.Typing(room, one, time.Now()); e != nil {
			events = append(events, e)
		}
	}
	return events
}
