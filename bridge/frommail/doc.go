// Package frommail takes in emails: reads one, finds the conversation it belongs to,
// decides what it may do, and makes messages of it or holds it for review.
package frommail
