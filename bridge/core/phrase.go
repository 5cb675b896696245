package core

import (
	"errors"
	"fmt"
	"html"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"hashsend/bridge/chat"
	"hashsend/bridge/mail"
	"hashsend/bridge/markup"
	"hashsend/bridge/retry"
	"hashsend/bridge/store"
)

func CountDomains(people []mail.Address) int {
	all := map[string]bool{}
	for _, p := range people {
		_, d, _ := strings.Cut(p.Address, "@")
		all[strings.ToLower(d)] = true
	}
	return len(all)
}

func PlainReason(reason string) string {
	reason = strings.TrimRight(OneLine(reason, 200), ". ")
	if reason == "" {
		return "the mail server gave no reason"
	}
	return reason
}

// SameWords reports whether two texts differ in white space only.
func SameWords(a, b string) bool {
	return strings.Join(strings.Fields(a), " ") == strings.Join(strings.Fields(b), " ")
}

func NeverError(text string) error { return retry.Never(errors.New(text)) }

// LargestMail returns how many bytes of files an email may carry.
func (box *Box) LargestMail() int64 {
	most := int64(usualLargestMail)
	if box.MailBytes > 0 {
		most = box.MailBytes
	}
	if s, can := box.Submitter.(mail.Sizer); can {
		if n := s.MaxSize(); n > 0 {
			most = min(most, n)
		}
	}
	const texts = 64 << 10 // header, text and HTML
	return max(0, most-texts)
}

// IsUTF8 reports whether an email that contains the address needs servers with SMTPUTF8 (RFC
// 6531).
func IsUTF8(address string) bool {
	_, utf8 := mail.WireAddress(address)
	return utf8
}

func ContainsAddress(list []string, a string) bool {
	return slices.ContainsFunc(list, func(b string) bool { return strings.EqualFold(a, b) })
}

// EncryptionNote returns the sentence about encryption for the notice of a room.
func EncryptionNote(r store.Room) string {
	switch r.Encrypted {
	case store.EncryptedAgreed:
		return " This room is encrypted, but email isn't: messages are sent as ordinary email."
	case store.EncryptedAsked:
		return " This room is encrypted, so nothing is emailed until someone who can link rooms agrees."
	}
	return ""
}

// Quantity formats a count with its noun.
func Quantity(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// ShortAddress shortens an address to "a…@example.org".
func ShortAddress(address string) string {
	local, domain, ok := strings.Cut(address, "@")
	if !ok || local == "" {
		return "…"
	}
	_, first := utf8.DecodeRuneInString(local)
	return local[:first] + "…@" + domain
}

// ResendLine returns the command that sends messages again to addresses.
func ResendLine(ms []store.Message, addresses string) string {
	line := "resend"
	for _, m := range ms {
		line += fmt.Sprint(" ", m.ID)
	}
	return line + " " + addresses
}

// Subject returns the subject of every email of an epoch.
func Subject(tag, title string) string { return strings.TrimSpace(tag + " " + title) }

// OpenName returns the name of a conversation for its room.
func OpenName(title string, people []mail.Address) string {
	var names []string
	for _, a := range people {
		n := mail.CleanName(a.Name)
		if n == "" { // the room must not see the address
			n, _, _ = strings.Cut(a.Address, "@")
		}
		names = append(names, n)
	}
	with := strings.Join(names, ", ")
	if title == "" {
		return with
	}
	return title + " (" + with + ")"
}

// usualLargestMail is the size limit in bytes unless the server or the settings set another.
// Most providers accept it.
const usualLargestMail = 20 << 20

// FileTitle returns the title and size of a file.
func FileTitle(f store.File) string {
	if chat.FileKind(f.Sort) == chat.Voice && f.Duration > 0 {
		s := int(f.Duration.Round(time.Second).Seconds())
		return fmt.Sprintf("voice message, %d:%02d", s/60, s%60)
	}
	return FileLine(f.Name, f.Size)
}

// FromName returns the display name in From: "Alice (Acme)". It shortens a long author, never
// the name of the mailbox.
func FromName(author, box string) string {
	author, box = mail.CleanName(author), mail.CleanName(box)
	if box == "" || box == author {
		return author
	}
	const most = 64 // of CleanName
	if room := max(most-len([]rune(box))-len(" ()"), 20); len([]rune(author)) > room {
		author = strings.TrimSpace(string([]rune(author)[:room]))
	}
	return author + " (" + box + ")"
}

// PlusAddress adds a token to the local part of an address (RFC 5233).
func PlusAddress(address, token string) string {
	local, domain, _ := strings.Cut(address, "@")
	return local + "+" + token + "@" + domain
}

// OneLine shortens a text to one line of at most limit characters.
func OneLine(s string, limit int) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > limit {
		return strings.TrimSpace(string(r[:limit-1])) + "…"
	}
	return s
}

// PollMark precedes the question of a poll.
const PollMark = "📊 "

// RoomOfCopy returns the room of a copy of a message. Networks do not say which chat thread a
// reaction is in.
func (w *Work) RoomOfCopy(m store.Message, posted chat.MessageID) (store.Room, error) {
	copies, err := w.Copies(m.ID)
	for _, c := range copies {
		if c.Posted == string(posted) {
			return w.RoomByID(c.Room)
		}
	}
	return store.Room{}, err
}

// NamesShown is how many names a list shows.
const NamesShown = 5

// ListNames joins names as a sentence does: "Ann, Bob and 3 more".
func ListNames(names []string) string {
	last := len(names) - 1
	switch {
	case last < 1:
		return strings.Join(names, "")
	case len(names) > NamesShown:
		return fmt.Sprintf("%s and %d more", strings.Join(names[:NamesShown], ", "), len(names)-NamesShown)
	}
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// ReadBy says how many people read a conversation by email. It is empty if there are none.
func ReadBy(people []store.Participant) string {
	n := 0
	for _, p := range people {
		if p.Takes() {
			n++
		}
	}
	switch n {
	case 0:
		return ""
	case 1:
		return "1 person reads this room by email."
	}
	return fmt.Sprintf("%d people read this room by email.", n)
}

// UnderSubject adds a subject above a text, as a bold line.
func UnderSubject(subject, text, body string) (string, string) {
	if subject == "" {
		return text, body
	}
	subject = markup.Neutral(OneLine(subject, 200))
	if body == "" && text != "" {
		body = markup.FromText(text)
	}
	return strings.TrimSpace(subject + "\n" + text), "<p><strong>" + html.EscapeString(subject) + "</strong></p>" + body
}

// Shorten cuts a text to a number of bytes, between two characters.
func Shorten(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
