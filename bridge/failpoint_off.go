//go:build !failpoint

package bridge

// failpoint does nothing in the program that people run; see failpoint_on.go.
func failpoint(string) {}
