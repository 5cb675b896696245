package talk

import (
	"log/slog"
	"testing"
	"time"

	"hashsend/cmd/hashsend/e2e/lab"
	"hashsend/connectors/imap"
	"hashsend/connectors/mailnet"
	"hashsend/connectors/smtp"
)

// Our connectors log in at real servers in every way, over STARTTLS and TLS; a
// token that has run out and a wrong password are refused.
func TestLogin(t *testing.T) {
	mail := lab.Dovecot(t)
	good := &mailnet.OAuth2{AccessToken: mail.Token("bridge", time.Hour)}
	old := &mailnet.OAuth2{AccessToken: mail.Token("bridge", -time.Hour)}
	for name, c := range map[string]struct {
		password string
		token    *mailnet.OAuth2
		works    bool
	}{
		"password": {password: mail.Password("bridge"), works: true}, "wrong password": {password: "wrong"},
		"token": {token: good, works: true}, "old token": {token: old},
	} {
		t.Run(name, func(t *testing.T) {
			server := mailnet.Server{Host: "localhost", TLS: mailnet.StartTLS, CAFile: mail.CA, User: mail.Address("bridge"), Password: c.password, OAuth2: c.token}
			check := func(what string, port int, tls string) {
				t.Helper()
				server.Port, server.TLS = port, tls
				var err error
				if what == "imap" {
					in, oerr := imap.Open("main", imap.Config{Server: server}, slog.New(slog.DiscardHandler))
					if oerr != nil {
						t.Fatal(oerr)
					}
					defer in.Close() //nolint:errcheck // the test is over
					_, _, err = in.Check(t.Context())
				} else {
					out, oerr := smtp.Open(smtp.Config{Server: server}, slog.New(slog.DiscardHandler))
					if oerr != nil {
						t.Fatal(oerr)
					}
					defer out.Close() //nolint:errcheck // the test is over
					_, err = out.Check(t.Context())
				}
				if (err == nil) != c.works {
					t.Errorf("%s with %s: %v", what, tls, err)
				}
			}
			check("imap", mail.IMAP, mailnet.StartTLS)
			check("imap", mail.IMAPS, mailnet.TLS)
			check("smtp", mail.Submission, mailnet.StartTLS)
			check("smtp", mail.Submit, mailnet.TLS)
		})
	}
}
