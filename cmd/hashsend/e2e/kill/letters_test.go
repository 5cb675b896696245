package kill

import (
	"fmt"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"hashsend/bridge/mail"
)

// The words by which texts of the bridge are known.
const (
	corrected   = "Edited: "
	wasBefore   = "(was: "
	tallyOfPoll = " So far: "
	endOfPoll   = "Poll closed: "
	nobodyVoted = "Nobody voted."
	votesFor    = "votes: "
	reactedWith = "reacted with "
	byEmail     = " (email)" // after the names of participants
)

// told is one message in an email, or a correction of it.
type told struct {
	n, version int
	correction bool
}

// letter is what a reader finds in one email.
type letter struct {
	id       string
	answers  []string // In-Reply-To
	said     []told
	lines    map[int][]mark // message -> who reacted with what, by the lines at the end
	reaction bool           // it is one, and nothing else
	emoji    []string       // of the reaction; none: it was taken back
	results  []string       // of polls, by their words
	files    map[string]string
}

var (
	words   = regexp.MustCompile(`m(\d{5})v(\d+)`)
	reacted = regexp.MustCompile(`^(\S+) ([^:“]+): “.*?m(\d{5})v`)
)

// read finds in an email of the bridge what it tells.
func read(m mail.Message) letter {
	l := letter{id: m.ID, answers: m.InReplyTo, lines: map[int][]mark{}, files: map[string]string{}}
	if strings.EqualFold(m.Header.Get("Content-Disposition"), "reaction") {
		l.reaction, l.emoji = true, strings.Fields(m.Parts[0].Content)
		return l
	}
	for _, p := range m.Attachments() {
		l.files[p.Name] = p.Stored
	}
	lines := strings.Split(m.Text, "\n")
	for i, line := range lines {
		switch at := reacted.FindStringSubmatch(line); {
		case strings.HasPrefix(line, "-- "):
			return l
		case strings.HasPrefix(line, ">"), strings.HasPrefix(line, wasBefore), strings.Contains(line, tallyOfPoll):
		case strings.Contains(line, endOfPoll):
			l.results = append(l.results, strings.Join(lines[i:], "\n"))
		case at != nil:
			n := atoi(at[3])
			for _, name := range strings.Split(strings.Replace(at[2], " and ", ", ", 1), ", ") {
				l.lines[n] = append(l.lines[n], mark{at[1], name})
			}
		default:
			for _, w := range words.FindAllStringSubmatch(line, -1) {
				l.said = append(l.said, told{atoi(w[1]), atoi(w[2]), strings.Contains(line, corrected)})
			}
		}
	}
	return l
}

func atoi(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		panic(err) // it was matched as digits
	}
	return n
}

// letters are the emails of a reader, in the order in which they were taken.
func (w *world) letters(r *reader) []letter {
	w.p.mu.Lock()
	taken := w.p.taken[w.seen:]
	w.seen += len(taken)
	w.p.mu.Unlock()
	for _, got := range taken {
		for _, c := range w.conversations {
			for _, reader := range c.readers {
				if reader.address == got.to && strings.HasSuffix(got.Subject, "#Send "+c.title) {
					w.read[reader] = append(w.read[reader], read(got.Message))
				}
			}
		}
	}
	return w.read[r]
}

// has is the email in which a reader has a message, and the last message in it, which is
// what a reply to that email is about.
func (w *world) has(r *reader, n int) (id string, last int) {
	for _, l := range w.letters(r) {
		if slices.ContainsFunc(l.said, func(t told) bool { return t.n == n && !t.correction }) {
			return l.id, l.said[len(l.said)-1].n
		}
	}
	return "", 0
}

// writes has a reader send an email, in a reply to another.
func (w *world) writes(r *reader, id, answers, fields, body string) {
	w.t.Helper()
	raw := fmt.Sprintf("Authentication-Results: provider.test; dmarc=pass header.from=other.test\r\nFrom: %s\r\nTo: %s\r\nSubject: Re: #Send %s\r\nMessage-ID: <%s>\r\nIn-Reply-To: <%s>\r\n%s\r\n%s\r\n", r.address, owner, r.in.title, id, answers, fields, body)
	if !r.pushes {
		if err := w.p.put("INBOX", []byte(raw)); err != nil {
			w.t.Error(err)
		}
		return
	}
	for end := time.Now().Add(time.Minute); ; time.Sleep(30 * time.Millisecond) {
		err := push(w.lmtp, r.address, raw)
		if err == nil {
			return
		}
		if time.Now().After(end) {
			w.t.Errorf("an email of %s is not taken: %v", r.name, err)
			return
		}
	}
}

// push delivers an email by LMTP.
func push(port int, from, raw string) error {
	conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return err
	}
	c := smtp.NewClientLMTP(conn)
	defer c.Close() //nolint:errcheck // the answer has come, or never will
	return c.SendMail(from, []string{owner}, strings.NewReader(raw))
}

// withFile is the end of a header, and the body, of an email with a text and a file.
func withFile(text string, f *attached) (fields, body string) {
	var b strings.Builder
	fmt.Fprintf(&b, "--part\r\nContent-Type: text/plain\r\n\r\n%s\r\n--part\r\nContent-Type: application/octet-stream; name=%q\r\nContent-Disposition: attachment; filename=%[2]q\r\nContent-Transfer-Encoding: base64\r\n\r\n", text, f.name)
	for line := range slices.Chunk([]byte(base64Of(f.data)), 76) {
		b.Write(line)
		b.WriteString("\r\n")
	}
	b.WriteString("--part--")
	return "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=part\r\n", b.String()
}

func TestReadingLetters(t *testing.T) {
	raw := "From: \"alice (Acme)\" <bridge@example.test>\r\nMessage-ID: <1@x.test>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" +
		"alice: m00012v0 lunch\r\n\r\n> ben: m00003v0 at noon\r\nben: m00013v1 maybe\r\n\r\n✏️ Edited: m00011v2 by train\r\n(was: m00011v0 for seven)\r\n\r\n👍 alice and ben: “m00004v0 lunch”\r\n🎉 bob: “📊 m00005v0 maybe”\r\n📊 m00006v0 So far: Pizza 1\r\n\r\n-- \r\nm00099v0\r\n"
	m, err := mail.Parse(strings.NewReader(raw), mail.DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	got := read(m)
	want := []told{{12, 0, false}, {13, 1, false}, {11, 2, true}}
	if !slices.Equal(got.said, want) || !slices.Equal(got.lines[4], []mark{{"👍", "alice"}, {"👍", "ben"}}) || !slices.Equal(got.lines[5], []mark{{"🎉", "bob"}}) {
		t.Errorf("%+v", got)
	}
}
