package slacktext

import (
	"slices"
	"strings"

	"hashsend/bridge/markup"
)

// fallbackText is a plain text as Slack shows it where it has no room for blocks, with
// the mentions that the blocks have.
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
