package main

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"hashsend/cmd/hashsend/doctor"
)

func newDoctorReputation(f *doctorFlags) *cobra.Command {
	var ips []string
	var x doctor.Reputation
	var data, status, dataLink, statusLink, history, google string
	cmd := &cobra.Command{
		Use: "reputation", Short: "Check what others think of the sending machine", Args: noArgs,
		Long: `Asks DNS block lists about addresses, and reads what Microsoft's SNDS says about them:
from its data and status files, or from the links that SNDS gives out under automated
data access. A link is a secret, so it is named by the file that holds it; it expires
after 30 days, and a warning comes before. What SNDS says is kept by day in the data
folder, and a warning tells when it worsens.

With --postmaster it reads what Gmail thinks of a domain from Google Postmaster Tools,
with the credentials that gcloud auth application-default login --scopes=` + doctor.PostmasterScope + `
writes; an API key does not suffice.

No block list is asked unless you name it. Several refuse questions that come through
public resolvers; name a resolver of your own with --resolver.`,
		Example: `  hashsend doctor reputation --ip 192.0.2.25 --list zen.spamhaus.org
  hashsend doctor reputation --snds-link /etc/hashsend/snds-link
  hashsend doctor reputation --snds data.csv --snds-status status.csv
  hashsend doctor reputation --postmaster example.org --google-credentials google.json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := f.config()
			if err != nil {
				return err
			}
			for _, w := range ips {
				ip, err := netip.ParseAddr(w)
				if err != nil {
					return usage("--ip %s is not an IP address", w)
				}
				x.IPs = append(x.IPs, ip)
			}
			if (len(x.IPs) == 0) != (len(x.Lists) == 0) {
				return usage("--ip and --list go together")
			}
			if data+status+dataLink+statusLink != "" {
				if x.SNDS, err = sndsOf(cmd, data, status, dataLink, statusLink, history); err != nil {
					return err
				}
			}
			if (len(x.Domains) == 0) != (google == "") {
				return usage("--postmaster and --google-credentials go together")
			}
			if google != "" {
				if err := x.ReadGoogle(google); err != nil {
					return err
				}
			}
			if x.SNDS == nil && len(x.Lists)+len(x.Domains) == 0 {
				return usage("name block lists with --ip and --list, data of SNDS with --snds or --snds-link, or a domain with --postmaster")
			}
			cfg.Reputation = &x
			return f.run(cmd, cfg)
		},
	}
	cmd.Flags().StringArrayVar(&ips, "ip", nil, "address that sends (may be repeated)")
	cmd.Flags().StringArrayVar(&x.Lists, "list", nil, "DNS block list, such as zen.spamhaus.org (may be repeated)")
	cmd.Flags().StringVar(&data, "snds", "", "data file of SNDS")
	cmd.Flags().StringVar(&status, "snds-status", "", "status file of SNDS")
	cmd.Flags().StringVar(&dataLink, "snds-link", "", "file that holds the link to the data of SNDS")
	cmd.Flags().StringVar(&statusLink, "snds-status-link", "", "file that holds the link to the status of SNDS")
	cmd.Flags().StringArrayVar(&x.Domains, "postmaster", nil, "domain to ask about at Google Postmaster Tools (may be repeated)")
	cmd.Flags().StringVar(&google, "google-credentials", "", "file of credentials for Google")
	cmd.Flags().StringVar(&history, "history", "", "file that keeps what SNDS said (default snds.json in the data folder, if there is a configuration)")
	return cmd
}

// sndsOf reads the files that the flags name.
func sndsOf(cmd *cobra.Command, data, status, dataLink, statusLink, history string) (*doctor.SNDS, error) {
	x := &doctor.SNDS{History: history}
	for _, from := range []struct {
		name string
		into *[]byte
	}{{data, &x.Data}, {status, &x.Status}} {
		if from.name == "" {
			continue
		}
		raw, err := os.ReadFile(from.name)
		if err != nil {
			return nil, err
		}
		*from.into = append([]byte{}, raw...) // an empty file is not a missing one
	}
	for _, from := range []struct {
		name string
		into *string
	}{{dataLink, &x.DataLink}, {statusLink, &x.StatusLink}} {
		if from.name == "" {
			continue
		}
		raw, err := os.ReadFile(from.name)
		if err != nil {
			return nil, err
		}
		if *from.into = strings.TrimSpace(string(raw)); *from.into == "" {
			return nil, fmt.Errorf("%s holds no link", from.name)
		}
	}
	if history == "" {
		if c, err := configOf(cmd); err == nil { // without a configuration nothing is kept
			dir, err := c.dataDir()
			if err != nil {
				return nil, err
			}
			if _, err := os.Stat(dir); err == nil {
				x.History = filepath.Join(dir, "snds.json")
			}
		}
	}
	return x, nil
}
