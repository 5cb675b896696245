package doctor

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"time"

	"hashsend/cmd/hashsend/doctor/blocklist"
	"hashsend/cmd/hashsend/doctor/finding"
	"hashsend/cmd/hashsend/doctor/postmaster"
	"hashsend/cmd/hashsend/doctor/snds"
)

// Reputation says whose reputation is looked at, and where.
type Reputation struct {
	IPs   []netip.Addr // addresses that send
	Lists []string     // DNS block lists that are asked about them
	SNDS  *SNDS        // nil: it is not asked

	Domains []string               // asked about at Google Postmaster Tools
	Google  postmaster.Credentials // for that
}

// PostmasterScope is the right that credentials for Google need.
const PostmasterScope = postmaster.Scope

// ReadGoogle reads the credentials for Google from a file.
func (x *Reputation) ReadGoogle(path string) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if x.Google, err = postmaster.ReadCredentials(raw); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// SNDS says where Microsoft's data are: in files, or behind links, which are secrets.
type SNDS struct {
	Data, Status         []byte // contents of files; nil: none
	DataLink, StatusLink string // empty: none
	History              string // file in which is kept what was seen; empty: nothing is kept
}

// reputation asks block lists and SNDS.
func (r *runner) reputation(ctx context.Context, x Reputation) error {
	s := finding.Section{Name: "reputation", Title: "Reputation"}
	var answers []blocklist.Answer
	for _, zone := range x.Lists {
		for _, ip := range x.IPs {
			r.say("block lists")(zone)
			answers = append(answers, blocklist.Ask(ctx, r.resolver, zone, ip))
		}
	}
	s.Add(blocklist.Findings(answers)...)
	if x.SNDS != nil {
		r.say("SNDS")("reading")
		if err := r.snds(ctx, *x.SNDS, &s); err != nil {
			return err
		}
	}
	for _, d := range x.Domains {
		r.say("Google Postmaster Tools")(d)
		s.Add(postmaster.Check(ctx, postmaster.Config{Domain: d, Credentials: x.Google, HTTP: &http.Client{Timeout: webTime}, Now: time.Now()})...)
	}
	r.report.Sections = append(r.report.Sections, s)
	return ctx.Err()
}

// snds reads the data and the status, and keeps the data. It fails only where what
// was kept cannot be read or written.
func (r *runner) snds(ctx context.Context, x SNDS, s *finding.Section) error {
	var h snds.History
	var err error
	if x.History != "" {
		if h, err = snds.Load(x.History); err != nil {
			return err
		}
	}
	now := time.Now()
	fetch := func(file []byte, link string) ([]byte, bool) {
		if link == "" {
			return file, file != nil
		}
		s.Add(snds.LinkFindings(h.Used(link, now), now)...)
		raw, err := snds.Fetch(ctx, &http.Client{Timeout: webTime}, link)
		if err != nil {
			s.Add(snds.Failed(err))
		}
		return raw, err == nil
	}
	if raw, ok := fetch(x.Data, x.DataLink); ok {
		rows, err := snds.ParseData(raw)
		if err != nil {
			s.Add(snds.Failed(err))
		}
		h.Add(rows)
	}
	if raw, ok := fetch(x.Status, x.StatusLink); ok {
		ranges, err := snds.ParseStatus(raw)
		if err != nil {
			s.Add(snds.Failed(err))
		} else {
			s.Add(snds.Status(ranges)...)
		}
	}
	found, table := h.Findings(now)
	s.Add(found...)
	s.Tables = append(s.Tables, table)
	if x.History == "" {
		return nil
	}
	return h.Save(x.History)
}
