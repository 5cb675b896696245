package main

import (
	"context"
	"errors"
	"log/slog"
	"mime"
	"net/http"
	"strings"

	"hashsend/bridge/files"
)

// linkOpener opens the file behind a link in an email; see bridge.OpenLink.
type linkOpener interface {
	OpenLink(ctx context.Context, path string) (files.Linked, error)
}

// serveLinks serves files that were too large for an email. Anyone with a link can download its
// file, so responses reveal nothing else: no lists, no names, no reasons. Files are only
// downloaded, never displayed, so that they can't act as one of our pages.
func serveLinks(links linkOpener, log *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	serve := func(w http.ResponseWriter, r *http.Request) {
		f, err := links.OpenLink(r.Context(), r.PathValue("link"))
		switch {
		case errors.Is(err, files.ErrNoLink):
			http.Error(w, "This link no longer works. Ask for the file in the conversation.", http.StatusNotFound)
			return
		case err != nil:
			log.Error("open a file for a link", "error", err)
			http.Error(w, "The file can't be read right now. Try again later.", http.StatusServiceUnavailable)
			return
		}
		defer f.Content.Close() //nolint:errcheck // it was only read
		kind := f.Type
		if strings.HasPrefix(kind, "text/") || strings.Contains(kind, "xml") {
			kind = "application/octet-stream"
		}
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": f.Name}))
		http.ServeContent(w, r, "", f.At, f.Content)
	}
	mux.HandleFunc("GET /f/{link}", serve)
	mux.HandleFunc("GET /f/{link}/{name}", serve)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range map[string]string{
			"Content-Security-Policy": "sandbox; default-src 'none'", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
			"Cache-Control": "private, no-store", "X-Robots-Tag": "noindex",
		} {
			w.Header().Set(name, value)
		}
		mux.ServeHTTP(w, r)
	})
}
