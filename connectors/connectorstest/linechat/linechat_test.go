package linechat

import (
	"context"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"testing"

	"hashsend/bridge/chat"
	"hashsend/bridge/chat/chattest"
	"hashsend/bridge/retry"
	"hashsend/connectors/connectorstest/lineserver"
)

// room is a chattest.Fixture: Ben is in #garden.
type room struct{ *lineserver.Server }

func start(t *testing.T) room {
	t.Helper()
	s, err := lineserver.Start("#garden")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return room{s}
}

func (r room) Connect(t *testing.T) chat.Connector {
	t.Helper()
	c, err := Open(Config{Address: r.Address(), Password: lineserver.Password}, chat.Env{Name: "linechat", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (r room) Place() chat.Place { return chat.Place{Room: "#garden"} }

func (r room) Say(_ *testing.T, text string) chat.MessageID {
	return chat.MessageID(strconv.Itoa(r.Server.Say("#garden", "ben", "", text)))
}

func (r room) Read(*testing.T) (seen []chattest.Line) {
	lines, _ := r.Lines(0)
	for _, l := range lines {
		name, text := l.Name, l.Text
		if who, said, is := strings.Cut(strings.TrimPrefix(text, "<"), "> "); is && l.Name == "hashsend" {
			name, text = who, said
		}
		seen = append(seen, chattest.Line{ID: chat.MessageID(strconv.Itoa(l.Number)), Author: name, Text: text})
	}
	return seen
}

// Command makes it a chattest.Commands.
func (r room) Command(t *testing.T, prompt, text string) { r.Say(t, prompt+" "+text) }

func TestContract(t *testing.T) {
	chattest.Run(t, func(t *testing.T) chattest.Fixture { return start(t) })
}

// A connection that breaks costs nothing.
func TestBrokenConnection(t *testing.T) {
	r := start(t)
	c := r.Connect(t)
	texts := make(chan string, 100)
	ended := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		ended <- c.Run(ctx, "0", func(_ context.Context, _ string, events ...chat.Event) error {
			for _, e := range events {
				if p, is := e.(chat.Posted); is {
					texts <- p.Body.Text
				}
			}
			return nil
		})
	}()
	var want, got []string
	for n := range 5 {
		text := "line " + strconv.Itoa(n)
		r.Say(t, text)
		want, got = append(want, text), append(got, <-texts)
		r.Cut()
	}
	cancel()
	if err := <-ended; err != nil || !slices.Equal(got, want) {
		t.Errorf("received %q, %v; want %q", got, err, want)
	}
}

func TestWrongPassword(t *testing.T) {
	r := start(t)
	c, err := Open(Config{Address: r.Address(), Password: "wrong"}, chat.Env{Name: "linechat", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	_, tried := c.Try(t.Context())
	for name, err := range map[string]error{"Try": tried, "Run": c.Run(t.Context(), "", nil)} {
		if err == nil || !retry.IsNever(err) || !strings.Contains(err.Error(), "check nick and password") {
			t.Errorf("%s: %v; want an error that is final and says what to do", name, err)
		}
	}
}

func TestTextOf(t *testing.T) {
	ann := chat.Sender{ID: "ann", Name: "Ann (email)"}
	for want, m := range map[string]chat.Outgoing{
		"hello":                 {Body: chat.Body{Text: "hello"}},
		"<Ann (email)> one / x": {As: ann, Body: chat.Body{Text: "one\nx"}},
		"* Ann (email) waves":   {As: ann, Kind: chat.Emote, Body: chat.Body{Text: "waves"}},
		"ben: for you":          {For: "ben", Kind: chat.Notice, Body: chat.Body{Text: "for you"}},
	} {
		if got := textOf(m); got != want {
			t.Errorf("%+v is %q, want %q", m, got, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, line := range []string{"LINE 1 #garden 1795803025366 ben hello there", "LINE 1 #garden 0 ben !send help", "LINE x", "LINE 1 #garden x ben a", "", "LINE 2 #g 5 hashsend own"} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		number, events, err := read(line, "hashsend")
		if err != nil && (number != 0 || len(events) > 0) {
			t.Errorf("an error, and %d %v", number, events)
		}
		for _, e := range events {
			if h := e.EventHead(); h.Event == "" || h.Place.Room == "" || h.By.Name == "" || h.By.Name == "hashsend" {
				t.Errorf("%q came as %+v", line, e)
			}
		}
	})
}
