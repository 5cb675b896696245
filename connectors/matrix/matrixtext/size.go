package matrixtext

import (
	"bytes"
	"encoding/json"
	"maps"
	"strings"
	"unicode/utf8"

	"hashsend/bridge/chat"
	"hashsend/bridge/markup"
)

// The size of an event (client-server API, "Size limits"), and what goes off it.
const (
	maxEvent = 65536
	// envelope is for all but the content: ids, hashes, signatures, earlier events.
	envelope = 4096
	// sealing is for what stands beside a ciphertext, and in it beside the content.
	sealing = 1024
)

// MaxText is how many bytes of text and HTML together fit into a message, in encrypted
// rooms too, where an event has room for three quarters of it. A quarter of that is left
// for names, relations, and the characters that take more room in JSON.
const MaxText = 32 << 10

// Fits reports whether an event with this content is within a homeserver's limit.
func Fits(c Content, encrypted bool) bool {
	if 6*bytesIn(c) < maxEvent/2 { // a character takes at most 6 bytes in JSON
		return true
	}
	if encrypted {
		plain, err := json.Marshal(c) // the encryption marshals it in the same way
		return err == nil && (len(plain)+sealing)*4/3+relationSize(c)+envelope <= maxEvent
	}
	var canonical bytes.Buffer
	enc := json.NewEncoder(&canonical)
	enc.SetEscapeHTML(false)
	return enc.Encode(c) == nil && canonical.Len()+envelope <= maxEvent
}

// bytesIn is how many bytes the strings of a content have.
func bytesIn(v any) (n int) {
	switch v := v.(type) {
	case string:
		return len(v)
	case []string:
		for _, one := range v {
			n += len(one) + 3
		}
	case Content:
		for name, one := range v {
			n += len(name) + bytesIn(one) + 6
		}
	default:
		return 20 // a number
	}
	return n
}

// relationSize is what the relation takes, which is not encrypted.
func relationSize(c Content) int {
	raw, err := json.Marshal(c["m.relates_to"])
	if err != nil {
		return maxEvent
	}
	return len(raw)
}

// Plainer returns forms of a message's content, each smaller than the one before. They
// have all of its text: what gets lost is what clients show that know no edits, then
// formatting and links to people.
func Plainer(c Content) []Content {
	forms := []Content{c}
	edit, is := c["m.new_content"].(Content)
	if is {
		c = maps.Clone(plain(c))
		c["body"] = "* " + start(edit["body"].(string), 200)
		forms = append(forms, c)
		if _, formatted := edit["formatted_body"]; formatted {
			c = maps.Clone(c)
			c["m.new_content"] = plain(edit)
			forms = append(forms, c)
		}
		return forms
	}
	if _, formatted := c["formatted_body"]; formatted {
		forms = append(forms, plain(c))
	}
	return forms
}

// plain is a content without formatting.
func plain(c Content) Content {
	c = maps.Clone(c)
	delete(c, "format")
	delete(c, "formatted_body")
	return c
}

// start is the start of a text that is longer than so many bytes, else all of it.
func start(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	return strings.TrimSpace(cut(text, limit)) + "…"
}

// shortText is how many bytes of a text certainly fit into a message.
const shortText = 16 << 10

// Shorter is a message with the start of its text.
func Shorter(m chat.Outgoing) chat.Outgoing {
	m.Body = chat.Body{Text: start(m.Body.Text, shortText)}
	return m
}

// AsFile returns a message that has the start of its text, and the file with all of it.
func AsFile(m chat.Outgoing) (chat.Outgoing, chat.File, string) {
	text := m.Body.Text
	if strings.TrimSpace(text) == "" {
		text = markup.ToText(m.Body.HTML)
	}
	text = strings.ToValidUTF8(text, string(utf8.RuneError))
	f := chat.File{Name: "full text.txt", Type: "text/plain; charset=utf-8", Size: int64(len(text))}
	m.Body = chat.Body{Text: start(text, 2000) + "\n\nThe full text is in the attached file."}
	return m, f, text
}
