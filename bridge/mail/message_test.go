package mail

import (
	"strings"
	"testing"
)

// TestAuthorName names the writer of an invitation, a forwarded mail or a notice, for
// a room: never by address (EVENTS C8, C11).
func TestAuthorName(t *testing.T) {
	for want, from := range map[string][]Address{
		"Ann Lee": {{Name: "Ann Lee", Address: "ann@example.com"}}, "ann": {{Address: "ann@example.com"}}, "somebody": nil,
	} {
		if got := (&Message{From: from}).AuthorName(); got != want {
			t.Errorf("%v is called %q, want %q", from, got, want)
		}
	}
}

func TestIsFrom(t *testing.T) {
	m := Message{From: []Address{{Address: "ann@example.com"}, {Address: "Bob@example.com"}}}
	for address, want := range map[string]bool{"ANN@example.com": true, "<bob@example.com>": true, "ann@example.org": false, "": false} {
		if got := m.IsFrom(address); got != want {
			t.Errorf("%q: %v, want %v", address, got, want)
		}
	}
}

func TestPlainText(t *testing.T) {
	for _, c := range []struct {
		m    Message
		want string
	}{
		{Message{Text: "Hi", HTML: "<b>Ho</b>"}, "Hi"},
		{Message{Text: " \n", HTML: "<p>Hi</p><p>there</p>"}, "Hi\n\nthere"},
		{Message{Text: " \n"}, " \n"},
	} {
		if got := c.m.PlainText(); got != c.want {
			t.Errorf("%+v: %q, want %q", c.m, got, c.want)
		}
	}
	long := Message{HTML: strings.Repeat("<p>word</p>", 1<<16)}
	if n := len(long.PlainText()); n == 0 || n > maxHTML {
		t.Errorf("%d bytes of a long one", n)
	}
}
