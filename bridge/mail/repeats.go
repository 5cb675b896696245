package mail

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// repeats says a rule of RFC 5545, 3.3.10 in words, as far as it is simple.
func repeats(rule string, start time.Time) string {
	const longest = 500
	if len(rule) > longest {
		return "as the calendar file says"
	}
	r := parts(rule)
	unit := map[string]string{"DAILY": "day", "WEEKLY": "week", "MONTHLY": "month", "YEARLY": "year"}[r["FREQ"]]
	if unit == "" {
		return "as the calendar file says"
	}
	words := "every " + unit
	if n, err := strconv.Atoi(r["INTERVAL"]); err == nil && n > 1 {
		words = "every " + strconv.Itoa(n) + " " + unit + "s"
	}
	if days := r["BYDAY"]; days != "" {
		named := weekdays(days)
		if named == "" || unit != "week" && unit != "day" {
			return words + ", as the calendar file says"
		}
		words += " on " + named
	}
	if unit == "month" && r["BYMONTHDAY"] != "" && (start.IsZero() || r["BYMONTHDAY"] != strconv.Itoa(start.Day())) {
		return words + ", as the calendar file says"
	}
	return words + howOften(r)
}

// howOften says how often, or until when, a rule repeats; empty: without an end.
func howOften(r map[string]string) string {
	if n, err := strconv.Atoi(r["COUNT"]); err == nil && n > 0 {
		return ", " + strconv.Itoa(n) + " times"
	}
	if until := r["UNTIL"]; len(until) >= 8 {
		if t, err := time.Parse("20060102", until[:8]); err == nil {
			return ", until " + t.Format("2 January 2006")
		}
	}
	return ""
}

// weekdays names MO,TU; empty: it is not that simple.
func weekdays(s string) string {
	short := []string{"SU", "MO", "TU", "WE", "TH", "FR", "SA"}
	if s == "MO,TU,WE,TH,FR" {
		return "working days"
	}
	var names []string
	for d := range strings.SplitSeq(s, ",") {
		i := slices.Index(short, d)
		if i < 0 {
			return ""
		}
		names = append(names, time.Weekday(i).String())
	}
	if n := len(names); n > 1 {
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
	return names[0]
}
