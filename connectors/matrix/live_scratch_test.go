package matrix_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"testing"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/chat/chattest"
	"hashsend/connectors/matrix"
)

type hs struct {
	url, token string
}

func (h hs) call(t testing.TB, method, path string, body any, into any) {
	t.Helper()
	raw, _ := json.Marshal(body)
	req, _ := http.NewRequest(method, h.url+"/_matrix/client/v3"+path, bytes.NewReader(raw))
	req.Header.Set("Authorization", "Bearer "+h.token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != 200 {
		t.Fatalf("%s %s: %s %s", method, path, resp.Status, b)
	}
	if into != nil {
		if err := json.Unmarshal(b, into); err != nil {
			t.Fatal(err)
		}
	}
}

func (h hs) register(t testing.TB, name string) (string, string) {
	var r struct {
		UserID      string `json:"user_id"`
		AccessToken string `json:"access_token"`
	}
	hs{url: h.url}.call(t, "POST", "/register", map[string]any{"username": name, "password": "secret-pass-1", "auth": map[string]string{"type": "m.login.dummy"}}, &r)
	return r.UserID, r.AccessToken
}

type room struct {
	h    hs
	cfg  matrix.Config
	id   string
	next int
}

func (r *room) Connect(t *testing.T) chat.Connector {
	c, err := matrix.Open(r.cfg, chat.Env{Name: "matrix", Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))})
	if err != nil {
		t.Fatal(err)
	}
	return c
}
func (r *room) Place() chat.Place { return chat.Place{Room: chat.RoomID(r.id)} }
func (r *room) Say(t *testing.T, text string) chat.MessageID {
	r.next++
	var a struct {
		ID chat.MessageID `json:"event_id"`
	}
	r.h.call(t, "PUT", fmt.Sprintf("/rooms/%s/send/m.room.message/%d.%d", url.PathEscape(r.id), time.Now().UnixNano(), r.next), map[string]any{"msgtype": "m.text", "body": text}, &a)
	return a.ID
}
func (r *room) Read(t *testing.T) (lines []chattest.Line) {
	var a struct {
		Chunk []struct {
			ID      string `json:"event_id"`
			Type    string `json:"type"`
			Sender  string `json:"sender"`
			Content struct {
				Body    string `json:"body"`
				Profile struct {
					Name string `json:"displayname"`
				} `json:"com.beeper.per_message_profile"`
				Rel struct {
					Type string `json:"rel_type"`
					ID   string `json:"event_id"`
				} `json:"m.relates_to"`
				New struct {
					Body string `json:"body"`
				} `json:"m.new_content"`
			} `json:"content"`
		} `json:"chunk"`
	}
	r.h.call(t, "GET", "/rooms/"+url.PathEscape(r.id)+"/messages?dir=b&limit=200", nil, &a)
	at := map[string]int{}
	for i := len(a.Chunk) - 1; i >= 0; i-- {
		e := a.Chunk[i]
		if e.Type != "m.room.message" {
			continue
		}
		if e.Content.Rel.Type == "m.replace" {
			if n, ok := at[e.Content.Rel.ID]; ok {
				lines[n].Text = e.Content.New.Body
			}
			continue
		}
		if e.Content.Body == "" {
			continue
		}
		name := e.Content.Profile.Name
		if name == "" {
			var m struct {
				Name string `json:"displayname"`
			}
			r.h.call(t, "GET", "/rooms/"+url.PathEscape(r.id)+"/state/m.room.member/"+url.PathEscape(e.Sender), nil, &m)
			name = m.Name
		}
		at[e.ID] = len(lines)
		lines = append(lines, chattest.Line{ID: chat.MessageID(e.ID), Author: name, Text: e.Content.Body})
	}
	return lines
}

func TestLivePlain(t *testing.T) {
	base := os.Getenv("HS_LIVE")
	if base == "" {
		t.Skip("no server")
	}
	uniq := fmt.Sprint(time.Now().UnixNano())
	_, alice := hs{url: base}.register(t, "alice"+uniq)
	botID, _ := hs{url: base}.register(t, "bot"+uniq)
	n := 0
	chattest.Run(t, func(t *testing.T) chattest.Fixture {
		n++
		cfg := matrix.Config{Homeserver: base, UserID: botID, Password: "secret-pass-1"}
		return open(t, hs{base, alice}, cfg, botID)
	})
}

func open(t *testing.T, h hs, cfg matrix.Config, bot string) *room {
	var a struct {
		ID string `json:"room_id"`
	}
	h.call(t, "POST", "/createRoom", map[string]any{"preset": "private_chat", "invite": []string{bot}, "name": "Test"}, &a)
	r := &room{h: h, cfg: cfg, id: a.ID}
	c := r.Connect(t)
	if err := c.(chat.Joiner).Join(t.Context(), chat.RoomID(a.ID), ""); err != nil {
		t.Fatal(err)
	}
	return r
}

func asConfig(base string) matrix.Config {
	return matrix.Config{Homeserver: base, Domain: "lab.test", AppService: &matrix.AppService{
		ASToken: "lab_as_token_0123456789", HSToken: "lab_hs_token_0123456789", Listen: "127.0.0.1:29377"}}
}

func TestLiveAS(t *testing.T) {
	base := os.Getenv("HS_LIVE")
	if base == "" {
		t.Skip("no server")
	}
	uniq := fmt.Sprint(time.Now().UnixNano())
	_, alice := hs{url: base}.register(t, "alice"+uniq)
	cfg := asConfig(base)
	c, err := matrix.Open(cfg, chat.Env{Name: "m", Log: slog.Default()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	chattest.Run(t, func(t *testing.T) chattest.Fixture {
		return open(t, hs{base, alice}, cfg, "@hashsendbot:lab.test")
	})
}

func TestLiveRegistration(t *testing.T) {
	b, err := matrix.Registration(asConfig("http://127.0.0.1:1"))
	if err != nil {
		t.Fatal(err)
	}
	if p := os.Getenv("HS_REG"); p != "" {
		os.WriteFile(p, b, 0o600)
	}
}
