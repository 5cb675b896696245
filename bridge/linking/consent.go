package linking

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"hashsend/bridge/chat"
	"hashsend/bridge/command"
	"hashsend/bridge/core"
	"hashsend/bridge/fromchat"
	"hashsend/bridge/store"
	"hashsend/bridge/tochat"
)

// consent is what somebody with the right has agreed to.
type consent struct{ shared, encrypted bool }

func agrees(c *command.Call, to string) bool {
	return slices.ContainsFunc(c.Args, func(word string) bool { return strings.EqualFold(word, to) })
}

// EncryptionStatus tells how an encrypted room is mailed, and what waits for a key.
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
		fmt.Fprintf(b, "\n%s cannot be read yet", core.Quantity(n, "message", "messages"))
		if w.Env.Network(r.Network).Unsealer != nil {
			b.WriteString(": the key was asked for")
		}
		b.WriteString(".")
	}
	return err
}

// agree lets pass again what was stopped when a room came to be shared, or
// encrypted. What was said until now stays in the room.
func agree(c *command.Call, to consent) (string, error) {
	rooms, err := c.RoomsIn(c.Network, string(c.Place.Room))
	if err != nil {
		return "", err
	}
	threads := map[int64]bool{}
	var words []string
	note := func(what string) {
		if !slices.Contains(words, what) {
			words = append(words, what)
		}
	}
	for _, r := range rooms {
		was := r
		if to.shared && r.Shared == store.SharedAsked {
			r.Shared = store.SharedAgreed
			note("is shared with another organisation")
		}
		if to.encrypted && r.Encrypted == store.EncryptedAsked && r.Thread != 0 {
			r.Encrypted, r.Linked = store.EncryptedAgreed, since(c)
			note("is encrypted, and email is not")
		}
		if r == was {
			continue
		}
		threads[r.Thread] = true
		if err := c.PutRoom(&r); err != nil {
			return "", err
		}
	}
	if len(threads) == 0 {
		return "", command.Usage("There is nothing to agree to.")
	}
	if err := c.Tell("%s lets messages pass between this channel and email again, although it " + strings.Join(words, ", and ") + "."); err != nil {
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

// mayShare returns what is to be noted of a new link in a room that may be shared
// with another organisation, or encrypted: somebody must have agreed.
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
			return "", "", command.Usage("This channel is shared with another organisation: what its people write would be mailed too. If they agree: %s", c.TypedAs("ok shared"))
		}
		r.Shared = store.SharedAgreed
	}
	if r.Encrypted == store.EncryptedAsked {
		if !agreed.encrypted {
			return "", "", command.Usage("This room is encrypted, and email is not: what is written here would leave the encryption and go out as ordinary mail. If its people agree: %s", c.TypedAs("ok encrypted"))
		}
		r.Encrypted = store.EncryptedAgreed
	}
	if r != was {
		err = c.PutRoom(&r)
	}
	return r.Shared, r.Encrypted, err
}

// Encrypted notes that a room is encrypted. Until somebody with the right agrees,
// nothing that is said there is mailed.
func Encrypted(w *core.Work, network string, e chat.Encrypted) error {
	rooms, err := w.RoomsIn(network, string(e.Place.Room))
	if err != nil {
		return err
	}
	can := w.Env.Network(network).Unsealer != nil
	for _, r := range rooms {
		if r.Encrypted == store.EncryptedAgreed && r.Thread != 0 && !can {
			// Another program ran when somebody agreed. It is told once in a run.
			if err := tochat.Notice(w, network, core.Place(r), "⚠️ This room is encrypted, and the hashsend that runs now was built without encryption: I cannot read what you write here, nor write here what comes by mail. Ask the one who runs me to install one with encryption. Nothing of what you write until then is mailed; those who write are told."); err != nil {
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
		text, choices := "⚠️ This room is now encrypted. Email is not, so nothing that you write here is mailed any more; mail still comes in. "+core.PromptMark+"ok encrypted has it mailed again, as ordinary email; "+core.PromptMark+"unlink ends the link.",
			[]chat.Choice{{Label: "Mail in plain", Command: "ok encrypted", Danger: true}, {Label: "Unlink", Command: "unlink", Danger: true}}
		if !can {
			text, choices = "⚠️ This room is now encrypted, and this hashsend was built without encryption: I cannot read what you write here, nor write here what is mailed. Ask the one who runs me to install one with encryption.", nil
		}
		if err := tochat.Notice(w, network, core.Place(r), text, tochat.WithChoices(choices...)); err != nil {
			return err
		}
		if err := tochat.NoticeHome(w, fmt.Sprintf("⚠️ The room of “%s” is now encrypted; nothing is mailed from it until somebody with the right agrees in it.", th.Title)); err != nil {
			return err
		}
		if err := tochat.Announce(w, th.ID); err != nil {
			return err
		}
	}
	return nil
}

// Shared notes that a room is, or is no longer, shared with another
// organisation. Until somebody with the right agrees, nothing passes.
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
		text := "⚠️ This channel is now shared with another organisation. Its people have not agreed that what they write is mailed, so nothing passes between this channel and email. " + core.PromptMark + "ok shared lets it pass again, " + core.PromptMark + "unlink ends the link."
		if err := tochat.Notice(w, network, core.Place(r), text, tochat.WithChoices(
			chat.Choice{Label: "Let it pass", Command: "ok shared"}, chat.Choice{Label: "Unlink", Command: "unlink", Danger: true})); err != nil {
			return err
		}
		th, err := w.Thread(r.Thread)
		if err != nil {
			return err
		}
		if err := tochat.NoticeHome(w, fmt.Sprintf("⚠️ The room of “%s” is now shared with another organisation; nothing passes there until somebody with the right agrees in it.", th.Title)); err != nil {
			return err
		}
	}
	return nil
}
