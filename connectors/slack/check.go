package slack

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"hashsend/connectors/slack/web"
)

// Check tries the tokens and describes the connection. Its errors say what is wrong
// and what to do. A missing scope is an error, and names the function that needs it.
func (c *Connector) Check(ctx context.Context) (string, error) {
	me, err := c.web.Me(ctx)
	if err != nil {
		return "", fmt.Errorf("bot_token: %w", err)
	}
	if me.Bot == "" && me.User == "" {
		return "", errors.New("bot_token: Slack doesn't say which app it belongs to")
	}
	text := "connected to the workspace " + me.TeamName
	if c.cfg.SocketMode() {
		if _, _, err := c.web.API.StartSocketModeContext(ctx); err != nil {
			var said slack.SlackErrorResponse
			if errors.As(err, &said) {
				return "", fmt.Errorf("app_token: %w (the token needs the scope connections:write, and Socket Mode must be on in the app's settings)", web.Mark(err))
			}
			return "", fmt.Errorf("app_token: %w", web.Mark(err))
		}
		text += ", using Socket Mode"
	} else {
		text += ", using the Events API (in the app's settings, set the Request URL of events, interactivity and the slash command to " + c.cfg.URL + ")"
	}
	if me.Scopes == nil {
		return text + "; the server doesn't report the app's scopes, so they couldn't be checked", nil
	}
	var lacks []string
	for _, s := range c.cfg.Scopes() {
		if !slices.Contains(me.Scopes, s.Name) {
			lacks = append(lacks, s.Name+" ("+s.Why+")")
		}
	}
	if len(lacks) > 0 {
		return "", fmt.Errorf("the app is missing scopes: %s. Run `hashsend slack manifest`, paste its output into the app's settings under “App Manifest” and install the app again, or remove these functions from the configuration", strings.Join(lacks, ", "))
	}
	return text, nil
}
