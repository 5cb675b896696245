// Package linking connects rooms to conversations: links and consent, invitations, ghosts,
// and rooms that move.
package linking
