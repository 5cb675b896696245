package wire

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// canned is a connection whose other side has said everything beforehand.
type canned struct {
	net.Conn
	in  io.Reader
	out bytes.Buffer
}

func (c *canned) Read(b []byte) (int, error)  { return c.in.Read(b) }
func (c *canned) Write(b []byte) (int, error) { return c.out.Write(b) }
func (c *canned) Close() error                { return nil }

func client(said string) (*Client, *canned) {
	c := &canned{in: strings.NewReader(said)}
	return New(c), c
}

func TestNames(t *testing.T) {
	for readable, wire := range map[string]string{
		"INBOX": "INBOX", "R&D": "R&-D", "Éléments": "&AMk-l&AOk-ments", "送信済みアイテム": "&kAFP4W4IMH8wojCkMMYw4A-",
		"a&&b": "a&-&-b", "😀": "&2D3eAA-", "~peter/mail/台北/日本語": "~peter/mail/&U,BTFw-/&ZeVnLIqe-",
	} {
		if got := encodeName(readable); got != wire {
			t.Errorf("%q is written %q, want %q", readable, got, wire)
		}
		if got := decodeName(wire); got != readable {
			t.Errorf("%q is read %q, want %q", wire, got, readable)
		}
	}
	for _, odd := range []string{"R&D", "&", "a&-b&", "&####-", "&AA-"} {
		if got := decodeName(odd); got != odd && odd != "a&-b&" {
			t.Errorf("%q is read %q", odd, got)
		}
	}
}

func TestNoNameIsACommand(t *testing.T) {
	c, sent := client("+ go\r\nh1 OK\r\n")
	if _, err := c.Select("a\r\nh9 DELETE INBOX", "a\r\nh9 DELETE INBOX", true); err != nil {
		t.Fatal(err)
	}
	if got := sent.out.String(); !strings.HasPrefix(got, "h1 EXAMINE {18}\r\na\r\nh9") {
		t.Errorf("sent %q", got)
	}
}

func TestAbilitiesAfterLogin(t *testing.T) {
	for _, c := range []struct{ said, has string }{
		{"h1 OK [CAPABILITY IMAP4rev1 IDLE] in\r\n", "IDLE IMAP4REV1"},
		{"* CAPABILITY IMAP4rev1 MOVE\r\nh1 OK in\r\n", "IMAP4REV1 MOVE"},
		{"h1 OK in\r\n* CAPABILITY IMAP4rev1 ID\r\nh2 OK\r\n", "ID IMAP4REV1"},
		{"h1 NO [AUTHENTICATIONFAILED] no\r\n", "LOGIN"},
	} {
		x, _ := client("* OK [CAPABILITY LOGIN] hi\r\n" + c.said)
		if err := x.Greet(); err != nil {
			t.Fatal(err)
		}
		var said *Said
		if err := x.Login("u", "p"); err != nil && !errors.As(err, &said) {
			t.Error(err)
		}
		if got := strings.Join(x.Abilities(), " "); got != c.has {
			t.Errorf("after %q: %s, want %s", c.said, got, c.has)
		}
	}
}

func TestSaid(t *testing.T) {
	c, _ := client("* BYE [UNAVAILABLE] shutting down\r\n")
	var said *Said
	if err := c.Noop(); !errors.As(err, &said) || said.Status != "BYE" || said.Code != "UNAVAILABLE" || !errors.Is(err, io.EOF) {
		t.Errorf("%v", err)
	}
	c, _ = client("h1 NO [LIMIT x y] too [much]\r\n")
	if err := c.Noop(); !errors.As(err, &said) || said.Code != "LIMIT" || said.Text != "too [much]" {
		t.Errorf("%v", err)
	}
}

func TestSearchForms(t *testing.T) {
	for _, said := range []string{"* SEARCH 3 1 2 2 (MODSEQ 9)\r\n", "* SEARCH 1\r\n* SEARCH 2 3\r\n", "* ESEARCH (TAG \"h1\") UID ALL 1:2,3\r\n", "* search 1 2 3\r\n"} {
		c, _ := client(said + "h1 OK\r\n")
		got, err := c.Search("ALL")
		if err != nil || len(got) != 3 || got[0] != 1 || got[2] != 3 {
			t.Errorf("%q: %v, %v", said, got, err)
		}
	}
}

// What a server announces costs no memory before it comes.
func TestHugeAnnouncements(t *testing.T) {
	for _, said := range []string{
		"* 1 FETCH (UID 1 BODY[] {99999999999999}\r\nabc",
		"* LIST () \"/\" {4294967295}\r\nabc",
		"* ESEARCH UID ALL 1:4294967295\r\nh1 OK\r\n",
		"* SEARCH " + strings.Repeat("(", 1<<20) + "\r\nh1 OK\r\n",
		"* 1 FETCH " + strings.Repeat("(", 1<<20) + "\r\nh1 OK\r\n",
	} {
		c, _ := client(said)
		begun := time.Now()
		c.Fetch("1", FetchOptions{Section: "BODY.PEEK[]", Most: 1 << 20}) //nolint:errcheck // it has to end
		if took := time.Since(begun); took > 3*time.Second {
			t.Errorf("%.40q took %s", said, took)
		}
	}
	c, _ := client(strings.Repeat("* X "+strings.Repeat("a", 1<<20), 20))
	if err := c.Noop(); !errors.Is(err, ErrTooLong) {
		t.Errorf("an answer without end: %v", err)
	}
}

// A section that is too large for memory goes to the sink, and is cut where there
// is none.
func TestLargeSections(t *testing.T) {
	said := "* 1 FETCH (UID 1 BODY[] {10}\r\n0123456789 RFC822.SIZE 10)\r\nh1 OK\r\n"
	c, _ := client(said)
	var sink bytes.Buffer
	got, err := c.Fetch("1", FetchOptions{Section: "BODY.PEEK[]", Most: 5, Sink: &sink})
	if err != nil || len(got) != 1 || !got[0].Spooled || sink.String() != "0123456789" || got[0].Size != 10 {
		t.Errorf("%+v, %q, %v", got, sink.String(), err)
	}
	c, _ = client(said)
	if got, err = c.Fetch("1", FetchOptions{Section: "BODY.PEEK[]", Most: 5}); err != nil || len(got) != 1 || string(got[0].Data) != "01234" || got[0].Whole != 10 {
		t.Errorf("%+v, %v", got, err)
	}
}

func FuzzAnswers(f *testing.F) {
	for _, s := range []string{
		"* OK [CAPABILITY IMAP4rev1] hi\r\n* 1 FETCH (UID 1 BODY[HEADER]<0> {3}\r\nabc FLAGS (\\Seen))\r\nh1 OK\r\n",
		"* LIST (\\Sent) \"/\" \"a&-b\"\r\nh1 OK x\r\nh2 OK\r\n", "* SEARCH 1 2\r\n* ESEARCH UID ALL 1:5\r\nh1 BAD\r\n",
		"* NAMESPACE ((\"\" \"/\")) NIL NIL\r\nh1 NO [X]\r\n", "+ idling\r\n* 5 EXISTS\r\nh1 OK\r\n", "* BYE x\r\n", "{5}\r\n",
		"* 1 FETCH (BODY[HEADER.FIELDS (A B)] \"x\\\"y\" UID 4 INTERNALDATE \" 1-Jan-2020 00:00:00 +0000\")\r\nh1 OK\r\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, said []byte) {
		for _, do := range []func(c *Client) error{
			(*Client).Greet, (*Client).Capability, (*Client).Noop,
			func(c *Client) error { _, err := c.List(); return err },
			func(c *Client) error { _, err := c.Namespace(); return err },
			func(c *Client) error { _, err := c.Search("ALL"); return err },
			func(c *Client) error { _, err := c.Select("INBOX", "", true); return err },
			func(c *Client) error { return c.Login("u", "p") },
			func(c *Client) error { return c.Append("Sent", time.Time{}, 3, strings.NewReader("abc")) },
			func(c *Client) error { return c.Idle(make(chan struct{})) },
			func(c *Client) error {
				all, err := c.Fetch("1:9", FetchOptions{Section: "BODY.PEEK[HEADER]", Most: 100})
				for _, m := range all {
					if m.UID == 0 || int64(len(m.Data)) > m.Whole {
						t.Errorf("%+v", m)
					}
				}
				return err
			},
		} {
			c, sent := client(string(said))
			if do(c) == nil && sent.out.Len() > 1<<20 {
				t.Error("it talks without end")
			}
		}
	})
}

func FuzzNames(f *testing.F) {
	f.Add("&AMk-l&AOk-ments")
	f.Add("R&D")
	f.Fuzz(func(t *testing.T, s string) {
		decodeName(s)
		if got := decodeName(encodeName(s)); got != strings.ToValidUTF8(s, "\uFFFD") && got != s {
			if !strings.ContainsRune(s, '\uFFFD') && strings.ToValidUTF8(s, "") == s {
				t.Errorf("%q comes back as %q", s, got)
			}
		}
	})
}
