package rooms

import (
	"context"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"hashsend/bridge/chat"
	"hashsend/connectors/matrix/homeserver"
)

// DisplayName returns a person's name in a room; the first part of the user id if no name
// is known.
func (r *Rooms) DisplayName(ctx context.Context, room id.RoomID, user id.UserID) string {
	key := member{room, user}
	r.mu.Lock()
	name, known := r.names[key]
	r.mu.Unlock()
	if known {
		return name
	}
	var content struct {
		Name string `json:"displayname"`
	}
	bot, err := r.server.Bot(ctx)
	if err == nil {
		err = bot.StateEvent(ctx, room, event.StateMember, string(user), &content)
	}
	if homeserver.Status(err) == http.StatusForbidden { // we are not in that room
		if profile, err := bot.GetDisplayName(ctx, user); err == nil {
			content.Name = profile.DisplayName
		}
	}
	name = strings.TrimSpace(content.Name)
	if name == "" {
		name = user.Localpart()
	}
	if name == "" {
		name = string(user)
	}
	if err == nil {
		r.mu.Lock()
		if len(r.names) > 10000 {
			clear(r.names)
		}
		r.names[key] = name
		r.mu.Unlock()
	}
	return name
}

// Members returns the display names of the people in a room, without our own users.
func (r *Rooms) Members(ctx context.Context, room id.RoomID) (map[id.UserID]string, error) {
	bot, err := r.server.Bot(ctx)
	if err != nil {
		return nil, err
	}
	members, err := bot.JoinedMembers(ctx, room)
	if err != nil {
		return nil, homeserver.Wrap("ask who is in the room", err)
	}
	names := map[id.UserID]string{}
	for user, m := range members.Joined {
		if !r.server.Users.Ours(user) {
			names[user] = m.DisplayName
		}
	}
	return names, nil
}

// linkEvent is the type of the state event that says that a room is linked. Whoever has
// the power level for it is a moderator of the bridge.
var linkEvent = event.Type{Type: "org.hashsend.bridge", Class: event.StateEventType}

// powers is what we read of m.room.power_levels.
type powers struct {
	Users   map[id.UserID]level `json:"users"`
	Default level               `json:"users_default"`
	Events  map[string]level    `json:"events"`
	Redact  *level              `json:"redact"`
	Notify  struct {
		Room *level `json:"room"`
	} `json:"notifications"`
}

// level is a power level. Rooms before version 10 may write it as a string.
type level int

// moderator is the power level that actions need for which a room sets none.
const moderator level = 50

func (l *level) UnmarshalJSON(raw []byte) error {
	n, err := strconv.ParseFloat(strings.Trim(string(raw), "\" "), 64)
	if err == nil {
		*l = level(max(min(n, math.MaxInt32), math.MinInt32))
	}
	return nil // what is not a number counts as absent
}

// power returns the power levels of a room and that of a person. Creators who are above
// all levels have the highest.
func (r *Rooms) power(ctx context.Context, room id.RoomID, user id.UserID) (p powers, of level, err error) {
	bot, err := r.server.Bot(ctx)
	if err != nil {
		return p, 0, err
	}
	none := false
	if err := bot.StateEvent(ctx, room, event.StatePowerLevels, "", &p); err != nil {
		if none = homeserver.Status(err) == http.StatusNotFound; !none {
			return p, 0, err
		}
	}
	of, named := p.Users[user]
	if named {
		return p, of, nil
	}
	if created(ctx, bot, room, user, none) {
		return p, math.MaxInt32, nil
	}
	return p, p.Default, nil
}

// Rank maps a person's power level to the bridge's ranks. If it cannot be found out, the
// person is a Member.
func (r *Rooms) Rank(ctx context.Context, room id.RoomID, user id.UserID) chat.Rank {
	p, of, err := r.power(ctx, room, user)
	need, set := p.Events[linkEvent.Type]
	if !set {
		need = moderator
	}
	switch {
	case homeserver.Status(err) == http.StatusForbidden: // we are not in that room
		return chat.Member
	case err != nil:
		r.log.Warn("a person's power level is unknown; they count as a member without rights", "error", err)
		return chat.Member
	case of >= 100:
		return chat.Admin
	case of >= need:
		return chat.Moderator
	}
	return chat.Member
}

// MayMentionAll reports whether a person may mention the whole room.
func (r *Rooms) MayMentionAll(ctx context.Context, room id.RoomID, user id.UserID) bool {
	p, of, err := r.power(ctx, room, user)
	need := moderator
	if p.Notify.Room != nil {
		need = *p.Notify.Room
	}
	return err == nil && of >= need
}

// MayRedact reports whether a person may delete other people's messages, and so end their
// polls (MSC3381).
func (r *Rooms) MayRedact(ctx context.Context, room id.RoomID, user id.UserID) bool {
	p, of, err := r.power(ctx, room, user)
	need := moderator
	if p.Redact != nil {
		need = *p.Redact
	}
	return err == nil && of >= need
}

// created reports whether a person is above all power levels as a creator of the room:
// since room version 12, and in a room without power levels.
func created(ctx context.Context, cl *mautrix.Client, room id.RoomID, user id.UserID, noLevels bool) bool {
	full, err := cl.FullStateEvent(ctx, room, event.StateCreate, "")
	if err != nil || full == nil {
		return false
	}
	version, _ := full.Content.Raw["room_version"].(string)
	if n, err := strconv.Atoi(version); (err != nil || n < 12) && !noLevels {
		return false
	}
	additional, _ := full.Content.Raw["additional_creators"].([]any)
	return full.Sender == user || slices.Contains(additional, any(string(user)))
}
