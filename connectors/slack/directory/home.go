package directory

import (
	"cmp"
	"context"
	"slices"

	"github.com/slack-go/slack"

	"hashsend/bridge/chat"
	"hashsend/connectors/slack/web"
)

// Home is where the user of a request belongs, as far as the request tells.
type Home struct {
	Team       string // the id of a workspace, or of an organisation
	Enterprise string // the id of an organisation on Enterprise Grid; empty: none, or not told
}

// Seen returns what is known of somebody, in view of what a request tells of their
// home. A home that is foreign makes a stranger of anybody; one of ours gives nobody
// a right.
func (d *Directory) Seen(ctx context.Context, user string, at Home) Person {
	p := d.Person(ctx, user)
	me, _ := d.web.Me(ctx) //nolint:errcheck // then any home is foreign
	if foreign(at, p.homes, me) {
		p.Author.Guest, p.Author.Server, p.Rank = true, cmp.Or(at.Team, at.Enterprise), chat.Member
	}
	return p
}

// isHome tells the ids of our workspace and organisation from others.
func isHome(me web.Identity) func(id string) bool {
	return func(id string) bool { return id != "" && (id == me.Team || id == me.Enterprise) }
}

// homes returns the ids of the workspaces that a user object names as the user's own.
// On Enterprise Grid they may be many, or the organisation itself.
func homes(u slack.User) (all []string) {
	if id := cmp.Or(u.TeamID, u.Profile.Team); id != "" {
		all = append(all, id)
	}
	return append(all, u.Enterprise.Teams...)
}

// ours reports whether a user belongs to our workspace or, on Enterprise Grid, to
// another workspace of our organisation. The organisation decides if both are known:
// in a Slack Connect channel there are people of others, and is_stranger is not set
// for them. A user whose home is not told is not ours.
func ours(u slack.User, homes []string, me web.Identity) bool {
	org := u.Enterprise.EnterpriseID
	switch {
	case u.IsStranger:
		return false
	case org != "" && me.Enterprise != "":
		return org == me.Enterprise
	}
	return slices.ContainsFunc(homes, isHome(me))
}

// foreign reports whether a request comes from somebody of another organisation.
// homes are those that the user has among us. A request that tells nothing is not
// foreign.
func foreign(at Home, homes []string, me web.Identity) bool {
	switch {
	case at == Home{}:
		return false
	case at.Enterprise != "" && me.Enterprise != "":
		return at.Enterprise != me.Enterprise
	}
	return !isHome(me)(at.Team) && !slices.Contains(homes, at.Team)
}
