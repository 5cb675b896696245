package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync/atomic"
)

// Tx is one transaction. It is valid until the function that got it returns.
type Tx struct {
	ctx context.Context
	st  *statements

	mem     *memory
	since   uint64   // commits that mem had applied at the start
	own     changes  // of this transaction
	group   *changes // of earlier writes in the same commit; nil: read only
	precise bool     // the caller records its changes in own
}

type job struct {
	ctx  context.Context
	fn   func(*Tx) error
	err  error
	done chan error
}

// groupLimit is how many waiting writes share a commit, so that the first does not wait too
// long.
const groupLimit = 256

// ErrClosed is returned by Write after Close.
var ErrClosed = errors.New("the database is closed")

// Write runs fn in a transaction and returns nil only if its changes are on disk. Concurrent
// writes share a commit; each may fail alone. fn must not call Write or wait for something that
// does.
func (s *Store) Write(ctx context.Context, fn func(*Tx) error) error {
	j := &job{ctx: ctx, fn: fn, done: make(chan error, 1)}
	select {
	case s.jobs <- j:
	case <-ctx.Done():
		return ctx.Err()
	case <-s.stop:
		return ErrClosed
	}
	return <-j.done
}

// Read runs fn on a snapshot of committed data. fn must not change anything.
func (s *Store) Read(ctx context.Context, fn func(*Tx) error) (err error) {
	var r *readConn
	select {
	case r = <-s.readers:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { s.readers <- r }()
	whole := context.WithoutCancel(ctx) // never leave a connection in a transaction
	since := s.mem.now()
	if _, err := r.conn.ExecContext(whole, "BEGIN"); err != nil {
		return fmt.Errorf("read database: %w", err)
	}
	defer func() {
		if _, end := r.conn.ExecContext(whole, "ROLLBACK"); end != nil {
			err = errors.Join(err, fmt.Errorf("read database: %w", end))
		}
	}()
	return call(fn, &Tx{ctx: whole, st: r.st, mem: s.mem, since: since})
}

// readConn is a read connection with its own statements, so that a transaction never waits for
// a second connection.
type readConn struct {
	conn *sql.Conn
	st   *statements
}

func (s *Store) writeLoop(conn *sql.Conn) {
	defer close(s.stopped)
	st := newStatements(conn, &s.run)
	defer conn.Close() //nolint:errcheck // the pool is closed right after
	defer st.close()
	for {
		var group []*job
		select {
		case j := <-s.jobs:
			group = append(group, j)
		case <-s.stop:
			return
		}
		for more := true; more && len(group) < groupLimit; {
			select {
			case j := <-s.jobs:
				group = append(group, j)
			default:
				more = false
			}
		}
		err := runGroup(conn, st, s.mem, group)
		for _, j := range group {
			j.done <- errors.Join(j.err, err)
		}
	}
}

// runGroup commits the writes of a group. An error applies to the whole group.
func runGroup(conn *sql.Conn, st *statements, mem *memory, group []*job) error {
	ctx := context.Background() // a cancelled caller must not end the others' transaction
	changed := &changes{}
	if _, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return fmt.Errorf("write database: %w", err)
	}
	for _, j := range group {
		if err := runJob(ctx, conn, st, mem, changed, j); err != nil {
			_, rollback := conn.ExecContext(ctx, "ROLLBACK")
			return errors.Join(fmt.Errorf("write database: %w", err), rollback)
		}
	}
	if _, err := conn.ExecContext(ctx, "COMMIT"); err != nil {
		_, rollback := conn.ExecContext(ctx, "ROLLBACK")
		return errors.Join(fmt.Errorf("write database: %w", err), rollback)
	}
	mem.apply(changed)
	return nil
}

// runJob runs one write in a savepoint. Its own error is kept in the job.
func runJob(ctx context.Context, conn *sql.Conn, st *statements, mem *memory, changed *changes, j *job) error {
	if j.err = j.ctx.Err(); j.err != nil {
		return nil
	}
	if _, err := conn.ExecContext(ctx, "SAVEPOINT one"); err != nil {
		return err
	}
	tx := &Tx{ctx: ctx, st: st, mem: mem, since: mem.now(), group: changed}
	if j.err = call(j.fn, tx); j.err != nil {
		if _, err := conn.ExecContext(ctx, "ROLLBACK TO one"); err != nil {
			return err
		}
	} else {
		changed.merge(&tx.own)
	}
	_, err := conn.ExecContext(ctx, "RELEASE one")
	return err
}

// call turns a panic of one writer into an error, because all share one loop.
func call(fn func(*Tx) error, tx *Tx) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic in a transaction: %v", p)
		}
	}()
	return fn(tx)
}

// statements prepares each query of one connection once. It is used by one goroutine at a time.
type statements struct {
	conn *sql.Conn
	made map[string]statement
	run  *atomic.Int64 // statements run on all connections
}

func newStatements(conn *sql.Conn, run *atomic.Int64) *statements {
	return &statements{conn: conn, made: map[string]statement{}, run: run}
}

// statement is a prepared query.
type statement struct {
	*sql.Stmt
	conversation bool // changes cached conversations
}

func (s *statements) get(ctx context.Context, query string) (statement, error) {
	s.run.Add(1)
	if st, known := s.made[query]; known {
		return st, nil
	}
	prepared, err := s.conn.PrepareContext(context.WithoutCancel(ctx), query)
	if err != nil {
		return statement{}, err
	}
	st := statement{prepared, writesConversation.MatchString(query)}
	s.made[query] = st
	return st, nil
}

// get returns a prepared statement. One that changes cached conversations drops them all unless
// the caller records its changes.
func (t *Tx) get(query string) (statement, error) {
	st, err := t.st.get(t.ctx, query)
	if err == nil && st.conversation && !t.precise {
		t.own.all, t.own.threads = true, nil
	}
	return st, err
}

func (s *statements) close() {
	for _, st := range s.made {
		st.Close() //nolint:errcheck // closed with its connection anyway
	}
}

// exec runs a statement.
func (t *Tx) exec(query string, args ...any) error {
	st, err := t.get(query)
	if err == nil {
		_, err = st.ExecContext(t.ctx, args...)
	}
	return wrap(err)
}

// insert runs an INSERT … RETURNING id.
func (t *Tx) insert(query string, args ...any) (int64, error) {
	var id int64
	err := t.row(query, args, &id)
	return id, err
}

// changed runs a statement and reports whether it touched a row.
func (t *Tx) changed(query string, args ...any) (bool, error) {
	st, err := t.get(query)
	if err != nil {
		return false, wrap(err)
	}
	r, err := st.ExecContext(t.ctx, args...)
	if err != nil {
		return false, wrap(err)
	}
	n, err := r.RowsAffected()
	return n > 0, wrap(err)
}

// row scans the only row of a query; ErrNone if there is none.
func (t *Tx) row(query string, args []any, into ...any) error {
	st, err := t.get(query)
	if err != nil {
		return wrap(err)
	}
	return wrap(st.QueryRowContext(t.ctx, args...).Scan(into...))
}

// rows calls each for every row of a query.
func (t *Tx) rows(query string, args []any, each func(scan func(...any) error) error) error {
	st, err := t.get(query)
	if err != nil {
		return wrap(err)
	}
	rs, err := st.QueryContext(t.ctx, args...)
	if err != nil {
		return wrap(err)
	}
	defer rs.Close() //nolint:errcheck // Err is looked at
	for rs.Next() {
		if err := each(rs.Scan); err != nil {
			return wrap(err)
		}
	}
	return wrap(rs.Err())
}

// ErrNone reports that a record does not exist.
var ErrNone = errors.New("no such record")

func wrap(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows):
		return ErrNone
	}
	return fmt.Errorf("database: %w", err)
}
