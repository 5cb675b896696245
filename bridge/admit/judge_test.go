package admit

import (
	"math/rand/v2"
	"testing"

	"hashsend/bridge/classify"
	"hashsend/bridge/mail"
	"hashsend/bridge/store"
)

// anyEvidence makes evidence of chance: what mail can be, and much that it cannot.
func anyEvidence(r *rand.Rand) Evidence {
	yes := func() bool { return r.IntN(3) == 0 }
	one := func(all ...string) string { return all[r.IntN(len(all))] }
	e := Evidence{
		Kind: classify.Kind(r.IntN(int(classify.Unreadable) + 1)), Verdict: mail.Verdict{Trust: mail.Trust(r.IntN(3))}, HasID: !yes(),
		Named: !yes(), Owner: yes(), Sender: one("", "", store.SenderApproved, store.SenderBlocked), MayOpen: yes(), Approved: yes(), Adds: yes(),
		Copy: r.IntN(20) == 0, Returned: r.IntN(9) == 0, InSent: yes(), ToUs: yes(), PrivateCopy: yes(),
		Cites: !yes(), Token: yes(), Conflict: Code(one("", "", string(Several), string(NewSubject))), Tagged: yes(), Leaves: r.IntN(9) == 0,
		Command: r.IntN(9) == 0, Reports: r.IntN(9) == 0, About: yes(), Known: yes(), HoldUnproven: yes(), HasPlace: !yes(), ReadsSent: yes(),
	}
	for n := range r.IntN(3) {
		e.Threads = append(e.Threads, Standing{Thread: int64(n + 1), State: one("", store.Active, store.Active, store.Invited, store.Gone, store.Bounced, store.Removed), Names: yes()})
	}
	return e
}

// What holds for every mail, whatever comes together in it.
func TestJudgeKeepsItsPromises(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	seen := map[string]int{}
	for range 200_000 {
		e := anyEvidence(r)
		a := Judge(e)
		owner := e.Owner && e.Verdict.Trust == mail.Proven
		bad := func(what string) { t.Errorf("%s: %T %+v for %+v", what, a, a, e) }
		if e.private() && !e.Copy {
			if _, none := a.(Nothing); !none {
				bad("what the owner sends to others is not private")
			}
		}
		switch a := a.(type) {
		case Nothing, Dropped:
			seen["aside"]++
		case Copy:
			seen["copy"]++
			if !e.Copy {
				bad("not ours")
			}
		case Report:
			seen["report"]++
			if !e.Reports || !e.About {
				bad("it reports on no mail of ours")
			}
		case Line:
			seen["line"]++
			if len(e.Threads) == 0 || e.Sender == store.SenderBlocked {
				bad("told, and it belongs nowhere or is blocked")
			}
			checkProof(e, a.proven, bad)
		case Order:
			seen["order"]++
			if len(e.Threads) == 0 || (!e.Command && !e.Leaves) {
				bad("no command")
			}
			checkProof(e, a.proven, bad)
		case Held:
			seen["held"]++
			why := a.Reason()
			if sentences[why.Code] == "" || why.Code == Unknown {
				bad("held without a reason")
			}
			if e.Verdict.Trust == mail.Failed && (why.Code != Forged || !why.MayBeForged() || why.SettlesSender()) {
				bad("forged mail is held for something else")
			}
			if why.SettlesSender() && e.Verdict.Trust != mail.Unproven {
				bad("approving it settles what it does not show")
			}
			if e.Approved || owner {
				bad("approved, and held again")
			}
		case Opening:
			seen["opening"]++
			if e.Sender == store.SenderBlocked || len(e.Threads) > 0 || (!e.Approved && !owner && (e.Verdict.Trust != mail.Proven || !e.MayOpen || e.PrivateCopy)) {
				bad("it begins a conversation")
			}
			if _, proven := a.In(7).Proof(7); proven != (e.Verdict.Trust == mail.Proven) {
				bad("proof in the conversation that it begins")
			}
		case Voice:
			seen["voice"]++
			checkVoice(e, a, owner, bad)
			checkProof(e, a.proven, bad)
		}
		if v, speaks := Speaks(a); speaks != v.Given() {
			bad("a voice that was not given")
		}
	}
	for _, kind := range []string{"aside", "copy", "report", "line", "order", "held", "opening", "voice"} {
		if seen[kind] < 100 {
			t.Errorf("%s came %d times: chance makes too few of them", kind, seen[kind])
		}
	}
}

// checkProof checks that a proof is never more than the verdict and the standing say.
func checkProof(e Evidence, p proven, bad func(string)) {
	if _, proven := p.Proof(99); proven {
		bad("proven in a thread that it does not belong to")
	}
	for _, s := range e.Threads {
		proof, proven := p.Proof(s.Thread)
		takesPart := s.State != "" && s.State != store.Removed
		if proven && (e.Verdict.Trust != mail.Proven || e.Sender == store.SenderBlocked || (!takesPart && !e.Owner && !e.Adds)) {
			bad("proven without proof")
		}
		if proven && (!proof.Given() || proof.Thread() != s.Thread) {
			bad("a proof of another thread")
		}
	}
}

// checkVoice checks that nobody speaks whom neither a person, nor proof, nor their
// standing lets speak.
func checkVoice(e Evidence, a Voice, owner bool, bad func(string)) {
	if len(e.Threads) == 0 {
		bad("it speaks nowhere")
	}
	if e.Approved || owner {
		if a.Marked() {
			bad("approved, and marked")
		}
		return
	}
	if e.Verdict.Trust == mail.Failed || e.Sender == store.SenderBlocked || !e.Named || e.Conflict != "" || e.Kind == classify.Bulk {
		bad("it speaks")
	}
	for _, s := range e.Threads {
		if s.State == "" || s.State == store.Removed {
			bad("a stranger speaks")
		}
	}
	if a.Marked() != (e.Verdict.Trust == mail.Unproven && e.Sender != store.SenderApproved) {
		bad("the mark")
	}
}

func TestZeroPermissionsAllowNothing(t *testing.T) {
	for _, a := range []Admission{Nothing{}, Dropped{}, Voice{}, Opening{}, Held{}, Line{}, Order{}} {
		if v, speaks := Speaks(a); speaks || v.Given() {
			t.Errorf("%T speaks", a)
		}
	}
	if _, proven := (Voice{}).Proof(0); proven {
		t.Error("nothing proves something")
	}
}
