// Package classify decides what kind of mail a mail is: written by a person, a delivery
// report, an automatic reply, a reaction, an invitation, bulk mail. It depends on the mail
// alone.
//
// It follows RFC 3464 and 3463 (delivery reports), RFC 8098 (read receipts), RFC 5965 (spam
// complaints), RFC 3834 and 5230 (automatic replies), RFC 9078 (reactions), RFC 5546 and
// 6047 (invitations), RFC 2369 and 2919 (mailing lists) and RFC 5321 (loops), and
// recognizes the mail of systems and programs that follow none of them.
//
// Mail has the order of the rules. report.go recognizes reports that follow a standard,
// returned.go those in plain text, ses.go those of Amazon SES; words.go has the phrases of
// mail systems and address.go finds their addresses. automatic.go recognizes programs and
// lists, reaction.go reactions. away.go and recall.go read mail that is already sorted.
package classify

import (
	"slices"
	"strconv"
	"strings"

	"hashsend/bridge/mail"
)

// Kind is a kind of mail.
type Kind int

// The kinds of mail.
const (
	Message     Kind = iota // written by a person
	Forward                 // a person forwards a mail
	Bounce                  // a mail of ours failed
	Delayed                 // a mail of ours is delayed
	Delivered               // a mail of ours was delivered
	ReadReceipt             // a mail of ours was read, or deleted unread
	AutoReply               // an automatic reply, such as a notice of absence
	Challenge               // asks the sender to prove to be a person
	Loop                    // it is in a mail loop
	Reaction                // an emoji or its removal, without a text
	List                    // written by a person, received through a mailing list
	Bulk                    // sent to many, and no reply
	Calendar                // an invitation, or a reply to one
	Complaint               // a recipient reports a mail of ours as spam
	Unreadable              // encrypted or empty
)

// String returns the word for a kind that `hashsend preview` prints.
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

// Class is the kind of a mail with the details of that kind.
type Class struct {
	Kind   Kind
	Report *Report // for bounce, delayed, delivered, read-receipt, complaint
	// Emoji is a reaction. If Kind is Message, the mail has a text as well.
	Emoji      string
	Whole      bool             // the reaction replaces all of its sender's reactions there; without Emoji it removes them
	Invitation *mail.Invitation // for calendar
	Text       string           // a plain text to show in place of the mail's text; may be empty
	Said       string           // for auto-reply: its text in one line; may be empty
	Command    string           // the first line, if it is a command such as "/leave"; else empty
	Rule       string           // the rule that decided
}

// Report is the content of a report on a mail of ours.
type Report struct {
	Action     string // failed, delayed, delivered, displayed, complaint, …
	Recipients []Recipient
	OriginalID string // Message-ID of the mail that the report is about, without brackets
	EnvelopeID string // ENVID of RFC 3461
	Trace      string // X-Hashsend-ID of the returned header
}

// Recipient is one address in a report.
type Recipient struct {
	Address string // the one in our envelope, if the report names it
	Final   string // the address after forwarding, if the report names it and it differs
	Status  string // "5.1.1" (RFC 3463); may be empty
	Reason  string // in plain words, followed by the words of the server
}

// Mail returns the kind of m. In doubt a person wrote it: reports and automatic mail have
// to prove themselves.
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

// byPerson sorts the rest: mail that a person wrote, or that went to many.
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

// isForwardWord reports whether a word is the prefix that mail programs put before the
// subject of a forwarded mail, unless it means something else in another language. "VS"
// is a forward in Danish and Norwegian and a reply in Finnish, which has References.
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

// asUnreadable recognizes encrypted mail, and mail without any content.
func asUnreadable(m *mail.Message) (Class, bool) {
	kind, params, _ := strings.Cut(strings.ToLower(m.Header.Get("Content-Type")), ";")
	smime := strings.TrimSpace(kind) == "application/pkcs7-mime" || strings.TrimSpace(kind) == "application/x-pkcs7-mime"
	switch {
	case smime && strings.Contains(params, "signed-data") && hasBody(m):
	case smime && strings.Contains(params, "signed-data"):
		return Class{
			Kind: Unreadable, Rule: "signed in one piece",
			Text: m.AuthorName() + " sent a signed email that cannot be read here. Ask for it again without a signature, or with a detached one.",
		}, true
	case strings.TrimSpace(kind) == "multipart/encrypted", smime, strings.TrimSpace(m.Text+m.HTML) == "" && slices.ContainsFunc(m.Parts, isEncrypted),
		strings.HasPrefix(strings.TrimSpace(m.Text), "-----BEGIN PGP MESSAGE-----"):
		return Class{
			Kind: Unreadable, Rule: "encrypted",
			Text: m.AuthorName() + " sent an encrypted email, which cannot be read here. Ask for it again without encryption.",
		}, true
	}
	if m.Subject == "" && len(m.Attachments()) == 0 && strings.TrimSpace(m.Text+m.HTML) == "" {
		return Class{
			Kind: Unreadable, Rule: "no content",
			Text: "The email from " + m.AuthorName() + " is empty.",
		}, true
	}
	return Class{}, false
}

// hasBody reports whether there is a text that can be read.
func hasBody(m *mail.Message) bool { return strings.TrimSpace(m.Text+m.HTML) != "" }

// isEncrypted reports whether a part is encrypted, also if a gateway has wrapped it.
func isEncrypted(p mail.Part) bool {
	switch p.Type {
	case "application/pgp-encrypted":
		return true
	case "application/pkcs7-mime", "application/x-pkcs7-mime":
		return !strings.EqualFold(p.Params["smime-type"], "signed-data") && !strings.EqualFold(p.Params["smime-type"], "certs-only")
	}
	return false
}

// commandIn returns the first line of a text if it is a command that may be given by mail
// and the line after it is empty or quoted.
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

// maxReceived is the largest number of hops of a mail that is no loop (RFC 5321, 6.3).
const maxReceived = 100

// maxHops is the largest number of bridges that a message may pass through.
const maxHops = 3

// asLoop recognizes mail in a loop.
func asLoop(m *mail.Message) (Class, bool) {
	rule := loopRule(m)
	return Class{Kind: Loop, Rule: rule}, rule != ""
}

// asUnsubscribe recognizes the mail that a program sends when a person presses its
// unsubscribe button (RFC 2369, 3.2). It calls itself automatic, but carries out the wish
// of that person.
func asUnsubscribe(m *mail.Message) (Class, bool) {
	if !strings.EqualFold(strings.TrimSpace(m.Header.Get("X-Apple-Unsubscribe")), "true") {
		return Class{}, false
	}
	return Class{Kind: Message, Command: "/leave", Rule: "unsubscribe button"}, true
}

// loopRule names the sign of a loop, if there is one.
//
// Many branches: each field of the trace is read for another sign of a loop.
func loopRule(m *mail.Message) string {
	hops := 0
	laid := map[string]int{}   // deliveries to each mailbox that have a hop between them
	lastAt := map[string]int{} // number of hops above the last delivery to each mailbox
	again := ""                // the mailbox with two deliveries below the last hop so far
	for _, f := range m.Header {
		switch {
		case strings.EqualFold(f.Name, "Received"):
			// Without a client the mail stayed inside of one machine.
			if v := strings.ToLower(f.Value); strings.HasPrefix(v, "from ") && !strings.Contains(v, "with lmtp") {
				hops++
				again = ""
			}
		case strings.EqualFold(f.Name, "Delivered-To"):
			// Two fields are no proof: mail programs copy the field, and companies deliver
			// through two systems, which write it one below the other.
			a := strings.ToLower(strings.TrimSpace(f.Value))
			at, taken := lastAt[a]
			if !taken || hops > at {
				laid[a]++
			} else if hops > 0 {
				again = a
			}
			if lastAt[a] = hops; laid[a] > 2 {
				return "delivered to the same mailbox repeatedly"
			}
		}
	}
	if again != "" {
		return "delivered to the same mailbox before the first server accepted it"
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

// asCalendar recognizes invitations and replies to them (RFC 5546, RFC 6047): a calendar
// part with a method that is not just a file.
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
