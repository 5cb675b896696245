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

// SameWords reports whether two texts differ in white space alone.
func SameWords(a, b string) bool {
	return strings.Join(strings.Fields(a), " ") == strings.Join(strings.Fields(b), " ")
}

func NeverError(text string) error { return retry.Never(errors.New(text)) }

// LargestMail is how large a mail may become.
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

// IsUTF8 reports whether mail to an address, or that shows it, can only go by servers
// that have SMTPUTF8 (RFC 6531).
func IsUTF8(address string) bool {
	_, utf8 := mail.WireAddress(address)
	return utf8
}

func ContainsAddress(list []string, a string) bool {
	return slices.ContainsFunc(list, func(b string) bool { return strings.EqualFold(a, b) })
}

// EncryptionNote is part of the standing notice of an encrypted room.
func EncryptionNote(r store.Room) string {
	switch r.Encrypted {
	case store.EncryptedAgreed:
		return " This room is encrypted, but email isn't: messages are sent as ordinary email."
	case store.EncryptedAsked:
		return " This room is encrypted, so nothing is emailed until someone who can link rooms agrees."
	}
	return ""
}

// Quantity words a number of things.
func Quantity(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// ShortAddress lets those recognise an address who know it: "a…@example.org".
func ShortAddress(address string) string {
	local, domain, ok := strings.Cut(address, "@")
	if !ok || local == "" {
		return "…"
	}
	_, first := utf8.DecodeRuneInString(local)
	return local[:first] + "…@" + domain
}

// ResendLine is the command that mails the messages of a mail to addresses again.
func ResendLine(ms []store.Message, addresses string) string {
	line := "resend"
	for _, m := range ms {
		line += fmt.Sprint(" ", m.ID)
	}
	return line + " " + addresses
}

// Subject is that of every mail of an epoch.
func Subject(tag, title string) string { return strings.TrimSpace(tag + " " + title) }

// OpenName names a conversation for people in the chat.
func OpenName(title string, people []mail.Address) string {
	var names []string
	for _, a := range people {
		n := mail.CleanName(a.Name)
		if n == "" { // addresses are not for everybody in the room
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

// usualLargestMail is how large a mail with its files becomes at most, where nothing else
// is known: what most providers take, and their readers', too.
const usualLargestMail = 20 << 20

// FileTitle names a file for a person: what it is, or its name, and its size.
func FileTitle(f store.File) string {
	if chat.FileSort(f.Sort) == chat.Voice && f.Duration > 0 {
		s := int(f.Duration.Round(time.Second).Seconds())
		return fmt.Sprintf("voice message, %d:%02d", s/60, s%60)
	}
	return FileLine(f.Name, f.Size)
}

// FromName is what stands before the address in From: "Alice (Acme)". A long name is
// cut, so that it is still said where it is from.
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

// PlusAddress puts a token behind the local part of an address (RFC 5233).
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

// PollMark stands before the question of a poll.
const PollMark = "📊 "

// RoomOfCopy is the room in which a copy of a message stands. Networks do not tell
// in which chat thread a reaction is.
func (w *Work) RoomOfCopy(m store.Message, posted chat.MessageID) (store.Room, error) {
	copies, err := w.Copies(m.ID)
	for _, c := range copies {
		if c.Posted == string(posted) {
			return w.RoomByID(c.Room)
		}
	}
	return store.Room{}, err
}

// NamesShown is how many names several shows at most.
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

// ReadBy says by how many people a thread is read; empty: by none.
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

// UnderSubject puts a subject above a text, as a bold line.
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

// Shorten cuts a text after a number of bytes, between two characters.
func Shorten(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
