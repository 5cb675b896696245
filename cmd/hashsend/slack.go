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
		Use: "manifest", Short: "Print the manifest of the Slack app", Args: noArgs,
		Long: `Prints the manifest from which Slack makes the app for a workspace, with no
more rights than the functions in the configuration need, and why each is needed.
Without a configuration it is that of an app with all functions and Socket Mode.

Make the app at https://api.slack.com/apps?new_app=1 under "From a manifest"; for
an app that exists, paste it in its settings under "App Manifest" and install the
app again.`,
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
	cmd.Flags().StringVar(&network, "network", "", "which of several workspaces of the configuration")
	cmd.Flags().StringVar(&url, "url", "", "for the Events API instead of Socket Mode: the address that Slack sends to")
	return cmd
}

// slackSettings are those of a workspace in the configuration; where there is no
// configuration, or none for Slack, those of a new app.
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
