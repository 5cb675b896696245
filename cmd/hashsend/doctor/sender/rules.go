package sender

import (
	"fmt"

	"hashsend/cmd/hashsend/doctor/finding"
)

// rule is what a provider wants of senders.
type rule struct {
	provider, text, source string
	bulk                   bool // only of those who send 5,000 emails a day to it
	met                    func(facts) state
}

// either is met if one of two is.
func either(a, b state) state {
	switch {
	case a == yes || b == yes:
		return yes
	case a == no && b == no:
		return no
	}
	return unknown
}

func both(a, b state) state {
	switch {
	case a == no || b == no:
		return no
	case a == yes && b == yes:
		return yes
	}
	return unknown
}

func spfOrDKIM(f facts) state  { return either(f.spf, f.dkim) }
func spfAndDKIM(f facts) state { return both(f.spf, f.dkim) }
func aligned(f facts) state    { return either(f.spfAligns, both(f.dkim, f.dkimFits)) }
func policy(f facts) state     { return f.dmarc }
func reverse(f facts) state    { return f.reverse }

const (
	gmail   = "https://support.google.com/mail/answer/81126"
	yahoo   = "https://senders.yahooinc.com/best-practices/"
	outlook = "https://techcommunity.microsoft.com/blog/microsoftdefenderforoffice365blog/4399730"
	gmx     = "https://postmaster.gmx.net/"
)

// providerRules are those of the four large groups of free mailboxes.
func providerRules() []rule {
	return []rule{
		{"Gmail", "SPF or DKIM", gmail, false, spfOrDKIM},
		{"Gmail", "a name for the sending address that leads back to it", gmail, false, reverse},
		{"Gmail", "SPF and DKIM", gmail, true, spfAndDKIM},
		{"Gmail", "a DMARC policy", gmail, true, policy},
		{"Gmail", "SPF or DKIM of the domain in From", gmail, true, aligned},
		{"Yahoo", "SPF or DKIM", yahoo, false, spfOrDKIM},
		{"Yahoo", "a name for the sending address that leads back to it", yahoo, false, reverse},
		{"Yahoo", "SPF and DKIM", yahoo, true, spfAndDKIM},
		{"Yahoo", "a DMARC policy that the email passes", yahoo, true, func(f facts) state { return both(f.dmarc, aligned(f)) }},
		{"Outlook.com", "SPF and DKIM", outlook, true, spfAndDKIM},
		{"Outlook.com", "a DMARC policy that the email passes", outlook, true, func(f facts) state { return both(f.dmarc, aligned(f)) }},
		{"GMX, WEB.DE", "DKIM of the domain in From", gmx, false, func(f facts) state { return both(f.dkim, f.dkimFits) }},
	}
}

// rules holds what was found against the rules of the large providers.
func (c *checker) rules() {
	t := finding.Table{Title: "What large providers want", Head: []string{"provider", "wants", "applies", "met", "source"}}
	var broken []string
	for _, r := range providerRules() {
		met := r.met(c.facts)
		applies := "to you"
		if r.bulk {
			applies = "only from 5,000 a day"
		}
		word := map[state]string{yes: "yes", no: "no", unknown: "not known"}[met]
		t.Rows = append(t.Rows, []string{r.provider, r.text, applies, word, r.source})
		if met == no && !r.bulk {
			broken = append(broken, fmt.Sprintf("%s wants %s", r.provider, r.text))
		}
	}
	c.s.Tables = append(c.s.Tables, t)
	if len(broken) > 0 {
		c.add("rules", finding.Error, fmt.Sprintf("Rules of large providers that hold for every sender are not met: %s.", finding.List(broken)), "See the findings above; the table names the sources.")
	}
}
