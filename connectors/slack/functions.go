package slack

import "hashsend/connectors/slack/web"

// Function is an optional function of the app. Its scopes and events are requested only
// if it is switched on.
type Function struct {
	Name   string
	Adds   string // what it adds, in words for people
	Scopes []string
	Events []string
}

// basics returns the scopes and events that the app always needs.
func basics() (scopes []Scope, events []string) {
	scopes = []Scope{
		{"app_mentions:read", "commands with @hashsend inside threads"},
		{"channels:history", "messages in public channels, including those posted while hashsend was offline"},
		{"channels:read", "names of public channels, and whether they are shared with other organisations"},
		{"chat:write", "posting replies"},
		{"chat:write.customize", "showing each author's name and picture"},
		{"commands", "the slash command, menus and dialogs"},
		{"metadata.message:read", "recognising its own messages, so that none is posted twice"},
		{"users:read", "people's names, and whether they are guests"},
	}
	events = []string{
		"app_home_opened", "app_mention", "app_uninstalled", "channel_archive", "channel_deleted", "channel_id_changed", "channel_left",
		"channel_rename", "channel_shared", "channel_unarchive", "channel_unshared", "member_joined_channel", "member_left_channel",
		"message.channels", "tokens_revoked", "user_change",
	}
	return scopes, events
}

// Functions returns all optional functions.
func Functions() []Function {
	return []Function{
		{
			web.Private, "private channels",
			[]string{"groups:history", "groups:read"},
			[]string{"group_archive", "group_deleted", "group_left", "group_rename", "group_unarchive", "message.groups"},
		},
		{
			web.Direct, "commands and replies in direct messages with the app, and group messages",
			[]string{"im:history", "im:read", "im:write", "mpim:history", "mpim:read"},
			[]string{"message.im", "message.mpim"},
		},
		{web.Entering, "joining public channels when somebody links them", []string{"channels:join"}, nil},
		{
			web.Reactions, "reactions, and marks on messages that weren't delivered",
			[]string{"reactions:read", "reactions:write"},
			[]string{"reaction_added", "reaction_removed"},
		},
		{web.Files, "files in both directions: email attachments and files in the channel", []string{"files:read", "files:write"}, nil},
		{web.Emoji, "the workspace's custom emoji", []string{"emoji:read"}, []string{"emoji_changed"}},
		{web.Groups, "names of mentioned user groups", []string{"usergroups:read"}, []string{"subteam_updated"}},
		{web.Pins, "the pinned message that says who reads the channel by email", []string{"pins:read", "pins:write"}, nil},
		{web.Addresses, "immediate email for workspace members who read a channel by email and are mentioned there", []string{"users:read.email"}, nil},
	}
}

// Scope is a scope of the app with the reason for it.
type Scope struct{ Name, Why string }

func functionNames() (names []string) {
	for _, f := range Functions() {
		names = append(names, f.Name)
	}
	return names
}

// Scopes returns the scopes for the switched-on functions, each with its reason.
func (c Config) Scopes() []Scope {
	all, _ := basics()
	for _, f := range Functions() {
		if !c.uses(f.Name) {
			continue
		}
		for _, s := range f.Scopes {
			all = append(all, Scope{s, f.Adds})
		}
	}
	return all
}

// events returns the subscriptions for the switched-on functions.
func (c Config) events() []string {
	_, all := basics()
	for _, f := range Functions() {
		if c.uses(f.Name) {
			all = append(all, f.Events...)
		}
	}
	return all
}
