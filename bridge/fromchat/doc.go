// Package fromchat takes in what is said and changed in rooms: messages, edits, deletions,
// what came too early, late or sealed, and what was missed.
package fromchat
