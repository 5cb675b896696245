package bridge

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"hashsend/bridge/chat"
	"hashsend/bridge/mail"
	"hashsend/bridge/markup"
	"hashsend/bridge/store"
)

// turn is when a person gets a message.
type turn int

const (
	never turn = iota
	later      // with the next digest
	now        // with the mails of this plan
)

// turnOf decides when a person gets a message of a plan.
func (p plan) turnOf(who store.Participant, m store.Message) turn {
	has := p.Correction && p.Have[m.ID].Has(who.ID) // history and resend give people what was not meant for them at first
	switch {
	case !who.Takes(), who.Muted.After(p.Now), m.Participant == who.ID:
		return never
	case !has && (m.Skip.Has(who.ID) || m.At.Before(who.Joined)):
		return never
	case p.Only != nil && !p.Only.Has(who.ID):
		return never
	case p.Digest:
		return now
	case p.Correction && p.Have[m.ID] != nil && !p.Have[m.ID].Has(who.ID):
		return never // this person will see, or has seen, nothing but the new text
	case !p.Correction && p.Have[m.ID].Has(who.ID), who.Mode == store.Paused:
		return never
	}
	// The first mail is an invitation: it says what this is, and how to leave.
	addressed := who.State == store.Invited || p.Mentioned[m.ID].Has(who.ID)
	switch {
	case who.InDigests() && !addressed:
		return later
	case who.Mode == store.Mentions && !addressed && !p.Correction && p.Quotes[m.ID].Of.Participant != who.ID:
		return never
	}
	return now
}

// planTurns reads what turnOf needs, and who is mentioned. Who has what is of interest
// where somebody wants mail in another way than most.
func (w *work) planTurns(p *plan) error {
	special := false
	for _, who := range p.People {
		special = special || (who.Takes() && who.Mode != store.Burst)
	}
	for _, m := range p.Held {
		var err error
		if p.Mentioned[m.ID], err = w.MentionedIn(m.ID); err != nil {
			return err
		}
		if !special {
			continue
		}
		if p.Have[m.ID], err = w.MailedTo(m.ID); err != nil {
			return err
		}
	}
	return nil
}

// digestDue decides when a digest is sent in which something waits since now. at is
// the time of day of daily ones, after midnight.
func digestDue(mode string, now time.Time, at time.Duration) time.Time {
	switch mode {
	case store.Quarter:
		return now.Add(15 * time.Minute)
	case store.Hourly:
		return now.Add(time.Hour)
	case store.Daily:
		y, m, d := now.Date()
		hour, minute := int(at.Hours()), int(at.Minutes())%60
		if due := time.Date(y, m, d, hour, minute, 0, 0, now.Location()); due.After(now) {
			return due
		}
		return time.Date(y, m, d+1, hour, minute, 0, 0, now.Location())
	}
	return now
}

// ParseDigestAt reads the time of day of daily digests, after midnight: "08:00", which
// an empty one is, too.
func ParseDigestAt(s string) (time.Duration, error) {
	if s == "" {
		return 8 * time.Hour, nil
	}
	t, err := time.Parse("15:04", s)
	if err != nil {
		return 0, fmt.Errorf("%q is no time of day, as 08:00", s)
	}
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute, nil
}

// modeOf reads how people name a mode. Empty: it is none.
func modeOf(words []string) string {
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

// modes is what may be written behind "digest".
const modes = "instant, burst, 15min, hourly, daily, mentions or paused"

// modeText words what a mode means for a person. at is when daily digests go out.
func modeText(mode string, at time.Duration) string {
	switch mode {
	case store.Instant:
		return "each message at once"
	case store.Quarter:
		return "a digest every 15 minutes"
	case store.Hourly:
		return "a digest every hour"
	case store.Daily:
		return fmt.Sprintf("a digest every day at %02d:%02d", int(at.Hours()), int(at.Minutes())%60)
	case store.Mentions:
		return "only what mentions or answers them"
	case store.Paused:
		return "nothing for now"
	}
	return "each burst of messages"
}

// byEmail is what stands behind the names of people by email in rooms.
const byEmail = " (email)"

// escapeMarkup writes a name as it stands in the texts of bridge/markup.
var escapeMarkup = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;")

// called words a message for its readers by mail: who is mentioned is called by name
// alone, and those who read that of themselves see it in bold (A25).
func (p plan) called(w *mail.Words, to []store.Participant, m store.Message) {
	for _, who := range p.People {
		if !p.Mentioned[m.ID].Has(who.ID) {
			continue
		}
		w.Text = strings.ReplaceAll(w.Text, who.Name+byEmail, who.Name)
		w.HTML = strings.ReplaceAll(w.HTML, escapeMarkup.Replace(who.Name+byEmail), escapeMarkup.Replace(who.Name))
		if !slices.ContainsFunc(to, func(r store.Participant) bool { return r.ID == who.ID }) {
			continue
		}
		plain := w.HTML
		if plain == "" {
			plain = markup.FromText(w.Text)
		}
		if bold := markup.Strong(plain, who.Name); bold != plain {
			w.HTML = bold
		}
	}
}

// mentioned returns the participants who are mentioned in a text of a room, or by
// the network's own means.
func mentioned(text string, by []chat.Mention, all bool, people []store.Participant) (ids store.IDs) {
	for _, p := range people {
		if !p.Takes() {
			continue
		}
		is := all || typedMention(text, p.Name)
		for _, m := range by {
			is = is || (p.Ghost != "" && strings.Contains(string(m.User), p.Ghost)) || isAt(p, m.Address)
		}
		if is {
			ids = append(ids, p.ID)
		}
	}
	return ids
}

// isAt reports whether a participant reads mail at an address.
func isAt(p store.Participant, address string) bool {
	return address != "" && mail.SameAddress(p.Address, address)
}

// withKnownNames has people by email whom a text mentions under their names in the network stand
// there under those by which the conversation knows them (B20).
func withKnownNames(b chat.Body, by []chat.Mention, people []store.Participant) chat.Body {
	var plain, marked markup.Names
	for _, m := range by {
		for _, p := range people {
			if isAt(p, m.Address) && p.Takes() && p.Name != "" {
				plain.Add("@"+p.Name, m.Name)
				marked.Add("@"+escapeMarkup.Replace(p.Name), escapeMarkup.Replace(m.Name))
			}
		}
	}
	b.Text, b.HTML = renamed(b.Text, plain), renamed(b.HTML, marked)
	return b
}

// renamed puts the ids of names in the places of their mentions.
func renamed(text string, names markup.Names) string {
	var b strings.Builder
	names.Cut("", text, func(piece, id string) { b.WriteString(cmp.Or(id, piece)) })
	return b.String()
}

// typedMention reports whether "@name" stands in a text as words of their own. Where
// a network has no user for a person by email, that is how people write.
func typedMention(text, name string) bool {
	if name == "" {
		return false
	}
	text, want := strings.ToLower(text), "@"+strings.ToLower(name)
	for from := 0; ; {
		i := strings.Index(text[from:], want)
		if i < 0 {
			return false
		}
		before, _ := utf8.DecodeLastRuneInString(text[:from+i])
		after, _ := utf8.DecodeRuneInString(text[from+i+len(want):])
		part := func(r rune) bool { return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r)) }
		if !part(before) && !part(after) {
			return true
		}
		from += i + len(want)
	}
}

// noteMentions stores who is addressed in a message.
func (w *work) noteMentions(m store.Message, who store.IDs) error {
	for _, id := range who {
		if err := w.AddMention(m.ID, id); err != nil {
			return err
		}
	}
	return nil
}

// atOnce mails a message to those who want no hold, when its files are there.
func (w *work) atOnce(m store.Message) error {
	people, err := w.Participants(m.Thread)
	if err != nil {
		return err
	}
	var only store.IDs
	for _, who := range people {
		if who.Takes() && who.Mode == store.Instant {
			only = append(only, who.ID)
		}
	}
	if only == nil {
		return nil
	}
	if ready, err := w.complete([]store.Message{m}); err != nil || len(ready) == 0 {
		return err
	}
	p, err := w.planFor(m.Thread, []store.Message{m})
	if err != nil {
		return err
	}
	p.Only = only
	return w.makeMails(p)
}
