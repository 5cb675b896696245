package matrixtext_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hashsend/bridge/chat"
	"hashsend/connectors/matrix/matrixtest"
	"hashsend/connectors/matrix/matrixtext"
)

func TestCompose(t *testing.T) {
	ann := chat.Sender{ID: "ann", Name: "Ann <3"}
	m := func(change func(*chat.Outgoing)) chat.Outgoing {
		o := chat.Outgoing{Key: "k", Place: chat.Place{Room: "!r:example.org"}, As: ann, Body: chat.Body{Text: "a & b"}}
		change(&o)
		return o
	}
	none := func(*chat.Outgoing) {}
	for _, c := range []struct {
		name    string
		m       chat.Outgoing
		profile bool
		want    string
	}{
		{"text", m(none), false, `{"msgtype":"m.text","body":"a & b","m.mentions":{},"org.hashsend.key":"k"}`},
		{
			"HTML", m(func(m *chat.Outgoing) { m.Body.HTML = "a &amp; <em>b</em>" }), false,
			`{"msgtype":"m.text","body":"a & b","format":"org.matrix.custom.html","formatted_body":"a &amp; <em>b</em>","m.mentions":{},"org.hashsend.key":"k"}`,
		},
		{
			"notice that answers", m(func(m *chat.Outgoing) { m.Kind, m.ReplyTo = chat.Notice, "$a" }), false,
			`{"msgtype":"m.notice","body":"a & b","m.mentions":{},"org.hashsend.key":"k","m.relates_to":{"m.in_reply_to":{"event_id":"$a"}}}`,
		},
		{
			"in a thread", m(func(m *chat.Outgoing) { m.Place.Thread = "$root" }), false,
			`{"msgtype":"m.text","body":"a & b","m.mentions":{},"org.hashsend.key":"k","m.relates_to":{"rel_type":"m.thread","event_id":"$root","is_falling_back":true,"m.in_reply_to":{"event_id":"$root"}}}`,
		},
		{
			"answer in a thread", m(func(m *chat.Outgoing) { m.Place.Thread, m.ReplyTo = "$root", "$a" }), false,
			`{"msgtype":"m.text","body":"a & b","m.mentions":{},"org.hashsend.key":"k","m.relates_to":{"rel_type":"m.thread","event_id":"$root","is_falling_back":false,"m.in_reply_to":{"event_id":"$a"}}}`,
		},
		{
			"by profile", m(func(m *chat.Outgoing) { m.Kind = chat.Emote }), true,
			`{"msgtype":"m.emote","body":"Ann <3: a & b","format":"org.matrix.custom.html","formatted_body":"<strong data-mx-profile-fallback>Ann &lt;3: </strong>a &amp; b","m.mentions":{},"org.hashsend.key":"k","com.beeper.per_message_profile":{"id":"ann","displayname":"Ann <3","has_fallback":true}}`,
		},
		{
			"for one person", m(func(m *chat.Outgoing) { m.For = "@bob:example.org" }), false,
			`{"msgtype":"m.text","body":"Bob: a & b","format":"org.matrix.custom.html","formatted_body":"<a href=\"https://matrix.to/#/@bob:example.org\">Bob</a>: a &amp; b","m.mentions":{"user_ids":["@bob:example.org"]},"org.hashsend.key":"k"}`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			raw, err := json.Marshal(matrixtext.Message(c.m, c.profile, "Bob"))
			if err != nil {
				t.Fatal(err)
			}
			var got, want any
			if err := json.Unmarshal(raw, &got); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal([]byte(c.want), &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("composed (-want +got):\n%s", diff)
			}
			back := reader
			back.Notices = true
			if back.Convert(matrixtest.Event(t, "m.room.message", string(raw), "")) != nil {
				t.Error("our own words would be taken in again")
			}
		})
	}
}

func TestComposeFile(t *testing.T) {
	base := chat.Outgoing{Key: "k", Place: chat.Place{Room: "!r:example.org"}, As: chat.Sender{ID: "ann", Name: "Ann"}}
	for _, c := range []struct {
		name    string
		change  func(*chat.Outgoing)
		f       chat.File
		profile bool
		kind    string
		want    string
	}{
		{
			"C6 picture", nil,
			chat.File{Name: "a.png", Type: "image/png", Size: 5, Kind: chat.Picture, Width: 3, Height: 4},
			false, "m.room.message",
			`{"msgtype":"m.image","body":"a.png","filename":"a.png","url":"mxc://x/y","info":{"mimetype":"image/png","size":5,"w":3,"h":4},"m.mentions":{},"org.hashsend.key":"k"}`,
		},
		{
			"C6 caption", func(m *chat.Outgoing) {
				m.Body, m.ReplyTo, m.Place.Thread = chat.Body{Text: "look", HTML: "<em>look</em>"}, "$a", "$root"
			},
			chat.File{Name: "a.pdf", Type: "application/pdf", Size: 5},
			false, "m.room.message",
			`{"msgtype":"m.file","body":"look","format":"org.matrix.custom.html","formatted_body":"<em>look</em>","filename":"a.pdf","url":"mxc://x/y","info":{"mimetype":"application/pdf","size":5},"m.mentions":{},"org.hashsend.key":"k","m.relates_to":{"rel_type":"m.thread","event_id":"$root","is_falling_back":false,"m.in_reply_to":{"event_id":"$a"}}}`,
		},
		{
			"C6 by profile", nil,
			chat.File{Name: "a.mp4", Type: "video/mp4", Size: 5, Duration: 2 * time.Second},
			true, "m.room.message",
			`{"msgtype":"m.video","body":"Ann: a.mp4","format":"org.matrix.custom.html","formatted_body":"<strong data-mx-profile-fallback>Ann: </strong>a.mp4","filename":"a.mp4","url":"mxc://x/y","info":{"mimetype":"video/mp4","size":5,"duration":2000},"m.mentions":{},"org.hashsend.key":"k","com.beeper.per_message_profile":{"id":"ann","displayname":"Ann","has_fallback":true}}`,
		},
		{
			"C6 sound", nil,
			chat.File{Name: "a.mp3", Type: "audio/mpeg", Size: 5},
			false, "m.room.message",
			`{"msgtype":"m.audio","body":"a.mp3","filename":"a.mp3","url":"mxc://x/y","info":{"mimetype":"audio/mpeg","size":5},"m.mentions":{},"org.hashsend.key":"k"}`,
		},
		{
			"C6 voice", nil,
			chat.File{Name: "voice message.ogg", Type: "audio/ogg", Size: 5, Kind: chat.Voice, Duration: 7 * time.Second},
			false, "m.room.message",
			`{"msgtype":"m.audio","body":"voice message.ogg","filename":"voice message.ogg","url":"mxc://x/y","info":{"mimetype":"audio/ogg","size":5,"duration":7000},"org.matrix.msc3245.voice":{},"org.matrix.msc1767.audio":{"duration":7000},"m.mentions":{},"org.hashsend.key":"k"}`,
		},
		{
			"C6 sticker", nil,
			chat.File{Name: "wave.png", Type: "image/png", Size: 5, Kind: chat.Sticker},
			false, "m.sticker",
			`{"body":"wave.png","filename":"wave.png","url":"mxc://x/y","info":{"mimetype":"image/png","size":5},"m.mentions":{},"org.hashsend.key":"k"}`,
		},
		{
			"C6 drawing that clients do not show", nil,
			chat.File{Name: "a.svg", Type: "image/svg+xml", Size: 5, Kind: chat.Picture},
			false, "m.room.message",
			`{"msgtype":"m.file","body":"a.svg","filename":"a.svg","url":"mxc://x/y","info":{"mimetype":"image/svg+xml","size":5},"m.mentions":{},"org.hashsend.key":"k"}`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := base
			if c.change != nil {
				c.change(&m)
			}
			kind, content := matrixtext.File(m, c.f, map[string]any{"url": "mxc://x/y"}, c.profile, "")
			raw, err := json.Marshal(content)
			if err != nil {
				t.Fatal(err)
			}
			var got, want any
			if json.Unmarshal(raw, &got) != nil || json.Unmarshal([]byte(c.want), &want) != nil {
				t.Fatalf("no JSON: %s", raw)
			}
			if diff := cmp.Diff(want, got); diff != "" || kind.Type != c.kind {
				t.Errorf("composed as %s (-want +got):\n%s", kind.Type, diff)
			}
			if reader.Convert(matrixtest.Event(t, kind.Type, string(raw), "")) != nil {
				t.Error("our own file would be taken in again")
			}
		})
	}
}
