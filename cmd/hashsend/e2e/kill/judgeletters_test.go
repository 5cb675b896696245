package kill

// lettersJudgement is that of the emails of a reader.
type lettersJudgement struct {
	judgement
	r       *reader
	ids     map[string]int
	about   map[string][]int        // email -> the messages in it
	times   map[int]int             // how often a message was mailed
	version map[int]int             // which is told last
	files   map[string]int          // name and sum
	lines   map[int]map[mark]int    // how often a reaction is told by a line
	emoji   map[int]map[string]bool // reactions by emails of their own
	newest  map[int][]string        // the emoji of the last one, where its message is clear
}

func judgeLetters(r *reader, letters []letter, last bool) []problem {
	j := &lettersJudgement{
		judgement: newJudgement(r.in, "emails of "+r.name+" in "+r.in.title), r: r,
		ids: map[string]int{}, about: map[string][]int{}, times: map[int]int{}, version: map[int]int{}, files: map[string]int{},
		lines: map[int]map[mark]int{}, emoji: map[int]map[string]bool{}, newest: map[int][]string{},
	}
	for n := range j.byNumber {
		j.lines[n], j.emoji[n] = map[mark]int{}, map[string]bool{}
	}
	for _, l := range letters {
		if j.ids[l.id]++; j.ids[l.id] > 1 {
			j.add("an email taken twice", "<%s> with %v", l.id, l.said)
		} else {
			j.take(l)
		}
	}
	j.ordered()
	for _, m := range r.in.messages {
		j.message(m)
		if last && !m.deleted {
			j.reactions(m)
		}
	}
	return j.all
}

func (j *lettersJudgement) take(l letter) {
	if l.reaction {
		j.takeReaction(l)
		return
	}
	for _, t := range l.said {
		m := j.byNumber[t.n]
		if m == nil {
			j.add("in a wrong conversation", "%s", word(t.n, t.version))
			continue
		}
		j.version[t.n] = t.version
		j.about[l.id] = append(j.about[l.id], t.n)
		if t.correction {
			continue
		}
		if j.times[t.n]++; j.times[t.n] == 1 {
			j.order = append(j.order, m)
		}
	}
	for n, marks := range l.lines {
		for _, k := range marks {
			if j.lines[n] != nil {
				j.lines[n][k]++
			}
		}
	}
	for name, sum := range l.files {
		j.files[name+" "+sum]++
	}
	j.results = append(j.results, l.results...)
}

func (j *lettersJudgement) takeReaction(l letter) {
	for _, email := range l.answers {
		for _, n := range j.about[email] {
			for _, e := range l.emoji {
				j.emoji[n][e] = true
			}
			if len(j.about[email]) == 1 {
				j.newest[n] = l.emoji
			}
		}
	}
}

func (j *lettersJudgement) message(m *message) {
	switch {
	case m.by == j.r.name && m.room == nil:
		if j.times[m.n] > 0 {
			j.add("came back", "%s", word(m.n, m.edits))
		}
		return
	case m.deleted: // it may have been mailed before
		if j.times[m.n] > 1 {
			j.add("doubled by email", "%s", word(m.n, m.edits))
		}
		return
	}
	j.standsOnce(word(m.n, m.edits), j.times[m.n], "by email")
	if j.times[m.n] > 0 && j.version[m.n] != m.edits {
		j.add("other words by email", "%s was mailed as %s", word(m.n, m.edits), word(m.n, j.version[m.n]))
	}
	if m.file != nil {
		j.standsOnce(m.file.name, j.files[m.file.name+" "+m.file.sum], "as a file by email")
	}
	if m.poll != nil && m.poll.ended {
		j.result(m)
	}
}

// reactions checks what a reader was told of the reactions to a message: by lines at the
// end of emails, and by emails that are reactions.
func (j *lettersJudgement) reactions(m *message) {
	stands := map[string]bool{}
	for k, had := range m.reactions {
		stands[k.emoji] = stands[k.emoji] || had.stands
		if k.by == j.r.name && had.room == nil {
			continue
		}
		if told := j.lines[m.n][k]; told > had.times {
			j.add("reaction told too often", "%s of %s at %s: %d times", k.emoji, k.by, word(m.n, m.edits), told)
		} else if had.stands && told == 0 && !j.emoji[m.n][k.emoji] {
			j.add(untold, "%s of %s at %s", k.emoji, k.by, word(m.n, m.edits))
		}
	}
	for _, e := range j.newest[m.n] {
		if !stands[e] {
			j.add("reaction by email not taken back", "%s at %s", e, word(m.n, m.edits))
		}
	}
}
