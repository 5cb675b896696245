package receive

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"hashsend/connectors/slack/dialogs"
)

const (
	maxBody = 1 << 20         // bytes of a request; Slack's are far below
	maxAge  = 5 * time.Minute // of a signature
)

// listen receives by HTTP until ctx ends.
func (s *session) listen(ctx context.Context) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.settings.Listen)
	if err != nil {
		return fmt.Errorf("listen for Slack: %w", err)
	}
	var handling sync.WaitGroup
	answer := s.handler(ctx)
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		handling.Add(1)
		defer handling.Done()
		answer.ServeHTTP(w, req)
	}), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 20 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute}
	served := make(chan error, 1)
	s.gap(ctx)
	s.running.Go(func() { served <- srv.Serve(l) })
	select {
	case err := <-served:
		return fmt.Errorf("listen for Slack: %w", err)
	case <-ctx.Done():
	}
	// Requests in progress are finished.
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
	defer cancel()
	err = srv.Shutdown(end)
	handling.Wait()
	return err
}

// signed reports whether Slack has signed a body with our secret, not long ago.
func signed(secret string, h http.Header, body []byte, now time.Time) bool {
	stamp := h.Get("X-Slack-Request-Timestamp")
	at, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || now.Sub(time.Unix(at, 0)).Abs() > maxAge || secret == "" {
		return false
	}
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "v0:%s:", stamp)
	mac.Write(body) //nolint:errcheck // it never fails
	return hmac.Equal([]byte("v0="+hex.EncodeToString(mac.Sum(nil))), []byte(h.Get("X-Slack-Signature")))
}

// handler answers Slack's requests. A request that is not signed, or is too large,
// leaves no trace; the others are acknowledged when their events are stored.
func (s *session) handler(ctx context.Context) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			http.Error(w, "this address only accepts requests from Slack", http.StatusMethodNotAllowed)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxBody))
		if err != nil {
			http.Error(w, "the body is unreadable or too large", http.StatusBadRequest)
			return
		}
		if !signed(s.settings.SigningSecret, req.Header, body, time.Now()) {
			http.Error(w, "the signature is missing, wrong or old", http.StatusUnauthorized)
			s.refused(req.Header.Get("X-Slack-Signature") != "")
			return
		}
		in, challenge, err := parseRequest(req.Header.Get("Content-Type"), body)
		switch {
		case err != nil:
			http.Error(w, err.Error(), http.StatusBadRequest)
		case challenge != "":
			w.Header().Set("Content-Type", "text/plain")
			io.WriteString(w, challenge) //nolint:errcheck // Slack asks again
		case in.kind == "":
			w.WriteHeader(http.StatusOK)
		default:
			in.again = req.Header.Get("X-Slack-Retry-Num") != ""
			s.respond(ctx, w, in)
		}
	})
}

// refused logs, at most once a minute, that requests are refused. Those without a
// signature come from strangers; the others may come from an app with another secret.
func (s *session) refused(signed bool) {
	s.mu.Lock()
	due := signed && time.Since(s.warned) > time.Minute
	if due {
		s.warned = time.Now()
	}
	s.mu.Unlock()
	if due {
		s.web.Log.Warn("refusing requests with a wrong or old signature: is signing_secret the one of this app (Basic Information, “App Credentials”), and is the clock right?")
	}
}

func (s *session) respond(ctx context.Context, w http.ResponseWriter, in request) {
	type result struct {
		dialogs.Outcome
		err error
	}
	stored := make(chan result, 1)
	s.enter(ctx, in, func(out dialogs.Outcome, err error) { stored <- result{out, err} })
	out := <-stored
	if err := out.err; err != nil {
		s.web.Log.Error("could not store a request from Slack; Slack will send it again", "error", err)
		http.Error(w, "could not be stored; send it again", http.StatusServiceUnavailable)
		return
	}
	if out.Answer != nil {
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(out.Answer) //nolint:errcheck // Slack asks again
	} else {
		w.WriteHeader(http.StatusOK)
	}
	if out.After != nil {
		s.running.Go(func() { out.After(ctx) })
	}
}

// parseRequest finds out what kind of request a signed body is. A request of an empty
// kind only needs an answer: the challenge, if there is one.
func parseRequest(contentType string, body []byte) (in request, challenge string, err error) {
	if strings.HasPrefix(contentType, "application/x-www-form-urlencoded") {
		return parseForm(body)
	}
	var head struct {
		Type      string `json:"type"`
		Challenge string `json:"challenge"`
	}
	if err := json.Unmarshal(body, &head); err != nil || head.Type == "" {
		return in, "", errors.New("the body is not valid JSON from Slack")
	}
	if head.Type == "url_verification" {
		if head.Challenge == "" {
			return in, "", errors.New("the challenge is missing")
		}
		return in, head.Challenge, nil
	}
	return request{kind: kindEvent, payload: body}, "", nil
}

// parseForm reads a command, an interaction, or a check of our certificate.
func parseForm(body []byte) (in request, challenge string, err error) {
	form, err := url.ParseQuery(string(body))
	switch {
	case err != nil:
		return in, "", errors.New("the body is not a valid form")
	case form.Get("payload") != "":
		if !json.Valid([]byte(form.Get("payload"))) {
			return in, "", errors.New("the payload is not valid JSON")
		}
		return request{kind: dialogs.KindInteraction, payload: json.RawMessage(form.Get("payload"))}, "", nil
	case form.Get("command") != "":
		fields := map[string]string{}
		for k := range form {
			fields[k] = form.Get(k)
		}
		payload, err := json.Marshal(fields)
		return request{kind: dialogs.KindSlash, payload: payload}, "", err
	case form.Get("ssl_check") == "1":
		return in, "", nil
	}
	return in, "", errors.New("the form has neither a payload nor a command")
}
