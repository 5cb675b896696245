package bridge

import (
	"errors"
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

// handle is what commands call a person who takes part: the name, in quotation marks if it
// has several words, or the address where the name is another person's, too, or could be
// taken for something else.
func (w *work) handle(p store.Participant) (string, error) {
	people, err := w.Participants(p.Thread)
	if err != nil {
		return "", err
	}
	name := strings.TrimSpace(p.Name)
	if name == "" || mail.CleanName(name) != name || strings.ContainsAny(name, `@"',;<>`) || isArgument(name) || len(peopleNamed(people, name)) != 1 {
		return p.Address, nil
	}
	if strings.ContainsAny(name, " \t") {
		return `"` + name + `"`, nil
	}
	return name, nil
}

// handles are those of several people.
func (w *work) handles(people []store.Participant) (all []string, err error) {
	for _, p := range people {
		h, err := w.handle(p)
		if err != nil {
			return nil, err
		}
		all = append(all, h)
	}
	return all, nil
}

func peopleNamed(people []store.Participant, name string) (found []store.Participant) {
	for _, p := range people {
		if strings.EqualFold(strings.TrimSpace(p.Name), name) {
			found = append(found, p)
		}
	}
	return found
}

// withoutAddress puts the name of a person in the place of the address in what a mail
// server says.
func withoutAddress(said string, p store.Participant) string {
	address := regexp.MustCompile(`(?i)<?` + regexp.QuoteMeta(p.Address) + `>?`)
	return address.ReplaceAllLiteralString(said, p.Name)
}

// isArgument reports whether a word behind the people of a command means something else.
func isArgument(word string) bool {
	word = strings.ToLower(word)
	_, number := strconv.ParseFloat(word, 64)
	_, duration := time.ParseDuration(word)
	return number == nil || duration == nil || modeOf([]string{word}) != "" || slices.Contains([]string{store.ModeOpen, store.ModeHidden, "history", "send", "no", "off", "yes"}, word)
}

// people takes those at the beginning of the words of a call, by their addresses or by the
// names of those who take part.
func (c *call) people() (people []mail.Address, rest []string, err error) {
	known, err := c.knownHere()
	if err != nil {
		return nil, nil, err
	}
	for i, a := range c.args {
		if strings.Contains(a, "@") || isArgument(a) {
			continue
		}
		switch found := peopleNamed(known, a); len(found) {
		case 0:
		case 1:
			c.args[i] = found[0].Address
			continue
		default:
			return nil, nil, Usage("Several people here are called %s: name the one you mean by address. %s lists them.", a, c.typedAs("who"))
		}
		break
	}
	return c.addresses()
}

// knownHere are all who take part, or did, in the conversation of the place of a call.
func (c *call) knownHere() ([]store.Participant, error) {
	r, err := c.linkedRoom(c.network, c.place)
	if errors.Is(err, store.ErrNone) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return c.Participants(r.Thread)
}
