package slacktest

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	maxFile     = 1 << 30 // bytes
	maxTogether = 14      // files in one call of files.completeUploadExternal
	maxAlt      = 1000    // characters of a picture's description
	processing  = 50 * time.Millisecond
)

// File is a file that a person shares or sees in a channel.
type File struct {
	ID, Name, Title string
	Type            string // media type; empty: text/plain
	Mode            string // hosted, snippet, post, external, …; empty: hosted
	Body            []byte
	Fields          map[string]any // others of Slack's file object
	Stub            bool           // the message has only its id, because it is from another organisation
	Unready         time.Duration  // how long until its bytes can be read
}

// file is a file in the workspace.
type file struct {
	File
	s       *Server
	user    string
	length  int64 // announced length
	ready   bool  // its bytes were uploaded
	shared  bool  // it was completed
	shares  []share
	created time.Time
}

// share is a message that shows a file.
type share struct {
	channel    *Channel
	ts, thread string
}

// newFile adds a person's file.
func (s *Server) newFile(user string, given File) *file {
	f := &file{File: given, s: s, user: user, length: int64(len(given.Body)), ready: true, shared: true, created: time.Now()}
	if f.ID == "" {
		f.ID = s.id("F")
	}
	if f.Type == "" {
		f.Type = "text/plain"
	}
	if f.Title == "" {
		f.Title = f.Name
	}
	if f.Mode == "" {
		f.Mode = "hosted"
	}
	s.files[f.ID] = f
	return f
}

// address is the address of the bytes.
func (f *file) address() string {
	return "http://" + f.s.address + "/files-pri/" + Team + "-" + f.ID + "/download/" + url.PathEscape(strings.ToLower(f.Name))
}

// json is a file as a message shows it.
func (f *file) json() reply {
	switch {
	case f.Mode == "tombstone":
		return reply{"id": f.ID, "mode": "tombstone"}
	case f.Mode == "hidden_by_limit":
		return reply{"id": f.ID, "mode": "hidden_by_limit", "name": nil, "date_delete": 0}
	case f.Stub:
		return reply{"id": f.ID, "file_access": "check_file_info", "created": 0, "timestamp": 0}
	}
	return f.whole()
}

func (f *file) whole() reply {
	out := reply{
		"id": f.ID, "name": f.Name, "title": f.Title, "mimetype": f.Type, "size": len(f.Body), "mode": f.Mode, "url_private": strings.Replace(f.address(), "/download/", "/", 1),
		"url_private_download": f.address(), "permalink": "https://lab.slack.com/files/" + f.user + "/" + f.ID, "permalink_public": "https://slack-files.com/" + Team + "-" + f.ID + "-public",
		"user": f.user, "created": f.created.Unix(), "timestamp": f.created.Unix(), "is_external": f.Mode == "external", "is_public": true, "public_url_shared": false, "file_access": "visible",
	}
	maps.Copy(out, f.Fields)
	return out
}

// Attached returns the files of a message as a person sees them.
func (m Message) Attached() (all []File) {
	for _, f := range m.Files {
		all = append(all, f.File)
	}
	return all
}

// DeleteFile deletes a person's file but not its message.
func (s *Server) DeleteFile(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dropFile(s.files[id])
}

// dropFile deletes a file, and its message if that has nothing else.
func (s *Server) dropFile(f *file) {
	f.Mode, f.Body = "tombstone", nil
	for _, at := range f.shares {
		m := at.channel.message(at.ts)
		if m == nil {
			continue
		}
		if m.Text == "" && len(m.Blocks) == 0 && !slices.ContainsFunc(m.Files, func(o *file) bool { return o.Mode != "tombstone" }) {
			s.remove(at.channel, m)
			continue
		}
		before := *m
		s.tellChanged(at.channel, m, &before)
	}
}

// serveFile sends a file if the token may read it, and redirects to the sign-in page
// otherwise.
func (s *Server) serveFile(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	fault, faulty := s.fault("file")
	_, id, _ := strings.Cut(strings.Split(r.URL.Path, "/")[2], "-")
	f := s.files[id]
	may := r.Header.Get("Authorization") == "Bearer "+BotToken && s.revoked == "" && s.may("files:read")
	var body []byte
	var kind string
	ready := false
	if f != nil {
		body, kind, ready = f.Body, f.Type, f.ready && f.Mode != "tombstone" && time.Since(f.created) >= f.Unready
	}
	s.mu.Unlock()
	if faulty && fault.before(w) {
		return
	}
	switch {
	case f == nil:
		http.NotFound(w, r)
	case !may:
		http.Redirect(w, r, "/?redir="+url.QueryEscape(r.URL.Path), http.StatusFound)
	case !ready:
		page(w)
	default:
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.Write(body) //nolint:errcheck // the client may have gone
	}
}

// page is the sign-in page.
func page(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprint(w, "<!DOCTYPE html><html lang=\"en-US\"><head><title>Lab</title></head><body>Sign in to Lab</body></html>")
}

// serveUpload receives the bytes of a file, raw or in a form, once and in the announced
// length.
func (s *Server) serveUpload(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	fault, faulty := s.fault("upload")
	f := s.uploads[r.URL.Path]
	s.mu.Unlock()
	if faulty && fault.before(w) {
		return
	}
	if f == nil || r.Method != http.MethodPost {
		http.Error(w, "invalid upload", http.StatusBadRequest)
		return
	}
	body, err := uploaded(r, f.length)
	switch {
	case err != nil:
		http.Error(w, "broken upload", http.StatusBadRequest)
		return
	case int64(len(body)) != f.length:
		http.Error(w, "size mismatch", http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	delete(s.uploads, r.URL.Path)
	f.Body, f.ready = body, true
	s.mu.Unlock()
	if faulty && fault.after(w) {
		return
	}
	fmt.Fprintf(w, "OK - %d", len(body))
}

// uploaded reads the bytes of an upload, at most one more than announced.
func uploaded(r *http.Request, length int64) ([]byte, error) {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind != "multipart/form-data" {
		return io.ReadAll(io.LimitReader(r.Body, length+1))
	}
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, err
	}
	for {
		part, err := parts.NextPart()
		if err != nil {
			return nil, err
		}
		if part.FileName() != "" {
			return io.ReadAll(io.LimitReader(part, length+1))
		}
	}
}

// fileOf finds the file of a call.
func (c *call) fileOf() (*file, error) {
	f := c.s.files[c.args["file"]]
	switch {
	case f == nil || !f.shared:
		return nil, fail("file_not_found")
	case f.Mode == "tombstone":
		return nil, fail("file_deleted")
	case f.Fields["file_access"] == "access_denied":
		return nil, fail("access_denied")
	}
	return f, nil
}

func (c *call) fileInfo() (reply, error) {
	f, err := c.fileOf()
	if err != nil {
		return nil, err
	}
	out := f.whole()
	public, private := map[string][]reply{}, map[string][]reply{}
	for _, at := range f.shares {
		into := public
		if at.channel.Private {
			into = private
		}
		one := reply{"ts": at.ts, "channel_name": at.channel.Name, "team_id": Team}
		if at.thread != "" {
			one["thread_ts"] = at.thread
		}
		into[at.channel.ID] = append(into[at.channel.ID], one)
	}
	shares := reply{}
	if len(public) > 0 {
		shares["public"] = public
	}
	if len(private) > 0 {
		shares["private"] = private
	}
	out["shares"] = shares
	if len(f.shares) == 0 && f.user == BotUser {
		out["mimetype"] = "" // not examined yet
	}
	return reply{"file": out, "comments": []reply{}}, nil
}

func (c *call) deleteFile() (reply, error) {
	f, err := c.fileOf()
	if err != nil {
		return nil, err
	}
	if f.user != BotUser {
		return nil, fail("cant_delete_file")
	}
	c.s.dropFile(f)
	return nil, nil
}

func (c *call) uploadURL() (reply, error) {
	length, err := strconv.ParseInt(c.args["length"], 10, 64)
	switch {
	case c.json || c.args["filename"] == "" || err != nil || length < 0:
		return nil, fail("invalid_arguments")
	case length == 0:
		return nil, fail("missing_argument")
	case length > maxFile:
		return nil, fail("file_upload_size_restricted")
	case utf8.RuneCountInString(c.args["alt_txt"]) > maxAlt:
		return nil, fail("alt_txt_too_large")
	}
	f := &file{File: File{ID: c.s.id("F"), Name: c.args["filename"], Mode: "hosted"}, s: c.s, user: BotUser, length: length, created: time.Now()}
	if f.Type = mime.TypeByExtension(f.Name[max(0, strings.LastIndexByte(f.Name, '.')):]); f.Type == "" {
		f.Type = "application/octet-stream"
	}
	path := "/upload/v1/" + c.s.id("X")
	c.s.files[f.ID], c.s.uploads[path] = f, f
	return reply{"upload_url": "http://" + c.s.address + path, "file_id": f.ID}, nil
}

func (c *call) completeUpload() (reply, error) {
	var list []struct{ ID, Title string }
	if json.Unmarshal([]byte(c.args["files"]), &list) != nil || len(list) == 0 {
		return nil, fail("invalid_arguments")
	}
	if len(list) > maxTogether {
		return nil, fail("internal_error")
	}
	var files []*file
	out := []reply{}
	for _, one := range list {
		f := c.s.files[one.ID]
		if f == nil || !f.ready || f.shared {
			return nil, fail("file_not_found")
		}
		if f.Title = one.Title; f.Title == "" {
			f.Title = f.Name
		}
		files = append(files, f)
		out = append(out, reply{"id": f.ID, "title": f.Title})
	}
	ch, m, err := c.shareMessage(files)
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		f.shared = true
	}
	if ch != nil && c.s.dropped > 0 {
		c.s.dropped--
	} else if ch != nil {
		c.s.shareLater(ch, m)
	}
	return reply{"files": out}, nil
}

// shareMessage makes the message that will show uploaded files; nil: none will.
func (c *call) shareMessage(files []*file) (*Channel, *Message, error) {
	id := c.args["channel_id"]
	if id == "" {
		return nil, nil, nil
	}
	c.args["channel"] = id
	ch, err := c.channel()
	switch {
	case err != nil:
		return nil, nil, err
	case ch.Archived:
		return nil, nil, fail("is_archived")
	case !ch.has(BotUser):
		return nil, nil, fail("not_in_channel")
	}
	// An app's message with files is from its user, without the app's ids.
	m := &Message{User: BotUser, App: App, Subtype: "file_share", Files: files, Text: c.args["initial_comment"]}
	if raw := c.args["blocks"]; raw != "" && m.Text == "" {
		if strings.Contains(raw, `"markdown"`) {
			return nil, nil, fail("internal_error")
		}
		if err := checkBlocks(json.RawMessage(raw), inMessage); err != nil {
			return nil, nil, err
		}
		m.Blocks = json.RawMessage(raw)
	}
	if under := c.args["thread_ts"]; under != "" {
		root := ch.message(under)
		if root == nil || (root.Thread != "" && root.Thread != root.TS) {
			return nil, nil, fail("thread_not_found")
		}
		m.Thread = root.TS
	}
	return ch, m, nil
}

// shareLater posts a message with files once the files were examined.
func (s *Server) shareLater(ch *Channel, m *Message) {
	wait := s.Processing
	if wait == 0 {
		wait = processing
	}
	ctx := s.ctx
	s.delivery.Go(func() {
		select {
		case <-time.After(wait):
		case <-ctx.Done(): // it goes on in Slack
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		m.TS = s.stamp()
		s.place(ch, m)
		s.tellMessage(ch, m, "")
	})
}

// place puts a message into its channel and notes it in its files.
func (s *Server) place(ch *Channel, m *Message) {
	ch.Messages = append(ch.Messages, m)
	for _, f := range m.Files {
		f.shares = append(f.shares, share{channel: ch, ts: m.TS, thread: m.Thread})
	}
}

// DropShares makes the next shared files never appear in their channel, as sometimes
// happens in Slack.
func (s *Server) DropShares(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dropped = n
}
