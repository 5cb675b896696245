// Package linking connects rooms and conversations: links and their consent, invitations,
// ghosts, and rooms that move.
package linking
