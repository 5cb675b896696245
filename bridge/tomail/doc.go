// Package tomail makes emails of messages: how long they are held, who gets which, what
// they say, how they are submitted, and what became of them.
package tomail
