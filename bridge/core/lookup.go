package core

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/mail"
	"hashsend/bridge/store"
)

// LinkedRoom finds the linked room that an event belongs to: its chat thread, if
// that is linked by itself, else the room. ErrNone: it belongs to none.
func (w *Work) LinkedRoom(network string, p chat.Place) (store.Room, error) {
	for _, inside := range []chat.ThreadID{p.Thread, ""} {
		r, err := w.Room(network, string(p.Room), string(inside))
		if err == nil && r.Thread != 0 {
			return r, nil
		}
		if err != nil && !errors.Is(err, store.ErrNone) {
			return r, err
		}
	}
	return store.Room{}, store.ErrNone
}

// BeforeLink reports whether something was said before its room was linked:
// nobody by email gets that. The clocks of network and bridge may differ a little.
func BeforeLink(r store.Room, at time.Time) bool {
	return !r.Linked.IsZero() && at.Before(r.Linked.Add(-time.Second))
}

// StaysInside reports whether the writer asked that a message is not mailed.
func StaysInside(text string) bool {
	text = strings.TrimSpace(strings.TrimPrefix(text, PollMark))
	return slices.ContainsFunc(QuietMarks[:], func(mark string) bool { return strings.HasPrefix(text, mark) })
}

// QuietMarks are what a message begins with that is not to be mailed.
var QuietMarks = [...]string{"🔇", "//"}

// ChatThread is the chat thread of a place in which a linked room's message stands,
// where the room itself is linked as a whole.
func ChatThread(r store.Room, p chat.Place) string {
	if r.Chat == "" {
		return string(p.Thread)
	}
	return ""
}

func AnyTakes(people []store.Participant) bool {
	for _, p := range people {
		if p.Takes() {
			return true
		}
	}
	return false
}

func FileNames(files []chat.File) string {
	var names []string
	for _, f := range files {
		names = append(names, FileLine(f.Name, f.Size))
	}
	return strings.Join(names, "\n")
}

// FileLine names a file and its size for a person.
func FileLine(name string, size int64) string {
	if name == "" {
		name = "file"
	}
	name = strings.ReplaceAll(name, "\n", " ")
	if size <= 0 {
		return name
	}
	return name + " (" + SizeOf(size) + ")"
}

// SizeOf words a number of bytes.
func SizeOf(size int64) string {
	switch {
	case size < 1000:
		return fmt.Sprintf("%d bytes", size)
	case size < 1000*1000:
		return fmt.Sprintf("%d kB", (size+500)/1000)
	}
	for _, unit := range []string{"MB", "GB"} {
		if size /= 1000; size < 10_000 {
			return fmt.Sprintf("%.1f %s", float64(size)/1000, unit)
		} else if size < 1000*1000 {
			return fmt.Sprintf("%d %s", (size+500)/1000, unit)
		}
	}
	return fmt.Sprintf("%d GB", size/1000)
}

// ChatMessage finds the message that an edit or a deletion concerns, if it came from
// this network. The zero Message: none of ours.
func (w *Work) ChatMessage(network string, id chat.MessageID) (store.Message, error) {
	m, err := w.MessageByCopy(network, string(id))
	if errors.Is(err, store.ErrNone) || (err == nil && m.Origin != store.FromChat) {
		return store.Message{}, nil
	}
	return m, err
}

// Addresses are those of a mailbox's owner. Tokens are added to the first.
type Addresses []string

// Addresses are those of the mailbox's owner.
func (box *Box) Addresses() Addresses {
	return append(Addresses{box.Address.Address}, box.Own...)
}

// Have reports whether an address is one of them.
func (a Addresses) Have(address string) bool {
	return slices.ContainsFunc(a, func(o string) bool { return mail.SameAddress(o, address) })
}

// Lead reports whether mail to an address comes to the mailbox: it is one of them, or the
// first with a token.
func (a Addresses) Lead(address string) bool {
	return a.Have(address) || PlusDetail(address, a[0]) != ""
}

// IsOwn reports whether an address is one of the mailbox's owner.
func (box *Box) IsOwn(address string) bool { return box.Addresses().Have(address) }

// Key makes the key of a delivery: unique over all installations, the same at
// every attempt.
func (w *Work) Key(kind string, ids ...int64) string {
	var b strings.Builder
	b.WriteString(w.Env.Instance + "." + kind)
	for _, id := range ids {
		fmt.Fprintf(&b, ".%d", id)
	}
	return b.String()
}

func Place(r store.Room) chat.Place {
	return chat.Place{Room: chat.RoomID(r.Place), Thread: chat.ThreadID(r.Chat)}
}

// PromptMark stands in a text for what a command begins with in the room where the
// text is posted: people type "!send" in one network and "/send" in another.
const PromptMark = "\ufdd0"

// Prompt is what a command begins with in a place, and a space.
func (e *Env) Prompt(network string, p chat.Place) string {
	if prompter := e.Network(network).Prompter; prompter != nil {
		return prompter.Prompt(p) + " "
	}
	return "!send "
}

// PlusDetail returns what stands behind the plus in an address of the mailbox, in
// lower case; empty: nothing, or it is another mailbox.
func PlusDetail(address, box string) string {
	local, domain, _ := strings.Cut(strings.ToLower(address), "@")
	ours, ourDomain, _ := strings.Cut(strings.ToLower(box), "@")
	base, detail, _ := strings.Cut(local, "+")
	if base != ours || domain != ourDomain {
		return ""
	}
	return detail
}

// ZoneNamed is the time zone of that name; where there is none, that in which times are told.
func (e *Env) ZoneNamed(name string) *time.Location { return ZoneOr(name, e.Zone) }

// ZoneOr is the time zone of that name, or another one where there is none.
func ZoneOr(name string, other *time.Location) *time.Location {
	if name != "" {
		if z, err := time.LoadLocation(name); err == nil {
			return z
		}
	}
	if other == nil {
		return time.Local
	}
	return other
}

// Conversation is a thread with its rooms, people and mailbox, read once for an event.
type Conversation struct {
	store.Conversation
	Box *Box // nil: its mailbox is not in the configuration
}

// Conversation returns it.
func (w *Work) Conversation(thread int64) (Conversation, error) {
	c, err := w.Tx.Conversation(thread)
	return Conversation{c, w.Env.Boxes[c.Mailbox]}, err
}
