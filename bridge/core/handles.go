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

// Rooms do not show addresses of participants. Commands use their names where these are unique.

// Handle returns how commands refer to a participant: by name, quoted if it has several words,
// or by address if the name is ambiguous.
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

// Handles returns the handles of several participants.
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

// WithoutAddress replaces the address of a participant by the name in a response of a mail
// server.
func WithoutAddress(said string, p store.Participant) string {
	address := regexp.MustCompile(`(?i)<?` + regexp.QuoteMeta(p.Address) + `>?`)
	return address.ReplaceAllLiteralString(said, p.Name)
}

// IsArgument reports whether a word after the people of a command is another argument.
func IsArgument(word string) bool {
	word = strings.ToLower(word)
	_, number := strconv.ParseFloat(word, 64)
	_, duration := time.ParseDuration(word)
	return number == nil || duration == nil || ModeOf([]string{word}) != "" || slices.Contains([]string{store.ModeOpen, store.ModeHidden, "history", "send", "no", "off", "yes", "on", "true", "false"}, word)
}
