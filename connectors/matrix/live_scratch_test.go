package matrix_test

import (
	"bytes"
	"context"
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

func TestLiveExtras(t *testing.T) {
	base := os.Getenv("HS_LIVE")
	if base == "" {
		t.Skip("no server")
	}
	uniq := fmt.Sprint(time.Now().UnixNano())
	aliceID, alice := hs{url: base}.register(t, "alice"+uniq)
	bobID, bob := hs{url: base}.register(t, "bob"+uniq)
	botID, botTok := hs{url: base}.register(t, "bot"+uniq)
	_, _ = aliceID, botTok
	for name, cfg := range map[string]matrix.Config{"as": asConfig(base)} {
		t.Run(name, func(t *testing.T) {
			bot := botID
			if name == "as" {
				bot = "@hashsendbot:lab.test"
			}
			h := hs{base, alice}
			c0, _ := matrix.Open(cfg, chat.Env{Name: "m", Log: slog.Default()})
			c0.Check(t.Context())
			events := make(chan chat.Event, 1000)
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error)
			go func() {
				done <- c0.Run(ctx, "", func(_ context.Context, cur string, ev ...chat.Event) error {
					for _, e := range ev {
						t.Logf("%T %+v", e, e)
						events <- e
					}
					return nil
				})
			}()
			time.Sleep(time.Second)
			var a struct {
				ID string `json:"room_id"`
			}
			if name == "as" {
				hx := hs{base, alice}
				hx.call(t, "POST", "/createRoom", map[string]any{"preset": "private_chat", "invite": []string{bot}}, &a)
				<-events
				t.Log("awake -----------------------------")
				time.Sleep(2*time.Second)
			}
			h.call(t, "POST", "/createRoom", map[string]any{"preset": "private_chat", "invite": []string{bot, bobID}, "name": "Test", "is_direct": true}, &a)
			r := &room{h: h, cfg: cfg, id: a.ID}
			time.Sleep(time.Second)
			if err := c0.Join(t.Context(), chat.RoomID(a.ID), ""); err != nil {
				t.Fatal(err)
			}
			hb := hs{base, bob}
			hb.call(t, "POST", "/join/"+url.PathEscape(a.ID), map[string]any{}, nil)
			hb.call(t, "PUT", "/profile/"+url.PathEscape(bobID)+"/displayname", map[string]any{"displayname": "Bobby " + name}, nil)
			id := r.Say(t, "!send help")
			id2 := r.Say(t, "to be redacted")
			h.call(t, "PUT", "/rooms/"+url.PathEscape(r.id)+"/redact/"+url.PathEscape(string(id2))+"/1"+name, map[string]any{}, nil)
			h.call(t, "PUT", "/rooms/"+url.PathEscape(r.id)+"/send/m.room.message/x1"+name, map[string]any{"msgtype": "m.text", "body": "all!", "m.mentions": map[string]any{"room": true}}, nil)
			time.Sleep(2 * time.Second)
			d, err := c0.Describe(t.Context(), chat.RoomID(r.id))
			t.Logf("describe %+v %v", d, err)
			t.Log("announce", c0.Announce(t.Context(), r.Place(), "read by 2"))
			t.Log("report", c0.Report(t.Context(), id, r.Place(), chat.State{}), c0.Report(t.Context(), id, r.Place(), chat.State{Phase: chat.Failed}), c0.Report(t.Context(), id, r.Place(), chat.State{Phase: chat.Failed}))
			key := "open.1." + uniq + name
			n1, err := c0.Create(t.Context(), chat.NewRoom{Key: key, Name: "New", Invite: []chat.UserID{chat.UserID(aliceID)}})
			n2, err2 := c0.Create(t.Context(), chat.NewRoom{Key: key, Name: "New", Invite: []chat.UserID{chat.UserID(aliceID)}})
			t.Log("create", n1, n2, n1 == n2, err, err2)
			for i := 0; i < 130; i++ {
				r.Say(t, fmt.Sprint("bulk ", i))
			}
			n := 0
			err = c0.Backfill(t.Context(), r.Place(), id, func(_ context.Context, _ string, ev ...chat.Event) error {
				n += len(ev)
				p := ev[len(ev)-1].(chat.Posted)
				t.Log("last backfilled", p.Body.Text)
				return nil
			})
			t.Log("backfill", n, err)
			var up struct {
				URI string `json:"replacement_room"`
			}
			h.call(t, "POST", "/rooms/"+url.PathEscape(r.id)+"/upgrade", map[string]any{"new_version": "10"}, &up)
			time.Sleep(time.Second)
			t.Log("join upgraded", up.URI, c0.Join(t.Context(), chat.RoomID(up.URI), ""))
			req, _ := http.NewRequest("POST", base+"/_matrix/media/v3/upload?filename=a.txt", bytes.NewReader([]byte("file bytes")))
			req.Header.Set("Authorization", "Bearer "+alice)
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			var m struct {
				URI string `json:"content_uri"`
			}
			json.NewDecoder(resp.Body).Decode(&m)
			f, err := c0.OpenFile(t.Context(), chat.File{ID: chat.FileID(m.URI)})
			if err != nil {
				t.Error(err)
			} else {
				b, err := io.ReadAll(f)
				t.Logf("file %q %v %v", b, err, f.Close())
			}
			time.Sleep(time.Second)
			cancel()
			t.Log(<-done)
		})
	}
}
