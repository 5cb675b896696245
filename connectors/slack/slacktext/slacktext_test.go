package slacktext

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"hashsend/bridge/chat/chattest"
	"hashsend/bridge/markup"
)

// workspace knows a few names.
type workspace struct{}

func (workspace) User(id string) string {
	return map[string]string{"U1": "Ann Lee", "U2": "a <b> & c"}[id]
}

func (workspace) Channel(id string) (string, bool) {
	name, ok := map[string]string{"C1": "general"}[id]
	return name, ok
}

func (workspace) Group(id string) string { return map[string]string{"S1": "@team"}[id] }

func (workspace) Emoji(name string) (string, bool) {
	e, ok := map[string]string{"yes": "👍"}[name]
	return e, ok
}

// subset is the HTML of a result, made from its text where that says it all.
func (r Result) subset() string {
	if r.HTML == "" {
		return markup.Sanitise(markup.FromText(r.Text))
	}
	return r.HTML
}

func TestMrkdwn(t *testing.T) {
	for _, c := range []struct{ name, in, text, html string }{
		{"B16 styles", "*bold* _it_ ~gone~ `code`", "", "<strong>bold</strong> <em>it</em> <del>gone</del> <code>code</code>"},
		{"B16 styles need the border of a word", "2*3*4 snake_case_name a~b~c", "2*3*4 snake_case_name a~b~c", ""},
		{"B16 no style over a space", "* not bold* and _ no_", "* not bold* and _ no_", ""},
		{"B16 styles in each other", "*_both_*", "", "<strong><em>both</em></strong>"},
		{"B16 only three escapes", "1 &lt; 2 &amp;&amp; 3 &gt; 2 &nbsp; &#33;", "1 < 2 && 3 > 2 &nbsp; &#33;", ""},
		{"B16 what stands in code stays", "`*a* <@U1> :smile: &lt;b&gt;`", "", "<code>*a* @U1 :smile: &lt;b&gt;</code>"},
		{"B16 code block", "see\n```x := *y*\n  z```\nend", "", "<p>see</p><pre><code>x := *y*\n  z</code></pre><p>end</p>"},
		{"B16 quote", "&gt; yes\n&gt; no\nanswer", "", "<blockquote>yes<br>no</blockquote><p>answer</p>"},
		{"B16 quote to the end", "&gt;&gt;&gt;a\nb", "", "<blockquote>a<br>b</blockquote>"},
		{"B20 mention", "hi <@U1> and <@U9|nine>", "hi @Ann Lee and @someone", ""},
		{"B20 a name is no markup", "hi <@U2>", "hi @a <b> & c", ""},
		{"B21 channel", "in <#C1|old> and <#C2|secret>", "in #general and #private-channel", ""},
		{"B22 everybody and groups", "<!here> <!channel|channel> <!subteam^S1|@x> <!subteam^S2>", "@here @channel @team @group", ""},
		{"B23 date", "<!date^1392734382^{date}|Feb 18, 2014>", "Feb 18, 2014", ""},
		{
			"B24 links", "<https://example.com/a?b=1&amp;c=2|here> <mailto:a@b.example|a@b.example> <tel:+1234|+1234>", "",
			`<a href="https://example.com/a?b=1&amp;c=2">here</a> <a href="mailto:a@b.example">a@b.example</a> +1234`,
		},
		{"B24 a link that leads nowhere good", "<javascript:alert(1)|click>", "click", ""},
		{
			"B24 a label that names another host", "<https://evil.example|https://bank.example>", "",
			`<a href="https://evil.example">https://bank.example (evil.example)</a>`,
		},
		{"B25 emoji", ":wave: :+1::skin-tone-3: :yes: :nosuch: 12:30:45", "👋 👍🏼 👍 :nosuch: 12:30:45", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := Read(Message{Text: c.in}, workspace{})
			if c.text != "" && (got.Text != c.text || got.HTML != "") {
				t.Errorf("read %q, %q; want %q alone", got.Text, got.HTML, c.text)
			}
			if c.html != "" && got.subset() != c.html {
				t.Errorf("read %q; want %q", got.subset(), c.html)
			}
		})
	}
	got := Read(Message{Text: "<@U1> <!here>"}, workspace{})
	if !slices.Equal(got.Mentions, []string{"U1"}) || !got.MentionsAll {
		t.Errorf("mentions %v, all %v", got.Mentions, got.MentionsAll)
	}
}

func TestBlocks(t *testing.T) {
	for _, c := range []struct{ name, blocks, fallback, want string }{
		{
			"B17 styles, people, places", `[{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[
			{"type":"text","text":"hi ","style":{"bold":true,"italic":true}},{"type":"user","user_id":"U1"},{"type":"text","text":" in "},{"type":"channel","channel_id":"C2"},
			{"type":"broadcast","range":"here"},{"type":"usergroup","usergroup_id":"S1"},{"type":"emoji","name":"x","unicode":"1f44d-1f3fd"},{"type":"color","value":"#F00"},
			{"type":"link","url":"https://e.example","text":"go"},{"type":"date","timestamp":0,"fallback":"then"},{"type":"novel","text":"new"}]}]}]`, "",
			`<strong><em>hi</em></strong> @Ann Lee in #private-channel@here@team👍🏽#F00<a href="https://e.example">go</a>thennew`,
		},
		{
			"B17 lists nest", `[{"type":"rich_text","elements":[
			{"type":"rich_text_list","style":"bullet","indent":0,"elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"a"}]}]},
			{"type":"rich_text_list","style":"ordered","indent":1,"elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"one"}]},{"type":"rich_text_section","elements":[{"type":"text","text":"two"}]}]},
			{"type":"rich_text_list","style":"bullet","indent":0,"elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"b"}]}]}]}]`, "",
			"<ul><li>a<ol><li>one</li><li>two</li></ol></li><li>b</li></ul>",
		},
		{
			"B17 a list that goes on", `[{"type":"rich_text","elements":[{"type":"rich_text_list","style":"ordered","indent":0,"offset":2,"elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"three"}]}]}]}]`, "",
			`<ol start="3"><li>three</li></ol>`,
		},
		{
			"B17 code and quote", `[{"type":"rich_text","elements":[{"type":"rich_text_preformatted","language":"go","elements":[{"type":"text","text":"a < b"}]},{"type":"rich_text_quote","elements":[{"type":"text","text":"said"}]}]}]`, "",
			`<pre><code class="language-go">a &lt; b</code></pre><blockquote>said</blockquote>`,
		},
		{
			"B18 section, fields, button", `[{"type":"header","text":{"type":"plain_text","text":"Build :+1:"}},{"type":"section","text":{"type":"mrkdwn","text":"*done* in 3 s"},"fields":[{"type":"plain_text","text":"a"},{"type":"mrkdwn","text":"_b_"}]},
			{"type":"actions","elements":[{"type":"button","text":{"type":"plain_text","text":"Retry"},"value":"x"}]},{"type":"divider"},{"type":"image","alt_text":"a graph","image_url":"https://e.example/x.png"}]`, "",
			"<h3>Build 👍</h3><p><strong>done</strong> in 3 s<br>a<br><em>b</em></p><p>[Retry] (only in Slack)</p><hr><p>[a graph]</p>",
		},
		{"B18 a block of a new type", `[{"type":"hologram","title":{"type":"plain_text","text":"See"},"body":{"elements":[{"type":"mrkdwn","text":"_this_"}]}}]`, "", "See<br><em>this</em>"},
		{
			"B18 a table", `[{"type":"table","rows":[[{"type":"raw_text","text":"a"},{"type":"raw_text","text":"b"}],[{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"c"}]}]},{"type":"raw_text","text":"d"}]]}]`, "",
			"<p>a | b</p><p>c | d</p>",
		},
		{"B18 nothing to read: the text", `[{"type":"hologram","id":7}]`, "the *text*", "the <strong>text</strong>"},
		{"one broken block spoils nothing", `[7,{"type":"rich_text","elements":"no"},{"type":"section","text":{"type":"mrkdwn","text":"*ok*"}}]`, "", "<strong>ok</strong>"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := Read(Message{Text: c.fallback, Blocks: json.RawMessage(c.blocks)}, workspace{})
			if got.subset() != c.want {
				t.Errorf("read %q; want %q", got.subset(), c.want)
			}
		})
	}
}

func TestAttachments(t *testing.T) {
	for _, c := range []struct{ name, text, attachments, want string }{
		{
			"B19 a box", "new", `[{"pretext":"see","title":"Build 7","title_link":"https://ci.example/7","text":"*ok*","fields":[{"title":"Branch","value":"main"}],"footer":"ci"}]`,
			`<p>new</p><p>see</p><blockquote><p><strong><a href="https://ci.example/7">Build 7</a></strong></p><p><strong>ok</strong></p><p><strong>Branch</strong> main</p><p><em>ci</em></p></blockquote>`,
		},
		{"B19 what stands behind a link", "<https://e.example>", `[{"from_url":"https://e.example","original_url":"https://e.example","title":"Example"}]`, `<a href="https://e.example">https://e.example</a>`},
		{
			"B19 another message", "look", `[{"is_msg_unfurl":true,"channel_id":"C9","from_url":"https://x.slack.com/archives/C9/p1","text":"a secret"}]`,
			`<p>look</p><p><a href="https://x.slack.com/archives/C9/p1">https://x.slack.com/archives/C9/p1</a></p>`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Read(Message{Text: c.text, Attachments: json.RawMessage(c.attachments)}, workspace{}); got.subset() != c.want {
				t.Errorf("read %q; want %q", got.subset(), c.want)
			}
		})
	}
}

func TestFixtures(t *testing.T) {
	for name, want := range map[string]string{
		"S03": "Pushing is the answer", "S09": "test", "S10": "", "S15": "broadcasting this reply",
	} {
		var m struct {
			Text        string
			Blocks      json.RawMessage
			Attachments json.RawMessage
		}
		if err := json.Unmarshal(chattest.Payload(t, "slack", name), &m); err != nil {
			t.Fatal(err)
		}
		if got := Read(Message{Text: m.Text, Blocks: m.Blocks, Attachments: m.Attachments}, workspace{}); want != "" && got.Text != want {
			t.Errorf("%s: read %q, want %q", name, got.Text, want)
		}
	}
	for name, want := range map[string]string{"S11": "pre", "S12": "#private-channel", "S23": "Some Text👍👍🏻"} {
		block := chattest.Payload(t, "slack", name)
		var kind struct{ Type string }
		if err := json.Unmarshal(block, &kind); err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(kind.Type, "rich_text_") {
			block = json.RawMessage(`{"type":"rich_text","elements":[` + string(block) + `]}`)
		}
		got := Read(Message{Blocks: json.RawMessage("[" + string(block) + "]")}, workspace{})
		if !strings.Contains(got.Text+got.HTML, want) {
			t.Errorf("%s: read %q %q, want %q in it", name, got.Text, got.HTML, want)
		}
	}
}

// TestRoundTrip writes what the bridge has and reads it as Slack gives it back.
func TestRoundTrip(t *testing.T) {
	for _, in := range []string{
		"plain", "<strong>bold</strong> and <em>it</em>", "<p>one</p><p>two</p>", "a<br>b",
		`<a href="https://e.example/?a=1&amp;b=2">go</a>`, "<ul><li>a<ol><li>x</li><li>y</li></ol></li><li>b</li></ul>", `<ol start="3"><li>c</li><li>d</li></ol>`,
		"<blockquote>said<br>twice</blockquote><p>answer</p>", `<pre><code class="language-go">a &lt; b
  c</code></pre>`, "<p>before</p><ul><li>a</li></ul><p>after</p>", "<h2>Title</h2><p>text</p>",
	} {
		blocks, fallback := RichText(in, "", markup.Names{})
		got := Read(Message{Text: fallback, Blocks: blocks}, workspace{})
		if want := markup.ToText(in); got.Text != want {
			t.Errorf("%q came back as %q, want %q (%s)", in, got.Text, want, blocks)
		}
	}
	if blocks, fallback := RichText("", "", markup.Names{}); blocks != nil || fallback != "" {
		t.Errorf("of nothing came %s, %q", blocks, fallback)
	}
}

// harmless checks that nothing in blocks rings anybody.
func harmless(t *testing.T, blocks json.RawMessage, fallback string) {
	t.Helper()
	for _, bad := range []string{"<!", "<@", "<#"} {
		if strings.Contains(fallback, bad) {
			t.Errorf("the text has %q: %q", bad, fallback)
		}
	}
	if blocks == nil {
		return
	}
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				walk(e)
			}
		case map[string]any:
			switch kind, _ := v["type"].(string); kind {
			case "rich_text", "rich_text_section", "rich_text_list", "rich_text_quote", "rich_text_preformatted", "text":
			case "link":
				url, _ := v["url"].(string)
				scheme, _, _ := strings.Cut(strings.ToLower(url), ":")
				if scheme != "http" && scheme != "https" && scheme != "mailto" {
					t.Errorf("a link leads to %q", url)
				}
			default:
				t.Errorf("an element of type %q", kind)
			}
			walk(v["elements"])
		}
	}
	var all any
	if err := json.Unmarshal(blocks, &all); err != nil {
		t.Fatalf("%v: %s", err, blocks)
	}
	walk(all)
}

func TestNothingRings(t *testing.T) {
	for _, in := range []string{
		"<!channel> <@U1> <#C1>", "&lt;!channel&gt;", "@channel @here @everyone", "<!here|here>", "<@U1|x>", "<https://e.example|x>", `<a href="javascript:x">y</a>`,
		`<a href="slack://user?team=T1&amp;id=U1">y</a>`, "<!subteam^S1>", "<span data-mx-spoiler>x</span>",
	} {
		blocks, fallback := RichText(markup.Sanitise(in), "", markup.Names{})
		harmless(t, blocks, fallback)
		blocks, fallback = RichText("", in, markup.Names{})
		harmless(t, blocks, fallback)
		if strings.Contains(strings.ToLower(fallback), "@channel") || strings.Contains(string(blocks), "@channel") {
			t.Errorf("%q rings all: %s %s", in, blocks, fallback)
		}
	}
}

func TestEmojiNames(t *testing.T) {
	for emoji, want := range map[string]string{"👍": "+1", "👍🏽": "+1::skin-tone-4", "❤️": "heart", "❤": "heart", "⚠️": "warning", ":yes:": "yes"} {
		if got, ok := EmojiName(emoji); !ok || got != want {
			t.Errorf("%s is %q, want %q", emoji, got, want)
		}
	}
	if got, ok := EmojiName("no emoji"); ok {
		t.Errorf("a text has the name %q", got)
	}
	for name, want := range map[string]string{"+1": "👍", "thumbsup": "👍", "+1::skin-tone-4": "👍🏽", "heart": "❤️"} {
		if got, ok := EmojiOf(name); !ok || got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if first, again := Icon("a"), Icon("a"); first != again {
		t.Error("the picture of a sender changes")
	}
	for _, name := range icons {
		if _, ok := EmojiOf(name); !ok {
			t.Errorf("there is no emoji %q", name)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add("*a* <@U1> `b`", `[{"type":"rich_text","elements":[{"type":"rich_text_list","indent":3,"elements":[{"elements":[{"type":"text","text":"x"}]}]}]}]`, `[{"text":"y"}]`)
	f.Add("&gt;&gt;&gt; ```x", `[{"type":"table","rows":[[{}]]}]`, `[]`)
	f.Fuzz(func(t *testing.T, text, blocks, attachments string) {
		got := Read(Message{Text: text, Blocks: json.RawMessage(blocks), Attachments: json.RawMessage(attachments)}, workspace{})
		if got.HTML != "" && markup.Sanitise(got.HTML) != got.HTML {
			t.Errorf("the HTML is not clean: %q", got.HTML)
		}
	})
}

func FuzzRichText(f *testing.F) {
	f.Add("<ul><li>a<ol><li><p>x</p></li></ol></li></ul><blockquote><pre>y</pre></blockquote>")
	f.Add("<!channel> @here <a href='https://x'>y</a>")
	f.Fuzz(func(t *testing.T, in string) {
		blocks, fallback := RichText(markup.Sanitise(in), "", markup.Names{})
		harmless(t, blocks, fallback)
		blocks, fallback = RichText("", in, markup.Names{})
		harmless(t, blocks, fallback)
	})
}

func BenchmarkRead(b *testing.B) {
	text := strings.Repeat("*bold* and _it_ <https://e.example|link> :wave: some words of a person\n", 20)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		Read(Message{Text: text}, workspace{})
	}
}
