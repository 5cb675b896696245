package command

import (
	"slices"
	"testing"

	"hashsend/bridge/store"
)

// A person is found by the whole name, else by the first name, else by the beginning of
// the name; parts of names prefer people who are still in the conversation.
func TestPeopleCalled(t *testing.T) {
	known := []store.Participant{
		{Name: "Ann", State: store.Active},
		{Name: "Ann Ames", State: store.Active},
		{Name: "Bob Berg", State: store.Active},
		{Name: "Bob Blum", State: store.Gone},
		{Name: "Carla Conte", State: store.Active},
		{Name: "Carl Cole", State: store.Active},
		{Name: "Dora Dahl", State: store.Gone},
		{Name: "Ölaf Öre", State: store.Active},
	}
	for _, x := range []struct {
		word    string
		want    []string
		guessed bool
	}{
		{"ann", []string{"Ann"}, false},
		{"ANN AMES", []string{"Ann Ames"}, false},
		{"bob", []string{"Bob Berg"}, true},
		{"Bob Bl", []string{"Bob Blum"}, true},
		{"carl", []string{"Carl Cole"}, true},
		{"car", []string{"Carla Conte", "Carl Cole"}, true},
		{"do", []string{"Dora Dahl"}, true},
		{"öl", []string{"Ölaf Öre"}, true},
		{"ö", nil, false},
		{"berg", nil, false},
		{"", nil, false},
	} {
		found, guessed := peopleCalled(known, x.word)
		var names []string
		for _, p := range found {
			names = append(names, p.Name)
		}
		if !slices.Equal(names, x.want) || guessed != x.guessed {
			t.Errorf("%q finds %v (guessed %v), want %v (%v)", x.word, names, guessed, x.want, x.guessed)
		}
	}
}

// All words for a switch work wherever one is taken, in any case.
func TestSwitch(t *testing.T) {
	for word, want := range map[string][2]bool{
		"on": {true, true}, "Yes": {true, true}, "TRUE": {true, true},
		"off": {false, true}, "No": {false, true}, "false": {false, true},
		"": {false, false}, "maybe": {false, false}, "2h": {false, false},
	} {
		if on, ok := Switch(word); on != want[0] || ok != want[1] {
			t.Errorf("Switch(%q) = %v, %v, want %v", word, on, ok, want)
		}
	}
}
