package lab

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Mox starts mox with the same users as Dovecot, in the domain localhost, the
// only one to which its local mode delivers. It signs with DKIM what is submitted
// and writes Authentication-Results into what arrives. IMAP and SMTP are one
// process: RestartIMAP and RestartSMTP both restart all of it.
func Mox(t testing.TB) *MailSystem {
	t.Helper()
	program, home := tool(t, "mox"), shortDir(t)
	dir := filepath.Join(home, "mox")
	command := func(arg ...string) *exec.Cmd {
		cmd := exec.Command(program, arg...)
		cmd.Dir, cmd.Env = home, append(os.Environ(), "HOME="+home)
		return cmd
	}
	if out, err := command("localserve", "-dir", dir, "-ip", "127.0.0.1", "-initonly").CombinedOutput(); err != nil {
		t.Fatalf("prepare mox: %v\n%s", err, out)
	}
	m := &MailSystem{
		Domain: "localhost", IMAP: Port(t), IMAPS: Port(t), SMTP: Port(t), Submission: Port(t), Submit: Port(t), CA: filepath.Join(dir, "localhost.crt"), t: t,
		password: func(user string) string { return user + "-password" },
	}
	configureMox(t, m, dir)
	p := start(t, "mox", func() *exec.Cmd { return command("localserve", "-dir", dir) })
	up := func() {
		t.Helper()
		p.waitPort(m.IMAP, 30*time.Second)
		p.waitPort(m.Submission, 30*time.Second)
		Wait(t, "mox to take commands", 30*time.Second, func() bool {
			c, err := net.Dial("unix", filepath.Join(dir, "ctl"))
			if err == nil {
				c.Close() //nolint:errcheck // it was only tried
			}
			return err == nil
		})
	}
	up()
	for _, u := range Users {
		cmd := command("-config", filepath.Join(dir, "mox.conf"), "setaccountpassword", u)
		cmd.Stdin = strings.NewReader(m.Password(u) + "\n")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("set the password of %s: %v\n%s", u, err, out)
		}
	}
	restart := func() {
		t.Helper()
		p.Stop()
		p.Start()
		up()
	}
	m.RestartIMAP, m.RestartSMTP = restart, restart
	return m
}

// configureMox puts our ports and users into the configuration that mox has made.
func configureMox(t testing.TB, m *MailSystem, dir string) {
	t.Helper()
	file := filepath.Join(dir, "mox.conf")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	ports := map[string]int{"1143": m.IMAP, "1993": m.IMAPS, "1025": m.SMTP, "1587": m.Submission, "1465": m.Submit}
	conf := regexp.MustCompile(`(?m)Port: (\d+)$`).ReplaceAllStringFunc(string(text), func(line string) string {
		port := ports[strings.TrimPrefix(line, "Port: ")]
		if port == 0 {
			port = Port(t) // its pages, which no test looks at
		}
		return fmt.Sprintf("Port: %d", port)
	})
	// STARTTLS before a password, and no stricter reading of mails than in the wild.
	conf = regexp.MustCompile(`(?m)^(\s*NoRequireSTARTTLS: true|Pedantic: true)\n`).ReplaceAllString(conf, "")
	write(t, file, conf)
	var d strings.Builder
	d.WriteString("Domains:\n\tlocalhost:\n\t\tLocalpartCatchallSeparator: +\n")
	d.WriteString("\t\tDKIM:\n\t\t\tSelectors:\n\t\t\t\tlocalserve:\n\t\t\t\t\tPrivateKeyFile: dkim.localserve.privatekey.pkcs8.pem\n\t\t\tSign:\n\t\t\t\t- localserve\n")
	d.WriteString("Accounts:\n\tmox:\n\t\tDomain: localhost\n\t\tDestinations:\n\t\t\tmox@localhost: nil\n\t\tNoFirstTimeSenderDelay: true\n")
	for _, u := range Users {
		fmt.Fprintf(&d, "\t%[1]s:\n\t\tDomain: localhost\n\t\tDestinations:\n\t\t\t%[1]s@localhost: nil\n\t\tRejectsMailbox: Rejects\n\t\tNoFirstTimeSenderDelay: true\n", u)
	}
	write(t, filepath.Join(dir, "domains.conf"), d.String())
}
