package slacktext

import (
	"slices"
	"strings"

	"hashsend/bridge/markup"
)

// fallbackText is the plain text that Slack shows in notifications and other places
// without blocks, with the same mentions as the blocks.
func fallbackText(text string, members markup.Names, ids []string) string {
	var b strings.Builder
	members.Cut("", text, func(piece, id string) {
		if slices.Contains(ids, id) {
			b.WriteString("<@" + id + ">")
			return
		}
		b.WriteString(Escape(markup.Neutral(piece)))
	})
	return within(b.String(), maxFallback)
}
