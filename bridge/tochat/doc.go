// Package tochat posts in rooms: messages in parts, notices, files, signs and states. Each
// is a delivery of the outbox.
package tochat
