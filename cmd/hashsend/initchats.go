package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"hashsend/bridge/chat"
	"hashsend/connectors"
)

// chatSetup asks about one chat network and writes its section.
type chatSetup interface {
	flags(f *pflag.FlagSet)
	// given reports whether a flag for this network is set.
	given() bool
	// missing returns the required flags that aren't set.
	missing() []string
	// makes returns the files that it will write besides the configuration.
	makes() []string
	// ask asks the questions that have no answer yet. It is called again after forget if the
	// answers didn't work.
	ask(ctx context.Context, w *wizard) error
	// try tests the connection that the answers describe, and returns what works.
	try(ctx context.Context, w *wizard, n network) (string, error)
	// forget drops the answers that didn't work.
	forget()
	// write writes the section of the configuration.
	write(line func(string, ...any))
	// written writes the other files, after the configuration.
	written(w *wizard, c *config) error
}

// chatNetwork is a network that init can set up.
type chatNetwork struct {
	connectors.Network
	chatSetup
	done bool // its answers are complete
}

// chatNetworks returns the networks that init can set up. A network that needs more than
// a few questions has a file of its own.
func chatNetworks(known []connectors.Network) (all []*chatNetwork) {
	for _, n := range known {
		c := &chatNetwork{Network: n}
		switch n.Key {
		case "matrix":
			c.chatSetup = &matrixSetup{}
		case "slack":
			c.chatSetup = &slackSetup{}
		default:
			c.chatSetup = &askedSetup{Network: n, answers: make([]secretFrom, len(n.Asks))}
		}
		all = append(all, c)
	}
	return all
}

// chosen returns the networks that --network names. Without it, those that have a flag set,
// or else the first of the list.
func (w *wizard) chosen() (all []*chatNetwork, err error) {
	if w.a.Network == "" {
		for _, c := range w.chats {
			if c.given() {
				all = append(all, c)
			}
		}
		if len(all) == 0 {
			all = w.chats[:1]
		}
		return all, nil
	}
	for key := range strings.SplitSeq(w.a.Network, ",") {
		n := slices.IndexFunc(w.chats, func(c *chatNetwork) bool { return c.Key == strings.TrimSpace(key) })
		if n < 0 {
			return nil, usage("--network: %q must be one of %s", key, w.keys(", "))
		}
		all = append(all, w.chats[n])
	}
	return all, nil
}

func (w *wizard) keys(between string) string {
	var all []string
	for _, c := range w.chats {
		all = append(all, c.Key)
	}
	return strings.Join(all, between)
}

// askChats asks which chat networks to set up, and sets up each.
func (w *wizard) askChats(ctx context.Context) error {
	if w.a.Network == "" && w.ask != nil {
		var options []string
		for _, c := range w.chats {
			options = append(options, c.Key)
		}
		if len(options) > 1 {
			options = append(options, w.keys(","))
		}
		if err := w.question(ctx, "Chat", "hashsend connects rooms of this network to email.",
			question{Label: "Network", Into: &w.a.Network, Options: options}); err != nil {
			return err
		}
	}
	chosen, err := w.chosen()
	if err != nil {
		return err
	}
	for _, c := range chosen {
		if err := w.askChat(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// askChat asks about a network until the answers work.
func (w *wizard) askChat(ctx context.Context, n *chatNetwork) error {
	for {
		if err := n.ask(ctx, w); err != nil {
			return err
		}
		if n.done = true; w.noTest {
			return nil
		}
		text, err := w.tryChat(ctx, n)
		if err == nil {
			w.say("✓ %s", text)
			return nil
		}
		w.say("✗ %v", err)
		if w.ask == nil || ctx.Err() != nil {
			return fmt.Errorf("couldn't use this %s; no configuration was written", n.Server)
		}
		n.done = false
		n.forget()
	}
}

// tryChat tests the answers about a network.
func (w *wizard) tryChat(ctx context.Context, n *chatNetwork) (string, error) {
	c, err := w.draft()
	if err != nil {
		return "", err
	}
	at := slices.IndexFunc(c.Networks, func(one network) bool { return one.kind.Key == n.Key })
	return n.try(ctx, w, c.Networks[at])
}

// tryConnection tests a connection as check does.
func tryConnection(ctx context.Context, n network) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, tryTime)
	defer cancel()
	return n.Try(ctx, chat.Env{Name: n.name, Log: slog.New(slog.DiscardHandler)})
}

// examples joins the examples of the networks that are set up.
func (w *wizard) examples(of func(connectors.Network) string) string {
	var all []string
	for _, c := range w.chats {
		if c.done {
			all = append(all, of(c.Network))
		}
	}
	return strings.Join(all, " or ")
}

// homeNetwork returns the network of the home room: the first whose room ids start with the
// same character, or else the last.
func (w *wizard) homeNetwork() (key string) {
	for _, c := range w.chats {
		if !c.done {
			continue
		}
		if key = c.Key; strings.HasPrefix(w.a.HomeRoom, c.Room[:1]) {
			break
		}
	}
	return key
}

// askedSetup sets up a network with the questions of its row.
type askedSetup struct {
	connectors.Network
	answers []secretFrom // to each of Asks
}

func (s *askedSetup) flag(n int) string {
	return s.Key + "-" + strings.ReplaceAll(s.Asks[n].Setting, "_", "-")
}

func (s *askedSetup) flags(f *pflag.FlagSet) {
	for n, ask := range s.Asks {
		if ask.Secret {
			f.StringVar(&s.answers[n].File, s.flag(n)+"-file", "", s.Key+": file with: "+ask.Label)
			f.StringVar(&s.answers[n].Env, s.flag(n)+"-env", "", s.Key+": environment variable with: "+ask.Label)
			continue
		}
		f.StringVar(&s.answers[n].Value, s.flag(n), "", s.Key+": "+ask.Label)
	}
}

func (s *askedSetup) given() bool {
	return slices.ContainsFunc(s.answers, func(a secretFrom) bool { return !a.empty() })
}

func (s *askedSetup) missing() (flags []string) {
	for n, ask := range s.Asks {
		switch {
		case ask.Optional || !s.answers[n].empty():
		case ask.Secret:
			flags = append(flags, fmt.Sprintf("--%s-file or --%[1]s-env", s.flag(n)))
		default:
			flags = append(flags, "--"+s.flag(n))
		}
	}
	return flags
}

func (s *askedSetup) makes() []string { return nil }

func (s *askedSetup) ask(ctx context.Context, w *wizard) error {
	var all []question
	for n, ask := range s.Asks {
		if !s.answers[n].empty() {
			continue
		}
		q := question{Label: ask.Label, Into: &s.answers[n].Value, Hidden: ask.Secret, Check: isThere}
		if ask.Optional {
			q.Check = nil
		}
		all = append(all, q)
	}
	return w.question(ctx, s.Key, "", all...)
}

func (s *askedSetup) try(ctx context.Context, _ *wizard, n network) (string, error) {
	text, err := tryConnection(ctx, n)
	if err != nil {
		return "", fmt.Errorf("%s: %w", s.Key, err)
	}
	return s.Key + ": " + text, nil
}

func (s *askedSetup) forget() { clear(s.answers) }

func (s *askedSetup) write(line func(string, ...any)) {
	lead := "  - "
	line("%s:", s.Key)
	for n, ask := range s.Asks {
		if a := s.answers[n]; !a.empty() {
			line("%s%s: %s", lead, ask.Setting, a.yaml())
			lead = "    "
		}
	}
	line("")
}

func (s *askedSetup) written(*wizard, *config) error { return nil }
