package slacktest_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"hashsend/connectors/slack/slacktest"
)

// slack-go uploads a file in its three steps, finds the message in which it
// stands a while later, and reads it; then it deletes it.
func TestFilesWithSlackGo(t *testing.T) {
	w := start(t)
	w.Processing = 300 * time.Millisecond
	c := w.client()
	root := w.Say(w.alice, w.lounge, "root")
	up, err := c.UploadFile(slack.UploadFileParameters{
		Reader: strings.NewReader("hello\x00"), FileSize: 6, Filename: "a.bin", Title: "A", InitialComment: "see here", Channel: w.lounge, ThreadTimestamp: root,
	})
	if err != nil {
		t.Fatal(err)
	}
	f, _, _, err := c.GetFileInfo(up.ID, 0, 0)
	if err != nil || len(f.Shares.Public) != 0 || len(w.Messages(w.lounge)) != 1 {
		t.Errorf("at once: %+v, %v; want no message yet", f.Shares, err)
	}
	soon(t, func() bool { return len(w.Messages(w.lounge)) == 2 })
	if f, _, _, err = c.GetFileInfo(up.ID, 0, 0); err != nil {
		t.Fatal(err)
	}
	checkShared(t, f, w.Messages(w.lounge)[1], w.lounge, root)
	var body bytes.Buffer
	if err := c.GetFile(f.URLPrivateDownload, &body); err != nil || body.String() != "hello\x00" {
		t.Errorf("it reads %q, %v", body.String(), err)
	}
	w.Allow("files:write")
	if err := c.GetFile(f.URLPrivateDownload, io.Discard); err == nil || !strings.Contains(err.Error(), "sign-in") {
		t.Errorf("without files:read slack-go says %v, want that it was sent to the page to sign in", err)
	}
	w.Allow()
	if err := c.DeleteFile(up.ID); err != nil {
		t.Error(err)
	}
	if got := w.Messages(w.lounge)[1].Attached(); got[0].Mode != "tombstone" || got[0].Body != nil {
		t.Errorf("after its deletion it is %+v", got)
	}
	if _, _, _, err := c.GetFileInfo(up.ID, 0, 0); err == nil || err.Error() != "file_deleted" {
		t.Errorf("a deleted file: %v", err)
	}
}

// checkShared checks a file, and the message in a thread that shows it.
func checkShared(t *testing.T, f *slack.File, m slacktest.Message, channel, root string) {
	t.Helper()
	if at := f.Shares.Public[channel]; len(at) != 1 || at[0].Ts != m.TS || at[0].ThreadTs != root || f.Name != "a.bin" || f.Title != "A" || f.Size != 6 {
		t.Errorf("the file is %+v", f)
	}
	if got := m.Attached(); m.Thread != root || m.Text != "see here" || m.User != slacktest.BotUser || len(got) != 1 || got[0].Name != "a.bin" || string(got[0].Body) != "hello\x00" {
		t.Errorf("the message is %+v with %+v", m, got)
	}
}

// Uploads are refused as Slack refuses them.
func TestUploadsRefused(t *testing.T) {
	w := start(t)
	w.Unlimited()
	foreign := w.Open(slacktest.Channel{Name: "foreign"}, w.alice)
	secret := w.Open(slacktest.Channel{Name: "secret", Private: true}, w.alice)
	root := w.Say(w.alice, w.lounge, "root")
	answer := w.Say(w.alice, w.lounge, "answer", slacktest.Said{Thread: root})
	w.Say(w.alice, w.lounge, "mine", slacktest.Said{Files: []slacktest.File{{ID: "FALICE", Name: "b.txt"}}})
	reserve := func() (at, id string) {
		got, _ := w.call(t, "files.getUploadURLExternal", slacktest.BotToken, form("filename", "a.txt", "length", "5"))
		at, _ = got["upload_url"].(string)
		id, _ = got["file_id"].(string)
		return at, id
	}
	post := func(at, body string) int {
		resp, err := http.Post(at, "application/octet-stream", strings.NewReader(body)) //nolint:gosec // of the stand-in
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		return resp.StatusCode
	}
	at, id := reserve()
	list := `[{"id":"` + id + `"}]`
	refused := func(method string, args url.Values, want string) {
		t.Helper()
		if got, _ := w.call(t, method, slacktest.BotToken, args); got["error"] != want {
			t.Errorf("%s %v: %v, want %s", method, args, got, want)
		}
	}
	refused("files.getUploadURLExternal", form("filename", "a.txt"), "invalid_arguments")
	refused("files.getUploadURLExternal", form("length", "5"), "invalid_arguments")
	refused("files.getUploadURLExternal", form("filename", "a.txt", "length", "0"), "missing_argument")
	refused("files.getUploadURLExternal", form("filename", "a.txt", "length", "1073741825"), "file_upload_size_restricted")
	refused("files.getUploadURLExternal", form("filename", "a.txt", "length", "5", "alt_txt", strings.Repeat("x", 1001)), "alt_txt_too_large")
	refused("files.completeUploadExternal", form("files", list), "file_not_found") // its bytes have not come
	refused("files.info", form("file", id), "file_not_found")
	if got := post(at, "hell"); got != http.StatusBadRequest {
		t.Errorf("too few bytes: %d", got)
	}
	if got := post(at, "hello!"); got != http.StatusBadRequest {
		t.Errorf("too many bytes: %d", got)
	}
	if got := post(at, "hello"); got != http.StatusOK {
		t.Errorf("the right bytes: %d", got)
	}
	if got := post(at, "hello"); got != http.StatusBadRequest {
		t.Errorf("an address used twice: %d", got)
	}
	refused("files.completeUploadExternal", form("files", "["), "invalid_arguments")
	refused("files.completeUploadExternal", form("files", "["+strings.TrimSuffix(strings.Repeat(`{"id":"F"},`, 15), ",")+"]"), "internal_error")
	refused("files.completeUploadExternal", form("files", list, "channel_id", foreign), "not_in_channel")
	refused("files.completeUploadExternal", form("files", list, "channel_id", secret), "channel_not_found")
	refused("files.completeUploadExternal", form("files", list, "channel_id", w.lounge, "thread_ts", "1.000001"), "thread_not_found")
	refused("files.completeUploadExternal", form("files", list, "channel_id", w.lounge, "thread_ts", answer), "thread_not_found")
	refused("files.completeUploadExternal", form("files", list, "channel_id", w.lounge, "blocks", `[{"type":"markdown","text":"x"}]`), "internal_error")
	refused("files.completeUploadExternal", form("files", list, "channel_id", w.lounge, "blocks", `[{"type":"section"}]`), "invalid_blocks")
	if got, _ := w.call(t, "files.completeUploadExternal", slacktest.BotToken, form("files", list, "channel_id", w.lounge)); got["ok"] != true {
		t.Errorf("the right call: %v", got)
	}
	refused("files.completeUploadExternal", form("files", list, "channel_id", w.lounge), "file_not_found") // twice
	refused("files.delete", form("file", "FALICE"), "cant_delete_file")
	w.Allow("files:read")
	refused("files.getUploadURLExternal", form("filename", "a.txt", "length", "5"), "missing_scope")
	refused("files.completeUploadExternal", form("files", list), "missing_scope")
	w.Allow("files:write")
	refused("files.info", form("file", "FALICE"), "missing_scope")
}

// The upload methods take no JSON.
func TestUploadsByJSON(t *testing.T) {
	w := start(t)
	req, err := http.NewRequest(http.MethodPost, w.API()+"files.getUploadURLExternal", strings.NewReader(`{"filename":"a.txt","length":5}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+slacktest.BotToken)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var said struct{ Error string }
	if err := json.NewDecoder(resp.Body).Decode(&said); err != nil || said.Error != "invalid_arguments" {
		t.Errorf("arguments as JSON: %+v, %v", said, err)
	}
}

// A person's file comes in a message with its address, which leads those without
// the token to a page to sign in.
func TestPeopleShareFiles(t *testing.T) {
	w := start(t)
	w.Say(w.alice, w.lounge, "look", slacktest.Said{Files: []slacktest.File{
		{ID: "F1", Name: "cat.png", Type: "image/png", Body: []byte("\x89PNG"), Fields: map[string]any{"original_w": 3, "original_h": 2}},
		{ID: "F2", Name: "far.txt", Stub: true},
		{ID: "F3", Name: "new.txt", Unready: time.Hour},
	}})
	h, err := w.client().GetConversationHistory(&slack.GetConversationHistoryParameters{ChannelID: w.lounge})
	if err != nil || len(h.Messages) != 1 || len(h.Messages[0].Files) != 3 || h.Messages[0].SubType != "file_share" || !h.Messages[0].Upload {
		t.Fatalf("the history is %+v, %v", h, err)
	}
	f := h.Messages[0].Files
	if f[0].OriginalW != 3 || f[0].Mimetype != "image/png" || f[1].FileAccess != "check_file_info" || f[1].Name != "" {
		t.Errorf("the files are %+v", f)
	}
	checkSignIn(t, f[0].URLPrivate)
	var early bytes.Buffer
	if err := w.client().GetFile(f[2].URLPrivate, &early); err != nil || !strings.HasPrefix(early.String(), "<!DOCTYPE html") {
		t.Errorf("a file that is not ready reads %q, %v", early.String(), err)
	}
}

// checkSignIn checks that an address leads those without the token to a page to sign
// in.
func checkSignIn(t *testing.T, at string) {
	t.Helper()
	resp, err := http.Get(at)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK || !bytes.HasPrefix(page, []byte("<!DOCTYPE html")) || resp.Request.URL.Query().Get("redir") == "" {
		t.Errorf("without the token: %s from %s", page, resp.Request.URL)
	}
}
