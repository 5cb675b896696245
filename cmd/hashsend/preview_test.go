package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hashsend/bridge/frommail"
)

const previewAnswer = "From: Ann Lee <ann@corp.example>\nTo: us@own.example\nSubject: Re: #Send Boat\nMessage-ID: <a1@corp.example>\nIn-Reply-To: <hs.q.1@own.example>\n\n" +
	"Gladly\x1b[31m, on Friday.\n\nOn Mon, 6 Jan 2025 at 10:00, Bob <us@own.example> wrote:\n> Shall we sail?\n"

const previewBounce = "Return-Path: <>\nFrom: MAILER-DAEMON@mx.corp.example\nTo: us@own.example\nSubject: failure notice\n\n" +
	"I wasn't able to deliver your message to the following addresses.\n\n<ann@corp.example>:\nSorry, no mailbox here by that name. (#5.1.1)\n"

func runPreview(t *testing.T, stdin string, args ...string) (string, error) {
	t.Helper()
	cmd := newPreviewCommand()
	var out, errs bytes.Buffer
	cmd.SetIn(strings.NewReader(stdin))
	cmd.SetOut(&out)
	cmd.SetErr(&errs)
	cmd.SetArgs(args)
	err := cmd.Execute()
	return out.String(), err
}

func writeMails(t *testing.T, mails map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range mails {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestPreviewJSON(t *testing.T) {
	dir := writeMails(t, map[string]string{"answer.eml": previewAnswer, "bounce.eml": previewBounce, "empty.eml": ""})
	files := []string{filepath.Join(dir, "bounce.eml"), filepath.Join(dir, "empty.eml"), filepath.Join(dir, "answer.eml")}
	out, err := runPreview(t, "", append([]string{"--json"}, files...)...)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) != len(files) {
		t.Fatalf("%d lines for %d files:\n%s", len(lines), len(files), out)
	}
	var got [3]frommail.Shown
	for i, l := range lines {
		if err := json.Unmarshal([]byte(l), &got[i]); err != nil {
			t.Fatalf("%s: %v", l, err)
		}
		if got[i].File != files[i] {
			t.Errorf("line %d is about %s, want %s", i, got[i].File, files[i])
		}
	}
	b := got[0]
	if b.Kind != "bounce" || b.Bounce == nil || len(b.Bounce.Recipients) != 1 || b.Bounce.Recipients[0].Address != "ann@corp.example" || b.Bounce.Recipients[0].Status != "5.1.1" || b.Notice == "" || b.Text != "" {
		t.Errorf("%+v", b)
	}
	if got[1].Kind != "unreadable" || got[1].Notice == "" || got[1].Error != "" {
		t.Errorf("%+v", got[1])
	}
	a := got[2]
	if a.Kind != "message" || a.From != (frommail.ShownSender{Name: "Ann Lee", Address: "ann@corp.example"}) || a.MessageID != "a1@corp.example" || a.InReplyTo != "hs.q.1@own.example" {
		t.Errorf("%+v", a)
	}
	if !strings.HasPrefix(a.Text, "Gladly") || strings.Contains(a.Text, "sail") || len(a.Cut) == 0 || a.Cut[0].Rule == "" || a.Confidence <= 0 || a.Confidence > 1 {
		t.Errorf("%+v", a)
	}
	for _, key := range []string{`"file"`, `"kind"`, `"from"`, `"subject"`, `"message_id"`, `"in_reply_to"`, `"text"`, `"html"`, `"attachments":[`, `"cut":[`, `"confidence"`, `"notice"`, `"error"`} {
		if !strings.Contains(lines[1], key) {
			t.Errorf("%s is missing in %s", key, lines[1])
		}
	}
}

// A file that cannot be read does not keep the others from being shown.
func TestPreviewUnreadFile(t *testing.T) {
	dir := writeMails(t, map[string]string{"answer.eml": previewAnswer})
	for _, bad := range []string{filepath.Join(dir, "absent.eml"), dir} {
		out, err := runPreview(t, "", "--json", bad, filepath.Join(dir, "answer.eml"))
		if err == nil || !strings.Contains(err.Error(), "1 of 2 files") {
			t.Errorf("%s: %v", bad, err)
		}
		lines := strings.Split(strings.TrimSpace(out), "\n")
		if len(lines) != 2 || !strings.Contains(lines[0], `"error":"`) || strings.Contains(lines[0], `"error":""`) || !strings.Contains(lines[1], "Gladly") {
			t.Errorf("%s: %s", bad, out)
		}
		if out, err = runPreview(t, "", bad, filepath.Join(dir, "answer.eml")); err == nil || !strings.Contains(out, bad) || !strings.Contains(out, "Gladly") {
			t.Errorf("%s: %v\n%s", bad, err, out)
		}
	}
}

func TestPreviewForPeople(t *testing.T) {
	out, err := runPreview(t, previewAnswer)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"== -: message", "From:    Ann Lee <ann@corp.example>", "Subject: Re: #Send Boat", "on Friday.", "Removed: "} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in\n%s", want, out)
		}
	}
	if strings.Contains(out, "sail") || strings.Contains(out, "\x1b") {
		t.Errorf("too much is shown:\n%q", out)
	}
	out, err = runPreview(t, previewAnswer, "--why", "-")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"(rule: ", "rule \"", "| > Shall we sail?", "Confidence: "} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in\n%s", want, out)
		}
	}
	out, err = runPreview(t, previewBounce)
	if err != nil || !strings.Contains(out, "Email to ann@corp.example bounced: ") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestPreviewUnknownFlag(t *testing.T) {
	if _, err := runPreview(t, "", "--jason"); err == nil || !strings.Contains(err.Error(), "unknown flag") {
		t.Fatalf("%v", err)
	}
}
