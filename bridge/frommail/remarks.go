package frommail

import (
	"strings"

	"hashsend/bridge/core"
)

// Remarks returns the lines shown below the messages of a mail in rooms.
func (d Decision) Remarks() string {
	var lines []string
	if d.mark {
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
