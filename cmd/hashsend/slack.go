package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"hashsend/bridge"
	"hashsend/connectors/slack"
)

func newSlack() *cobra.Command {
	cmd := &cobra.Command{
		Use: "slack", Short: "Set up a Slack app", Args: noArgs, Example: "  hashsend slack manifest",
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newSlackManifest())
	return cmd
}

func newSlackManifest() *cobra.Command {
	var network, url string
	cmd := &cobra.Command{
		Use: "manifest", Short: "Print the manifest for the Slack app", Args: noArgs,
		Long: `Prints the manifest that Slack creates the app from. It requests only the scopes that
the functions in the configuration need, and says what each is for. Without a
configuration, the manifest has all functions and uses Socket Mode.

To create the app, open https://api.slack.com/apps?new_app=1 and choose "From a
manifest". To update an existing app, paste the manifest under "App Manifest" in its
settings, then reinstall the app.`,
		Example: `  hashsend slack manifest > manifest.yaml
  hashsend slack manifest --url https://hashsend.example.org/slack`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := slackSettings(cmd, network)
			if err != nil {
				return err
			}
			if url != "" {
				cfg.URL, cfg.AppToken = url, ""
				if cfg.SigningSecret == "" {
					cfg.SigningSecret = "given by Slack when the app is made"
				}
			}
			text, err := slack.Manifest(cfg, bridge.Hint())
			if err != nil {
				return err
			}
			_, err = cmd.OutOrStdout().Write(text)
			return err
		},
	}
	cmd.Flags().StringVar(&network, "network", "", "name of the workspace, if the configuration has several")
	cmd.Flags().StringVar(&url, "url", "", "URL that Slack sends events to; uses the Events API instead of Socket Mode")
	return cmd
}

// slackSettings returns the settings of a workspace in the configuration. If the configuration
// or the workspace is missing, it returns those of a new app.
func slackSettings(cmd *cobra.Command, network string) (slack.Config, error) {
	path, err := cmd.Flags().GetString("config")
	if err != nil {
		return slack.Config{}, err
	}
	found, err := configPath(path)
	if err != nil && network == "" {
		return slack.Config{}, nil
	}
	if err != nil {
		return slack.Config{}, err
	}
	c, err := loadConfig(found)
	if err != nil {
		return slack.Config{}, err
	}
	for _, n := range c.Networks {
		if cfg, is := n.Into().(*slack.Config); is && (network == "" || network == n.name) {
			return *cfg, nil
		}
	}
	if network != "" {
		return slack.Config{}, fmt.Errorf("there is no workspace %q in the configuration", network)
	}
	return slack.Config{}, nil
}
