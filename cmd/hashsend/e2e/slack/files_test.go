package slack

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"strings"
	"testing"

	"hashsend/bridge/mail"
	"hashsend/cmd/hashsend/e2e/lab"
	"hashsend/connectors/slack/slacktest"
)

// sink keeps the one file of a mail.
type sink struct{ *bytes.Buffer }

func (sink) Close() (string, error) { return "kept", nil }

// TestFiles sends files both ways between a channel and a mailbox (EVENTS B12, C6).
func TestFiles(t *testing.T) {
	s := open(t, true)
	s.link("bob@example.test title Lunch")
	table := make([]byte, 200_000)
	rand.Read(table) //nolint:errcheck // it never fails
	s.slack.Say(s.slack.Alice, s.slack.Channel, "the table", slacktest.Said{Files: []slacktest.File{{Name: "table.xlsx", Type: "application/vnd.ms-excel", Body: table}}})
	m := s.gets("bob", "the table")
	var got bytes.Buffer
	lim := mail.DefaultLimits
	lim.Files = func(mail.Part) (mail.Sink, error) { return sink{&got}, nil }
	if parsed, err := mail.Parse(bytes.NewReader(m.Raw), lim); err != nil || len(parsed.Attachments()) != 1 || parsed.Attachments()[0].Name != "table.xlsx" {
		t.Errorf("the mail has the files %+v, %v", parsed.Attachments(), err)
	}
	if !bytes.Equal(got.Bytes(), table) {
		t.Errorf("the file has %d bytes, want %d", got.Len(), len(table))
	}

	report := make([]byte, 150_000)
	rand.Read(report) //nolint:errcheck // it never fails
	s.answers("bob", m, "Thank you!\r\n--bb\r\nContent-Type: application/pdf; name=report.pdf\r\nContent-Disposition: attachment\r\nContent-Transfer-Encoding: base64\r\n\r\n"+
		folded(base64.StdEncoding.EncodeToString(report))+"--bb--")
	s.once("Thank you!")
	lab.Wait(t, "the file in the channel", soon, func() bool {
		for _, said := range s.slack.Messages(s.slack.Channel) {
			for _, f := range said.Files {
				if f.Name == "report.pdf" {
					return bytes.Equal(f.Body, report)
				}
			}
		}
		return false
	})
}

func folded(s string) string {
	var b strings.Builder
	for len(s) > 76 {
		b.WriteString(s[:76] + "\r\n")
		s = s[76:]
	}
	return b.String() + s + "\r\n"
}
