package rooms

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"hashsend/bridge/chat"
	"hashsend/connectors/matrix/homeserver"
	"hashsend/connectors/matrix/matrixtext"
)

// Describe tells what a room is; see chat.Describer.
func (r *Rooms) Describe(ctx context.Context, room chat.RoomID) (d chat.Description, err error) {
	bot, err := r.server.Bot(ctx)
	if err != nil {
		return d, err
	}
	in := id.RoomID(room)
	var content struct {
		Name  string `json:"name"`
		Alias string `json:"alias"`
		Rule  string `json:"join_rule"`
	}
	var topic json.RawMessage
	get := func(t event.Type, into any) error {
		err := bot.StateEvent(ctx, in, t, "", into)
		if homeserver.Status(err) == http.StatusNotFound {
			return nil
		}
		return homeserver.Mark(err)
	}
	if err := errors.Join(get(event.StateRoomName, &content), get(event.StateCanonicalAlias, &content), get(event.StateJoinRules, &content), get(event.StateTopic, &topic)); err != nil {
		return d, fmt.Errorf("ask what the room is: %w", err)
	}
	d.Name, d.Topic, d.Private = cmp.Or(content.Name, content.Alias), matrixtext.Topic(topic), content.Rule != "public"
	members, err := r.Members(ctx, in)
	if err != nil {
		return d, err
	}
	d.Members = len(members)
	if d.Name == "" { // as clients name such a room
		var names []string
		for user, name := range members {
			names = append(names, cmp.Or(strings.TrimSpace(name), user.Localpart()))
		}
		d.Name = together(names)
	}
	d.Encrypted, err = r.IsEncrypted(ctx, in)
	return d, err
}

// together names a room after the people in it.
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
