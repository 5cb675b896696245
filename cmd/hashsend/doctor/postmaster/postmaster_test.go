package postmaster_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"hashsend/cmd/hashsend/doctor/finding"
	"hashsend/cmd/hashsend/doctor/postmaster"
)

// google stands in for Google: tokens only for the refresh token, no API keys, nothing
// but version 2, each domain only for whom it belongs to.
func google(t *testing.T, compliance, stats string) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, status int, text string) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		w.Write([]byte(text)) //nolint:errcheck // the test sees it
	}
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		if r.PostFormValue("grant_type") != "refresh_token" || r.PostFormValue("refresh_token") != "planted-refresh" {
			answer(w, http.StatusBadRequest, `{"error":"invalid_grant"}`)
			return
		}
		answer(w, http.StatusOK, `{"access_token":"planted-access","token_type":"Bearer","expires_in":3599}`)
	})
	mux.HandleFunc("/v1/", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusTooManyRequests, `{}`) })
	api := func(do func(w http.ResponseWriter, r *http.Request)) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.Header.Get("Authorization") != "Bearer planted-access" || r.URL.Query().Has("key"):
				answer(w, http.StatusUnauthorized, `{}`)
			case strings.Contains(r.URL.Path, "others.example"):
				answer(w, http.StatusForbidden, `{"error":{"status":"PERMISSION_DENIED"}}`)
			case strings.Contains(r.URL.Path, "new.example"):
				answer(w, http.StatusNotFound, `{"error":{"status":"NOT_FOUND"}}`)
			default:
				do(w, r)
			}
		}
	}
	mux.HandleFunc("GET /v2/domains/{domain}/complianceStatus", api(func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, compliance) }))
	mux.HandleFunc("POST /v2/domains/{query...}", api(func(w http.ResponseWriter, r *http.Request) {
		var q struct {
			Metrics []struct {
				Name string
				Base struct{ StandardMetric string } `json:"baseMetric"`
			} `json:"metricDefinitions"`
			Time struct {
				Ranges struct {
					Ranges []struct {
						Start, End struct{ Year, Month, Day int }
					} `json:"dateRanges"`
				} `json:"dateRanges"`
			} `json:"timeQuery"`
		}
		if !strings.HasSuffix(r.URL.Path, "/domainStats:query") || json.NewDecoder(r.Body).Decode(&q) != nil || len(q.Metrics) != 1 ||
			q.Metrics[0].Base.StandardMetric != "SPAM_RATE" || len(q.Time.Ranges.Ranges) != 1 || q.Time.Ranges.Ranges[0].Start.Year != 2026 {
			answer(w, http.StatusBadRequest, `{}`)
			return
		}
		answer(w, http.StatusOK, stats)
	}))
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func TestCheck(t *testing.T) {
	const met = `{"complianceData":{"domainId":"shop.example","rowData":[{"requirement":"SPF","status":{"status":"COMPLIANT"}},{"requirement":"DKIM","status":{"status":"COMPLIANT"}}]}}`
	const open = `{"complianceData":{"rowData":[{"requirement":"SPF","status":{"status":"COMPLIANT"}},{"requirement":"DMARC_POLICY","status":{"status":"NEEDS_WORK"}},{"requirement":"SOMETHING_NEW","status":{"status":"NEEDS_WORK"}}]}}`
	const sub = `{"complianceData":{"rowData":[{"requirement":"SPF","status":{"status":"COMPLIANT"}}]},"subdomainComplianceData":{"rowData":[{"requirement":"DKIM","status":{"status":"NEEDS_WORK"}}]}}`
	day := func(value string) string {
		return `{"domainStats":[{"date":{"year":2026,"month":11,"day":3},"metric":"spam","value":` + value + `},{"date":{"year":2026,"month":11,"day":4},"metric":"spam","value":{}}]}`
	}
	for _, c := range []struct {
		name, domain, refresh, compliance, stats string
		level                                    finding.Level
		text                                     string
	}{
		{"all met", "shop.example", "planted-refresh", met, `{}`, finding.OK, `meets its rules`},
		{"some open", "shop.example", "planted-refresh", open, `{}`, finding.Warning, `does not meet these of its rules for senders: a DMARC policy and SOMETHING_NEW\.`},
		{"a subdomain", "mail.shop.example", "planted-refresh", sub, `{}`, finding.Warning, `senders: DKIM\.`},
		{"no data", "shop.example", "planted-refresh", `{}`, `{}`, finding.Note, `normal for small senders`},
		{"little spam", "shop.example", "planted-refresh", met, day(`{"doubleValue":0.0004}`), finding.OK, `At most 0\.04% .*2026-11-03, of the 2 days`},
		{"much spam", "shop.example", "planted-refresh", met, day(`{"doubleValue":0.002}`), finding.Warning, `At most 0\.20%`},
		{"too much spam, as text", "shop.example", "planted-refresh", met, day(`{"doubleValue":"0.004"}`), finding.Error, `At most 0\.40%`},
		{"not a number", "shop.example", "planted-refresh", met, day(`{"doubleValue":"NaN"}`), finding.OK, `At most 0\.00%`},
		{"somebody else's", "others.example", "planted-refresh", met, `{}`, finding.Unknown, `may not see others\.example`},
		{"not registered", "new.example", "planted-refresh", met, `{}`, finding.Unknown, `not registered in Postmaster Tools`},
		{"old credentials", "shop.example", "old-refresh", met, `{}`, finding.Unknown, `does not accept the credentials \(invalid_grant\)`},
		{"nonsense", "shop.example", "planted-refresh", `<html>`, `{}`, finding.Unknown, `read the answer of Google`},
	} {
		s := google(t, c.compliance, c.stats)
		got := postmaster.Check(t.Context(), postmaster.Config{
			Domain: c.domain, HTTP: s.Client(), Base: s.URL, Now: time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC),
			Credentials: postmaster.Credentials{ClientID: "id", ClientSecret: "planted-client", RefreshToken: c.refresh, TokenURL: s.URL + "/token"},
		})
		found := false
		for _, f := range got {
			found = found || f.Level == c.level && regexp.MustCompile(c.text).MatchString(f.Text)
			if strings.Contains(f.Text+f.Do+strings.Join(f.Evidence, " "), "planted-") {
				t.Errorf("%s: a secret is shown: %+v", c.name, f)
			}
		}
		if !found {
			t.Errorf("%s: no %s like %q in %+v", c.name, c.level, c.text, got)
		}
	}
}

func TestCredentials(t *testing.T) {
	if _, err := postmaster.ReadCredentials([]byte(`{"type":"authorized_user","client_id":"a","client_secret":"b","refresh_token":"c"}`)); err != nil {
		t.Error(err)
	}
	for _, text := range []string{"", "planted-secret", `{"client_id":"planted-secret"}`} {
		if _, err := postmaster.ReadCredentials([]byte(text)); err == nil || strings.Contains(err.Error(), "planted") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
