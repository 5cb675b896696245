// Package directory knows the people and channels of a workspace: names, rights,
// memberships, groups and custom emoji. It asks Slack and remembers the answers for
// a while, in memory only.
package directory

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"hashsend/bridge/chat"
	"hashsend/connectors/slack/web"
)

// Directory answers questions about one workspace. It is safe for several
// goroutines.
type Directory struct {
	web *web.Client

	mu       sync.Mutex
	people   map[string]Person
	channels map[string]Channel
	groups   map[string]string // names of user groups; nil: not asked for yet
	emoji    map[string]string // the workspace's own; nil: not asked for yet
}

// New makes a directory that knows nothing yet.
func New(w *web.Client) *Directory {
	return &Directory{web: w, people: map[string]Person{}, channels: map[string]Channel{}}
}

// Person is a user of the workspace, or of a shared channel.
type Person struct {
	Author  chat.Author
	Address string    // of email; empty unless the app may read it
	Rank    chat.Rank // in the workspace
	Bot     bool
	homes   []string  // ids of the workspaces, and of the organisation, that the person belongs to
	until   time.Time // then Slack is asked again
}

const (
	// remember is how long an answer counts unless an event says that it has changed.
	remember = 24 * time.Hour
	most     = 20000 // people or channels that are remembered
)

// Person looks up a user. If Slack does not answer, the name is the id, and the person
// is a guest.
func (d *Directory) Person(ctx context.Context, user string) Person {
	d.mu.Lock()
	p, known := d.people[user]
	d.mu.Unlock()
	if known && time.Now().Before(p.until) {
		return p
	}
	me, _ := d.web.Me(ctx)
	p = Person{Author: chat.Author{ID: chat.UserID(user), Name: user, Server: me.Team, Guest: true}}
	if user == "" {
		return p
	}
	u, err := d.web.API.GetUserInfoContext(ctx, user)
	if err != nil {
		if ctx.Err() == nil {
			d.web.Log.Warn("could not look up a person; treating them as a guest", "error", err)
		}
		d.learn(p, time.Minute)
		return p
	}
	p = read(*u, me)
	if me.Team == "" { // it is not known yet whether the person is of our workspace
		return p
	}
	d.Learn(p)
	return p
}

// Learn remembers a person, so that Slack is not asked again for a while.
func (d *Directory) Learn(p Person) { d.learn(p, remember) }

func (d *Directory) learn(p Person, long time.Duration) {
	p.until = time.Now().Add(long)
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.people) > most {
		clear(d.people)
	}
	d.people[string(p.Author.ID)] = p
}

// ForgetPerson forgets a person, so that Slack is asked again.
func (d *Directory) ForgetPerson(id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.people, id)
}

// read makes a person of a user object.
func read(u slack.User, me web.Identity) Person {
	p := Person{Author: chat.Author{ID: chat.UserID(u.ID), Server: u.TeamID}, Bot: u.IsBot || u.ID == "USLACKBOT", Address: u.Profile.Email}
	for _, name := range []string{u.Profile.DisplayName, u.Profile.RealName, u.RealName, u.Name, u.ID} {
		if p.Author.Name = strings.TrimSpace(name); p.Author.Name != "" {
			break
		}
	}
	p.homes = homes(u)
	p.Author.Guest = u.IsRestricted || u.IsUltraRestricted || !ours(u, p.homes, me)
	if (u.IsAdmin || u.IsOwner || u.IsPrimaryOwner) && !p.Author.Guest && slices.ContainsFunc(p.homes, isHome(me)) {
		p.Rank = chat.Admin
	}
	return p
}

// Rank is a person's rank in a channel: its creator is a moderator there. Guests and
// people of other organisations have none.
func (d *Directory) Rank(ctx context.Context, p Person, channel string) chat.Rank {
	if p.Author.Guest {
		return chat.Member
	}
	if p.Rank == chat.Admin || channel == "" {
		return p.Rank
	}
	if ch, err := d.Channel(ctx, channel); err == nil && ch.Creator == string(p.Author.ID) {
		return chat.Moderator
	}
	return chat.Member
}
