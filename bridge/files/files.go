// Package files stores the files of messages and emails, fetches them from networks, and
// decides how they appear in an email or a room.
package files

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/core"
	"hashsend/bridge/mail"
	"hashsend/bridge/media"
	"hashsend/bridge/outbox"
	"hashsend/bridge/retry"
	"hashsend/bridge/store"
)

// previewOver (bytes) and previewWide (pixels of the longer side) are the limits above which an
// email shows a smaller picture, with the original attached.
const (
	previewOver = 1 << 20
	previewWide = 1280
)

// jobFetchFile is the kind of delivery that fetches a file from a network.
const jobFetchFile = "file.fetch"

// fetchPatience is how long a fetch is retried. The message of the file waits for it.
const fetchPatience = 15 * time.Minute

// fileJob is the data of a delivery that fetches a file.
type fileJob struct {
	File int64 `json:"file"`
}

// Add stores the records of the files of a message from a room. It fetches nothing.
func Add(w *core.Work, network string, m store.Message, files []chat.File) error {
	opens := w.Env.Network(network).Opener != nil
	for _, f := range files {
		in := store.File{
			Message: m.ID, Network: network, Ref: string(f.ID), Name: mail.CleanFileName(f.Name), Type: f.Type, Sort: int64(f.Kind), Size: max(f.Size, 0),
			Duration: f.Duration, Width: f.Width, Height: f.Height, State: store.FileWanted, At: w.Now,
		}
		switch {
		case f.ID == "" || !opens:
			in.State, in.Reason = store.FileMissing, "available only in the room"
		case in.Size > w.Env.Files.Largest:
			in.State, in.Reason = store.FileMissing, TooLarge(w.Env.Files.Largest)
		}
		if err := w.AddFile(&in); err != nil {
			return err
		}
	}
	return nil
}

func TooLarge(most int64) string {
	return "larger than the limit of " + core.SizeOf(most)
}

// Fetch enqueues the fetching of the wanted files of a message, and reports whether there are
// any.
func Fetch(w *core.Work, message int64) (wanted bool, err error) {
	files, err := w.FilesOf(message)
	for _, f := range files {
		if f.State != store.FileWanted {
			continue
		}
		wanted = true
		// Each file has its own lane, so that a slow one does not delay others.
		if err := outbox.Enqueue(w, jobFetchFile, fmt.Sprintf("file/%d", f.ID), w.Key("g", f.ID), fileJob{f.ID}, nil, time.Time{}); err != nil {
			return wanted, err
		}
	}
	return wanted, err
}

// Kinds returns the kinds of delivery that fetch files. settled continues with a message when
// one of its files was fetched or given up.
func Kinds(e *core.Env, settled func(w *core.Work, message int64) error) []outbox.Kind {
	return []outbox.Kind{{Name: jobFetchFile, Patience: fetchPatience, Deliver: func(ctx context.Context, d store.Delivery) error {
		return deliverFetchFile(ctx, e, d, settled)
	}}}
}

// deliverFetchFile fetches a file into the store.
func deliverFetchFile(ctx context.Context, e *core.Env, d store.Delivery, settled func(*core.Work, int64) error) error {
	var j fileJob
	if err := json.Unmarshal([]byte(d.Data), &j); err != nil {
		return fmt.Errorf("decode delivery: %w", err)
	}
	var f store.File
	if err := e.Store.Read(ctx, func(tx *store.Tx) (err error) { f, err = tx.File(j.File); return err }); err != nil {
		return err
	}
	var err error
	if f.State == store.FileWanted {
		f, err = fetchFile(ctx, e, f)
	}
	core.Failpoint("settle-file:attempted")
	return e.Write(ctx, "settle-file", func(w *core.Work) error {
		if err != nil {
			final, settle := outbox.Again(w, d, err, fetchPatience)
			if settle != nil || !final {
				return settle
			}
			w.Env.Log.Warn("a file could not be fetched", "network", f.Network, "attempts", d.Attempt+1, "error", err)
			f.State, f.Reason = store.FileMissing, core.PlainReason(err.Error())
		} else if err := w.Done(d.ID); err != nil {
			return err
		}
		if err := w.SetFile(f); err != nil {
			return err
		}
		return settled(w, f.Message)
	})
}

func fetchFile(ctx context.Context, e *core.Env, f store.File) (store.File, error) {
	opener := e.Network(f.Network).Opener
	if opener == nil {
		return f, core.NeverError("the chat network is no longer in the configuration")
	}
	r, err := opener.OpenFile(ctx, chat.File{
		ID: chat.FileID(f.Ref), Name: f.Name, Type: f.Type, Size: f.Size, Kind: chat.FileKind(f.Sort), Duration: f.Duration, Width: f.Width, Height: f.Height,
	})
	if err != nil {
		return f, err
	}
	k, err := newKeeping(e, f.Type, f.Name)
	if err == nil {
		_, err = io.Copy(k, r)
	}
	if err := errors.Join(err, r.Close()); err != nil {
		return f, errors.Join(err, k.drop())
	}
	if k.over {
		return f, errors.Join(core.NeverError(TooLarge(e.Files.Largest)), k.drop())
	}
	c, err := k.keep()
	if err != nil {
		return f, err
	}
	c.Into(&f)
	if f.Preview, err = speech(ctx, e, f); err != nil {
		return f, err
	}
	return f, nil
}

// speech converts a voice message to a format that every mail program plays. If conversion
// fails, there is no copy.
func speech(ctx context.Context, e *core.Env, f store.File) (p store.Preview, err error) {
	const longest = 20 << 20 // bytes; larger files are not voice messages
	if e.Files.FFmpeg == "" || chat.FileKind(f.Sort) != chat.Voice || f.Type != "audio/ogg" || f.Size > longest {
		return f.Preview, nil
	}
	ogg, err := e.Store.OpenBlob(f.Blob)
	if err != nil {
		return p, err
	}
	defer ogg.Close()  //nolint:errcheck // it was only read
	e.Shrinking.Lock() // one at a time, as with pictures
	defer e.Shrinking.Unlock()
	w, err := e.Store.NewBlob()
	if err != nil {
		return p, err
	}
	if err := media.ToM4A(ctx, e.Files.FFmpeg, w, ogg, longest); err != nil {
		e.Log.Warn("a voice message could not be converted for mail programs", "error", err)
		return p, w.Drop()
	}
	p = store.Preview{Type: "audio/mp4", Size: w.Size()}
	p.Blob, err = w.Keep()
	return p, err
}

func AnyWanted(files []store.File) bool {
	for _, f := range files {
		if f.State == store.FileWanted {
			return true
		}
	}
	return false
}

// Content describes a stored file.
type Content struct {
	Blob, Type, Name string
	Size             int64
	Width, Height    int
	Preview          store.Preview
}

func (c Content) Into(f *store.File) {
	f.State, f.Reason = store.FileHere, ""
	f.Blob, f.Type, f.Name, f.Size, f.Preview = c.Blob, c.Type, c.Name, c.Size, c.Preview
	if c.Width > 0 {
		f.Width, f.Height = c.Width, c.Height
	}
}

// keeping writes a file to the store, up to the size limit.
type keeping struct {
	env            *core.Env
	w              *store.BlobWriter
	head           []byte
	declared, name string
	over           bool
}

func newKeeping(e *core.Env, declared, name string) (*keeping, error) {
	w, err := e.Store.NewBlob()
	return &keeping{env: e, w: w, declared: declared, name: name}, err
}

// Write writes the next bytes. It skips everything beyond the size limit.
func (k *keeping) Write(p []byte) (int, error) {
	const looked = 3072
	if n := looked - len(k.head); n > 0 {
		k.head = append(k.head, p[:min(n, len(p))]...)
	}
	if k.over = k.over || k.w.Size()+int64(len(p)) > k.env.Files.Largest; k.over {
		return len(p), nil
	}
	return k.w.Write(p)
}

func (k *keeping) drop() error {
	if k == nil || k.w == nil {
		return nil
	}
	return k.w.Drop()
}

// keep stores the file, and a smaller copy of a large picture.
func (k *keeping) keep() (Content, error) {
	c := Content{Type: media.Type(k.head, k.declared, k.name), Size: k.w.Size()}
	c.Name = media.Named(k.name, c.Type)
	var err error
	if c.Blob, err = k.w.Keep(); err != nil {
		return c, err
	}
	if !shownInline(c.Type) {
		return c, nil
	}
	f, err := k.env.Store.OpenBlob(c.Blob)
	if err != nil {
		return c, err
	}
	defer f.Close() //nolint:errcheck // it was only read
	if c.Width, c.Height = media.Size(f); c.Size <= previewOver && max(c.Width, c.Height) <= 2*previewWide {
		return c, nil
	}
	c.Preview, err = preview(k.env, f, c.Size)
	return c, err
}

// shownInline reports whether every mail program shows pictures of a type.
func shownInline(kind string) bool {
	switch kind {
	case "image/jpeg", "image/png", "image/gif", "image/webp":
		return true
	}
	return false
}

// preview makes a smaller copy of a picture, or none if it cannot decode it.
func preview(e *core.Env, f io.ReadSeeker, size int64) (p store.Preview, err error) {
	e.Shrinking.Lock()
	defer e.Shrinking.Unlock()
	w, err := e.Store.NewBlob()
	if err != nil {
		return p, err
	}
	kind, width, _, shrink := media.Shrink(w, f, previewWide)
	if shrink != nil {
		e.Log.Debug("a picture could not be resized", "error", shrink)
		return p, w.Drop()
	}
	if w.Size() > previewOver || w.Size() >= size {
		return p, w.Drop()
	}
	p = store.Preview{Type: kind, Size: w.Size(), Width: width}
	p.Blob, err = w.Keep()
	return p, err
}

// FromMail stores the files of an email while it is parsed.
type FromMail struct {
	Env  *core.Env
	Here map[string]Content // by Part.Stored
}

func (m *FromMail) Sink(p mail.Part) (mail.Sink, error) {
	if p.Hidden() {
		return nil, nil
	}
	if p.Name == "" {
		p.Name = p.UsualName()
	}
	k, err := newKeeping(m.Env, p.Type, p.Name)
	if err != nil {
		return nil, err
	}
	return &mailSink{keeping: k, m: m}, nil
}

type mailSink struct {
	*keeping
	m *FromMail
}

// Close stores the file unless it is too large.
func (s *mailSink) Close() (string, error) {
	if s.over {
		return "", s.drop()
	}
	c, err := s.keep()
	if err != nil {
		return "", err
	}
	stored := c.Blob + " " + s.name
	s.m.Here[stored] = c
	return stored, nil
}

func KindOf(kind string) chat.FileKind {
	family, _, _ := strings.Cut(kind, "/")
	return map[string]chat.FileKind{"image": chat.Picture, "audio": chat.Sound, "video": chat.Film}[family]
}

// Run removes expired files once a day until ctx ends.
func Run(ctx context.Context, e *core.Env) error {
	for {
		if err := dropOldFiles(ctx, e); err != nil && ctx.Err() == nil {
			e.Log.Error("remove old files", "error", err)
		}
		day := time.NewTimer(24 * time.Hour)
		select {
		case <-day.C:
		case <-ctx.Done():
			day.Stop()
			return nil
		}
	}
}

func dropOldFiles(ctx context.Context, e *core.Env) error {
	const batch = 200
	for {
		var old []store.File
		err := e.Store.Read(ctx, func(tx *store.Tx) (err error) {
			old, err = tx.FilesHere(e.Now().Add(-e.Files.Keep), batch)
			return err
		})
		if err != nil {
			return err
		}
		if len(old) == 0 {
			break
		}
		err = e.Write(ctx, "drop-files", func(w *core.Work) error {
			for _, f := range old {
				f.State, f.Reason = store.FileDropped, "no longer kept"
				if err := w.SetFile(f); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	_, err := e.Store.DropBlobs(e.Now(), func(name string) (wanted bool, err error) {
		err = e.Store.Read(ctx, func(tx *store.Tx) error { wanted, err = tx.BlobWanted(name); return err })
		return wanted, err
	})
	return err
}

// OpenBlob opens a stored file for an email. The error is final if the file was removed.
func OpenBlob(e *core.Env, name string) (io.ReadCloser, error) {
	f, err := e.Store.OpenBlob(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, retry.Never(err)
	}
	return f, err
}
