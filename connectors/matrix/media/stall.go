package media

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"
)

// stall is how long a transfer may make no progress. All of it may take any time.
const stall = time.Minute

var errStalled = errors.New("the file's transfer stalled")

// watched ends a download that stalls. The time between two reads is the reader's own.
type watched struct {
	io.ReadCloser
	ctx    context.Context
	cancel context.CancelCauseFunc
}

func (w *watched) Read(p []byte) (int, error) {
	timer := time.AfterFunc(stall, func() { w.cancel(errStalled) })
	defer timer.Stop()
	n, err := w.ReadCloser.Read(p)
	if err != nil && context.Cause(w.ctx) == errStalled { //nolint:errorlint // our own, never wrapped
		err = errStalled
	}
	return n, err
}

func (w *watched) Close() error {
	defer w.cancel(nil)
	return w.ReadCloser.Close()
}

// outflow gives a file to an upload. Its timer cancels the upload when nothing is read for
// too long before the end.
type outflow struct {
	r     io.ReadCloser
	timer *time.Timer
	once  sync.Once
	err   error
}

func (o *outflow) Read(p []byte) (int, error) {
	o.timer.Reset(stall)
	n, err := o.r.Read(p)
	if err != nil {
		o.timer.Stop()
	}
	return n, err
}

func (o *outflow) Close() error {
	o.once.Do(func() {
		o.timer.Stop()
		o.err = o.r.Close()
	})
	return o.err
}
