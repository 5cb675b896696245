// Package matrixtest has what the tests of the Matrix connector's parts share: a homeserver
// that answers as a test wants, and events.
package matrixtest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"hashsend/connectors/matrix/homeserver"
	"hashsend/connectors/matrix/matrixtext"
)

// Users are those of an application service on example.org.
var Users = matrixtext.Users{Bot: "@hashsendbot:example.org", Ghosts: "hashsend_", Domain: "example.org"}

// Service is an application service on a homeserver.
func Service(url string) homeserver.Options {
	return homeserver.Options{URL: url, Users: Users, Service: &homeserver.Service{ID: "hashsend", Token: "as token of the tests"}}
}

// Account is a plain account on a homeserver.
func Account(url string) homeserver.Options {
	const user = "@hashsend:example.org"
	return homeserver.Options{URL: url, Users: matrixtext.Users{Bot: user, Domain: "example.org"}, UserID: user, AccessToken: "token"}
}

// Nowhere is the address of a homeserver that does not answer.
const Nowhere = "http://127.0.0.1:1"

// Homeserver gives the answers that a real homeserver cannot be made to give on demand.
// Its rooms are not encrypted.
type Homeserver struct {
	*httptest.Server
	Answer func(w http.ResponseWriter, r *http.Request, body map[string]any)

	mu   sync.Mutex
	seen []string
}

// New starts a Homeserver, which ends with the test.
func New(t testing.TB, answer func(w http.ResponseWriter, r *http.Request, body map[string]any)) *Homeserver {
	s := &Homeserver{Answer: answer}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(strings.TrimSuffix(r.URL.Path, "/"), "/state/m.room.encryption") { // asked once for each room
			Refuse(w, 404, `{"errcode":"M_NOT_FOUND"}`)
			return
		}
		s.mu.Lock()
		s.seen = append(s.seen, r.Method+" "+r.URL.Path)
		s.mu.Unlock()
		raw, _ := io.ReadAll(r.Body)
		var body map[string]any
		if len(raw) > 0 {
			if err := json.Unmarshal(raw, &body); err != nil {
				t.Errorf("%s %s has no JSON object: %v", r.Method, r.URL.Path, err)
			}
		}
		s.Answer(w, r, body)
	}))
	t.Cleanup(s.Close)
	return s
}

// Requests returns method and path of the requests since the last call, in order.
func (s *Homeserver) Requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := s.seen
	s.seen = nil
	return seen
}

// Refuse writes an answer.
func Refuse(w http.ResponseWriter, code int, body string) {
	w.WriteHeader(code)
	io.WriteString(w, body) //nolint:errcheck // the test sees what arrives
}

// Event is an event of Bob. more is added to its fields, as `,"state_key":""`.
func Event(t testing.TB, kind, content, more string) matrixtext.Event {
	t.Helper()
	e, err := matrixtext.ParseEvent(fmt.Appendf(nil, `{"type":%q,"event_id":"$e","room_id":"!r:example.org","sender":"@bob:example.org","origin_server_ts":1000,"content":%s%s}`, kind, content, more))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// Text is a message of Bob, as a homeserver sends it.
func Text(id, text string) string {
	return fmt.Sprintf(`{"type":"m.room.message","event_id":%q,"room_id":"!r:example.org","sender":"@bob:example.org","origin_server_ts":1,"content":{"msgtype":"m.text","body":%q}}`, id, text)
}
