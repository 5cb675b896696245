package homeserver

import (
	"context"
	"encoding/json"
	"strconv"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/id"
)

// PageSize is how many events of a room's history are asked for at once.
const PageSize = 100

// Page is a part of a room's history, newest event first.
type Page struct {
	Chunk []json.RawMessage `json:"chunk"`
	End   string            `json:"end"` // where the next page starts
}

// Last reports whether there is nothing to read after this page, which started at from.
func (p Page) Last(from string) bool { return p.End == "" || p.End == from || len(p.Chunk) == 0 }

// History reads one page of a room's history, backwards. An empty from starts at the
// newest event; an empty to goes back to the beginning.
func (s *Server) History(ctx context.Context, room id.RoomID, from, to string) (p Page, err error) {
	cl, err := s.Bot(ctx)
	if err != nil {
		return p, err
	}
	query := map[string]string{"dir": "b", "limit": strconv.Itoa(PageSize)}
	if from != "" {
		query["from"] = from
	}
	if to != "" {
		query["to"] = to
	}
	return p, s.Get(ctx, cl, mautrix.ClientURLPath{"v3", "rooms", room, "messages"}, query, &p)
}
