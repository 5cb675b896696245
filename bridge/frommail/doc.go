// Package frommail receives email: it reads an email, finds its conversation, decides what
// it may do, and posts it as messages or holds it for review.
package frommail
