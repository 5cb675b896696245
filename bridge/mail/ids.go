package mail

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"strings"
	"time"
)

const (
	alphabet = "abcdefghijklmnopqrstuvwxyz234567"
	macLen   = 16 // base32 characters: 80 bits
	root     = "root"
)

// Mint makes and knows the Message-IDs of one installation. An id describes
// itself: an answer to a mail that the database does not know can still be
// told from one that somebody made up.
type Mint struct {
	Secret []byte // at least 32 bytes
}

// MessageID returns hs.EPOCH.UNIQ.MAC@DOMAIN, without brackets.
func (m Mint) MessageID(epoch, uniq, domain string) string {
	epoch, uniq, domain = strings.ToLower(epoch), strings.ToLower(uniq), strings.ToLower(domain)
	return "hs." + epoch + "." + uniq + "." + m.idMAC(epoch, uniq, domain) + "@" + domain
}

// Anchor returns the id that stands first in References of every mail of an
// epoch. No mail has it as its Message-ID.
func (m Mint) Anchor(epoch, domain string) string {
	return m.MessageID(epoch, root, domain)
}

// Parse takes an id apart that this Mint made, with or without brackets and in
// any case; uniq is "root" for an anchor. ok is false for every other id.
func (m Mint) Parse(id string) (epoch, uniq string, ok bool) {
	if len(id) > 998 {
		return "", "", false
	}
	id = strings.ToLower(strings.Trim(strings.TrimSpace(id), "<>"))
	local, domain, found := strings.Cut(id, "@")
	parts := strings.Split(local, ".")
	if !found || len(parts) != 4 || parts[0] != "hs" || !isBase32(parts[1]) || !isBase32(parts[2]) {
		return "", "", false
	}
	if !hmac.Equal([]byte(m.idMAC(parts[1], parts[2], domain)), []byte(parts[3])) {
		return "", "", false
	}
	return parts[1], parts[2], true
}

// Trace returns the value of X-Hashsend-ID for the mail with that UNIQ.
func (m Mint) Trace(uniq string) string {
	uniq = strings.ToLower(uniq)
	return uniq + "." + m.sum(macLen, "trace", uniq)
}

// ParseTrace returns the UNIQ of a value that Trace of this Mint made.
func (m Mint) ParseTrace(v string) (uniq string, ok bool) {
	uniq, mac, found := strings.Cut(strings.ToLower(strings.TrimSpace(v)), ".")
	if !found || len(v) > 200 || !isBase32(uniq) || !hmac.Equal([]byte(m.sum(macLen, "trace", uniq)), []byte(mac)) {
		return "", false
	}
	return uniq, true
}

// Address returns a name of 26 base32 characters for a value (an address, say)
// that tells a stranger nothing about it. kind keeps uses apart.
func (m Mint) Address(kind, value string) string {
	return m.sum(26, "address", kind, value)
}

func (m Mint) idMAC(epoch, uniq, domain string) string {
	return m.sum(macLen, "message-id", "hs."+epoch+"."+uniq+"@"+domain)
}

// sum is a keyed hash; the length of each field is part of what is hashed, so
// that no two lists of fields give the same input.
func (m Mint) sum(chars int, fields ...string) string {
	h := hmac.New(sha256.New, m.Secret)
	for _, f := range fields {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(f)))
		h.Write(n[:])
		h.Write([]byte(f))
	}
	return base32.NewEncoding(alphabet).WithPadding(base32.NoPadding).EncodeToString(h.Sum(nil))[:chars]
}

func isBase32(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '2' || c > '7') {
			return false
		}
	}
	return s != "" && len(s) <= 64
}

// NewUniq returns 16 random base32 characters, for EPOCH and UNIQ.
func NewUniq() string { return NewToken()[:16] }

// NewToken returns 26 random base32 characters: 130 bits that nobody guesses.
func NewToken() string { return strings.ToLower(rand.Text()) }

// ThreadIndex returns the Thread-Index that all mails of an epoch carry: a
// header block without child blocks ([MS-OXOMSG] 2.2.1.3).
func ThreadIndex(anchor string, start time.Time) string {
	// FILETIME counts 100 ns since 1601; its five highest bytes are written.
	const toUnix = 11644473600
	ft := uint64(start.Unix()+toUnix)*10_000_000 + uint64(start.Nanosecond()/100)
	sum := sha256.Sum256([]byte(anchor))
	b := binary.BigEndian.AppendUint64([]byte{1}, ft)[:6]
	return base64.StdEncoding.EncodeToString(append(b, sum[:16]...))
}

// ThreadIndexKey returns the part of a Thread-Index that names the conversation
// and stays the same in answers.
func ThreadIndexKey(b []byte) (guid [16]byte, ok bool) {
	if len(b) < 22 || b[0] != 1 {
		return guid, false
	}
	return [16]byte(b[6:22]), true
}
