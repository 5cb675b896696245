// Package snds reads what Microsoft's Smart Network Data Services say about sending
// addresses, from its files or from the link that it gives out, remembers it by day,
// and says when it worsens.
package snds

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Row is one address in one period of activity. Times are as given: their zone is
// disputed.
type Row struct {
	IP         string `json:"ip"`
	Start      string `json:"start"`
	End        string `json:"end"`
	Recipients int    `json:"recipients"` // of RCPT commands that were accepted as messages; -1: not given
	Filter     string `json:"filter"`     // GREEN, YELLOW, RED; empty: not given
	Complaints string `json:"complaints"` // such as "< 0.1%"
	Traps      int    `json:"traps"`      // -1: not reported, which is not 0
	Helo       string `json:"helo,omitempty"`
	MailFrom   string `json:"mail_from,omitempty"`
	Comments   string `json:"comments,omitempty"`
}

// day is the date of a row, as given.
func (r Row) day() string {
	d, _, _ := strings.Cut(strings.ReplaceAll(r.Start, "T", " "), " ")
	return d
}

// columns of the data file, in its order. Names have letters only.
var columns = []string{
	"ipaddress", "activitystart", "activityend", "rcptcommands", "datacommands", "messagerecipients", "filterresult", "complaintrate",
	"trapmessageperiodstart", "trapmessageperiodend", "traphits", "samplehelo", "samplemailfrom", "comments",
}

var other = map[string]string{
	"ip": "ipaddress", "recipients": "messagerecipients", "trapperiodstart": "trapmessageperiodstart", "trapperiodend": "trapmessageperiodend",
	"traphitcount": "traphits", "startip": "firstip", "endip": "lastip",
}

func plain(name string) string {
	name = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, strings.ToLower(name))
	if o := other[name]; o != "" {
		return o
	}
	return name
}

// ErrNotData means that the text is not a file of SNDS.
var ErrNotData = errors.New("it is not a file of SNDS")

// ParseData reads a data file: CSV with or without a header, or JSON.
func ParseData(raw []byte) ([]Row, error) {
	records, err := read(raw, columns)
	if err != nil {
		return nil, err
	}
	var all []Row
	for i, m := range records {
		ip, err := netip.ParseAddr(m["ipaddress"])
		if err != nil {
			return nil, fmt.Errorf("line %d: %q is not an IP address: %w", i+1, m["ipaddress"], ErrNotData)
		}
		row := Row{
			IP: ip.String(), Start: m["activitystart"], End: m["activityend"], Recipients: number(m["messagerecipients"]),
			Filter: strings.ToUpper(m["filterresult"]), Complaints: m["complaintrate"], Traps: number(m["traphits"]),
			Helo: m["samplehelo"], MailFrom: m["samplemailfrom"], Comments: m["comments"],
		}
		if row.Filter != "" && !slices.Contains([]string{"GREEN", "YELLOW", "RED"}, row.Filter) {
			return nil, fmt.Errorf("line %d: %q is none of GREEN, YELLOW and RED: %w", i+1, m["filterresult"], ErrNotData)
		}
		all = append(all, row)
	}
	return all, nil
}

// number reads a count; -1: there is none.
func number(s string) int {
	n, err := strconv.Atoi(strings.ReplaceAll(s, ",", ""))
	if err != nil || n < 0 {
		return -1
	}
	return n
}

// Range is a line of the status file.
type Range struct {
	First, Last, Details string
	Blocked              bool
}

// ParseStatus reads a status file. None is good news.
func ParseStatus(raw []byte) (all []Range, err error) {
	records, err := read(raw, []string{"firstip", "lastip", "blocked", "details"})
	if err != nil {
		return nil, err
	}
	for i, m := range records {
		if _, err := netip.ParseAddr(m["firstip"]); err != nil {
			return nil, fmt.Errorf("line %d: %q is not an IP address: %w", i+1, m["firstip"], ErrNotData)
		}
		blocked := strings.ToLower(m["blocked"])
		all = append(all, Range{First: m["firstip"], Last: m["lastip"], Details: m["details"], Blocked: blocked == "yes" || blocked == "true" || blocked == "1" || blocked == "blocked"})
	}
	return all, nil
}

// maxFile is the largest file that is read.
const maxFile = 16 << 20

// read makes a map of each line or object.
func read(raw []byte, names []string) ([]map[string]string, error) {
	raw = bytes.TrimPrefix(bytes.TrimSpace(raw), []byte("\xef\xbb\xbf"))
	switch {
	case len(raw) == 0:
		return nil, nil
	case len(raw) > maxFile:
		return nil, errors.New("the file is too large")
	case raw[0] == '<':
		return nil, fmt.Errorf("it is a web page: %w", ErrNotData)
	case raw[0] == '[' || raw[0] == '{':
		return readJSON(raw)
	}
	return readCSV(raw, names)
}

func readCSV(raw []byte, names []string) (all []map[string]string, err error) {
	in := csv.NewReader(bytes.NewReader(raw))
	in.FieldsPerRecord, in.LazyQuotes, in.TrimLeadingSpace = -1, true, true
	for line := 1; ; line++ {
		fields, err := in.Read()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrNotData, err)
		}
		if _, err := netip.ParseAddr(strings.TrimSpace(fields[0])); err != nil && line == 1 && plain(fields[0]) != "" {
			if !slices.Contains(names, plain(fields[0])) {
				return nil, fmt.Errorf("it begins with %.40q: %w", fields[0], ErrNotData)
			}
			header := names
			names = nil
			for i, f := range fields {
				if name := plain(f); name != "" {
					names = append(names, name)
				} else {
					names = append(names, header[min(i, len(header)-1)])
				}
			}
			continue
		}
		m := map[string]string{}
		for i, f := range fields[:min(len(fields), len(names))] {
			m[names[i]] = strings.TrimSpace(f)
		}
		all = append(all, m)
	}
}

func readJSON(raw []byte) (all []map[string]string, err error) {
	var list []map[string]any
	if raw[0] == '{' { // in an envelope
		var envelope map[string]json.RawMessage
		if err := json.Unmarshal(raw, &envelope); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrNotData, err)
		}
		found := false
		for _, v := range envelope {
			if t := bytes.TrimSpace(v); len(t) > 0 && t[0] == '[' && !found {
				raw, found = t, true
			}
		}
		if !found {
			return nil, fmt.Errorf("it has no list: %w", ErrNotData)
		}
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotData, err)
	}
	for _, o := range list {
		m := map[string]string{}
		for k, v := range o {
			switch v := v.(type) {
			case nil:
			case float64:
				m[plain(k)] = strconv.FormatFloat(v, 'f', -1, 64)
			default:
				m[plain(k)] = strings.TrimSpace(fmt.Sprint(v))
			}
		}
		all = append(all, m)
	}
	return all, nil
}
