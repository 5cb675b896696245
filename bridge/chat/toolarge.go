package chat

import "errors"

// errTooLarge is a network's refusal of something for its size.
type errTooLarge struct{ err error }

func (e *errTooLarge) Error() string   { return e.err.Error() }
func (e *errTooLarge) Unwrap() []error { return []error{e.err, ErrTooLarge} }

// ErrTooLarge is what the error of a delivery is (errors.Is) when the network refused it
// for its size: less text, or the text as a file, may be accepted.
var ErrTooLarge = errors.New("it is too large")

// TooLarge marks err so. TooLarge(nil) is nil.
func TooLarge(err error) error {
	if err == nil {
		return nil
	}
	return &errTooLarge{err}
}
