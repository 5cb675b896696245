package pace

import (
	"strings"
	"testing"
	"time"
)

// A mailbox sends half of its provider's limit, and nothing during a pause.
func TestPace(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	p := New(80) // forty an hour, ten at once
	for i := range 10 {
		if d, why, _ := p.Wait(now); d != 0 {
			t.Fatalf("mail %d waits %v: %s", i, d, why)
		}
		want := map[bool]time.Duration{i < 5: 0, i == 5: 30 * time.Second, i == 6: 30 * time.Second, i == 7: 2 * time.Minute, i >= 9: 10 * time.Minute}[true]
		if d := p.Stretch(now); i != 8 && d != want {
			t.Errorf("after %d mails the hold is %v, want %v", i+1, d, want)
		}
	}
	if d, why, _ := p.Wait(now); d <= 0 || d > 100*time.Second || !strings.Contains(why, "limit of emails per hour") {
		t.Errorf("the eleventh waits %v: %s", d, why)
	}
	if d, _, _ := p.Wait(now.Add(2 * time.Minute)); d != 0 {
		t.Errorf("two minutes later it waits %v", d)
	}
	now = now.Add(time.Hour)
	for i, limit := range []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute} {
		d := p.Congested(now, "slow down")
		if d > limit || d < limit*3/4 {
			t.Errorf("refused %d times, nothing is tried for %v", i+1, d)
		}
		if again := p.Congested(now, "slow down"); again < d || again > d+time.Second {
			t.Errorf("another lane that was refused makes it %v instead of %v", again, d)
		}
		if left, why, _ := p.Wait(now); left < d || !strings.Contains(why, "slow down") {
			t.Errorf("a mail waits %v: %s", left, why)
		}
		if text := p.Budget("main", now); !strings.Contains(text, "can send 10 emails now and 40 per hour") || !strings.Contains(text, "slow down") {
			t.Errorf("told is %q", text)
		}
		now = now.Add(d)
	}
	p.Sent()
	if d := p.Congested(now, "slow down"); d > time.Minute {
		t.Errorf("after a mail was taken, nothing is tried for %v", d)
	}
	p = New(0)
	if d, _, _ := p.Wait(now); d != 0 || p.Stretch(now) != 0 || p.Budget("main", now) != "" {
		t.Error("without a known limit something waits")
	}
}

// An email that was not sent does not count, however long it took to find out.
func TestPaceGivesBack(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	p := New(80)
	var back []func()
	for range 10 {
		_, _, b := p.Wait(now)
		back = append(back, b)
	}
	if d, _, _ := p.Wait(now); d == 0 {
		t.Fatal("eleven mails leave at once")
	}
	for _, b := range back[:3] {
		b()
	}
	now = now.Add(30 * time.Second) // a third of a mail
	if text := p.Budget("main", now); !strings.Contains(text, "can send 3 emails now") {
		t.Errorf("three were given back: %s", text)
	}
	for i := range 3 {
		if d, why, _ := p.Wait(now); d != 0 {
			t.Errorf("mail %d of three waits %v: %s", i+1, d, why)
		}
	}
	if d, _, _ := p.Wait(now); d == 0 {
		t.Error("four mails leave where three were given back")
	}
	for _, b := range back[3:] {
		b()
	}
	if text := p.Budget("main", now.Add(time.Hour)); !strings.Contains(text, "can send 10 emails now") {
		t.Errorf("more is given back than was taken: %s", text)
	}
}
