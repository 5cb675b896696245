package core

import (
	"slices"
	"strings"

	"hashsend/bridge/chat"
	"hashsend/bridge/mail"
	"hashsend/bridge/store"
)

// DefaultAccess lets everybody in a linked room speak and nobody command.
func DefaultAccess() Access {
	return Access{Allow: map[string]Level{"*": Speak}}
}

// Level returns what a person may do, in a room where the network gives this rank.
func (a Access) Level(who chat.Author, rank chat.Rank) Level {
	level, named := a.Allow[string(who.ID)]
	if !named {
		if level, named = a.Allow[who.Server]; !named {
			level = a.Allow["*"]
		}
	}
	if level < Speak {
		return Nothing
	}
	if who.Guest {
		return Speak
	}
	if rank >= chat.Moderator {
		level = max(level, a.Moderators)
	}
	if rank >= chat.Admin {
		level = max(level, a.Admins)
	}
	return level
}

// MayOpen reports whether an address may open a conversation by mail.
func (a Access) MayOpen(address string) bool {
	return listed(a.Mail, address)
}

// listed reports whether an address or its domain stands in a list.
func listed(list []string, address string) bool {
	_, domain, _ := strings.Cut(address, "@")
	return slices.ContainsFunc(list, func(m string) bool {
		return mail.SameAddress(m, address) || strings.EqualFold(strings.TrimPrefix(m, "@"), domain)
	})
}

// SameDomain in Access.Newcomers is everybody of a domain that somebody who takes
// part has, unless it is one that anybody can have an address of.
const SameDomain = "same-domain"

// LetsIn reports whether somebody whom a mail brings along takes part without a
// question in a conversation of these people.
func (a Access) LetsIn(address string, people []store.Participant) bool {
	if listed(a.Newcomers, address) {
		return true
	}
	return slices.Contains(a.Newcomers, SameDomain) && !mail.IsPublicProvider(address) && DomainTakesPart(address, people)
}

// DomainTakesPart reports whether somebody of the domain of an address takes part.
func DomainTakesPart(address string, people []store.Participant) bool {
	_, domain, _ := strings.Cut(address, "@")
	return slices.ContainsFunc(people, func(p store.Participant) bool {
		_, d, _ := strings.Cut(p.Address, "@")
		return p.Takes() && strings.EqualFold(d, domain)
	})
}
