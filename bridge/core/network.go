package core

import "hashsend/bridge/chat"

// Network is a chat connector and its abilities, found out once at the start. An ability that
// the connector lacks is nil.
type Network struct {
	chat.Connector // nil: the network is not in the configuration

	Announcer   chat.Announcer
	Backfiller  chat.Backfiller
	Creator     chat.Creator
	Deleter     chat.Deleter
	Describer   chat.Describer
	Pager       chat.Pager
	Troubled    chat.Troubled
	Editor      chat.Editor
	Encrypter   chat.Encrypter
	Fetcher     chat.Fetcher
	Filer       chat.Filer
	Finder      chat.Finder
	Follower    chat.Follower
	Joiner      chat.Joiner
	Limitations chat.Limitations
	Limiter     chat.Limiter
	Opener      chat.Opener
	Prompter    chat.Prompter
	Reactor     chat.Reactor
	Reporter    chat.Reporter
	Setter      chat.Setter
	Threader    chat.Threader
	Unreactor   chat.Unreactor
	Unsealer    chat.Unsealer
	Voter       chat.Voter
}

// NewNetwork finds out which abilities a connector has.
func NewNetwork(c chat.Connector) *Network {
	n := &Network{Connector: c}
	n.Announcer, _ = c.(chat.Announcer)
	n.Backfiller, _ = c.(chat.Backfiller)
	n.Creator, _ = c.(chat.Creator)
	n.Deleter, _ = c.(chat.Deleter)
	n.Describer, _ = c.(chat.Describer)
	n.Pager, _ = c.(chat.Pager)
	n.Troubled, _ = c.(chat.Troubled)
	n.Editor, _ = c.(chat.Editor)
	n.Encrypter, _ = c.(chat.Encrypter)
	n.Fetcher, _ = c.(chat.Fetcher)
	n.Filer, _ = c.(chat.Filer)
	n.Finder, _ = c.(chat.Finder)
	n.Follower, _ = c.(chat.Follower)
	n.Joiner, _ = c.(chat.Joiner)
	n.Limitations, _ = c.(chat.Limitations)
	n.Limiter, _ = c.(chat.Limiter)
	n.Opener, _ = c.(chat.Opener)
	n.Prompter, _ = c.(chat.Prompter)
	n.Reactor, _ = c.(chat.Reactor)
	n.Reporter, _ = c.(chat.Reporter)
	n.Setter, _ = c.(chat.Setter)
	n.Threader, _ = c.(chat.Threader)
	n.Unreactor, _ = c.(chat.Unreactor)
	n.Unsealer, _ = c.(chat.Unsealer)
	n.Voter, _ = c.(chat.Voter)
	return n
}

// Known reports whether the network is in the configuration.
func (n *Network) Known() bool { return n.Connector != nil }

// Limits returns the limits of the network, or the zero Limits if it has none.
func (n *Network) Limits() chat.Limits {
	if n.Limiter == nil {
		return chat.Limits{}
	}
	return n.Limiter.Limits()
}

// Network returns the chat network with a name from the configuration. It is never nil: a
// network that was removed from the configuration has no connector and no abilities.
func (e *Env) Network(name string) *Network {
	if n := e.networks[name]; n != nil {
		return n
	}
	return &Network{}
}
