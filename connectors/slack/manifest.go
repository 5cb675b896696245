package slack

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"hashsend/connectors/slack/dialogs"
	"hashsend/connectors/slack/web"
)

// maxHint is the maximum length of a slash command's usage hint.
const maxHint = 1000

// Manifest writes the manifest of the app for these settings, with the scopes of the
// switched-on functions and no others, each with its reason. hint is the usage hint of
// the slash command.
func Manifest(c Config, hint string) ([]byte, error) {
	c = c.withDefaults()
	if r := []rune(hint); len(r) > maxHint {
		hint = string(r[:maxHint])
	}
	var b bytes.Buffer
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	socket := c.SocketMode()
	line("# The manifest of the Slack app. Create the app at https://api.slack.com/apps?new_app=1, \"From a manifest\".")
	line("_metadata:\n  major_version: 1\n  minor_version: 1")
	line("display_information:\n  name: hashsend\n  description: Connects channels to email conversations.")
	line("  long_description: %s", quoted("hashsend connects a Slack channel, or a thread in one, to an email conversation. Messages posted there are sent as short emails from a mailbox that your admin has connected, and replies show up in the channel. Type "+c.Command+" help in a channel, or open the app's Home, to start a conversation, invite people by email, and see what wasn't delivered."))
	line("  background_color: \"#1f3a5f\"")
	line("features:\n  app_home:\n    home_tab_enabled: true\n    messages_tab_enabled: %t\n    messages_tab_read_only_enabled: false", c.uses(web.Direct))
	line("  bot_user:\n    display_name: hashsend\n    always_online: true")
	line("  shortcuts:")
	for _, s := range [][4]string{
		{"Reply by email", "message", dialogs.ShortcutMail, "Send this message by email"},
		{"Email details", "message", dialogs.ShortcutDetails, "See what happened to this message"},
		{"New email conversation", "global", dialogs.ShortcutNew, "Start an email conversation in a channel"},
	} {
		line("    - name: %s\n      type: %s\n      callback_id: %s\n      description: %s", s[0], s[1], s[2], s[3])
	}
	line("  slash_commands:\n    - command: %s\n      description: Connect this channel to email\n      usage_hint: %s\n      should_escape: true", c.Command, quoted(hint))
	if !socket {
		line("      url: %s", quoted(c.URL))
	}
	line("oauth_config:\n  scopes:\n    bot:")
	for _, s := range c.Scopes() {
		line("      - %s # %s", s.Name, s.Why)
	}
	line("settings:\n  event_subscriptions:")
	if !socket {
		line("    request_url: %s", quoted(c.URL))
	}
	line("    bot_events:")
	for _, e := range c.events() {
		line("      - %s", e)
	}
	line("  interactivity:\n    is_enabled: true")
	if !socket {
		line("    request_url: %s", quoted(c.URL))
	}
	line("  org_deploy_enabled: false\n  socket_mode_enabled: %t\n  token_rotation_enabled: false", socket)
	return b.Bytes(), nil
}

// quoted quotes a text for YAML (and JSON).
func quoted(s string) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return `""`
	}
	return strings.TrimSpace(b.String())
}
