package directory

import (
	"cmp"
	"context"
	"slices"

	"github.com/slack-go/slack"

	"hashsend/bridge/chat"
	"hashsend/connectors/slack/web"
)

// Home is the workspace and organisation of a user, according to a request.
type Home struct {
	Team       string // the id of a workspace, or of an organisation
	Enterprise string // the id of an organisation on Enterprise Grid; empty: none, or not told
}

// Seen looks up a user, in view of the home that a request names. A foreign home makes
// the person a guest for this request. A home of ours gives no rights.
func (d *Directory) Seen(ctx context.Context, user string, at Home) Person {
	p := d.Person(ctx, user)
	me, _ := d.web.Me(ctx) //nolint:errcheck // then any home is foreign
	if foreign(at, p.homes, me) {
		p.Author.Guest, p.Author.Server, p.Rank = true, cmp.Or(at.Team, at.Enterprise), chat.Member
	}
	return p
}

// isHome reports whether an id is the one of our workspace or organisation.
func isHome(me web.Identity) func(id string) bool {
	return func(id string) bool { return id != "" && (id == me.Team || id == me.Enterprise) }
}

// homes returns the ids of a user's workspaces. On Enterprise Grid there may be several,
// or the id of the organisation.
func homes(u slack.User) (all []string) {
	if id := cmp.Or(u.TeamID, u.Profile.Team); id != "" {
		all = append(all, id)
	}
	return append(all, u.Enterprise.Teams...)
}

// ours reports whether a user belongs to our workspace or, on Enterprise Grid, to
// another workspace of our organisation. If both organisations are known, they decide:
// is_stranger is not set for people from other organisations who share a Slack Connect
// channel with the app. A user without any home is not ours.
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

// foreign reports whether a request comes from another organisation. homes are the
// user's known workspaces. A request that names no home is not foreign.
func foreign(at Home, homes []string, me web.Identity) bool {
	switch {
	case at == Home{}:
		return false
	case at.Enterprise != "" && me.Enterprise != "":
		return at.Enterprise != me.Enterprise
	}
	return !isHome(me)(at.Team) && !slices.Contains(homes, at.Team)
}
