package snds

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// History is what was seen on earlier days.
type History struct {
	Rows  []Row                `json:"rows"`
	Links map[string]time.Time `json:"links"` // hash of a link: when it was first used
}

// keepDays is how much is kept of each address.
const keepDays = 90

// Load reads a history; a missing file is an empty one.
func Load(path string) (h History, err error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return h, nil
	}
	if err != nil {
		return h, fmt.Errorf("read what SNDS said before: %w", err)
	}
	if err := json.Unmarshal(raw, &h); err != nil {
		return h, fmt.Errorf("read what SNDS said before (%s): %w", path, err)
	}
	return h, nil
}

// Save writes a history, for its owner only. The file is whole at any moment.
func (h History) Save(path string) error {
	raw, err := json.Marshal(h)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".snds-*") // 0600
	if err != nil {
		return fmt.Errorf("keep what SNDS says: %w", err)
	}
	_, err = f.Write(raw)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("keep what SNDS says: %w", err), os.Remove(f.Name()))
	}
	return nil
}

// Add puts new rows beside the old ones; a row of the same address and period
// replaces the old one.
func (h *History) Add(rows []Row) {
	at := map[[2]string]int{}
	for i, r := range h.Rows {
		at[[2]string{r.IP, r.Start}] = i
	}
	for _, r := range rows {
		if i, ok := at[[2]string{r.IP, r.Start}]; ok {
			h.Rows[i] = r
			continue
		}
		at[[2]string{r.IP, r.Start}] = len(h.Rows)
		h.Rows = append(h.Rows, r)
	}
	slices.SortStableFunc(h.Rows, func(a, b Row) int {
		if c := strings.Compare(a.IP, b.IP); c != 0 {
			return c
		}
		return compareDays(a.Start, b.Start)
	})
	var kept []Row
	for i, r := range h.Rows {
		newer := 0
		for _, o := range h.Rows[i+1:] {
			if o.IP != r.IP {
				break
			}
			newer++
		}
		if newer < keepDays {
			kept = append(kept, r)
		}
	}
	h.Rows = kept
}

// compareDays orders times as SNDS writes them: 11/27/2026 1:00 AM, or 2026-11-27.
func compareDays(a, b string) int { return dayOf(a).Compare(dayOf(b)) }

func dayOf(s string) time.Time {
	for _, layout := range []string{"1/2/2006 3:04 PM", "1/2/2006 3:04:05 PM", "1/2/2006 15:04", "1/2/2006", time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t
		}
	}
	return time.Time{}
}

// Used notes that a link is used, and returns when it was used first.
func (h *History) Used(link string, now time.Time) time.Time {
	sum := sha256.Sum256([]byte(link))
	key := hex.EncodeToString(sum[:])
	if h.Links == nil {
		h.Links = map[string]time.Time{}
	}
	first, ok := h.Links[key]
	if !ok {
		first = now
		h.Links[key] = now
	}
	for k, at := range h.Links {
		if now.Sub(at) > 4*LinkLife {
			delete(h.Links, k)
		}
	}
	return first
}

// byIP are the rows of each address, oldest first.
func (h History) byIP() (ips []string, rows map[string][]Row) {
	rows = map[string][]Row{}
	for _, r := range h.Rows {
		if rows[r.IP] == nil {
			ips = append(ips, r.IP)
		}
		rows[r.IP] = append(rows[r.IP], r)
	}
	return ips, rows
}
