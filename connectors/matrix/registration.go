package matrix

import (
	"crypto/rand"
	"fmt"
	"regexp"
	"strings"
)

// NewToken returns a new token for an application service.
func NewToken() string { return strings.ToLower(rand.Text() + rand.Text() + rand.Text()) }

// Registration returns the file that the homeserver's admin installs (application service
// API, "Registration"). It has both tokens.
func Registration(cfg Config) ([]byte, error) {
	if cfg.AppService == nil {
		return nil, errNoAppService
	}
	c := cfg.withDefaults()
	a := c.AppService
	domain := regexp.QuoteMeta(c.Domain)
	return fmt.Appendf(nil, `# Install this file on the homeserver (Synapse: app_service_config_files,
# Dendrite: app_service_api.config_files) and restart it. Keep it secret: with its
# tokens the homeserver and hashsend sign in to each other.
id: %q
url: %q
as_token: %q
hs_token: %q
# Not the bot: some homeservers do not let this user read /sync.
sender_localpart: %q
namespaces:
  users:
    - exclusive: true
      regex: '^@%s:%s$'
    - exclusive: true
      regex: '^@%s[a-z0-9._=/+-]+:%s$'
  aliases:
    - exclusive: true
      regex: '^#%s[a-z0-9._=/+-]+:%s$'
  rooms: []
rate_limited: false
receive_ephemeral: true
de.sorunome.msc2409.push_ephemeral: true
org.matrix.msc3202: true
io.element.msc4190: true
`, a.ID, a.URL, a.ASToken, a.HSToken, a.Ghosts+"service", regexp.QuoteMeta(a.Bot), domain, regexp.QuoteMeta(a.Ghosts), domain, regexp.QuoteMeta(a.Ghosts), domain), nil
}
