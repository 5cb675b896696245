package lab

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// Style is where the words of an answer stand around the quote.
type Style string

// The styles.
const (
	Top    Style = "top"
	Bottom Style = "bottom"
	Inline Style = "inline" // below the first quoted line
	Each   Style = "each"   // a line below each quoted line that says something
)

// NeomuttReply answers the newest mail in a user's INBOX with the real neomutt,
// and returns when the answer is submitted. With record, neomutt keeps a copy in
// Sent.
func (m *MailSystem) NeomuttReply(t testing.TB, user, text string, style Style, record bool) {
	t.Helper()
	m.mutt(t, Need(t, "neomutt", "neomutt"), user, text, style, record, answer)
}

// NeomuttNew writes a new mail with the real neomutt, which keeps a copy in Sent,
// and returns when the mail is submitted.
func (m *MailSystem) NeomuttNew(t testing.TB, user, to, subject, text string) {
	t.Helper()
	m.mutt(t, Need(t, "neomutt", "neomutt"), user, text, Top, true,
		fmt.Sprintf(`push "<mail>%s<enter>%s<enter><send-message><quit>"`, to, subject))
}

// MuttReply is NeomuttReply with mutt.
func (m *MailSystem) MuttReply(t testing.TB, user, text string, style Style, record bool) {
	t.Helper()
	m.mutt(t, Need(t, "mutt", "mutt"), user, text, style, record, answer)
}

// Neomutt runs neomutt with keys and settings of the test: the text is what its
// editor writes.
func (m *MailSystem) Neomutt(t testing.TB, user, text string, style Style, settings, keys string) {
	t.Helper()
	m.mutt(t, Need(t, "neomutt", "neomutt"), user, text, style, false, settings+"\npush \""+keys+"\"")
}

// Only are the keys that leave one mail in the list, and go to it.
func Only(m Mail) string { return "<limit>~i " + m.ID + "<enter><last-entry>" }

// answer are the keys that answer the newest mail.
const answer = `push "<last-entry><reply><send-message><quit>"`

// mutt runs neomutt or mutt on a terminal of its own; its editor is a script that
// writes the text into the draft.
func (m *MailSystem) mutt(t testing.TB, program, user, text string, style Style, record bool, keys string) {
	t.Helper()
	script := Need(t, "script", "bsdutils")
	dir := t.TempDir()
	write(t, filepath.Join(dir, "text"), text+"\n")
	place := map[Style]string{
		Top:    `{ cat "$D/text"; echo; cat "$1"; }`,
		Bottom: `{ cat "$1"; echo; cat "$D/text"; }`,
		Inline: `awk -v f="$D/text" '{print} /^>/&&!x{x=1; print ""; while((getline l<f)>0) print l; print ""}' "$1"`,
		Each:   `awk -v f="$D/text" '{print} /^> *[^> ]/ && (getline l<f)>0 {print ""; print l; print ""}' "$1"`,
	}[style]
	editor := filepath.Join(dir, "editor")
	write(t, editor, fmt.Sprintf("#!/bin/sh\nD=%s\n%s > \"$D/draft\" && cat \"$D/draft\" > \"$1\"\n", dir, place))
	if err := os.Chmod(editor, 0o755); err != nil {
		t.Fatal(err)
	}
	// Debian's list of types comes with another package.
	write(t, filepath.Join(dir, ".mime.types"), "image/png png\napplication/octet-stream bin\ntext/vcard vcf\ntext/csv csv\n")
	copies := "no"
	if record {
		copies = "yes"
	}
	write(t, filepath.Join(dir, "rc"), fmt.Sprintf(`set from="%[1]s" realname="%[2]s" use_from=yes envelope_from=yes hostname="%[3]s"
set folder="imap://localhost:%[4]d/" spoolfile="imap://localhost:%[4]d/INBOX"
set imap_user="%[1]s" imap_pass="%[5]s" imap_authenticators="plain:login"
set smtp_url="smtp://%[2]s%%40%[3]s@localhost:%[6]d/" smtp_pass="%[5]s" smtp_authenticators="plain:login"
set ssl_starttls=yes ssl_force_tls=yes certificate_file="%[7]s" ssl_verify_host=no ssl_verify_dates=no
set copy=%[8]s fast_reply=yes include=yes edit_headers=no autoedit=yes abort_unmodified=no abort_nosubject=no
set editor="%[9]s" confirmappend=no quit=yes wait_key=no beep=no sort=date recall=no postpone=no reply_to=yes
ignore *
unignore from date subject to cc
set header_cache="" tmpdir="%[10]s" charset="utf-8" send_charset="us-ascii:utf-8" record="=Sent"
%[11]s
`, m.Address(user), user, m.Domain, m.IMAP, m.Password(user), m.Submission, m.CA, copies, editor, dir, keys))
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, script, "-qec", fmt.Sprintf("%s -n -F %s/rc", program, dir), filepath.Join(dir, "tty"))
	cmd.Env = append(os.Environ(), "TERM=xterm", "LANG=C.UTF-8", "LC_ALL=C.UTF-8", "HOME="+dir)
	out, err := cmd.CombinedOutput()
	if _, sent := os.Stat(filepath.Join(dir, "draft")); err != nil || sent != nil {
		tty, _ := os.ReadFile(filepath.Join(dir, "tty"))
		t.Fatalf("%s: %v\n%s\n%s", program, err, out, tty[max(0, len(tty)-1500):])
	}
}
