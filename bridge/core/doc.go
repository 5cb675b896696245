// Package core is what every step of the bridge works with: the environment, one
// transaction for an event or an email, and the rules and phrases that all parts share.
package core
