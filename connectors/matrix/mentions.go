package matrix

import (
	"context"
	"fmt"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/id"

	"hashsend/bridge/chat"
	"hashsend/bridge/markup"
)

// mention adds to the content of a person's message whom it names with an @ in front:
// members of the room by their exact name, if only one has it. It costs a request
// only where there is such an @.
func (c *Connector) mention(ctx context.Context, cl *mautrix.Client, m chat.Outgoing, content map[string]any) {
	if m.As.ID == "" || !markup.HasMention(m.Body.Text) {
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
	who, inside := callable(names), 0
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
			pillsInText(&out, html.UnescapeString(formatted[:end]), who, names)
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

func pillsInText(out *strings.Builder, text string, who markup.Names, names map[id.UserID]string) {
	who.Cut("", text, func(piece, user string) {
		if user == "" {
			out.WriteString(html.EscapeString(piece))
			return
		}
		fmt.Fprintf(out, `<a href="https://matrix.to/#/%s">%s</a>`, html.EscapeString(user), html.EscapeString(names[id.UserID(user)]))
	})
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

// callable are the users of these names for markup.
func callable(names map[id.UserID]string) (all markup.Names) {
	for user, name := range names {
		all.Add(string(user), name)
	}
	return all
}

// mentioned returns the users whose names stand in a text behind an @, in the order of
// their ids.
func mentioned(text string, names map[id.UserID]string) (users []string) {
	callable(names).Cut("", text, func(_, user string) {
		if user != "" && !slices.Contains(users, user) {
			users = append(users, user)
		}
	})
	slices.Sort(users)
	return users
}
