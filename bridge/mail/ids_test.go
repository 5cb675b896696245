package mail

import (
	"encoding/base64"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestMint(t *testing.T) {
	m := Mint{Secret: []byte(strings.Repeat("k", 32))}
	epoch, uniq := NewUniq(), NewUniq()
	id := m.MessageID(epoch, uniq, "Example.ORG")
	if !regexp.MustCompile(`^hs\.[a-z2-7]{16}\.[a-z2-7]{16}\.[a-z2-7]{16}@example\.org$`).MatchString(id) {
		t.Fatalf("id is %q", id)
	}
	for _, v := range []string{id, "<" + id + ">", strings.ToUpper(id)} {
		if e, u, ok := m.Parse(v); !ok || e != epoch || u != uniq {
			t.Errorf("Parse(%q) = %q, %q, %v", v, e, u, ok)
		}
	}
	if e, u, ok := m.Parse(m.Anchor(epoch, "example.org")); !ok || e != epoch || u != "root" {
		t.Errorf("anchor: %q, %q, %v", e, u, ok)
	}
	other := Mint{Secret: []byte(strings.Repeat("x", 32))}
	for _, v := range []string{
		"", "hs", "a@b", "hs.a.b@example.org", "hs...@example.org", strings.Replace(id, "@", "@x", 1), id[:40],
		"hs." + uniq + "." + epoch + id[strings.LastIndexByte(id, '.')-20:], other.MessageID(epoch, uniq, "example.org"),
		strings.Repeat("a", 100000),
	} {
		if _, _, ok := m.Parse(v); ok {
			t.Errorf("Parse(%q) took a foreign id", v)
		}
	}
	tr := m.Trace(uniq)
	if u, ok := m.ParseTrace(" " + strings.ToUpper(tr)); !ok || u != uniq {
		t.Errorf("trace %q: %q, %v", tr, u, ok)
	}
	if _, ok := m.ParseTrace(other.Trace(uniq)); ok {
		t.Error("took a foreign trace")
	}
	if a, b := m.Address("ghost", "ann@example.org"), m.Address("ghos", "tann@example.org"); a == b || len(a) != 26 {
		t.Errorf("keyed hashes %q, %q", a, b)
	}
	if a, b := NewToken(), NewToken(); len(a) != 26 || a == b {
		t.Error("token")
	}
}

func TestThreadIndex(t *testing.T) {
	v := ThreadIndex("hs.x.root.y@example.org", time.Date(2025, 7, 16, 12, 0, 0, 0, time.UTC))
	b, err := base64.StdEncoding.DecodeString(v)
	if err != nil || len(b) != 22 {
		t.Fatalf("%q: %d bytes, %v", v, len(b), err)
	}
	// A value by Exchange of that day begins with 01 01dbf6.
	if b[0] != 1 || b[1] != 1 || b[2] != 0xdb || b[3] != 0xf6 {
		t.Errorf("begins with % x", b[:6])
	}
	k, ok := ThreadIndexKey(append(b, 1, 2, 3, 4, 5))
	k2, _ := ThreadIndexKey(b)
	if !ok || k != k2 || [16]byte(b[6:]) != k {
		t.Errorf("key % x, %v", k, ok)
	}
	if _, ok := ThreadIndexKey(b[:21]); ok {
		t.Error("took 21 bytes")
	}
}

func TestSubject(t *testing.T) {
	for _, c := range []struct{ in, clean, title string }{
		{"#Send Lunch", "#Send Lunch", "Lunch"},
		{"Re: #Send Lunch", "#Send Lunch", "Lunch"},
		{"RE[2]: AW: Sv : #send  Lunch", "#send Lunch", "Lunch"},
		{"Re: [EXTERNAL] Fwd: #SEND", "#SEND", ""},
		{"回复：答复: #Send 午饭", "#Send 午饭", "午饭"},
		{"#Send Re: Lunch", "#Send Re: Lunch", "Lunch"},
		{"Lunch #Send today", "Lunch #Send today", "Lunch today"},
		{"Reply: no mark", "Reply: no mark", "Reply: no mark"},
		{"#Sender", "#Sender", "#Sender"},
		{"RE(3): x", "x", "x"},
		{"[list] Re: x", "[list] Re: x", "[list] Re: x"},
		{"Re:", "", ""},
		{"a\r\nBcc: x", "a Bcc: x", "a Bcc: x"},
	} {
		if got := CleanSubject(c.in); got != c.clean {
			t.Errorf("CleanSubject(%q) = %q, want %q", c.in, got, c.clean)
		}
		if got := TitleOf(c.in, "#Send"); got != c.title {
			t.Errorf("TitleOf(%q) = %q, want %q", c.in, got, c.title)
		}
	}
	for s, want := range map[string]bool{
		"#Send": true, "re: #sEND x": true, "(#Send)": true, "#Sender": false, "a#Send": false, "##Send": false, "#Send_x": false, "Send": false, "#Send: x": true,
	} {
		if got := HasTag(s, "#Send"); got != want {
			t.Errorf("HasTag(%q) = %v", s, got)
		}
	}
}
