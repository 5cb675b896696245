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

// Check tries the tokens and says what works. An error names what is wrong and
// what to do; a missing right is one, with the function that it costs.
func (c *Connector) Check(ctx context.Context) (string, error) {
	me, err := c.web.Me(ctx)
	if err != nil {
		return "", fmt.Errorf("bot_token: %w", err)
	}
	if me.Bot == "" && me.User == "" {
		return "", errors.New("bot_token: Slack does not say whose it is")
	}
	text := "connected to the workspace " + me.TeamName
	if c.cfg.SocketMode() {
		if _, _, err := c.web.API.StartSocketModeContext(ctx); err != nil {
			var said slack.SlackErrorResponse
			if errors.As(err, &said) {
				return "", fmt.Errorf("app_token: %w (the token has to have the scope connections:write, and Socket Mode has to be on in the settings of the app)", web.Mark(err))
			}
			return "", fmt.Errorf("app_token: %w", web.Mark(err))
		}
		text += ", by Socket Mode"
	} else {
		text += ", by the Events API: the settings of the app name " + c.cfg.URL + " as Request URL of events, of interactivity and of the command"
	}
	if me.Scopes == nil {
		return text + "; the server does not tell what the app may do, so that could not be checked", nil
	}
	var lacks []string
	for _, s := range c.cfg.Scopes() {
		if !slices.Contains(me.Scopes, s.Name) {
			lacks = append(lacks, s.Name+" ("+s.Why+")")
		}
	}
	if len(lacks) > 0 {
		return "", fmt.Errorf("the app lacks rights: %s. hashsend slack manifest prints what it needs: paste that in its settings under “App Manifest” and install it again, or leave the functions out in the configuration", strings.Join(lacks, ", "))
	}
	return text, nil
}
