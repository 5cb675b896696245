package finding

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

var sample = Report{Sections: []Section{{
	Name: "dns", Title: "DNS of example.org",
	Findings: []Finding{
		{Check: "dns.soa", Level: OK, Text: "All servers have the same serial number."},
		{
			Check: "dns.source-port", Level: Error, Text: "ns2.example.net does not answer queries from source ports below 1024; resolvers that use them see SERVFAIL.",
			Do: "Ask the operator of ns2.example.net to allow them.", Evidence: []string{"192.0.2.2 from port 53: time-out\nwhat: \x1b[31mred"},
		},
		{Check: "dns.ipv6", Level: Unknown, Text: "There is no IPv6 here."},
	},
	Tables: []Table{{Title: "Answers", Head: []string{"server", "port 53"}, Rows: [][]string{{"ns1.example.net", "answer"}, {"ns2", "time-out"}}}},
}}}

func TestText(t *testing.T) {
	var b bytes.Buffer
	if err := WriteText(&b, sample, false); err != nil {
		t.Fatal(err)
	}
	want := `DNS of example.org
  ok       All servers have the same serial number.
  error    ns2.example.net does not answer queries from source ports below
           1024; resolvers that use them see SERVFAIL.
           → Ask the operator of ns2.example.net to allow them.
  unknown  There is no IPv6 here.

  Answers
  server           port 53
  ns1.example.net  answer
  ns2              time-out

1 error. 1 check could not be made.
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

// What a server answered is shown on -v, but cannot move the cursor.
func TestEvidence(t *testing.T) {
	var b bytes.Buffer
	if err := WriteText(&b, sample, true); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "| 192.0.2.2 from port 53: time-out\n") || strings.Contains(b.String(), "\x1b") {
		t.Errorf("got %q", b.String())
	}
}

func TestJSON(t *testing.T) {
	var b bytes.Buffer
	if err := WriteJSON(&b, sample); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Worst    string
		Sections []struct {
			Name     string
			Findings []struct{ Check, Level string }
		}
	}
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Worst != "error" || len(got.Sections) != 1 || got.Sections[0].Findings[1].Check != "dns.source-port" {
		t.Errorf("got %+v", got)
	}
}

// Notes and what could not be checked do not make the exit code 1.
func TestBad(t *testing.T) {
	for level, want := range map[Level]bool{OK: false, Note: false, Unknown: false, Warning: true, Error: true} {
		r := Report{Sections: []Section{{Findings: []Finding{{Level: OK}, {Level: level}}}}}
		if r.Bad() != want {
			t.Errorf("%s: bad is %v", level, r.Bad())
		}
	}
}
