package admit

import (
	"testing"

	"hashsend/bridge/mail"
	"hashsend/bridge/store"
)

func TestInThread(t *testing.T) {
	proven, unproven, failed := mail.Verdict{Trust: mail.Proven}, mail.Verdict{}, mail.Verdict{Trust: mail.Failed}
	for _, c := range []struct {
		name string
		e    Evidence
		want string
		code Code
	}{
		{"blocked, although proven", Evidence{Named: true, Threads: []Standing{{Thread: 1, State: store.Active}}, Verdict: proven, Sender: store.SenderBlocked, Cites: true}, "dropped", ""},
		{"blocked and failed", Evidence{Named: true, Threads: []Standing{{Thread: 1, State: store.Active}}, Verdict: failed, Sender: store.SenderBlocked}, "dropped", ""},
		{"failed, although approved once", Evidence{Named: true, Threads: []Standing{{Thread: 1, State: store.Active}}, Verdict: failed, Sender: store.SenderApproved, Cites: true}, "held", Forged},
		{"failed and contradictory", Evidence{Named: true, Threads: []Standing{{Thread: 1, State: store.Active}}, Verdict: failed, Conflict: Several}, "held", Forged},
		{"failed stranger", Evidence{Named: true, Threads: []Standing{{Thread: 1, State: ""}}, Verdict: failed}, "held", Forged},
		{"contradictory", Evidence{Named: true, Threads: []Standing{{Thread: 1, State: store.Active}}, Verdict: proven, Cites: true, Conflict: Several}, "held", Several},
		{"contradictory stranger", Evidence{Named: true, Threads: []Standing{{Thread: 1, State: ""}}, Verdict: proven, Conflict: NewSubject}, "held", NewSubject},
		{"proven stranger", Evidence{Named: true, Threads: []Standing{{Thread: 1, State: ""}}, Verdict: proven, Cites: true}, "held", Stranger},
		{"approved stranger", Evidence{Named: true, Threads: []Standing{{Thread: 1, State: ""}}, Sender: store.SenderApproved, Cites: true}, "held", Stranger},
		{"somebody who was taken out", Evidence{Named: true, Threads: []Standing{{Thread: 1, State: store.Removed}}, Verdict: proven, Cites: true}, "held", Stranger},
		{"proven participant", Evidence{Named: true, Threads: []Standing{{Thread: 1, State: store.Active}}, Verdict: proven}, "voice", ""},
		{"proven, and all that is unproven is held", Evidence{Named: true, Threads: []Standing{{Thread: 1, State: store.Active}}, Verdict: proven, HoldUnproven: true}, "voice", ""},
		{"proven participant who left", Evidence{Named: true, Threads: []Standing{{Thread: 1, State: store.Gone}}, Verdict: proven}, "voice", ""},
		{"proven participant whose mail bounces", Evidence{Named: true, Threads: []Standing{{Thread: 1, State: store.Bounced}}, Verdict: proven}, "voice", ""},
		{"approved participant", Evidence{Named: true, Threads: []Standing{{Thread: 1, State: store.Active}}, Verdict: unproven, Sender: store.SenderApproved}, "voice", ""},
		{"unproven, citing nothing", Evidence{Named: true, Threads: []Standing{{Thread: 1, State: store.Active}}, Verdict: unproven}, "held", CitesNone},
		{"unproven, citing nothing, and all that is unproven is held", Evidence{Named: true, Threads: []Standing{{Thread: 1, State: store.Active}}, Verdict: unproven, HoldUnproven: true}, "held", CitesNone},
		{"unproven, and all that is unproven is held", Evidence{Named: true, Threads: []Standing{{Thread: 1, State: store.Active}}, Verdict: unproven, Cites: true, HoldUnproven: true}, "held", Unproven},
		{"unproven, citing", Evidence{Named: true, Threads: []Standing{{Thread: 1, State: store.Active}}, Verdict: unproven, Cites: true}, "marked", ""},
	} {
		got, code := "none", Code("")
		switch a := c.e.inThread(c.e.Threads[0]).(type) {
		case Held:
			got, code = "held", a.Reason().Code
		case Dropped:
			got = "dropped"
		case Voice:
			got = "voice"
			if a.Marked() {
				got = "marked"
			}
		}
		if got != c.want || code != c.code {
			t.Errorf("%s: got %s %q, want %s %q", c.name, got, code, c.want, c.code)
		}
	}
}
