package matrixtext

import (
	"fmt"
	"regexp"
	"strings"
)

// places are the forms in which a place on a map is written: a geo URI (RFC 5870), and
// links to OpenStreetMap.
var places = []*regexp.Regexp{
	regexp.MustCompile(`^geo:(-?\d{1,3}(?:\.\d+)?),(-?\d{1,3}(?:\.\d+)?)`),
	regexp.MustCompile(`^https?://(?:www\.)?(?:openstreetmap\.org|osm\.org)/[^ ]*[?&]mlat=(-?\d{1,3}(?:\.\d+)?)&mlon=(-?\d{1,3}(?:\.\d+)?)`),
	regexp.MustCompile(`^https?://(?:www\.)?(?:openstreetmap\.org|osm\.org)/[^ ]*#map=\d+(?:\.\d+)?/(-?\d{1,3}(?:\.\d+)?)/(-?\d{1,3}(?:\.\d+)?)`),
}

// mapLink returns a link to a map of a place; empty: the URI names none.
func mapLink(uri string) string {
	for _, form := range places {
		if m := form.FindStringSubmatch(uri); m != nil {
			return fmt.Sprintf("https://www.openstreetmap.org/?mlat=%s&mlon=%s", m[1], m[2])
		}
	}
	return ""
}

// location is the text of a shared location. A link that is already in the text is not
// repeated.
func (c content) location() string {
	link := mapLink(c.GeoURI)
	if link == "" {
		link = mapLink(c.Location.URI)
	}
	for word := range strings.FieldsSeq(c.Text) {
		if mapLink(word) == link {
			link = ""
		}
	}
	return strings.TrimSpace(c.Text + "\n" + link)
}
