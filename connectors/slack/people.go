package slack

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"hashsend/bridge/chat"
)

// person is what is known of somebody.
type person struct {
	author  chat.Author
	address string    // of mail; empty unless the app may read it
	rank    chat.Rank // in the workspace
	bot     bool
	until   time.Time // ask again then
}

// channel is what is known of a channel.
type channel struct {
	name    string
	private bool
	shared  bool // with another organisation
	member  bool // we are in it
	direct  bool
	creator string
	until   time.Time
}

// remember is how long what Slack said of people and channels is believed, where
// no event says that it has changed.
const remember = 24 * time.Hour

// person returns what is known of somebody. Where Slack does not tell, the name
// is the id and nothing is allowed.
func (c *Connector) person(ctx context.Context, user string) person {
	c.mu.Lock()
	p, known := c.people[user]
	c.mu.Unlock()
	if known && time.Now().Before(p.until) {
		return p
	}
	me, _ := c.self(ctx)
	p = person{author: chat.Author{ID: chat.UserID(user), Name: user, Server: me.Team, Guest: true}}
	if user == "" {
		return p
	}
	u, err := c.api.GetUserInfoContext(ctx, user)
	if err != nil {
		if !gone(ctx) {
			c.env.Log.Warn("a person's name and rights could not be asked for and count as none", "error", err)
		}
		p.until = time.Now().Add(time.Minute)
	} else {
		p = c.read(*u, me)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.people) > 10000 {
		clear(c.people)
	}
	c.people[user] = p
	return p
}

// read makes a person of what Slack says.
func (c *Connector) read(u slack.User, me identity) person {
	p := person{author: chat.Author{ID: chat.UserID(u.ID), Server: u.TeamID}, bot: u.IsBot || u.ID == "USLACKBOT", address: u.Profile.Email, until: time.Now().Add(remember)}
	for _, name := range []string{u.Profile.DisplayName, u.Profile.RealName, u.RealName, u.Name, u.ID} {
		if p.author.Name = strings.TrimSpace(name); p.author.Name != "" {
			break
		}
	}
	foreign := u.IsStranger || (u.TeamID != "" && me.Team != "" && u.TeamID != me.Team && u.Enterprise.EnterpriseID == "")
	p.author.Guest = u.IsRestricted || u.IsUltraRestricted || foreign
	if (u.IsAdmin || u.IsOwner || u.IsPrimaryOwner) && !p.author.Guest {
		p.rank = chat.Admin
	}
	return p
}

// rank is what somebody is in a channel: who made it is a moderator there.
func (c *Connector) rank(ctx context.Context, user, channelID string) chat.Rank {
	p := c.person(ctx, user)
	if p.rank == chat.Admin || channelID == "" {
		return p.rank
	}
	if ch, err := c.channel(ctx, channelID); err == nil && ch.creator == user {
		return chat.Moderator
	}
	return chat.Member
}

// channel returns what is known of a channel.
func (c *Connector) channel(ctx context.Context, id string) (channel, error) {
	c.mu.Lock()
	ch, known := c.channels[id]
	c.mu.Unlock()
	if known && time.Now().Before(ch.until) {
		return ch, nil
	}
	info, err := c.api.GetConversationInfoContext(ctx, &slack.GetConversationInfoInput{ChannelID: id})
	if err != nil {
		return channel{}, fmt.Errorf("ask what the channel is: %w", mark(err))
	}
	ch = channel{
		name: info.Name, private: info.IsPrivate || info.IsIM || info.IsMpIM, member: info.IsMember || info.IsIM, direct: info.IsIM,
		shared: info.IsExtShared || info.IsPendingExtShared, creator: info.Creator, until: time.Now().Add(remember),
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.channels) > 10000 {
		clear(c.channels)
	}
	c.channels[id] = ch
	return ch, nil
}

// forgetChannel has a channel asked for again.
func (c *Connector) forgetChannel(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.channels, id)
}

// forgetPerson has a person asked for again.
func (c *Connector) forgetPerson(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.people, id)
}

// call uses a method of the Web API and keeps the answer as it is: one odd block
// in a message must not spoil those beside it.
func (c *Connector) call(ctx context.Context, method string, form url.Values, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.cfg.APIURL+method, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := c.http.Do(req)
	if err != nil {
		return mark(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusTooManyRequests {
		seconds, _ := time.ParseDuration(resp.Header.Get("Retry-After") + "s")
		return mark(&slack.RateLimitedError{RetryAfter: seconds})
	}
	if resp.StatusCode != http.StatusOK {
		return mark(slack.StatusCodeError{Code: resp.StatusCode, Status: resp.Status})
	}
	var all json.RawMessage
	if err := json.NewDecoder(http.MaxBytesReader(nil, resp.Body, maxAnswer)).Decode(&all); err != nil {
		return fmt.Errorf("read the answer of %s: %w", method, err)
	}
	var said slack.SlackResponse
	if err := json.Unmarshal(all, &said); err != nil {
		return fmt.Errorf("read the answer of %s: %w", method, err)
	}
	if !said.Ok {
		return mark(slack.SlackErrorResponse{Err: said.Error, Needed: said.Needed, Provided: said.Provided, ResponseMetadata: said.ResponseMetadata})
	}
	return json.Unmarshal(all, into)
}

// maxAnswer is how many bytes of an answer are read.
const maxAnswer = 64 << 20
