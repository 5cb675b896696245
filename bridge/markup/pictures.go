package markup

import (
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// Picture is an image in HTML whose content is a part of the same mail (RFC 2392).
type Picture struct {
	ContentID string // without brackets
	Alt       string // the text that stands for it, in one line
}

// Pictures lists the images of a mail's HTML that come with the mail, as they stand.
// Those of emoji are characters: they are none.
func Pictures(source string) []Picture {
	return slices.DeleteFunc(pictures(source), func(p Picture) bool { return IsEmoji(p.Alt) })
}

// Emoji lists the images that come with the mail and stand for an emoji.
func Emoji(source string) []Picture {
	return slices.DeleteFunc(pictures(source), func(p Picture) bool { return !IsEmoji(p.Alt) || p.Alt[0] == ':' })
}

func pictures(source string) (all []Picture) {
	if len(source) > MaxInput {
		source = source[:MaxInput]
	}
	z := html.NewTokenizer(strings.NewReader(source))
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			return all
		}
		if kind != html.StartTagToken && kind != html.SelfClosingTagToken {
			continue
		}
		name, more := z.TagName()
		if string(name) != "img" {
			continue
		}
		var p Picture
		for more {
			var k, v []byte
			k, v, more = z.TagAttr()
			switch string(k) {
			case "src":
				if len(v) > 4 && strings.EqualFold(string(v[:4]), "cid:") {
					p.ContentID = string(v[4:])
				}
			case "alt":
				p.Alt = strings.Join(strings.Fields(string(v)), " ")
			}
		}
		if p.ContentID != "" {
			all = append(all, p)
		}
	}
}
