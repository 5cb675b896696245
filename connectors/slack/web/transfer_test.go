package web

import (
	"log/slog"
	"net/url"
	"testing"
)

// The token goes to Slack and to the server of the settings, and nowhere else (B12).
func TestWhoMayHaveTheToken(t *testing.T) {
	api := "http://127.0.0.1:7/api/"
	c := New(Settings{APIURL: api}, slog.New(slog.DiscardHandler))
	for at, want := range map[string]bool{
		"https://files.slack.com/files-pri/x": true, "https://lab.slack.com/x": true, "http://files.slack.com/x": false, "https://files.slack.com.example.org/x": false,
		"https://notslack.com/x": false, "https://docs.example.org/x": false, api: true,
	} {
		u, err := url.Parse(at)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.mayHaveToken(u); got != want {
			t.Errorf("%s may have the token: %v, want %v", at, got, want)
		}
	}
}
