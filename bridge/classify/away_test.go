package classify

import "testing"

func TestAutomaticNotice(t *testing.T) { // C20
	for _, c := range []struct{ subject, said, want string }{
		{"Automatic reply: Lunch", "I am out of office until Friday. Ask Bob.", "Ann is away until Friday: I am out of office until Friday. Ask Bob."},
		{"Out of Office: Lunch", "", "Ann is away"},
		{"Automatic reply: Lunch", "On vacation till 12 June, sorry", "Ann is away until 12 June: On vacation till 12 June, sorry"},
		{"Abwesenheitsnotiz", "Ich bin bis Montag weg.", "Ann is away: Ich bin bis Montag weg."},
		{"Automatic reply", "I am away and cannot answer until further notice.", "Ann is away: I am away and cannot answer until further notice."},
		{"Re: Lunch", "We have got your mail, and will answer it straight away.", "Ann sent an automatic reply: We have got your mail, and will answer it straight away."},
		{"Ticket 7", "We have got your mail. It is looked at right away.", "Ann sent an automatic reply: We have got your mail. It is looked at right away."},
		{"Ticket 7", "", "Ann sent an automatic reply: Ticket 7"},
	} {
		if got := AutomaticNotice("Ann", c.subject, c.said); got != c.want {
			t.Errorf("%s, %s:\n%s", c.subject, c.said, got)
		}
	}
}
