package frommail

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
)

func TestPreviewOwnCases(t *testing.T) {
	for name, want := range map[string]struct{ kind, text, notice string }{
		"message--vacation":          {"message", "I am out of the office until Monday, but call me!", ""},
		"calendar--invitation":       {"calendar", "Bring biscuits.", "📅 Ann Lee invites to: Boat, at last\nWhen: Friday, 10 January 2025, 14:00 CET\nWhere: Harbour"},
		"reaction--rfc9078":          {"reaction", "", "reacted with 😀"},
		"message--text-and-reaction": {"message", "yes, gladly", ""},
		"auto-reply--sieve":          {"auto-reply", "", "Automatic reply from Ann Lee: Ich bin bis Montag weg."},
		"loop--hops":                 {"loop", "", "This email is in a loop: too many bridges. It isn't posted."},
		"list--list-id":              {"list", "Hi all", ""},
	} {
		raw, err := os.ReadFile(filepath.Join("..", "classify", "testdata", name+".eml"))
		if err != nil {
			t.Fatal(err)
		}
		got := Preview(bytes.NewReader(raw))
		if got.Kind != want.kind || got.Text != want.text || got.Notice != want.notice || got.Error != "" || got.Confidence <= 0 || got.Confidence > 1 {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
		if name == "message--text-and-reaction" && (got.Emoji != "👍" || len(got.Attachments) != 0) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// TestPreviewIsWhatTheRoomSees compares the cards, lines and files of a room (C8,
// C10, C11, C12, C13).
func TestPreviewIsWhatTheRoomSees(t *testing.T) {
	read := func(raw string) Shown { return Preview(strings.NewReader(raw)) }
	for _, name := range []string{"calendar--invitation", "message--calendar-file"} {
		raw, err := os.ReadFile(filepath.Join("..", "classify", "testdata", name+".eml"))
		if err != nil {
			t.Fatal(err)
		}
		got := read(string(raw))
		want := map[string]string{"calendar--invitation": "invite.ics", "message--calendar-file": "boat.ics"}[name]
		if len(got.Attachments) != 1 || got.Attachments[0].Name != want || !strings.Contains(got.Notice, "Where: Harbour") {
			t.Errorf("%s: %+v", name, got)
		}
	}
	const head = "From: Ann Lee <ann@example.com>\nSubject: Boat\nContent-Type: multipart/mixed; boundary=a\n\n--a\n\nLook.\n--a\n"
	got := read(head + "Content-Type: text/vcard; name=bob.vcf\n\nBEGIN:VCARD\nFN:Bob Lee\nTEL:1\nEND:VCARD\n--a\nContent-Type: application/octet-stream; name=smime.p7s\n\nx\n--a--\n")
	if got.Notice != "👤 Bob Lee\nPhone: 1" || got.Text != "Look." || len(got.Attachments) != 1 {
		t.Errorf("contact: %+v", got)
	}
	got = read(head + "Content-Type: message/rfc822\n\nFrom: bob@example.org\nSubject: For sale\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\nA boat.\n--c\nContent-Type: image/png; name=boat.png\n\nx\n--c--\n--a--\n")
	if got.Text != "Look." || got.Below != "↪ Ann Lee forwarded: For sale, from bob@example.org\nA boat." || len(got.Attachments) != 1 || got.Attachments[0].Name != "boat.png" {
		t.Errorf("forward: %+v", got)
	}
	got = read("From: Ann Lee <ann@example.com>\nSubject: Fwd: For sale\n\n---------- Forwarded message ---------\nFrom: bob@example.org\nDate: Mon, Jan 6, 2025\nSubject: For sale\n\nA boat.\n")
	if got.Notice != "↪ Ann Lee forwarded: For sale, from bob@example.org, Mon, Jan 6, 2025" || !strings.Contains(got.Text, "A boat.") {
		t.Errorf("forward in the text: %+v", got)
	}
	got = read("From: Ann Lee <ann@example.com>\nSubject: ...\nContent-Type: multipart/encrypted; boundary=a\n\n--a\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n--a\nContent-Type: application/octet-stream\n\nx\n--a--\n")
	if !strings.Contains(got.Notice, "encrypted") || got.Text != "" || len(got.Attachments) != 0 {
		t.Errorf("encrypted: %+v", got)
	}
}

func TestPreviewReport(t *testing.T) {
	raw, err := os.ReadFile("../classify/testdata/bounce--dsn.eml")
	if err != nil {
		t.Fatal(err)
	}
	got := Preview(bytes.NewReader(raw)).Bounce
	if got == nil || got.Action != "failed" || got.OriginalID != "hs.q.1@own.example" || len(got.Recipients) != 1 ||
		got.Recipients[0] != (ShownRecipient{"ann@corp.example", "5.2.2", "the mailbox is full (552 5.2.2 Mailbox quota exceeded)"}) {
		t.Fatalf("%+v", got)
	}
}

// A source that fails is reported, and the text before it is shown.
func TestPreviewBrokenSource(t *testing.T) {
	gone := errors.New("disk gone")
	got := Preview(io.MultiReader(strings.NewReader("From: ann@corp.example\nSubject: x\n\nhello\n"), iotest.ErrReader(gone)))
	if !strings.Contains(got.Error, "disk gone") || got.From.Address != "ann@corp.example" {
		t.Fatalf("%+v", got)
	}
}

// sharedMails reads a folder of the shared test material, by file name.
func sharedMails(t testing.TB, folder string) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", "shared", "fixtures", "mail", folder, "*.eml"))
	if err != nil || len(files) == 0 {
		t.Skip("the shared test material is not here")
	}
	mails := map[string][]byte{}
	for _, f := range files {
		if mails[filepath.Base(f)], err = os.ReadFile(f); err != nil {
			t.Fatal(err)
		}
	}
	return mails
}

// Every mail, even a broken one, has a preview, with the line ends of the file and of the
// wire.
func TestPreviewMalformed(t *testing.T) {
	all, readable := 0, 0
	for _, folder := range []string{"malformed", "normal", "list"} {
		for name, raw := range sharedMails(t, folder) {
			wire := bytes.ReplaceAll(bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
			for _, raw := range [][]byte{raw, wire} {
				all++
				if s := Preview(bytes.NewReader(raw)); s.Error == "" && (s.Text != "" || s.Notice != "") {
					readable++
				} else {
					t.Logf("%s: %+v", name, s)
				}
			}
		}
	}
	if percent := 100 * float64(readable) / float64(all); percent < 99.5 {
		t.Errorf("%.1f %% of %d mails give something to read, want 99.5 %%", percent, all)
	}
}

func BenchmarkPreview(b *testing.B) {
	for _, folder := range []string{"normal", "bounce", "malformed"} {
		b.Run(folder, func(b *testing.B) {
			mails := sharedMails(b, folder)
			var size int64
			for _, raw := range mails {
				size += int64(len(raw))
			}
			b.SetBytes(size)
			for b.Loop() {
				for _, raw := range mails {
					Preview(bytes.NewReader(raw))
				}
			}
			b.ReportMetric(float64(b.N)*float64(len(mails))/b.Elapsed().Seconds(), "mails/s")
		})
	}
}
