package directory

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/slack-go/slack"

	"hashsend/bridge/chat"
	"hashsend/bridge/markup"
)

const (
	naming     = 5 * time.Second // how long the names of members may take
	askedAlone = 20              // more people than this are asked for by lists
	listPages  = 10
)

// Mentionable returns the members of a channel that an email may mention by an @ and
// their name. It sends requests only if the text has such an @. If any name is
// unknown, it returns nobody, because that name could be the one that was meant.
func (d *Directory) Mentionable(ctx context.Context, channel string, m chat.Outgoing) (all markup.Names) {
	if m.As.ID == "" || !markup.HasMention(m.Body.Text) {
		return all
	}
	ctx, cancel := context.WithTimeout(ctx, naming)
	defer cancel()
	names, err := d.memberNames(ctx, channel)
	if err != nil {
		d.web.Log.Debug("could not look up the members of a channel; mentioning nobody", "error", err)
		return all
	}
	for id, name := range names {
		all.Add(id, name)
	}
	return all
}

// memberNames returns the names of the people in a channel, by id.
func (d *Directory) memberNames(ctx context.Context, channel string) (map[string]string, error) {
	users, err := d.members(ctx, channel)
	if err != nil {
		return nil, err
	}
	if d.unknown(users) > askedAlone {
		if err := d.learnPeople(ctx); err != nil {
			return nil, err
		}
	}
	if n := d.unknown(users); n > askedAlone {
		return nil, fmt.Errorf("the names of %d members are unknown", n)
	}
	names := map[string]string{}
	for _, user := range users {
		p := d.Person(ctx, user)
		switch {
		case d.web.IsMe(ctx, user) || p.Bot:
		case p.Author.Name == user:
			return nil, errors.New("the name of a member is unknown")
		default:
			names[user] = p.Author.Name
		}
	}
	return names, nil
}

// unknown counts the people that are not remembered.
func (d *Directory) unknown(users []string) (n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	for _, user := range users {
		if p, known := d.people[user]; !known || now.After(p.until) {
			n++
		}
	}
	return n
}

// learnPeople reads the list of the workspace's people, as far as a few requests go.
func (d *Directory) learnPeople(ctx context.Context) error {
	me, err := d.web.Me(ctx)
	if err != nil {
		return err
	}
	form := url.Values{"limit": {"1000"}}
	for range listPages {
		var answer struct {
			Members []slack.User `json:"members"`
			Meta    struct {
				Next string `json:"next_cursor"`
			} `json:"response_metadata"`
		}
		if err := d.web.Call(ctx, "users.list", form, &answer); err != nil {
			return fmt.Errorf("list the people in the workspace: %w", err)
		}
		for _, u := range answer.Members {
			d.Learn(read(u, me))
		}
		if answer.Meta.Next == "" {
			break
		}
		form.Set("cursor", answer.Meta.Next)
	}
	return nil
}
