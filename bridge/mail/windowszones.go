package mail

import (
	"strconv"
	"strings"
	"time"
)

// zoneNamed finds a zone by its name: of the tz database, or one of Windows. Some
// programs put a path of their own in front. nil: it is not known.
func zoneNamed(id string) *time.Location {
	const longest = 100
	if len(id) > longest || id == "" || strings.EqualFold(id, "local") {
		return nil
	}
	if loc, err := time.LoadLocation(windowsZone(id)); err == nil {
		return loc
	}
	if parts := strings.Split(id, "/"); len(parts) > 2 {
		if loc, err := time.LoadLocation(strings.Join(parts[len(parts)-2:], "/")); err == nil {
			return loc
		}
	}
	return nil
}

// windowsZone turns the name of a zone on Windows into that of the tz database
// (CLDR, windowsZones); another name stays as it is.
func windowsZone(id string) string {
	for line := range strings.Lines(windowsZones) {
		if name, tz, ok := strings.Cut(strings.TrimSpace(line), "="); ok && strings.EqualFold(name, id) {
			return tz
		}
	}
	return id
}

// definedZone gives a time of a clock its zone by what the calendar itself says of
// it. false: it says nothing, or nothing simple.
func definedZone(rules []properties, clock time.Time) (time.Time, bool) {
	const most = 2 // a standard and a summer time; more tell of history
	if len(rules) == 0 || len(rules) > most {
		return clock, false
	}
	var best time.Time
	offset, name := 0, ""
	for i, r := range rules {
		to, ok := zoneOffset(r["TZOFFSETTO"].value)
		if !ok {
			return clock, false
		}
		on, ok := onset(r, clock)
		if !ok {
			return clock, false
		}
		if i == 0 || on.After(best) {
			best, offset, name = on, to, oneLine(r["TZNAME"].value)
		}
	}
	if name == "" || len(name) > 10 {
		name = clock.In(time.FixedZone("", offset)).Format("-07:00")
	}
	return time.Date(clock.Year(), clock.Month(), clock.Day(), clock.Hour(), clock.Minute(), clock.Second(), 0, time.FixedZone(name, offset)), true
}

// parts takes a rule of RFC 5545, 3.3.10 apart.
func parts(rule string) map[string]string {
	p := map[string]string{}
	for part := range strings.SplitSeq(strings.ToUpper(rule), ";") {
		k, v, _ := strings.Cut(strings.TrimSpace(part), "=")
		p[k] = v
	}
	return p
}

// yearlyOn reads a rule for each year: its month (0: that of its beginning), and which
// weekday of it, 1 the first and -1 the last. Other rules are not ok.
func yearlyOn(p map[string]string) (month, n, weekday int, ok bool) {
	if p["FREQ"] != "YEARLY" || p["INTERVAL"] != "" && p["INTERVAL"] != "1" || p["UNTIL"] != "" || p["COUNT"] != "" || len(p["BYDAY"]) < 3 {
		return 0, 0, 0, false
	}
	month, err := strconv.Atoi(p["BYMONTH"])
	if err == nil && (month < 1 || month > 12) {
		return 0, 0, 0, false
	}
	if err != nil {
		month = 0
	}
	n, weekday, ok = nthWeekday(p["BYDAY"])
	return month, n, weekday, ok
}

// nthWeekday reads "2SU", the second Sunday, or "-1MO", the last Monday.
func nthWeekday(s string) (n, weekday int, ok bool) {
	n, err := strconv.Atoi(s[:len(s)-2])
	day := strings.Index("SUMOTUWETHFRSA", s[len(s)-2:])
	return n, day / 2, err == nil && n != 0 && n >= -5 && n <= 5 && day >= 0 && day%2 == 0
}

// onset is when a rule last began to hold before a time of the clock.
func onset(r properties, clock time.Time) (time.Time, bool) {
	start, err := time.Parse("20060102T150405", strings.TrimSpace(r["DTSTART"].value))
	if err != nil {
		return start, false
	}
	rule, repeated := r["RRULE"]
	if !repeated {
		return start, true
	}
	month, n, weekday, ok := yearlyOn(parts(rule.value))
	if !ok {
		return start, false
	}
	if month == 0 {
		month = int(start.Month())
	}
	on := func(year int) time.Time {
		first := time.Date(year, time.Month(month), 1, start.Hour(), start.Minute(), start.Second(), 0, time.UTC)
		if n > 0 {
			return first.AddDate(0, 0, (weekday-int(first.Weekday())+7)%7+7*(n-1))
		}
		last := first.AddDate(0, 1, -1)
		return last.AddDate(0, 0, -(int(last.Weekday())-weekday+7)%7+7*(n+1))
	}
	if t := on(clock.Year()); !t.After(clock) {
		return t, true
	}
	return on(clock.Year() - 1), true
}

// zoneOffset reads +0130 as seconds.
func zoneOffset(s string) (int, bool) {
	for _, layout := range []string{"-0700", "-070000"} {
		if t, err := time.Parse(layout, strings.TrimSpace(s)); err == nil {
			_, offset := t.Zone()
			return offset, true
		}
	}
	return 0, false
}

const windowsZones = `Dateline Standard Time=Etc/GMT+12
UTC-11=Etc/GMT+11
Aleutian Standard Time=America/Adak
Hawaiian Standard Time=Pacific/Honolulu
Alaskan Standard Time=America/Anchorage
Pacific Standard Time=America/Los_Angeles
Pacific Standard Time (Mexico)=America/Tijuana
US Mountain Standard Time=America/Phoenix
Mountain Standard Time=America/Denver
Mountain Standard Time (Mexico)=America/Mazatlan
Central America Standard Time=America/Guatemala
Central Standard Time=America/Chicago
Central Standard Time (Mexico)=America/Mexico_City
Canada Central Standard Time=America/Regina
SA Pacific Standard Time=America/Bogota
Eastern Standard Time=America/New_York
Eastern Standard Time (Mexico)=America/Cancun
US Eastern Standard Time=America/Indianapolis
Cuba Standard Time=America/Havana
Haiti Standard Time=America/Port-au-Prince
Paraguay Standard Time=America/Asuncion
Atlantic Standard Time=America/Halifax
Venezuela Standard Time=America/Caracas
SA Western Standard Time=America/La_Paz
Pacific SA Standard Time=America/Santiago
Central Brazilian Standard Time=America/Cuiaba
Newfoundland Standard Time=America/St_Johns
E. South America Standard Time=America/Sao_Paulo
Argentina Standard Time=America/Buenos_Aires
SA Eastern Standard Time=America/Cayenne
Montevideo Standard Time=America/Montevideo
Greenland Standard Time=America/Godthab
Bahia Standard Time=America/Bahia
UTC-02=Etc/GMT+2
Azores Standard Time=Atlantic/Azores
Cape Verde Standard Time=Atlantic/Cape_Verde
UTC=Etc/UTC
Coordinated Universal Time=Etc/UTC
GMT Standard Time=Europe/London
Greenwich Standard Time=Atlantic/Reykjavik
Morocco Standard Time=Africa/Casablanca
W. Europe Standard Time=Europe/Berlin
Central Europe Standard Time=Europe/Budapest
Romance Standard Time=Europe/Paris
Central European Standard Time=Europe/Warsaw
W. Central Africa Standard Time=Africa/Lagos
Namibia Standard Time=Africa/Windhoek
South Africa Standard Time=Africa/Johannesburg
GTB Standard Time=Europe/Bucharest
FLE Standard Time=Europe/Kiev
E. Europe Standard Time=Europe/Chisinau
Kaliningrad Standard Time=Europe/Kaliningrad
Egypt Standard Time=Africa/Cairo
Israel Standard Time=Asia/Jerusalem
Jordan Standard Time=Asia/Amman
Middle East Standard Time=Asia/Beirut
Syria Standard Time=Asia/Damascus
Turkey Standard Time=Europe/Istanbul
Russian Standard Time=Europe/Moscow
Belarus Standard Time=Europe/Minsk
Arab Standard Time=Asia/Riyadh
Arabic Standard Time=Asia/Baghdad
E. Africa Standard Time=Africa/Nairobi
Iran Standard Time=Asia/Tehran
Arabian Standard Time=Asia/Dubai
Azerbaijan Standard Time=Asia/Baku
Georgian Standard Time=Asia/Tbilisi
Caucasus Standard Time=Asia/Yerevan
Mauritius Standard Time=Indian/Mauritius
Russia Time Zone 3=Europe/Samara
Afghanistan Standard Time=Asia/Kabul
West Asia Standard Time=Asia/Tashkent
Pakistan Standard Time=Asia/Karachi
Ekaterinburg Standard Time=Asia/Yekaterinburg
India Standard Time=Asia/Calcutta
Sri Lanka Standard Time=Asia/Colombo
Nepal Standard Time=Asia/Katmandu
Central Asia Standard Time=Asia/Bishkek
Bangladesh Standard Time=Asia/Dhaka
Omsk Standard Time=Asia/Omsk
Myanmar Standard Time=Asia/Rangoon
SE Asia Standard Time=Asia/Bangkok
N. Central Asia Standard Time=Asia/Novosibirsk
North Asia Standard Time=Asia/Krasnoyarsk
China Standard Time=Asia/Shanghai
North Asia East Standard Time=Asia/Irkutsk
Singapore Standard Time=Asia/Singapore
W. Australia Standard Time=Australia/Perth
Taipei Standard Time=Asia/Taipei
Ulaanbaatar Standard Time=Asia/Ulaanbaatar
Tokyo Standard Time=Asia/Tokyo
Korea Standard Time=Asia/Seoul
Yakutsk Standard Time=Asia/Yakutsk
Cen. Australia Standard Time=Australia/Adelaide
AUS Central Standard Time=Australia/Darwin
E. Australia Standard Time=Australia/Brisbane
AUS Eastern Standard Time=Australia/Sydney
West Pacific Standard Time=Pacific/Port_Moresby
Tasmania Standard Time=Australia/Hobart
Vladivostok Standard Time=Asia/Vladivostok
Lord Howe Standard Time=Australia/Lord_Howe
Magadan Standard Time=Asia/Magadan
Central Pacific Standard Time=Pacific/Guadalcanal
New Zealand Standard Time=Pacific/Auckland
UTC+12=Etc/GMT-12
Fiji Standard Time=Pacific/Fiji
Tonga Standard Time=Pacific/Tongatapu
Samoa Standard Time=Pacific/Apia
Line Islands Standard Time=Pacific/Kiritimati
`
