package console

import (
	"bufio"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hashsend/bridge"
	"hashsend/bridge/chat"
	"hashsend/bridge/core"
	"hashsend/bridge/store"
	"hashsend/connectors/local"
)

// lit is a console of a running bridge.
type lit struct {
	*httptest.Server
	metrics *Metrics
}

func console(t *testing.T, cfg Config) lit {
	t.Helper()
	dir, log := t.TempDir(), slog.New(slog.DiscardHandler)
	room, err := local.OpenServer(filepath.Join(dir, "rooms"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { room.Close() }) //nolint:errcheck // the test is over
	st, err := store.Open(t.Context(), dir, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() }) //nolint:errcheck // the test is over
	m := NewMetrics()
	b, err := bridge.New(core.Options{
		Store: st, Chats: []chat.Connector{local.Open(room, chat.Env{Name: "demo", Log: log})},
		Access: core.DefaultAccess(), Metrics: m, Log: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- b.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the bridge ended with %v", err)
		}
	})
	srv := httptest.NewServer(New(b, m, cfg, log))
	t.Cleanup(srv.Close)
	return lit{srv, m}
}

func get(t *testing.T, url string, header ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	a, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close() //nolint:errcheck // read
	var text strings.Builder
	if _, err := bufio.NewReader(a.Body).WriteTo(&text); err != nil {
		t.Fatal(err)
	}
	return a, text.String()
}

func TestToken(t *testing.T) {
	c := console(t, Config{Token: "s3cret"})
	for name, try := range map[string]struct {
		path   string
		header []string
		code   int
	}{
		"nothing":           {"/", nil, 401},
		"metrics too":       {"/metrics", nil, 401},
		"steps too":         {"/steps", nil, 401},
		"a wrong bearer":    {"/", []string{"Authorization", "Bearer s3cre"}, 401},
		"an empty bearer":   {"/", []string{"Authorization", "Bearer "}, 401},
		"the bearer":        {"/", []string{"Authorization", "Bearer s3cret"}, 200},
		"a wrong cookie":    {"/", []string{"Cookie", cookie + "=x"}, 401},
		"the cookie":        {"/metrics", []string{"Cookie", cookie + "=s3cret"}, 200},
		"in the address":    {"/?token=s3cret", nil, 303},
		"wrong in the same": {"/?token=x", nil, 401},
	} {
		a, text := get(t, c.URL+try.path, try.header...)
		if a.StatusCode != try.code {
			t.Errorf("%s: %d, wanted %d", name, a.StatusCode, try.code)
		}
		if a.StatusCode == 401 && strings.Contains(text, "s3cret") {
			t.Errorf("%s: the refusal tells the token", name)
		}
		if a.StatusCode == 303 && (a.Header.Get("Location") != "/" || !strings.Contains(a.Header.Get("Set-Cookie"), "HttpOnly; SameSite=Strict")) {
			t.Errorf("%s: %v", name, a.Header)
		}
	}
}

func TestPageMetricsAndHealth(t *testing.T) {
	c := console(t, Config{})
	a, text := get(t, c.URL+"/")
	if a.StatusCode != 200 || !strings.Contains(text, "No conversations yet") {
		t.Errorf("the page: %d %s", a.StatusCode, text)
	}
	for name, want := range map[string]string{"Content-Security-Policy": "default-src 'none'", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"} {
		if !strings.Contains(a.Header.Get(name), want) {
			t.Errorf("%s: %q", name, a.Header.Get(name))
		}
	}
	c.metrics.Count("posted", 3)
	c.metrics.Observe("mail", 20*time.Millisecond)
	if _, text := get(t, c.URL+"/metrics"); !strings.Contains(text, `hashsend_steps_total{kind="posted"} 3`) || !strings.Contains(text, `hashsend_delivery_seconds_count{kind="mail"} 1`) {
		t.Errorf("the metrics: %s", text)
	}
	a, text = get(t, c.URL+"/healthz")
	if a.StatusCode != 200 || !strings.Contains(text, `"waiting":0`) {
		t.Errorf("the health: %d %s", a.StatusCode, text)
	}
	if a, _ := get(t, c.URL+"/elsewhere"); a.StatusCode != 404 {
		t.Errorf("elsewhere: %d", a.StatusCode)
	}
}

// The doctor is offered where there is one, runs once at a time, and cannot be started
// from other sites.
func TestDoctor(t *testing.T) {
	without := console(t, Config{})
	if _, body := get(t, without.URL); strings.Contains(body, "/doctor") {
		t.Error("a doctor is offered that is not there")
	}
	if r, _ := get(t, without.URL+"/doctor"); r.StatusCode != http.StatusNotFound {
		t.Errorf("without a doctor: %d", r.StatusCode)
	}
	called, finish := make(chan struct{}), make(chan struct{})
	c := console(t, Config{Doctor: func(ctx context.Context) (string, error) {
		close(called)
		select {
		case <-finish:
		case <-ctx.Done():
		}
		return "No problems found. <b>\n", nil
	}})
	if _, body := get(t, c.URL); !strings.Contains(body, `href="/doctor"`) {
		t.Error("the doctor is not offered")
	}
	if r, _ := get(t, c.URL+"/doctor", "Sec-Fetch-Site", "cross-site"); r.StatusCode != http.StatusForbidden {
		t.Errorf("from another site: %d", r.StatusCode)
	}
	type answer struct{ kind, body string }
	first := make(chan answer, 1)
	go func() {
		r, body := get(t, c.URL+"/doctor", "Sec-Fetch-Site", "same-origin")
		first <- answer{r.Header.Get("Content-Type"), body}
	}()
	<-called
	if r, _ := get(t, c.URL+"/doctor"); r.StatusCode != http.StatusConflict {
		t.Errorf("a second one at the same time: %d", r.StatusCode)
	}
	close(finish)
	if got := <-first; !strings.Contains(got.body, "No problems found. <b>") || got.kind != "text/plain; charset=utf-8" {
		t.Errorf("%+v", got)
	}
}

// What fails is said without details, which stand in the log.
func TestDoctorFails(t *testing.T) {
	c := console(t, Config{Doctor: func(context.Context) (string, error) { return "", errors.New("read /secret/path") }})
	if _, body := get(t, c.URL+"/doctor"); !strings.Contains(body, "couldn't finish") || strings.Contains(body, "secret") {
		t.Errorf("%q", body)
	}
}
