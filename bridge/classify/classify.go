// Package classify says what kind of mail a mail is: what a person wrote, or a report
// on a mail, an automatic answer, a reaction, an invitation, mail to many. It looks at
// nothing but the mail.
//
// It goes by RFC 3464 and 3463 (reports on delivery), RFC 8098 (read receipts), RFC 5965
// (complaints), RFC 3834 and 5230 (automatic answers), RFC 9078 (reactions), RFC 5546 and
// 6047 (invitations), RFC 2369 and 2919 (mailing lists), RFC 5321 (loops), and by what mail
// systems and programs write that follow none of them.
//
// The order of the rules stands in Mail. report.go has the reports that follow a
// standard, returned.go those in words alone, ses.go those of Amazon SES; words.go knows
// what mail systems say in them, address.go the addresses. automatic.go has what programs
// write, and lists; reaction.go reactions. away.go and recall.go read the words of mail
// that has been sorted.
package classify

import (
	"slices"
	"strconv"
	"strings"

	"hashsend/bridge/mail"
)

// Kind is a sort of mail.
type Kind int

// The sorts of mail.
const (
	Message     Kind = iota // what a person wrote
	Forward                 // a person passes a mail on
	Bounce                  // what was sent to somebody has not arrived
	Delayed                 // it has not arrived yet
	Delivered               // it has arrived
	ReadReceipt             // it was read, or deleted unread
	AutoReply               // a program answers: somebody is away
	Challenge               // "confirm that you are no machine"
	Loop                    // it goes round
	Reaction                // an emoji, or that it is taken back, and no text
	List                    // by way of a mailing list; still what a person wrote
	Bulk                    // sent to many, and answers nothing
	Calendar                // an invitation, or an answer to one
	Complaint               // somebody calls a mail of ours unwanted
	Unreadable              // encrypted, or nothing in it
)

// String returns the word of `hashsend preview` for a kind.
func (k Kind) String() string {
	words := [...]string{
		"message", "forward", "bounce", "delayed", "delivered", "read-receipt", "auto-reply",
		"challenge", "loop", "reaction", "list", "bulk", "calendar", "complaint", "unreadable",
	}
	if k < 0 || int(k) >= len(words) {
		return "message"
	}
	return words[k]
}

// Class is what sort of mail something is.
type Class struct {
	Kind   Kind
	Report *Report // for bounce, delayed, delivered, read-receipt, complaint
	// Emoji is a reaction. With Message the mail has a text besides.
	Emoji      string
	Whole      bool             // the reaction takes the place of all that its sender had there; without Emoji it takes them back
	Invitation *mail.Invitation // for calendar
	Text       string           // what to tell a person instead of the mail's text, in plain words; may be empty
	Said       string           // auto-reply: its text alone, in one line; may be empty
	Command    string           // the first line, if it is a command by mail: "/leave"; empty else
	Rule       string           // which rule decided
}

// Report is what a report says about a mail of ours.
type Report struct {
	Action     string // failed, delayed, delivered, displayed, complaint, …
	Recipients []Recipient
	OriginalID string // Message-ID of the mail that the report is about, without brackets
	EnvelopeID string // ENVID of RFC 3461
	Trace      string // X-Hashsend-ID of the returned header
}

// Recipient is one address that a report speaks of.
type Recipient struct {
	Address string // as we wrote it, where the report tells
	Final   string // where it came to by forwarding, if that is told and another
	Status  string // "5.1.1" (RFC 3463); may be empty
	Reason  string // plain words, the server's own behind them
}

// Mail finds out what sort of mail m is. It looks at nothing but m. Where a
// person may have written, it says so: reports and automatic mail must prove
// themselves.
func Mail(m mail.Message) Class {
	for _, rule := range []func(*mail.Message) (Class, bool){
		asComplaint, asReceipt, asSES, asChallengeByMachine, asReport, asLoop, asUnsubscribe, asReaction, asCalendar, asChallenge, asAutomatic,
	} {
		if c, ok := rule(&m); ok {
			return c
		}
	}
	c := byPerson(&m)
	c.Command = commandIn(m.PlainText())
	return c
}

// byPerson sorts what is left: mail that a person has written, or that went
// to many.
func byPerson(m *mail.Message) Class {
	if rule := listRule(m.Header); rule != "" {
		return Class{Kind: List, Rule: rule}
	}
	if rule := bulkRule(m); rule != "" {
		return Class{Kind: Bulk, Rule: rule}
	}
	if c, ok := asUnreadable(m); ok {
		return c
	}
	for _, p := range m.Parts {
		if p.Nested != nil && p.Type != "text/rfc822-headers" {
			return Class{Kind: Forward, Rule: "a mail is attached"}
		}
	}
	if word, rest, ok := strings.Cut(m.Subject, ":"); ok && rest != "" && isForwardWord(strings.ToLower(strings.TrimSpace(word)), answers(m)) {
		return Class{Kind: Forward, Rule: "subject of a forward"}
	}
	return Class{Kind: Message, Rule: "nothing speaks against a person"}
}

// isForwardWord knows what mail programs write in front of the subject of a
// forwarded mail, where it is nothing else in another language. "VS" is Danish and
// Norwegian for it, and Finnish for an answer, which answers something.
func isForwardWord(w string, answer bool) bool {
	switch w {
	case "vs":
		return !answer
	case "fwd", "fw", "wg", "tr", "vl", "vb", "rv", "enc", "pd", "doorst", "trs", "ilt", "továbbítás", "továbbítva", "пересл",
		"πρθ", "הועבר", "إعادة توجيه", "转发", "轉寄", "転送", "전달", "ส่งต่อ", "chuyển tiếp":
		return true
	}
	return false
}

// asUnreadable knows encrypted mail, and mail of which nothing is left.
func asUnreadable(m *mail.Message) (Class, bool) {
	kind, params, _ := strings.Cut(strings.ToLower(m.Header.Get("Content-Type")), ";")
	smime := strings.TrimSpace(kind) == "application/pkcs7-mime" || strings.TrimSpace(kind) == "application/x-pkcs7-mime"
	switch {
	case smime && strings.Contains(params, "signed-data") && hasBody(m):
	case smime && strings.Contains(params, "signed-data"):
		return Class{
			Kind: Unreadable, Rule: "signed in one piece",
			Text: m.AuthorName() + " sent a mail that is signed in a way in which it cannot be read here. Ask for it without the signature, or with one that is attached.",
		}, true
	case strings.TrimSpace(kind) == "multipart/encrypted", smime, strings.TrimSpace(m.Text+m.HTML) == "" && slices.ContainsFunc(m.Parts, isEncrypted),
		strings.HasPrefix(strings.TrimSpace(m.Text), "-----BEGIN PGP MESSAGE-----"):
		return Class{
			Kind: Unreadable, Rule: "encrypted",
			Text: m.AuthorName() + " sent an encrypted mail, which cannot be read here. Ask for it in plain text.",
		}, true
	}
	if m.Subject == "" && len(m.Attachments()) == 0 && strings.TrimSpace(m.Text+m.HTML) == "" {
		return Class{
			Kind: Unreadable, Rule: "nothing in it",
			Text: "A mail from " + m.AuthorName() + " has nothing in it that can be read.",
		}, true
	}
	return Class{}, false
}

// hasBody reports whether there is a text that can be read.
func hasBody(m *mail.Message) bool { return strings.TrimSpace(m.Text+m.HTML) != "" }

// isEncrypted knows the parts of encrypted mail, also where a gateway has wrapped it.
func isEncrypted(p mail.Part) bool {
	switch p.Type {
	case "application/pgp-encrypted":
		return true
	case "application/pkcs7-mime", "application/x-pkcs7-mime":
		return !strings.EqualFold(p.Params["smime-type"], "signed-data") && !strings.EqualFold(p.Params["smime-type"], "certs-only")
	}
	return false
}

// commandIn returns the first line of a text if it is a command that people
// may give by mail, and stands alone: nothing of their own may follow it at once.
func commandIn(text string) string {
	first, rest, _ := strings.Cut(strings.TrimLeft(text, " \t\r\n"), "\n")
	first = strings.TrimSpace(first)
	words := strings.Fields(first)
	if len(words) == 0 || len(words) > 3 || len(first) > 100 {
		return ""
	}
	switch strings.ToLower(words[0]) {
	case "/leave", "/who", "/mute", "/digest", "/zone", "/join", "/help", "/alias":
	default:
		return ""
	}
	next, _, _ := strings.Cut(rest, "\n")
	if next = strings.TrimSpace(next); next != "" && !strings.HasPrefix(next, ">") && next != "--" {
		return ""
	}
	return strings.Join(words, " ")
}

// maxReceived is how many hops a mail may have made (RFC 5321, 6.3).
const maxReceived = 100

// maxHops is through how many bridges a message may go.
const maxHops = 3

// asLoop knows mail that goes round.
func asLoop(m *mail.Message) (Class, bool) {
	rule := loopRule(m)
	return Class{Kind: Loop, Rule: rule}, rule != ""
}

// asUnsubscribe knows the mail that a program sends when a person presses
// its button for leaving (RFC 2369, 3.2). It says of itself that it is automatic,
// but it is that person's will.
func asUnsubscribe(m *mail.Message) (Class, bool) {
	if !strings.EqualFold(strings.TrimSpace(m.Header.Get("X-Apple-Unsubscribe")), "true") {
		return Class{}, false
	}
	return Class{Kind: Message, Command: "/leave", Rule: "button for leaving"}, true
}

// loopRule names the sign of a loop, if there is one.
//
// Many branches: each field of the trace is read for another sign of a loop.
func loopRule(m *mail.Message) string {
	hops := 0
	laid := map[string]int{}   // how often a mailbox took it, with a hop between
	lastAt := map[string]int{} // hops above which it did last
	again := ""                // the mailbox that took it twice below the last hop so far
	for _, f := range m.Header {
		switch {
		case strings.EqualFold(f.Name, "Received"):
			// Without a client it was handed on inside of one machine.
			if v := strings.ToLower(f.Value); strings.HasPrefix(v, "from ") && !strings.Contains(v, "with lmtp") {
				hops++
				again = ""
			}
		case strings.EqualFold(f.Name, "Delivered-To"):
			// Twice is no proof: mail programs copy the field, companies deliver by way of
			// two systems, and those write it one below the other.
			a := strings.ToLower(strings.TrimSpace(f.Value))
			at, taken := lastAt[a]
			if !taken || hops > at {
				laid[a]++
			} else if hops > 0 {
				again = a
			}
			if lastAt[a] = hops; laid[a] > 2 {
				return "delivered to the same mailbox again and again"
			}
		}
	}
	if again != "" {
		return "delivered to the same mailbox before the first server took it"
	}
	if hops > maxReceived {
		return "more than 100 hops"
	}
	if _, hop, ok := strings.Cut(m.Header.Get(mail.HeaderBridge), "hop="); ok {
		digits, _, _ := strings.Cut(hop, ";")
		if n, err := strconv.Atoi(strings.TrimSpace(digits)); err != nil || n > maxHops {
			return "too many bridges"
		}
	}
	if strings.EqualFold(strings.TrimSpace(m.Header.Get("X-Mailer")), "postmoogle") {
		return "another bridge"
	}
	return ""
}

// asCalendar knows invitations and answers to them (RFC 5546, RFC 6047): a
// calendar part with a method that is no mere file.
func asCalendar(m *mail.Message) (Class, bool) {
	for _, p := range m.Parts {
		if p.Type != "text/calendar" {
			continue
		}
		disposition, _, _ := strings.Cut(strings.ToLower(p.Header.Get("Content-Disposition")), ";")
		if strings.TrimSpace(disposition) == "attachment" && p.Params["method"] == "" {
			continue
		}
		v, ok := mail.ReadInvitation(p.Content)
		if method := strings.ToUpper(p.Params["method"]); method != "" {
			v.Method = method
		}
		if !ok || v.Verb() == "" {
			continue
		}
		return Class{Kind: Calendar, Invitation: &v, Rule: "calendar part with method " + v.Method}, true
	}
	return Class{}, false
}
