package blocks

import (
	"testing"
	"unicode/utf8"

	"hashsend/bridge/chat"
)

// The value of a button keeps its place and command, whatever the command has in it.
func TestPack(t *testing.T) {
	for _, p := range []chat.Place{{}, {Room: "C1"}, {Room: "C1", Thread: "17.1"}} {
		for _, command := range []string{"", "ok", "resend 7 ann@example.com", "name a|b|c"} {
			if place, got := Unpack(Pack(p, command)); place != p || got != command {
				t.Errorf("%+v %q came back as %+v %q", p, command, place, got)
			}
		}
	}
	for _, odd := range []string{"", "x", "C1|17.1"} {
		if place, command := Unpack(odd); place != (chat.Place{}) || command != "" {
			t.Errorf("%q is %+v %q, want nothing", odd, place, command)
		}
	}
}

// A text that is too long is cut to the length that Slack takes, between characters.
func TestPlain(t *testing.T) {
	for text, want := range map[string]string{"short": "short", "exactly 10": "exactly 10", "a bit longer": "a bit lon…", "öööööööööööö": "ööööööööö…"} {
		if got := Plain(text, 10).Text; got != want || utf8.RuneCountInString(got) > 10 {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

// A message without choices has no row of buttons; each choice carries its command.
func TestChoices(t *testing.T) {
	m := chat.Outgoing{Place: chat.Place{Room: "C1", Thread: "17.1"}}
	if row := Choices(m); row != nil {
		t.Errorf("a message without choices has the row %+v", row)
	}
	m.Choices = []chat.Choice{{Label: "Link", Command: "ok"}, {Label: "Disconnect", Command: "unlink", Danger: true}}
	if row := Choices(m); row == nil {
		t.Error("the choices have no buttons")
	}
}
