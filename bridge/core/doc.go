// Package core holds what all parts of the bridge share: the environment, the transaction of
// one event or email, access rules and phrases.
package core
