package matrix

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
)

// displayName returns what a person is called in a room; the user id's first part
// where nothing is known.
func (c *Connector) displayName(ctx context.Context, room id.RoomID, user id.UserID) string {
	key := nameKey{room, user}
	c.mu.Lock()
	name, known := c.names[key]
	c.mu.Unlock()
	if known {
		return name
	}
	var content struct {
		Name string `json:"displayname"`
	}
	cl, err := c.bot(ctx)
	if err == nil {
		err = cl.StateEvent(ctx, room, event.StateMember, string(user), &content)
	}
	if httpStatus(err) == http.StatusForbidden { // we are not in that room
		if profile, err := cl.GetDisplayName(ctx, user); err == nil {
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
		c.mu.Lock()
		if len(c.names) > 10000 {
			clear(c.names)
		}
		c.names[key] = name
		c.mu.Unlock()
	}
	return name
}

// linkEvent is the type of the state event that says that a room is linked; the
// power level for it is what a moderator of the bridge needs.
var linkEvent = event.Type{Type: "org.hashsend.bridge", Class: event.StateEventType}

// powers is what is read of m.room.power_levels.
type powers struct {
	Users   map[id.UserID]level `json:"users"`
	Default level               `json:"users_default"`
	Events  map[string]level    `json:"events"`
	Redact  *level              `json:"redact"`
	Notify  struct {
		Room *level `json:"room"`
	} `json:"notifications"`
}

// level is a power level; rooms before version 10 may write it as a text.
type level int

func (l *level) UnmarshalJSON(raw []byte) error {
	n, err := strconv.ParseFloat(strings.Trim(string(raw), "\" "), 64)
	if err == nil {
		*l = level(max(min(n, math.MaxInt32), math.MinInt32))
	}
	return nil // what is no number counts as absent
}

// power returns the power levels of a room and that of a person. Creators who
// stand above all levels have the highest.
func (c *Connector) power(ctx context.Context, room id.RoomID, user id.UserID) (p powers, of level, err error) {
	cl, err := c.bot(ctx)
	if err != nil {
		return p, 0, err
	}
	none := false
	if err := cl.StateEvent(ctx, room, event.StatePowerLevels, "", &p); err != nil {
		if none = httpStatus(err) == http.StatusNotFound; !none {
			return p, 0, err
		}
	}
	of, named := p.Users[user]
	if named {
		return p, of, nil
	}
	if c.created(ctx, cl, room, user, none) {
		return p, math.MaxInt32, nil
	}
	return p, p.Default, nil
}

// rank maps a person's power level on the bridge's ranks.
func (c *Connector) rank(ctx context.Context, room id.RoomID, user id.UserID) chat.Rank {
	p, of, err := c.power(ctx, room, user)
	need, set := p.Events[linkEvent.Type]
	if !set {
		need = 50
	}
	switch {
	case httpStatus(err) == http.StatusForbidden: // we are not in that room
		return chat.Member
	case err != nil:
		c.env.Log.Warn("the rank of a person could not be asked for and counts as none", "error", err)
		return chat.Member
	case of >= 100:
		return chat.Admin
	case of >= need:
		return chat.Moderator
	}
	return chat.Member
}

// mayMentionAll reports whether a person may mention the whole room.
func (c *Connector) mayMentionAll(ctx context.Context, room id.RoomID, user id.UserID) bool {
	p, of, err := c.power(ctx, room, user)
	need := level(50)
	if p.Notify.Room != nil {
		need = *p.Notify.Room
	}
	return err == nil && of >= need
}

// created reports whether a person stands above all power levels as a creator of
// the room: from room version 12 on, and in a room without power levels.
func (c *Connector) created(ctx context.Context, cl *mautrix.Client, room id.RoomID, user id.UserID, noLevels bool) bool {
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
