package send

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"hashsend/bridge/chat"
	"hashsend/bridge/retry"
	"hashsend/connectors/matrix/matrixtest"
)

// narrow is a homeserver that refuses events of more than so many bytes.
type narrow struct {
	*httptest.Server
	limit   int
	refusal string // its status and answer

	posted []map[string]any
	tried  int
	file   string
}

func newNarrow(t *testing.T, limit int, refusal string) *narrow {
	s := &narrow{limit: limit, refusal: refusal}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		switch {
		case strings.Contains(r.URL.Path, "/send/"):
			s.tried++
			if len(raw) > s.limit {
				status, body, _ := strings.Cut(s.refusal, " ")
				code := 0
				fmt.Sscan(status, &code) //nolint:errcheck // the tests write it
				matrixtest.Refuse(w, code, body)
				return
			}
			var content map[string]any
			if err := json.Unmarshal(raw, &content); err != nil {
				t.Error(err)
			}
			s.posted = append(s.posted, content)
			io.WriteString(w, `{"event_id":"$e"}`) //nolint:errcheck // the client sees what arrives
		case strings.HasSuffix(r.URL.Path, "/upload"):
			s.file = string(raw)
			io.WriteString(w, `{"content_uri":"mxc://example.org/f"}`) //nolint:errcheck // the same
		case strings.HasSuffix(strings.TrimSuffix(r.URL.Path, "/"), "/state/m.room.encryption"):
			matrixtest.Refuse(w, 404, `{"errcode":"M_NOT_FOUND"}`)
		default:
			io.WriteString(w, `{"joined":{"@bob:example.org":{"display_name":"Bob"}}}`) //nolint:errcheck // the same
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// TestLongMessages posts texts up to and beyond what an event may have, also where the
// homeserver allows less and says so in its own way. Nothing is lost without an error.
func TestLongMessages(t *testing.T) {
	const synapse, dendrite, proxy = `413 {"errcode":"M_TOO_LARGE"}`, `413 {"errcode":"M_BAD_JSON","error":"event is too long"}`, `413 <html>nginx</html>`
	ann := chat.Sender{ID: "ann", Name: "Ann"}
	for _, c := range []struct {
		name    string
		size    int
		limit   int
		refusal string
		want    string // formatted, plain or file
		tries   int
	}{
		{"short", 100, 60_000, synapse, "formatted", 1},
		{"33 kB", 33_000, 60_000, synapse, "plain", 1},
		{"48 kB", 48_000, 60_000, synapse, "plain", 1},
		{"62 kB", 62_000, 65_000, synapse, "file", 1},
		{"70 kB", 70_000, 65_000, synapse, "file", 1},
		{"the homeserver allows less", 20_000, 30_000, synapse, "plain", 2},
		{"the homeserver allows even less", 20_000, 10_000, dendrite, "file", 3},
		{"a proxy allows less", 20_000, 10_000, proxy, "file", 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newNarrow(t, c.limit, c.refusal)
			text := "@bob, " + strings.Repeat("nobody says no. ", c.size/16+1)[:c.size-10] + " end"
			m := chat.Outgoing{Key: "k", Place: chat.Place{Room: "!r:example.org"}, As: ann, Body: chat.Body{Text: text}}
			if _, err := account(s.URL).Send(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			if len(s.posted) != 1 || s.tried != c.tries {
				t.Fatalf("%d events after %d tries, want 1 after %d", len(s.posted), s.tried, c.tries)
			}
			got := s.posted[0]
			kind := "plain"
			if _, formatted := got["formatted_body"]; formatted {
				kind = "formatted"
			}
			body, _ := got["body"].(string)
			if got["msgtype"] == "m.file" {
				if kind = "file"; s.file != text {
					t.Errorf("the file has %d bytes of %d", len(s.file), len(text))
				}
			} else if body != "Ann: "+text {
				t.Errorf("%d bytes were posted of %d", len(body), len(text))
			}
			if kind != c.want || got["org.hashsend.key"] != "k" {
				t.Errorf("posted as %s, want %s, with the key", kind, c.want)
			}
		})
	}
}

// TestLongNotice cuts a notice of the bridge: it may repeat a text that is too long itself.
func TestLongNotice(t *testing.T) {
	s := newNarrow(t, 60_000, `413 {"errcode":"M_TOO_LARGE"}`)
	m := chat.Outgoing{Key: "k", Place: chat.Place{Room: "!r:example.org"}, Kind: chat.Notice, Body: chat.Body{Text: "Couldn't post this: " + strings.Repeat("x", 70_000)}}
	if _, err := account(s.URL).Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if body, _ := s.posted[0]["body"].(string); !strings.HasPrefix(body, "Couldn't post this: xxx") || !strings.HasSuffix(body, "x…") || s.file != "" {
		t.Errorf("posted %d bytes, ending in %q", len(body), body[len(body)-10:])
	}
}

// TestLongEdit has an edit lose what other forms of it can do without. What is too large in
// all forms is an error that says so.
func TestLongEdit(t *testing.T) {
	s := newNarrow(t, 60_000, `413 {"errcode":"M_TOO_LARGE"}`)
	edit := func(size int) (string, error) {
		text := strings.Repeat("x", size)
		_, err := account(s.URL).Edit(t.Context(), "$e", chat.Outgoing{Key: "k", Place: chat.Place{Room: "!r:example.org"}, Body: chat.Body{Text: text}})
		return text, err
	}
	text, err := edit(40_000)
	if err != nil {
		t.Fatal(err)
	}
	if fresh, _ := s.posted[0]["m.new_content"].(map[string]any); fresh["body"] != text {
		t.Errorf("an edit has %d bytes of %d", len(fmt.Sprint(fresh["body"])), len(text))
	}
	if _, err := edit(70_000); !errors.Is(err, chat.ErrTooLarge) || !retry.IsNever(err) || len(s.posted) != 1 {
		t.Errorf("an edit of 70 kB: %v; want chat.ErrTooLarge", err)
	}
}
