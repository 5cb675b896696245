package linking

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/command"
	"hashsend/bridge/core"
	"hashsend/bridge/fromchat"
	"hashsend/bridge/store"
	"hashsend/bridge/tochat"
)

// consent records the confirmations that a link of a shared or encrypted room needs.
type consent struct{ shared, encrypted bool }

// consentOf reads the arguments of the command ok.
func consentOf(c *command.Call) (to consent, err error) {
	for _, word := range c.Args {
		switch strings.ToLower(word) {
		case "shared":
			to.shared = true
		case "encrypted":
			to.encrypted = true
		default:
			return to, c.Unknown(word, "ok", "[shared] [encrypted]")
		}
	}
	return to, nil
}

// EncryptionStatus adds how an encrypted room is connected to email, and how many messages
// wait for a key.
func EncryptionStatus(w *core.Work, b *strings.Builder, r store.Room) error {
	if r.Encrypted == "" {
		return nil
	}
	b.WriteString("\n" + strings.TrimSpace(core.EncryptionNote(r)))
	waiting, err := w.Waiting(1000)
	n := 0
	for _, d := range waiting {
		if d.Kind == fromchat.JobUnseal && strings.HasPrefix(d.Lane, fromchat.SealLane(r.Network, chat.RoomID(r.Place), "")) {
			n++
		}
	}
	if n > 0 {
		fmt.Fprintf(b, "\n%s can't be decrypted yet", core.Quantity(n, "message", "messages"))
		if w.Env.Network(r.Network).Unsealer != nil {
			b.WriteString("; the keys have been requested")
		}
		b.WriteString(".")
	}
	return err
}

// agree reconnects a room to email that was stopped because it became shared or encrypted.
// Messages from before stay in the room.
func agree(c *command.Call, to consent) (string, error) {
	rooms, err := c.RoomsIn(c.Network, string(c.Place.Room))
	if err != nil {
		return "", err
	}
	threads := map[int64]bool{}
	var words []string
	for _, was := range rooms {
		r, although := reconnected(was, to, since(c))
		if r == was {
			continue
		}
		threads[r.Thread] = true
		for _, what := range although {
			if !slices.Contains(words, what) {
				words = append(words, what)
			}
		}
		if err := c.PutRoom(&r); err != nil {
			return "", err
		}
	}
	if len(threads) == 0 {
		return "", command.Usage("There's nothing to confirm.")
	}
	if err := c.Tell("%s reconnected this channel to email, although it " + strings.Join(words, ", and ") + "."); err != nil {
		return "", err
	}
	for id := range threads {
		if id == 0 {
			continue
		}
		if err := tochat.Announce(c.Work, id); err != nil {
			return "", err
		}
	}
	return "", nil
}

// reconnected returns a room with the consent applied, and the properties that needed it.
// In an encrypted room, messages from before the given time are not sent by email.
func reconnected(r store.Room, to consent, from time.Time) (_ store.Room, although []string) {
	if to.shared && r.Shared == store.SharedAsked {
		r.Shared = store.SharedAgreed
		although = append(although, "is shared with another organization")
	}
	if to.encrypted && r.Encrypted == store.EncryptedAsked && r.Thread != 0 {
		r.Encrypted, r.Linked = store.EncryptedAgreed, from
		although = append(although, "is encrypted and email isn't")
	}
	return r, although
}

// mayShare returns the consent to store with a new link in a room. Without the consent
// that a shared or encrypted room needs, it is a UsageError.
func mayShare(c *command.Call, agreed consent) (shared, encrypted string, err error) {
	r, err := c.Room(c.Network, string(c.Place.Room), "")
	if errors.Is(err, store.ErrNone) {
		return "", "", nil
	}
	if err != nil {
		return "", "", err
	}
	was := r
	if r.Shared == store.SharedAsked {
		if !agreed.shared {
			return "", "", command.Usage("This channel is shared with another organization, and its members' messages would be sent by email too. If they agree: %s", c.TypedAs("ok shared"))
		}
		r.Shared = store.SharedAgreed
	}
	if r.Encrypted == store.EncryptedAsked {
		if !agreed.encrypted {
			return "", "", command.Usage("This room is encrypted and email isn't: messages would be sent as ordinary, unencrypted email. If the members agree: %s", c.TypedAs("ok encrypted"))
		}
		r.Encrypted = store.EncryptedAgreed
	}
	if r != was {
		err = c.PutRoom(&r)
	}
	return r.Shared, r.Encrypted, err
}

// Encrypted records that a room is encrypted. Its messages are not sent by email until
// somebody who may link rooms confirms it.
func Encrypted(w *core.Work, network string, e chat.Encrypted) error {
	rooms, err := w.RoomsIn(network, string(e.Place.Room))
	if err != nil {
		return err
	}
	can := w.Env.Network(network).Unsealer != nil
	for _, r := range rooms {
		if r.Encrypted == store.EncryptedAgreed && r.Thread != 0 && !can {
			// The consent was given to a build with encryption. This notice appears once per run.
			if err := tochat.Notice(w, network, core.Place(r), "⚠️ This room is encrypted, and this hashsend was built without encryption, so I can't read messages here or post incoming email. Ask the admin to install a build with encryption. Messages you write until then are not sent by email, and I tell their authors."); err != nil {
				return err
			}
		}
		if r.Encrypted != "" {
			continue
		}
		r.Encrypted = store.EncryptedAsked
		if err := w.PutRoom(&r); err != nil {
			return err
		}
		if r.Thread == 0 {
			continue
		}
		th, err := w.Thread(r.Thread)
		if err != nil {
			return err
		}
		text, choices := "⚠️ This room is now encrypted. Email isn't, so messages from here are no longer sent by email. Incoming email is still posted. Type "+core.PromptMark+"ok encrypted to send messages as ordinary, unencrypted email, or "+core.PromptMark+"unlink to disconnect this room.",
			[]chat.Choice{{Label: "Send unencrypted", Command: "ok encrypted", Danger: true}, {Label: "Unlink", Command: "unlink", Danger: true}}
		if !can {
			text, choices = "⚠️ This room is now encrypted, and this hashsend was built without encryption, so I can't read messages here or post incoming email. Ask the admin to install a build with encryption.", nil
		}
		if err := tochat.Notice(w, network, core.Place(r), text, tochat.WithChoices(choices...)); err != nil {
			return err
		}
		if err := tochat.NoticeHome(w, fmt.Sprintf("⚠️ The room of “%s” is now encrypted. Nothing is sent by email from it until a member who may link rooms confirms it there.", th.Title)); err != nil {
			return err
		}
		if err := tochat.Announce(w, th.ID); err != nil {
			return err
		}
	}
	return nil
}

// Shared records whether a room is shared with another organization. A shared room is
// disconnected from email until somebody who may link rooms confirms it.
func Shared(w *core.Work, network string, e chat.Shared) error {
	rooms, err := w.RoomsIn(network, string(e.Place.Room))
	if err != nil {
		return err
	}
	for _, r := range rooms {
		was := r.Shared
		switch {
		case !e.Shared:
			r.Shared = ""
		case r.Shared == "":
			r.Shared = store.SharedAsked
		}
		if r.Shared == was {
			continue
		}
		if err := w.PutRoom(&r); err != nil {
			return err
		}
		if r.Shared != store.SharedAsked || r.Thread == 0 {
			continue
		}
		text := "⚠️ This channel is now shared with another organization, whose members have not agreed to have their messages emailed. It is disconnected from email until you confirm. Type " + core.PromptMark + "ok shared to reconnect it, or " + core.PromptMark + "unlink to end the link."
		if err := tochat.Notice(w, network, core.Place(r), text, tochat.WithChoices(
			chat.Choice{Label: "Reconnect", Command: "ok shared"}, chat.Choice{Label: "Unlink", Command: "unlink", Danger: true})); err != nil {
			return err
		}
		th, err := w.Thread(r.Thread)
		if err != nil {
			return err
		}
		if err := tochat.NoticeHome(w, fmt.Sprintf("⚠️ The room of “%s” is now shared with another organization. It is disconnected from email until a member who may link rooms confirms it there.", th.Title)); err != nil {
			return err
		}
	}
	return nil
}
