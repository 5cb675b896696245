package zone

import (
	"fmt"

	"hashsend/cmd/hashsend/doctor/ask"
	"hashsend/cmd/hashsend/doctor/finding"
)

// Tables show who answered what from where.
func Tables(f Facts) []finding.Table {
	head := []string{"server", "address", "UDP", "EDNS", "TCP"}
	for _, p := range f.Ports {
		head = append(head, fmt.Sprintf("from %d", p))
	}
	t := finding.Table{Title: "Answers of the name servers to SOA " + plainName(f.Apex) + " (source ports: UDP / TCP)", Head: append(head, "serial")}
	for _, s := range f.Servers {
		if !s.Addr.IsValid() {
			t.Rows = append(t.Rows, []string{plainName(s.Name), "none"})
			continue
		}
		row := []string{plainName(s.Name), s.Addr.String(), cell(s.Plain), cell(s.EDNS), cell(s.TCP)}
		for _, p := range f.Ports {
			c := cell(s.From[p][0])
			if u := cell(s.From[p][1]); u != c && u != "-" {
				c += " / " + u
			}
			row = append(row, c)
		}
		serial := "-"
		if n, ok := s.serial(); ok {
			serial = fmt.Sprint(n)
		}
		t.Rows = append(t.Rows, append(row, serial))
	}
	head = []string{"domain", "server", "any port"}
	for _, p := range f.Ports {
		head = append(head, fmt.Sprintf("from %d", p))
	}
	c := finding.Table{Title: "Controls", Head: head}
	for _, k := range f.Controls {
		if k.Failed != nil {
			c.Rows = append(c.Rows, []string{plainName(k.Domain), "could not be found"})
			continue
		}
		row := []string{plainName(k.Domain), plainName(k.Server), cell(k.Any)}
		for _, p := range f.Ports {
			row = append(row, cell(k.From[p]))
		}
		c.Rows = append(c.Rows, row)
	}
	return []finding.Table{t, c}
}

func cell(r ask.Reply) string {
	if !r.Server.IsValid() {
		return "-"
	}
	if r.Outcome == ask.Answered && r.Msg.Authoritative {
		return "ok"
	}
	return r.Outcome.String()
}
