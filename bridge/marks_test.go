package bridge

import (
	"testing"

	"hashsend/bridge/mail"
	"hashsend/bridge/store"
)

// What nothing proves is told as such wherever a message is shown, and goes on in mails;
// the other marks are for rooms (C37, C45, C51).
func TestMarks(t *testing.T) {
	d := decision{mark: true, junk: true, notice: "left on 2 January"}
	m := store.Message{Text: "Hi", Marks: d.remarks()}
	if got := withRemarks(m); got != "Hi\n— "+remarkUnproven+"\n— "+remarkJunk+"\n— left on 2 January" {
		t.Errorf("shown: %q", got)
	}
	if got := mailedRemark(m); got != remarkUnproven {
		t.Errorf("mailed: %q", got)
	}
	if text, html := addRemarks("Hi", "<b>Hi</b>", d.remarks()); text != withRemarks(m) || html != "<b>Hi</b><br><em>"+remarkUnproven+"</em><br><em>"+remarkJunk+"</em><br><em>left on 2 January</em>" {
		t.Errorf("with formatting: %q, %q", text, html)
	}
	// Who quotes the mail quotes the mark.
	if got := written(mail.Message{Text: "Really?\n\nOn Monday Ann wrote:\nHi\n— " + remarkUnproven}, []store.Message{m}); got.Text != "Really?" {
		t.Errorf("an answer is read as %q", got.Text)
	}
	if m.Marks = (decision{junk: true}).remarks(); mailedRemark(m) != "" {
		t.Errorf("junk is mailed as %q", mailedRemark(m))
	}
}
