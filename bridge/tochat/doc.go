// Package tochat posts to rooms: messages in parts, files, notices, signs and states. Each is a
// delivery of the outbox.
package tochat
