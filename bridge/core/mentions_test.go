package core

import (
	"slices"
	"strings"
	"testing"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/store"
)

// TestModeNames parses the names of modes.
func TestModeNames(t *testing.T) {
	for words, want := range map[string]string{
		"instant": store.Instant, "at once": store.Instant, "burst": store.Burst, "Off": store.Burst, "15min": store.Quarter, "15 min": store.Quarter,
		"HOURLY": store.Hourly, "daily": store.Daily, "mentions only": store.Mentions, "pause": store.Paused, "paused": store.Paused,
		"": "", "weekly": "", "daily please": "", "15 hours": "",
	} {
		if got := ModeOf(strings.Fields(words)); got != want {
			t.Errorf("%q is %q, want %q", words, got, want)
		}
	}
	for _, word := range strings.FieldsFunc(strings.Replace(Modes, " or ", ", ", 1), func(r rune) bool { return r == ',' || r == ' ' }) {
		if ModeOf([]string{word}) == "" {
			t.Errorf("%q is offered, and not understood", word)
		}
	}
}

// TestTypedMention finds "@name" where a network has no user for a participant.
func TestTypedMention(t *testing.T) {
	for _, c := range []struct {
		text, name string
		want       bool
	}{
		{"@Ann can you?", "Ann", true},
		{"and @ann, too", "Ann", true},
		{"(@Ann)", "Ann", true},
		{"@annabel @ann", "Ann", true},
		{"@annabel", "Ann", false},
		{"write to joe@ann.example", "Ann", false},
		{"Ann can you?", "Ann", false},
		{"@Ann Other, please", "Ann Other", true},
		{"@Ann others", "Ann Other", false},
		{"@Änne", "änne", true},
		{"@", "", false},
		{"@Ann2", "Ann", false},
		{"\xff@Ann\xff", "Ann", true},
	} {
		if got := typedMention(c.text, c.name); got != c.want {
			t.Errorf("%q of %q: %v, want %v", c.text, c.name, got, c.want)
		}
	}
}

// TestAddressed finds the participants whom a message mentions.
func TestAddressed(t *testing.T) {
	people := []store.Participant{
		{ID: 1, Name: "Ann", Ghost: "abc", State: store.Active},
		{ID: 2, Name: "Bob", Ghost: "def", Address: "bob@example.org", State: store.Active},
		{ID: 3, Name: "Cleo", State: store.Active},
		{ID: 4, Name: "Dora", Ghost: "ghi", State: store.Gone},
	}
	for _, c := range []struct {
		name string
		e    chat.Posted
		want store.IDs
	}{
		{"nobody", chat.Posted{Body: chat.Body{Text: "hello"}}, nil},
		{"a user", chat.Posted{Mentions: []chat.Mention{{User: "@mail_def:example.org"}}}, store.IDs{2}},
		{"a user of the network", chat.Posted{Mentions: []chat.Mention{{User: "@joe:example.org"}}}, nil},
		{"a user of the network who is a participant", chat.Posted{Mentions: []chat.Mention{{User: "U1", Address: "BOB+x@example.org"}}}, store.IDs{2}},
		{"one who reads no mail here", chat.Posted{Mentions: []chat.Mention{{User: "U1", Address: "joe@example.org"}}}, nil},
		{"a name", chat.Posted{Body: chat.Body{Text: "@cleo?"}}, store.IDs{3}},
		{"all", chat.Posted{MentionsAll: true}, store.IDs{1, 2, 3}},
		{"one who left", chat.Posted{Body: chat.Body{Text: "@dora?"}}, nil},
	} {
		if got := Mentioned(c.e.Body.Text, c.e.Mentions, c.e.MentionsAll, people); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// TestKnownAs replaces network names of participants by their names in the conversation.
func TestKnownAs(t *testing.T) {
	people := []store.Participant{{ID: 1, Name: "Ann <3", Address: "ann@example.org", State: store.Active}, {ID: 2, Name: "Bob", Address: "bob@example.org", State: store.Gone}}
	by := []chat.Mention{{User: "U1", Name: "annie", Address: "ann@example.org"}, {User: "U2", Name: "bobby", Address: "bob@example.org"}, {User: "U3", Name: "Cleo"}}
	got := WithKnownNames(chat.Body{Text: "@Annie and @annies, mail x@annie or @bobby, @Cleo", HTML: "<b>@annie</b>"}, by, people)
	if want := "@Ann <3 and @annies, mail x@annie or @bobby, @Cleo"; got.Text != want || got.HTML != "<b>@Ann &lt;3</b>" {
		t.Errorf("%q, %q", got.Text, got.HTML)
	}
}

// TestParseDigestAt parses the setting digest_at.
func TestParseDigestAt(t *testing.T) {
	for s, want := range map[string]time.Duration{"": 8 * time.Hour, "08:00": 8 * time.Hour, "7:30": 7*time.Hour + 30*time.Minute, "00:00": 0, "23:59": 23*time.Hour + 59*time.Minute} {
		if got, err := ParseDigestAt(s); err != nil || got != want {
			t.Errorf("%q: %v, %v, want %v", s, got, err, want)
		}
	}
	for _, s := range []string{"8 o'clock", "24:00", "8", "8am", "-1:00"} {
		if got, err := ParseDigestAt(s); err == nil {
			t.Errorf("%q: %v, want an error", s, got)
		}
	}
}
