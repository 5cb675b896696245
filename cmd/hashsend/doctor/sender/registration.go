package sender

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"hashsend/cmd/hashsend/doctor/dmarc"
	"hashsend/cmd/hashsend/doctor/finding"
)

// youth is how long a domain counts as new.
const youth = 30 * 24 * time.Hour

// registration asks when the domain was registered: receivers distrust new ones.
func (c *checker) registration(ctx context.Context) {
	if c.HTTP == nil || c.RDAP == "" {
		return
	}
	org := dmarc.OldOrg(c.domain)
	begun, ends, err := c.rdap(ctx, org)
	switch {
	case err != nil:
		c.add("age", finding.Unknown, fmt.Sprintf("When %s was registered could not be found out: %v.", org, err), "")
	case !ends.IsZero() && ends.Before(c.Now):
		c.add("age", finding.Error, fmt.Sprintf("The registration of %s ended on %s.", org, ends.Format("2 Jan 2006")), "Renew it at the registrar.")
	case !ends.IsZero() && ends.Before(c.Now.Add(youth)):
		c.add("age", finding.Warning, fmt.Sprintf("The registration of %s ends on %s.", org, ends.Format("2 Jan 2006")), "Look whether the registrar renews it by itself.")
	case begun.IsZero():
		c.add("age", finding.Unknown, fmt.Sprintf("The registry does not say when %s was registered.", org), "")
	case begun.After(c.Now.Add(-youth)):
		c.add("age", finding.Note, fmt.Sprintf("%s was registered on %s. Many receivers distrust domains that are younger than a month.", org, begun.Format("2 Jan 2006")), "Send little at first.")
	default:
		c.add("age", finding.OK, fmt.Sprintf("%s was registered on %s.", org, begun.Format("2 Jan 2006")), "")
	}
}

// fetch reads a JSON document.
func (c *checker) fetch(ctx context.Context, url, kind string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Accept", kind)
	resp, err := c.HTTP.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close() //nolint:errcheck // it was only read
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", url, resp.Status)
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, 4<<20)).Decode(into); err != nil {
		return fmt.Errorf("read %s: %w", url, err)
	}
	return nil
}

// registry finds the server for a top-level domain (RFC 9224, 4).
func (c *checker) registry(ctx context.Context, domain string) (string, error) {
	var list struct {
		Services [][][]string `json:"services"`
	}
	if err := c.fetch(ctx, c.RDAP, "application/json", &list); err != nil {
		return "", err
	}
	best, url := "", ""
	for _, s := range list.Services {
		if len(s) < 2 || len(s[1]) == 0 {
			continue
		}
		for _, suffix := range s[0] {
			if strings.HasSuffix("."+domain, "."+strings.ToLower(suffix)) && len(suffix) > len(best) {
				best, url = suffix, s[1][0]
			}
		}
	}
	if url == "" {
		return "", fmt.Errorf("no registry publishes data about %s", domain)
	}
	return strings.TrimSuffix(url, "/"), nil
}

// rdap reads the events of a domain (RFC 9083, 4.5).
func (c *checker) rdap(ctx context.Context, domain string) (begun, ends time.Time, err error) {
	base, err := c.registry(ctx, domain)
	if err != nil {
		return begun, ends, err
	}
	var answer struct {
		Events []struct {
			Action string    `json:"eventAction"`
			Date   time.Time `json:"eventDate"`
		} `json:"events"`
	}
	if err := c.fetch(ctx, base+"/domain/"+domain, "application/rdap+json", &answer); err != nil {
		return begun, ends, err
	}
	for _, e := range answer.Events {
		switch e.Action {
		case "registration":
			begun = e.Date
		case "expiration":
			ends = e.Date
		}
	}
	return begun, ends, nil
}
