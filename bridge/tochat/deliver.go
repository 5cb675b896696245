package tochat

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/core"
	"hashsend/bridge/files"
	"hashsend/bridge/outbox"
	"hashsend/bridge/store"
)

// The kinds of delivery to rooms.
const (
	jobPost     = "chat.post"
	jobPostFile = "chat.file"
	JobEdit     = "chat.edit"
	jobDelete   = "chat.delete"
	JobReport   = "chat.report"
)

// postJob is the data of a delivery that posts a message or a file.
type postJob struct {
	Target
	Message int64 `json:"message,omitempty"` // the message; 0: a notice
	Part    int   `json:"part,omitempty"`
	ReplyTo int64 `json:"reply_to,omitempty"` // the message it replies to
	File    int64 `json:"file,omitempty"`     // the stored file to post
	Whole   bool  `json:"whole,omitempty"`    // the file holds the whole text of the message
}

// ChangeJob is the data of a delivery that edits or deletes a part of a message.
type ChangeJob struct {
	Target
	Of   int64 `json:"of"`
	Part int   `json:"part,omitempty"`
}

// ReportJob is the data of a delivery that shows a state at a message.
type ReportJob struct {
	Target
	To    string     `json:"to"` // the network's id of the message
	State chat.State `json:"state"`
}

// Kinds returns the kinds of delivery to rooms.
func Kinds(e *core.Env) []outbox.Kind {
	post := Kind[postJob]{Name: jobPost, Patience: outbox.MessagePatience, Attempt: func(ctx context.Context, n *core.Network, d store.Delivery, j *postJob) (chat.MessageID, error) {
		return attemptPost(ctx, e, n, d, j)
	}, Settle: settlePost, GaveUp: gaveUpPost}
	file := post
	file.Name, file.Attempt = jobPostFile, func(ctx context.Context, n *core.Network, d store.Delivery, j *postJob) (chat.MessageID, error) {
		return attemptFile(ctx, e, n, d, j)
	}
	return []outbox.Kind{
		post.For(e),
		file.For(e),
		Kind[ChangeJob]{Name: JobEdit, Attempt: func(ctx context.Context, n *core.Network, _ store.Delivery, j *ChangeJob) (chat.MessageID, error) {
			to, err := CopyOf(ctx, e, j.Of, j.Room, j.Part)
			if err != nil || n.Editor == nil {
				return "", err
			}
			return n.Editor.Edit(ctx, to, j.Out)
		}}.For(e),
		Kind[ChangeJob]{Name: jobDelete, Attempt: func(ctx context.Context, n *core.Network, _ store.Delivery, j *ChangeJob) (chat.MessageID, error) {
			to, err := CopyOf(ctx, e, j.Of, j.Room, j.Part)
			if err != nil || n.Deleter == nil {
				return "", err
			}
			return "", n.Deleter.Delete(ctx, to, j.Out)
		}}.For(e),
		Kind[ReportJob]{Name: JobReport, Attempt: func(ctx context.Context, n *core.Network, d store.Delivery, j *ReportJob) (chat.MessageID, error) {
			if n.Reporter == nil {
				return "", nil
			}
			j.State.Key = d.Key
			return "", n.Reporter.Report(ctx, chat.MessageID(j.To), j.Place, j.State)
		}}.For(e),
		announceKind().For(e),
	}
}

// attemptPost posts a message.
func attemptPost(ctx context.Context, e *core.Env, n *core.Network, d store.Delivery, j *postJob) (chat.MessageID, error) {
	if err := placeReply(ctx, e, n, j); err != nil {
		return "", err
	}
	return SendOnce(ctx, n, d, j.Out)
}

// placeReply fills in the network's id of the message that a new one replies to, and its chat
// thread.
func placeReply(ctx context.Context, e *core.Env, n *core.Network, j *postJob) error {
	if j.ReplyTo == 0 {
		return nil
	}
	return e.Store.Read(ctx, func(tx *store.Tx) error {
		c, err := tx.CopyIn(j.ReplyTo, j.Room)
		if err != nil && !errors.Is(err, store.ErrNone) {
			return err
		}
		j.Out.ReplyTo = chat.MessageID(c.Posted)
		if n.Threader == nil || c.Posted == "" || j.Place.Thread != "" || !n.Limits().Threads {
			return nil
		}
		// A message in a chat thread is not the root of another one.
		if j.Place.Thread = chat.ThreadID(c.Chat); c.Chat == "" {
			j.Place.Thread = n.Threader.ThreadOf(j.Place, j.Out.ReplyTo)
		}
		j.Out.Place = j.Place
		return nil
	})
}

// settlePost records that a message was posted.
func settlePost(w *core.Work, _ store.Delivery, j postJob, id chat.MessageID) error {
	if err := mayAgain(w, j.Network, j.Place.Room); err != nil || j.Message == 0 {
		return err
	}
	return copyPosted(w, j, id)
}

// gaveUpPost reports a message that could not be posted, where it came from.
func gaveUpPost(w *core.Work, _ store.Delivery, j postJob, cause error) error {
	if err := mayNot(w, j.Network, j.Place.Room, cause); err != nil || j.Message == 0 {
		return err
	}
	m, err := w.Message(j.Message)
	if err != nil {
		return err
	}
	w.Trace(core.Trace{Thread: m.Thread, Message: m.ID, Kind: "refused", Text: "the room refused it: " + cause.Error()})
	if m.Origin == store.FromChat {
		return NoticeAt(w, m, fmt.Sprintf("⚠️ This message couldn't be posted in another room of this conversation: %s.", core.PlainReason(cause.Error())), chat.State{Phase: chat.Failed, Reason: cause.Error()})
	}
	return NoticeHome(w, fmt.Sprintf("⚠️ An email from %s couldn't be posted in its room: %s. It said:\n%s", m.Name, core.PlainReason(cause.Error()), core.WithRemarks(m)))
}

// SendOnce posts an event. If an earlier attempt may have succeeded, it looks for the event
// first.
func SendOnce(ctx context.Context, n *core.Network, d store.Delivery, out chat.Outgoing) (chat.MessageID, error) {
	return once(ctx, n, d, out, func() (chat.MessageID, error) { return n.Send(ctx, out) })
}

// once calls send unless an event with the key of the delivery exists.
func once(ctx context.Context, n *core.Network, d store.Delivery, out chat.Outgoing, send func() (chat.MessageID, error)) (chat.MessageID, error) {
	if n.Finder != nil && outbox.InDoubt(d) {
		id, found, err := n.Finder.Find(ctx, out.Place, out.Key, d.Created.Add(-time.Minute))
		if err != nil || found {
			return id, err
		}
	}
	return send()
}

// attemptFile posts a stored file in a room.
func attemptFile(ctx context.Context, e *core.Env, n *core.Network, d store.Delivery, j *postJob) (chat.MessageID, error) {
	if err := placeReply(ctx, e, n, j); err != nil {
		return "", err
	}
	if j.Whole && n.Filer != nil {
		var m store.Message
		if err := e.Store.Read(ctx, func(tx *store.Tx) (err error) { m, err = tx.Message(j.Message); return err }); err != nil {
			return "", err
		}
		return once(ctx, n, d, j.Out, func() (chat.MessageID, error) { return n.Filer.SendFile(ctx, j.Out, wholeText(m)) })
	}
	var f store.File
	if err := e.Store.Read(ctx, func(tx *store.Tx) (err error) { f, err = tx.File(j.File); return err }); err != nil {
		return "", err
	}
	if n.Filer == nil || f.State != store.FileHere {
		return "", core.NeverError("the file no longer exists")
	}
	a := chat.Attachment{
		File: chat.File{Name: f.Name, Type: f.Type, Size: f.Size, Kind: chat.FileKind(f.Sort), Duration: f.Duration, Width: f.Width, Height: f.Height},
		Open: func(context.Context) (io.ReadCloser, error) { return files.OpenBlob(e, f.Blob) },
	}
	return once(ctx, n, d, j.Out, func() (chat.MessageID, error) { return n.Filer.SendFile(ctx, j.Out, a) })
}

// copyPosted records that a part of a message was posted. It deletes the part again if it is
// outdated by now.
func copyPosted(w *core.Work, j postJob, id chat.MessageID) error {
	r, err := w.RoomByID(j.Room)
	if err != nil {
		return err
	}
	c := store.Copy{Message: j.Message, Room: j.Room, Part: j.Part, Posted: string(id), Chat: string(j.Place.Thread)}
	if r.Chat != "" {
		c.Chat = ""
	}
	if err := w.AddCopy(c); err != nil {
		return err
	}
	m, err := w.Message(j.Message)
	if err != nil {
		return err
	}
	w.Trace(core.Trace{Thread: m.Thread, Message: m.ID, Kind: "posted", Text: "posted in the room"})
	switch {
	case m.State == store.Deleted:
		return DeleteCopy(w, r, c)
	case j.Whole:
		return DropWhole(w, m.ID, r, j.Part)
	}
	return nil
}
