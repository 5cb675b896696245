package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"hashsend/connectors/matrix"
)

func newRegistration() *cobra.Command {
	var out, name string
	var force bool
	cmd := &cobra.Command{
		Use: "registration", Short: "Write the registration file for the homeserver", Args: noArgs,
		Long: `Writes the file that registers hashsend as an application service, with the tokens
from the configuration. The homeserver's admin installs it (Synapse:
app_service_config_files, Dendrite: app_service_api.config_files).`,
		Example: "  hashsend registration --out /etc/matrix-synapse/hashsend.yaml",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := configOf(cmd)
			if err != nil {
				return err
			}
			text, err := c.registration(name)
			if err != nil {
				return err
			}
			if out == "-" {
				_, err := cmd.OutOrStdout().Write(text)
				return err
			}
			if err := writeNew(out, text, force); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "The registration file is %s. Install it on the homeserver, then restart the homeserver.\n", out)
			return nil
		},
	}
	cmd.Flags().StringVarP(&out, "out", "o", "registration.yaml", "file to write, or - for standard output")
	cmd.Flags().StringVar(&name, "network", "", "name of the homeserver, if the configuration has several")
	cmd.Flags().BoolVar(&force, "force", false, "replace an existing file")
	return cmd
}

func (c *config) registration(name string) ([]byte, error) {
	for _, n := range c.Networks {
		cfg, is := n.Into().(*matrix.Config)
		if is && ((name == "" && cfg.AppService != nil) || name == n.name) {
			return matrix.Registration(*cfg)
		}
	}
	if name == "" {
		return nil, errors.New("the configuration has no application service; a plain account needs no registration file")
	}
	return nil, fmt.Errorf("there is no network %q in the configuration", name)
}

// writeNew writes a file that only its owner can read. It replaces an existing file only if
// force is set.
func writeNew(path string, text []byte, force bool) error {
	flags := os.O_CREATE | os.O_WRONLY | os.O_EXCL
	if force {
		flags = os.O_CREATE | os.O_WRONLY | os.O_TRUNC
	}
	f, err := os.OpenFile(path, flags, 0o600)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s already exists: use --force to replace it, or --out to name another file", path)
	}
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Chmod(0o600), f.Close())
}
