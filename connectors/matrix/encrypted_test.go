package matrix

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"maunium.net/go/mautrix/id"

	"hashsend/bridge/chat"
)

// What a homeserver pushes of keys is taken under the names of the drafts and of
// the standard, and an odd part of it spoils nothing else.
func TestPushedKeys(t *testing.T) {
	var p pushedKeys
	err := json.Unmarshal([]byte(`{
		"to_device": 7, "de.sorunome.msc2409.to_device": [{"type": "m.room.encrypted"}],
		"device_lists": {"changed": ["@ann:example.org"]}, "org.matrix.msc3202.device_lists": {"changed": ["@ben:example.org"]},
		"org.matrix.msc3202.device_one_time_keys_count": {"@bot:example.org": {"D": {"signed_curve25519": 12}}, "@ghost:example.org": {"E": {"signed_curve25519": 0}}}}`), &p)
	if err != nil {
		t.Fatal(err)
	}
	n := p.news("@bot:example.org")
	if len(n.ToDevice.Events) != 1 || !cmp.Equal(n.DeviceLists.Changed, []id.UserID{"@ann:example.org", "@ben:example.org"}) || n.KeyCounts["signed_curve25519"] != 12 {
		t.Errorf("news = %+v", n)
	}
}

const sealedEvent = `{"event_id":"$1","type":"m.room.encrypted","sender":"@ann:example.org","origin_server_ts":1700000000000,
	"content":{"algorithm":"m.megolm.v1.aes-sha2","session_id":"s1","ciphertext":"AwgAEnACgAkLmt6qF84IK++J7UDH2Za1YVchHyprqTqsg"}}`

// A message whose key is not there is told of as sealed, nothing is made up for it
// (A44); that the room is encrypted is told once in a run (A43).
func TestSealed(t *testing.T) {
	c := service(t, nil)
	events := c.events(t.Context(), "!r:example.org", []json.RawMessage{
		json.RawMessage(sealedEvent), json.RawMessage(strings.ReplaceAll(sealedEvent, "$1", "$2")),
		json.RawMessage(strings.ReplaceAll(sealedEvent, "@ann:", "@hashsendbot:")),
	})
	var got []string
	for _, e := range events {
		switch e := e.(type) {
		case chat.Encrypted:
			got = append(got, "encrypted "+string(e.Place.Room))
		case chat.Sealed:
			got = append(got, "sealed "+string(e.Event)+" "+e.Lock)
			if len(e.Raw) == 0 || e.By.ID != "@ann:example.org" || e.At.UnixMilli() != 1700000000000 {
				t.Errorf("sealed: %+v", e)
			}
		default:
			t.Errorf("%T came of an encrypted event", e)
		}
	}
	want := []string{"encrypted !r:example.org", "sealed $1 s1", "sealed $2 s1"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// Whether a room is encrypted is never guessed: while the homeserver does not say,
// nothing is posted.
func TestIsEncrypted(t *testing.T) {
	for _, c := range []struct {
		code int
		body string
		is   bool
		ok   bool
	}{
		{200, `{"algorithm":"m.megolm.v1.aes-sha2"}`, true, true},
		{404, `{"errcode":"M_NOT_FOUND"}`, false, true},
		{404, `<html>`, false, false},
		{500, `{"errcode":"M_UNKNOWN"}`, false, false},
		{403, `{"errcode":"M_FORBIDDEN"}`, false, false},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { refuseWith(w, c.code, c.body) }))
		defer s.Close()
		is, err := account(t, s.URL).isEncrypted(t.Context(), "!r:example.org")
		if is != c.is || (err == nil) != c.ok {
			t.Errorf("%d %s: %v, %v; want %v, no error: %v", c.code, c.body, is, err, c.is, c.ok)
		}
	}
}

// What is encrypted on its way to the homeserver is read back as it was, by what
// the message says of it (A17).
func TestFileThereAndBack(t *testing.T) {
	text := strings.Repeat("a file, ", 10000)
	e := newEncrypter(io.NopCloser(strings.NewReader(text)))
	locked, err := io.ReadAll(e)
	if err != nil || bytes.Contains(locked, []byte("a file")) {
		t.Fatal("it is not encrypted", err)
	}
	raw, err := json.Marshal(e.file("mxc://example.org/abc"))
	if err != nil {
		t.Fatal(err)
	}
	_, secret, err := parseFileID(content{File: raw}.fileID())
	if err != nil {
		t.Fatal(err)
	}
	r, err := plaintext(io.NopCloser(bytes.NewReader(locked)), secret)
	if err != nil {
		t.Fatal(err)
	}
	if back, err := io.ReadAll(r); err != nil || string(back) != text {
		t.Errorf("%d bytes came back, %v; want %d", len(back), err, len(text))
	}
}
