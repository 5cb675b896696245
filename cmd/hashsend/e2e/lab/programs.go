package lab

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Letter is an answer, in a mail program without a screen.
type Letter struct {
	Text   string
	Cc     string   // somebody more; empty: nobody
	Attach []string // names of files
}

// Snail answers the newest mail in a user's INBOX with s-nail, Debian's mailx,
// with the words below the quote.
func (m *MailSystem) Snail(t testing.TB, user string, l Letter) {
	t.Helper()
	dir := t.TempDir()
	login := strings.ReplaceAll(m.Address(user), "@", "%40") + ":" + m.Password(user)
	write(t, filepath.Join(dir, "rc"), fmt.Sprintf(`set v15-compat from="%s <%s>" hostname=%s
set mta=smtp://%s@localhost:%d smtp-use-starttls smtp-auth=plain imap-use-starttls imap-auth=login
set tls-ca-file=%s tls-ca-no-defaults tls-verify=strict
set reply-to-honour quote indentprefix="> " sendcharsets=utf-8 ttycharset=utf-8 nosave sendwait
`, user, m.Address(user), m.Domain, login, m.Submission, m.CA))
	keys := "reply $\n"
	if l.Cc != "" {
		keys += "~c " + l.Cc + "\n"
	}
	for _, f := range l.Attach {
		keys += "~@ " + f + "\n"
	}
	// What is quoted stands there already: the words come behind it.
	keys += "\n" + l.Text + "\n~.\nexit\n"
	m.batch(t, dir, []string{"MAILRC=" + filepath.Join(dir, "rc")}, keys,
		Need(t, "s-nail", "s-nail"), "-n", "-#", "-S", "v15-compat", "-f", fmt.Sprintf("imap://%s@localhost:%d/INBOX", login, m.IMAP))
}

// Mblaze answers a mail with mblaze, which submits by msmtp: to all, with the words
// below the quote.
func (m *MailSystem) Mblaze(t testing.TB, user string, to Mail, l Letter) {
	t.Helper()
	Need(t, "msmtp", "msmtp")
	Need(t, "file", "file")
	dir := t.TempDir()
	write(t, filepath.Join(dir, "msmtprc"), fmt.Sprintf("account default\nhost localhost\nport %d\ntls on\ntls_starttls on\ntls_trust_file %s\nauth plain\nuser %s\npassword %s\nfrom %[3]s\n", m.Submission, m.CA, m.Address(user), m.Password(user)))
	write(t, filepath.Join(dir, "mblaze/profile"), fmt.Sprintf("Local-Mailbox: %s <%s>\nFQDN: %s\nSendmail: msmtp\nSendmail-Args: -C %s/msmtprc -t\n", user, m.Address(user), m.Domain, dir))
	write(t, filepath.Join(dir, "text"), l.Text+"\n")
	write(t, filepath.Join(dir, "mail"), string(to.Raw))
	write(t, filepath.Join(dir, "mblaze/seq"), "") // the list of mails that were looked at
	if err := os.Chmod(filepath.Join(dir, "msmtprc"), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"-send", "-body", filepath.Join(dir, "text")}
	if l.Cc != "" {
		args = append(args, "-cc", l.Cc)
	}
	for _, f := range l.Attach {
		args = append(args, "-attach", f)
	}
	m.batch(t, dir, []string{"MBLAZE=" + filepath.Join(dir, "mblaze")}, "", Need(t, "mrep", "mblaze"), append(args, "--", filepath.Join(dir, "mail"))...)
}

// batch runs a mail program that is told everything at once.
func (m *MailSystem) batch(t testing.TB, dir string, env []string, input, program string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir, cmd.Stdin = dir, strings.NewReader(input)
	cmd.Env = append(append(os.Environ(), "LANG=C.UTF-8", "LC_ALL=C.UTF-8", "HOME="+dir), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", filepath.Base(program), err, out)
	}
}
