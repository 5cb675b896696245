package slacktext

import "strings"

// Command returns a command as it was typed: without the links that Slack makes of
// addresses, and without its escapes.
func Command(s string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(s, "<")
		b.WriteString(before)
		inner, after, closed := strings.Cut(rest, ">")
		if !found || !closed {
			b.WriteString(rest)
			break
		}
		target, label, labelled := strings.Cut(inner, "|")
		switch {
		case labelled:
			b.WriteString(label)
		default:
			b.WriteString(strings.TrimPrefix(target, "mailto:"))
		}
		s = after
	}
	return strings.TrimSpace(strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(b.String()))
}
