package reply_test

import (
	"strings"
	"testing"

	"hashsend/bridge/reply"
)

// TestLearn: what ends three mails of a person is their signature in the fourth.
func TestLearn(t *testing.T) {
	const block = "\n\nMia Berg\nBoats & Bread, the friendly place\nby the lake\n"
	habit := ""
	read := func(text string) reply.Result {
		r := reply.Extract(reply.Mail{Subject: "Re: Boats", Answers: true, Text: text, Habit: habit})
		habit = reply.Learn(habit, r)
		return r
	}
	for i, words := range []string{"We take two of them.", "And the bread is ready.", "The old man comes along."} {
		if r := read(words + block); !strings.Contains(r.Text, "by the lake") {
			t.Errorf("mail %d: cut too early: %q", i, r.Cut)
		}
	}
	r := read("See you on Saturday." + block)
	if r.Text != "See you on Saturday." || !hasRule(r, "learned") {
		t.Errorf("got %q, cut %q", r.Text, r.Cut)
	}
	if r := read("Another one." + block); r.Text != "Another one." {
		t.Errorf("what was cut is forgotten: %q", r.Text)
	}
	if r := read("The friendly place by the lake is closed today."); r.Text == "" {
		t.Errorf("words without the signature: cut %q", r.Cut)
	}
	if r := read("Mia Berg\nBoats & Bread, the friendly place\nby the lake\n"); r.Text == "" {
		t.Errorf("the signature is all there is: cut %q", r.Cut)
	}
	if len(habit) > 1000 || strings.Contains(habit, "lake") {
		t.Errorf("what is kept is %q", habit)
	}
}

// TestLearnNot: what is no signature is not learned as one.
func TestLearnNot(t *testing.T) {
	for name, texts := range map[string][]string{
		"the same mail again":  {"I agree.\nGo on, please.", "I agree.\nGo on, please.", "I agree.\nGo on, please.", "I agree.\nGo on, please.", "I do not agree.\nGo on, please."},
		"the same mail, twice": {"One.\n\nMia Berg\nby the lake", "One.\n\nMia Berg\nby the lake", "Two.\n\nMia Berg\nby the lake", "Three.\n\nMia Berg\nby the lake"},
		"a short last line":    {"One thing.\nThanks", "Two things.\nThanks", "Three things.\nThanks", "Four things.\nThanks"},
		"a sentence":           {"One.\nPlease tell me when the boats are there again.", "Two.\nPlease tell me when the boats are there again.", "Three.\nPlease tell me when the boats are there again.", "Four.\nPlease tell me when the boats are there again."},
		"all of it":            {"One\nMia Berg\nby the lake", "Two\nMia Berg\nby the lake", "Three\nMia Berg\nby the lake", "Mia Berg\nby the lake"},
	} {
		habit := ""
		for i, text := range texts {
			r := reply.Extract(reply.Mail{Subject: "Re: Boats", Answers: true, Text: text, Habit: habit})
			if last := i == len(texts)-1; last && r.Text != text {
				t.Errorf("%s: of %q is left %q", name, text, r.Text)
			}
			habit = reply.Learn(habit, r)
		}
	}
}

// FuzzLearn: whatever is stored, it does no harm, and stays small.
func FuzzLearn(f *testing.F) {
	f.Add("3 a b c\n2 a b", "Hi\n\nMia\nby the lake")
	f.Fuzz(func(t *testing.T, habit, text string) {
		r := reply.Extract(reply.Mail{Text: text, Habit: habit})
		if r.Text == "" && strings.ContainsAny(text, "abcdefgh") && !r.OnlyQuote {
			t.Errorf("nothing is left of %q", text)
		}
		next := reply.Learn(habit, r)
		if len(next) > len(habit) && len(next) > 1000 {
			t.Errorf("%d bytes are kept", len(next))
		}
	})
}
