package receive

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hashsend/bridge/chat"
	"hashsend/connectors/matrix/homeserver"
	"hashsend/connectors/matrix/keys"
	"hashsend/connectors/matrix/matrixtest"
	"hashsend/connectors/matrix/matrixtext"
	"hashsend/connectors/matrix/media"
	"hashsend/connectors/matrix/rooms"
)

// receiver receives from a homeserver.
func receiver(o homeserver.Options) *Receiver {
	log := slog.New(slog.DiscardHandler)
	server := homeserver.New(o, log)
	r := rooms.New(server, log)
	var pushed *Service
	if o.Service != nil {
		pushed = &Service{Listen: "127.0.0.1:29320", URL: "http://127.0.0.1:29320", Token: hsToken}
	}
	reader := matrixtext.Reader{Users: o.Users, Prefix: "!send"}
	return New(server, r, keys.New(server, r, keys.NewFile(keys.Place{Bot: o.Users.Bot}), log), media.New(server, log), reader, pushed, log)
}

const hsToken = "hs token of the tests"

// service is an application service on a homeserver that does not answer, account a plain
// account.
func service() *Receiver { return receiver(matrixtest.Service(matrixtest.Nowhere)) }

func account(url string) *Receiver { return receiver(matrixtest.Account(url)) }

// TestNamesDoNotHoldUp shows that events get through when nobody tells names.
func TestNamesDoNotHoldUp(t *testing.T) {
	s := matrixtest.New(t, func(w http.ResponseWriter, _ *http.Request, _ map[string]any) { matrixtest.Refuse(w, 503, "") })
	c := account(s.URL)
	got := c.complete(t.Context(), c.reader.Convert(matrixtest.Event(t, "m.room.message", `{"msgtype":"m.text","body":"x"}`, "")))
	if p, is := got.(chat.Posted); !is || p.By.Name != "bob" {
		t.Errorf("completed as %+v, want the id's first part as the name", got)
	}
}

// TestOneCallIsToldOnce has a call told of in several ways, and another one later
// (EVENTS A48).
func TestOneCallIsToldOnce(t *testing.T) {
	c := service()
	call := func(kind, sender string, at time.Duration) json.RawMessage {
		return json.RawMessage(fmt.Sprintf(`{"type":%q,"event_id":"$%d%s","room_id":"!r:example.org","sender":%q,"origin_server_ts":%d,"content":{}}`, kind, at, kind, sender, at.Milliseconds()))
	}
	events := c.events(t.Context(), "", []json.RawMessage{
		call("org.matrix.msc4075.call.notify", "@bob:example.org", time.Hour), call("org.matrix.msc4075.rtc.notification", "@bob:example.org", time.Hour+time.Second),
		call("m.call.invite", "@zoe:example.org", time.Hour+2*time.Second), call("m.call.invite", "@bob:example.org", 2*time.Hour),
	})
	var who []string
	for _, e := range events {
		who = append(who, string(e.EventHead().By.ID))
	}
	if got := strings.Join(who, " "); got != "@bob:example.org @zoe:example.org @bob:example.org" {
		t.Errorf("calls are told of %s", got)
	}
}

const sealedEvent = `{"event_id":"$1","type":"m.room.encrypted","sender":"@ann:example.org","origin_server_ts":1700000000000,
	"content":{"algorithm":"m.megolm.v1.aes-sha2","session_id":"s1","ciphertext":"AwgAEnACgAkLmt6qF84IK++J7UDH2Za1YVchHyprqTqsg"}}`

// A message whose key is not there is told of as sealed, nothing is made up for it
// (A44); that the room is encrypted is told once in a run (A43).
func TestSealed(t *testing.T) {
	c := service()
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
