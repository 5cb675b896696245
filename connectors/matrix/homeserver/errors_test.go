package homeserver

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"hashsend/bridge/chat"
	"hashsend/bridge/retry"
	"hashsend/connectors/matrix/matrixtext"

	"maunium.net/go/mautrix/id"
)

// at is a plain account on a homeserver.
func at(url string, change func(*Options)) *Server {
	const user = "@hashsend:example.org"
	o := Options{URL: url, Users: matrixtext.Users{Bot: user, Domain: "example.org"}, UserID: user, AccessToken: "token"}
	if change != nil {
		change(&o)
	}
	return New(o, slog.New(slog.DiscardHandler))
}

// TestWhatCodesMean tries the Matrix error codes, each with the status that homeservers
// send it with.
func TestWhatCodesMean(t *testing.T) {
	const ( // what is to be done
		final = iota
		mayNot
		tooLarge
		again
		later
		unclear
	)
	for _, c := range []struct {
		status int
		body   string
		want   int
	}{
		{400, `{"errcode":"M_BAD_JSON"}`, final},
		{400, `{"errcode":"M_INVALID_PARAM"}`, final},
		{400, `{"errcode":"M_DUPLICATE_ANNOTATION"}`, final},
		{404, `{"errcode":"M_NOT_FOUND"}`, final},
		{404, `{"errcode":"M_UNRECOGNIZED"}`, final},
		{403, `{"errcode":"M_FORBIDDEN"}`, mayNot},
		{403, `{"errcode":"M_GUEST_ACCESS_FORBIDDEN"}`, mayNot},
		{413, `{"errcode":"M_TOO_LARGE"}`, tooLarge},
		{400, `{"errcode":"M_TOO_LARGE"}`, tooLarge},
		{413, `{"errcode":"M_BAD_JSON","error":"event is too long"}`, tooLarge}, // Dendrite
		{413, `<html>nginx</html>`, tooLarge},
		{400, `{"errcode":"M_UNKNOWN"}`, again},
		{403, `{"errcode":"M_UNKNOWN"}`, again},
		{404, `{"errcode":"M_UNKNOWN"}`, again},
		{403, `{"errcode":"M_RESOURCE_LIMIT_EXCEEDED"}`, again},
		{403, `{"errcode":"M_USER_SUSPENDED"}`, again},
		{401, `{"errcode":"M_USER_LOCKED"}`, again},
		{400, `{"errcode":"ORG_EXAMPLE_ODD"}`, again},
		{400, `{"errcode":7}`, again},
		{403, `denied`, again},
		{408, ``, again},
		{401, `{"errcode":"M_UNKNOWN_TOKEN"}`, again},
		{401, `{"errcode":"M_MISSING_TOKEN"}`, again},
		{429, `{"errcode":"M_LIMIT_EXCEEDED"}`, later},
		{429, `{"errcode":"M_FORBIDDEN"}`, later},
		{429, `<html>`, later},
		{403, `{"errcode":"M_LIMIT_EXCEEDED"}`, later},
		{500, `{"errcode":"M_FORBIDDEN"}`, unclear},
		{502, `<html>`, unclear},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(c.status)
			w.Write([]byte(c.body)) //nolint:errcheck // the client sees what arrives
		}))
		_, err := at(s.URL, nil).WhoAmI(t.Context())
		s.Close()
		if err == nil {
			t.Fatalf("%d %s: no error", c.status, c.body)
		}
		pause, paused := retry.Pause(err)
		got := map[int]bool{
			final: retry.IsNever(err) && !errors.Is(err, chat.ErrMayNot) && !errors.Is(err, chat.ErrTooLarge), mayNot: retry.IsNever(err) && errors.Is(err, chat.ErrMayNot),
			tooLarge: retry.IsNever(err) && errors.Is(err, chat.ErrTooLarge), later: paused && pause > 0, unclear: retry.IsUnclear(err),
			again: !retry.IsNever(err) && !paused && !retry.IsUnclear(err),
		}
		for what, is := range got {
			if is != (what == c.want) {
				t.Errorf("%d %s: %v: outcome %d is %v, want outcome %d alone", c.status, c.body, err, what, is, c.want)
			}
		}
	}
}

// TestSignIn signs in before the first request, with the device that it is given, and again
// after the sign-in was lost.
func TestSignIn(t *testing.T) {
	var got []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.URL.Path+" "+r.Header.Get("Authorization"))
		body := `{"user_id":"@hashsend:example.org","access_token":"new","device_id":"D"}`
		w.Write([]byte(body)) //nolint:errcheck // the client sees what arrives
	}))
	defer s.Close()
	server := at(s.URL, func(o *Options) {
		o.AccessToken, o.Password = "", "secret"
		o.Device = func(context.Context) id.DeviceID { return "D" }
	})
	for range 2 {
		for range 2 {
			if _, err := server.WhoAmI(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if !server.SignedOut() {
			t.Error("there is a password, and no new sign-in")
		}
	}
	in, who := "/_matrix/client/v3/login ", "/_matrix/client/v3/account/whoami Bearer new"
	if want := []string{in, who, who, in, who, who}; !slices.Equal(got, want) {
		t.Errorf("requests %q, want %q", got, want)
	}
	if _, err := server.As("@other:example.org"); err == nil {
		t.Error("a plain account acts as somebody else")
	}
}
