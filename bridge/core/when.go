package core

import "time"

// When formats a moment for a reader in a time zone: "27 Nov, 10:24". The year is added
// when it differs from the current one.
func When(t, now time.Time, zone *time.Location) string {
	return Day(t, now, zone) + t.In(zone).Format(", 15:04")
}

// Day formats a date for a reader in a time zone: "27 Nov". The year is added when it
// differs from the current one.
func Day(t, now time.Time, zone *time.Location) string {
	t = t.In(zone)
	if t.Year() != now.In(zone).Year() {
		return t.Format("2 Jan 2006")
	}
	return t.Format("2 Jan")
}
