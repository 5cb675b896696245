package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/command"
	"hashsend/bridge/core"
	"hashsend/bridge/outbox"
	"hashsend/bridge/store"
	"hashsend/bridge/tochat"
)

// consent is what somebody with the right has agreed to.
type consent struct{ shared, encrypted bool }

func agrees(c *command.Call, to string) bool {
	return slices.ContainsFunc(c.Args, func(word string) bool { return strings.EqualFold(word, to) })
}

// encryptionStatus tells how an encrypted room is mailed, and what waits for a key.
func encryptionStatus(w *core.Work, b *strings.Builder, r store.Room) error {
	if r.Encrypted == "" {
		return nil
	}
	b.WriteString("\n" + strings.TrimSpace(core.EncryptionNote(r)))
	waiting, err := w.Waiting(1000)
	n := 0
	for _, d := range waiting {
		if d.Kind == jobUnseal && strings.HasPrefix(d.Lane, sealLane(r.Network, chat.RoomID(r.Place), "")) {
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

// encrypted notes that a room is encrypted. Until somebody with the right agrees,
// nothing that is said there is mailed.
func encrypted(w *core.Work, network string, e chat.Encrypted) error {
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

// jobUnseal is the kind of delivery that reads what could not be read when it came.
const jobUnseal = "chat.unseal"

// unsealPatience is how long a key is waited for.
const unsealPatience = 24 * time.Hour

// sealedJob is the data of a message that cannot be read yet.
type sealedJob struct {
	Network string      `json:"network"`
	Sealed  chat.Sealed `json:"sealed"`
}

func sealLane(network string, room chat.RoomID, lock string) string {
	return "sealed/" + network + "/" + string(room) + "/" + lock
}

// sealed keeps a message that cannot be read yet. What waits for the same key
// stands in one lane, so that it comes out in order.
func sealed(w *core.Work, network string, e chat.Sealed) error {
	lane := sealLane(network, e.Place.Room, e.Lock)
	due := w.Now.Add(5 * time.Second) // the key is mostly on its way
	return outbox.Enqueue(w, jobUnseal, lane, sealKey(w, network, e.Message), sealedJob{network, e}, nil, due)
}

// sealKey is the key of the delivery in which a message waits for its key.
func sealKey(w *core.Work, network string, id chat.MessageID) string {
	return w.Env.Instance + ".seal." + network + "." + string(id)
}

// unlocked has what waits for a key tried at once.
func unlocked(w *core.Work, network string, e chat.Unlocked) error {
	lane := sealLane(network, e.Place.Room, e.Lock)
	d, err := w.First(lane)
	if errors.Is(err, store.ErrNone) {
		return nil
	}
	if err != nil {
		return err
	}
	d.Due = w.Now
	w.Lanes[lane] = true
	return w.SetDelivery(d)
}

// deliverUnseal tries to read a sealed message and takes it in as if it came now.
func deliverUnseal(ctx context.Context, e *core.Env, d store.Delivery, take core.Taker) error {
	var j sealedJob
	if err := json.Unmarshal([]byte(d.Data), &j); err != nil {
		return fmt.Errorf("decode delivery: %w", err)
	}
	opener := e.Network(j.Network).Unsealer
	can := opener != nil
	var event chat.Event
	err := errors.New("nothing here can read it")
	if can {
		event, err = opener.Unseal(ctx, j.Sealed)
	}
	return e.Write(ctx, "unseal", func(w *core.Work) error {
		if err != nil {
			final, settle := outbox.Again(w, d, err, unsealPatience)
			switch {
			case settle == nil && final:
				settle = neverRead(w, j, can)
			case settle == nil && can && w.Now.Sub(d.Created) > notYetAfter:
				settle = notYetRead(w, j)
			}
			return settle
		}
		if err := w.Done(d.ID); err != nil || event == nil {
			return err
		}
		said := j.Sealed.At
		if said.After(w.Now) {
			said = w.Now
		}
		if c, is := event.(chat.Command); is && w.Now.Sub(said) > 10*time.Minute {
			// Nobody waits for it any more, and much may have changed.
			return tochat.Notice(w, j.Network, c.Place, fmt.Sprintf("I could read only now what you typed on %s, so I did not do it: %s%s. Type it again if you still want it.", said.In(w.Env.Zone).Format("2 January 15:04"), core.PromptMark, c.Text), tochat.Privately(c.By.ID))
		}
		w.SaidAt = &said
		return take(w, j.Network, event)
	})
}

// notYetAfter is how long a key may be late before its sender hears of it.
const notYetAfter = 10 * time.Minute

// firstOfKey reports whether a message that cannot be read would have been mailed from
// its room, and is the first with its key of which this is told.
func firstOfKey(w *core.Work, j sealedJob, what string) (r store.Room, first bool, err error) {
	e := j.Sealed
	r, err = w.LinkedRoom(j.Network, e.Place)
	if errors.Is(err, store.ErrNone) {
		return r, false, nil
	}
	if err != nil || r.Closed() || core.BeforeLink(r, e.At) {
		return r, false, err
	}
	told, err := w.Seen(w.Now, j.Network+" "+what, e.Lock)
	return r, err == nil && !told, err
}

// notYetRead tells the writer of a message, once for each key, that it waits.
func notYetRead(w *core.Work, j sealedJob) error {
	e := j.Sealed
	if _, first, err := firstOfKey(w, j, "not yet"); err != nil || !first {
		return err
	}
	return tochat.Notice(w, j.Network, e.Place, fmt.Sprintf("⏳ I cannot read yet what you wrote on %s: it is encrypted, and its key has not come. I have asked your program for it. If it comes within a day, what you wrote is mailed.", e.At.Format("2 January 15:04")), tochat.Privately(e.By.ID))
}

// neverRead tells the writer of a message, once for each key, that it was not mailed.
func neverRead(w *core.Work, j sealedJob, can bool) error {
	e := j.Sealed
	r, first, err := firstOfKey(w, j, "sealed")
	if err != nil || !first {
		return err
	}
	why, then := "your program has not given me the key, although I asked for it", "Please write it again."
	if !can {
		why, then = "this hashsend was built without encryption", "Ask the one who runs me to install one with encryption."
	}
	text := fmt.Sprintf("⚠️ I could not read what you wrote on %s: it is encrypted, and %s. It was not mailed. %s", e.At.Format("2 January 15:04"), why, then)
	if err := tochat.Notice(w, j.Network, e.Place, text, tochat.Privately(e.By.ID)); err != nil {
		return err
	}
	if w.Env.Network(j.Network).Reporter == nil {
		return nil
	}
	// The same words get through when they are written again.
	s := chat.State{Phase: chat.Failed, Reason: "it could not be read: " + why, Later: true}
	return tochat.ShowState(w, r, store.Copy{Room: r.ID, Posted: string(e.Message), Chat: string(e.Place.Thread)}, s)
}
