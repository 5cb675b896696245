// Package bounces explains refusals of email: what they mean at the provider that
// gave them, whose matter it is, and how to get out of it.
package bounces

import (
	"fmt"
	"slices"
	"strings"

	"hashsend/cmd/hashsend/doctor/finding"
)

// Whose says who can do something about a refusal.
type Whose string

// The parties.
const (
	Yours      Whose = "yours"
	Theirs     Whose = "theirs"     // the receiving server's
	Recipients Whose = "recipients" // the person's
	Nobody     Whose = "nobody"     // it passes
)

// Refusal is what a server said about an email.
type Refusal struct {
	Address string // whom it was for; may be empty
	Said    string // code and words
}

// Explanation is what a refusal means.
type Explanation struct {
	Provider string // empty: not one that the table knows
	Whose    Whose
	Means    string // completes "because …"
	Do       string
	Source   string
}

// providers are known by the recipient's domain and by their servers' words.
var providers = []struct {
	name    string
	domains []string
	words   []string // in lower case
}{
	{"Gmail", []string{"gmail.com", "googlemail.com"}, []string{"gsmtp", "google.com/mail", "support.google.com", ".google.com"}},
	{"Microsoft", []string{"outlook.com", "hotmail.com", "live.com", "msn.com", "outlook.de", "hotmail.de", "hotmail.fr", "hotmail.co.uk", "live.de"}, []string{"outlook.com", "protection.outlook", "office.com", "office365", "microsoft"}},
	{"Yahoo", []string{"yahoo.com", "ymail.com", "aol.com", "yahoo.de", "yahoo.fr", "yahoo.co.uk", "rocketmail.com"}, []string{"yahoodns", "yahoo.com", "postmaster.yahooinc", "senders.yahooinc"}},
	{"GMX, WEB.DE", []string{"gmx.net", "gmx.de", "gmx.com", "gmx.at", "gmx.ch", "web.de", "mail.com"}, []string{"gmx.net", "web.de", "nemesis", "mail.com"}},
	{"iCloud", []string{"icloud.com", "me.com", "mac.com"}, []string{"icloud.com", "support.apple.com"}},
	{"T-Online", []string{"t-online.de", "magenta.de"}, []string{"t-online.de"}},
}

func providerOf(r Refusal) string {
	domain := strings.ToLower(r.Address[strings.LastIndexByte(r.Address, '@')+1:])
	for _, p := range providers {
		if slices.Contains(p.domains, domain) {
			return p.name
		}
	}
	said := strings.ToLower(r.Said)
	for _, p := range providers {
		if slices.ContainsFunc(p.words, func(w string) bool { return strings.Contains(said, w) }) {
			return p.name
		}
	}
	return ""
}

// Explainer has the table ready.
type Explainer struct{ table []entry }

// New makes the table ready.
func New() *Explainer { return &Explainer{table()} }

// maxSaid is how much of a refusal is looked at.
const maxSaid = 4096

// Explain says what a refusal means; ok is false where the table does not know.
func (x *Explainer) Explain(r Refusal) (found Explanation, ok bool) {
	said := strings.Join(strings.Fields(r.Said), " ")
	if len(said) > maxSaid {
		said = said[:maxSaid]
	}
	found.Provider = providerOf(r)
	for _, e := range x.table {
		if e.provider != "" && e.provider != found.Provider || !e.pattern.MatchString(said) {
			continue
		}
		found.Whose, found.Means, found.Do, found.Source = e.whose, e.means, e.do, e.source
		return found, true
	}
	return found, false
}

// maxEvidence is how many refusals of one kind are shown.
const maxEvidence = 20

// Findings groups refusals by what they mean.
func (x *Explainer) Findings(all []Refusal) (found []finding.Finding) {
	type group struct {
		Explanation
		known bool
	}
	members := map[group][]Refusal{}
	var order []group
	for _, r := range all {
		e, ok := x.Explain(r)
		g := group{e, ok}
		if members[g] == nil {
			order = append(order, g)
		}
		members[g] = append(members[g], r)
	}
	slices.SortStableFunc(order, func(a, b group) int { return len(members[b]) - len(members[a]) })
	for _, g := range order {
		found = append(found, tell(g.Explanation, g.known, members[g]))
	}
	return found
}

func tell(e Explanation, known bool, of []Refusal) finding.Finding {
	f := finding.Finding{Check: "bounces.refused", Level: finding.Warning, Do: e.Do}
	what := fmt.Sprintf("%d refusals", len(of))
	if len(of) == 1 {
		what = "1 refusal"
	}
	if e.Provider != "" {
		what += " by " + e.Provider
	}
	switch {
	case !known:
		f.Level = finding.Unknown
		f.Text = what + " cannot be explained; the words of the server are shown with -v."
	default:
		f.Text = what + ": " + e.Means + "."
		switch e.Whose {
		case Recipients, Nobody:
			f.Level = finding.Note
		case Theirs:
			f.Level = finding.Note
			f.Text += " The fault is theirs, not yours."
		}
		f.Evidence = append(f.Evidence, "see "+e.Source)
	}
	for i, r := range of {
		if i == maxEvidence {
			f.Evidence = append(f.Evidence, fmt.Sprintf("and %d more", len(of)-i))
			break
		}
		f.Evidence = append(f.Evidence, strings.TrimPrefix(r.Address+": ", ": ")+strings.Join(strings.Fields(r.Said), " "))
	}
	return f
}
