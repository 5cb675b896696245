package connectors

import (
	"fmt"
	"log/slog"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"hashsend/bridge/chat"
)

// secretName is what settings are called that nobody may see.
var secretName = regexp.MustCompile(`token|secret|password`)

// TestRows checks each network's row, and that its secrets are marked as such.
func TestRows(t *testing.T) {
	keys := map[string]bool{}
	for _, n := range Networks() {
		if n.Key == "" || n.Server == "" || n.Room == "" || n.User == "" || n.Prompt == "" || keys[n.Key] {
			t.Errorf("the row lacks something, or its key is taken: %+v", n)
		}
		keys[n.Key] = true
		into := reflect.TypeOf(n.New().Into()).Elem()
		found := marked(t, n.Key, into)
		if found == 0 {
			t.Errorf("%s has no secret; the test looks in the wrong place", n.Key)
		}
		for _, ask := range n.Asks {
			if !has(into, ask.Setting) {
				t.Errorf("%s: init asks for %s, and there is no such setting", n.Key, ask.Setting)
			}
		}
	}
}

// marked counts the secrets of a struct, and complains about those that are not marked.
func marked(t *testing.T, at string, s reflect.Type) (secrets int) {
	for i := range s.NumField() {
		f := s.Field(i)
		key, option, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if f.Type.Kind() == reflect.Pointer && f.Type.Elem().Kind() == reflect.Struct {
			secrets += marked(t, at+"."+key, f.Type.Elem())
		}
		if f.Type.Kind() != reflect.String || !secretName.MatchString(key) {
			continue
		}
		secrets++
		if option != "secret" {
			t.Errorf(`%s.%s is a secret, and its tag is not yaml:"%s,secret"`, at, key, key)
		}
	}
	return secrets
}

func has(s reflect.Type, key string) bool {
	for i := range s.NumField() {
		if name, _, _ := strings.Cut(s.Field(i).Tag.Get("yaml"), ","); name == key {
			return true
		}
	}
	return false
}

// TestConnection checks that settings are refused by name, and are never printed.
func TestConnection(t *testing.T) {
	for _, n := range Networks() {
		c := n.New()
		reflect.ValueOf(c.Into()).Elem().Field(0).SetString("planted")
		if printed := fmt.Sprintf("%v %+v %#v", c, c, c); strings.Contains(printed, "planted") {
			t.Errorf("%s: settings are printed: %s", n.Key, printed)
		}
		errs := c.Check()
		if len(errs) == 0 {
			t.Errorf("%s: empty settings are good", n.Key)
		}
		for _, err := range errs {
			if key, _, found := strings.Cut(err.Error(), ": "); !found || strings.Contains(key, " ") {
				t.Errorf("%s: %v; want its key first", n.Key, err)
			}
		}
		env := chat.Env{Name: n.Key, Log: slog.New(slog.DiscardHandler)}
		if net, err := c.Open(env); err == nil || net != nil {
			t.Errorf("%s: it was opened with bad settings: %v, %v", n.Key, net, err)
		}
		if _, err := c.Try(t.Context(), env); err == nil {
			t.Errorf("%s: it was tried with bad settings", n.Key)
		}
	}
}
