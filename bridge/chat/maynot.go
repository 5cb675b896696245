package chat

import "errors"

// errMayNot is a network's refusal to let us speak in a room.
type errMayNot struct{ err error }

func (e *errMayNot) Error() string   { return e.err.Error() }
func (e *errMayNot) Unwrap() []error { return []error{e.err, ErrMayNot} }

// ErrMayNot is what the error of a delivery is (errors.Is) when the network does not
// let us do it in that room, and a person there can change it.
var ErrMayNot = errors.New("we may not do that there")

// MayNot marks err so. MayNot(nil) is nil.
func MayNot(err error) error {
	if err == nil {
		return nil
	}
	return &errMayNot{err}
}
