package markup

import (
	"strconv"
	"strings"
)

// attributes are those that matter of one tag.
type attributes struct {
	href, alt, style, id, class, start, width, height, title string
	hidden, spoiler, emoticon                                bool
	reason                                                   string
}

func (a *attributes) set(k, v string) {
	switch k {
	case "href":
		a.href = v
	case "alt":
		a.alt = v
	case "style":
		a.style = v
	case "class":
		a.class = v
	case "id":
		a.id = v
	case "start":
		a.start = v
	case "width":
		a.width = v
	case "height":
		a.height = v
	case "title":
		a.title = v
	case "hidden":
		a.hidden = true
	case "data-mx-spoiler":
		a.spoiler, a.reason = true, v
	case "data-mx-emoticon", "data-emoji", "goomoji", "data-goomoji":
		a.emoticon = true
	}
}

// node returns what a tag means; nil: nothing of its own.
//
// Many branches: one for each element.
func (a attributes) node(tag string) *node {
	n := &node{kind: kindOf(tag), style: a.look()}
	if a.hidden {
		n.style |= hidden
	}
	switch n.kind {
	case link:
		n.val = safeURL(TrueLink(a.href))
	case numbers:
		if i, err := strconv.Atoi(strings.TrimSpace(a.start)); err == nil && i != 1 && i >= 0 && i <= 999_999_999 {
			n.val = strconv.Itoa(i)
		}
	case heading:
		n.val = tag[1:]
	case code:
		n.val = language(a.class)
	case bold:
		if weight := declared(a.style, "font-weight"); weight == "normal" || weight == "400" {
			n.kind = group // as Google Docs wraps a whole text
		}
	case para:
		if a.isTight() {
			n.style |= tight
		}
	case image:
		n.val = a.picture()
		if n.val != "" && (a.emoticon || IsEmoji(n.val)) {
			n.style |= emoji
		}
	case group:
		if a.spoiler {
			n.kind, n.val = spoiler, a.reason
		} else if n.style == 0 {
			return nil
		}
	}
	return n
}

// isTight tells whether a paragraph has no space around it.
func (a attributes) isTight() bool {
	margin := declared(a.style, "margin")
	return strings.HasPrefix(a.class, "Mso") || margin == "0" || strings.HasPrefix(margin, "0px") || strings.HasPrefix(margin, "0 ") || margin == "0in" || margin == "0cm"
}

// kindOf is what a tag means.
//
// Many branches: one for each group of tags.
func kindOf(tag string) kind {
	switch tag {
	case "p":
		return para
	case "br":
		return lineBreak
	case "div", "section", "article", "header", "footer", "main", "aside", "nav", "center", "address", "form", "fieldset",
		"legend", "figure", "figcaption", "details", "summary", "dl", "dt", "dd", "caption", "body", "option":
		return line
	case "blockquote":
		return quote
	case "ul", "menu", "dir":
		return bullets
	case "ol":
		return numbers
	case "li":
		return item
	case "h1", "h2", "h3", "h4", "h5", "h6":
		return heading
	case "pre", "xmp", "listing", "plaintext":
		return pre
	case "hr":
		return rule
	case "table":
		return table
	case "tr":
		return row
	case "td", "th":
		return cell
	case "a":
		return link
	case "b", "strong":
		return bold
	case "i", "em", "cite", "dfn":
		return italic
	case "u", "ins":
		return under
	case "s", "del", "strike":
		return struck
	case "code", "tt", "kbd", "samp":
		return code
	case "sup":
		return raised
	case "sub":
		return lowered
	case "img", "image":
		return image
	}
	return group
}

// look reads the style attribute.
func (a attributes) look() style {
	var s style
	if a.style == "" {
		return s
	}
	switch declared(a.style, "font-weight") {
	case "bold", "bolder", "600", "700", "800", "900":
		s |= styleBold
	}
	if declared(a.style, "font-style") == "italic" {
		s |= styleItalic
	}
	if strings.Contains(declared(a.style, "text-decoration"), "line-through") {
		s |= styleStruck
	}
	return s
}

// declared returns the value of a property in a style attribute, in lower case
// and without "!important".
func declared(style, property string) string {
	const most = 4000
	style = style[:min(len(style), most)]
	value := ""
	for d := range strings.SplitSeq(style, ";") {
		k, v, ok := strings.Cut(d, ":")
		if ok && strings.EqualFold(strings.TrimSpace(k), property) {
			value = strings.TrimSpace(strings.TrimSuffix(strings.ToLower(strings.TrimSpace(v)), "!important"))
		}
	}
	return value
}

// picture returns the text that stands for an image: nothing for a tracking
// pixel or a name that a program gave.
func (a attributes) picture() string {
	if tiny(a.width) || tiny(a.height) || tiny(declared(a.style, "width")) || tiny(declared(a.style, "height")) {
		return ""
	}
	alt := strings.Join(strings.Fields(a.alt), " ")
	if alt == "" && a.emoticon {
		alt = strings.TrimSpace(a.title)
	}
	if len(alt) > 200 {
		return ""
	}
	return alt
}

func tiny(size string) bool {
	switch strings.TrimSuffix(strings.TrimSpace(size), "px") {
	case "0", "1", "2":
		return true
	}
	return false
}

// IsEmoji reports whether the text that stands for a picture is an emoji: :name:, or
// short and without letters of ASCII.
func IsEmoji(s string) bool {
	if s == "" {
		return false
	}
	if len(s) > 2 && len(s) < 60 && s[0] == ':' && s[len(s)-1] == ':' && !strings.Contains(s, " ") {
		return true
	}
	return len(s) <= 40 && len([]rune(s)) <= 12 && strings.IndexFunc(s, func(r rune) bool { return r < 0x2000 && r != 0xa9 && r != 0xae }) < 0 ||
		len(s) <= 8 && s != "" && strings.Trim(s, "0123456789#*\ufe0f\u20e3") == "" && strings.Contains(s, "\u20e3")
}

// language returns NAME of class="language-NAME".
func language(class string) string {
	for f := range strings.FieldsSeq(class) {
		name, ok := strings.CutPrefix(f, "language-")
		if ok && name != "" && len(name) <= 40 && strings.Trim(strings.ToLower(name), "abcdefghijklmnopqrstuvwxyz0123456789+#._-") == "" {
			return name
		}
	}
	return ""
}
