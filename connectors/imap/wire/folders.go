package wire

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Folder is a row of LIST.
type Folder struct {
	Name      string   // readable, in UTF-8; as it stands where it cannot be decoded
	Raw       string   // as the server wrote it
	Delimiter string   // empty: none
	Roles     []string // attributes in lower case, "\sent" (RFC 6154)
}

// Selected is what a server says of a folder that it opens.
type Selected struct {
	Exists      uint32
	UIDValidity uint32 // 0: it did not say
	UIDNext     uint32 // 0: it did not say
}

// code reads UIDVALIDITY and UIDNEXT from "[UIDNEXT 7] text".
func (s *Selected) code(rest string) {
	inner, ok := strings.CutPrefix(rest, "[")
	if !ok {
		return
	}
	inner, _, _ = strings.Cut(inner, "]")
	words := strings.Fields(inner)
	if len(words) < 2 {
		return
	}
	n, err := strconv.ParseUint(words[1], 10, 32)
	if err != nil {
		return
	}
	switch strings.ToUpper(words[0]) {
	case "UIDVALIDITY":
		s.UIDValidity = uint32(n)
	case "UIDNEXT":
		s.UIDNext = uint32(n)
	}
}

// List lists all folders, with their roles where the server tells them.
func (c *Client) List() ([]Folder, error) {
	if (c.Has("LIST-EXTENDED") || c.Has("IMAP4REV2")) && c.Has("SPECIAL-USE") {
		got, err := c.run(`LIST "" "*" RETURN (SPECIAL-USE)`, nil)
		if !isRefusal(err) {
			return got.folders(c), err
		}
	}
	got, err := c.run(`LIST "" "*"`, nil)
	if err != nil {
		return nil, fmt.Errorf("list folders: %w", err)
	}
	return got.folders(c), nil
}

func (g *collected) folders(c *Client) []Folder {
	if g == nil {
		return nil
	}
	for i := range g.list {
		if !c.utf8Names() {
			g.list[i].Name = decodeName(g.list[i].Raw)
		}
	}
	return g.list
}

// utf8Names reports whether names of folders stand as they are (RFC 9051, 5.1).
func (c *Client) utf8Names() bool { return c.Has("IMAP4REV2") && !c.Has("IMAP4REV1") }

// name writes the name of a folder for the server.
func (c *Client) name(readable string) string {
	if c.utf8Names() {
		return readable
	}
	return encodeName(readable)
}

// parseList reads (\attributes) delimiter name.
func parseList(res *response) (f Folder, ok bool) {
	words := res.tokens()
	i := 0
	for i < len(words) && words[i].kind != '(' {
		i++
	}
	for i++; i < len(words) && words[i].kind != ')'; i++ {
		f.Roles = append(f.Roles, strings.ToLower(string(words[i].text)))
	}
	if i++; i+1 >= len(words) {
		return f, false
	}
	if d := words[i]; !d.nothing() && len(d.text) <= 4 {
		f.Delimiter = string(d.text)
	}
	// A name with spaces that nobody quoted is read to the end of the line.
	f.Raw = string(words[i+1].text)
	if words[i+1].kind == 'a' {
		for _, w := range words[i+2:] {
			if w.kind != 'a' {
				break
			}
			f.Raw += " " + string(w.text)
		}
	}
	f.Name = f.Raw
	return f, f.Raw != "" || words[i+1].kind != 'a'
}

// parseNamespace returns the prefix of the personal namespace (RFC 2342).
func parseNamespace(res *response) string {
	words := res.tokens()
	for i, w := range words {
		switch {
		case w.nothing():
			return ""
		case w.kind == '(' && i+2 < len(words) && words[i+1].kind == '(' && words[i+2].isText():
			return string(words[i+2].text)
		}
	}
	return ""
}

// Namespace returns the prefix that folders of one's own begin with; empty: none.
func (c *Client) Namespace() (prefix string, err error) {
	got, err := c.run("NAMESPACE", nil)
	if err != nil {
		return "", fmt.Errorf("NAMESPACE: %w", err)
	}
	return got.prefix, nil
}

// Select opens a folder by its name, or as the server wrote it where raw is set.
// A server that cannot open it for reading only opens it as usual.
func (c *Client) Select(name, raw string, readOnly bool) (Selected, error) {
	if raw == "" {
		raw = c.name(name)
	}
	command := "SELECT"
	if readOnly {
		command = "EXAMINE"
	}
	got, err := c.run(command, []string{raw})
	if s := (*Said)(nil); errors.As(err, &s) && s.Status == "BAD" && readOnly {
		got, err = c.run("SELECT", []string{raw})
	}
	if err != nil {
		return Selected{}, err
	}
	return got.found, nil
}

// Create makes a folder.
func (c *Client) Create(name string) error {
	_, err := c.run("CREATE", []string{c.name(name)})
	return err
}
