package matrix

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strings"

	"maunium.net/go/mautrix/id"

	"hashsend/connectors/matrix/matrixtext"
)

// Config is one homeserver. AppService or UserID is set, not both.
type Config struct {
	Homeserver  string      `yaml:"homeserver"`          // address of its client API, such as https://matrix.example.org
	Domain      string      `yaml:"domain"`              // the part of user ids after the colon
	AppService  *AppService `yaml:"appservice"`          // run as an application service
	UserID      string      `yaml:"user_id"`             // run as this account
	AccessToken string      `yaml:"access_token,secret"` // of the account
	Password    string      `yaml:"password,secret"`     // of the account, instead of an access token
	Notices     bool        `yaml:"notices"`             // hand over m.notice, the messages of other programs
	Prefix      string      `yaml:"prefix"`              // what a command starts with; empty: !send
	SendStatus  bool        `yaml:"send_status"`         // post com.beeper.message_send_status events for people's messages
}

// AppService has what the registration file says too.
type AppService struct {
	ID      string `yaml:"id"`              // empty: hashsend
	ASToken string `yaml:"as_token,secret"` // we show it to the homeserver
	HSToken string `yaml:"hs_token,secret"` // the homeserver shows it to us
	Listen  string `yaml:"listen"`          // address that the homeserver pushes to; empty: 127.0.0.1:29320
	URL     string `yaml:"url"`             // the same, as the homeserver sees it; empty: http:// and Listen
	Bot     string `yaml:"bot"`             // localpart of our own user; empty: hashsendbot
	Ghosts  string `yaml:"ghosts"`          // prefix of the localparts of ghosts; empty: hashsend_
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

// mistakes collects what is wrong with settings.
type mistakes []error

func (m *mistakes) add(format string, args ...any) { *m = append(*m, fmt.Errorf(format, args...)) }

// Check returns everything that is wrong with the settings.
func (c Config) Check() []error {
	var bad mistakes
	if !isURL(c.Homeserver) {
		bad.add("homeserver: %q is not the address of a homeserver, such as https://matrix.example.org", c.Homeserver)
	}
	if strings.ContainsAny(c.Prefix, " \t\n") {
		bad.add("prefix: %q has a space in it; use one word, such as !send", c.Prefix)
	}
	switch {
	case c.AppService != nil && c.UserID != "":
		bad.add("user_id: both appservice and user_id are set; keep one of them")
	case c.AppService != nil:
		if c.Domain == "" {
			bad.add("domain: missing; it is the part of user ids after the colon, such as example.org")
		}
		c.withDefaults().AppService.check(&bad)
	case c.UserID == "":
		bad.add("user_id: missing; set user_id for a plain account, or appservice")
	default:
		c.checkAccount(&bad)
	}
	return bad
}

// checkAccount checks the settings of a plain account.
func (c Config) checkAccount(bad *mistakes) {
	_, domain, err := id.UserID(c.UserID).Parse()
	switch {
	case err != nil:
		bad.add("user_id: %q is not a valid user id, such as @hashsend:example.org", c.UserID)
	case c.Domain != "" && c.Domain != domain:
		bad.add("domain: %q is not that of user_id (%s); leave it out", c.Domain, domain)
	}
	if c.AccessToken == "" && c.Password == "" {
		bad.add("access_token: missing; set access_token or password")
	}
}

// localpart is what the local part of our own user ids may be made of.
var localpart = regexp.MustCompile(`^[a-z0-9._=/+-]+$`)

func (a AppService) check(all *mistakes) {
	bad := func(format string, args ...any) { all.add("appservice."+format, args...) }
	for _, token := range []struct{ key, value string }{{"as_token", a.ASToken}, {"hs_token", a.HSToken}} {
		if len(token.value) < 16 {
			bad("%s: missing or shorter than 16 characters; hashsend init makes one", token.key)
		}
	}
	if a.ASToken != "" && a.ASToken == a.HSToken {
		bad("hs_token: it is the same as as_token; they must differ")
	}
	if _, port, err := net.SplitHostPort(a.Listen); err != nil || port == "" {
		bad("listen: %q is not an address with a port, such as 127.0.0.1:29320", a.Listen)
	}
	if !isURL(a.URL) {
		bad("url: %q is not an address that a homeserver can push to, such as http://127.0.0.1:29320", a.URL)
	}
	for _, name := range []struct{ key, value string }{{"bot", a.Bot}, {"ghosts", a.Ghosts}} {
		if !localpart.MatchString(name.value) {
			bad("%s: %q may have lower-case letters, digits and ._=/+- only", name.key, name.value)
		}
	}
	if strings.HasPrefix(a.Bot, a.Ghosts) {
		bad("bot: %q starts like the ghosts (%s), so our own user would be one of them", a.Bot, a.Ghosts)
	}
}

// isURL reports whether a text is a web address.
func isURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http")
}

// users are our own users on the homeserver.
func (c Config) users() matrixtext.Users {
	if c.AppService == nil {
		return matrixtext.Users{Bot: id.UserID(c.UserID), Domain: c.Domain}
	}
	return matrixtext.Users{Bot: id.NewUserID(c.AppService.Bot, c.Domain), Ghosts: c.AppService.Ghosts, Domain: c.Domain}
}

var errNoAppService = errors.New("this homeserver is used with a plain account; only an application service has a registration file")
