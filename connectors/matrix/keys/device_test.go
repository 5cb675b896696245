//go:build goolm

package keys

import (
	"context"
	"database/sql"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	_ "modernc.org/sqlite"

	"hashsend/connectors/matrix/homeserver"
	"hashsend/connectors/matrix/matrixtest"
	"hashsend/connectors/matrix/rooms"
)

// devices is a homeserver that keeps the keys of one account's devices, as a real one does.
type devices struct {
	mu       sync.Mutex
	listed   map[string]json.RawMessage // device keys, by device
	uploaded int                        // how often device keys were uploaded
	seen     []string                   // requests, with whether they had a token
	away     bool
}

const device = "HASHSENDTEST"

func (d *devices) RoundTrip(r *http.Request) (*http.Response, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	path := r.URL.Path[strings.LastIndex(r.URL.Path, "/v3/")+len("/v3/"):]
	token := " without a token"
	if r.Header.Get("Authorization") != "" {
		token = ""
	}
	d.seen = append(d.seen, path+token)
	var body struct {
		DeviceKeys json.RawMessage `json:"device_keys"`
	}
	if r.Body != nil {
		json.NewDecoder(r.Body).Decode(&body) //nolint:errcheck // most requests have none
	}
	status, answer := http.StatusOK, any(struct{}{})
	switch {
	case d.away:
		status = http.StatusBadGateway
	case path == "login":
		answer = map[string]string{"user_id": "@hashsend:example.org", "access_token": "new", "device_id": device}
	case token != "":
		status, answer = http.StatusUnauthorized, map[string]string{"errcode": "M_MISSING_TOKEN"}
	case path == "account/whoami":
		answer = map[string]string{"user_id": "@hashsend:example.org", "device_id": device}
	case path == "keys/upload":
		if body.DeviceKeys != nil {
			d.uploaded++
			d.listed[device] = body.DeviceKeys
		}
		answer = map[string]any{"one_time_key_counts": map[string]int{"signed_curve25519": 50}}
	case path == "keys/query":
		answer = map[string]any{"device_keys": map[string]any{"@hashsend:example.org": d.listed}}
	}
	raw, err := json.Marshal(answer)
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(string(raw))), Request: r}, nil
}

// uploads is how often device keys were uploaded.
func (d *devices) uploads() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.uploaded
}

// forget deletes the device, and returns its keys.
func (d *devices) forget() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	was := string(d.listed[device])
	clear(d.listed)
	return was
}

// keysAt are the keys of a plain account with a password, whose requests go to d.
func keysAt(t *testing.T, d *devices, db *sql.DB) (*Keys, *homeserver.Server) {
	t.Helper()
	o := matrixtest.Account("http://matrix.example.org")
	o.AccessToken, o.Password, o.Transport = "", "secret", d
	file := NewFile(Place{DB: db, Secret: []byte("a secret of the tests"), Name: "matrix", Bot: o.Users.Bot})
	o.Device = file.Device
	log := slog.New(slog.DiscardHandler)
	server := homeserver.New(o, log)
	return New(server, rooms.New(server, log), file, log), server
}

func newDB(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "keys.db"))
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() }) //nolint:errcheck // the test is over
	return db
}

// A message that waits to be decrypted is the first thing that is asked of the homeserver:
// we sign in before, and no client is made without a token.
func TestDecryptSignsInFirst(t *testing.T) {
	d := &devices{listed: map[string]json.RawMessage{}}
	k, _ := keysAt(t, d, newDB(t))
	e := matrixtest.Event(t, "m.room.encrypted", `{"algorithm":"m.megolm.v1.aes-sha2","session_id":"s","ciphertext":"AwgA"}`, "")
	if _, err := k.Decrypt(t.Context(), e, json.RawMessage(`{"type":"m.room.encrypted","content":{}}`), false); err == nil {
		t.Error("it was decrypted")
	}
	if len(d.seen) < 2 || d.seen[0] != "login without a token" || slices.ContainsFunc(d.seen[1:], func(r string) bool { return strings.HasSuffix(r, "without a token") }) {
		t.Errorf("requests %q, want a sign-in and then none without a token", d.seen)
	}
	if d.uploaded != 1 {
		t.Errorf("the device's keys were uploaded %d times", d.uploaded)
	}
}

// Our device's keys are uploaded again when the homeserver does not list them any more: at
// the start, after a new sign-in, when the homeserver tells of it, and each hour. They are
// the same keys.
func TestKeysAreListedAgain(t *testing.T) {
	db := newDB(t)
	d := &devices{listed: map[string]json.RawMessage{}}
	k, _ := keysAt(t, d, db)
	take := func(news News) {
		t.Helper()
		if _, err := k.Take(t.Context(), news); err != nil {
			t.Fatal(err)
		}
	}
	uploads := func(when string, want int, was string) {
		t.Helper()
		if d.uploaded != want {
			t.Errorf("%s: device keys were uploaded %d times, want %d", when, d.uploaded, want)
		}
		if now := string(d.listed[device]); was != "" && keyOf(t, now) != keyOf(t, was) {
			t.Errorf("%s: the device got another key", when)
		}
	}
	take(News{})
	take(News{})
	uploads("first start", 1, "")

	was := d.forget()
	k, server := keysAt(t, d, db)
	take(News{})
	uploads("start after the device was deleted", 2, was)

	was = d.forget()
	server.SignedOut()
	take(News{})
	uploads("after everybody was signed out", 3, was)

	was = d.forget()
	var told News
	told.DeviceLists.Changed = append(told.DeviceLists.Changed, server.Users.Bot)
	d.away = true
	take(told)
	d.away = false
	uploads("the homeserver could not be asked", 3, "")
	take(told)
	uploads("our own device list changed", 4, was)
	take(told)
	uploads("it changed, and our device is there", 4, "")

	d.listed[device] = json.RawMessage(strings.ReplaceAll(string(d.listed[device]), keyOf(t, string(d.listed[device])), "another"))
	take(told)
	uploads("the keys of another program", 4, "")
	if text := k.Standing(); !strings.Contains(text, "keys of another program") {
		t.Errorf("status says %q", text)
	}
}

// TestWatch looks each hour.
func TestWatch(t *testing.T) {
	db := newDB(t)
	synctest.Test(t, func(t *testing.T) {
		d := &devices{listed: map[string]json.RawMessage{}}
		k, _ := keysAt(t, d, db)
		if _, err := k.Take(t.Context(), News{}); err != nil {
			t.Fatal(err)
		}
		d.forget()
		ctx, cancel := context.WithCancel(t.Context())
		go k.Watch(ctx)
		time.Sleep(watchEvery - time.Second)
		synctest.Wait()
		if n := d.uploads(); n != 1 {
			t.Errorf("before the hour the keys were uploaded %d times", n)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if n := d.uploads(); n != 2 {
			t.Errorf("after the hour the keys were uploaded %d times", n)
		}
		cancel()
		synctest.Wait()
	})
}

// keyOf is the signing key of uploaded device keys.
func keyOf(t *testing.T, raw string) string {
	t.Helper()
	var keys struct {
		Keys map[string]string `json:"keys"`
	}
	if err := json.Unmarshal([]byte(raw), &keys); err != nil {
		t.Fatal(err)
	}
	return keys.Keys["ed25519:"+device]
}
