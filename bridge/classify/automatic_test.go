package classify

import (
	"strings"
	"testing"

	"hashsend/bridge/mail"
)

func TestListAuthor(t *testing.T) { // C27
	for _, c := range []struct{ header, want string }{
		{"From: Ann Lee via Food <food@lists.example>\nList-Id: <food.lists.example>", "Ann Lee"},
		{"From: \"'Ann' via Food\" <food@lists.example>\nX-Original-From: Ann Lee <ann@example.com>\nList-Id: <food.lists.example>", "Ann Lee"},
		{"From: \"ann@example.com via Food\" <food@lists.example>\nList-Id: <food.lists.example>", "ann example.com"},
		{"From: Ann Lee <ann@example.com>\nList-Id: <food.lists.example>", ""},
		{"From: Ann via Bus <ann@example.com>", ""},
	} {
		m, err := mail.Parse(strings.NewReader(c.header+"\n\nx"), mail.DefaultLimits)
		if err != nil {
			t.Fatal(err)
		}
		if got := ListAuthor(&m); got != c.want {
			t.Errorf("%s: %q, want %q", c.header, got, c.want)
		}
	}
}
