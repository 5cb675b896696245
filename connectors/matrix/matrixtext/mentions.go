package matrixtext

import (
	"fmt"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"maunium.net/go/mautrix/id"

	"hashsend/bridge/markup"
)

// Mention adds to the content of a message the users that its text mentions with an @.
// names are the members who may be mentioned; one is mentioned by their exact name, if
// nobody else has it.
func Mention(c Content, text string, names map[id.UserID]string) {
	users := mentioned(text, names)
	if len(users) == 0 {
		return
	}
	c["m.mentions"] = Content{"user_ids": users}
	// Clients show the link, so that people see who is mentioned.
	formatted, _ := c["formatted_body"].(string)
	if formatted == "" {
		formatted = markup.FromText(c["body"].(string))
	}
	c["format"], c["formatted_body"] = htmlFormat, pills(formatted, names)
}

// pills turns the mentions in a formatted text into links to people. Links and code stay
// as they are.
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

// unlinked counts the elements inside which no link is made: 1 starts one, -1 ends one.
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

// pill is the form in which clients write a mention.
var pill = regexp.MustCompile(`(?s)<a\s+href="https://matrix\.to/#/([^"?]+)[^"]*"[^>]*>(.*?)</a>`)

// showPeople makes mentions of email participants bold: a link to a ghost leads nowhere
// in an email.
func (u Users) showPeople(formatted string) string {
	return pill.ReplaceAllStringFunc(formatted, func(link string) string {
		part := pill.FindStringSubmatch(link)
		user, err := url.PathUnescape(part[1])
		if err != nil || !u.Ours(id.UserID(user)) {
			return link
		}
		return "<strong>" + part[2] + "</strong>"
	})
}

// callable returns the names in the form that markup looks them up in.
func callable(names map[id.UserID]string) (all markup.Names) {
	for user, name := range names {
		all.Add(string(user), name)
	}
	return all
}

// mentioned returns the users whose names follow an @ in a text, ordered by id.
func mentioned(text string, names map[id.UserID]string) (users []string) {
	callable(names).Cut("", text, func(_, user string) {
		if user != "" && !slices.Contains(users, user) {
			users = append(users, user)
		}
	})
	slices.Sort(users)
	return users
}
