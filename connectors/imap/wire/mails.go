package wire

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Mail is what FETCH gave of a mail.
type Mail struct {
	UID      uint32
	Size     int64
	Received time.Time // zero: the server gave none that can be read
	Data     []byte    // of the section that was asked for; nil: it did not come, or it went to the sink
	Whole    int64     // announced size of the section; more than len(Data) where it was cut
	Spooled  bool      // the section went to the sink
}

// fetching gathers the answers to one FETCH.
type fetching struct {
	most  int64
	sink  io.Writer
	one   uint32 // the only mail that was asked for; 0: several
	bySeq map[uint32]*Mail
	order []uint32
}

// take reads one answer. Several answers about one mail are put together.
func (f *fetching) take(seq uint32, res *response) {
	m := f.bySeq[seq]
	if m == nil {
		if len(f.order) >= maxUIDs {
			return
		}
		m = &Mail{}
		f.bySeq[seq] = m
		f.order = append(f.order, seq)
	}
	words := res.tokens()
	if len(words) > 0 { // "* 1 FETCH ("
		i := slices.IndexFunc(words, func(t token) bool { return t.kind == '(' })
		words = words[i+1:]
	}
	m.read(words, true)
	if m.Data == nil && !m.Spooled {
		// Lists inside that do not close may have hidden all that matters.
		m.read(words, false)
	}
}

// read takes the items that are known from the words of an answer, wherever they
// stand. skip passes lists by as one value.
func (m *Mail) read(words []token, skip bool) {
	for i := 0; i < len(words); i++ {
		switch {
		case words[i].kind == '(' && skip:
			i = closing(words, i)
		case words[i].kind == 'a' && i+1 < len(words) && m.item(strings.ToUpper(string(words[i].text)), words[i+1], skip):
			i++
		}
	}
}

// item takes one item, and reports whether the value belongs to it.
func (m *Mail) item(key string, value token, sure bool) bool {
	switch {
	case key == "UID" && (sure || m.UID == 0):
		n, err := strconv.ParseUint(string(value.text), 10, 32)
		if err != nil || n == 0 {
			return false
		}
		m.UID = uint32(n)
	case key == "RFC822.SIZE":
		n, err := strconv.ParseInt(string(value.text), 10, 64)
		if err != nil || n < 0 {
			return false
		}
		m.Size = n
	case key == "INTERNALDATE":
		if value.kind != 'q' && value.kind != 'l' {
			return false
		}
		m.Received = parseDate(string(value.text))
	case strings.HasPrefix(key, "BODY["), key == "RFC822", key == "RFC822.HEADER":
		m.section(value)
	default:
		return false
	}
	return true
}

// section takes the content of a section; NIL is none.
func (m *Mail) section(value token) {
	switch value.kind {
	case 'l':
		m.Data, m.Whole, m.Spooled = value.text, value.lit.whole, value.lit.spooled
		if m.Spooled {
			m.Data = nil
		}
	case 'q':
		m.Data, m.Whole = value.text, int64(len(value.text))
		if m.Data == nil {
			m.Data = []byte{}
		}
	}
}

// closing returns where the list that begins at i ends.
func closing(words []token, i int) int {
	depth := 0
	for ; i < len(words); i++ {
		switch words[i].kind {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return i
}

// parseDate reads INTERNALDATE (RFC 3501, 9) in the forms that servers give.
// The zero time: it cannot be read.
func parseDate(s string) time.Time {
	s = strings.TrimSpace(s)
	for _, form := range []string{"_2-Jan-2006 15:04:05 -0700", "02-Jan-2006 15:04:05 -0700", "_2-Jan-2006 15:04:05 MST", "_2-Jan-2006 15:04:05", time.RFC1123Z, "Mon, _2 Jan 2006 15:04:05 -0700", time.RFC3339} {
		if t, err := time.Parse(form, s); err == nil && t.Year() > 1970 && t.Year() < 2200 {
			return t
		}
	}
	return time.Time{}
}

// FetchOptions says what of mails is fetched besides their UID.
type FetchOptions struct {
	Items   string    // "RFC822.SIZE INTERNALDATE"; may be empty
	Section string    // "BODY.PEEK[HEADER]"; may be empty
	Partial int64     // bytes of the section that are asked for; 0: all
	Most    int64     // bytes of the section that are kept in memory
	Sink    io.Writer // takes a section that is larger; nil: it is cut
}

// Fetch fetches mails by their UIDs. Those of which nothing came are missing, and
// so are those without the section that was asked for. On an error what came
// before it is returned as well.
func (c *Client) Fetch(set string, o FetchOptions) ([]Mail, error) {
	items := strings.TrimSpace("UID " + o.Items)
	if o.Section != "" {
		items += " " + o.Section
		if o.Partial > 0 {
			items += fmt.Sprintf("<0.%d>", o.Partial)
		}
	}
	f := &fetching{most: max(o.Most, 1), sink: o.Sink, bySeq: map[uint32]*Mail{}}
	if n, err := strconv.ParseUint(set, 10, 32); err == nil {
		f.one = uint32(n)
	}
	tag, err := c.send("UID FETCH " + set + " (" + items + ")")
	if err != nil {
		return nil, err
	}
	got := &collected{fetch: f}
	err = c.finishInto(got, tag, nil)
	return f.mails(o.Section != ""), err
}

// mails returns what is complete, in the order in which it came.
func (f *fetching) mails(section bool) (all []Mail) {
	complete := func(m *Mail) bool { return !section || m.Data != nil || m.Spooled }
	for _, seq := range f.order {
		m := f.bySeq[seq]
		if m.UID == 0 && f.one != 0 && len(f.order) == 1 {
			m.UID = f.one // a server that forgets it was asked for one mail
		}
		if m.UID != 0 && complete(m) {
			all = append(all, *m)
		}
	}
	return all
}

// Search returns UIDs in ascending order.
func (c *Client) Search(criteria string) ([]uint32, error) {
	got, err := c.run("UID SEARCH "+criteria, nil)
	if err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	slices.Sort(got.search)
	return slices.Compact(got.search), nil
}

// UIDs returns those of the folder from one on, without a search.
func (c *Client) UIDs(from uint32) ([]uint32, error) {
	mails, err := c.Fetch(fmt.Sprintf("%d:*", max(from, 1)), FetchOptions{})
	if err != nil {
		return nil, fmt.Errorf("list mails: %w", err)
	}
	var all []uint32
	for _, m := range mails {
		if m.UID >= from {
			all = append(all, m.UID)
		}
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

// Flag adds a flag to a mail.
func (c *Client) Flag(uid uint32, flag string) error {
	_, err := c.run(fmt.Sprintf("UID STORE %d +FLAGS.SILENT (%s)", uid, flag), nil)
	return err
}

// Move moves a mail (RFC 6851).
func (c *Client) Move(uid uint32, to string) error {
	_, err := c.run(fmt.Sprintf("UID MOVE %d", uid), []string{c.name(to)})
	return err
}

// Copy copies a mail.
func (c *Client) Copy(uid uint32, to string) error {
	_, err := c.run(fmt.Sprintf("UID COPY %d", uid), []string{c.name(to)})
	return err
}

// Expunge removes a mail that is flagged as deleted, and no other (RFC 4315).
func (c *Client) Expunge(uid uint32) error {
	_, err := c.run(fmt.Sprintf("UID EXPUNGE %d", uid), nil)
	return err
}

// Append stores a mail, as one that was read at that time; without a time, with
// nothing that a server could refuse besides.
func (c *Client) Append(folder string, at time.Time, size int64, r io.Reader) error {
	tag, err := c.write("APPEND", []string{c.name(folder)})
	if err != nil {
		return err
	}
	if !at.IsZero() {
		at := at.Format("_2-Jan-2006 15:04:05 -0700")
		fmt.Fprintf(c.w, ` (\Seen) "%s"`, at)
	}
	fmt.Fprintf(c.w, " {%d}\r\n", size)
	if err := c.awaitGo(tag); err != nil {
		return err
	}
	n, err := io.Copy(c.w, io.LimitReader(r, size))
	if err == nil && n < size {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return fmt.Errorf("send mail: %w", err)
	}
	if err := c.line(""); err != nil {
		return err
	}
	_, err = c.finish(tag, nil)
	return err
}

// Idle waits for news until stop is closed, something is announced, or the server
// ends it (RFC 2177). Every answer is awaited: the caller limits the time after
// stop. A refusal is a *Said.
func (c *Client) Idle(stop <-chan struct{}) error {
	tag, err := c.send("IDLE")
	if err != nil {
		return err
	}
	if err := c.awaitGo(tag); err != nil {
		return c.lost(err)
	}
	outer := c.Changed
	news := make(chan struct{}, 1)
	c.Changed = func() {
		select {
		case news <- struct{}{}:
		default:
		}
	}
	ended := make(chan error, 1)
	go func() { ended <- c.idleAnswers(tag) }()
	select {
	case <-stop:
	case <-news:
		defer func() {
			if outer != nil {
				outer()
			}
		}()
	case err := <-ended:
		c.Changed = outer
		if err == nil {
			return errors.New("the server ended IDLE by itself")
		}
		return err
	}
	err = c.line("DONE")
	if err != nil {
		c.conn.Close() //nolint:errcheck // it ends the other side of this wait
	}
	err = errors.Join(err, <-ended)
	c.Changed = outer
	return err
}

// idleAnswers reads up to the end of IDLE. Each line is taken in as it comes.
func (c *Client) idleAnswers(tag string) error {
	for {
		res, err := c.readResponse(maxKept)
		if err != nil {
			return c.lost(err)
		}
		if s, mine := res.tagged(tag); mine {
			if s.Status != "OK" {
				return s
			}
			return nil
		}
		c.note(res)
	}
}
