package matrix

import (
	"context"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/id"

	"hashsend/bridge/chat"
)

// mention adds to the content of a person's message whom it names with an @ in front:
// members of the room by their exact name, if only one has it. It costs a request
// only where there is such an @.
func (c *Connector) mention(ctx context.Context, cl *mautrix.Client, m chat.Outgoing, content map[string]any) {
	if m.As.ID == "" || !hasMention(m.Body.Text) {
		return
	}
	members, err := cl.JoinedMembers(ctx, id.RoomID(m.Place.Room))
	if err != nil {
		c.env.Log.Debug("members of a room are not known: nobody is mentioned", "error", err)
		return
	}
	names := map[id.UserID]string{}
	for user, member := range members.Joined {
		if !c.cfg.ours(user) {
			names[user] = member.DisplayName
		}
	}
	if users := mentioned(m.Body.Text, names); len(users) > 0 {
		content["m.mentions"] = map[string]any{"user_ids": users}
	}
}

// pill is how clients write whom somebody mentions.
var pill = regexp.MustCompile(`(?s)<a\s+href="https://matrix\.to/#/([^"?]+)[^"]*"[^>]*>(.*?)</a>`)

// showPeople makes the names of people by email bold where they are mentioned: links
// to users lead nowhere in a mail.
func (c Config) showPeople(formatted string) string {
	return pill.ReplaceAllStringFunc(formatted, func(link string) string {
		part := pill.FindStringSubmatch(link)
		user, err := url.PathUnescape(part[1])
		if err != nil || !c.ours(id.UserID(user)) {
			return link
		}
		return "<strong>" + part[2] + "</strong>"
	})
}

// hasMention reports whether a word begins with an @.
func hasMention(text string) bool {
	for i := range len(text) {
		if text[i] == '@' && startsWord(text, i) {
			return true
		}
	}
	return false
}

// mentioned returns the users whose names stand in a text behind an @, in the order of
// their ids. A name that two have is nobody's; the longest name that fits counts.
func mentioned(text string, names map[id.UserID]string) (users []string) {
	of := map[string][]id.UserID{}
	for user, name := range names {
		if name = strings.ToLower(strings.TrimSpace(name)); name != "" {
			of[name] = append(of[name], user)
		}
	}
	lower := strings.ToLower(text)
	for i := range len(lower) {
		if lower[i] != '@' || !startsWord(lower, i) {
			continue
		}
		best := ""
		for name := range of {
			if rest, is := strings.CutPrefix(lower[i+1:], name); is && endsWord(rest) && len(name) > len(best) {
				best = name
			}
		}
		if who := of[best]; len(who) == 1 && !slices.Contains(users, string(who[0])) {
			users = append(users, string(who[0]))
		}
	}
	slices.Sort(users)
	return users
}

// startsWord reports whether the @ at i is no part of an address.
func startsWord(text string, i int) bool {
	r, _ := utf8.DecodeLastRuneInString(text[:i])
	return i == 0 || !(unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("._%+-/:", r))
}

func endsWord(rest string) bool {
	r, _ := utf8.DecodeRuneInString(rest)
	return rest == "" || !(unicode.IsLetter(r) || unicode.IsDigit(r))
}
