// Package matrix connects the bridge to a Matrix homeserver, as an application
// service (each participant is a ghost of its own) or as a plain account on any
// homeserver (participants are shown by name). It keeps no state: what it caches
// can be asked for again.
package matrix

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strings"

	"maunium.net/go/mautrix/id"
)

// Config is one homeserver. AppService or UserID is set, not both.
type Config struct {
	Homeserver  string      `yaml:"homeserver"`          // address of its client API, as https://matrix.example.org
	Domain      string      `yaml:"domain"`              // the part of user ids behind the colon
	AppService  *AppService `yaml:"appservice"`          // run as an application service
	UserID      string      `yaml:"user_id"`             // run as this account
	AccessToken string      `yaml:"access_token,secret"` // of the account
	Password    string      `yaml:"password,secret"`     // of the account, instead of an access token
	Notices     bool        `yaml:"notices"`             // take in m.notice, the words of other programs
	Prefix      string      `yaml:"prefix"`              // what a command begins with; empty: !send
	SendStatus  bool        `yaml:"send_status"`         // com.beeper.message_send_status events at what people write
}

// AppService is what the registration file says too.
type AppService struct {
	ID      string `yaml:"id"`              // empty: hashsend
	ASToken string `yaml:"as_token,secret"` // we show it to the homeserver
	HSToken string `yaml:"hs_token,secret"` // the homeserver shows it to us
	Listen  string `yaml:"listen"`          // address that the homeserver pushes to; empty: 127.0.0.1:29320
	URL     string `yaml:"url"`             // the same as the homeserver sees it; empty: http:// and Listen
	Bot     string `yaml:"bot"`             // localpart of our own user; empty: hashsendbot
	Ghosts  string `yaml:"ghosts"`          // beginning of the localparts of ghosts; empty: hashsend_
}

func (c Config) withDefaults() Config {
	if c.Prefix == "" {
		c.Prefix = "!send"
	}
	if c.AppService != nil {
		a := *c.AppService
		for _, d := range []struct {
			at    *string
			value string
		}{{&a.ID, "hashsend"}, {&a.Listen, "127.0.0.1:29320"}, {&a.Bot, "hashsendbot"}, {&a.Ghosts, "hashsend_"}} {
			if *d.at == "" {
				*d.at = d.value
			}
		}
		if a.URL == "" {
			a.URL = "http://" + a.Listen
		}
		c.AppService = &a
	}
	if c.Domain == "" {
		_, c.Domain, _ = strings.Cut(c.UserID, ":")
	}
	return c
}

// localpart is what the local part of a user id of ours may be made of.
var localpart = regexp.MustCompile(`^[a-z0-9._=/+-]+$`)

// Check returns all that is wrong with the settings.
func (c Config) Check() (errs []error) {
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if u, err := url.Parse(c.Homeserver); err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		bad("homeserver: %q is no address of a homeserver, as https://matrix.example.org", c.Homeserver)
	}
	if strings.ContainsAny(c.Prefix, " \t\n") {
		bad("prefix: %q has a space in it; use one word, as !send", c.Prefix)
	}
	switch {
	case c.AppService != nil && c.UserID != "":
		bad("user_id: both appservice and user_id are set; keep the one you want")
	case c.AppService != nil:
		if c.Domain == "" {
			bad("domain: missing; it is the part of user ids behind the colon, as example.org")
		}
		return append(errs, c.withDefaults().AppService.check()...)
	case c.UserID == "":
		bad("user_id: missing; set user_id for a plain account, or appservice")
	default:
		_, domain, err := id.UserID(c.UserID).Parse()
		switch {
		case err != nil:
			bad("user_id: %q is no user id, as @hashsend:example.org", c.UserID)
		case c.Domain != "" && c.Domain != domain:
			bad("domain: %q is not that of user_id (%s); leave it out", c.Domain, domain)
		}
		if c.AccessToken == "" && c.Password == "" {
			bad("access_token: missing; give access_token or password")
		}
	}
	return errs
}

func (a AppService) check() (errs []error) {
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf("appservice."+format, args...)) }
	if len(a.ASToken) < 16 {
		bad("as_token: missing or shorter than 16 characters; hashsend init makes one")
	}
	if len(a.HSToken) < 16 {
		bad("hs_token: missing or shorter than 16 characters; hashsend init makes one")
	}
	if a.ASToken != "" && a.ASToken == a.HSToken {
		bad("hs_token: it is the same as as_token; they must differ")
	}
	if _, port, err := net.SplitHostPort(a.Listen); err != nil || port == "" {
		bad("listen: %q is no address with a port, as 127.0.0.1:29320", a.Listen)
	}
	if u, err := url.Parse(a.URL); err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		bad("url: %q is no address that a homeserver can push to, as http://127.0.0.1:29320", a.URL)
	}
	for _, name := range []struct{ key, value string }{{"bot", a.Bot}, {"ghosts", a.Ghosts}} {
		if !localpart.MatchString(name.value) {
			bad("%s: %q may have small letters, digits and ._=/+- only", name.key, name.value)
		}
	}
	if strings.HasPrefix(a.Bot, a.Ghosts) {
		bad("bot: %q begins like the ghosts (%s); our own user would be one of them", a.Bot, a.Ghosts)
	}
	return errs
}

// bot is our own user.
func (c Config) bot() id.UserID {
	if c.AppService != nil {
		return id.NewUserID(c.AppService.Bot, c.Domain)
	}
	return id.UserID(c.UserID)
}

// ghost is the user that stands for a participant with this opaque id.
func (c Config) ghost(sender string) id.UserID {
	return id.NewUserID(c.AppService.Ghosts+sender, c.Domain)
}

// sender is the opaque id of the participant for whom a ghost stands.
func (c Config) sender(ghost id.UserID) string {
	return strings.TrimPrefix(ghost.Localpart(), c.AppService.Ghosts)
}

// ours reports whether a user is our own or a ghost.
func (c Config) ours(user id.UserID) bool {
	return user == c.bot() || (c.AppService != nil && strings.HasPrefix(string(user), "@"+c.AppService.Ghosts) && strings.HasSuffix(string(user), ":"+c.Domain))
}

var errNoAppService = errors.New("this homeserver is used with a plain account: only an application service has a registration file")
