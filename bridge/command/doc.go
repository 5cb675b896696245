// Package command runs a command from a room, an email or the command line. It holds the
// commands about people, emails held for review and status, and the views of pages.
package command
