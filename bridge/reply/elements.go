package reply

import (
	"strings"

	"golang.org/x/net/html/atom"
)

// attrs are the attributes of a start tag that say something about quotes.
type attrs struct {
	id, class, style, name, href, alt, width, marker, start, value string
	hidden                                                         bool
	cite                                                           bool // it says that it is a quote
}

// wordKind is what an id or a class of a program says.
type wordKind uint8

const (
	quoteBox      wordKind = iota + 1 // Gmail's box around line and quote
	historyBox                        // the quoted mail
	attributeLine                     // the line above a quote
	signatureBox
	cutMark // from here on all is quoted
)

// programWords are the ids and classes that mail programs give to the parts of an
// answer. Programs that copy foreign HTML put prefixes before them (x_, ydp…,
// m_123…, gmail-); see programWord.
var programWords = table([]words[wordKind]{
	{quoteBox, "gmail_quote|gmail_quote_container|nylas-quote"},
	{historyBox, "ntes-mailmaster-quote|includetail|yahoo_quoted|olk_src_body_section|isreplycontent|origbody|zmail_extra|zmail_extra_hr|protonmail_quote|tutanota_quote|skiff_quote|mail-editor-reference-message-container|messagereplysection|gmx_quote|iosymail|wmquote|qmquote|__quoted_text__|mailcontainer_quote|cm_quote|replybody|ymail_quote|front-blockquote|quotedmail|mailquote"},
	{attributeLine, "gmail_attr|moz-cite-prefix|__quoted_header__|yahoo-quoted-attribution|tutanota_quote_header|gmail_quote_attribution|cite-prefix|front-attribution"},
	{signatureBox, "ymail_android_signature|ymail_ios_signature|ntes-signature|imail_signature|ntes-mailmaster-signature|aolmail_signature|zmail_signature|front-signature|hey-signature|gmail_signature|signature|moz-signature|ms-outlook-mobile-signature|ms-outlook-ios-signature|protonmail_signature_block|applemailsignature|__sig_pre__|__sig_post__|mobile-signature|mail-signature|email-signature|composer_signature|signature_block|yahoo-signature|yahoo_signature|ydp_signature|mailspring-signature|n1-signature|nylas-n1-signature"},
	{cutMark, "divrplyfwdmsg|stopspelling|zwchr|replysplit|orimsghtmlseperator|replyforwardheader|zmail_extra_hr|__hr__|stop-spelling"},
})

// programWord looks an id or one class up, without what was put before it.
func programWord(w string) wordKind {
	w = strings.ToLower(strings.Trim(w, "\"'"))
	if k := programWords[w]; k != 0 {
		return k
	}
	for strings.HasPrefix(w, "x_") {
		w = w[2:]
	}
	if rest, ok := strings.CutPrefix(w, "3d"); ok {
		w = strings.Trim(rest, "\"'")
	}
	if k := programWords[w]; k != 0 {
		return k
	}
	if strings.HasPrefix(w, "m_") || strings.HasPrefix(w, "ydp") || strings.HasPrefix(w, "gmail-") || strings.HasPrefix(w, "yiv") {
		for _, cut := range [...]string{"yahoo_quoted", "gmail_quote", "nylas-quote", "divrplyfwdmsg", "gmail_signature", "moz-cite-prefix", "gmail_attr", "signature"} {
			if strings.HasSuffix(w, cut) {
				return programWords[cut]
			}
		}
	}
	return 0
}

// what looks id, marker, classes and name up.
func (a *attrs) what() (found wordKind, word string) {
	try := func(w string) bool {
		if w == "" || found != 0 {
			return found != 0
		}
		if k := programWord(w); k != 0 {
			found, word = k, w
		}
		return found != 0
	}
	if try(a.id) || try(a.marker) {
		return
	}
	for c := range strings.FieldsSeq(a.class) {
		if try(c) {
			return
		}
	}
	if a.name == "quote" {
		return historyBox, "name=quote"
	}
	if a.name == "messageReplySection" {
		return historyBox, a.name
	}
	return
}

// apply changes the state for what is inside of an element.
//
// Many branches: one for each thing that an element may say.
func (a *attrs) apply(st *state, tag atom.Atom) {
	switch tag {
	case atom.Style, atom.Script, atom.Title, atom.Head, atom.Template, atom.Noscript, atom.Select, atom.Object, atom.Svg:
		st.hidden = true
		return
	case atom.Pre, atom.Textarea:
		st.pre = true
		st.mark |= inCode
	}
	if tag == atom.Div && strings.Contains(a.style, "border-top") && strings.Contains(a.style, "solid") {
		st.mark |= inBorder
	}
	if tag == atom.Blockquote && !indents(a.style) {
		st.depth++
		st.rule = "blockquote"
		if a.cite {
			st.rule = "cite"
		}
	}
	if hasOwnMark(a.id) || hasOwnMark(a.class) && !strings.HasSuffix(a.class, "hs-body") {
		st.depth++
		st.rule = "own-mark"
	}
	kind, word := a.what()
	switch kind {
	case quoteBox:
		st.mark |= inQuoteBox
	case historyBox:
		st.mark |= inHistory
		st.rule = word
	case attributeLine:
		st.mark |= inAttribute
		st.rule = word
	case signatureBox:
		st.mark |= inSignature
		st.rule = word
	}
}

// hasOwnMark recognises the ids and classes of our own mails, whatever was put
// before them.
func hasOwnMark(id string) bool {
	i := strings.Index(id, "hs-")
	return i == 0 || i > 0 && (id[i-1] == '_' || id[i-1] == ' ' || id[i-1] >= '0' && id[i-1] <= '9')
}

// indents tells whether a blockquote is only moved to the right: programs write
// it without a border for that.
func indents(style string) bool {
	s := strings.ReplaceAll(strings.ToLower(style), " ", "")
	return strings.Contains(s, "border:none") && strings.Contains(s, "40px")
}

// nature is what an element is to the reader.
type nature uint8

const (
	isBlock nature = 1 << iota // it begins a line of its own
	isGap                      // it leaves an empty line around it
	isTable                    // it is part of a table
	isVoid                     // it has no end tag
	isHead                     // it may stand in the head; any other ends that
)

// natures has those of all elements that have one.
var natures = func() map[atom.Atom]nature {
	all := make(map[atom.Atom]nature, 128)
	for t, n := range blocks {
		if all[t] |= isBlock * nature(min(n, 1)); n == 2 {
			all[t] |= isGap
		}
	}
	for t := range tableParts {
		all[t] |= isTable
	}
	for t := range void {
		all[t] |= isVoid
	}
	for t := range inHead {
		all[t] |= isHead
	}
	return all
}()

// void elements have no end tag.
var void = map[atom.Atom]bool{
	atom.Area: true, atom.Base: true, atom.Col: true, atom.Embed: true, atom.Input: true, atom.Link: true,
	atom.Meta: true, atom.Param: true, atom.Source: true, atom.Track: true, atom.Wbr: true,
}

// blocks begin a line of their own (1), and leave an empty line around them (2).
var blocks = map[atom.Atom]int{
	atom.Address: 1, atom.Article: 1, atom.Aside: 1, atom.Blockquote: 2, atom.Body: 1, atom.Center: 1, atom.Dd: 1,
	atom.Div: 1, atom.Dl: 1, atom.Dt: 1, atom.Fieldset: 1, atom.Figure: 1, atom.Footer: 1, atom.Form: 1,
	atom.H1: 2, atom.H2: 2, atom.H3: 2, atom.H4: 2, atom.H5: 2, atom.H6: 2, atom.Header: 1, atom.Html: 1,
	atom.Li: 1, atom.Main: 1, atom.Nav: 1, atom.Ol: 1, atom.P: 2, atom.Pre: 1, atom.Section: 1, atom.Table: 1,
	atom.Tbody: 1, atom.Thead: 1, atom.Tfoot: 1, atom.Tr: 1, atom.Ul: 1, atom.Caption: 1, atom.Td: 0, atom.Th: 0,
}

var tableParts = map[atom.Atom]bool{
	atom.Table: true, atom.Tbody: true, atom.Thead: true, atom.Tfoot: true, atom.Tr: true, atom.Td: true, atom.Th: true,
}

// formats are the elements for which HTML is worth keeping.
var formats = map[atom.Atom]bool{
	atom.B: true, atom.Strong: true, atom.I: true, atom.Em: true, atom.U: true, atom.S: true, atom.Strike: true, atom.Del: true,
	atom.Code: true, atom.Pre: true, atom.A: true, atom.Ul: true, atom.Ol: true, atom.Table: true, atom.Blockquote: true,
	atom.H1: true, atom.H2: true, atom.H3: true, atom.H4: true, atom.H5: true, atom.H6: true, atom.Tt: true,
}

// frames are the elements around a body, and unknown ones: they are not written.
var frames = map[atom.Atom]bool{0: true, atom.Html: true, atom.Body: true, atom.Head: true}

// inHead are the elements that may stand in the head; any other ends it.
var inHead = map[atom.Atom]bool{
	atom.Style: true, atom.Script: true, atom.Title: true, atom.Template: true, atom.Noscript: true, atom.Object: true, atom.Head: true, 0: true,
	atom.Meta: true, atom.Link: true, atom.Base: true,
}
