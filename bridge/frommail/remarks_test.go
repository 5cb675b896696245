package frommail

import (
	"testing"

	"hashsend/bridge/core"
	"hashsend/bridge/mail"
	"hashsend/bridge/reply"
	"hashsend/bridge/store"
)

// Unverified messages are marked in rooms and in mails; the other marks are for rooms only
// (C37, C45, C51).
func TestMarks(t *testing.T) {
	d := Decision{mark: true, junk: true, notice: "left on 2 January"}
	m := store.Message{Text: "Hi", Marks: d.Remarks()}
	if got := core.WithRemarks(m); got != "Hi\n— "+core.RemarkUnproven+"\n— "+core.RemarkJunk+"\n— left on 2 January" {
		t.Errorf("shown: %q", got)
	}
	if got := core.MailedRemark(m); got != core.RemarkUnproven {
		t.Errorf("mailed: %q", got)
	}
	if text, html := core.AddRemarks("Hi", "<b>Hi</b>", d.Remarks()); text != core.WithRemarks(m) || html != "<b>Hi</b><br><em>"+core.RemarkUnproven+"</em><br><em>"+core.RemarkJunk+"</em><br><em>left on 2 January</em>" {
		t.Errorf("with formatting: %q, %q", text, html)
	}
	// A quote of the mail contains the mark.
	if got := written(mail.Message{Text: "Really?\n\nOn Monday Ann wrote:\nHi\n— " + core.RemarkUnproven}, quotable{said: []reply.Said{asMailed(m, false)}, of: []int64{m.ID}}); got.Text != "Really?" {
		t.Errorf("an answer is read as %q", got.Text)
	}
	if m.Marks = (Decision{junk: true}).Remarks(); core.MailedRemark(m) != "" {
		t.Errorf("junk is mailed as %q", core.MailedRemark(m))
	}
}
