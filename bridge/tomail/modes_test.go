package tomail

import (
	"testing"
	"time"
	_ "time/tzdata"

	"hashsend/bridge/store"
)

// TestTurns decides when participants receive messages.
func TestTurns(t *testing.T) {
	at := time.Date(2027, 5, 4, 12, 0, 0, 0, time.UTC)
	takes := func(mode string) store.Participant {
		return store.Participant{ID: 1, State: store.Active, Mode: mode, Joined: at.Add(-time.Hour)}
	}
	as := func(mode string, change func(*store.Participant)) store.Participant {
		p := takes(mode)
		change(&p)
		return p
	}
	said := store.Message{ID: 7, At: at, Participant: 2}
	mentioned := map[int64]store.IDs{7: {1}}
	has := map[int64]store.IDs{7: {1}}
	others := map[int64]store.IDs{7: {3}}
	answer := map[int64]quote{7: {Of: store.Message{Participant: 1}}}
	for _, c := range []struct {
		name string
		who  store.Participant
		m    store.Message
		p    Plan
		want turn
	}{
		{"burst", takes(store.Burst), said, Plan{}, now},
		{"instant", takes(store.Instant), said, Plan{}, now},
		{"quarter", takes(store.Quarter), said, Plan{}, later},
		{"hourly", takes(store.Hourly), said, Plan{}, later},
		{"daily", takes(store.Daily), said, Plan{}, later},
		{"mentions", takes(store.Mentions), said, Plan{}, never},
		{"paused", takes(store.Paused), said, Plan{}, never},
		{"daily, mentioned", takes(store.Daily), said, Plan{Mentioned: mentioned}, now},
		{"mentions, mentioned", takes(store.Mentions), said, Plan{Mentioned: mentioned}, now},
		{"mentions, answered", takes(store.Mentions), said, Plan{Quotes: answer}, now},
		{"mentions, a correction of what they have", takes(store.Mentions), said, Plan{Correction: true, Have: has}, now},
		{"paused, mentioned", takes(store.Paused), said, Plan{Mentioned: mentioned}, never},
		{"paused, a correction of what they have", takes(store.Paused), said, Plan{Correction: true, Have: has}, never},
		{"instant, has it", takes(store.Instant), said, Plan{Have: has}, never},
		{"daily, has it", takes(store.Daily), said, Plan{Have: has}, never},
		{"a correction of what others have", takes(store.Burst), said, Plan{Correction: true, Have: others}, never},
		{"a correction of what all have", takes(store.Burst), said, Plan{Correction: true}, now},
		{"daily, a correction of what they have", takes(store.Daily), said, Plan{Correction: true, Have: has}, later},
		{"the digest itself", takes(store.Daily), said, Plan{Digest: true}, now},
		{"the digest of another", takes(store.Daily), said, Plan{Digest: true, Only: store.IDs{3}}, never},
		{"daily, the invitation", as(store.Daily, func(p *store.Participant) { p.State = store.Invited }), said, Plan{}, now},
		{"mentions, the invitation", as(store.Mentions, func(p *store.Participant) { p.State = store.Invited }), said, Plan{}, now},
		{"muted", as(store.Burst, func(p *store.Participant) { p.Muted = at.Add(time.Hour) }), said, Plan{}, never},
		{"muted, mentioned", as(store.Daily, func(p *store.Participant) { p.Muted = at.Add(time.Hour) }), said, Plan{Mentioned: mentioned}, never},
		{"gone", as(store.Burst, func(p *store.Participant) { p.State = store.Gone }), said, Plan{}, never},
		{"came later", as(store.Daily, func(p *store.Participant) { p.Joined = at.Add(time.Minute) }), said, Plan{}, never},
		{"wrote it", takes(store.Daily), store.Message{ID: 7, At: at, Participant: 1}, Plan{}, never},
		{"reached by an answer to all", takes(store.Daily), store.Message{ID: 7, At: at, Participant: 2, Skip: store.IDs{1}}, Plan{}, never},
		{"reached by an answer to all, in the digest", takes(store.Daily), store.Message{ID: 7, At: at, Participant: 2, Skip: store.IDs{1}}, Plan{Digest: true}, never},
		{"not one of those the mails are for", takes(store.Burst), said, Plan{Only: store.IDs{2}}, never},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.p.Now = at
			if got := c.p.turnOf(c.who, c.m); got != c.want {
				t.Errorf("turn %d, want %d", got, c.want)
			}
		})
	}
}

// TestDigestDue decides when digests are sent.
func TestDigestDue(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, mode string
		now        time.Time
		at         time.Duration
		want       string
	}{
		{"15 min", store.Quarter, time.Date(2027, 5, 4, 12, 50, 0, 0, time.UTC), 0, "2027-05-04T13:05:00Z"},
		{"hourly", store.Hourly, time.Date(2027, 5, 4, 23, 50, 0, 0, time.UTC), 0, "2027-05-05T00:50:00Z"},
		{"daily, before the hour", store.Daily, time.Date(2027, 5, 4, 7, 59, 59, 0, time.UTC), 8 * time.Hour, "2027-05-04T08:00:00Z"},
		{"daily, at the hour", store.Daily, time.Date(2027, 5, 4, 8, 0, 0, 0, time.UTC), 8 * time.Hour, "2027-05-05T08:00:00Z"},
		{"daily, end of the year", store.Daily, time.Date(2027, 12, 31, 20, 0, 0, 0, time.UTC), 7*time.Hour + 30*time.Minute, "2028-01-01T07:30:00Z"},
		{"daily, the night the clock goes forward", store.Daily, time.Date(2027, 3, 27, 20, 0, 0, 0, berlin), 8 * time.Hour, "2027-03-28T08:00:00+02:00"},
		{"daily, the night the clock goes back", store.Daily, time.Date(2027, 10, 30, 20, 0, 0, 0, berlin), 8 * time.Hour, "2027-10-31T08:00:00+01:00"},
		{"no digest any more", store.Burst, time.Date(2027, 5, 4, 7, 0, 0, 0, time.UTC), 8 * time.Hour, "2027-05-04T07:00:00Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := digestDue(c.mode, c.now, c.at).Format(time.RFC3339); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}
