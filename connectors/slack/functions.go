package slack

import "hashsend/connectors/slack/web"

// Function is something that the app can do and a workspace may do without. What
// it needs is asked for only where it is switched on.
type Function struct {
	Name   string
	Adds   string // what it adds, for people
	Scopes []string
	Events []string
}

// basics is what nothing works without, with the reason of each scope.
func basics() (scopes []Scope, events []string) {
	return []Scope{
			{"app_mentions:read", "commands by @hashsend inside threads"},
			{"channels:history", "what is said in public channels, and what was said while hashsend was away"},
			{"channels:read", "names of public channels, and whether they are shared with other organisations"},
			{"chat:write", "posting answers"},
			{"chat:write.customize", "showing who wrote, by name and picture"},
			{"commands", "the slash command, menus and dialogs"},
			{"metadata.message:read", "recognising its own messages, so that none is posted twice"},
			{"users:read", "names of people, and whether they are guests"},
		}, []string{
			"app_home_opened", "app_mention", "app_uninstalled", "channel_archive", "channel_deleted", "channel_id_changed", "channel_left",
			"channel_rename", "channel_shared", "channel_unarchive", "channel_unshared", "member_joined_channel", "member_left_channel",
			"message.channels", "tokens_revoked", "user_change",
		}
}

// Functions returns all functions.
func Functions() []Function {
	return []Function{
		{web.Private, "private channels", []string{"groups:history", "groups:read"},
			[]string{"group_archive", "group_deleted", "group_left", "group_rename", "group_unarchive", "message.groups"}},
		{web.Direct, "commands in a direct message with the app, answers there, and group messages", []string{"im:history", "im:read", "im:write", "mpim:history", "mpim:read"},
			[]string{"message.im", "message.mpim"}},
		{web.Entering, "entering public channels by itself when somebody links them", []string{"channels:join"}, nil},
		{web.Reactions, "reactions, and signs at messages that did not reach somebody", []string{"reactions:read", "reactions:write"},
			[]string{"reaction_added", "reaction_removed"}},
		{web.Files, "files both ways, as attachments of mails and in the channel", []string{"files:read", "files:write"}, nil},
		{web.Emoji, "the workspace's own emoji by the right name", []string{"emoji:read"}, []string{"emoji_changed"}},
		{web.Groups, "names of user groups that are mentioned", []string{"usergroups:read"}, []string{"subteam_updated"}},
		{web.Pins, "the pinned sign that a channel is read by email", []string{"pins:read", "pins:write"}, nil},
		{web.Addresses, "mail at once for members of the workspace who read a channel by email and are mentioned there", []string{"users:read.email"}, nil},
	}
}

// Scope is a right of the app, with the reason for it.
type Scope struct{ Name, Why string }

func functionNames() (names []string) {
	for _, f := range Functions() {
		names = append(names, f.Name)
	}
	return names
}

// Scopes returns the rights that the switched-on functions need, each with what
// it adds.
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

// events returns the subscriptions that the switched-on functions need.
func (c Config) events() []string {
	_, all := basics()
	for _, f := range Functions() {
		if c.uses(f.Name) {
			all = append(all, f.Events...)
		}
	}
	return all
}
