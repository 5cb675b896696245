// Package command is one use of a command, from a room, an email or the command line, and
// the commands about people, held emails and status; and what pages show.
package command
