package snds_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"hashsend/cmd/hashsend/doctor/finding"
	"hashsend/cmd/hashsend/doctor/snds"
)

const (
	header = "IP Address,Activity start,Activity end,RCPT commands,DATA commands,Message recipients,Filter result,Complaint rate,Trap message period start,Trap message period end,Trap hits,Sample HELO,Sample MAIL FROM,Comments\r\n"
	red    = `203.0.113.7,11/26/2026 1:00 AM,11/27/2026 1:00 AM,"1,200",1150,1100,RED,0.4%,,,,out.shop.example,bounce@shop.example,"one, two"`
	green  = "203.0.113.7,11/25/2026 1:00 AM,11/26/2026 1:00 AM,900,900,900,GREEN,< 0.1%,,,3,out.shop.example,bounce@shop.example,"
)

func TestParseData(t *testing.T) {
	asJSON := `[{"ipAddress":"203.0.113.7","activityStart":"11/26/2026 1:00 AM","messageRecipients":1100,"filterResult":"Red","complaintRate":"0.4%","trapHits":null}]`
	for name, text := range map[string]string{
		"with a header": header + red, "without": red, "with a final line end": red + "\r\n", "with a mark in front": "\xef\xbb\xbf" + header + red,
		"JSON": asJSON, "JSON in an envelope": `{"count":1,"value":` + asJSON + `}`,
	} {
		got, err := snds.ParseData([]byte(text))
		if err != nil || len(got) != 1 {
			t.Errorf("%s: %+v, %v", name, got, err)
			continue
		}
		if r := got[0]; r.IP != "203.0.113.7" || r.Recipients != 1100 || r.Filter != "RED" || r.Traps != -1 || r.Complaints != "0.4%" || r.Start != "11/26/2026 1:00 AM" {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if got, err := snds.ParseData([]byte(red)); err != nil || got[0].Comments != "one, two" {
		t.Errorf("a quoted comma: %+v, %v", got, err)
	}
	if got, err := snds.ParseData(nil); err != nil || len(got) != 0 {
		t.Errorf("empty: %+v, %v", got, err)
	}
	for name, text := range map[string]string{
		"a web page": "<!DOCTYPE html><html>", "a header of something else": "Name,Value\r\n1,2", "an address that is none": header + "203.0.113.700,x", "a filter that is none": strings.Replace(red, "RED", "BLUE", 1),
		"broken JSON": `[{"ip":`, "JSON without a list": `{"error":"no"}`,
	} {
		if _, err := snds.ParseData([]byte(text)); !errors.Is(err, snds.ErrNotData) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestParseStatus(t *testing.T) {
	got, err := snds.ParseStatus([]byte("203.0.113.0,203.0.113.255,Yes,Blocked due to user complaints\r\n203.0.114.1,203.0.114.1,No,\r\n"))
	if err != nil || len(got) != 2 || !got[0].Blocked || got[1].Blocked {
		t.Errorf("%+v, %v", got, err)
	}
	if f := snds.Status(got); len(f) != 1 || f[0].Level != finding.Error || !strings.Contains(f[0].Text, "blocks 203.0.113.0 to 203.0.113.255: Blocked due to user complaints.") {
		t.Errorf("%+v", f)
	}
	if f := snds.Status(nil); len(f) != 1 || f[0].Level != finding.OK {
		t.Errorf("an empty file is good news: %+v", f)
	}
}

func has(all []finding.Finding, level finding.Level, text string) bool {
	for _, f := range all {
		if f.Level == level && regexp.MustCompile(text).MatchString(f.Text) {
			return true
		}
	}
	return false
}

// What is seen is kept by day, told by address, and compared with the last day that
// has data.
func TestHistory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "snds.json")
	now := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	for _, text := range []string{green, red, red} {
		h, err := snds.Load(path)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := snds.ParseData([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		h.Add(rows)
		if err := h.Save(path); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	h, err := snds.Load(path)
	if err != nil || len(h.Rows) != 2 {
		t.Fatalf("%+v, %v", h, err)
	}
	all, table := h.Findings(now)
	for _, want := range []struct {
		level finding.Level
		text  string
	}{
		{finding.Error, `more than 90% of the email of 203\.0\.113\.7 for spam on 11/26/2026`},
		{finding.Warning, `worsened from GREEN \(11/25/2026\) to RED \(11/26/2026\)`},
		{finding.Warning, `marked 0\.4% of the email`},
	} {
		if !has(all, want.level, want.text) {
			t.Errorf("no %s like %q in %+v", want.level, want.text, all)
		}
	}
	if has(all, finding.Warning, `trap`) || len(table.Rows) != 1 || table.Rows[0][5] != "not reported" {
		t.Errorf("traps that are not reported are told: %+v %+v", all, table)
	}
	later, _ := h.Findings(now.AddDate(0, 0, 10))
	if !has(later, finding.Note, `no data about 203\.0\.113\.7 since 11/26/2026.*no recovery`) {
		t.Errorf("%+v", later)
	}
	one := snds.History{}
	rows, err := snds.ParseData([]byte(green))
	if err != nil {
		t.Fatal(err)
	}
	one.Add(rows)
	if all, _ := one.Findings(now); !has(all, finding.Warning, `3 emails to trap addresses`) || !has(all, finding.OK, `less than 10%`) {
		t.Errorf("%+v", all)
	}
}

func TestHistoryIsBounded(t *testing.T) {
	var h snds.History
	for i := range 200 {
		h.Add([]snds.Row{{IP: "203.0.113.7", Start: time.Date(2026, 1, 1+i, 0, 0, 0, 0, time.UTC).Format("1/2/2006 3:04 PM")}})
	}
	if len(h.Rows) != 90 || !strings.HasPrefix(h.Rows[89].Start, "7/19/2026") {
		t.Errorf("%d rows, last %s", len(h.Rows), h.Rows[len(h.Rows)-1].Start)
	}
}

// A stand-in for SNDS: a key, one day at a time, a sign-in page for what is wrong.
func TestFetch(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch q := r.URL.Query(); {
		case q.Get("key") == "old":
			w.WriteHeader(http.StatusForbidden)
		case q.Get("key") == "moved":
			http.Redirect(w, r, "/login", http.StatusFound)
		case q.Get("key") == "busy":
			w.WriteHeader(http.StatusTooManyRequests)
		case q.Get("key") != "planted-key":
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.Write([]byte("<html>Sign in</html>")) //nolint:errcheck // the test sees it
		case q.Get("date") == "none":
			w.WriteHeader(http.StatusNotFound)
		case q.Get("date") == "quiet":
			w.WriteHeader(http.StatusNoContent)
		default:
			w.Header().Set("Content-Type", "text/csv")
			w.Write([]byte(red)) //nolint:errcheck // the test sees it
		}
	}))
	t.Cleanup(s.Close)
	for _, c := range []struct {
		query string
		want  error
		level finding.Level
	}{
		{"key=planted-key", nil, ""},
		{"key=planted-key&date=quiet", nil, ""},
		{"key=planted-key&date=none", snds.ErrNoData, finding.Note},
		{"key=wrong", snds.ErrExpired, finding.Warning},
		{"key=old", snds.ErrExpired, finding.Warning},
		{"key=moved", snds.ErrExpired, finding.Warning},
	} {
		_, err := snds.Fetch(t.Context(), s.Client(), s.URL+"/data.aspx?"+c.query)
		if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: %v", c.query, err)
		}
		if err != nil && snds.Failed(err).Level != c.level {
			t.Errorf("%s: %+v", c.query, snds.Failed(err))
		}
	}
	for _, link := range []string{s.URL + "/?key=busy", "http://snds.example/?key=planted-key", "nonsense", "http://127.0.0.1:1/?key=planted-key"} {
		_, err := snds.Fetch(t.Context(), s.Client(), link)
		if err == nil || strings.Contains(err.Error(), "planted-key") || snds.Failed(err).Level != finding.Unknown {
			t.Errorf("%s: %v", link, err)
		}
	}
}

// A link is good for 30 days, and a warning comes before.
func TestLink(t *testing.T) {
	var h snds.History
	begun := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	first := h.Used("https://snds.example/?key=planted-key", begun)
	if got := h.Used("https://snds.example/?key=planted-key", begun.AddDate(0, 0, 20)); got != first {
		t.Errorf("it was first used at %s", got)
	}
	if f := snds.LinkFindings(first, begun.AddDate(0, 0, 20)); len(f) != 0 {
		t.Errorf("%+v", f)
	}
	if f := snds.LinkFindings(first, begun.AddDate(0, 0, 26)); len(f) != 1 || !strings.Contains(f[0].Text, "expires by 1 Dec 2026") {
		t.Errorf("%+v", f)
	}
	for k := range h.Links {
		if strings.Contains(k, "planted-key") {
			t.Error("the link itself is kept")
		}
	}
}

// FuzzParse: whatever is read has an address in each row.
func FuzzParse(f *testing.F) {
	f.Add([]byte(header + red))
	f.Add([]byte(`{"value":[{"ip":"203.0.113.7"}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		rows, err := snds.ParseData(raw)
		if err == nil {
			var h snds.History
			h.Add(rows)
			h.Findings(time.Unix(0, 0))
			for _, r := range rows {
				if r.IP == "" {
					t.Errorf("%q", raw)
				}
			}
		}
		if ranges, err := snds.ParseStatus(raw); err == nil {
			snds.Status(ranges)
		}
	})
}
