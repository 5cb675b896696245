package bridge

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/core"
	"hashsend/bridge/mail"
	"hashsend/bridge/store"
)

// swift is a chat network and a mail server that answer at once: what is
// measured is the bridge.
type swift struct {
	mails atomic.Int64
	mu    sync.Mutex
	seen  map[string]chan struct{} // text -> closed when it arrives on the other side
}

func (s *swift) Name() string { return "swift" }

func (s *swift) Run(ctx context.Context, _ string, _ chat.Handler) error { <-ctx.Done(); return nil }

func (s *swift) arrived(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, c := range s.seen {
		if strings.Contains(text, key) {
			close(c)
			delete(s.seen, key)
		}
	}
}

func (s *swift) await(text string) <-chan struct{} {
	c := make(chan struct{})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen[text] = c
	return c
}

func (s *swift) Send(_ context.Context, m chat.Outgoing) (chat.MessageID, error) {
	s.arrived(m.Body.Text)
	return chat.MessageID(m.Key), nil
}

func (s *swift) Submit(_ context.Context, o mail.Outgoing, beforeDot func() error) (mail.Result, error) {
	r, err := o.Open()
	if err != nil {
		return mail.Result{}, err
	}
	raw, err := io.ReadAll(r)
	if err != nil {
		return mail.Result{}, err
	}
	if err := beforeDot(); err != nil {
		return mail.Result{}, err
	}
	s.mails.Add(1)
	s.arrived(string(raw))
	return mail.Result{}, nil
}

func benchBridge(b *testing.B, rooms int) (*Bridge, *swift) {
	b.Helper()
	st, err := store.Open(b.Context(), b.TempDir(), slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	s := &swift{seen: map[string]chan struct{}{}}
	br, err := New(core.Options{Store: st, Chats: []chat.Connector{s}, Mailboxes: []core.Mailbox{{Name: "main", Address: mail.Address{Name: "Acme", Address: "team@example.org"}, Submitter: s, PlusWorks: true, KeepsSent: true}}})
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- br.Run(ctx) }()
	b.Cleanup(func() { stop(); <-done; st.Close() }) //nolint:errcheck // the run is over
	for i := range rooms {
		if a, err := br.Do(ctx, Request{Place: chat.Place{Room: chat.RoomID(fmt.Sprint("r", i))}, Line: fmt.Sprintf("link ann@example.com title Room%d yes", i)}); err != nil || !a.OK {
			b.Fatal(a, err)
		}
	}
	return br, s
}

// measure passes b.N messages through n lanes, each waiting for its own, and
// reports the rate and the latency.
func measure(b *testing.B, n int, one func(lane, i int) <-chan struct{}) {
	var mu sync.Mutex
	var took []time.Duration
	var wg sync.WaitGroup
	b.ResetTimer()
	for lane := range n {
		wg.Go(func() {
			for i := lane; i < b.N; i += n {
				begun := time.Now()
				<-one(lane, i)
				mu.Lock()
				took = append(took, time.Since(begun))
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	slices.Sort(took)
	for name, q := range map[string]int{"p50-ms": 50, "p95-ms": 95, "p99-ms": 99} {
		b.ReportMetric(float64(took[len(took)*q/100].Microseconds())/1000, name)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msg/s")
}

func BenchmarkRoomToMail(b *testing.B) {
	for _, rooms := range []int{1, 16} {
		b.Run(fmt.Sprint(rooms, "-rooms"), func(b *testing.B) {
			br, s := benchBridge(b, rooms)
			handle := br.HandleChat("swift")
			measure(b, rooms, func(lane, i int) <-chan struct{} {
				text := fmt.Sprintf("word-%d-%d.", lane, i)
				c := s.await(text)
				e := chat.Posted{Head: chat.Head{Event: chat.EventID(text), At: time.Now(), Place: chat.Place{Room: chat.RoomID(fmt.Sprint("r", lane))}, By: chat.Author{ID: "alice", Name: "Alice"}}, Message: chat.MessageID(text), Body: chat.Body{Text: text}}
				if err := handle(context.Background(), "", e); err != nil {
					b.Error(err)
				}
				return c
			})
		})
	}
}

func BenchmarkMailToRoom(b *testing.B) {
	for _, rooms := range []int{1, 16} {
		b.Run(fmt.Sprint(rooms, "-rooms"), func(b *testing.B) {
			br, s := benchBridge(b, rooms)
			tokens := make([]string, rooms)
			for i := range rooms {
				err := br.env.Store.Read(context.Background(), func(tx *store.Tx) error {
					r, err := tx.Room("swift", fmt.Sprint("r", i), "")
					if err != nil {
						return err
					}
					th, err := tx.Thread(r.Thread)
					tokens[i] = th.Token
					return err
				})
				if err != nil {
					b.Fatal(err)
				}
			}
			box := br.inbox(br.env.BoxNamed("main"))
			measure(b, rooms, func(lane, i int) <-chan struct{} {
				text := fmt.Sprintf("word-%d-%d.", lane, i)
				c := s.await(text)
				raw := fmt.Sprintf("From: Ann <ann@example.com>\r\nTo: team+%s@example.org\r\nSubject: Re: #Send Room%d\r\nMessage-ID: <%s%d@example.com>\r\n\r\n%s\r\n", tokens[lane], lane, strings.TrimSuffix(text, "."), b.N, text)
				m, err := mail.Parse(strings.NewReader(raw), mail.DefaultLimits)
				if err != nil {
					b.Fatal(err)
				}
				in := mail.Incoming{Head: mail.Head{Mailbox: "main", Place: mail.Pushed, Header: m.Header}, Open: func(context.Context) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(raw)), nil }}
				if err := box.Handle(context.Background(), "", in); err != nil {
					b.Error(err)
				}
				return c
			})
		})
	}
}

// A conversation of a hundred or a thousand people by email, and a room in which a
// thousand people speak: from what is said until the last mail has left.
func BenchmarkManyPeople(b *testing.B) {
	for _, c := range []struct {
		people int
		mode   string
	}{{100, "open"}, {100, "hidden"}, {1000, "open"}, {1000, "hidden"}} {
		b.Run(fmt.Sprintf("%d-participants-%s", c.people, c.mode), func(b *testing.B) {
			br, s := benchBridge(b, 0)
			var people strings.Builder
			for i := range c.people {
				fmt.Fprintf(&people, "p%d@example.com ", i)
			}
			if a, err := br.Do(b.Context(), Request{Place: chat.Place{Room: "r0"}, Line: "link " + people.String() + c.mode + " title Crowd yes"}); err != nil || !a.OK {
				b.Fatal(a, err)
			}
			each := map[string]int64{"open": 1, "hidden": int64(c.people)}[c.mode]
			handle := br.HandleChat("swift")
			for i := 0; b.Loop(); i++ {
				text, want := fmt.Sprintf("word-%d.", i), s.mails.Load()+each
				e := chat.Posted{
					Head:    chat.Head{Event: chat.EventID(text), At: time.Now(), Place: chat.Place{Room: "r0"}, By: chat.Author{ID: chat.UserID(fmt.Sprint("u", i%1000)), Name: fmt.Sprint("User ", i%1000)}},
					Message: chat.MessageID(text), Body: chat.Body{Text: text},
				}
				if err := handle(context.Background(), "", e); err != nil {
					b.Fatal(err)
				}
				for s.mails.Load() < want {
					time.Sleep(100 * time.Microsecond)
				}
			}
		})
	}
}

// BenchmarkStatements counts what a plain message of a room with one reader costs the
// database, from the event until its email has left. The first message is not counted.
func BenchmarkStatements(b *testing.B) {
	br, s := benchBridge(b, 1)
	handle := br.HandleChat("swift")
	one := func(text string) {
		c := s.await(text)
		e := chat.Posted{Head: chat.Head{Event: chat.EventID(text), At: time.Now(), Place: chat.Place{Room: "r0"}, By: chat.Author{ID: "alice", Name: "Alice"}}, Message: chat.MessageID(text), Body: chat.Body{Text: text}}
		if err := handle(context.Background(), "", e); err != nil {
			b.Fatal(err)
		}
		<-c
		br.settled(b)
	}
	one("first.")
	before := br.env.Store.Statements()
	for i := range b.N {
		one(fmt.Sprintf("word-%d.", i))
	}
	b.ReportMetric(float64(br.env.Store.Statements()-before)/float64(b.N), "statements/msg")
}

// settled waits until the outbox is at rest, without asking the database.
func (b *Bridge) settled(t testing.TB) {
	t.Helper()
	for range 10_000 {
		if !b.env.LaneUnder("") {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatal("the outbox does not come to rest")
}

// TestStatements keeps what a message costs the database from growing.
func TestStatements(t *testing.T) {
	if got := testing.Benchmark(BenchmarkStatements).Extra["statements/msg"]; got == 0 || got > 20 {
		t.Errorf("a plain message takes %.1f statements, more than 20", got)
	}
}
