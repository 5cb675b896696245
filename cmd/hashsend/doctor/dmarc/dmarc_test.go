package dmarc_test

import (
	"context"
	"net"
	"strings"
	"testing"

	"hashsend/cmd/hashsend/doctor/ask"
	"hashsend/cmd/hashsend/doctor/dmarc"
)

// table is a name server that knows only what stands in it.
type table map[string][]string

func (t table) TXT(_ context.Context, name string) ([]string, error) {
	v, ok := t[strings.ToLower(name)]
	switch {
	case !ok:
		return nil, ask.ErrVoid
	case len(v) == 1 && v[0] == "silent":
		return nil, &net.DNSError{Err: "time-out", IsTimeout: true}
	}
	return v, nil
}

func TestParse(t *testing.T) {
	for _, c := range []struct {
		text, policy, remark, problem string
	}{
		{"v=DMARC1; p=reject; rua=mailto:a@b.example", "reject", "", ""},
		{"v=DMARC1;p=Quarantine;", "quarantine", "", ""},
		{"v = DMARC1 ; p = none", "none", "", ""},
		{"v=DMARC1; rua=mailto:a@b.example", "none", "no valid policy", ""},
		{"v=DMARC1; sp=none; p=reject", "reject", "does not come right after", ""},
		{"v=DMARC1; p=monitor; rua=mailto:a@b.example", "none", "p=monitor is not a policy", ""},
		{"v=DMARC1; p=reject; rua=a@b.example", "reject", "not a mailto: address", ""},
		{"v=DMARC1; p=reject; p=none", "reject", "stands twice", ""},
		{"v=DMARC1; p=reject; pct=200; adkim=x; psd=maybe; olt=1; nonsense", "reject", "pct=200 is not a percentage", ""},
		{"v=DMARC1; nothing", "", "", "no valid policy"},
		{"v=dmarc1; p=none", "", "", "does not begin"},
		{"p=none; v=DMARC1", "", "", "does not begin"},
		{"v=DMARC12; p=none", "", "", "does not begin"},
	} {
		r, err := dmarc.Parse(c.text)
		if (err == nil) != (c.problem == "") || err != nil && !strings.Contains(err.Error(), c.problem) {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if err == nil && (r.P != c.policy || !strings.Contains(strings.Join(r.Remarks, "; "), c.remark) || c.remark == "" && len(r.Remarks) > 0) {
			t.Errorf("%s: %s, %q", c.text, r.P, r.Remarks)
		}
	}
}

// Both ways of finding a policy, where they agree and where they do not.
func TestDiscovery(t *testing.T) {
	dns := table{
		"_dmarc.shop.example":           {"v=DMARC1; p=reject; sp=quarantine; np=reject"},
		"_dmarc.own.shop.example":       {"v=DMARC1; p=none"},
		"_dmarc.co.uk":                  {"v=DMARC1; p=none; psd=y"},
		"_dmarc.team.big.example":       {"v=DMARC1; p=reject; psd=n"},
		"_dmarc.big.example":            {"v=DMARC1; p=none"},
		"_dmarc.two.example":            {"v=DMARC1; p=none", "v=DMARC1; p=reject"},
		"_dmarc.silent.example":         {"silent"},
		"_dmarc.typo.example":           {"V=DMARC1; p=none"},
		"_dmarc.c.d.e.f.g.deep.example": {"v=DMARC1; p=quarantine"},
	}
	for _, c := range []struct {
		from     string
		gone     bool
		old, new string // whose record, organizational domain, policy
	}{
		{from: "shop.example", old: "shop.example shop.example reject", new: "shop.example shop.example reject"},
		{from: "mail.shop.example", old: "shop.example shop.example quarantine", new: "shop.example shop.example quarantine"},
		{from: "gone.shop.example", gone: true, old: "shop.example shop.example quarantine", new: "shop.example shop.example reject"},
		{from: "own.shop.example", old: "own.shop.example shop.example none", new: "own.shop.example shop.example none"},
		{from: "x.own.shop.example", old: "shop.example shop.example quarantine", new: "shop.example shop.example quarantine"},
		{from: "shop.co.uk", old: " shop.co.uk ", new: "co.uk shop.co.uk none"},
		{from: "mail.team.big.example", old: "big.example big.example none", new: "team.big.example team.big.example reject"},
		{from: "two.example", old: " two.example ", new: " two.example "},
		{from: "typo.example", old: " typo.example ", new: " typo.example "},
		{from: "a.b.c.d.e.f.g.deep.example", old: " deep.example ", new: "c.d.e.f.g.deep.example c.d.e.f.g.deep.example quarantine"},
	} {
		show := func(d dmarc.Discovery) string { return d.At + " " + d.Org + " " + d.Policy }
		if got := show(dmarc.Old(t.Context(), dns, c.from)); got != c.old {
			t.Errorf("RFC 7489, %s: %q, want %q", c.from, got, c.old)
		}
		d := dmarc.New(t.Context(), dns, c.from, !c.gone)
		if got := show(d); got != c.new {
			t.Errorf("RFC 9989, %s: %q, want %q\n%q", c.from, got, c.new, d.Asked)
		}
		if len(d.Asked) > 8 {
			t.Errorf("%s: %d queries", c.from, len(d.Asked))
		}
	}
	if d := dmarc.Old(t.Context(), dns, "silent.example"); d.Problem == nil {
		t.Error("a silent name server is no problem (RFC 7489)")
	}
	if d := dmarc.New(t.Context(), dns, "silent.example", true); d.Problem == nil {
		t.Error("a silent name server is no problem (RFC 9989)")
	}
}

func TestAligned(t *testing.T) {
	for _, c := range []struct {
		strict       bool
		from, domain string
		want         bool
	}{
		{false, "shop.example", "mail.shop.example", true},
		{true, "shop.example", "mail.shop.example", false},
		{true, "shop.example", "Shop.example", true},
		{false, "shop.example", "other.example", false},
		{false, "a.co.uk", "b.co.uk", false},
	} {
		if got := dmarc.Aligned(c.strict, c.from, dmarc.OldOrg(c.from), c.domain, dmarc.OldOrg(c.domain)); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

func TestExternal(t *testing.T) {
	dns := table{
		"_dmarc.shop.example":                      {"v=DMARC1; p=none; rua=mailto:d@reports.test,mailto:d@mail.shop.example,mailto:d@deaf.test!10m"},
		"shop.example._report._dmarc.reports.test": {"v=DMARC1"},
	}
	got, err := dmarc.External(t.Context(), dns, dmarc.Old(t.Context(), dns, "shop.example"))
	if err != nil || len(got) != 2 || !got["reports.test"] || got["deaf.test"] {
		t.Errorf("%v, %v", got, err)
	}
}

// FuzzParse: what is accepted has a policy.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"v=DMARC1; p=reject; rua=mailto:a@b!1m,mailto:c@d", "v=DMARC1;;p=none;pct=1", "v=DMARC1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if r, err := dmarc.Parse(s); err == nil && r.P == "" {
			t.Errorf("%q has no policy", s)
		}
	})
}
