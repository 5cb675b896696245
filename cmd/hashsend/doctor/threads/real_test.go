package threads

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// need returns the path of a program of Debian, or skips.
func need(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("HASHSEND_E2E_REQUIRE") != "" {
			t.Fatalf("%s is not installed", name)
		}
		t.Skipf("%s is not installed", name)
	}
	return path
}

// randomMails makes emails that cite each other well and badly.
func randomMails(seed uint64, n int) (all []Mail) {
	r := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // a test
	subjects := []string{
		"#Send Lunch", "Re: #Send Lunch", "#Send Garden", "Re: #Send Garden", "[Ops] #Send", "Re: [Ops] #Send", "Fwd: #Send Lunch", "#Send", "Re: #Send",
		"re[2]: #Send Garden", "[list] Re: #Send Lunch (fwd)", "[Fwd: #Send Lunch]", "AW: #Send Lunch", "something else", "Re:", "fw : #Send  Garden",
	}
	at := time.Date(2026, 11, 27, 10, 0, 0, 0, time.UTC)
	for i := range n {
		m := Mail{ID: fmt.Sprintf("m%d.%d@x.example", seed, i), Subject: subjects[r.IntN(len(subjects))], Date: at.Add(time.Duration(i) * time.Minute)}
		switch k := r.IntN(10); {
		case k < 5 && i > 0: // a good reply
			to := all[r.IntN(i)]
			m.Refs = append(append(m.Refs, to.Refs...), to.ID)
			m.InReplyTo = []string{to.ID}
			if r.IntN(3) == 0 && len(m.Refs) > 2 { // cut by a mail program
				m.Refs = m.Refs[len(m.Refs)-2:]
			}
		case k == 5 && i > 0:
			m.InReplyTo = []string{all[r.IntN(i)].ID}
		case k == 6: // an anchor that is nobody's id
			m.Refs = []string{fmt.Sprintf("anchor%d@x.example", r.IntN(3))}
		case k == 7 && i > 0: // an anchor, then somebody
			m.Refs = []string{fmt.Sprintf("anchor%d@x.example", r.IntN(3)), all[r.IntN(i)].ID}
		}
		all = append(all, m)
	}
	return all
}

// maildir writes emails where another user may read them.
func maildir(t *testing.T, all []Mail) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "threads") //nolint:usetesting // another user reads it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) }) //nolint:errcheck // a temporary folder
	for _, d := range []string{"Maildir/cur", "Maildir/new", "Maildir/tmp"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil { //nolint:gosec // as above
			t.Fatal(err)
		}
	}
	brackets := func(ids []string) string { return "<" + strings.Join(ids, "> <") + ">" }
	for i, m := range all {
		text := fmt.Sprintf("From: Ann <ann@x.example>\nTo: team@x.example\nDate: %s\nMessage-ID: <%s>\nSubject: %s\n", m.Date.Format(time.RFC1123Z), m.ID, m.Subject)
		if len(m.Refs) > 0 {
			text += "References: " + brackets(m.Refs) + "\n"
		}
		if len(m.InReplyTo) > 0 {
			text += "In-Reply-To: " + brackets(m.InReplyTo) + "\n"
		}
		name := filepath.Join(dir, "Maildir", "cur", fmt.Sprintf("%d.m%04d:2,S", m.Date.Unix(), i))
		if err := os.WriteFile(name, []byte(text+"\nhello\n"), 0o644); err != nil { //nolint:gosec // as above
			t.Fatal(err)
		}
	}
	if os.Getuid() == 0 {
		err = filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
			if err != nil {
				return err
			}
			return os.Chown(path, 65534, 65534)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// same compares two ways of grouping.
func same(a, b Groups) string {
	if len(a) != len(b) {
		return fmt.Sprintf("%d and %d emails", len(a), len(b))
	}
	for i := range a {
		for j := range i {
			if (a[i] == a[j]) != (b[i] == b[j]) {
				return fmt.Sprintf("emails %d and %d", j, i)
			}
		}
	}
	return ""
}

func explain(all []Mail) string {
	var b strings.Builder
	for i, m := range all {
		fmt.Fprintf(&b, "%3d %s %q refs %v in-reply-to %v\n", i, m.ID, m.Subject, m.Refs, m.InReplyTo)
	}
	return b.String()
}

// TestDovecot compares the three rules of RFC 5256 with Dovecot's.
func TestDovecot(t *testing.T) {
	const imap = "/usr/lib/dovecot/imap"
	if _, err := os.Stat(imap); err != nil {
		need(t, "dovecot")
	}
	for seed := range uint64(12) {
		all := randomMails(seed, 40)
		dir := maildir(t, all)
		conf := filepath.Join(dir, "dovecot.conf")
		who := "nobody"
		if os.Getuid() != 0 {
			who = os.Getenv("USER")
		}
		text := fmt.Sprintf("mail_location = maildir:%s/Maildir\nssl = no\nbase_dir = %s/run\nstate_dir = %s/run\nlog_path = /dev/stderr\nfirst_valid_uid = 1\nfirst_valid_gid = 1\n", dir, dir, dir)
		if err := os.WriteFile(conf, []byte(text), 0o644); err != nil { //nolint:gosec // as above
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), imap, "-c", conf)
		cmd.Dir = dir
		cmd.Env = []string{"HOME=" + dir, "USER=" + who}
		cmd.Stdin = strings.NewReader("a SELECT INBOX\r\nb THREAD REFERENCES UTF-8 ALL\r\nc THREAD REFS UTF-8 ALL\r\nd THREAD ORDEREDSUBJECT UTF-8 ALL\r\ne LOGOUT\r\n")
		if os.Getuid() == 0 {
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		}
		out, err := cmd.Output()
		if err != nil {
			t.Skipf("Dovecot does not run this way here: %v", err)
		}
		answers := regexp.MustCompile(`(?m)^\* THREAD (.*?)\r?$`).FindAllStringSubmatch(string(out), -1)
		if len(answers) != 3 {
			t.Fatalf("Dovecot said\n%s", out)
		}
		for k, rule := range []func([]Mail) Groups{References, Refs, OrderedSubject} {
			if diff := same(rule(all), parseThreads(t, answers[k][1], len(all))); diff != "" {
				t.Errorf("seed %d, rule %d: %s\n%s%s", seed, k, diff, explain(all), answers[k][1])
			}
		}
	}
}

// parseThreads reads (1 2)((3)(4 5)): what stands in one pair of outer brackets is a
// conversation.
func parseThreads(t *testing.T, s string, n int) Groups {
	t.Helper()
	g := make(Groups, n)
	depth, number := 0, 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '(':
			if depth == 0 {
				number++
			}
			depth++
		case c == ')':
			depth--
		case c >= '0' && c <= '9':
			j := i
			for j < len(s) && s[j] >= '0' && s[j] <= '9' {
				j++
			}
			seq, err := strconv.Atoi(s[i:j])
			if err != nil || seq < 1 || seq > n {
				t.Fatalf("Dovecot named email %q", s[i:j])
			}
			g[seq-1] = number
			i = j - 1
		}
	}
	return g
}

// TestRealNotmuch compares with notmuch.
func TestRealNotmuch(t *testing.T) {
	notmuch := need(t, "notmuch")
	for seed := range uint64(6) {
		all := randomMails(100+seed, 40)
		dir := maildir(t, all)
		conf := filepath.Join(dir, "notmuch.conf")
		if err := os.WriteFile(conf, fmt.Appendf(nil, "[database]\npath=%s/Maildir\n[user]\nname=me\nprimary_email=a@x.example\n", dir), 0o600); err != nil {
			t.Fatal(err)
		}
		run := func(args ...string) []byte {
			cmd := exec.CommandContext(t.Context(), notmuch, args...)
			cmd.Env = []string{"HOME=" + dir, "NOTMUCH_CONFIG=" + conf, "PATH=" + os.Getenv("PATH")}
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("notmuch %v: %v", args, err)
			}
			return out
		}
		run("new", "--quiet")
		var conversations []string
		if err := json.Unmarshal(run("search", "--format=json", "--output=threads", "*"), &conversations); err != nil {
			t.Fatal(err)
		}
		number := map[string]int{}
		for k, c := range conversations {
			var members []string
			if err := json.Unmarshal(run("search", "--format=json", "--output=messages", "thread:"+c), &members); err != nil {
				t.Fatal(err)
			}
			for _, id := range members {
				number[id] = k
			}
		}
		got := make(Groups, len(all))
		for i, m := range all {
			got[i] = number[m.ID]
		}
		if diff := same(Notmuch(all), got); diff != "" {
			t.Errorf("seed %d: %s\n%s", seed, diff, explain(all))
		}
	}
}

// TestNeomutt compares with what neomutt shows, which needs a terminal.
func TestNeomutt(t *testing.T) {
	neomutt, script := need(t, "neomutt"), need(t, "script")
	for seed := range uint64(6) {
		all := randomMails(200+seed, 30)
		dir := maildir(t, all)
		shown := filepath.Join(dir, "shown")
		files := map[string]string{
			"show":   fmt.Sprintf("#!/bin/sh\necho \"$1 $2\" >> %s\necho x\n", shown),
			"muttrc": fmt.Sprintf("set folder=%s\nset sort=threads\nset index_format=\"%s/show %%e %%i|\"\nset help=no\nset quit=yes\nset mbox_type=Maildir\nset header_cache=\"\"\nset wait_key=no\n", dir, dir),
		}
		for name, text := range files {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil { //nolint:gosec // one is a program
				t.Fatal(err)
			}
		}
		cmd := exec.CommandContext(t.Context(), script, "-qec", fmt.Sprintf("stty rows 100 cols 200; %s -n -F %s/muttrc -f %s/Maildir -e 'push <exit>'", neomutt, dir, dir), "/dev/null")
		cmd.Env = []string{"HOME=" + dir, "TERM=xterm", "LANG=C.UTF-8", "PATH=" + os.Getenv("PATH")}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		raw, err := os.ReadFile(shown)
		if err != nil {
			t.Skipf("neomutt shows nothing here: %v", err)
		}
		number, k := map[string]int{}, 0
		for line := range strings.Lines(string(raw)) {
			place, id, _ := strings.Cut(strings.TrimSpace(line), " ")
			if place == "1" {
				k++
			}
			if _, again := number[id]; !again {
				number[id] = k
			}
		}
		if len(number) != len(all) {
			t.Fatalf("neomutt showed %d of %d emails", len(number), len(all))
		}
		got := make(Groups, len(all))
		for i, m := range all {
			got[i] = number["<"+m.ID+">"]
		}
		if diff := same(Mutt(all), got); diff != "" {
			t.Errorf("seed %d: %s\n%s%s", seed, diff, explain(all), raw)
		}
	}
}
