package mailnet

import (
	"net"
	"sync/atomic"
	"time"
)

// Conn is a connection whose every read and write has a time limit. Deadlines
// that a library sets are not obeyed: libraries clear them, or set none at all.
type Conn struct {
	net.Conn
	limit   atomic.Int64
	unwatch func() bool
}

// writeLimit is how long one write may take.
const writeLimit = 2 * time.Minute

// SetLimit sets how long a read may wait for the next bytes, from the next read on.
func (c *Conn) SetLimit(d time.Duration) { c.limit.Store(int64(d)) }

// Read reads within the limit.
func (c *Conn) Read(b []byte) (int, error) {
	if err := c.Conn.SetReadDeadline(time.Now().Add(time.Duration(c.limit.Load()))); err != nil {
		return 0, err
	}
	return c.Conn.Read(b)
}

// Write writes within the limit.
func (c *Conn) Write(b []byte) (int, error) {
	if err := c.Conn.SetWriteDeadline(time.Now().Add(writeLimit)); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}

// Close closes the connection; it may be called more than once.
func (c *Conn) Close() error {
	if c.unwatch != nil {
		c.unwatch()
	}
	return c.Conn.Close()
}

// SetDeadline does nothing; see Conn.
func (c *Conn) SetDeadline(time.Time) error { return nil }

// SetReadDeadline does nothing; see Conn.
func (c *Conn) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline does nothing; see Conn.
func (c *Conn) SetWriteDeadline(time.Time) error { return nil }
