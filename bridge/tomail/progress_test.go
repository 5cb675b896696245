package tomail

import (
	"testing"

	"hashsend/bridge/classify"
	"hashsend/bridge/store"
)

func TestProgress(t *testing.T) {
	r := func(states ...string) (rs []store.Recipient) {
		for _, s := range states {
			rs = append(rs, store.Recipient{State: s, Reason: "because of " + s})
		}
		return rs
	}
	for _, c := range []struct {
		rs            []store.Recipient
		state, reason string
	}{
		{r(store.Accepted), "sent", ""},
		{r(store.Read, store.Delivered), "delivered", ""},
		{r(store.Read, store.Read), "read", ""},
		{r(store.Read, store.Accepted), "sent", ""},
		{r(store.Queued, store.Accepted), "queued", ""},
		{r(store.Delayed, store.Queued, store.Read), "delayed", "because of delayed"},
		{r(store.Delayed, store.Failed, store.Delayed), "failed", "because of failed"},
	} {
		if state, reason := Progress(c.rs); state != c.state || reason != c.reason {
			t.Errorf("%v: %s, %q; want %s, %q", c.rs, state, reason, c.state, c.reason)
		}
	}
}

func TestReports(t *testing.T) {
	for _, c := range []struct {
		news, known string
		want        bool
	}{
		{store.Delivered, store.Accepted, true},
		{store.Delivered, store.Read, false},
		{store.Read, store.Delivered, true},
		{store.Delayed, store.Delivered, false},
		{store.Delivered, store.Delayed, true},
		{store.Failed, store.Delivered, true},
		{store.Read, store.Failed, false},
		{store.Failed, store.Failed, false},
		{store.Delayed, store.Queued, true},
	} {
		if Follows(c.news, c.known) != c.want {
			t.Errorf("%s after %s: %v", c.news, c.known, !c.want)
		}
	}
	for _, c := range []struct {
		class classify.Class
		want  string
	}{
		{classify.Class{Kind: classify.ReadReceipt, Report: &classify.Report{Action: "displayed"}}, store.Read},
		{classify.Class{Kind: classify.ReadReceipt, Report: &classify.Report{Action: "deleted"}}, store.Delivered},
		{classify.Class{Kind: classify.Delivered}, store.Delivered},
		{classify.Class{Kind: classify.Delayed}, store.Delayed},
		{classify.Class{Kind: classify.Complaint}, store.Failed},
	} {
		if got := Reported(c.class); got != c.want {
			t.Errorf("%v: %s, want %s", c.class.Kind, got, c.want)
		}
	}
	for reason, want := range map[string]bool{"552 5.2.2 mailbox is full": true, "550 5.1.1 no such user": false, "451 4.4.1 no answer": true, "554 5.3.0 x": true, "no": false} {
		if mayPassLater(reason) != want {
			t.Errorf("%q: %v", reason, !want)
		}
	}
}
