package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"hashsend/cmd/hashsend/discover/mailtest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"hashsend": main})
}

// TestScripts runs the scripts of testdata/script: what is typed, and what the
// program answers. $IMAP and $SMTP are the ports of a mail provider, $MATRIX is
// the address of a homeserver, $SLACK that of a Slack, $SLACK_POOR of one where the
// app may do little. $RESOLVER is a DNS resolver that knows the domain shop.test,
// whose servers are at the port $DNSPORT.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", UpdateScripts: *update,
		Setup: func(env *testscript.Env) error {
			tb := env.T().(testing.TB)
			p := &mailtest.Provider{KeepsSent: true}
			p.Start(tb)
			env.Setenv("IMAP", fmt.Sprint(p.IMAP))
			env.Setenv("SMTP", fmt.Sprint(p.SMTP))
			env.Setenv("MATRIX", startHomeserver(tb))
			env.Setenv("PASSWORD", mailtest.Password)
			env.Setenv("TOKEN", matrixToken)
			env.Setenv("SLACK", startSlack(tb).API())
			poor := startSlack(tb)
			poor.Allow("chat:write", "commands", "reactions:read")
			env.Setenv("SLACK_POOR", poor.API())
			port := startDNS(tb)
			env.Setenv("DNSPORT", fmt.Sprint(port))
			env.Setenv("RESOLVER", at("127.54.53.1", port))
			env.Setenv("HOME", env.WorkDir)
			return nil
		},
	})
}

const matrixToken = "planted-token-of-the-bot"

// startHomeserver answers the few requests by which a connection is tried and
// kept open; conversations are tried on real homeservers in e2e.
func startHomeserver(tb testing.TB) string {
	tb.Helper()
	stop := make(chan struct{})
	answer := func(w http.ResponseWriter, r *http.Request, v any) {
		if !strings.HasSuffix(r.URL.Path, "/versions") && r.Header.Get("Authorization") != "Bearer "+matrixToken {
			w.WriteHeader(http.StatusUnauthorized)
			v = map[string]any{"errcode": "M_UNKNOWN_TOKEN", "error": "Unknown token"}
		}
		json.NewEncoder(w).Encode(v) //nolint:errcheck // the test sees it
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/_matrix/client/versions", func(w http.ResponseWriter, r *http.Request) {
		answer(w, r, map[string]any{"versions": []string{"v1.1", "v1.11"}})
	})
	mux.HandleFunc("/_matrix/client/v3/account/whoami", func(w http.ResponseWriter, r *http.Request) {
		answer(w, r, map[string]any{"user_id": "@hashsend:example.org", "device_id": "D"})
	})
	mux.HandleFunc("/_matrix/client/v3/sync", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("since") != "" {
			select {
			case <-r.Context().Done():
			case <-stop:
			case <-time.After(5 * time.Second):
			}
		}
		answer(w, r, map[string]any{"next_batch": "s1"})
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { answer(w, r, map[string]any{}) })
	srv := httptest.NewServer(mux)
	tb.Cleanup(func() { close(stop); srv.Close() })
	return srv.URL
}

func TestExitCodes(t *testing.T) {
	t.Setenv("HASHSEND_CONFIG", filepath.Join(t.TempDir(), "none.yaml"))
	for _, c := range []struct {
		args string
		code int
		says string
	}{
		{"", 0, ""},
		{"version", 0, ""},
		{"run --help", 0, ""},
		{"--nope", 2, "hashsend: unknown flag: --nope"},
		{"nope", 2, `hashsend: unknown command "nope"`},
		{"run now", 2, `hashsend run takes no arguments, but got "now"`},
		{"run --log-level", 2, "flag needs an argument"},
		{"admin", 2, "hashsend admin help lists them"},
		{"check", 1, "none.yaml doesn't exist: run hashsend init to create it"},
		{"run", 1, "none.yaml doesn't exist: run hashsend init to create it"},
		{"init --yes", 2, "required: --address, --password-file or --password-env, --homeserver"},
		{"init --yes --imap nowhere", 2, `--imap "nowhere" is not a valid server, such as mail.example.org:993`},
	} {
		var out, errOut bytes.Buffer
		code := run(t.Context(), strings.Fields(c.args), strings.NewReader(""), &out, &errOut)
		if code != c.code || !strings.Contains(errOut.String(), c.says) || (code == 0) != (errOut.Len() == 0) {
			t.Errorf("hashsend %s: code %d, wanted %d\n%s", c.args, code, c.code, errOut.String())
		}
	}
}

func TestHelpEverywhere(t *testing.T) {
	for _, cmd := range newRoot().Commands() {
		if cmd.Short == "" || (cmd.Name() != "version" && cmd.Example == "" && cmd.Name() != "preview") {
			t.Errorf("%s has no help, or no example", cmd.Name())
		}
		var out, errOut bytes.Buffer
		if code := run(t.Context(), []string{cmd.Name(), "--help"}, strings.NewReader(""), &out, &errOut); code != 0 || out.Len() == 0 {
			t.Errorf("%s --help: %d %s", cmd.Name(), code, errOut.String())
		}
	}
}

// TestRun runs the program: it tells systemd, answers commands, refuses a second
// one on the same data, and stops cleanly.
func TestRun(t *testing.T) {
	p := &mailtest.Provider{KeepsSent: true}
	p.Start(t)
	dir := t.TempDir()
	t.Setenv("TOKEN", matrixToken)
	t.Setenv("PASSWORD", mailtest.Password)
	file := filepath.Join(dir, "config.yaml")
	text := fmt.Sprintf(`data: %q
log: {level: debug}
console: {listen: "127.0.0.1:0"}
matrix: [{homeserver: %q, user_id: "@hashsend:example.org", access_token: {env: TOKEN}}]
mailboxes:
  - address: %s
    imap: {host: 127.0.0.1, port: %d, tls: none, password: {env: PASSWORD}}
    smtp: {host: 127.0.0.1, port: %d, tls: none, password: {env: PASSWORD}}
`, filepath.Join(dir, "data"), startHomeserver(t), mailtest.Address, p.IMAP, p.SMTP)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	systemd, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(dir, "notify"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer systemd.Close() //nolint:errcheck // it is over
	t.Setenv("NOTIFY_SOCKET", systemd.LocalAddr().String())
	told := func() string {
		b := make([]byte, 100)
		if err := systemd.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
			t.Fatal(err)
		}
		n, err := systemd.Read(b)
		if err != nil {
			t.Fatalf("systemd was told nothing: %v", err)
		}
		return string(b[:n])
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var logs bytes.Buffer
	code := make(chan int, 1)
	go func() { code <- run(ctx, []string{"run", "-c", file}, strings.NewReader(""), &bytes.Buffer{}, &logs) }()
	if got := told(); got != "READY=1" {
		t.Fatalf("systemd was told %q", got)
	}
	hashsend := func(args ...string) (int, string) {
		var out bytes.Buffer
		code := run(t.Context(), append(args, "-c", file), strings.NewReader(""), &out, &out)
		return code, out.String()
	}
	if code, out := hashsend("run"); code != 1 || !strings.Contains(out, "in use by another hashsend (process "+fmt.Sprint(os.Getpid())+")") {
		t.Errorf("a second process: %d %s", code, out)
	}
	info, err := os.Stat(filepath.Join(dir, "data", socketName))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the socket: %v %v", info, err)
	}
	var out bytes.Buffer
	if code := run(t.Context(), []string{"admin", "-c", file, "--json", "help"}, strings.NewReader(""), &out, &out); code != 0 || !strings.Contains(out.String(), "hashsend admin link") {
		t.Errorf("admin help: %d %s", code, out.String())
	}
	stop()
	if got := told(); got != "STOPPING=1" {
		t.Errorf("systemd was told %q", got)
	}
	select {
	case c := <-code:
		if c != 0 {
			t.Errorf("it ended with %d:\n%s", c, logs.String())
		}
	case <-time.After(20 * time.Second):
		t.Fatal("it does not stop")
	}
	for _, planted := range []string{matrixToken, mailtest.Password} {
		if strings.Contains(logs.String(), planted) {
			t.Errorf("the log holds a secret:\n%s", logs.String())
		}
	}
}

// TestRunThatCannotGoOn ends by itself, and says why and what to do.
func TestRunThatCannotGoOn(t *testing.T) {
	p := &mailtest.Provider{}
	p.Start(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "config.yaml")
	text := fmt.Sprintf(`data: %q
matrix: [{homeserver: %q, user_id: "@hashsend:example.org", access_token: planted-wrong-token}]
mailboxes: [{address: %s, imap: {host: 127.0.0.1, port: %d, tls: none, password: %s}, smtp: {host: 127.0.0.1, port: %d, tls: none, password: %s}}]
`, filepath.Join(dir, "data"), startHomeserver(t), mailtest.Address, p.IMAP, mailtest.Password, p.SMTP, mailtest.Password)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var logs bytes.Buffer
	code := run(ctx, []string{"run", "-c", file}, strings.NewReader(""), &bytes.Buffer{}, &logs)
	if code != 1 || ctx.Err() != nil || !strings.Contains(logs.String(), "hashsend: ") || !strings.Contains(logs.String(), "token") {
		t.Errorf("code %d, %v:\n%s", code, ctx.Err(), logs.String())
	}
	if strings.Contains(logs.String(), "planted") {
		t.Errorf("a secret is printed:\n%s", logs.String())
	}
}
