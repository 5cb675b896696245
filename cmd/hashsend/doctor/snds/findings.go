package snds

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"hashsend/cmd/hashsend/doctor/finding"
)

var rank = map[string]int{"GREEN": 1, "YELLOW": 2, "RED": 3}

// stale is after how long without data that is said.
const stale = 4 * 24 * time.Hour

// Findings tells what SNDS says about each address, and whether it has worsened. Days
// without data are no recovery: few emails give none.
func (h History) Findings(now time.Time) (all []finding.Finding, table finding.Table) {
	table = finding.Table{Title: "Outlook.com (SNDS), last day of each address; times as given", Head: []string{"address", "day", "recipients", "filter", "complaints", "traps"}}
	ips, rows := h.byIP()
	for _, ip := range ips {
		of := rows[ip]
		last := of[len(of)-1]
		table.Rows = append(table.Rows, []string{ip, last.day(), count(last.Recipients), last.Filter, last.Complaints, traps(last.Traps)})
		all = append(all, tell(last, of[:len(of)-1])...)
		if d := dayOf(last.Start); !d.IsZero() && now.Sub(d) > stale {
			all = append(all, finding.Finding{
				Check: "reputation.snds", Level: finding.Note,
				Text: fmt.Sprintf("SNDS has no data about %s since %s. Addresses that send few emails have none on most days; that is no recovery.", ip, last.day()),
			})
		}
	}
	return all, table
}

func count(n int) string {
	if n < 0 {
		return "not given"
	}
	return strconv.Itoa(n)
}

func traps(n int) string {
	if n < 0 {
		return "not reported"
	}
	return strconv.Itoa(n)
}

// tell says what one address's last day means.
func tell(last Row, before []Row) (all []finding.Finding) {
	add := func(level finding.Level, text, do string) {
		all = append(all, finding.Finding{
			Check: "reputation.snds", Level: level, Text: text, Do: do,
			Evidence: []string{fmt.Sprintf("%s to %s: filter %s, complaints %s, recipients %s, traps %s %s", last.Start, last.End, last.Filter, last.Complaints, count(last.Recipients), traps(last.Traps), last.Comments)},
		})
	}
	const stop = "Send only what people asked for, remove addresses that bounce, and send little for some days."
	switch last.Filter {
	case "RED":
		add(finding.Error, fmt.Sprintf("Outlook.com took more than 90%% of the email of %s for spam on %s.", last.IP, last.day()), stop)
	case "YELLOW":
		add(finding.Warning, fmt.Sprintf("Outlook.com took 10 to 90%% of the email of %s for spam on %s.", last.IP, last.day()), stop)
	case "GREEN":
		add(finding.OK, fmt.Sprintf("Outlook.com took less than 10%% of the email of %s for spam on %s.", last.IP, last.day()), "")
	}
	if r, ok := rate(last.Complaints); ok && r >= 0.3 {
		add(finding.Warning, fmt.Sprintf("Recipients at Outlook.com marked %s of the email of %s as junk on %s; below 0.1%% is healthy.", last.Complaints, last.IP, last.day()), stop)
	}
	if last.Traps > 0 {
		add(finding.Warning, fmt.Sprintf("%s sent %d emails to trap addresses of Microsoft on %s.", last.IP, last.Traps, last.day()), "Remove addresses that never reply, and any that were bought or guessed.")
	}
	for i := len(before) - 1; i >= 0; i-- {
		if b := before[i]; b.Filter != "" {
			if rank[last.Filter] > rank[b.Filter] {
				add(finding.Warning, fmt.Sprintf("At Outlook.com %s has worsened from %s (%s) to %s (%s).", last.IP, b.Filter, b.day(), last.Filter, last.day()), stop)
			}
			break
		}
	}
	return all
}

// rate reads a complaint rate such as "< 0.1%" or "0.4%".
func rate(s string) (percent float64, ok bool) {
	s = strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(strings.TrimLeft(strings.TrimSpace(s), "<>= ")), "%"))
	r, err := strconv.ParseFloat(s, 64)
	return r, err == nil
}

// Status tells which addresses are blocked.
func Status(all []Range) (found []finding.Finding) {
	for _, r := range all {
		if !r.Blocked {
			continue
		}
		which := r.First
		if r.Last != "" && r.Last != r.First {
			which += " to " + r.Last
		}
		found = append(found, finding.Finding{
			Check: "reputation.snds-blocked", Level: finding.Error, Text: strings.TrimSuffix(fmt.Sprintf("Outlook.com blocks %s: %s", which, r.Details), ": ") + ".",
			Do: "Ask for removal at https://olcsupport.office.com/ once the cause is gone.",
		})
	}
	if len(found) == 0 {
		found = append(found, finding.Finding{Check: "reputation.snds-blocked", Level: finding.OK, Text: "Outlook.com blocks none of the addresses that SNDS shows you."})
	}
	return found
}

// LinkFindings warns before a link expires.
func LinkFindings(first, now time.Time) []finding.Finding {
	end := first.Add(LinkLife)
	if end.Sub(now) > 5*24*time.Hour {
		return nil
	}
	return []finding.Finding{{
		Check: "reputation.snds-link", Level: finding.Warning,
		Text: fmt.Sprintf("The link to SNDS has been used since %s and expires by %s.", first.UTC().Format("2 Jan"), end.UTC().Format("2 Jan 2006")),
		Do:   "Make a new one in SNDS under automated data access, and put it in place of the old one.",
	}}
}

// Failed tells why nothing could be read.
func Failed(err error) finding.Finding {
	f := finding.Finding{Check: "reputation.snds", Level: finding.Unknown, Text: fmt.Sprintf("What SNDS says could not be read: %v.", err)}
	switch {
	case errors.Is(err, ErrExpired):
		f.Level, f.Do = finding.Warning, "Sign in to SNDS, make a new link, and put it in place of the old one."
	case errors.Is(err, ErrNoData):
		f.Level, f.Text = finding.Note, "SNDS has no report yet: reports come some hours after a day has ended, and days with few emails have none."
	}
	return f
}
