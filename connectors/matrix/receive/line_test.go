package receive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hashsend/bridge/chat"
	"hashsend/connectors/matrix/matrixtest"
)

// TestConnections has a homeserver push over connections that it keeps, ends, and loses.
func TestConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := service()
		r.pushes.start(time.Now())
		var got []string
		srv := r.httpServer(t.Context(), r.handler(func(_ context.Context, _ string, events ...chat.Event) error {
			for _, e := range events {
				got = append(got, strings.TrimPrefix(fmt.Sprintf("%T", e), "chat."))
			}
			return nil
		}))
		l := &pipes{next: make(chan net.Conn), closed: make(chan struct{})}
		var running sync.WaitGroup
		running.Go(func() { srv.Serve(l) }) //nolint:errcheck // it ends with Close
		defer running.Wait()
		defer srv.Close() //nolint:errcheck // the test is over

		client := func(keep bool) *http.Client {
			return &http.Client{Transport: &http.Transport{DisableKeepAlives: !keep, DialContext: func(context.Context, string, string) (net.Conn, error) {
				ours, theirs := net.Pipe()
				l.next <- theirs
				return ours, nil
			}}}
		}
		txn := 0
		push := func(c *http.Client, want string) {
			t.Helper()
			txn++
			got = nil
			body := `{"events":[` + said(fmt.Sprint(txn)) + `]}`
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, fmt.Sprint("http://hashsend/_matrix/app/v1/transactions/", txn), strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer "+hsToken)
			resp, err := c.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			io.Copy(io.Discard, resp.Body) //nolint:errcheck // only the status counts
			resp.Body.Close()              //nolint:errcheck // the same
			synctest.Wait()
			if all := strings.Join(got, " "); resp.StatusCode != 200 || all != want {
				t.Errorf("push %d: %d, handed over %q, want %q", txn, resp.StatusCode, all, want)
			}
		}
		ended := func(c *http.Client, after time.Duration, want bool) {
			t.Helper()
			time.Sleep(after)
			c.CloseIdleConnections()
			synctest.Wait()
			got := false
			select {
			case <-r.broken:
				got = true
			default:
			}
			if got != want {
				t.Errorf("a connection that ends %s after a push counts as broken off: %v", after, got)
			}
		}
		kept, single := client(true), client(false)
		push(kept, "Gap Posted")
		time.Sleep(2 * unsettled)
		r.pushes.settled(time.Now())
		push(kept, "Posted")
		ended(kept, 2*keptAlive, false)
		push(kept, "Gap Posted") // a new connection
		push(kept, "Posted")
		ended(kept, time.Second, true)
		push(kept, "Gap Posted")
		time.Sleep(2 * unsettled)
		ended(kept, 0, false)
		push(single, "Posted") // as Dendrite does, and proxies
		ended(single, 0, false)
		push(single, "Posted")
	})
}

// TestBrokenOff has all rooms read if the homeserver does not answer after a connection was
// broken off, and not if it does: then a proxy has ended it.
func TestBrokenOff(t *testing.T) {
	for _, away := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			o := matrixtest.Service("http://matrix.example.org")
			o.Transport = answering(func() (string, error) {
				if away {
					return "", errors.New("connection refused")
				}
				return `{"versions":["v1.11"]}`, nil
			})
			r := receiver(o)
			r.pushes.start(time.Now())
			time.Sleep(2 * unsettled)
			r.pushes.settled(time.Now())
			ctx, cancel := context.WithCancel(t.Context())
			var running sync.WaitGroup
			running.Go(func() { r.watchLines(ctx) })
			r.broken <- struct{}{}
			time.Sleep(probeAfter + quiet)
			synctest.Wait()
			if got := r.pushes.settled(time.Now().Add(quiet)); got != away {
				t.Errorf("the homeserver is away: %v; all rooms are read: %v", away, got)
			}
			cancel()
			running.Wait()
		})
	}
}

// answering answers every request.
type answering func() (string, error)

func (a answering) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := a()
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

// pipes is a listener for connections in memory.
type pipes struct {
	next   chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.next:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error { p.once.Do(func() { close(p.closed) }); return nil }

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }
