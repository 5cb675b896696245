package matrixtext_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hashsend/bridge/chat"
	"hashsend/bridge/chat/chattest"
	"hashsend/connectors/matrix/matrixtest"
	"hashsend/connectors/matrix/matrixtext"
)

// reader reads for an application service.
var reader = matrixtext.Reader{Users: matrixtest.Users, Prefix: "!send"}

func head(who string, thread chat.ThreadID) chat.Head {
	return chat.Head{
		Event: "$143273582443PhrSn:example.org", At: time.UnixMilli(1432735824653),
		Place: chat.Place{Room: "!jEsUZKDJdhlrceRyVU:example.org", Thread: thread},
		By:    chat.Author{ID: chat.UserID("@" + who + ":example.org"), Server: "example.org"},
	}
}

// called is an event of somebody who speaks under another name.
func called(h chat.Head, alias string) chat.Head {
	h.By.Alias = alias
	return h
}

// TestPayloads converts the shared payloads: M01 and M02 are of row A5, M03 A6, M04 A9,
// M05 A25, M07 A16, M08 A17, M09 A19, M10 A27, M11 A22, M12 A24, M13 A12, M14 A41, M15 A32,
// M16 A1, M17 A45, M18 A30, M19 A10. (EVENTS 6.1)
func TestPayloads(t *testing.T) {
	const id = "$143273582443PhrSn:example.org"
	html := func(text, html string) chat.Body { return chat.Body{Text: text, HTML: html} }
	for name, want := range map[string]chat.Event{
		"M01_legacy_rich_reply_fallback":  chat.Posted{Head: head("bob", ""), Message: id, ReplyTo: "$another_event", Body: html("This is where the reply goes.", "This is where the reply goes.")},
		"M02_legacy_reply_plaintext_only": chat.Posted{Head: head("bob", ""), Message: id, ReplyTo: "$another_event", Body: chat.Body{Text: "This is the reply"}},
		"M03_thread_with_fallback":        chat.Posted{Head: head("bob", "$root"), Message: id, Root: "$root", Body: chat.Body{Text: "I'm doing okay, thank you! How about yourself?"}},
		"M04_edit_of_a_reply":             chat.Edited{Head: head("alice", ""), Message: "$original_reply_event", Edit: id, Body: chat.Body{Text: "reply"}},
		"M05_edit_adding_mention":         chat.Edited{Head: head("carol", ""), Message: "$original_event", Edit: id, Body: chat.Body{Text: "Hello Alice & Bob!"}, Mentions: []chat.Mention{{User: "@bob:example.org"}}},
		"M06_encrypted_edit":              nil,
		"M07_media_caption": chat.Posted{Head: head("alice", ""), Message: id, Body: chat.Body{
			Text: "this is a ~~cat~~ picture :3", HTML: "this is a <del>cat</del> picture :3",
			Files: []chat.File{{ID: "mxc://example.org/abc123", Name: "dog.jpg", Type: "image/jpeg", Size: 27253, Kind: chat.Picture, Width: 479, Height: 640}},
		}},
		"M08_encrypted_attachment": chat.Posted{Head: head("alice", ""), Message: id, Body: chat.Body{
			Files: []chat.File{{
				ID:   `{"url":"mxc://example.org/FHyPlCeYUSFFxlgbQYZmoEoe","key":{"alg":"A256CTR","k":"aWF6-32KGYaC3A_FEUCk1Bt0JA37zP0wrStgmdCaW-0"},"iv":"w+sE15fzSc0AAAAAAAAAAA","hashes":{"sha256":"fdSLu/YkRx3Wyh3KQabP3rd6+SFiKg5lsJZQHtkSAYA"}}`,
				Name: "something-important.jpg", Type: "image/jpeg", Size: 422018, Kind: chat.Picture, Width: 864, Height: 1536,
			}},
		}},
		"M09_sticker": chat.Posted{Head: head("alice", ""), Message: id, Body: chat.Body{
			Files: []chat.File{{ID: "mxc://matrix.org/sHhqkFCvSkFwtmvtETOtKnLP", Name: "Landing.png", Type: "image/png", Size: 73602, Kind: chat.Sticker, Width: 140, Height: 200}},
		}},
		"M10_spoiler": chat.Posted{Head: head("alice", ""), Message: id, Body: html(
			"Alice [spoiler: health of alice] in the movie.", `Alice <span data-mx-spoiler="health of alice">lived happily ever after</span> in the movie.`)},
		"M11_poll_start": chat.Posted{Head: head("alice", ""), Message: id, Poll: &chat.Poll{
			Question: "What should we order for the party?", Most: 1, Disclosed: true, Form: "m.poll.",
			Answers: []chat.PollAnswer{{ID: "pizza", Text: "Pizza 🍕"}, {ID: "poutine", Text: "Poutine 🍟"}, {ID: "italian", Text: "Italian 🍝"}, {ID: "wings", Text: "Wings 🔥"}},
		}},
		"M12_poll_end":                     chat.PollEnded{Head: head("alice", ""), Poll: "$poll_start_event_id", Message: id},
		"M13_redaction_v11":                chat.Deleted{Head: head("alice", ""), Message: "$fukweghifu23:localhost"},
		"M14_tombstone":                    chat.Moved{Head: head("alice", ""), To: "!newroom:example.org"},
		"M15_topic_rich_only_text":         chat.TopicSet{Head: head("alice", ""), Topic: "An interesting room topic"},
		"M16_invalid_body_object":          nil,
		"M17_in_room_verification_request": nil,
		"M18_per_message_profile_fallback": chat.Posted{Head: called(head("alice", ""), "cat"), Message: id, Body: chat.Body{Text: "original message"}},
		"M19_reaction_custom_emoji":        chat.Reacted{Head: head("alice", ""), Message: "$some_event_id", Reaction: id, Emoji: ":blobcat:"},
	} {
		t.Run(name, func(t *testing.T) {
			number, _, _ := strings.Cut(name, "_")
			raw := chattest.Payload(t, "matrix", number)
			e, err := matrixtext.ParseEvent(raw)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, reader.Convert(e)); diff != "" {
				t.Errorf("converted (-want +got):\n%s", diff)
			}
			for n := range raw { // cut off anywhere: no panic, and no words made of a half event
				var half matrixtext.Event
				if json.Unmarshal(raw[:n], &half) == nil {
					t.Fatalf("%d bytes of it are a whole event", n)
				}
				reader.Convert(half)
			}
		})
	}
}

// bob is the start of the events of the tests below.
var bob = chat.Head{Event: "$e", Place: chat.Place{Room: "!r:example.org"}, At: time.UnixMilli(1000), By: chat.Author{ID: "@bob:example.org", Server: "example.org"}}

func in(thread string) chat.Head {
	h := bob
	h.Place.Thread = chat.ThreadID(thread)
	return h
}

func by(id, name string) chat.Head {
	h := bob
	h.By = chat.Author{ID: chat.UserID(id), Name: name, Server: "example.org"}
	return h
}

func posted(text, html string) chat.Posted {
	return chat.Posted{Head: bob, Message: "$e", Body: chat.Body{Text: text, HTML: html}}
}

func file(b chat.Body, files ...chat.File) chat.Posted {
	b.Files = files
	return chat.Posted{Head: bob, Message: "$e", Body: b}
}

func state(key string) string { return fmt.Sprintf(`,"state_key":%q`, key) }

// conversion is an event and what becomes of it.
type conversion struct {
	name, kind, content, more string
	want                      chat.Event
}

func convert(t *testing.T, all []conversion) {
	for _, c := range all {
		t.Run(c.name, func(t *testing.T) {
			got := reader.Convert(matrixtest.Event(t, c.kind, c.content, c.more))
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("converted (-want +got):\n%s", diff)
			}
		})
	}
}

func TestConvertMessages(t *testing.T) {
	convert(t, []conversion{
		{"A1 text", "m.room.message", `{"msgtype":"m.text","body":"hello"}`, "", posted("hello", "")},
		{"A1 empty text", "m.room.message", `{"msgtype":"m.text","body":"  "}`, "", nil},
		{"A1 redacted", "m.room.message", `{}`, "", nil},
		{"A1 content is a list", "m.room.message", `[1]`, "", nil},
		{"A1 deep content", "m.room.message", `{"msgtype":"m.text","body":"x","m.relates_to":[[[[]]]],"m.mentions":7,"info":"no"}`, "", posted("x", "")},
		{"A2 notice", "m.room.message", `{"msgtype":"m.notice","body":"beep"}`, "", nil},
		{"A2 notice with a command", "m.room.message", `{"msgtype":"m.notice","body":"!send unlink"}`, "", nil},
		{"A3 emote", "m.room.message", `{"msgtype":"m.emote","body":"waves"}`, "", chat.Posted{Head: bob, Message: "$e", Kind: chat.Emote, Body: chat.Body{Text: "waves"}}},
		{"A4 HTML", "m.room.message", `{"msgtype":"m.text","body":"**x**","format":"org.matrix.custom.html","formatted_body":"<b>x</b><script>y</script>"}`, "", posted("x", "<strong>x</strong>")},
		{"A4 other format", "m.room.message", `{"msgtype":"m.text","body":"x","format":"org.example","formatted_body":"<b>x</b>"}`, "", posted("x", "")},
		{"A4 HTML that says nothing", "m.room.message", `{"msgtype":"m.text","body":"x","format":"org.matrix.custom.html","formatted_body":"<img src=\"https://example.org/x\">"}`, "", posted("x", "")},
		{"A5 a quote typed by hand stays", "m.room.message", `{"msgtype":"m.text","body":"> really?\nyes"}`, "", posted("> really?\nyes", "")},
		{
			"A6 answer inside a thread", "m.room.message", `{"msgtype":"m.text","body":"x","m.relates_to":{"rel_type":"m.thread","event_id":"$root","m.in_reply_to":{"event_id":"$a"}}}`, "",
			chat.Posted{Head: in("$root"), Message: "$e", Root: "$root", ReplyTo: "$a", Body: chat.Body{Text: "x"}},
		},
		{"A7 edit without new content", "m.room.message", `{"msgtype":"m.text","body":"* x","m.relates_to":{"rel_type":"m.replace","event_id":"$a"}}`, "", nil},
		{"A10 reaction", "m.reaction", `{"m.relates_to":{"rel_type":"m.annotation","event_id":"$a","key":"👍"}}`, "", chat.Reacted{Head: bob, Message: "$a", Reaction: "$e", Emoji: "👍"}},
		{"A10 reaction without a key", "m.reaction", `{"m.relates_to":{"rel_type":"m.annotation","event_id":"$a"}}`, "", nil},
		{"A12 redaction, old rooms", "m.room.redaction", `{}`, `,"redacts":"$a"`, chat.Deleted{Head: bob, Message: "$a"}},
		{
			"A25 mention", "m.room.message", `{"msgtype":"m.text","body":"x","m.mentions":{"user_ids":["@a:example.org"],"room":true}}`, "",
			chat.Posted{Head: bob, Message: "$e", Body: chat.Body{Text: "x"}, Mentions: []chat.Mention{{User: "@a:example.org"}}, MentionsAll: true},
		},
		{
			"A25 mention of a person by email, and of another member", "m.room.message", `{"msgtype":"m.text","body":"Ann, Bob: hi","format":"org.matrix.custom.html","formatted_body":"<a href=\"https://matrix.to/#/%40hashsend_abc%3Aexample.org\">Ann</a>, <a href=\"https://matrix.to/#/@bob:example.org?via=x\">Bob</a>: hi","m.mentions":{"user_ids":["@hashsend_abc:example.org"]}}`, "",
			chat.Posted{Head: bob, Message: "$e", Body: chat.Body{Text: "Ann, Bob: hi", HTML: "<strong>Ann</strong>, Bob: hi"}, Mentions: []chat.Mention{{User: "@hashsend_abc:example.org"}}},
		},
		{"A28 maths", "m.room.message", `{"msgtype":"m.text","body":"This is $\\frac{a}{b}$","format":"org.matrix.custom.html","formatted_body":"This is <span data-mx-maths=\"\\frac{a}{b}\"><sup>a</sup>/<sub>b</sub></span>"}`, "", posted("This is $\\frac{a}{b}$", "This is a/b")},
		{"A29 previews of links are left out", "m.room.message", `{"msgtype":"m.text","body":"https://example.com/","com.beeper.linkpreviews":[{"matched_url":"https://example.com/","og:title":"Example","og:image":"mxc://example.org/a"}]}`, "", posted("https://example.com/", "")},
		{"A30 a profile without a fallback", "m.room.message", `{"msgtype":"m.text","body":"cat: meow","com.beeper.per_message_profile":{"displayname":"\u202ecat\n"}}`, "", chat.Posted{Head: called(bob, "cat"), Message: "$e", Body: chat.Body{Text: "cat: meow"}}},
		{"A46 receipt", "m.receipt", `{"$e":{"m.read":{"@bob:example.org":{}}}}`, "", nil},
		{"A47 presence", "m.presence", `{"presence":"online"}`, "", nil},
		{"A48 call", "m.call.invite", `{"call_id":"1","version":"1"}`, "", chat.Posted{Head: bob, Message: "$e", Kind: chat.Emote, Body: chat.Body{Text: "started a call"}}},
		{"A48 call of several", "org.matrix.msc4075.rtc.notification", `{}`, "", chat.Posted{Head: bob, Message: "$e", Kind: chat.Emote, Body: chat.Body{Text: "started a call"}}},
		{"A48 the rest of a call", "m.call.candidates", `{"call_id":"1"}`, "", nil},
		{"A49 server notice", "m.room.message", `{"msgtype":"m.server_notice","body":"terms"}`, "", nil},
		{"unknown kind of message", "m.room.message", `{"msgtype":"org.example.dance","body":"dances"}`, "", posted("dances", "")},
		{"our marker", "m.room.message", `{"msgtype":"m.text","body":"x","org.hashsend.key":"k1"}`, "", nil},
	})
}

func TestConvertFiles(t *testing.T) {
	convert(t, []conversion{
		{
			"A15 hostile file name", "m.room.message", `{"msgtype":"m.file","body":"../../\u202eetc/p\u0000w.txt","url":"mxc://example.org/a","info":{"mimetype":"text/plain","size":-3}}`, "",
			chat.Posted{Head: bob, Message: "$e", Body: chat.Body{Files: []chat.File{{ID: "mxc://example.org/a", Name: "pw.txt", Type: "text/plain"}}}},
		},
		{
			"A16 a file's name is no caption", "m.room.message", `{"msgtype":"m.file","body":"a.txt","filename":"a.txt","url":"mxc://example.org/a"}`, "",
			file(chat.Body{}, chat.File{ID: "mxc://example.org/a", Name: "a.txt"}),
		},
		{
			"A16 a name by profile is no caption", "m.room.message", `{"msgtype":"m.file","body":"cat: a.txt","filename":"a.txt","url":"mxc://example.org/a","com.beeper.per_message_profile":{"displayname":"cat","has_fallback":true}}`, "",
			chat.Posted{Head: called(bob, "cat"), Message: "$e", Body: chat.Body{Files: []chat.File{{ID: "mxc://example.org/a", Name: "a.txt"}}}},
		},
		{
			"A17 the encrypted file, whatever stands beside", "m.room.message", `{"msgtype":"m.file","body":"a.txt","url":"mxc://example.org/b","file":{"url":"mxc://example.org/a","v":"v2"}}`, "",
			file(chat.Body{}, chat.File{ID: `{"url":"mxc://example.org/a","key":{"alg":"","k":""},"iv":"","hashes":{"sha256":""}}`, Name: "a.txt"}),
		},
		{
			"A18 voice", "m.room.message", `{"msgtype":"m.audio","body":"Voice message","url":"mxc://example.org/a","info":{"duration":67000,"mimetype":"audio/ogg; codecs=opus"},"org.matrix.msc3245.voice":{}}`, "",
			file(chat.Body{}, chat.File{ID: "mxc://example.org/a", Name: "voice message.ogg", Type: "audio/ogg; codecs=opus", Kind: chat.Voice, Duration: 67 * time.Second}),
		},
		{
			"A18 voice of an unknown type", "m.room.message", `{"msgtype":"m.audio","body":"x.CAF","url":"mxc://example.org/a","info":{"duration":1e300},"org.matrix.msc3245.voice":{}}`, "",
			file(chat.Body{}, chat.File{ID: "mxc://example.org/a", Name: "voice message.caf", Kind: chat.Voice, Duration: 1e6 * time.Second}),
		},
		{
			"A20 gallery", "m.room.message", `{"msgtype":"com.beeper.gallery","body":"2 images","com.beeper.gallery.caption":"the party","com.beeper.gallery.images":[
			{"msgtype":"m.image","body":"a.png","url":"mxc://example.org/a","info":{"w":3,"h":-4}},{"msgtype":"m.video","body":"b.mp4","url":"mxc://example.org/b","info":{"duration":1500}},7]}`, "",
			file(chat.Body{Text: "the party"}, chat.File{ID: "mxc://example.org/a", Name: "a.png", Kind: chat.Picture, Width: 3},
				chat.File{ID: "mxc://example.org/b", Name: "b.mp4", Kind: chat.Film, Duration: 1500 * time.Millisecond}),
		},
		{"A21 location", "m.room.message", `{"msgtype":"m.location","body":"At the pier","geo_uri":"geo:51.5,-0.12;u=35"}`, "", posted("At the pier\nhttps://www.openstreetmap.org/?mlat=51.5&mlon=-0.12", "")},
		{"A21 location as a link to OpenStreetMap", "m.room.message", `{"msgtype":"m.location","body":"Here","geo_uri":"https://www.openstreetmap.org/?mlat=51.5&mlon=-0.12#map=16/51.5/-0.12"}`, "", posted("Here\nhttps://www.openstreetmap.org/?mlat=51.5&mlon=-0.12", "")},
		{"A21 location that stands in the text", "m.room.message", `{"msgtype":"m.location","body":"Here https://www.openstreetmap.org/#map=16/51.5/-0.12","geo_uri":"geo:51.5,-0.12"}`, "", posted("Here https://www.openstreetmap.org/#map=16/51.5/-0.12", "")},
		{"A21 location as later clients send it", "m.room.message", `{"msgtype":"m.location","body":"Here","org.matrix.msc3488.location":{"uri":"geo:51.5,-0.12"}}`, "", posted("Here\nhttps://www.openstreetmap.org/?mlat=51.5&mlon=-0.12", "")},
		{"A21 a link that is no map", "m.room.message", `{"msgtype":"m.location","body":"Here","geo_uri":"https://openstreetmap.org.example/?mlat=51.5&mlon=-0.12"}`, "", posted("Here", "")},
	})
}

func TestConvertPolls(t *testing.T) {
	convert(t, []conversion{
		{
			"A22 poll, as clients send it", "org.matrix.msc3381.poll.start", `{"org.matrix.msc1767.text":"Lunch?\n1. Yes","org.matrix.msc3381.poll.start":{"kind":"org.matrix.msc3381.poll.undisclosed","max_selections":5,"question":{"org.matrix.msc1767.text":"Lunch?"},"answers":[{"id":"y","org.matrix.msc1767.text":"Yes"},{"id":"y","org.matrix.msc1767.text":"twice"},{"id":7},{"id":"n","org.matrix.msc1767.text":"No"}]}}`, "",
			chat.Posted{Head: bob, Message: "$e", Poll: &chat.Poll{Question: "Lunch?", Most: 2, Form: "org.matrix.msc3381.poll.", Answers: []chat.PollAnswer{{ID: "y", Text: "Yes"}, {ID: "n", Text: "No"}}}},
		},
		{"A22 poll without answers is a text", "org.matrix.msc3381.poll.start", `{"org.matrix.msc1767.text":"Lunch?\n1. Yes"}`, "", posted("Lunch?\n1. Yes", "")},
		{"A23 vote", "m.poll.response", `{"m.selections":["yes"],"m.relates_to":{"rel_type":"m.reference","event_id":"$p"}}`, "", chat.Voted{Head: bob, Poll: "$p", Vote: "$e", Answers: []string{"yes"}}},
		{"A23 vote, as clients send it", "org.matrix.msc3381.poll.response", `{"org.matrix.msc3381.poll.response":{"answers":["yes"]},"m.relates_to":{"rel_type":"m.reference","event_id":"$p"}}`, "", chat.Voted{Head: bob, Poll: "$p", Vote: "$e", Answers: []string{"yes"}}},
		{"A23 vote for nothing", "m.poll.response", `{"m.selections":["yes"]}`, "", nil},
		{"A23 vote of a wrong type", "m.poll.response", `{"m.selections":7,"m.relates_to":{"rel_type":"m.reference","event_id":"$p"}}`, "", nil},
		{"A24 end, as clients send it", "org.matrix.msc3381.poll.end", `{"org.matrix.msc3381.poll.end":{},"m.relates_to":{"rel_type":"m.reference","event_id":"$p"}}`, "", chat.PollEnded{Head: bob, Poll: "$p", Message: "$e"}},
		{"A24 end of nothing", "m.poll.end", `{}`, "", nil},
	})
}

func TestConvertRooms(t *testing.T) {
	convert(t, []conversion{
		{"A33 picture of the room", "m.room.avatar", `{"url":"mxc://example.org/a"}`, state(""), nil},
		{"A37 invitation of an address", "m.room.third_party_invite", `{"display_name":"ann@…"}`, state("token"), nil},
		{"A40 child of a space", "m.space.child", `{"via":["example.org"]}`, state("!child:example.org"), nil},
		{"A31 name", "m.room.name", `{"name":"Lunch"}`, state(""), chat.Renamed{Head: bob, Name: "Lunch"}},
		{"A31 name taken away", "m.room.name", `{}`, state(""), chat.Renamed{Head: bob}},
		{"A32 topic", "m.room.topic", `{"topic":"Food"}`, state(""), chat.TopicSet{Head: bob, Topic: "Food"}},
		{"A32 M15 rich topic alone", "m.room.topic", `{"m.topic":{"m.text":[{"mimetype":"text/html","body":"<b>Food</b>"},{"body":"Food"}]}}`, state(""), chat.TopicSet{Head: bob, Topic: "Food"}},
		{"A32 M15 both", "m.room.topic", `{"topic":"Food","m.topic":{"m.text":[{"body":"Other"}]}}`, state(""), chat.TopicSet{Head: bob, Topic: "Food"}},
		{"A32 odd rich topic", "m.room.topic", `{"topic":"Food","m.topic":[1]}`, state(""), chat.TopicSet{Head: bob, Topic: "Food"}},
		{"A32 topic taken away", "m.room.topic", `{}`, state(""), chat.TopicSet{Head: bob}},
		{"A32 no state", "m.room.topic", `{"topic":"Food"}`, "", nil},
		{"A32 content is a list", "m.room.topic", `[1]`, state(""), chat.TopicSet{Head: bob}},
		{"A31 no state", "m.room.name", `{"name":"Lunch"}`, "", nil},
		{"A34 join", "m.room.member", `{"membership":"join","displayname":"Bob"}`, state("@bob:example.org"), chat.Joined{Head: by("@bob:example.org", "Bob")}},
		{"A34 change of name", "m.room.member", `{"membership":"join","displayname":"Bobby"}`, state("@bob:example.org") + `,"unsigned":{"prev_content":{"membership":"join"}}`, nil},
		{"A34 kick", "m.room.member", `{"membership":"leave","displayname":"Eve"}`, state("@eve:example.org") + `,"unsigned":{"prev_content":{"membership":"join"}}`, chat.Left{Head: by("@eve:example.org", "Eve")}},
		{"A34 invitation of a person", "m.room.member", `{"membership":"invite"}`, state("@eve:example.org"), nil},
		{"A34 invitation declined", "m.room.member", `{"membership":"leave"}`, state("@eve:example.org") + `,"unsigned":{"prev_content":{"membership":"invite"}}`, nil},
		{"A36 ghost kicked", "m.room.member", `{"membership":"leave"}`, state("@hashsend_ann:example.org") + `,"unsigned":{"prev_content":{"membership":"join"}}`, chat.PutOut{Head: bob, Ghost: "ann"}},
		{"A36 ghost banned, where the homeserver does not say what was before", "m.room.member", `{"membership":"ban"}`, state("@hashsend_ann:example.org"), chat.PutOut{Head: bob, Ghost: "ann"}},
		{"A36 the ban of a ghost ends", "m.room.member", `{"membership":"leave"}`, state("@hashsend_ann:example.org") + `,"unsigned":{"prev_content":{"membership":"ban"}}`, nil},
		{"A36 the invitation of a ghost is taken back", "m.room.member", `{"membership":"leave"}`, state("@hashsend_ann:example.org") + `,"unsigned":{"prev_content":{"membership":"invite"}}`, nil},
		{"A36 ghost leaves by itself", "m.room.member", `{"membership":"leave"}`, state("@hashsend_ann:example.org") + `,"sender":"@hashsend_ann:example.org"`, nil},
		{"A35 ghost invited", "m.room.member", `{"membership":"invite"}`, state("@hashsend_ann:example.org"), chat.Invited{Head: bob, As: "@hashsend_ann:example.org", Ghost: "ann"}},
		{"A38 bot invited", "m.room.member", `{"membership":"invite"}`, state("@hashsendbot:example.org"), chat.Invited{Head: bob}},
		{"A38 bot put out", "m.room.member", `{"membership":"ban"}`, state("@hashsendbot:example.org"), chat.Left{Head: by("@hashsendbot:example.org", ""), Self: true}},
		{"A39 ghost invited for a chat of two", "m.room.member", `{"membership":"invite","is_direct":true}`, state("@hashsend_ann:example.org"), chat.Invited{Head: bob, As: "@hashsend_ann:example.org", Ghost: "ann", Direct: true}},
		{"A41 tombstone that leads nowhere", "m.room.tombstone", `{"body":"closed"}`, state(""), nil},
		{"A42 power levels", "m.room.power_levels", `{}`, state(""), nil},
		{"A43 encrypted", "m.room.encrypted", `{"algorithm":"m.megolm.v1.aes-sha2"}`, "", nil},
	})
}

func TestConvertCommands(t *testing.T) {
	convert(t, []conversion{
		{
			"command", "m.room.message", `{"msgtype":"m.text","body":" !send  link ann_b@example.org ","format":"org.matrix.custom.html","formatted_body":"!send link ann<em>b@example.org"}`, "",
			chat.Command{Head: bob, Message: "$e", Text: "link ann_b@example.org"},
		},
		{
			"command in a thread", "m.room.message", `{"msgtype":"m.text","body":"!send","m.relates_to":{"rel_type":"m.thread","event_id":"$root"}}`, "",
			chat.Command{Head: in("$root"), Message: "$e", Root: "$root", About: "$root"},
		},
		{
			"command that answers a message", "m.room.message", `{"msgtype":"m.text","body":"!send why","m.relates_to":{"m.in_reply_to":{"event_id":"$q"}}}`, "",
			chat.Command{Head: bob, Message: "$e", Text: "why", About: "$q"},
		},
		{"no command", "m.room.message", `{"msgtype":"m.text","body":"!sender"}`, "", posted("!sender", "")},
	})
}

func TestOwnWordsAreLeftOut(t *testing.T) {
	service, plain := reader.Users, matrixtest.Account("").Users
	for _, c := range []struct {
		on     matrixtext.Users
		sender string
		own    bool
	}{
		{service, "@hashsendbot:example.org", true},
		{service, "@hashsend_ann:example.org", true},
		{service, "@hashsend_ann:example.com", false},
		{service, "@hashsen:example.org", false},
		{plain, "@hashsend:example.org", true},
		{plain, "@hashsend_ann:example.org", false},
	} {
		e := matrixtest.Event(t, "m.room.message", `{"msgtype":"m.text","body":"x"}`, fmt.Sprintf(`,"sender":%q`, c.sender))
		if got := (matrixtext.Reader{Users: c.on}).Convert(e) == nil; got != c.own {
			t.Errorf("words of %s on %s are left out: %v, want %v", c.sender, c.on.Bot, got, c.own)
		}
	}
}

func TestNoticesWhereWanted(t *testing.T) {
	notices := reader
	notices.Notices = true
	p, is := notices.Convert(matrixtest.Event(t, "m.room.message", `{"msgtype":"m.notice","body":"!send help"}`, "")).(chat.Posted)
	if !is || p.Kind != chat.Notice || p.Body.Text != "!send help" {
		t.Errorf("a notice became %+v, want the words of a program", p)
	}
}

// FuzzConvert feeds events of any shape: nothing may panic, and what is handed
// over has what the contract promises.
func FuzzConvert(f *testing.F) {
	f.Add([]byte(`{"type":"m.room.message","event_id":"$e","room_id":"!r:x","sender":"@b:x","content":{"msgtype":"m.text","body":"> <@a:x> q\n\nx","m.relates_to":{"m.in_reply_to":{"event_id":"$a"}}}}`))
	f.Add([]byte(`{"type":"m.room.message","event_id":"$e","sender":"@b:x","content":{"msgtype":"m.image","body":"a","filename":"b","format":"org.matrix.custom.html","formatted_body":"<mx-reply>"}}`))
	f.Add([]byte(`{"type":"m.room.member","event_id":"$e","sender":"b","state_key":"","content":{"membership":"join"}}`))
	f.Add([]byte(`{"type":"m.reaction","event_id":"$e","sender":"@b:x","content":{"m.relates_to":{"rel_type":"m.annotation","event_id":"$a","key":"mxc://"}}}`))
	notices := reader
	notices.Notices = true
	f.Fuzz(func(t *testing.T, raw []byte) {
		e, err := matrixtext.ParseEvent(raw)
		if err != nil {
			return
		}
		empty := func(b chat.Body, p *chat.Poll) bool { return b.Text == "" && len(b.Files) == 0 && p == nil }
		switch got := notices.Convert(e).(type) {
		case chat.Posted:
			if got.Event == "" || got.Message == "" || empty(got.Body, got.Poll) {
				t.Errorf("a message without id or content: %+v", got)
			}
		case chat.Edited:
			if got.Message == "" || empty(got.Body, got.Poll) {
				t.Errorf("an edit of nothing or to nothing: %+v", got)
			}
		case chat.Reacted:
			if got.Message == "" || got.Emoji == "" {
				t.Errorf("an empty reaction: %+v", got)
			}
		}
	})
}

// EVENTS 6.1: whatever is missing in an event, or has the wrong type, nothing panics.
func TestDamagedPayloads(t *testing.T) {
	chattest.Damaged(t, "matrix", func(event json.RawMessage) {
		if e, err := matrixtext.ParseEvent(event); err == nil {
			reader.Convert(e)
		}
	})
}
