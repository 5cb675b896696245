package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"hashsend/connectors"
)

var update = flag.Bool("update", false, "write the messages that are given into testdata/badconfig")

// TestBadConfig checks that each file gets exactly the messages of its first
// comment lines, a message a line, and that no secret of it is in them.
func TestBadConfig(t *testing.T) {
	files, err := filepath.Glob("testdata/badconfig/*.yaml")
	if err != nil || len(files) < 15 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	for _, path := range files {
		name := filepath.Base(path)
		t.Run(strings.TrimSuffix(name, ".yaml"), func(t *testing.T) {
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			want, body := wanted(string(raw))
			c := &config{path: name}
			var got string
			if mistakes := c.parse(raw); len(mistakes) > 0 {
				got = (&configError{path: "config.yaml", mistakes: mistakes}).Error()
			}
			if *update {
				// The comments move the lines, so the messages are made until they stay.
				for range 3 {
					raw = []byte(commented(got) + body)
					got = (&configError{path: "config.yaml", mistakes: (&config{}).parse(raw)}).Error()
				}
				if err := os.WriteFile(path, raw, 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got == "" || got != want {
				t.Errorf("got\n%s\nwanted\n%s", got, want)
			}
			for _, planted := range []string{"hunter2", "planted-secret", "not-a-real-token"} {
				if strings.Contains(got, planted) {
					t.Errorf("the message holds the secret %q:\n%s", planted, got)
				}
			}
		})
	}
}

// wanted splits a file into the message of its first comments and the rest.
func wanted(raw string) (message, rest string) {
	var lines []string
	for strings.HasPrefix(raw, "# ") {
		line, after, _ := strings.Cut(raw, "\n")
		lines = append(lines, strings.TrimPrefix(line, "# "))
		raw = after
	}
	return strings.Join(lines, "\n"), raw
}

func commented(message string) string {
	return "# " + strings.ReplaceAll(message, "\n", "\n# ") + "\n"
}

// exampleEnv sets the variables that config.example.yaml names.
func exampleEnv(t *testing.T) {
	for _, name := range []string{"HASHSEND_AS_TOKEN", "HASHSEND_HS_TOKEN", "HASHSEND_OTHER_TOKEN", "HASHSEND_MAIL_PASSWORD", "HASHSEND_REFRESH_TOKEN", "HASHSEND_SIGNING_SECRET"} {
		t.Setenv(name, "from the environment: "+name)
	}
	for _, name := range []string{"HASHSEND_SLACK_BOT_TOKEN", "HASHSEND_OTHER_BOT_TOKEN"} {
		t.Setenv(name, "xoxb-from the environment")
	}
	t.Setenv("HASHSEND_SLACK_APP_TOKEN", "xapp-from the environment")
}

func TestExampleConfigIsGood(t *testing.T) {
	exampleEnv(t)
	c, err := loadConfig(filepath.Join(root, "config.example.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Mailboxes) != 1 || len(c.Networks) != 4 || c.secretHere {
		t.Errorf("read wrongly: %+v", c)
	}
	if printed := fmt.Sprintf("%v %+v %#v", c, c, c.Mailboxes[0].IMAP); strings.Contains(printed, "from the environment") {
		t.Errorf("a secret is printed: %s", printed)
	}
}

// TestExampleConfigIsComplete compares the keys of the file with the settings
// that the program knows.
func TestExampleConfigIsComplete(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(root, "config.example.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	keysOf(doc.Content[0], "", there)
	all := settings(reflect.TypeFor[config](), "")
	for _, n := range connectors.Networks() {
		all = append(all, n.Key, n.Key+".name")
		all = append(all, settings(reflect.TypeOf(n.New().Into()), n.Key)...)
	}
	for _, key := range all {
		// The two servers of a mailbox have the same settings; the file shows each once.
		other := strings.NewReplacer("imap.", "smtp.", "smtp.", "imap.").Replace(key)
		if !there[key] && !(there[other] && inServer(key)) {
			t.Errorf("config.example.yaml lacks %s", key)
		}
	}
}

func inServer(key string) bool {
	_, name, found := strings.Cut(key, "imap.")
	if !found {
		_, name, found = strings.Cut(key, "smtp.")
	}
	for _, s := range settings(reflect.TypeFor[serverConfig](), "") {
		if s == name {
			return found
		}
	}
	return false
}

func keysOf(n *yaml.Node, at string, into map[string]bool) {
	switch n.Kind {
	case yaml.SequenceNode:
		for _, e := range n.Content {
			keysOf(e, at, into)
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := strings.TrimPrefix(at+"."+n.Content[i].Value, ".")
			into[key] = true
			keysOf(n.Content[i+1], key, into)
		}
	}
}

// settings lists the keys of a struct, those below with their path.
func settings(t reflect.Type, at string) (all []string) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || t == reflect.TypeFor[secret]() {
		return nil
	}
	for i := range t.NumField() {
		tag, option, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ",")
		key := strings.TrimPrefix(at+"."+tag, ".")
		switch {
		case option == "inline":
			all = append(all, settings(t.Field(i).Type, at)...)
		case tag != "":
			all = append(all, key)
			all = append(all, settings(t.Field(i).Type, key)...)
		}
	}
	return all
}

func TestConfigThatOthersMayRead(t *testing.T) {
	raw := `matrix: [{homeserver: "https://matrix.example.org", user_id: "@h:example.org", access_token: %s}]
mailboxes: [{address: t@example.org, imap: {host: a, port: 1}, smtp: {host: a, port: 1}}]
`
	t.Setenv("HASHSEND_TEST_TOKEN", "x")
	for _, c := range []struct {
		token string
		mode  os.FileMode
		want  string
	}{
		{"secret", 0o600, ""},
		{"{env: HASHSEND_TEST_TOKEN}", 0o644, ""},
		{"secret", 0o640, "other users can read it: run chmod 600 "},
		{"secret", 0o604, "other users can read it: run chmod 600 "},
	} {
		path := filepath.Join(t.TempDir(), "config.yaml")
		if err := os.WriteFile(path, fmt.Appendf(nil, raw, c.token), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, c.mode); err != nil {
			t.Fatal(err)
		}
		_, err := loadConfig(path)
		if c.want != "" {
			t.Setenv("CREDENTIALS_DIRECTORY", filepath.Dir(path))
			if _, err := loadConfig(path); err != nil {
				t.Errorf("a file that systemd handed over: %v", err)
			}
		}
		if (err == nil) != (c.want == "") || (err != nil && !strings.Contains(err.Error(), c.want+path)) {
			t.Errorf("%s %o: %v", c.token, c.mode, err)
		}
	}
}

func TestDataDir(t *testing.T) {
	for _, name := range []string{"HASHSEND_DATA", "STATE_DIRECTORY", "XDG_DATA_HOME"} {
		t.Setenv(name, "")
	}
	t.Setenv("HOME", "/home/h")
	for _, step := range []struct{ set, value, want string }{
		{"", "", "/home/h/.local/share/hashsend"},
		{"XDG_DATA_HOME", "/x", "/x/hashsend"},
		{"STATE_DIRECTORY", "/state", "/state"},
		{"HASHSEND_DATA", "/data", "/data"},
	} {
		if step.set != "" {
			t.Setenv(step.set, step.value)
		}
		if got, err := (&config{}).dataDir(); err != nil || got != step.want {
			t.Errorf("with %s: %s, %v; wanted %s", step.set, got, err, step.want)
		}
	}
	if got, err := (&config{Data: "/set"}).dataDir(); err != nil || got != "/set" {
		t.Errorf("with data: %s, %v", got, err)
	}
}

func FuzzConfig(f *testing.F) {
	files, err := filepath.Glob("testdata/badconfig/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range append(files, filepath.Join(root, "config.example.yaml")) {
		raw, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		c := &config{}
		for _, m := range c.parse(raw) {
			if m.text == "" {
				t.Error("a mistake without words")
			}
		}
	})
}
