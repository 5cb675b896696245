package matrix

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"hashsend/bridge/chat"
	"hashsend/bridge/retry"
)

// lookup is how long the events of one push or sync may wait for names and
// ranks: a homeserver that has just started pushes before it answers.
const lookup = 10 * time.Second

// events converts raw events, in order. One that cannot be read is left out: it
// must not stop those behind it. room is used where an event does not name its own.
func (c *Connector) events(ctx context.Context, room id.RoomID, raw []json.RawMessage) (events []chat.Event) {
	ctx, cancel := context.WithTimeout(ctx, lookup)
	defer cancel()
	for _, r := range raw {
		e, err := parseEvent(r)
		if err != nil {
			c.env.Log.Warn("an event of the homeserver cannot be read and is left out", "error", err)
			continue
		}
		if e.RoomID == "" {
			e.RoomID = room
		}
		c.note(e)
		c.recall(ctx, &e)
		c.roomChanged(ctx, e)
		if e.Type == "m.room.encryption" && e.StateKey != nil {
			events = append(events, c.encryptedRoom(e)...)
			continue
		}
		if e.Type == "m.room.encrypted" && e.StateKey == nil {
			if !c.cfg.ours(e.Sender) {
				events = append(events, c.encryptedRoom(e)...)
				events = append(events, c.open(ctx, e, r)...)
			}
			continue
		}
		if ev := c.convert(e); ev != nil && !c.repeatsCall(e) {
			events = append(events, aged(c.complete(ctx, ev), e))
		}
	}
	return events
}

// aged marks what is not told as it happens: meanwhile the room may have been linked.
func aged(ev chat.Event, e rawEvent) chat.Event {
	if time.Duration(e.Unsigned.Age)*time.Millisecond < pushedLate {
		return ev
	}
	return late(ev)
}

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

// recall fills in what somebody was in the room before, where the homeserver does
// not say it with the push (Dendrite): a change of name looks like a person who
// enters otherwise.
func (c *Connector) recall(ctx context.Context, e *rawEvent) {
	if c.cfg.AppService == nil || e.Type != "m.room.member" || e.StateKey == nil || e.Unsigned.PrevContent.Membership != "" ||
		e.membership() == "invite" || c.cfg.ours(id.UserID(*e.StateKey)) && c.cfg.ours(e.Sender) || id.UserID(*e.StateKey) == c.cfg.bot() {
		return
	}
	cl, err := c.bot(ctx)
	if err != nil {
		return
	}
	var full rawEvent
	if c.get(ctx, cl, mautrix.ClientURLPath{"v3", "rooms", e.RoomID, "event", e.ID}, nil, &full) == nil {
		e.Unsigned = full.Unsigned
	}
}

// note keeps the caches true.
func (c *Connector) note(e rawEvent) {
	if e.StateKey == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch e.Type {
	case "m.room.member":
		key := nameKey{e.RoomID, id.UserID(*e.StateKey)}
		delete(c.names, key)
		if e.membership() != "join" {
			delete(c.joined, key)
		}
		if e.membership() == "invite" && key.user == c.cfg.bot() {
			c.via[e.RoomID] = e.Sender.Homeserver()
		}
	case "m.room.tombstone":
		if to := e.replacement(); to != "" {
			c.via[to] = e.Sender.Homeserver()
		}
	}
}

// complete fills in what only the homeserver knows: names and ranks.
func (c *Connector) complete(ctx context.Context, ev chat.Event) chat.Event {
	name := func(h chat.Head) chat.Head {
		if h.By.Name == "" {
			h.By.Name = c.displayName(ctx, id.RoomID(h.Place.Room), id.UserID(h.By.ID))
		}
		return h
	}
	switch e := ev.(type) {
	case chat.Posted:
		e.Head = name(e.Head)
		e.MentionsAll = e.MentionsAll && c.mayMentionAll(ctx, id.RoomID(e.Place.Room), id.UserID(e.By.ID))
		return e
	case chat.Edited:
		e.Head = name(e.Head)
		e.MentionsAll = e.MentionsAll && c.mayMentionAll(ctx, id.RoomID(e.Place.Room), id.UserID(e.By.ID))
		return e
	case chat.Deleted:
		e.Head = name(e.Head)
		return e
	case chat.Reacted:
		e.Head = name(e.Head)
		return e
	case chat.Voted:
		e.Head = name(e.Head)
		return e
	case chat.PollEnded:
		e.Head = name(e.Head)
		e.Moderates = c.mayRedact(ctx, id.RoomID(e.Place.Room), id.UserID(e.By.ID))
		return e
	case chat.Renamed:
		e.Head = name(e.Head)
		return e
	case chat.TopicSet:
		e.Head = name(e.Head)
		return e
	case chat.Moved:
		e.Head = name(e.Head)
		return e
	case chat.Command:
		e.Head = name(e.Head)
		e.Rank = c.rank(ctx, id.RoomID(e.Place.Room), id.UserID(e.By.ID))
		return e
	case chat.Joined:
		e.Head = name(e.Head)
		return e
	case chat.Left:
		e.Head = name(e.Head)
		return e
	case chat.Invited:
		e.Head = name(e.Head)
		if e.As != "" {
			e.Rank = c.rank(ctx, id.RoomID(e.Place.Room), id.UserID(e.By.ID))
		}
		return e
	case chat.PutOut:
		e.Head = name(e.Head)
		return e
	}
	return ev
}

// Describe tells what a room is; see chat.Describer.
func (c *Connector) Describe(ctx context.Context, room chat.RoomID) (d chat.Description, err error) {
	cl, err := c.bot(ctx)
	if err != nil {
		return d, err
	}
	rid := id.RoomID(room)
	var content struct {
		Name  string `json:"name"`
		Alias string `json:"alias"`
		Rule  string `json:"join_rule"`
	}
	var raw json.RawMessage
	get := func(t event.Type, into any) error {
		err := cl.StateEvent(ctx, rid, t, "", into)
		if httpStatus(err) == http.StatusNotFound {
			return nil
		}
		return mark(err)
	}
	if err := errors.Join(get(event.StateRoomName, &content), get(event.StateCanonicalAlias, &content), get(event.StateJoinRules, &content), get(event.StateTopic, &raw)); err != nil {
		return d, fmt.Errorf("ask what the room is: %w", err)
	}
	d.Name, d.Topic, d.Private = cmp.Or(content.Name, content.Alias), topicOf(raw), content.Rule != "public"
	members, err := cl.JoinedMembers(ctx, rid)
	if err != nil {
		return d, fmt.Errorf("ask who is in the room: %w", mark(err))
	}
	var heroes []string
	for user, member := range members.Joined {
		if !c.cfg.ours(user) {
			d.Members++
			heroes = append(heroes, cmp.Or(strings.TrimSpace(member.DisplayName), user.Localpart()))
		}
	}
	if d.Name == "" { // as clients call such a room
		d.Name = together(heroes)
	}
	if d.Encrypted, err = c.isEncrypted(ctx, rid); err != nil {
		return d, fmt.Errorf("ask whether the room is encrypted: %w", err)
	}
	return d, nil
}

// together names a room by the people in it.
func together(names []string) string {
	const most = 5
	slices.Sort(names)
	switch n := len(names); {
	case n == 0:
		return ""
	case n == 1:
		return names[0]
	case n > most:
		return fmt.Sprintf("%s and %d others", strings.Join(names[:most], ", "), n-most)
	default:
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
}

// Join takes an invitation up; see chat.Joiner.
func (c *Connector) Join(ctx context.Context, room chat.RoomID, as chat.UserID) error {
	cl, err := c.invited(ctx, as)
	if err != nil {
		return err
	}
	req := &mautrix.ReqJoinRoom{}
	c.mu.Lock()
	if via := c.via[id.RoomID(room)]; via != "" {
		req.Via = []string{via}
	}
	c.mu.Unlock()
	if _, server, named := strings.Cut(string(room), ":"); named && len(req.Via) == 0 {
		req.Via = []string{server}
	}
	if _, err = cl.JoinRoom(ctx, string(room), req); err != nil || as == "" {
		if crossed(err) {
			return chat.MayNot(fmt.Errorf("enter the room: %w", err))
		}
		return wrap("enter the room", err)
	}
	c.mu.Lock()
	c.joined[nameKey{id.RoomID(room), id.UserID(as)}] = true
	c.mu.Unlock()
	return c.bring(ctx, cl, room)
}

// crossed reports whether Dendrite may have refused an event because another one came
// into the room at the same moment: it takes it when it is asked again. It says the same
// where nobody is invited.
func crossed(err error) bool {
	var he mautrix.HTTPError
	return errors.As(err, &he) && he.RespError != nil && he.RespError.Err == "InputWasRejected"
}

// bring lets our own user into a room that a ghost is in: it alone reads the room's
// state, and has keys.
func (c *Connector) bring(ctx context.Context, ghost *mautrix.Client, room chat.RoomID) error {
	bot, err := c.bot(ctx)
	if err != nil {
		return err
	}
	_, err = bot.JoinRoomByID(ctx, id.RoomID(room))
	if err == nil || !errors.Is(err, mautrix.MForbidden) {
		return wrap("enter a ghost's room", err)
	}
	if _, err := ghost.InviteUser(ctx, id.RoomID(room), &mautrix.ReqInviteUser{UserID: bot.UserID}); err != nil {
		return wrap("invite "+string(bot.UserID)+" as a ghost", err)
	}
	_, err = bot.JoinRoomByID(ctx, id.RoomID(room))
	return wrap("enter a ghost's room", err)
}

// Follow enters the room that another one goes on as; see chat.Follower. Only a room
// that says itself that it comes from the other is taken for it.
func (c *Connector) Follow(ctx context.Context, from, to chat.RoomID, by chat.Author) error {
	cl, err := c.bot(ctx)
	if err != nil {
		return err
	}
	c.mu.Lock()
	if c.via[id.RoomID(to)] == "" { // since room version 12 the id does not name a server
		c.via[id.RoomID(to)] = by.Server
	}
	c.mu.Unlock()
	stranger := retry.Never(errors.New("the new room does not say that it comes from this one"))
	was, err := c.comesFrom(ctx, cl, to) // rooms that are open to all tell it before
	known := err == nil
	if known && was != id.RoomID(from) {
		return stranger
	}
	if err := c.Join(ctx, to, ""); err != nil {
		if errors.Is(err, chat.ErrMayNot) { // not yet, perhaps
			err = retry.After(chat.MayNot(errors.New("nobody has invited me into the new room")), 5*time.Second)
		}
		return err
	}
	if known {
		return nil
	}
	if was, err = c.comesFrom(ctx, cl, to); err != nil {
		return wrap("ask where the new room comes from", err)
	}
	if was != id.RoomID(from) {
		_, err := cl.LeaveRoom(ctx, id.RoomID(to))
		return errors.Join(stranger, mark(err))
	}
	return nil
}

// comesFrom is the room that a room says it goes on from; empty: none.
func (c *Connector) comesFrom(ctx context.Context, cl *mautrix.Client, room chat.RoomID) (id.RoomID, error) {
	var create struct {
		Predecessor struct {
			Room id.RoomID `json:"room_id"` // since room version 12 without an event
		} `json:"predecessor"`
	}
	err := cl.StateEvent(ctx, id.RoomID(room), event.StateCreate, "", &create)
	return create.Predecessor.Room, err
}

// Refuse turns an invitation down; see chat.Joiner.
func (c *Connector) Refuse(ctx context.Context, room chat.RoomID, as chat.UserID, reason string) error {
	cl, err := c.invited(ctx, as)
	if err != nil {
		return err
	}
	// Dendrite forgets the reason of who leaves in the usual way. Rooms of other servers
	// can be left in no other.
	_, err = cl.SendStateEvent(ctx, id.RoomID(room), event.StateMember, string(cl.UserID), map[string]any{"membership": event.MembershipLeave, "reason": reason})
	if err != nil {
		_, err = cl.LeaveRoom(ctx, id.RoomID(room), &mautrix.ReqLeave{Reason: reason})
	}
	return mark(err)
}

func (c *Connector) invited(ctx context.Context, as chat.UserID) (*mautrix.Client, error) {
	if as == "" {
		return c.bot(ctx)
	}
	if c.cfg.AppService == nil || !c.cfg.ours(id.UserID(as)) {
		return nil, retry.Never(fmt.Errorf("%s is no user of ours", as))
	}
	if err := c.register(ctx, id.UserID(as)); err != nil { // somebody may have invited one who has never spoken
		return nil, fmt.Errorf("make a ghost: %w", err)
	}
	return c.client(id.UserID(as))
}

// Create makes a private room, or finds the one made before with this Key; see
// chat.Creator. The key is kept in the room's alias.
func (c *Connector) Create(ctx context.Context, n chat.NewRoom) (chat.RoomID, error) {
	cl, err := c.bot(ctx)
	if err != nil {
		return "", err
	}
	prefix := "hashsend_"
	if c.cfg.AppService != nil {
		prefix = c.cfg.AppService.Ghosts // the registration reserves it
	}
	alias := prefix + strings.ReplaceAll(n.Key, ".", "_")
	if found, err := cl.ResolveAlias(ctx, id.NewRoomAlias(alias, c.cfg.Domain)); err == nil {
		return chat.RoomID(found.RoomID), nil
	} else if httpStatus(err) != http.StatusNotFound {
		return "", fmt.Errorf("look for the room: %w", mark(err))
	}
	var invite []id.UserID
	for _, u := range n.Invite {
		invite = append(invite, id.UserID(u))
	}
	resp, err := cl.CreateRoom(ctx, &mautrix.ReqCreateRoom{Preset: "private_chat", Name: n.Name, RoomAliasName: alias, Invite: invite})
	if err != nil {
		return "", fmt.Errorf("make a room: %w", mark(err))
	}
	return chat.RoomID(resp.RoomID), nil
}

// Fetch reads one message; see chat.Fetcher.
func (c *Connector) Fetch(ctx context.Context, p chat.Place, msg chat.MessageID) (chat.Posted, error) {
	cl, err := c.bot(ctx)
	if err != nil {
		return chat.Posted{}, err
	}
	var raw json.RawMessage
	if err := c.get(ctx, cl, mautrix.ClientURLPath{"v3", "rooms", string(p.Room), "event", string(msg)}, nil, &raw); err != nil {
		return chat.Posted{}, fmt.Errorf("read the message: %w", err)
	}
	for _, e := range c.events(ctx, id.RoomID(p.Room), []json.RawMessage{raw}) {
		if said, is := e.(chat.Posted); is {
			return said, nil
		}
	}
	return chat.Posted{}, retry.Never(errors.New("it is no message of a person that could be mailed"))
}

// Prompt is what a command begins with; see chat.Prompter.
func (c *Connector) Prompt(chat.Place) string { return c.cfg.Prefix }

// ThreadOf names the thread with this root; see chat.Threader.
func (c *Connector) ThreadOf(_ chat.Place, root chat.MessageID) chat.ThreadID {
	return chat.ThreadID(root)
}

// Limits are those of an event of 64 KiB; see chat.Limiter. What is said may stand in it
// four times, as text and as HTML, before and after an edit, and be encrypted. A plain
// account reacts as itself. How large a file may be is known once the homeserver has told
// it.
func (c *Connector) Limits() chat.Limits {
	return chat.Limits{Text: 11 << 10, File: c.maxFile.Load(), OwnReactions: c.cfg.AppService != nil, EachState: c.cfg.SendStatus}
}
