package core

import (
	"fmt"
	"strings"
	"time"

	"hashsend/bridge/store"
)

// ParseDigestAt parses the time of day of daily digests and returns it as time after midnight.
// An empty string means 08:00.
func ParseDigestAt(s string) (time.Duration, error) {
	if s == "" {
		return 8 * time.Hour, nil
	}
	t, err := time.Parse("15:04", s)
	if err != nil {
		return 0, fmt.Errorf("%q is not a valid time of day: use HH:MM, such as 08:00", s)
	}
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute, nil
}

// ModeOf returns the mode that words name, or "" if they name none.
func ModeOf(words []string) string {
	switch strings.ToLower(strings.Join(words, " ")) {
	case "instant", "at once":
		return store.Instant
	case "burst", "normal", "off":
		return store.Burst
	case "15", "15m", "15min", "15 min", "15 minutes", "quarter":
		return store.Quarter
	case "hourly", "hour", "1h":
		return store.Hourly
	case "daily", "day", "1d":
		return store.Daily
	case "mentions", "mentions only", "mentioned":
		return store.Mentions
	case "paused", "pause", "none", "nothing":
		return store.Paused
	}
	return ""
}

// Modes lists the arguments of the digest command.
const Modes = "instant, burst, 15min, hourly, daily, mentions or paused"

// ModeText describes what a participant gets in a mode, as the object of "gets". at is the time
// of daily digests after midnight.
func ModeText(mode string, at time.Duration) string {
	switch mode {
	case store.Instant:
		return "each message right away"
	case store.Quarter:
		return "one email every 15 minutes"
	case store.Hourly:
		return "one email an hour"
	case store.Daily:
		return fmt.Sprintf("one email a day at %02d:%02d", int(at.Hours()), int(at.Minutes())%60)
	case store.Mentions:
		return "only messages that mention or reply to them"
	case store.Paused:
		return "no emails for now"
	}
	return "each burst of messages as one email"
}

// ByEmail follows the names of email participants in rooms.
const ByEmail = " (email)"

// EscapeMarkup escapes a name for texts of package markup.
var EscapeMarkup = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;")
