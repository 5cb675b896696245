package bounces

import (
	"bytes"
	"fmt"
	"strings"

	"hashsend/bridge/classify"
	"hashsend/bridge/mail"
)

// Read finds the refusals in an email that reports them; none: it reports none.
func Read(raw []byte) ([]Refusal, error) {
	m, err := mail.Parse(bytes.NewReader(raw), mail.DefaultLimits)
	if err != nil {
		return nil, fmt.Errorf("read the report: %w", err)
	}
	report := classify.Mail(m).Report
	if report == nil {
		return nil, nil
	}
	var all []Refusal
	if report.Action != "failed" && report.Action != "delayed" {
		return nil, nil
	}
	for _, r := range report.Recipients {
		all = append(all, Refusal{Address: r.Address, Said: strings.TrimSpace(r.Status + " " + r.Reason)})
	}
	return all, nil
}
