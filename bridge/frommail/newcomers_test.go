package frommail

import (
	"slices"
	"testing"

	"hashsend/bridge/mail"
)

// C30: mailing lists, machines and our own addresses cannot join a conversation.
func TestNewcomers(t *testing.T) {
	ours := func(a string) bool { return a == "team@example.org" || a == "team+token@example.org" }
	for _, c := range []struct {
		name   string
		header mail.Header
		to, cc []string
		want   []string
	}{
		{"people", nil, []string{"team@example.org", "bob@example.com"}, []string{"carl@example.net"}, []string{"bob@example.com", "carl@example.net"}},
		{"the writer, and somebody twice", nil, []string{"Ann@Example.com", "bob@example.com"}, []string{"BOB@example.com"}, []string{"bob@example.com"}},
		{"token of ours", nil, []string{"team+token@example.org"}, nil, nil},
		{"machines", nil, []string{"no-reply@a.example", "noreply+1@a.example", "do_not_reply@a.example", "MAILER-DAEMON@a.example", "bounce@a.example", "postmaster@a.example"}, nil, nil},
		{"addresses of lists", nil, []string{"food-request@a.example", "owner-food@a.example", "food-bounces@a.example", "majordomo@a.example"}, nil, nil},
		{"by way of a list", mail.Header{{Name: "List-Id", Value: "<food.example>"}}, []string{"food@a.example", "bob@example.com"}, nil, nil},
		{"like a machine and none", nil, []string{"nora.reply@a.example", "request@a.example", "bouncer@a.example"}, nil, []string{"nora.reply@a.example", "request@a.example", "bouncer@a.example"}},
	} {
		m := mail.Message{Header: c.header, From: []mail.Address{{Address: "ann@example.com"}}}
		for _, a := range c.to {
			m.To = append(m.To, mail.Address{Address: a})
		}
		for _, a := range c.cc {
			m.Cc = append(m.Cc, mail.Address{Address: a})
		}
		var got []string
		for _, a := range newcomers(&m, ours) {
			got = append(got, a.Address)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}
