package mailbox_test

import (
	"encoding/pem"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"hashsend/cmd/hashsend/discover/mailtest"
	"hashsend/cmd/hashsend/doctor/finding"
	"hashsend/cmd/hashsend/doctor/mailbox"
	"hashsend/cmd/hashsend/doctor/smtptest"
	"hashsend/connectors/imap"
	"hashsend/connectors/mailnet"
	"hashsend/connectors/smtp"
)

type wanted struct {
	check string
	level finding.Level
	text  string
}

func has(s finding.Section, w wanted) bool {
	for _, f := range s.Findings {
		if f.Check == "mail."+w.check && f.Level == w.level && regexp.MustCompile(w.text).MatchString(f.Text) {
			return true
		}
	}
	return false
}

func config(p *mailtest.Provider, password string) mailbox.Config {
	server := mailnet.Server{Host: "127.0.0.1", TLS: mailnet.Plain, User: mailtest.Address, Password: password}
	in, out := imap.Config{Server: server}, smtp.Config{Server: server}
	in.Server.Port, out.Server.Port = p.IMAP, p.SMTP
	return mailbox.Config{Name: "team", Address: mailtest.Address, IMAP: &in, SMTP: out, Send: true, Patience: 30 * time.Second, Now: time.Now()}
}

const path = "Received: from out.example.org (out.example.org [203.0.113.7]) by mx.example.org with ESMTPS; Fri, 27 Nov 2026 10:00:09 +0000\r\n" +
	"Received: from laptop (dsl [198.51.100.9]) by out.example.org with ESMTPSA; Fri, 27 Nov 2026 10:00:05 +0000\r\n" +
	"Authentication-Results: mx.example.org; dkim=none\r\n"

func TestTrip(t *testing.T) {
	for _, c := range []struct {
		name     string
		p        mailtest.Provider
		password string
		want     []wanted
		arrived  bool
	}{
		{"all well", mailtest.Provider{KeepsSent: true, Headers: path}, mailtest.Password, []wanted{
			{"sign-in", finding.OK, `^Signed in to the IMAP server`},
			{"sign-in", finding.OK, `^Signed in to the SMTP server`},
			{"tls", finding.Note, `not encrypted`},
			{"trip", finding.OK, `arrived after`},
			{"plus", finding.OK, ``},
			{"message-id", finding.OK, ``},
			{"sent", finding.OK, ``},
			{"results", finding.OK, ``},
		}, true},
		{"poor", mailtest.Provider{RefusesPlus: true, NewIDs: true}, mailtest.Password, []wanted{
			{"plus", finding.Note, `do not arrive`}, {"message-id", finding.Note, `another Message-ID`}, {"sent", finding.Note, `no copy`}, {"results", finding.Note, ``},
		}, true},
		{"spam", mailtest.Provider{KeepsSent: true, Junks: true}, mailtest.Password, []wanted{{"trip", finding.Warning, `in the spam folder`}}, true},
		{"wrong password", mailtest.Provider{}, "wrong", []wanted{{"sign-in", finding.Error, `IMAP server 127\.0\.0\.1:\d+ could not be used`}, {"trip", finding.Unknown, `see the errors above`}}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.p.Start(t)
			got, arrived, err := mailbox.Check(t.Context(), config(&c.p, c.password))
			if err != nil {
				t.Fatal(err)
			}
			for _, w := range c.want {
				if !has(got, w) {
					t.Errorf("no %s %s like %q in\n%+v", w.level, w.check, w.text, got.Findings)
				}
			}
			if (arrived != nil) != c.arrived {
				t.Errorf("arrived: %+v", arrived)
			}
			if c.p.Headers != "" {
				if b, ok := arrived.Border(); !ok || b.IP.String() != "203.0.113.7" || len(got.Tables) != 1 || got.Tables[0].Rows[1][4] != "4s" {
					t.Errorf("%+v %+v", arrived, got.Tables)
				}
			}
		})
	}
}

// Certificates are looked at before anybody signs in.
func TestCertificates(t *testing.T) {
	ca, other := smtptest.NewAuthority(t), smtptest.NewAuthority(t)
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.Cert.Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	later := time.Now().Add(90 * 24 * time.Hour)
	for _, c := range []struct {
		name   string
		server smtptest.Server
		want   wanted
	}{
		{"good", smtptest.Server{Cert: ca.Certificate(t, "localhost", later)}, wanted{"certificate", finding.OK, `SMTP server localhost:\d+ is valid until`}},
		{"soon over", smtptest.Server{Cert: ca.Certificate(t, "localhost", time.Now().Add(48*time.Hour))}, wanted{"certificate", finding.Warning, `expires on`}},
		{"over", smtptest.Server{Cert: ca.Certificate(t, "localhost", time.Now().Add(-time.Hour))}, wanted{"certificate", finding.Error, `expired on`}},
		{"other name", smtptest.Server{Cert: ca.Certificate(t, "mail.example", later)}, wanted{"certificate", finding.Error, `is for another name`}},
		{"other authority", smtptest.Server{Cert: other.Certificate(t, "localhost", later)}, wanted{"certificate", finding.Error, `not trusted`}},
	} {
		at := c.server.Start(t, "127.0.0.1", 0)
		server := mailnet.Server{Host: "localhost", Port: int(at.Port()), TLS: mailnet.StartTLS, CAFile: file, User: "u", Password: "p"}
		got, _, err := mailbox.Check(t.Context(), mailbox.Config{Name: "team", Address: "team@example.org", SMTP: smtp.Config{Server: server}, Now: time.Now()})
		if err != nil {
			t.Fatal(err)
		}
		if !has(got, c.want) {
			t.Errorf("%s: %+v", c.name, got.Findings)
		}
	}
}
