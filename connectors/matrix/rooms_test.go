package matrix

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/retry"
)

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
			s := newTrouble(t, func(w http.ResponseWriter, r *http.Request, _ map[string]any) {
				body := ""
				switch {
				case strings.Contains(r.URL.Path, "m.room.power_levels"):
					body = c.levels
				case strings.Contains(r.URL.Path, "m.room.create"):
					body = c.create
				}
				switch {
				case body == "":
					refuseWith(w, 404, `{"errcode":"M_NOT_FOUND"}`)
				case strings.Contains(body, "errcode"):
					refuseWith(w, 500, body)
				default:
					io.WriteString(w, body) //nolint:errcheck // the client sees what arrives
				}
			})
			con := account(t, s.URL)
			if got := con.rank(t.Context(), "!r:example.org", bob); got != c.want {
				t.Errorf("rank = %v, want %v", got, c.want)
			}
			if got := con.mayMentionAll(t.Context(), "!r:example.org", bob); got != c.all {
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
			s := newTrouble(t, func(w http.ResponseWriter, r *http.Request, _ map[string]any) {
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
				refuseWith(w, 404, `{"errcode":"M_NOT_FOUND"}`)
			})
			if d, err := account(t, s.URL).Describe(t.Context(), "!r:example.org"); err != nil || d != c.want {
				t.Errorf("Describe = %+v, %v; want %+v", d, err, c.want)
			}
		})
	}
	if got := together([]string{"a", "b", "c", "d", "e", "f", "g"}); got != "a, b, c, d, e and 2 others" {
		t.Errorf("seven are called %q", got)
	}
}

// TestFindIsNotFooled looks for a key that a person has put into a message too.
func TestFindIsNotFooled(t *testing.T) {
	event := func(id, sender, key string, age time.Duration) string {
		return fmt.Sprintf(`{"type":"m.room.message","event_id":%q,"sender":%q,"origin_server_ts":%d,"content":{"body":"x","org.hashsend.key":%s}}`,
			id, sender, time.Now().Add(-age).UnixMilli(), key)
	}
	pages := map[string]string{
		"":   `{"chunk":[` + event("$a", "@eve:example.org", `"k"`, 0) + `,7,` + event("$b", "@hashsend:example.org", `["k"]`, 0) + `],"end":"p1"}`,
		"p1": `{"chunk":[` + event("$c", "@hashsend:example.org", `"k2"`, 0) + `,` + event("$d", "@hashsend:example.org", `"k"`, time.Minute) + `],"end":"p2"}`,
		"p2": `{"chunk":[` + event("$e", "@hashsend:example.org", `"old"`, 72*time.Hour) + `],"end":"p3"}`,
		"p3": `{"chunk":[` + event("$f", "@hashsend:example.org", `"older"`, 73*time.Hour) + `]}`,
	}
	s := newTrouble(t, func(w http.ResponseWriter, r *http.Request, _ map[string]any) {
		io.WriteString(w, pages[r.URL.Query().Get("from")]) //nolint:errcheck // the client sees what arrives
	})
	c := account(t, s.URL)
	for key, want := range map[string]chat.MessageID{"k": "$d", "k2": "$c", "old": "$e", "older": "", "k3": ""} {
		id, there, err := c.Find(t.Context(), chat.Place{Room: "!r:example.org"}, key, time.Now().Add(-time.Hour))
		if err != nil || id != want || there != (want != "") {
			t.Errorf("Find(%q) = %q, %v, %v; want %q", key, id, there, err, want)
		}
	}
}

// TestNamesDoNotHoldUp shows that events get through when nobody tells names.
func TestNamesDoNotHoldUp(t *testing.T) {
	s := newTrouble(t, func(w http.ResponseWriter, _ *http.Request, _ map[string]any) { refuseWith(w, 503, "") })
	c := account(t, s.URL)
	got := c.complete(t.Context(), c.convert(said(t, "m.room.message", `{"msgtype":"m.text","body":"x"}`, "")))
	if p, is := got.(chat.Posted); !is || p.By.Name != "bob" {
		t.Errorf("completed as %+v, want the id's first part as the name", got)
	}
}

func TestRefusesToActForOthers(t *testing.T) {
	c := service(t, nil)
	if err := c.Join(t.Context(), "!r:example.org", "@alice:example.org"); err == nil || !strings.Contains(err.Error(), "no user of ours") {
		t.Errorf("Join as a user that is not ours: %v", err)
	}
}

// TestOneCallIsToldOnce has a call told of in several ways, and another one later
// (EVENTS A48).
func TestOneCallIsToldOnce(t *testing.T) {
	c := service(t, nil)
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

// TestJoinThatCrossed is tried again, one that is refused is not (EVENTS A38).
func TestJoinThatCrossed(t *testing.T) {
	for body, never := range map[string]bool{
		`{"errcode":"M_FORBIDDEN","error":"InputWasRejected"}`:    false,
		`{"errcode":"M_FORBIDDEN","error":"You are not invited"}`: true,
	} {
		s := newTrouble(t, func(w http.ResponseWriter, _ *http.Request, _ map[string]any) { refuseWith(w, 403, body) })
		err := account(t, s.URL).Join(t.Context(), "!r:example.org", "")
		if retry.IsNever(err) != never || !errors.Is(err, chat.ErrMayNot) {
			t.Errorf("%s: %v", body, err)
		}
	}
}
