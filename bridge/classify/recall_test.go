package classify

import "testing"

func TestRecalled(t *testing.T) { // C50
	for text, want := range map[string]string{
		`Ann Lee would like to recall the message, "Re: #Send Lunch".`: "Re: #Send Lunch",
		`Lee, Ann möchte die Nachricht "Lunch" zurückrufen.`:           "Lunch",
		`Ann Lee souhaite rappeler le message « Lunch ».`:              "Lunch",
		`Ann Lee desea recuperar el mensaje "Lunch".`:                  "Lunch",
		`Ann would like to recall the message, "x". Do not read it!`:   "",
		"Who would like to recall the message of yesterday?":           "",
	} {
		if got, is := Recalled(text); got != want || is != (want != "") {
			t.Errorf("%s: %q, %v", text, got, is)
		}
	}
}
