package bridge

import (
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
)

// TestLongEdit: when an edit makes a message too long, or edits a long one, the whole text is
// posted as a file in its thread. One file remains, and none when the message fits again.
func TestLongEdit(t *testing.T) {
	begin := `Alice@slack in general: /send link ann@example.com title Lunch
Alice@slack in general: /send ok
admin lunch link 1 yes
Carla in lunch: short
wait 6s
`
	more := "Carla in lunch edits m3: " + strings.Repeat("more than fits ", 300) + "\n"
	other := "Carla in lunch edits m3: " + strings.Repeat("other than that ", 300) + "\n"
	short := "Carla in lunch edits m3: short again\n"
	remove := "Carla in lunch deletes m3:\n"
	const pause = "wait 1s\n"
	posted := regexp.MustCompile(`\[file full text.txt.*\((general\d+)\)`)
	for name, x := range map[string]struct {
		script string
		left   string // which file stands in the room at the end
		posted int    // files that ever stood there
	}{
		"longer":                     {more + pause, "general6", 1},
		"other words":                {more + pause + other + pause, "general7", 2},
		"one right after the other":  {more + other + pause, "general7", 2},
		"short again":                {more + pause + short + pause, "", 1},
		"short again, at once":       {more + short + pause, "", 1},
		"short, and long again":      {more + pause + short + pause + other + pause, "general7", 2},
		"deleted":                    {more + pause + other + pause + remove + pause, "", 2},
		"deleted when short again":   {more + pause + short + pause + remove + pause, "", 1},
		"deleted before it is there": {"down slack\n" + more + other + remove + "up slack\nwait 20s\n", "", 2},
		"the network is away":        {more + pause + "down slack\n" + other + "wait 2s\nrestart\nup slack\nwait 20s\n", "general7", 2},
		"in a thread":                {"Carla in lunch answers m3: one more\n" + pause + strings.ReplaceAll(more+pause+other+pause, " m3:", " m4:"), "general8", 2},
	} {
		dir := t.TempDir()
		var got string
		synctest.Test(t, func(t *testing.T) { got = play(t, dir, begin+x.script+pause) })
		if in := " is deleted in the thread general5"; strings.Contains(x.script, "answers") != strings.Contains(got, in) {
			t.Errorf("%s: in a thread and %q does not fit:\n%.9000s", name, in, got)
		}
		var left []string
		for _, id := range posted.FindAllStringSubmatch(got, -1) {
			switch n := strings.Count(got, id[1]+" is deleted"); n {
			case 0:
				left = append(left, id[1])
			case 1:
			default:
				t.Errorf("%s: %s is deleted %d times", name, id[1], n)
			}
		}
		if l := strings.Join(left, " "); l != x.left {
			t.Errorf("%s: %q is left, want %q", name, l, x.left)
		}
		if n := strings.Count(got, "[file full text.txt"); n != x.posted {
			t.Errorf("%s: %d files were posted, want %d", name, n, x.posted)
		}
	}
}
