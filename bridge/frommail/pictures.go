package frommail

import (
	"strings"

	"hashsend/bridge/mail"
	"hashsend/bridge/markup"
)

// pictureMarks are what mail programs write in the plain text where a picture of the
// mail stands: its Content-ID, or its alternative text alone, as Gmail and Outlook
// put it.
func pictureMarks(m *mail.Message) (lines map[string]bool, anywhere []string) {
	lines = map[string]bool{}
	for _, p := range markup.Pictures(m.HTML) {
		anywhere = append(anywhere, "[cid:"+p.ContentID+"]", "<cid:"+p.ContentID+">")
		if p.Alt != "" {
			anywhere = append(anywhere, "[image: "+p.Alt+"]")
			lines[p.Alt], lines["["+p.Alt+"]"] = true, true
		}
	}
	return lines, anywhere
}

// withoutPictures takes such marks out of a text: the pictures themselves come along
// as files.
func withoutPictures(m *mail.Message, text string) string {
	lines, anywhere := pictureMarks(m)
	if len(anywhere) == 0 {
		return text
	}
	for _, mark := range anywhere {
		text = strings.ReplaceAll(text, mark, "")
	}
	var kept []string
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimRight(line, " ")
		blank := line == "" && len(kept) > 0 && kept[len(kept)-1] == ""
		if !lines[strings.TrimSpace(line)] && !blank {
			kept = append(kept, line)
		}
	}
	return strings.TrimSpace(strings.Join(kept, "\n"))
}
