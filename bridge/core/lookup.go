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

// LinkedRoom finds the linked room of an event: its chat thread if that is linked itself, else
// the room. It returns store.ErrNone if neither is linked.
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

// BeforeLink reports whether a message is older than the link of its room. Such messages are
// never emailed. It allows a second between the clocks of network and bridge.
func BeforeLink(r store.Room, at time.Time) bool {
	return !r.Linked.IsZero() && at.Before(r.Linked.Add(-time.Second))
}

// StaysInside reports whether a message is marked to stay in the room.
func StaysInside(text string) bool {
	text = strings.TrimSpace(strings.TrimPrefix(text, PollMark))
	return slices.ContainsFunc(QuietMarks[:], func(mark string) bool { return strings.HasPrefix(text, mark) })
}

// QuietMarks are the prefixes of messages that stay in the room.
var QuietMarks = [...]string{"🔇", "//"}

// ChatThread returns the chat thread of a message in a room that is linked as a whole, else "".
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

// FileLine formats the name and size of a file.
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

// SizeOf formats a number of bytes, such as "2.4 MB".
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

// ChatMessage finds the message that an edit or deletion refers to. It returns the zero Message
// if the network has no such message of a conversation.
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

// IsOwn reports whether an address belongs to the owner of the mailbox.
func (box *Box) IsOwn(address string) bool { return box.Addresses().Have(address) }

// Key makes the key of a delivery: unique across installations and the same for every attempt.
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

// PromptMark stands for the command prefix in notices. It becomes "!send " or "/send ", as the
// network of the room needs.
const PromptMark = "\ufdd0"

// Prompt returns the command prefix in a place, with a trailing space.
func (e *Env) Prompt(network string, p chat.Place) string {
	if prompter := e.Network(network).Prompter; prompter != nil {
		return prompter.Prompt(p) + " "
	}
	return "!send "
}

// PlusDetail returns the lower-case detail after the plus in an address of the mailbox. It
// returns "" if there is none or the address belongs to another mailbox.
func PlusDetail(address, box string) string {
	local, domain, _ := strings.Cut(strings.ToLower(address), "@")
	ours, ourDomain, _ := strings.Cut(strings.ToLower(box), "@")
	base, detail, _ := strings.Cut(local, "+")
	if base != ours || domain != ourDomain {
		return ""
	}
	return detail
}

// ZoneNamed returns the time zone with that name, or the default zone.
func (e *Env) ZoneNamed(name string) *time.Location { return ZoneOr(name, e.Zone) }

// ZoneOr returns the time zone with that name, or other if there is none.
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
	Box *Box // nil: the mailbox is not in the configuration
}

// Conversation reads the conversation of a thread.
func (w *Work) Conversation(thread int64) (Conversation, error) {
	c, err := w.Tx.Conversation(thread)
	return Conversation{c, w.Env.Boxes[c.Mailbox]}, err
}
