package bridge

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hashsend/bridge/core"
	"hashsend/bridge/files"
	"hashsend/bridge/frommail"
	"hashsend/bridge/mail"
	"hashsend/bridge/store"
)

// TestLinks opens links of large files.
func TestLinks(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := &stage{t: t, dir: dir, nets: map[string]*net{}, refuse: map[string]string{}, mode: map[string]string{"url": "https://files.example.org/"}, names: map[string]string{}}
		for _, name := range []string{"matrix", "slack"} {
			s.nets[name] = &net{s: s, name: name}
		}
		s.start()
		defer s.end()
		ctx := context.Background()
		w, err := s.store.NewBlob()
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, "the content") //nolint:errcheck // Keep tells
		blob, err := w.Keep()
		if err != nil {
			t.Fatal(err)
		}
		m, f := store.Message{Origin: store.FromChat, State: store.Mailed, At: time.Now()}, store.File{Name: "a b.bin", Type: "application/octet-stream", State: store.FileHere, Blob: blob, At: time.Now()}
		err = s.bridge.env.Write(ctx, "test", func(w *core.Work) error {
			th, err := frommail.NewThread(w, s.bridge.env.BoxNamed("main"), store.ModeOpen, "Lunch")
			if err != nil {
				return err
			}
			m.Thread = th.ID
			if err := w.AddMessage(&m); err != nil {
				return err
			}
			f.Message = m.ID
			return w.AddFile(&f)
		})
		if err != nil {
			t.Fatal(err)
		}
		link := files.LinksOf(s.bridge.env).Link(f, 0)
		path, ok := strings.CutPrefix(link, "https://files.example.org/f/")
		path, name, _ := strings.Cut(path, "/")
		if !ok || name != "a%20b.bin" {
			t.Fatalf("the link is %s", link)
		}
		got, err := s.bridge.OpenLink(ctx, path)
		if err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(got.Content); string(b) != "the content" || errors.Join(err, got.Content.Close()) != nil || got.Name != "a b.bin" {
			t.Errorf("it leads to %q of %q, %v", b, got.Name, err)
		}
		for _, bad := range []string{"", "1", "1.2.3", path + "x", "2" + path, strings.Replace(path, ".", ".9", 1)} {
			if _, err := s.bridge.OpenLink(ctx, bad); !errors.Is(err, files.ErrNoLink) {
				t.Errorf("%q: %v", bad, err)
			}
		}
		linkOfOne(t, s, m.Thread, f, path)
		m.State = store.Deleted
		if err := s.bridge.env.Write(ctx, "test", func(w *core.Work) error { return w.SetMessage(m) }); err != nil {
			t.Fatal(err)
		}
		if _, err := s.bridge.OpenLink(ctx, path); !errors.Is(err, files.ErrNoLink) {
			t.Errorf("the file of a deleted message: %v", err)
		}
		m.State = store.Mailed
		if err := s.bridge.env.Write(ctx, "test", func(w *core.Work) error { return w.SetMessage(m) }); err != nil {
			t.Fatal(err)
		}
		time.Sleep(31 * 24 * time.Hour)
		synctest.Wait()
		if _, err := s.bridge.OpenLink(ctx, path); !errors.Is(err, files.ErrNoLink) {
			t.Errorf("after its time: %v", err)
		}
		err = s.store.Read(ctx, func(tx *store.Tx) (err error) { f, err = tx.File(f.ID); return err })
		if err != nil || f.State != store.FileDropped {
			t.Errorf("after its time it is %s, %v", f.State, err)
		}
	})
}

// linkOfOne tries the link of one person: it ends with their taking part.
func linkOfOne(t *testing.T, s *stage, thread int64, f store.File, ofAll string) {
	t.Helper()
	ctx := context.Background()
	var ann store.Participant
	err := s.bridge.env.Write(ctx, "test", func(w *core.Work) error {
		th, err := w.Thread(thread)
		if err != nil {
			return err
		}
		ann = s.bridge.env.NewParticipant(th, mail.Address{Address: "ann@example.com"}, w.Now)
		return w.AddParticipant(&ann)
	})
	if err != nil {
		t.Fatal(err)
	}
	hers, _ := strings.CutPrefix(files.LinksOf(s.bridge.env).Link(f, ann.ID), "https://files.example.org/f/")
	hers, _, _ = strings.Cut(hers, "/")
	if hers == ofAll {
		t.Error("the link of one person is that of all")
	}
	if got, err := s.bridge.OpenLink(ctx, hers); err != nil || got.Content.Close() != nil {
		t.Errorf("her link: %v", err)
	}
	ann.State = store.Removed
	if err := s.bridge.env.Write(ctx, "test", func(w *core.Work) error { return w.SetParticipant(ann) }); err != nil {
		t.Fatal(err)
	}
	if _, err := s.bridge.OpenLink(ctx, hers); !errors.Is(err, files.ErrNoLink) {
		t.Errorf("of one who was taken out: %v", err)
	}
}
