package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"hashsend/connectors"
	"hashsend/connectors/lmtp"
	"hashsend/connectors/mailnet"
)

// config is the configuration file. Its tags are its keys; config.example.yaml
// explains them.
type config struct {
	Data      string          `yaml:"data"`
	Tag       string          `yaml:"tag"`
	Log       logConfig       `yaml:"log"`
	Console   consoleConfig   `yaml:"console"`
	Home      homeConfig      `yaml:"home"`
	Hold      holdConfig      `yaml:"hold"`
	Files     filesConfig     `yaml:"files"`
	DigestAt  string          `yaml:"digest_at"`
	Deletes   string          `yaml:"deletes"`
	Access    accessConfig    `yaml:"access"`
	Unproven  bool            `yaml:"hold_unproven"`
	Mailboxes []mailboxConfig `yaml:"mailboxes"`

	// Networks are the entries of the sections of the chat networks, in the order of
	// the list of connectors.
	Networks []network

	path       string
	known      []connectors.Network // those that may have a section; nil: all of connectors.Networks
	unfinished bool                 // init hasn't asked about the chat network yet
	secretHere bool                 // the file itself contains a secret
}

// network is one connection to a chat network.
type network struct {
	kind connectors.Network
	at   string // its key: "matrix[0]"
	name string
	connectors.Connection
}

// kinds returns the chat networks that may have a section.
func (c *config) kinds() []connectors.Network {
	if c.known == nil {
		return connectors.Networks()
	}
	return c.known
}

// tables reports whether a connection keeps tables in a database of its own.
func (c *config) tables() bool {
	return slices.ContainsFunc(c.Networks, func(n network) bool { return n.kind.Tables })
}

type logConfig struct {
	Level  string `yaml:"level"`
	Format string `yaml:"format"`
}

type consoleConfig struct {
	Listen string `yaml:"listen"`
	Token  secret `yaml:"token"`
}

type homeConfig struct {
	Network string `yaml:"network"`
	Room    string `yaml:"room"`
}

type holdConfig struct {
	Quiet *duration `yaml:"quiet"`
	Max   *duration `yaml:"max"`
	Live  *duration `yaml:"live"`
}

type filesConfig struct {
	LargestMB int       `yaml:"largest_mb"`
	Keep      *duration `yaml:"keep"`
	PublicURL string    `yaml:"public_url"`
	Listen    string    `yaml:"listen"`
	VoiceM4A  *bool     `yaml:"voice_m4a"`
}

type accessConfig struct {
	Allow      map[string]string `yaml:"allow"`
	Moderators string            `yaml:"moderators"`
	Admins     string            `yaml:"admins"`
	Mail       []string          `yaml:"mail"`
	Newcomers  []string          `yaml:"newcomers"`
}

type mailboxConfig struct {
	Name      string      `yaml:"name"`
	Address   string      `yaml:"address"`
	Title     string      `yaml:"title"`
	Owner     string      `yaml:"owner"`
	Own       []string    `yaml:"own"`
	Domain    string      `yaml:"domain"`
	IMAP      *imapConfig `yaml:"imap"`
	SMTP      *smtpConfig `yaml:"smtp"`
	LMTP      *lmtpConfig `yaml:"lmtp"`
	Trust     trustConfig `yaml:"trust"`
	PlusWorks bool        `yaml:"plus_addresses"`
	KeepsSent bool        `yaml:"keeps_sent"`
	Grace     *duration   `yaml:"grace"`
	PerHour   int         `yaml:"mails_per_hour"`
	LargestMB int         `yaml:"largest_mail_mb"`
	Opens     opensConfig `yaml:"opens"`

	imapTokens, smtpTokens *mailnet.Tokens // of sign-ins by OAuth2 that last; nil: they last as long as the connection
}

type serverConfig struct {
	Host     string        `yaml:"host"`
	Port     int           `yaml:"port"`
	TLS      string        `yaml:"tls"`
	CAFile   string        `yaml:"ca_file"`
	Insecure bool          `yaml:"insecure"`
	User     string        `yaml:"user"`
	Password secret        `yaml:"password"`
	OAuth2   *oauth2Config `yaml:"oauth2"`
	Timeout  *duration     `yaml:"timeout"`
}

type oauth2Config struct {
	ClientID     string   `yaml:"client_id"`
	ClientSecret secret   `yaml:"client_secret"`
	TokenURL     string   `yaml:"token_url"`
	Scopes       []string `yaml:"scopes"`
	RefreshToken secret   `yaml:"refresh_token"`
	AccessToken  secret   `yaml:"access_token"`
}

type imapConfig struct {
	Server   serverConfig `yaml:",inline"`
	Folders  []string     `yaml:"folders"`
	Sent     string       `yaml:"sent"`
	Junk     string       `yaml:"junk"`
	All      string       `yaml:"all"`
	JunkEach *duration    `yaml:"junk_poll"`
	Poll     *duration    `yaml:"poll"`
	Burst    *duration    `yaml:"burst"`
	Mark     string       `yaml:"mark"`
}

type smtpConfig struct {
	Server      serverConfig `yaml:",inline"`
	LocalName   string       `yaml:"local_name"`
	Connections int          `yaml:"connections"`
}

type lmtpConfig struct {
	Listen string   `yaml:"listen"`
	Peers  []string `yaml:"peers"`
}

func (l *lmtpConfig) lmtp() lmtp.Config { return lmtp.Config{Listen: l.Listen, Peers: l.Peers} }

type trustConfig struct {
	AuthservIDs []string `yaml:"authserv_ids"`
	DKIM        *bool    `yaml:"dkim"`
}

type opensConfig struct {
	Network string   `yaml:"network"`
	Room    string   `yaml:"room"`
	Invite  []string `yaml:"invite"`
}

// duration is a duration as configured: "5s", "2m", or 0.
type duration time.Duration

// configPath finds the configuration file.
func configPath(flag string) (string, error) {
	if flag != "" {
		return flag, nil
	}
	if env := os.Getenv("HASHSEND_CONFIG"); env != "" {
		return env, nil
	}
	places := []string{"config.yaml"}
	if dir, err := os.UserConfigDir(); err == nil {
		places = append(places, filepath.Join(dir, "hashsend", "config.yaml"))
	}
	places = append(places, "/etc/hashsend/config.yaml")
	for _, p := range places {
		if _, err := os.Stat(p); err == nil {
			return p, nil
		}
	}
	return "", fmt.Errorf("no configuration found (looked for %s): run hashsend init to create one, or name one with --config", strings.Join(places, ", "))
}

// loadConfig reads and checks the configuration. The error lists all mistakes, each with
// its line.
func loadConfig(path string) (*config, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s doesn't exist: run hashsend init to create it", path)
	}
	if err != nil {
		return nil, err
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	c := &config{path: path}
	mistakes := c.parse(raw)
	if len(mistakes) == 0 && info.Mode().Perm()&0o077 != 0 && c.secretHere && !isCredential(path) {
		return nil, fmt.Errorf("%s contains passwords, but other users can read it: run chmod 600 %s", path, path)
	}
	if len(mistakes) > 0 {
		return nil, &configError{path: path, mistakes: mistakes}
	}
	return c, nil
}

// isCredential reports whether the file is a systemd credential. Only this service can read
// it, although its access list looks like a group-readable mode.
func isCredential(path string) bool {
	dir := os.Getenv("CREDENTIALS_DIRECTORY")
	return dir != "" && filepath.Dir(path) == filepath.Clean(dir)
}

// mistake is one error in the configuration.
type mistake struct {
	line int // 0: the whole file
	text string
}

// configError lists all errors in a configuration.
type configError struct {
	path     string
	mistakes []mistake
}

// Error returns one line for each mistake.
func (e *configError) Error() string {
	var b strings.Builder
	for i, m := range e.mistakes {
		if i > 0 {
			b.WriteString("\n")
		}
		b.WriteString(e.path)
		if m.line > 0 {
			fmt.Fprintf(&b, ":%d", m.line)
		}
		b.WriteString(": " + m.text)
	}
	return b.String()
}

// dataDir is the folder of the database.
func (c *config) dataDir() (string, error) {
	for _, d := range []string{c.Data, os.Getenv("HASHSEND_DATA"), os.Getenv("STATE_DIRECTORY")} {
		if d != "" {
			return d, nil
		}
	}
	if d := os.Getenv("XDG_DATA_HOME"); d != "" {
		return filepath.Join(d, "hashsend"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("find the data folder (set data in the configuration to choose one): %w", err)
	}
	return filepath.Join(home, ".local", "share", "hashsend"), nil
}
