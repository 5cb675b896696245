package lab

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// ServerName is the domain of the users of a homeserver.
const ServerName = "lab.test"

// Homeserver is a running homeserver.
type Homeserver struct {
	*Process
	URL string
}

// Resume starts the homeserver again after Stop, on the same data.
func (h *Homeserver) Resume() {
	h.t.Helper()
	h.Start()
	h.waitHTTP(h.URL+"/_matrix/client/versions", time.Minute)
}

// Restart ends the homeserver and starts it again on the same data.
func (h *Homeserver) Restart() {
	h.t.Helper()
	h.Stop()
	h.Resume()
}

// Dendrite starts Dendrite on PostgreSQL, with the application services of these
// registration files. Not on SQLite: there a /sync that is broken off at the wrong
// moment leaves a transaction open, and from then on it answers nothing but errors.
func Dendrite(t testing.TB, registrations ...string) *Homeserver {
	t.Helper()
	dendrite, keys := tool(t, "dendrite"), tool(t, "generate-keys")
	dir := t.TempDir()
	if out, err := exec.Command(keys, "--private-key", filepath.Join(dir, "key.pem")).CombinedOutput(); err != nil {
		t.Fatalf("make the homeserver's key: %v\n%s", err, out)
	}
	files := "[]"
	if len(registrations) > 0 {
		files = "['" + strings.Join(registrations, "', '") + "']"
	}
	database := postgres(t)
	write(t, filepath.Join(dir, "dendrite.yaml"), strings.NewReplacer("DIR", dir, "NAME", ServerName, "FILES", files, "DATABASE", database).Replace(`version: 2
global:
  server_name: NAME
  private_key: DIR/key.pem
  database: {connection_string: 'DATABASE', max_open_conns: 60, max_idle_conns: 5, conn_max_lifetime: -1}
  key_validity_period: 168h0m0s
  disable_federation: true
  trusted_third_party_id_servers: []
  presence: {enable_inbound: false, enable_outbound: false}
  report_stats: {enabled: false}
  server_notices: {enabled: false}
  cache: {max_size_estimated: 64mb, max_age: 1h}
  jetstream: {in_memory: false, storage_path: DIR/js, topic_prefix: Lab}
  metrics: {enabled: false}
app_service_api: {disable_tls_validation: true, config_files: FILES}
client_api:
  registration_disabled: false
  guests_disabled: true
  registration_shared_secret: lab
  rate_limiting: {enabled: false, threshold: 20, cooloff_ms: 500}
federation_api: {send_max_retries: 1, key_perspectives: []}
media_api: {base_path: DIR/media, max_file_size_bytes: 52428800, dynamic_thumbnails: false}
sync_api: {search: {enabled: false, index_path: DIR/search}}
user_api: {bcrypt_cost: 4}
mscs: {mscs: []}
logging:
  - {type: file, level: warn, params: {path: DIR/logs}}
`))
	port := Port(t)
	h := &Homeserver{URL: fmt.Sprintf("http://127.0.0.1:%d", port)}
	h.Process = start(t, "Dendrite", func() *exec.Cmd {
		cmd := exec.Command(dendrite, "--config", filepath.Join(dir, "dendrite.yaml"), "--really-enable-open-registration",
			"--http-bind-address", fmt.Sprintf("127.0.0.1:%d", port), "--https-bind-address", "127.0.0.1:0")
		cmd.Dir = dir
		return cmd
	})
	h.waitHTTP(h.URL+"/_matrix/client/versions", time.Minute)
	return h
}

// synapseRoot is where .ci/run puts Synapse: a Debian tree of its own.
func synapseRoot() string {
	if r := os.Getenv("HASHSEND_SYNAPSE_ROOT"); r != "" {
		return r
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(cache, "hashsend-e2e", "synapse")
}

// Synapse starts Synapse from Debian on SQLite, with the application services of
// these registration files.
func Synapse(t testing.TB, registrations ...string) *Homeserver {
	t.Helper()
	root := synapseRoot()
	if _, err := os.Stat(filepath.Join(root, "usr/bin/synapse_homeserver")); err != nil || os.Getuid() != 0 {
		Missing(t, "matrix-synapse (Debian sid, in a tree of its own) and root")
	}
	if err := os.MkdirAll(filepath.Join(root, "srv"), 0o755); err != nil {
		t.Fatal(err)
	}
	work, err := os.MkdirTemp(filepath.Join(root, "srv"), "lab-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(work) }) //nolint:errcheck // a temporary folder
	inside := strings.TrimPrefix(work, root)
	var files []string
	for i, r := range registrations {
		text, err := os.ReadFile(r)
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(work, fmt.Sprintf("as%d.yaml", i)), string(text))
		files = append(files, fmt.Sprintf("%s/as%d.yaml", inside, i))
	}
	port := Port(t)
	plenty := "{per_second: 10000, burst_count: 10000}"
	write(t, filepath.Join(work, "log.yaml"), "version: 1\nroot: {level: WARNING, handlers: [c]}\nhandlers: {c: {class: logging.StreamHandler}}\ndisable_existing_loggers: false\n")
	write(t, filepath.Join(work, "homeserver.yaml"), strings.NewReplacer("DIR", inside, "NAME", ServerName, "PORT", fmt.Sprint(port), "FILES", "["+strings.Join(files, ", ")+"]", "PLENTY", plenty).Replace(`server_name: NAME
public_baseurl: http://127.0.0.1:PORT/
pid_file: DIR/pid
log_config: DIR/log.yaml
media_store_path: DIR/media
signing_key_path: DIR/signing.key
report_stats: false
suppress_key_server_warning: true
trusted_key_servers: []
federation_domain_whitelist: []
database: {name: sqlite3, args: {database: DIR/homeserver.db}}
listeners:
  - {port: PORT, bind_addresses: ['127.0.0.1'], type: http, tls: false, resources: [{names: [client], compress: false}]}
enable_registration: true
enable_registration_without_verification: true
registration_shared_secret: lab
macaroon_secret_key: lab
form_secret: lab
bcrypt_rounds: 4
app_service_config_files: FILES
rc_message: PLENTY
rc_registration: PLENTY
rc_login: {address: PLENTY, account: PLENTY, failed_attempts: PLENTY}
rc_joins: {local: PLENTY, remote: PLENTY}
rc_invites: {per_room: PLENTY, per_user: PLENTY, per_issuer: PLENTY}
rc_room_creation: PLENTY
experimental_features:
  msc2409_to_device_messages_enabled: true
  msc3202_device_masquerading: true
  msc3202_transaction_extensions: true
`))
	run := func(more ...string) *exec.Cmd {
		return exec.Command("chroot", append([]string{root, "python3", "-m", "synapse.app.homeserver", "--config-path", inside + "/homeserver.yaml"}, more...)...)
	}
	if out, err := run("--generate-keys").CombinedOutput(); err != nil {
		t.Fatalf("make Synapse's keys: %v\n%s", err, out)
	}
	h := &Homeserver{URL: fmt.Sprintf("http://127.0.0.1:%d", port)}
	h.Process = start(t, "Synapse", func() *exec.Cmd { return run() })
	h.waitHTTP(h.URL+"/_matrix/client/versions", 2*time.Minute)
	return h
}
