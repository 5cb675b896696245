// Package finding has the words in which the doctor reports: a finding, the
// sections they stand in, and how they are printed as text and as JSON.
package finding

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Level says how much a finding matters.
type Level string

// The levels. Unknown is for what could not be checked: it is never held
// against anybody.
const (
	OK      Level = "ok"
	Note    Level = "note"
	Warning Level = "warning"
	Error   Level = "error"
	Unknown Level = "unknown"
)

// bad reports whether the level makes the exit code 1.
func (l Level) bad() bool { return l == Warning || l == Error }

// Finding is the outcome of one check.
type Finding struct {
	Check    string   `json:"check"`              // a stable name, such as dns.source-port
	Level    Level    `json:"level"`              //
	Text     string   `json:"text"`               // what was seen, in one or two sentences
	Do       string   `json:"do,omitempty"`       // what to do; empty: nothing
	Evidence []string `json:"evidence,omitempty"` // the questions and answers that it rests on
}

// Table shows who answered what.
type Table struct {
	Title string     `json:"title"`
	Head  []string   `json:"head"`
	Rows  [][]string `json:"rows"`
}

// Section is the part of a report about one thing.
type Section struct {
	Name     string    `json:"name"`  // the subcommand, such as dns
	Title    string    `json:"title"` // for people
	Findings []Finding `json:"findings"`
	Tables   []Table   `json:"tables,omitempty"`
}

// Add appends findings.
func (s *Section) Add(f ...Finding) { s.Findings = append(s.Findings, f...) }

// Report is what the doctor found.
type Report struct {
	Sections []Section `json:"sections"`
}

// Bad reports whether there is a warning or an error.
func (r Report) Bad() bool { w := r.Worst(); return w.bad() }

// Worst is the level of the worst finding. Unknown counts only where nothing is
// worse than a note.
func (r Report) Worst() Level {
	rank := map[Level]int{OK: 0, Note: 1, Unknown: 2, Warning: 3, Error: 4}
	worst := OK
	for _, s := range r.Sections {
		for _, f := range s.Findings {
			if rank[f.Level] > rank[worst] {
				worst = f.Level
			}
		}
	}
	return worst
}

// WriteJSON prints the report as one JSON object and a line feed.
func WriteJSON(w io.Writer, r Report) error {
	return json.NewEncoder(w).Encode(struct {
		Worst Level `json:"worst"`
		Report
	}{r.Worst(), r})
}

// width is where lines are broken.
const width = 78

// WriteText prints the report for people. verbose adds the evidence.
func WriteText(w io.Writer, r Report, verbose bool) error {
	var b strings.Builder
	for i, s := range r.Sections {
		if i > 0 {
			b.WriteString("\n")
		}
		b.WriteString(printable(s.Title) + "\n")
		for _, f := range s.Findings {
			writeFinding(&b, f, verbose)
		}
		for _, t := range s.Tables {
			writeTable(&b, t)
		}
	}
	b.WriteString("\n" + Summary(r) + "\n")
	_, err := io.WriteString(w, b.String())
	return err
}

func writeFinding(b *strings.Builder, f Finding, verbose bool) {
	const indent = "           "
	wrap(b, fmt.Sprintf("  %-7s  ", f.Level), indent, f.Text)
	if f.Do != "" {
		wrap(b, indent+"→ ", indent+"  ", f.Do)
	}
	if !verbose {
		return
	}
	for _, e := range f.Evidence {
		for line := range strings.Lines(e) {
			b.WriteString(indent + "  | " + printable(strings.TrimRight(line, "\r\n")) + "\n")
		}
	}
}

// wrap writes text in lines of at most width characters, where its words allow it.
func wrap(b *strings.Builder, first, next, text string) {
	line, empty := first, true
	for word := range strings.FieldsSeq(printable(text)) {
		if !empty && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
			b.WriteString(line + "\n")
			line, empty = next, true
		}
		if !empty {
			line += " "
		}
		line, empty = line+word, false
	}
	b.WriteString(strings.TrimRight(line, " ") + "\n")
}

func writeTable(b *strings.Builder, t Table) {
	if len(t.Rows) == 0 {
		return
	}
	widths := make([]int, len(t.Head))
	for _, row := range append([][]string{t.Head}, t.Rows...) {
		for i, c := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(printable(c)))
		}
	}
	b.WriteString("\n  " + printable(t.Title) + "\n")
	for _, row := range append([][]string{t.Head}, t.Rows...) {
		line := " "
		for i, c := range row {
			c = printable(c)
			line += " " + c + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(c)+1)
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
}

// Summary is the last line of a report.
func Summary(r Report) string {
	counts := map[Level]int{}
	for _, s := range r.Sections {
		for _, f := range s.Findings {
			counts[f.Level]++
		}
	}
	var parts []string
	for _, c := range []struct {
		level     Level
		one, many string
	}{{Error, "error", "errors"}, {Warning, "warning", "warnings"}, {Note, "note", "notes"}} {
		switch n := counts[c.level]; {
		case n == 1:
			parts = append(parts, "1 "+c.one)
		case n > 1:
			parts = append(parts, fmt.Sprintf("%d %s", n, c.many))
		}
	}
	text := "No problems found."
	if len(parts) > 0 {
		text = strings.Join(parts, ", ") + "."
	}
	if n := counts[Unknown]; n == 1 {
		text += " 1 check could not be made."
	} else if n > 1 {
		text += fmt.Sprintf(" %d checks could not be made.", n)
	}
	return text
}

// printable replaces control characters: what servers answer is shown, never
// obeyed by a terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case r < ' ', r >= 0x7f && r < 0xa0, r == '\u2028', r == '\u2029', r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069':
			return '\ufffd'
		}
		return r
	}, s)
}

// List joins words as in a sentence: a, b and c.
func List(words []string) string {
	switch len(words) {
	case 0:
		return ""
	case 1:
		return words[0]
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}
