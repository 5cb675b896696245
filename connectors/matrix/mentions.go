package matrix

import (
	"context"
	"fmt"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/id"

	"hashsend/bridge/chat"
	"hashsend/bridge/markup"
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
	users := mentioned(m.Body.Text, names)
	if len(users) == 0 {
		return
	}
	content["m.mentions"] = map[string]any{"user_ids": users}
	// Beside it the link by which clients show a person, for people to see who is meant.
	formatted, _ := content["formatted_body"].(string)
	if formatted == "" {
		formatted = markup.FromText(content["body"].(string))
	}
	content["format"], content["formatted_body"] = "org.matrix.custom.html", pills(formatted, names)
}

// pills makes links to people of the mentions in a formatted text. What is a link or
// code already stays as it is.
func pills(formatted string, names map[id.UserID]string) string {
	var out strings.Builder
	inside := 0
	for formatted != "" {
		end := strings.IndexByte(formatted, '<')
		if end == 0 {
			end = strings.IndexByte(formatted, '>') + 1
			if end == 0 {
				end = len(formatted)
			}
			inside += unlinked(formatted[:end])
			out.WriteString(formatted[:end])
			formatted = formatted[end:]
			continue
		}
		if end < 0 {
			end = len(formatted)
		}
		if inside > 0 {
			out.WriteString(formatted[:end])
		} else {
			pillsInText(&out, html.UnescapeString(formatted[:end]), names)
		}
		formatted = formatted[end:]
	}
	return out.String()
}

// unlinked counts the elements in which no link is made: 1 begins one, -1 ends one.
func unlinked(tag string) int {
	name, _, _ := strings.Cut(strings.Trim(tag, "</>"), " ")
	if name != "a" && name != "code" && name != "pre" {
		return 0
	}
	if strings.HasPrefix(tag, "</") {
		return -1
	}
	return 1
}

func pillsInText(out *strings.Builder, text string, names map[id.UserID]string) {
	done := 0
	for _, s := range spans(text, names) {
		out.WriteString(html.EscapeString(text[done:s.from]))
		fmt.Fprintf(out, `<a href="https://matrix.to/#/%s">%s</a>`, html.EscapeString(string(s.user)), html.EscapeString(names[s.user]))
		done = s.to
	}
	out.WriteString(html.EscapeString(text[done:]))
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
// their ids.
func mentioned(text string, names map[id.UserID]string) (users []string) {
	for _, s := range spans(text, names) {
		if !slices.Contains(users, string(s.user)) {
			users = append(users, string(s.user))
		}
	}
	slices.Sort(users)
	return users
}

// span is where a mention stands in a text, the @ included.
type span struct {
	from, to int
	user     id.UserID
}

// spans finds the names behind an @ in a text. A name that two have is nobody's; the
// longest name that fits counts.
func spans(text string, names map[id.UserID]string) (all []span) {
	of := map[string][]id.UserID{}
	for user, name := range names {
		if name = strings.TrimSpace(name); name != "" {
			of[strings.ToLower(name)] = append(of[strings.ToLower(name)], user)
		}
	}
	for i := 0; i < len(text); i++ {
		if text[i] != '@' || !startsWord(text, i) {
			continue
		}
		best, to := "", 0
		for name := range of {
			if n, is := prefixFold(text[i+1:], name); is && endsWord(text[i+1+n:]) && len(name) > len(best) {
				best, to = name, i+1+n
			}
		}
		if who := of[best]; len(who) == 1 {
			all = append(all, span{i, to, who[0]})
			i = to - 1
		}
	}
	return all
}

// prefixFold reports whether a text begins with a name of small letters, whatever the
// case, and how many bytes of the text the name is.
func prefixFold(text, name string) (n int, is bool) {
	for _, want := range name {
		r, size := utf8.DecodeRuneInString(text[n:])
		if size == 0 || unicode.ToLower(r) != want {
			return 0, false
		}
		n += size
	}
	return n, true
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
