package rooms

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"hashsend/bridge/chat"
	"hashsend/bridge/retry"
	"hashsend/connectors/matrix/homeserver"
	"hashsend/connectors/matrix/matrixtest"
)

// of returns the rooms of a homeserver.
func of(o homeserver.Options) *Rooms {
	log := slog.New(slog.DiscardHandler)
	return New(homeserver.New(o, log), log)
}

// TestRank is what somebody may do in a room, and whether they may mention everybody
// (EVENTS A26).
func TestRank(t *testing.T) {
	const bob = "@bob:example.org"
	for _, c := range []struct {
		name, levels, create string // an empty answer is "not found"
		want                 chat.Rank
		all                  bool // may mention everybody
	}{
		{"nothing said", `{}`, `{"sender":"@a:example.org","content":{"room_version":"10"}}`, chat.Member, false},
		{"moderator", `{"users":{"@bob:example.org":50}}`, "", chat.Moderator, true},
		{"admin", `{"users":{"@bob:example.org":100}}`, "", chat.Admin, true},
		{"level written as a text, in old rooms", `{"users":{"@bob:example.org":" 50"},"users_default":"x"}`, "", chat.Moderator, true},
		{"below", `{"users":{"@bob:example.org":49}}`, "", chat.Member, false},
		{"everybody is one", `{"users_default":50}`, "", chat.Moderator, true},
		{"the room asks for more", `{"users":{"@bob:example.org":60},"events":{"org.hashsend.bridge":75},"notifications":{"room":80}}`, "", chat.Member, false},
		{"the room asks for less", `{"events":{"org.hashsend.bridge":0},"notifications":{"room":0}}`, "", chat.Moderator, true},
		{"creator of an old room", `{"users":{"@a:example.org":100}}`, `{"sender":"@bob:example.org","content":{"room_version":"11"}}`, chat.Member, false},
		{"creator who stands above", `{"users":{"@a:example.org":100}}`, `{"sender":"@bob:example.org","content":{"room_version":"12"}}`, chat.Admin, true},
		{"one more creator", `{}`, `{"sender":"@a:example.org","content":{"room_version":"12","additional_creators":["@bob:example.org"]}}`, chat.Admin, true},
		{"room without levels", "", `{"sender":"@bob:example.org","content":{"room_version":"10"}}`, chat.Admin, true},
		{"room without levels, somebody else", "", `{"sender":"@a:example.org","content":{"room_version":"10"}}`, chat.Member, false},
		{"nobody knows", `{"errcode":"M_UNKNOWN"}`, "", chat.Member, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := matrixtest.New(t, func(w http.ResponseWriter, r *http.Request, _ map[string]any) {
				body := ""
				switch {
				case strings.Contains(r.URL.Path, "m.room.power_levels"):
					body = c.levels
				case strings.Contains(r.URL.Path, "m.room.create"):
					body = c.create
				}
				switch {
				case body == "":
					matrixtest.Refuse(w, 404, `{"errcode":"M_NOT_FOUND"}`)
				case strings.Contains(body, "errcode"):
					matrixtest.Refuse(w, 500, body)
				default:
					io.WriteString(w, body) //nolint:errcheck // the client sees what arrives
				}
			})
			con := of(matrixtest.Account(s.URL))
			if got := con.Rank(t.Context(), "!r:example.org", bob); got != c.want {
				t.Errorf("rank = %v, want %v", got, c.want)
			}
			if got := con.MayMentionAll(t.Context(), "!r:example.org", bob); got != c.all {
				t.Errorf("may mention everybody: %v, want %v", got, c.all)
			}
		})
	}
}

// TestWhatARoomIsCalled tries the names of rooms that have none (EVENTS A31, A32, A34).
func TestWhatARoomIsCalled(t *testing.T) {
	const bob, zoe = `"@bob:example.org":{"display_name":"Bob"}`, `"@zoe:example.org":{"display_name":" "}`
	for _, c := range []struct {
		name, state, members string
		want                 chat.Description
	}{
		{"named", `{"m.room.name":{"name":"Lunch"},"m.room.canonical_alias":{"alias":"#lunch:example.org"},"m.room.topic":{"m.topic":{"m.text":[{"body":"Food"}]}}}`, bob, chat.Description{Name: "Lunch", Topic: "Food", Members: 1, Private: true}},
		{"an alias", `{"m.room.canonical_alias":{"alias":"#lunch:example.org"},"m.room.join_rules":{"join_rule":"public"}}`, bob, chat.Description{Name: "#lunch:example.org", Members: 1}},
		{"those in it", `{}`, zoe + "," + bob + `,"@hashsend:example.org":{"display_name":"the bridge"}`, chat.Description{Name: "Bob and zoe", Members: 2, Private: true}},
		{"nobody", `{}`, ``, chat.Description{Private: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var state map[string]json.RawMessage
			if err := json.Unmarshal([]byte(c.state), &state); err != nil {
				t.Fatal(err)
			}
			s := matrixtest.New(t, func(w http.ResponseWriter, r *http.Request, _ map[string]any) {
				if strings.HasSuffix(r.URL.Path, "/joined_members") {
					io.WriteString(w, `{"joined":{`+c.members+`}}`) //nolint:errcheck // the client sees what arrives
					return
				}
				for kind, content := range state {
					if strings.Contains(r.URL.Path, "/state/"+kind) {
						w.Write(content) //nolint:errcheck // the same
						return
					}
				}
				matrixtest.Refuse(w, 404, `{"errcode":"M_NOT_FOUND"}`)
			})
			if d, err := of(matrixtest.Account(s.URL)).Describe(t.Context(), "!r:example.org"); err != nil || d != c.want {
				t.Errorf("Describe = %+v, %v; want %+v", d, err, c.want)
			}
		})
	}
	if got := together([]string{"a", "b", "c", "d", "e", "f", "g"}); got != "a, b, c, d, e and 2 others" {
		t.Errorf("seven are called %q", got)
	}
}

func TestRefusesToActForOthers(t *testing.T) {
	c := of(matrixtest.Service(matrixtest.Nowhere))
	if err := c.Join(t.Context(), "!r:example.org", "@alice:example.org"); err == nil || !strings.Contains(err.Error(), "not one of our users") {
		t.Errorf("Join as a user that is not ours: %v", err)
	}
}

// TestJoinThatCrossed is tried again, one that is refused is not (EVENTS A38).
func TestJoinThatCrossed(t *testing.T) {
	for body, never := range map[string]bool{
		`{"errcode":"M_FORBIDDEN","error":"InputWasRejected"}`:    false,
		`{"errcode":"M_FORBIDDEN","error":"You are not invited"}`: true,
	} {
		s := matrixtest.New(t, func(w http.ResponseWriter, _ *http.Request, _ map[string]any) { matrixtest.Refuse(w, 403, body) })
		err := of(matrixtest.Account(s.URL)).Join(t.Context(), "!r:example.org", "")
		if retry.IsNever(err) != never || !errors.Is(err, chat.ErrMayNot) {
			t.Errorf("%s: %v", body, err)
		}
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
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { matrixtest.Refuse(w, c.code, c.body) }))
		defer s.Close()
		is, err := of(matrixtest.Account(s.URL)).IsEncrypted(t.Context(), "!r:example.org")
		if is != c.is || (err == nil) != c.ok {
			t.Errorf("%d %s: %v, %v; want %v, no error: %v", c.code, c.body, is, err, c.is, c.ok)
		}
	}
}
