package imap

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
	"time"

	"hashsend/connectors/imap/wire"
)

// trouble is what a refusal is about, where it is not about one command alone.
type trouble int

const (
	noTrouble    trouble = iota
	connections          // too many at the same time
	busy                 // the server wants to be left alone for some time
	inUse                // it cannot do just this now
	identify             // it wants to know which program this is (RFC 2971)
	wrongSecrets         // it says that user and password do not fit
)

// Words of servers for too many connections. Sources: Dovecot
// (mail_max_userip_connections), Courier (MAXPERIP), Gmail ("Too many
// simultaneous connections. (Failure)"), Exchange ("User is authenticated but not
// connected" comes with a throttled session), Cyrus ("too many connections from
// your host"), Zoho, Yahoo ("[LIMIT] … Rate limit hit").
var connectionWords = []string{"number of connections", "many connections", "many simultaneous", "concurrent connections", "connection limit", "connections exceeded", "too many sessions", "max_userip"}

// Words of servers that want a pause. Sources: Exchange ("Request is throttled.
// Suggested Backoff Time: N milliseconds"), Gmail ("Account exceeded command or
// bandwidth limits"), Yahoo ("Rate limit hit").
var busyWords = []string{"throttled", "rate limit", "exceeded command or bandwidth", "try again later", "server busy", "temporarily unavailable", "too many commands"}

// Words of the servers of NetEase (163.com, 126.com, yeah.net) to programs that
// have not sent ID.
var identifyWords = []string{"unsafe login", "id command", "send id"}

var backoffTime = regexp.MustCompile(`(?i)backoff time:?\s*(\d{1,9})\s*(milliseconds|ms|seconds|s)?`)

// troubleOf reads a refusal. The pause is what the server asked for; 0: it did
// not say.
func troubleOf(err error) (kind trouble, pause time.Duration) {
	var said *wire.Said
	if !errors.As(err, &said) {
		return noTrouble, 0
	}
	text := strings.ToLower(said.Text)
	if m := backoffTime.FindStringSubmatch(text); m != nil {
		n, _ := strconv.Atoi(m[1]) //nolint:errcheck // the pattern has digits only
		unit := time.Millisecond
		if strings.HasPrefix(m[2], "s") {
			unit = time.Second
		}
		return busy, min(max(time.Duration(n)*unit, time.Second), time.Hour)
	}
	switch {
	case hasAny(text, connectionWords):
		return connections, 0
	case hasAny(text, identifyWords):
		return identify, 0
	case said.Code == "AUTHENTICATIONFAILED" || said.Code == "AUTHORIZATIONFAILED" || said.Code == "EXPIRED":
		return wrongSecrets, 0
	case said.Code == "LIMIT" || hasAny(text, busyWords) && said.Code != "SERVERBUG":
		return busy, 0
	case said.Code == "UNAVAILABLE" || said.Code == "INUSE":
		return inUse, 0
	}
	return noTrouble, 0
}

// ofAll reports whether a refusal is about all that we could ask.
func (t trouble) ofAll() bool { return t == connections || t == busy }

func hasAny(text string, words []string) bool {
	for _, w := range words {
		if strings.Contains(text, w) {
			return true
		}
	}
	return false
}
