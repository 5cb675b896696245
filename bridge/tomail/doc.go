// Package tomail turns messages into emails: how long they are held, who receives which, how
// they are composed and submitted, and what became of them.
package tomail
