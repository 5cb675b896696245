package frommail

import (
	"strings"

	"hashsend/bridge/mail"
	"hashsend/bridge/markup"
)

// pictureMarks returns the placeholders of pictures in plain text: the Content-ID, or the
// alternative text alone, in the forms of Gmail and Outlook.
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

// withoutPictures removes the placeholders from a text. The pictures are posted as files.
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
