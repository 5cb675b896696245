// Package fromchat handles messages and changes from rooms: messages, edits, deletions, early,
// late or encrypted events, and missed history.
package fromchat
