package imap

import (
	"context"
	"slices"
	"strings"

	"hashsend/connectors/imap/wire"
)

// Folders are those that are watched beside the incoming ones; empty: there is none,
// None: it is not to be looked at.
type Folders struct{ Sent, Junk, All string }

// The roles of folders (RFC 6154).
const (
	roleSent = `\sent`
	roleJunk = `\junk`
	roleAll  = `\all`
)

// roles finds the folders that the settings do not name.
func (s *Source) roles(ctx context.Context, x *session) (Folders, error) {
	there, err := x.list(ctx)
	if err != nil {
		return Folders{}, err
	}
	firstOf := func(set, found string) string {
		if set != "" {
			return set
		}
		return found
	}
	return Folders{
		Sent: firstOf(s.cfg.Sent, withRole(there, roleSent, sentNames())),
		Junk: firstOf(s.cfg.Junk, withRole(there, roleJunk, junkNames())),
		All:  firstOf(s.cfg.All, withRole(there, roleAll, nil)),
	}, nil
}

// findSent returns the name of the Sent folder; empty: there is none.
func (x *session) findSent(ctx context.Context) (string, error) {
	all, err := x.list(ctx)
	return withRole(all, roleSent, sentNames()), err
}

// withRole returns the name of the folder with a role, else the first with one of
// the names, nearest to the top; empty: there is none.
func withRole(all []wire.Folder, role string, names []string) string {
	opens := func(f wire.Folder) bool {
		return !slices.Contains(f.Roles, `\noselect`) && !slices.Contains(f.Roles, `\nonexistent`)
	}
	for _, f := range all {
		if opens(f) && slices.Contains(f.Roles, role) {
			return f.Name
		}
	}
	best, depth := "", 0
	for _, f := range all {
		levels := []string{f.Name}
		if f.Delimiter != "" {
			levels = strings.Split(f.Name, f.Delimiter)
		}
		if opens(f) && slices.Contains(names, plainName(levels[len(levels)-1])) && (best == "" || len(levels) < depth) {
			best, depth = f.Name, len(levels)
		}
	}
	return best
}

// plainName makes names of folders comparable.
func plainName(s string) string {
	return strings.Join(strings.Fields(strings.ToLower(s)), " ")
}
