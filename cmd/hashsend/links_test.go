package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"hashsend/bridge/files"
)

type oneLink struct{}

type nopCloser struct{ io.ReadSeeker }

func (nopCloser) Close() error { return nil }

func (oneLink) OpenLink(_ context.Context, path string) (files.Linked, error) {
	switch path {
	case "1.2.good":
		return files.Linked{Name: "größe.html", Type: "text/html", At: time.Unix(1, 0), Content: nopCloser{strings.NewReader("<script>0123456789")}}, nil
	case "broken":
		return files.Linked{}, errors.New("disk on fire at /secret")
	}
	return files.Linked{}, files.ErrNoLink
}

// TestServeLinks serves a file for saving alone (EVENTS D23).
func TestServeLinks(t *testing.T) {
	h := serveLinks(oneLink{}, slog.New(slog.DiscardHandler))
	get := func(method, path, ranged string) *http.Response {
		r := httptest.NewRequest(method, path, nil)
		if ranged != "" {
			r.Header.Set("Range", ranged)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Result()
	}
	r := get("GET", "/f/1.2.good/gr%C3%B6%C3%9Fe.html", "")
	body, _ := io.ReadAll(r.Body)
	if r.StatusCode != 200 || string(body) != "<script>0123456789" {
		t.Errorf("%d %q", r.StatusCode, body)
	}
	for name, want := range map[string]string{
		"Content-Type": "application/octet-stream", "Content-Disposition": "attachment; filename*=utf-8''gr%C3%B6%C3%9Fe.html",
		"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox; default-src 'none'",
	} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if r := get("GET", "/f/1.2.good", "bytes=8-9"); r.StatusCode != http.StatusPartialContent || r.ContentLength != 2 {
		t.Errorf("a part of it: %d, %d bytes", r.StatusCode, r.ContentLength)
	}
	for path, want := range map[string]int{"/f/1.2.bad": 404, "/f/broken": 503, "/": 404, "/f/": 404} {
		r := get("GET", path, "")
		body, _ := io.ReadAll(r.Body)
		if r.StatusCode != want || strings.Contains(string(body), "secret") {
			t.Errorf("%s: %d %q", path, r.StatusCode, body)
		}
	}
	if r := get("POST", "/f/1.2.good", ""); r.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", r.StatusCode)
	}
}
