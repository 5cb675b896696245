package lab

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"maunium.net/go/mautrix/id"

	"hashsend/connectors/slack/slacktest"
)

// Bridge is hashsend itself, as a process with a configuration of its own.
type Bridge struct {
	*Process
	Dir          string
	Registration string // the file for the homeserver; empty for a plain account
	Bot          id.UserID
	t            testing.TB
	listen       int
	binary       string
	env          []string
	LogLevel     string // empty: debug; to be set before Configure
	Slack        string // settings of a workspace, beside a homeserver or instead of it
}

// NewBridge prepares a bridge: as an application service, or with the plain
// account @bridge, or, with Slack set and no homeserver, for that alone. Run
// starts it.
func NewBridge(t testing.TB, appService bool, tags ...string) *Bridge {
	t.Helper()
	b := &Bridge{Dir: t.TempDir(), Bot: id.NewUserID("bridge", ServerName), t: t, binary: Hashsend(t, tags...)}
	if !appService {
		return b
	}
	b.listen = Port(t)
	b.Bot = id.NewUserID("hashsendbot", ServerName)
	b.Registration = filepath.Join(b.Dir, "registration.yaml")
	b.configure("http://127.0.0.1:1", "  - {address: bridge@example.test, smtp: {host: 127.0.0.1, port: 1, tls: none}, imap: {host: 127.0.0.1, port: 1, tls: none}}", "")
	out, err := exec.Command(b.binary, "--config", b.config(), "registration", "--out", b.Registration).CombinedOutput()
	if err != nil {
		t.Fatalf("write the registration: %v\n%s", err, out)
	}
	return b
}

// WithoutEncryption has the next start use a program that was built without it.
func (b *Bridge) WithoutEncryption(without bool) {
	b.t.Helper()
	b.binary = Hashsend(b.t)
	if without {
		b.binary = built(b.t)
	}
}

func (b *Bridge) config() string { return filepath.Join(b.Dir, "config.yaml") }

func (b *Bridge) configure(homeserver, mailbox, more string) {
	b.t.Helper()
	network := fmt.Sprintf("matrix:\n  - {homeserver: %q, user_id: %q, password: bridge-password}", homeserver, b.Bot)
	if b.listen != 0 {
		network = fmt.Sprintf("matrix:\n  - {homeserver: %q, domain: %s, appservice: {as_token: as-token-0123456789, hs_token: hs-token-0123456789, listen: '127.0.0.1:%d'}}", homeserver, ServerName, b.listen)
	}
	if homeserver == "" {
		network = ""
	}
	level := b.LogLevel
	if level == "" {
		level = "debug"
	}
	text := fmt.Sprintf("data: %s\nlog: {level: %s}\naccess: {allow: {\"*\": speak, \"@alice:%s\": administer, %s: administer}}\n%s\n%s\nmailboxes:\n%s\n%s\n",
		filepath.Join(b.Dir, "data"), level, ServerName, slacktest.Team, network, b.Slack, mailbox, more)
	if err := os.WriteFile(b.config(), []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// Mailbox is the setting of the account "bridge" of a mail system.
func (m *MailSystem) Mailbox(more string) string {
	login := fmt.Sprintf("host: localhost, tls: starttls, ca_file: %s, user: %s, password: %s", m.CA, m.Address("bridge"), m.Password("bridge"))
	trust := "dkim: false"
	if m.judged {
		trust += ", authserv_ids: [" + authserv + "]"
	}
	return fmt.Sprintf("  - {name: main, title: Acme, owner: Olga, address: %s, plus_addresses: true, trust: {%s}, imap: {%s, port: %d}, smtp: {%s, port: %d}%s}",
		m.Address("bridge"), trust, login, m.IMAP, login, m.Submission, more)
}

// Configure writes the configuration: the homeserver's address, the mailbox as
// Mailbox makes it, and more settings as YAML.
func (b *Bridge) Configure(homeserver, mailbox, more string) { b.configure(homeserver, mailbox, more) }

// Run starts the bridge and waits until it says that it is running.
func (b *Bridge) Run() {
	b.t.Helper()
	if b.Process == nil {
		b.Process = start(b.t, "hashsend", func() *exec.Cmd {
			cmd := exec.Command(b.binary, "--config", b.config(), "run")
			cmd.Env = append(os.Environ(), b.env...)
			return cmd
		})
	} else {
		b.Start()
	}
}

// Env sets environment variables for the next start.
func (b *Bridge) Env(env ...string) { b.env = env }

// Running waits until the bridge is up.
func (b *Bridge) Running() {
	b.t.Helper()
	if !b.Up() {
		b.t.Fatalf("hashsend ended:\n%s", b.Tail())
	}
}

// Up waits until the bridge is up; false: it has ended instead.
func (b *Bridge) Up() (up bool) {
	b.t.Helper()
	Wait(b.t, "hashsend to run", 30*time.Second, func() bool {
		select {
		case <-b.Exited():
			return true
		default:
		}
		c, err := net.Dial("unix", filepath.Join(b.Dir, "data", "admin.sock"))
		if err == nil {
			c.Close() //nolint:errcheck // it was only tried
			up = true
		}
		return up
	})
	return up
}

// Check tries every connection of the configuration, and returns what is said of them.
func (b *Bridge) Check() string {
	b.t.Helper()
	out, err := exec.Command(b.binary, "--config", b.config(), "check").CombinedOutput()
	if err != nil {
		b.t.Logf("check: %v", err)
	}
	return string(out)
}

// TryAdmin runs a command of the command line, which may fail.
func (b *Bridge) TryAdmin(args ...string) (string, error) {
	out, err := exec.Command(b.binary, append([]string{"--config", b.config(), "admin"}, args...)...).CombinedOutput()
	return string(out), err
}

// Admin runs a command of the command line and fails the test if it is refused.
func (b *Bridge) Admin(args ...string) string {
	b.t.Helper()
	out, err := b.TryAdmin(args...)
	if err != nil {
		b.t.Fatalf("admin %v: %v\n%s", args, err, out)
	}
	return out
}
