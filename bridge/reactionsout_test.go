package bridge

import (
	"fmt"
	"strings"

	"hashsend/bridge/classify"
	"hashsend/bridge/mail"
)

// shownReaction is what a mail program that knows reactions shows of a mail.
func shownReaction(m *mail.Message) string {
	for _, p := range m.Parts {
		if classify.IsReaction(p) {
			return fmt.Sprintf("\n(shown as %q: RFC 9078)", strings.TrimSpace(p.Content))
		}
	}
	if c := classify.Mail(*m); c.Emoji != "" {
		return fmt.Sprintf("\n(shown as %s: %s)", c.Emoji, c.Rule)
	}
	return ""
}
