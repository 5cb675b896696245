package tochat

import (
	"context"
	"html"
	"io"
	"strings"
	"unicode/utf8"

	"hashsend/bridge/chat"
	"hashsend/bridge/core"
	"hashsend/bridge/markup"
	"hashsend/bridge/store"
)

// wholeName is the name of the file with a text that is too long for a room.
const wholeName = "full text.txt"

// wholeNote says where to find the whole text.
const wholeNote = "… The whole message is in the file “" + wholeName + "”."

// BodiesFor makes the bodies of a message for a network, with lines about its files. If whole
// is true, there is one body with the beginning of a long text, and the whole text must follow
// as a file. Where files cannot be posted, a long text has numbered parts.
func BodiesFor(e *core.Env, m store.Message, lines []string, network string) (bodies []chat.Body, whole bool) {
	l := e.Network(network).Limits()
	bodies = planChat(m, lines, l)
	if len(bodies) < 2 || !postsFiles(e, network) {
		return bodies, false
	}
	if short := beginning(m, lines, l); len(short) == 1 {
		return short, true
	}
	return bodies, false
}

// postsFiles reports whether files can be posted in a network.
func postsFiles(e *core.Env, network string) bool {
	can := e.Network(network).Filer != nil
	return can && !e.Network(network).Limits().NoFiles
}

// beginning returns as much of a message as fits a network, with a note and the lines about its
// files.
func beginning(m store.Message, lines []string, l chat.Limits) []chat.Body {
	tail := len(wholeNote) + len(strings.Join(lines, "\n📎 "))
	less := l
	if less.Chars > 0 {
		less.Chars = max(1, l.Chars-tail)
	}
	if less.Text > 0 {
		less.Text = max(1, l.Text-3*tail-partMark)
	}
	first := pieces(m.Text, m.HTML, less)[0]
	m.Text = strings.TrimSpace(first.Text) + "\n\n" + wholeNote
	m.HTML = ""
	if first.HTML != "" {
		m.HTML = first.HTML + "<p><em>" + html.EscapeString(wholeNote) + "</em></p>"
	}
	return planChat(m, lines, l)
}

// WholeAgain posts a new file with the whole text of an edited message. The earlier file, if
// any, is deleted when the new one is posted.
func WholeAgain(w *core.Work, m store.Message, r store.Room, of store.Copy, as chat.Sender) error {
	copies, err := w.Copies(m.ID)
	if err != nil {
		return err
	}
	j := postJob{Target: Target{Network: r.Network, Place: core.Place(r), Room: r.ID}, Message: m.ID, ReplyTo: m.ReplyTo, Whole: true}
	for _, c := range copies {
		if c.Room == r.ID {
			j.Part = max(j.Part, c.Part+1)
		}
	}
	if of.Chat != "" {
		j.Place.Thread = chat.ThreadID(of.Chat)
	}
	j.Out = chat.Outgoing{As: as, Kind: chat.Kind(m.Kind), At: w.Now}
	if err := w.AddCopy(store.Copy{Message: m.ID, Room: r.ID, Part: j.Part, Chat: of.Chat, Whole: true}); err != nil {
		return err
	}
	return Enqueue(w, jobPostFile, w.Key("m", m.ID, r.ID, int64(j.Part)), &j)
}

// DropWhole deletes the files with the whole text of a message in a room, as far as the network
// can, for parts before one. A file that is still waiting to be posted is deleted after it was.
func DropWhole(w *core.Work, message int64, r store.Room, before int) error {
	if w.Env.Network(r.Network).Deleter == nil {
		return nil
	}
	copies, err := w.Copies(message)
	if err != nil {
		return err
	}
	for _, c := range copies {
		if c.Room != r.ID || !c.Whole || c.Stale || c.Part >= before {
			continue
		}
		if err := w.SetStale(c); err != nil {
			return err
		}
		if err := DeleteCopy(w, r, c); err != nil {
			return err
		}
	}
	return nil
}

// wholeText returns the file with the whole text of a message.
func wholeText(m store.Message) chat.Attachment {
	text := strings.ToValidUTF8(m.Text, string(utf8.RuneError))
	if strings.TrimSpace(text) == "" {
		text = markup.ToText(m.HTML)
	}
	return chat.Attachment{
		File: chat.File{Name: wholeName, Type: "text/plain; charset=utf-8", Size: int64(len(text))},
		Open: func(context.Context) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil },
	}
}
