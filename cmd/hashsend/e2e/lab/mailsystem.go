package lab

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// MailSystem is a running mail server with mailboxes.
type MailSystem struct {
	Domain     string
	IMAP       int    // port with STARTTLS
	IMAPS      int    // port with TLS
	SMTP       int    // port for mail from other servers, without a password
	LMTP       int    // port for mail that goes straight into a mailbox; 0: none
	Submission int    // port with STARTTLS
	Submit     int    // port with TLS; 0: none
	CA         string // file with the authority of its certificate
	password   func(user string) string
	judged     bool // it says whose mail it was (see Dovecot)
	t          testing.TB
	// RestartIMAP and RestartSMTP end that half and start it again.
	RestartIMAP, RestartSMTP func()
	// Renumber has a user's folders numbered anew, as after a move to another
	// server. Dovecot only.
	Renumber func(user string)
}

// At is the mail system as a test of its own sees it: with the users of one of its
// domains, whom no other test writes to.
func (m *MailSystem) At(t testing.TB, domain string) *MailSystem {
	own := *m
	own.Domain, own.t = domain, t
	return &own
}

// authserv is the name under which the mail system says whose mail something is.
const authserv = "mail.example.test"

// Address is that of a user.
func (m *MailSystem) Address(user string) string { return user + "@" + m.Domain }

// Password is that of a user.
func (m *MailSystem) Password(user string) string { return m.password(user) }

// Token is an OAuth token with which a user may log in by XOAUTH2 or OAUTHBEARER
// for this time; negative times give one that has run out. Dovecot only.
func (m *MailSystem) Token(user string, good time.Duration) string {
	return fmt.Sprintf("token-%s-%d", user, time.Now().Add(good).Unix())
}

// judgeTokens answers Dovecot's questions about tokens until the test ends.
func (m *MailSystem) judgeTokens() string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		part := strings.Split(r.FormValue("access_token"), "-")
		w.Header().Set("Content-Type", "application/json")
		if len(part) == 3 && part[0] == "token" {
			if end, err := strconv.ParseInt(part[2], 10, 64); err == nil && end > time.Now().Unix() {
				fmt.Fprintf(w, `{"email": %q, "expires_in": 100, "scope": "mail"}`, m.Address(part[1])) //nolint:errcheck // Dovecot is there
				return
			}
		}
		http.Error(w, `{"error": "invalid_token"}`, http.StatusUnauthorized)
	}))
	m.t.Cleanup(s.Close)
	return s.URL
}

// Users are the mailboxes that every mail system has.
var Users = []string{"alice", "bob", "carol", "dave", "bridge"}

// Dovecot starts Dovecot and Postfix as one mail system: IMAP, submission, LMTP,
// plus addresses, OAuth tokens, a domain that takes mail and bounces it later
// (bounce.test), and one whose mail stays queued (defer.test). The same users have
// mailboxes in more domains, if given: what they submit is stamped as theirs with
// Authentication-Results, as large providers do, and the bridge believes that.
func Dovecot(t testing.TB, domains ...string) *MailSystem {
	t.Helper()
	dovecot, postfix := Need(t, "dovecot", "dovecot-imapd, dovecot-lmtpd"), Need(t, "postfix", "postfix")
	if os.Getuid() != 0 {
		Missing(t, "root, for Dovecot and Postfix")
	}
	if exec.Command("id", "vmail").Run() != nil {
		if out, err := exec.Command("useradd", "-r", "-M", "-d", "/nonexistent", "-s", "/usr/sbin/nologin", "vmail").CombinedOutput(); err != nil {
			t.Fatalf("make the user of the mailboxes: %v\n%s", err, out)
		}
	}
	dir := shortDir(t)
	m := &MailSystem{
		Domain: "example.test", IMAP: Port(t), IMAPS: Port(t), SMTP: Port(t), LMTP: Port(t), Submission: Port(t), Submit: Port(t), CA: filepath.Join(dir, "ca.pem"), t: t,
		password: func(user string) string { return user + "-password" },
	}
	certificate(t, dir)
	m.judged = len(domains) > 0
	m.accounts(t, dir, domains)
	fill := strings.NewReplacer("DIR", dir, "IMAPSPORT", fmt.Sprint(m.IMAPS), "IMAPPORT", fmt.Sprint(m.IMAP), "LMTPPORT", fmt.Sprint(m.LMTP),
		"SUBMISSIONPORT", fmt.Sprint(m.Submission), "SUBMITPORT", fmt.Sprint(m.Submit), "SMTPPORT", fmt.Sprint(m.SMTP), "JUDGE", m.judgeTokens())
	write(t, filepath.Join(dir, "tokens.conf"), fill.Replace("tokeninfo_url = JUDGE/?access_token=\nusername_attribute = email\n"))
	write(t, filepath.Join(dir, "dovecot.conf"), fill.Replace(dovecotConf))
	write(t, filepath.Join(dir, "etc/main.cf"), fill.Replace(postfixMain))
	write(t, filepath.Join(dir, "etc/master.cf"), fill.Replace(postfixMaster))
	for _, d := range []string{"mail", "queue", "data", "run"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for owner, d := range map[string]string{"vmail": "mail", "postfix": "data"} {
		if out, err := exec.Command("chown", owner, filepath.Join(dir, d)).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	in := start(t, "Dovecot", func() *exec.Cmd { return exec.Command(dovecot, "-F", "-c", filepath.Join(dir, "dovecot.conf")) })
	in.waitPort(m.IMAP, 30*time.Second)
	if out, err := exec.Command(postfix, "-c", filepath.Join(dir, "etc"), "check").CombinedOutput(); err != nil {
		t.Fatalf("prepare Postfix: %v\n%s", err, out)
	}
	out := start(t, "Postfix", func() *exec.Cmd {
		os.Remove(filepath.Join(dir, "queue/pid/master.pid")) //nolint:errcheck // left by one that was killed
		return exec.Command("/usr/lib/postfix/sbin/master", "-c", filepath.Join(dir, "etc"), "-d")
	})
	out.waitPort(m.Submission, 30*time.Second)
	again := func(p *Process, port int) func() {
		return func() {
			p.Stop()
			p.Start()
			p.waitPort(port, 30*time.Second)
		}
	}
	m.RestartIMAP, m.RestartSMTP = again(in, m.IMAP), again(out, m.Submission)
	m.Renumber = func(user string) {
		in.Stop()
		forgetNumbers(t, filepath.Join(dir, "mail", m.Domain, user, "Maildir"))
		in.Start()
		in.waitPort(m.IMAP, 30*time.Second)
	}
	return m
}

// accounts writes down who has a mailbox.
func (m *MailSystem) accounts(t testing.TB, dir string, domains []string) {
	t.Helper()
	var users, boxes, logins, names, stamps strings.Builder
	for _, d := range append([]string{m.Domain}, domains...) {
		at := m.At(t, d)
		for _, u := range Users {
			fmt.Fprintf(&users, "%s:{PLAIN}%s::::::\n", at.Address(u), at.Password(u))
			fmt.Fprintf(&boxes, "%s ok\n", at.Address(u))
			fmt.Fprintf(&logins, "%s %s\n", at.Address(u), at.Address(u))
		}
		fmt.Fprintf(&names, "%s here\n", d)
		if d != m.Domain {
			fmt.Fprintf(&stamps, "%[1]s PREPEND Authentication-Results: %[2]s; spf=pass smtp.mailfrom=%[1]s; dmarc=pass header.from=%[1]s\n", d, authserv)
		}
	}
	write(t, filepath.Join(dir, "users"), users.String())
	write(t, filepath.Join(dir, "etc/vmailbox"), boxes.String())
	write(t, filepath.Join(dir, "etc/login"), logins.String())
	write(t, filepath.Join(dir, "etc/domains"), names.String())
	write(t, filepath.Join(dir, "etc/stamps"), stamps.String())
}

// shortDir is a temporary folder whose name leaves room for Unix sockets, which
// that of t.TempDir may not.
func shortDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "lab-mail-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) }) //nolint:errcheck // a temporary folder
	return dir
}

// certificate makes an authority and a certificate for localhost.
func certificate(t testing.TB, dir string) {
	t.Helper()
	write(t, filepath.Join(dir, "ext"), "subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\nkeyUsage=digitalSignature\n")
	for _, line := range []string{
		"req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout ca.key -out ca.pem -days 30 -subj /CN=lab -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign",
		"req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key.pem -out leaf.csr -subj /CN=localhost",
		"x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile ext -out cert.pem",
	} {
		cmd := exec.Command(Need(t, "openssl", "openssl"), strings.Fields(line)...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("make a certificate: %v\n%s", err, out)
		}
	}
}

const dovecotConf = `base_dir = DIR/run
state_dir = DIR/run/state
log_path = DIR/dovecot.log
protocols = imap lmtp
listen = 127.0.0.1
ssl = yes
ssl_cert = <DIR/cert.pem
ssl_key = <DIR/key.pem
disable_plaintext_auth = yes
auth_mechanisms = plain login xoauth2 oauthbearer
auth_username_format = %Lu
mail_location = maildir:~/Maildir
mail_uid = vmail
mail_gid = vmail
first_valid_uid = 1
recipient_delimiter = +
lmtp_save_to_detail_mailbox = no
mail_max_userip_connections = 200
passdb {
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = DIR/tokens.conf
}
passdb {
  driver = passwd-file
  args = DIR/users
}
userdb {
  driver = static
  args = uid=vmail gid=vmail home=DIR/mail/%d/%n allow_all_users=yes
}
namespace inbox {
  inbox = yes
  separator = /
  mailbox Drafts {
    special_use = \Drafts
    auto = subscribe
  }
  mailbox Sent {
    special_use = \Sent
    auto = subscribe
  }
  mailbox Verdacht {
    special_use = \Junk
  }
  mailbox Alles {
    special_use = \All
  }
}
service imap-login {
  inet_listener imap {
    port = IMAPPORT
  }
  inet_listener imaps {
    port = IMAPSPORT
    ssl = yes
  }
}
service lmtp {
  inet_listener lmtp {
    port = LMTPPORT
  }
}
service auth {
  unix_listener auth-postfix {
    mode = 0666
  }
}
service stats {
  unix_listener stats-writer {
    mode = 0666
  }
}
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
`

const postfixMain = `compatibility_level = 3.6
queue_directory = DIR/queue
data_directory = DIR/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
meta_directory = /etc/postfix
shlib_directory = /usr/lib/postfix
mail_owner = postfix
setgid_group = postdrop
maillog_file = DIR/postfix.log
maillog_file_prefixes = DIR
myhostname = mail.example.test
mydomain = example.test
myorigin = example.test
inet_protocols = ipv4
inet_interfaces = 127.0.0.1
mydestination =
local_transport = error:5.1.1 no local users
alias_maps =
alias_database =
local_recipient_maps =
mynetworks = 127.0.0.0/8
default_transport = error:5.4.4 the lab has no way out
relay_transport = error:5.4.4 the lab has no way out
transport_maps = inline:{ {bounce.test = error:5.1.1 mailbox is gone}, {defer.test = retry:4.2.2 mailbox full, try later} }
virtual_mailbox_domains = texthash:DIR/etc/domains
submission_senders = reject_sender_login_mismatch, check_sender_access texthash:DIR/etc/stamps
virtual_mailbox_maps = texthash:DIR/etc/vmailbox
virtual_transport = lmtp:inet:127.0.0.1:LMTPPORT
recipient_delimiter = +
message_size_limit = 26214400
smtpd_tls_cert_file = DIR/cert.pem
smtpd_tls_key_file = DIR/key.pem
smtpd_tls_security_level = may
smtpd_tls_auth_only = yes
tls_random_source = dev:/dev/urandom
smtpd_sasl_type = dovecot
smtpd_sasl_path = DIR/run/auth-postfix
smtpd_sender_login_maps = texthash:DIR/etc/login
smtpd_relay_restrictions = reject_unauth_destination
smtpd_reject_unlisted_recipient = no
smtpd_recipient_restrictions = check_recipient_access inline:{{bounce.test = OK}, {defer.test = OK}}, reject_unlisted_recipient, permit
smtpd_peername_lookup = no
disable_dns_lookups = yes
smtpd_client_connection_count_limit = 0
queue_run_delay = 3s
minimal_backoff_time = 3s
maximal_backoff_time = 10s
biff = no
append_dot_mydomain = no
`

const postfixMaster = `127.0.0.1:SMTPPORT inet n - n - - smtpd
127.0.0.1:SUBMISSIONPORT inet n - n - - smtpd
  -o smtpd_tls_security_level=encrypt
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_client_restrictions=permit_sasl_authenticated,reject
  -o smtpd_sender_restrictions=$submission_senders
  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
127.0.0.1:SUBMITPORT inet n - n - - smtpd
  -o smtpd_tls_wrappermode=yes
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_client_restrictions=permit_sasl_authenticated,reject
  -o smtpd_sender_restrictions=$submission_senders
  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
pickup    unix  n - n 60 1 pickup
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 300 1 qmgr
tlsmgr    unix  - - n 1000? 1 tlsmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
verify    unix  - - n - 1 verify
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n - - proxymap
smtp      unix  - - n - - smtp
relay     unix  - - n - - smtp
showq     unix  n - n - - showq
error     unix  - - n - - error
retry     unix  - - n - - error
discard   unix  - - n - - discard
local     unix  - n n - - local
virtual   unix  - n n - - virtual
lmtp      unix  - - n - - lmtp
anvil     unix  - - n - 1 anvil
scache    unix  - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
`
