package matrix

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"hashsend/bridge/chat"
	"hashsend/bridge/retry"
	"hashsend/connectors/matrix/matrixtest"
	"hashsend/connectors/matrix/matrixtext"
)

// store is a homeserver that keeps files, as a real one does, but says of itself
// what a test wants.
type store struct {
	*httptest.Server
	versions, config string // its answers
	refuse           func(w http.ResponseWriter, r *http.Request) bool

	mu     sync.Mutex
	files  map[string][]byte
	types  map[string]string
	sent   []map[string]any
	kinds  []string
	seen   []string
	length []int64
}

func newStore(t *testing.T) *store {
	s := &store{versions: `{"versions":["v1.11"]}`, config: `{"m.upload.size":1000}`, files: map[string][]byte{}, types: map[string]string{}}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if strings.HasSuffix(strings.TrimSuffix(r.URL.Path, "/"), "/state/m.room.encryption") { // asked once for each room
			matrixtest.Refuse(w, 404, `{"errcode":"M_NOT_FOUND"}`)
			return
		}
		s.seen = append(s.seen, r.URL.Path)
		if s.refuse != nil && s.refuse(w, r) {
			return
		}
		p := r.URL.Path
		switch {
		case p == "/_matrix/client/versions":
			io.WriteString(w, s.versions) //nolint:errcheck // the client sees what arrives
		case strings.HasSuffix(p, "/config"):
			io.WriteString(w, s.config) //nolint:errcheck // the same
		case p == "/_matrix/media/v3/upload":
			raw, err := io.ReadAll(r.Body)
			if err != nil {
				return // it broke off: nothing is kept
			}
			name := strconv.Itoa(len(s.files))
			s.files[name], s.types[name], s.length = raw, r.Header.Get("Content-Type"), append(s.length, r.ContentLength)
			fmt.Fprintf(w, `{"content_uri":"mxc://example.org/%s"}`, name)
		case strings.Contains(p, "/download/example.org/"):
			raw, there := s.files[p[strings.LastIndex(p, "/")+1:]]
			if !there {
				matrixtest.Refuse(w, 404, `{"errcode":"M_NOT_FOUND","error":"gone"}`)
				return
			}
			w.Write(raw) //nolint:errcheck // the same
		case strings.Contains(p, "/send/"):
			var content map[string]any
			if err := json.NewDecoder(r.Body).Decode(&content); err != nil {
				t.Errorf("%s: %v", p, err)
			}
			s.sent, s.kinds = append(s.sent, content), append(s.kinds, strings.Split(p, "/")[7])
			io.WriteString(w, `{"event_id":"$e"}`) //nolint:errcheck // the same
		default:
			io.WriteString(w, `{"room_id":"!r:example.org"}`) //nolint:errcheck // the same
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// asked returns the paths that were asked for since the last call.
func (s *store) asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := s.seen
	s.seen = nil
	return seen
}

func (s *store) count(part string) (n int) {
	for _, p := range s.asked() {
		if strings.Contains(p, part) {
			n++
		}
	}
	return n
}

func attachment(f chat.File, data []byte) chat.Attachment {
	f.Size = int64(len(data))
	return chat.Attachment{File: f, Open: func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }}
}

var here = chat.Place{Room: "!r:example.org"}

// TestFileThere tries row C6: what is sent can be opened again, byte for byte.
func TestFileThere(t *testing.T) {
	s := newStore(t)
	c := service(t, func(c *Config) { c.Homeserver = s.URL })
	for n, size := range []int{0, 1, 300_000} {
		data := bytes.Repeat([]byte("0123456789abcdef\n"), size/17+1)[:size]
		if _, err := c.SendFile(t.Context(), chat.Outgoing{Key: strconv.Itoa(n), Place: here, As: chat.Sender{ID: "ann", Name: "Ann"}}, attachment(chat.File{Name: "a.bin"}, data)); err != nil {
			t.Fatal(err)
		}
		url, _ := s.sent[n]["url"].(string)
		r, err := c.OpenFile(t.Context(), chat.File{ID: chat.FileID(url)})
		if err != nil {
			t.Fatal(err)
		}
		back, err := io.ReadAll(r)
		if err != nil || !bytes.Equal(back, data) || r.Close() != nil {
			t.Errorf("%d bytes came back as %d, %v", size, len(back), err)
		}
		if s.length[n] != int64(size) {
			t.Errorf("uploaded with Content-Length %d, want %d", s.length[n], size)
		}
	}
}

// TestWhereFilesAre tries row A14: by whom a homeserver lets files be read.
func TestWhereFilesAre(t *testing.T) {
	const members, everybody = "/_matrix/client/v1/media/download/example.org/0", "/_matrix/media/v3/download/example.org/0"
	for _, c := range []struct {
		versions, want string
		known          bool // it is not asked a second time
	}{
		{`{"versions":["v1.10","v1.11"]}`, members, true},
		{`{"versions":["v1.2"],"unstable_features":{"org.matrix.msc3916.stable":true}}`, members, true},
		{`{"versions":["v1.2"],"unstable_features":{"org.matrix.msc3916.stable":false}}`, everybody, false},
		{`{"versions":["r0.6.1"]}`, everybody, false},
	} {
		s := newStore(t)
		s.versions, s.files["0"] = c.versions, []byte("x")
		a := account(t, s.URL)
		for n := range 2 {
			r, err := a.OpenFile(t.Context(), chat.File{ID: "mxc://example.org/0"})
			if err != nil {
				t.Fatal(err)
			}
			r.Close() //nolint:errcheck // nothing is read of it
			seen := s.asked()
			if seen[len(seen)-1] != c.want || (n == 1 && c.known) != (len(seen) == 1) {
				t.Errorf("%s, try %d: asked for %q, want %s last", c.versions, n, seen, c.want)
			}
		}
	}
}

// TestNoFile tries what the errors of OpenFile mean.
func TestNoFile(t *testing.T) {
	for _, c := range []struct {
		name   string
		id     chat.FileID
		code   int
		body   string
		never  bool
		paused bool
	}{
		{"no address", "", 200, "", true, false},
		{"address elsewhere", "https://example.org/x", 200, "", true, false},
		{"damaged", `{"url":7}`, 200, "", true, false},
		{"gone", "mxc://example.org/gone", 404, `{"errcode":"M_NOT_FOUND"}`, true, false},
		{"may not", "mxc://example.org/a", 403, `{"errcode":"M_FORBIDDEN"}`, true, false},
		{"slow down", "mxc://example.org/a", 429, `{"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":2000}`, false, true},
		{"not uploaded yet", "mxc://example.org/a", 504, `{"errcode":"M_NOT_YET_UPLOADED"}`, false, false},
		{"the other homeserver is away", "mxc://example.org/a", 502, `{"errcode":"M_UNKNOWN"}`, false, false},
		{"a proxy's page", "mxc://example.org/a", 404, `<html>`, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStore(t)
			s.refuse = func(w http.ResponseWriter, r *http.Request) bool {
				if strings.Contains(r.URL.Path, "/download/") {
					matrixtest.Refuse(w, c.code, c.body)
					return true
				}
				return false
			}
			_, err := account(t, s.URL).OpenFile(t.Context(), chat.File{ID: c.id})
			if err == nil {
				t.Fatal("no error")
			}
			if _, paused := retry.Pause(err); retry.IsNever(err) != c.never || paused != c.paused || retry.IsUnclear(err) {
				t.Errorf("%v: final %v, paused %v, unclear %v; want %v, %v, false", err, retry.IsNever(err), paused, retry.IsUnclear(err), c.never, c.paused)
			}
		})
	}
}

func TestHowLargeAFileMayBe(t *testing.T) {
	s := newStore(t)
	c := account(t, s.URL)
	if n := c.Limits().File; n != 0 {
		t.Errorf("before the homeserver was asked a file may have %d bytes, want 0: not known", n)
	}
	s.refuse = func(w http.ResponseWriter, r *http.Request) bool {
		matrixtest.Refuse(w, 502, "away")
		return true
	}
	c.media.AskLimit(t.Context())
	s.refuse = func(w http.ResponseWriter, r *http.Request) bool { // an older one
		if strings.HasPrefix(r.URL.Path, "/_matrix/client/v1") {
			matrixtest.Refuse(w, 404, `{"errcode":"M_UNRECOGNIZED"}`)
			return true
		}
		return false
	}
	for range 2 {
		c.media.AskLimit(t.Context())
	}
	if n := c.Limits().File; n != 1000 {
		t.Errorf("a file may have %d bytes, want 1000", n)
	}
	if want, seen := []string{"/_matrix/client/v1/media/config", "/_matrix/client/v1/media/config", "/_matrix/media/v3/config"}, s.asked(); !slices.Equal(seen, want) {
		t.Errorf("asked for %q, want %q", seen, want)
	}
	_, err := c.SendFile(t.Context(), chat.Outgoing{Key: "k", Place: here}, attachment(chat.File{Name: "large.bin"}, make([]byte, 1001)))
	if !retry.IsNever(err) || len(s.asked()) > 0 {
		t.Errorf("a file that is too large: %v; want a final error without a try", err)
	}
}

// TestUploadOnce has the message refused after the file was stored.
func TestUploadOnce(t *testing.T) {
	s := newStore(t)
	c := account(t, s.URL)
	refusals := 2
	s.refuse = func(w http.ResponseWriter, r *http.Request) bool {
		if strings.Contains(r.URL.Path, "/send/") && refusals > 0 {
			refusals--
			matrixtest.Refuse(w, 429, `{"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":1}`)
			return true
		}
		return false
	}
	send := func() error {
		_, err := c.SendFile(t.Context(), chat.Outgoing{Key: "k", Place: here}, attachment(chat.File{Name: "a.txt"}, []byte("x")))
		return err
	}
	for range 2 {
		if _, paused := retry.Pause(send()); !paused {
			t.Fatal("the pause that was asked for is not told")
		}
	}
	if err := send(); err != nil || s.count("/upload") != 1 {
		t.Errorf("SendFile: %v; want one upload for three attempts", err)
	}
}

func TestUploadFails(t *testing.T) {
	s := newStore(t)
	c := account(t, s.URL)
	f := attachment(chat.File{Name: "a.txt"}, []byte("some words"))
	f.Open = func(context.Context) (io.ReadCloser, error) { return nil, retry.Never(errors.New("it is gone")) }
	if _, err := c.SendFile(t.Context(), chat.Outgoing{Key: "k", Place: here}, f); !retry.IsNever(err) {
		t.Errorf("a file that cannot be opened: %v; want an error that is final", err)
	}
	closed := false
	f.Open = func(context.Context) (io.ReadCloser, error) {
		return closing{iotest.ErrReader(errors.New("the disk fails")), &closed}, nil
	}
	if _, err := c.SendFile(t.Context(), chat.Outgoing{Key: "k", Place: here}, f); err == nil || retry.IsNever(err) || retry.IsUnclear(err) || !closed {
		t.Errorf("a file that cannot be read: %v, closed %v; want an error that passes", err, closed)
	}
	if s.count("/send/") != 0 {
		t.Error("a message was posted without its file")
	}
}

type closing struct {
	io.Reader
	closed *bool
}

func (c closing) Close() error { *c.closed = true; return nil }

// TestEncryptedFile tries row A17.
func TestEncryptedFile(t *testing.T) {
	s := newStore(t)
	plain := bytes.Repeat([]byte("the minutes\n"), 10_000)
	key, iv := bytes.Repeat([]byte{7}, 32), append(bytes.Repeat([]byte{9}, 8), make([]byte, 8)...)
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	sealed := make([]byte, len(plain))
	cipher.NewCTR(block, iv).XORKeyStream(sealed, plain)
	hash := sha256.Sum256(sealed)
	reader := matrixtext.Reader{Users: matrixtest.Users}
	content := func(change func(map[string]any)) chat.FileID {
		file := map[string]any{
			"url": "mxc://example.org/0", "v": "v2", "key": map[string]any{"alg": "A256CTR", "k": base64.RawURLEncoding.EncodeToString(key), "kty": "oct"},
			"iv": base64.StdEncoding.EncodeToString(iv), "hashes": map[string]any{"sha256": base64.RawStdEncoding.EncodeToString(hash[:])},
		}
		change(file)
		raw, err := json.Marshal(map[string]any{"msgtype": "m.file", "body": "a.txt", "file": file})
		if err != nil {
			t.Fatal(err)
		}
		posted, is := reader.Convert(matrixtest.Event(t, "m.room.message", string(raw), "")).(chat.Posted)
		if !is || len(posted.Body.Files) != 1 {
			t.Fatal("the message holds no file")
		}
		return posted.Body.Files[0].ID
	}
	s.files["0"] = sealed
	c := account(t, s.URL)
	r, err := c.OpenFile(t.Context(), chat.File{ID: content(func(map[string]any) {})})
	if err != nil {
		t.Fatal(err)
	}
	if back, err := io.ReadAll(iotest.OneByteReader(r)); err != nil || !bytes.Equal(back, plain) || r.Close() != nil {
		t.Errorf("it reads %d bytes, %v; want those that were encrypted", len(back), err)
	}

	s.files["0"] = append([]byte{sealed[0] ^ 1}, sealed[1:]...)
	r, err = c.OpenFile(t.Context(), chat.File{ID: content(func(map[string]any) {})})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close() //nolint:errcheck // it was read
	if _, err := io.ReadAll(r); !retry.IsNever(err) {
		t.Errorf("a file that was changed: %v; want an error that is final", err)
	}
	for name, change := range map[string]func(map[string]any){
		"no key":       func(f map[string]any) { delete(f, "key") },
		"no hash":      func(f map[string]any) { delete(f, "hashes") },
		"short vector": func(f map[string]any) { f["iv"] = "AAAA" },
		"other way":    func(f map[string]any) { f["key"].(map[string]any)["alg"] = "ROT13" },
	} {
		if _, err := c.OpenFile(t.Context(), chat.File{ID: content(change)}); !retry.IsNever(err) {
			t.Errorf("%s: %v; want an error that is final", name, err)
		}
	}
}

func TestFileOfAnOldHomeserver(t *testing.T) {
	s := matrixtest.New(t, func(w http.ResponseWriter, r *http.Request, _ map[string]any) {
		if r.URL.Path != "/_matrix/media/v3/download/example.org/abc" {
			matrixtest.Refuse(w, 404, `{"errcode":"M_UNRECOGNIZED"}`)
			return
		}
		io.WriteString(w, "the minutes") //nolint:errcheck // the client sees what arrives
	})
	f, err := account(t, s.URL).OpenFile(t.Context(), chat.File{ID: "mxc://example.org/abc"})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if text, err := io.ReadAll(f); err != nil || string(text) != "the minutes" {
		t.Errorf("the file reads %q, %v", text, err)
	}
}
