package reply

import "strings"

// lookNumbers finds dates and times, in any digits.
func lookNumbers(s string) signs {
	n := numbers{start: true}
	for _, r := range s {
		n.rune(r)
	}
	n.number()
	n.apart()
	g := n.found
	if g&signYear != 0 && g&signDay != 0 || g&signDay != 0 && g&signTime != 0 && n.small >= 2 {
		g |= signDate
	}
	if strings.Contains(s, "GMT") || strings.Contains(s, "UTC") {
		g |= signZone
	} else if g&signTime == 0 {
		g &^= signZone
	}
	return g
}

// numbers reads the numbers of a line, and what stands between them.
type numbers struct {
	found         signs
	small         int // numbers that may be a day, a month or an hour
	digits, value int // of the number that is being read
	sep           rune
	run           int    // how often it stood between numbers, without anything else
	values, sizes [3]int // of the last numbers
	date          bool   // three numbers that are a date, as long as no fourth follows
	start         bool   // nothing but signs so far
	head          bool   // the line begins with a number
}

func (n *numbers) rune(r rune) {
	if d := digit(r); d >= 0 {
		n.head, n.start = n.head || n.start, false
		if n.digits < 9 {
			n.value = n.value*10 + d
		}
		n.digits++
		return
	}
	was := n.digits > 0
	n.number()
	if was && strings.ContainsRune("/-.:h", r) {
		if r == n.sep {
			n.run++
			return
		}
		n.apart()
		n.sep, n.run = r, 1
		return
	}
	n.apart()
	if was && r > 0x2000 && strings.ContainsRune("年월月日년일", r) {
		n.dated()
	}
	if r == '+' && !n.start {
		n.found |= signZone
	}
	n.start = n.start && (strings.ContainsRune("[(\"", r) || invisible(r))
}

// number ends one.
func (n *numbers) number() {
	if n.digits == 0 {
		return
	}
	switch {
	case n.digits == 4 && isYear(n.value):
		n.found |= signYear
	case n.digits <= 2 && n.value <= 31:
		n.found |= signDay
		n.small++
	}
	if n.digits == 2 && strings.ContainsRune(":.h", n.sep) && n.run == 1 && n.value < 60 && n.values[2] < 25 {
		n.found |= signTime
	}
	n.values = [3]int{n.values[1], n.values[2], n.value}
	n.sizes = [3]int{n.sizes[1], n.sizes[2], n.digits}
	n.date = n.run == 2 && strings.ContainsRune("/-.", n.sep) && isDate(n.values, n.sizes)
	n.digits, n.value = 0, 0
}

// isYear tells whether a number is a year of our calendar, the Buddhist or the Persian.
func isYear(v int) bool {
	return v >= 1980 && v <= 2100 || v >= 2520 && v <= 2650 || v >= 1370 && v <= 1450
}

// apart ends numbers that are joined. Four are an address of the internet, or a version.
func (n *numbers) apart() {
	if n.date {
		n.dated()
	}
	n.date, n.sep, n.run = false, 0, 0
}

func (n *numbers) dated() {
	n.found |= signDate
	if n.head {
		n.found |= signDateHead
	}
}

// isDate tells whether three numbers of so many digits can be a date.
func isDate(v, size [3]int) bool {
	day := func(d, m int) bool { return d >= 1 && d <= 31 && m >= 1 && m <= 12 }
	switch {
	case size[0] == 4:
		return day(v[2], v[1]) && size[2] <= 2
	case size[0] > 2 || size[1] > 2:
		return false
	}
	return (size[2] == 4 || size[2] == 2) && (day(v[0], v[1]) || day(v[1], v[0]) || size[2] == 2 && size[0] == 2 && day(v[2], v[1]))
}
