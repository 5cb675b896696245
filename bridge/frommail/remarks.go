package frommail

import (
	"strings"

	"hashsend/bridge/core"
)

// Remarks are the lines that a message made of a mail has under it in rooms.
func (d Decision) Remarks() string {
	var lines []string
	if d.Mark {
		lines = append(lines, core.RemarkUnproven)
	}
	if d.junk {
		lines = append(lines, core.RemarkJunk)
	}
	if d.notice != "" {
		lines = append(lines, d.notice)
	}
	return strings.Join(lines, "\n")
}
