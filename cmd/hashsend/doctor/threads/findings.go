package threads

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"hashsend/cmd/hashsend/doctor/finding"
)

// Verdict is what a program makes of emails whose rooms are known.
type Verdict struct {
	Program Program
	Count   int
	Merged  [][]string // rooms that come to stand in one conversation
	Split   []string   // rooms that come to stand in several
	Strays  []string   // rooms into whose conversation a reply without ids of another goes
}

// Judge groups the emails of rooms as a program does. broken are replies without ids.
func Judge(p Program, all, broken []Mail) Verdict {
	g := p.Group(all)
	v := Verdict{Program: p, Count: g.Count()}
	rooms, groups := map[int][]string{}, map[string][]int{}
	for i, m := range all {
		if !slices.Contains(rooms[g[i]], m.Room) {
			rooms[g[i]] = append(rooms[g[i]], m.Room)
		}
		if !slices.Contains(groups[m.Room], g[i]) {
			groups[m.Room] = append(groups[m.Room], g[i])
		}
	}
	for _, k := range sortedGroups(rooms) {
		if len(rooms[k]) > 1 {
			v.Merged = append(v.Merged, rooms[k])
		}
	}
	for _, m := range all {
		if len(groups[m.Room]) > 1 && !slices.Contains(v.Split, m.Room) {
			v.Split = append(v.Split, m.Room)
		}
	}
	both := append(slices.Clone(all), broken...)
	h := p.Group(both)
	for i := len(all); i < len(both); i++ {
		for j := range all {
			if h[i] == h[j] && both[j].Room != both[i].Room && !slices.Contains(v.Strays, both[i].Room) {
				v.Strays = append(v.Strays, both[i].Room)
			}
		}
	}
	return v
}

func sortedGroups(m map[int][]string) (keys []int) {
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// ForRooms says how programs would show the emails of rooms.
func ForRooms(rooms []Room, at time.Time) (finding.Section, error) {
	s := finding.Section{Name: "threads", Title: "Conversations in mail programs"}
	all, err := Emails(rooms, at)
	if err != nil {
		return s, fmt.Errorf("compose the emails of the rooms: %w", err)
	}
	broken := Broken(rooms, at.Add(time.Hour))
	t := finding.Table{Title: fmt.Sprintf("How %d emails of %d rooms are grouped", len(all), len(rooms)), Head: []string{"program", "conversations", "", "rule"}}
	good := 0
	for _, p := range Programs() {
		v := Judge(p, all, broken)
		t.Rows = append(t.Rows, []string{p.Name, fmt.Sprint(v.Count), v.word(), p.Basis})
		before := len(s.Findings)
		s.Add(v.findings()...)
		if len(s.Findings) == before {
			good++
		}
	}
	s.Tables = append(s.Tables, t)
	if good == len(Programs()) {
		s.Add(finding.Finding{Check: "threads.rooms", Level: finding.OK, Text: "Every program shows one conversation for each room."})
	}
	return s, nil
}

func (v Verdict) word() string {
	switch {
	case len(v.Merged) > 0:
		return "merges rooms"
	case len(v.Split) > 0:
		return "splits a room"
	case len(v.Strays) > 0:
		return "one for each room; replies without ids may stray"
	}
	return "one for each room"
}

func (v Verdict) findings() (all []finding.Finding) {
	for _, m := range v.Merged {
		all = append(all, finding.Finding{
			Check: "threads.merged", Level: finding.Warning,
			Text: fmt.Sprintf("%s would show %s as one conversation.", v.Program.Name, finding.List(quoted(m))),
			Do:   "Give the conversations different titles (the command name).", Evidence: []string{v.Program.Basis},
		})
	}
	if len(v.Split) > 0 {
		all = append(all, finding.Finding{
			Check: "threads.split", Level: finding.Warning,
			Text: fmt.Sprintf("%s would show %s as several conversations.", v.Program.Name, finding.List(quoted(v.Split))), Evidence: []string{v.Program.Basis},
		})
	}
	if len(v.Strays) > 0 && len(v.Merged) == 0 {
		all = append(all, finding.Finding{
			Check: "threads.stray", Level: finding.Note,
			Text: fmt.Sprintf("%s would show a reply without ids to %s in another conversation. hashsend itself finds the right room by the address.", v.Program.Name, finding.List(quoted(v.Strays))), Evidence: []string{v.Program.Basis},
		})
	}
	return all
}

func quoted(words []string) (all []string) {
	for _, w := range words {
		all = append(all, "“"+w+"”")
	}
	return all
}

// ForMails says where programs would group emails otherwise than their ids do.
func ForMails(all []Mail) finding.Section {
	s := finding.Section{Name: "threads", Title: fmt.Sprintf("Conversations among %d emails", len(all))}
	ids := Notmuch(all)
	t := finding.Table{Title: "How they are grouped", Head: []string{"program", "conversations", "rule"}}
	for _, p := range Programs() {
		g := p.Group(all)
		t.Rows = append(t.Rows, []string{p.Name, fmt.Sprint(g.Count()), p.Basis})
		merges, splits := compare(ids, g)
		if len(merges) > 0 {
			s.Add(finding.Finding{Check: "threads.merged", Level: finding.Note, Text: fmt.Sprintf("%s would merge conversations that no id connects: %s.", p.Name, some(merges, all)), Evidence: []string{p.Basis}})
		}
		if len(splits) > 0 {
			s.Add(finding.Finding{Check: "threads.split", Level: finding.Note, Text: fmt.Sprintf("%s would split conversations that ids connect: %s.", p.Name, some(splits, all)), Evidence: []string{p.Basis}})
		}
	}
	s.Tables = append(s.Tables, t)
	if len(s.Findings) == 0 {
		s.Add(finding.Finding{Check: "threads.mails", Level: finding.OK, Text: fmt.Sprintf("Every program shows the same %d conversations.", ids.Count())})
	}
	return s
}

// compare returns an email of each group that the second way merges, and of each that
// it splits.
func compare(one, two Groups) (merges, splits []int) {
	return crossed(two, one), crossed(one, two)
}

// crossed are emails, one of each group, at which a second group begins inside of it.
func crossed(outer, inner Groups) (at []int) {
	first, told := map[int]int{}, map[int]bool{}
	for i := range outer {
		j, ok := first[outer[i]]
		if !ok {
			first[outer[i]] = i
			continue
		}
		if inner[i] != inner[j] && !told[outer[i]] {
			told[outer[i]] = true
			at = append(at, i)
		}
	}
	return at
}

// some names a few subjects.
func some(at []int, all []Mail) string {
	const most = 3
	var words []string
	for _, i := range at[:min(len(at), most)] {
		subject := strings.Join(strings.Fields(all[i].Subject), " ")
		if subject == "" {
			subject = "(no subject)"
		}
		words = append(words, "“"+subject+"”")
	}
	if len(at) > most {
		words = append(words, fmt.Sprintf("%d more", len(at)-most))
	}
	return finding.List(words)
}
