package matrixtext

import (
	"strings"

	"maunium.net/go/mautrix/id"
)

// Users tells our own users from everybody else: the bot, and the ghosts that stand for
// email participants.
type Users struct {
	Bot    id.UserID
	Ghosts string // prefix of the localparts of ghosts; empty: there are no ghosts
	Domain string
}

// Ghost returns the user that stands for the participant with this opaque id.
func (u Users) Ghost(sender string) id.UserID { return id.NewUserID(u.Ghosts+sender, u.Domain) }

// Sender returns the opaque id of the participant that a ghost stands for.
func (u Users) Sender(ghost id.UserID) string {
	return strings.TrimPrefix(ghost.Localpart(), u.Ghosts)
}

// Ours reports whether a user is the bot or a ghost.
func (u Users) Ours(user id.UserID) bool {
	return user == u.Bot || (u.Ghosts != "" && strings.HasPrefix(string(user), "@"+u.Ghosts) && strings.HasSuffix(string(user), ":"+u.Domain))
}
