package core

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"hashsend/bridge/mail"
	"hashsend/bridge/store"
)

// A room shows the address of nobody who takes part by email: commands name people by
// their names there, where these tell them apart.

// Handle is what commands call a person who takes part: the name, in quotation marks if it
// has several words, or the address where the name is another person's, too, or could be
// taken for something else.
func (w *Work) Handle(p store.Participant) (string, error) {
	people, err := w.Participants(p.Thread)
	if err != nil {
		return "", err
	}
	name := strings.TrimSpace(p.Name)
	if name == "" || mail.CleanName(name) != name || strings.ContainsAny(name, `@"',;<>`) || IsArgument(name) || len(PeopleNamed(people, name)) != 1 {
		return p.Address, nil
	}
	if strings.ContainsAny(name, " \t") {
		return `"` + name + `"`, nil
	}
	return name, nil
}

// Handles are those of several people.
func (w *Work) Handles(people []store.Participant) (all []string, err error) {
	for _, p := range people {
		h, err := w.Handle(p)
		if err != nil {
			return nil, err
		}
		all = append(all, h)
	}
	return all, nil
}

func PeopleNamed(people []store.Participant, name string) (found []store.Participant) {
	for _, p := range people {
		if strings.EqualFold(strings.TrimSpace(p.Name), name) {
			found = append(found, p)
		}
	}
	return found
}

// WithoutAddress puts the name of a person in the place of the address in what a mail
// server says.
func WithoutAddress(said string, p store.Participant) string {
	address := regexp.MustCompile(`(?i)<?` + regexp.QuoteMeta(p.Address) + `>?`)
	return address.ReplaceAllLiteralString(said, p.Name)
}

// IsArgument reports whether a word behind the people of a command means something else.
func IsArgument(word string) bool {
	word = strings.ToLower(word)
	_, number := strconv.ParseFloat(word, 64)
	_, duration := time.ParseDuration(word)
	return number == nil || duration == nil || ModeOf([]string{word}) != "" || slices.Contains([]string{store.ModeOpen, store.ModeHidden, "history", "send", "no", "off", "yes", "on", "true", "false"}, word)
}
