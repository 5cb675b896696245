package mail

import (
	"hash/fnv"
	"html"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"hashsend/bridge/markup"
)

const htmlHead = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<style>
:root { color-scheme: light dark; supported-color-schemes: light dark; }
@media (prefers-color-scheme: dark) {
.hs-body { background: #15171a !important; color: #e8eaed !important; }
.hs-small { color: #9aa0a6 !important; }
.hs-body a { color: #8ab4f8 !important; }
.hs-body pre, .hs-body code { background: #26292e !important; color: #e8eaed !important; }
.hs-body blockquote, .hs-quote { border-color: #4a4f57 !important; color: #b4b9c0 !important; }
}
</style>
</head>
<body class="hs-body" style="margin:0;padding:8px;background:#ffffff;color:#1d1f23;font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;font-size:15px;line-height:1.45">
`

// html returns the HTML part. In the source the message stands before the
// initials (the table runs from right to left), so that a preview begins with
// what was said.
func (d Draft) html() string {
	var b strings.Builder
	b.WriteString(htmlHead)
	b.WriteString(d.preheader())
	if s := strings.TrimSpace(d.Intro); s != "" {
		b.WriteString(`<div style="max-width:600px;margin:0 0 16px">` + styled(markup.FromText(cleanText(s))) + "</div>\n")
	}
	for i := 0; i < len(d.Words); {
		j := i + 1
		for j < len(d.Words) && d.Words[j].Author == d.Words[i].Author && !d.Words[j].Emote && !d.Words[i].Emote {
			j++
		}
		d.group(&b, d.Words[i:j])
		i = j
	}
	for _, r := range d.Reactions {
		b.WriteString(`<div class="hs-quote" dir="auto" style="max-width:600px;margin-top:6px;color:#5f6368;font-size:13px">` + html.EscapeString(oneLine(r)) + "</div>\n")
	}
	if s := strings.TrimSpace(d.About); s != "" {
		b.WriteString(`<div class="hs-quote" style="max-width:600px;margin-top:16px;padding-top:8px;border-top:1px solid #d0d4d9;color:#5f6368;font-size:13px">` + markup.FromText(cleanText(s)) + "</div>\n")
	}
	if len(d.Footer) > 0 {
		b.WriteString(`<div class="hs-small" style="max-width:600px;margin-top:16px;color:#80868b;font-size:12px">`)
		for i, f := range d.Footer {
			if i > 0 {
				b.WriteString(" &middot; ")
			}
			text := html.EscapeString(oneLine(f.Text))
			if safeFooterURL(f.URL) {
				text = `<a class="hs-small" href="` + html.EscapeString(f.URL) + `" style="color:#80868b">` + text + "</a>"
			}
			b.WriteString(text)
		}
		b.WriteString("</div>\n")
	}
	b.WriteString("</body>\n</html>\n")
	return b.String()
}

// preheader is what lists of mails and notifications show of a mail with a spoiler, in
// place of its text: they would print what it hides. It is seen nowhere else.
func (d Draft) preheader() string {
	spoiler := func(w Words) bool { return strings.Contains(w.HTML, "data-mx-spoiler") }
	if !slices.ContainsFunc(d.Words, spoiler) {
		return ""
	}
	const shown = 250 // characters; what follows is room that nothing else can take
	text := html.EscapeString(markup.Truncate(oneLine(d.text()), shown))
	return `<div style="display:none;font-size:1px;line-height:1px;max-height:0;max-width:0;opacity:0;overflow:hidden;mso-hide:all">` +
		text + strings.Repeat(" &zwnj;&nbsp;", shown) + "</div>\n"
}

func safeFooterURL(u string) bool {
	return strings.HasPrefix(u, "mailto:") || strings.HasPrefix(u, "https://") || strings.HasPrefix(u, "http://")
}

// show writes one message of an author: a quote, its words, its pictures and files.
func (w Words) show(b *strings.Builder, author string) {
	if q := markup.Truncate(oneLine(w.Quote), quoteMost); q != "" {
		b.WriteString(`<div class="hs-quote" dir="auto" style="border-left:3px solid #d0d4d9;padding-left:8px;margin:2px 0;color:#5f6368;font-size:13px">` + html.EscapeString(q) + "</div>\n")
	}
	b.WriteString(`<div dir="auto" style="margin:0 0 6px"><span id="hs-` + strconv.Itoa(w.Index) + `">` + w.markup(author) + "</span></div>\n")
	for _, p := range w.Pictures {
		p.show(b)
	}
	for _, f := range w.Files {
		b.WriteString(`<div class="hs-small" style="margin:0 0 6px;color:#80868b;font-size:12px">📎 ` + markup.FromText(oneLine(f)) + "</div>\n")
	}
}

// group writes unbroken words of one author.
func (d Draft) group(b *strings.Builder, ws []Words) {
	author := CleanName(ws[0].Author)
	small := func(style, s string) {
		b.WriteString(`<div class="hs-small" style="` + style + `color:#80868b;font-size:12px">` + s + "</div>\n")
	}
	// A name may be written from right to left; what follows it is not.
	name := "<bdi>" + html.EscapeString(author) + "</bdi>"
	caption, under := name, !d.Names
	switch last := ws[len(ws)-1].At; {
	case author == "" || last.IsZero():
	case d.Times:
		caption, under = name+" · "+TimeOf(ws[0].At), false
	default:
		caption = name + " · " + last.Format("15:04")
	}
	b.WriteString(`<table role="presentation" dir="rtl" cellpadding="0" cellspacing="0" border="0" width="100%" style="max-width:600px;margin:0 0 12px"><tr>
<td dir="ltr" align="left" valign="top">` + "\n")
	if !under && author != "" {
		small("", caption)
	}
	for i, w := range ws {
		if d.Times && !w.At.IsZero() && (i > 0 || author == "") {
			small("margin-top:6px;", TimeOf(w.At))
		}
		w.show(b, author)
	}
	if under && author != "" {
		small("", caption)
	}
	b.WriteString("</td>\n")
	if in := initials(author); in != "" {
		b.WriteString(`<td dir="ltr" width="44" valign="top" style="width:44px"><table role="presentation" cellpadding="0" cellspacing="0" border="0"><tr><td align="center" valign="middle" width="34" height="34" style="width:34px;height:34px;border-radius:17px;background:` +
			colour(author) + `;color:#ffffff;font-size:14px;font-weight:bold;line-height:34px">` + html.EscapeString(in) + "</td></tr></table></td>\n")
	}
	b.WriteString("</tr></table>\n")
}

// widest is how wide a picture is shown at most, in pixels.
const widest = 560

// show writes a picture of the mail.
func (a Attached) show(b *strings.Builder) {
	size := ""
	if a.Width > 0 {
		size = ` width="` + strconv.Itoa(min(a.Width, widest)) + `"`
	}
	b.WriteString(`<div style="margin:0 0 6px"><img src="cid:` + html.EscapeString(a.ContentID) + `" alt="` + html.EscapeString(oneLine(a.Name)) + `"` + size + ` style="max-width:100%;height:auto;border-radius:6px"></div>` + "\n")
}

func (w Words) markup(author string) string {
	s := markup.Sanitise(w.HTML)
	if s == "" {
		s = markup.FromText(cleanText(w.Text))
	}
	s = styled(s)
	if w.Emote {
		by := "* " + html.EscapeString(author)
		if markup.IsLine(s) {
			s = "<em>" + by + " " + s + "</em>"
		} else {
			s = "<em>" + by + "</em> " + s
		}
	}
	if w.Grey {
		s = `<span class="hs-small" style="color:#80868b">` + s + "</span>"
	}
	return s
}

// styled adds styles to the subset. That is safe as text: there a "<" always
// begins a tag.
func styled(s string) string {
	return strings.NewReplacer(
		"<p>", `<p style="margin:0 0 8px">`,
		"<blockquote>", `<blockquote style="margin:4px 0;padding-left:8px;border-left:3px solid #d0d4d9;color:#5f6368">`,
		"<ul>", `<ul style="margin:4px 0;padding-left:22px">`, "<ol>", `<ol style="margin:4px 0;padding-left:26px">`,
		"<th>", `<th style="padding:2px 8px 2px 0;text-align:left;vertical-align:top">`, "<td>", `<td style="padding:2px 8px 2px 0;vertical-align:top">`,
		"<pre>", `<pre style="margin:4px 0;padding:8px;background:#f1f3f4;border-radius:4px;font-size:13px;white-space:pre-wrap">`,
		"<code>", `<code style="background:#f1f3f4;font-family:Consolas,Menlo,monospace;font-size:13px">`,
		"<span data-mx-spoiler", `<span style="background:#80868b;color:#80868b" data-mx-spoiler`,
		"<br>", "<br>\n", "</p>", "</p>\n", "</li>", "</li>\n",
	).Replace(s)
}

// initials returns one or two letters for a name.
func initials(name string) string {
	var out []rune
	for w := range strings.FieldsSeq(name) {
		for _, r := range w {
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				out = append(out, unicode.ToUpper(r))
				break
			}
		}
	}
	switch len(out) {
	case 0:
		return ""
	case 1:
		return string(out)
	}
	return string([]rune{out[0], out[len(out)-1]})
}

// colour gives a name always the same colour; white can be read on all of them.
func colour(name string) string {
	h := fnv.New32a()
	h.Write([]byte(name))
	return []string{"#b3261e", "#8e4585", "#5b3fb5", "#2f5fc4", "#1565a0", "#00796b", "#2e7d32", "#7a5c00", "#a0522d", "#546e7a"}[h.Sum32()%10]
}
