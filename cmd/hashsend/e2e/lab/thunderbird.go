package lab

import (
	"bufio"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Thunderbird is a running Thunderbird without a window, with one account.
type Thunderbird struct {
	*Process
	t    testing.TB
	m    *MailSystem
	user string
	conn net.Conn
	in   *bufio.Reader
	last int
}

// Draft is a mail that Thunderbird is to write.
type Draft struct {
	About   string   `json:"about,omitempty"` // Message-ID, without brackets, of the mail in INBOX that it answers or forwards
	Kind    string   `json:"kind"`            // of nsIMsgCompType: New, ReplyToSender, ReplyAll, ForwardInline, ForwardAsAttachment
	Shows   string   `json:"shows,omitempty"` // what the window shows when the quote is there
	HTML    string   `json:"html,omitempty"`  // goes above the quote
	Text    string   `json:"text,omitempty"`
	Plain   bool     `json:"plain"` // the mail has no HTML
	Below   bool     `json:"below"` // what is written goes below the quote
	To      []string `json:"to,omitempty"`
	Cc      []string `json:"cc,omitempty"`
	Subject string   `json:"subject,omitempty"`
	Files   []string `json:"files,omitempty"` // paths
}

//go:embed thunderbird.js
var thunderbirdScript string

// Thunderbird starts Debian's Thunderbird with the account of a user.
func (m *MailSystem) Thunderbird(t testing.TB, user string) *Thunderbird {
	t.Helper()
	program := Need(t, "thunderbird", "thunderbird")
	profile := t.TempDir()
	port := Port(t)
	prefs := map[string]any{
		"marionette.port": port, "mail.shell.checkDefaultClient": false, "mail.rights.version": 1, "mail.spotlight.firstRunDone": true,
		"mail.provider.suppress_dialog_on_startup": true, "mailnews.start_page.enabled": false, "mailnews.auto_config_url": "", "app.donation.eoy.version.viewed": 999,
		"app.update.enabled": false, "extensions.update.enabled": false, "toolkit.telemetry.enabled": false, "datareporting.policy.dataSubmissionEnabled": false,
		"browser.safebrowsing.enabled": false, "network.captive-portal-service.enabled": false, "network.connectivity-service.enabled": false,
		"network.dns.disablePrefetch": true, "services.settings.server": "http://127.0.0.1:9/", "calendar.timezone.local": "UTC",
		"mail.accountmanager.accounts": "account1", "mail.accountmanager.defaultaccount": "account1", "mail.account.account1.identities": "id1", "mail.account.account1.server": "server1",
		"mail.identity.id1.useremail": m.Address(user), "mail.identity.id1.fullName": strings.ToUpper(user[:1]) + user[1:], "mail.identity.id1.smtpServer": "smtp1", "mail.identity.id1.valid": true,
		"mail.identity.id1.fcc": false, "mail.identity.id1.reply_on_top": 1, "mail.default_send_format": 0,
		"mail.server.server1.type": "imap", "mail.server.server1.hostname": "localhost", "mail.server.server1.port": m.IMAP, "mail.server.server1.socketType": 2, "mail.server.server1.authMethod": 3,
		"mail.server.server1.userName": m.Address(user), "mail.server.server1.name": "lab", "mail.server.server1.login_at_startup": false, "mail.server.server1.check_new_mail": false,
		"mail.smtpservers": "smtp1", "mail.smtp.defaultserver": "smtp1", "mail.smtpserver.smtp1.hostname": "localhost", "mail.smtpserver.smtp1.port": m.Submission,
		"mail.smtpserver.smtp1.try_ssl": 2, "mail.smtpserver.smtp1.authMethod": 3, "mail.smtpserver.smtp1.username": m.Address(user),
	}
	var js strings.Builder
	for name, value := range prefs {
		v, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&js, "user_pref(%q, %s);\n", name, v)
	}
	write(t, filepath.Join(profile, "user.js"), js.String())
	x := &Thunderbird{t: t, m: m, user: user}
	x.Process = start(t, "Thunderbird", func() *exec.Cmd {
		cmd := exec.Command(program, "--headless", "--marionette", "--remote-allow-system-access", "--no-remote", "-profile", profile)
		cmd.Env = append(os.Environ(), "HOME="+profile, "MOZ_HEADLESS=1")
		return cmd
	})
	Wait(t, "Thunderbird to run", time.Minute, func() (up bool) {
		var err error
		x.conn, err = net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		return err == nil
	})
	t.Cleanup(func() { x.conn.Close() }) //nolint:errcheck // the test is over
	x.in = bufio.NewReader(x.conn)
	x.packet() // its greeting
	x.call("WebDriver:NewSession", map[string]any{"capabilities": map[string]any{"alwaysMatch": map[string]any{}}})
	x.call("Marionette:SetContext", map[string]any{"value": "chrome"})
	x.call("WebDriver:SetTimeouts", map[string]any{"script": 60000})
	return x
}

// Writes has it write and submit a mail.
func (x *Thunderbird) Writes(l Draft) {
	x.t.Helper()
	pem, err := os.ReadFile(x.m.CA)
	if err != nil {
		x.t.Fatal(err)
	}
	var der strings.Builder
	for line := range strings.Lines(string(pem)) {
		if !strings.HasPrefix(line, "-----") {
			der.WriteString(strings.TrimSpace(line))
		}
	}
	task := struct {
		Draft
		User     string `json:"user"`
		Password string `json:"password"`
		CA       string `json:"ca"`
	}{l, x.m.Address(x.user), x.m.Password(x.user), der.String()}
	var answer struct {
		Value struct{ Error string }
	}
	raw := x.call("WebDriver:ExecuteAsyncScript", map[string]any{"args": []any{task}, "script": thunderbirdScript})
	if err := json.Unmarshal(raw, &answer); err != nil || answer.Value.Error != "" {
		x.t.Fatalf("Thunderbird did not write the mail: %v, %s", err, answer.Value.Error)
	}
}

// call makes a call of Marionette's protocol: packets of JSON, their length first.
func (x *Thunderbird) call(method string, params any) json.RawMessage {
	x.t.Helper()
	x.last++
	b, err := json.Marshal([]any{0, x.last, method, params})
	if err != nil {
		x.t.Fatal(err)
	}
	if _, err := fmt.Fprintf(x.conn, "%d:%s", len(b), b); err != nil {
		x.t.Fatalf("ask Thunderbird: %v", err)
	}
	var answer [4]json.RawMessage // kind, number, error, result
	if err := json.Unmarshal(x.packet(), &answer); err != nil || string(answer[2]) != "null" {
		x.t.Fatalf("Thunderbird: %s: %v, %s", method, err, answer[2])
	}
	return answer[3]
}

func (x *Thunderbird) packet() []byte {
	x.t.Helper()
	size, err := x.in.ReadString(':')
	if err != nil {
		x.t.Fatalf("Thunderbird's answer: %v", err)
	}
	n, err := strconv.Atoi(strings.TrimSuffix(size, ":"))
	if err != nil || n > 1<<20 {
		x.t.Fatalf("Thunderbird's answer begins with %q", size)
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(x.in, b); err != nil {
		x.t.Fatalf("Thunderbird's answer: %v", err)
	}
	return b
}
