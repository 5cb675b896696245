package matrix

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"maunium.net/go/mautrix"

	"hashsend/bridge/chat"
	"hashsend/bridge/retry"
)

// backfill reads a room's history after a message, over several pages.
func (p place) backfill(t *testing.T) {
	r, c := p.room(t), p.connect(t)
	p.alice.Say(r.id, "before")
	since := p.alice.Say(r.id, "the last that was known")
	var want []string
	for n := range 105 {
		text := fmt.Sprint("since then ", n)
		p.alice.Say(r.id, text)
		want = append(want, text)
	}
	p.alice.Sees(r.id, 10*time.Second, func(text string) bool { return text == want[len(want)-1] })
	var got []string
	keep := func(_ context.Context, cursor string, events ...chat.Event) error {
		if cursor != "" {
			t.Errorf("the cursor is %q, want none: history does not move it", cursor)
		}
		for _, e := range events {
			got = append(got, e.(chat.Posted).Body.Text)
		}
		return nil
	}
	if err := c.Backfill(t.Context(), r.Place(), chat.MessageID(since), time.Time{}, keep); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%d messages came: %v\nwant %d in order", len(got), got, len(want))
	}
	got = nil
	if err := c.Backfill(t.Context(), r.Place(), "$never:lab.test", time.Time{}, keep); err != nil || len(got) > 0 {
		t.Errorf("after a message that is not there: %v, %v; want nothing", got, err)
	}
}

// files opens what somebody has posted.
func (p place) files(t *testing.T) {
	up, err := p.alice.UploadMedia(t.Context(), mautrix.ReqUploadMedia{ContentBytes: []byte("the minutes"), ContentType: "text/plain", FileName: "minutes.txt"})
	if err != nil {
		t.Fatal(err)
	}
	c := p.connect(t)
	f, err := c.OpenFile(t.Context(), chat.File{ID: chat.FileID(up.ContentURI.String())})
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(f)
	if err != nil || string(text) != "the minutes" || f.Close() != nil {
		t.Errorf("the file reads %q, %v", text, err)
	}
	for _, id := range []string{"", "https://example.org/x", up.ContentURI.String() + "x"} {
		if _, err := c.OpenFile(t.Context(), chat.File{ID: chat.FileID(id)}); err == nil || !retry.IsNever(err) || strings.Contains(err.Error(), "minutes") {
			t.Errorf("OpenFile(%q): %v; want an error that is final", id, err)
		}
	}
}
