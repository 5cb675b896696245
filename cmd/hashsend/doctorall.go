package main

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"hashsend/bridge/mail"
	"hashsend/bridge/store"
	"hashsend/cmd/hashsend/doctor"
	"hashsend/cmd/hashsend/doctor/bounces"
	"hashsend/cmd/hashsend/doctor/machine"
)

// outside is what is asked beyond what the configuration names.
type outside struct {
	rdap   string   // list of the registries' servers; empty: they are not asked
	clocks []string // web servers whose time is compared
}

// usualOutside are the ones that are asked unless others are named.
func usualOutside() outside {
	return outside{rdap: doctor.IANA, clocks: []string{"https://www.ietf.org/", "https://www.debian.org/"}}
}

// doctorAll fills in everything that the configuration names, with what stands in the
// database if nobody else has it open. No email is sent.
func (c *config) doctorAll(ctx context.Context, cfg *doctor.Config, more outside) (err error) {
	if err := c.doctorNamed(cfg, more); err != nil {
		return err
	}
	if cfg.Refusals, err = c.refusals(ctx); err != nil {
		return err
	}
	cfg.Rooms, err = c.rooms(ctx)
	return err
}

// doctorNamed fills in what the configuration itself names.
func (c *config) doctorNamed(cfg *doctor.Config, more outside) (err error) {
	if cfg.Machine, err = c.machine(more.clocks); err != nil {
		return err
	}
	cfg.Mailboxes = c.doctorMailboxes("", false)
	for _, m := range c.Mailboxes {
		if mail.IsPublicProvider(m.Address) {
			continue // its domain is not the admin's
		}
		cfg.Senders = append(cfg.Senders, doctor.Sender{Address: m.Address, RDAP: more.rdap})
		domain := strings.ToLower(m.Address[strings.LastIndexByte(m.Address, '@')+1:])
		if !slices.Contains(cfg.Domains, domain) {
			cfg.Domains = append(cfg.Domains, domain)
		}
	}
	return nil
}

// doctorText is the report for the page of the running program, whose database is s.
func (c *config) doctorText(ctx context.Context, cfg doctor.Config, more outside, s *store.Store) (string, error) {
	if err := c.doctorNamed(&cfg, more); err != nil {
		return "", err
	}
	all, err := bounces.Stored(ctx, s)
	if err != nil {
		return "", err
	}
	rooms, err := storedRooms(ctx, s)
	if err != nil {
		return "", err
	}
	cfg.Refusals, cfg.Rooms = &doctor.Refusals{All: all}, &doctor.Rooms{All: rooms}
	report, err := doctor.Run(ctx, cfg)
	if err != nil {
		return "", err
	}
	var text strings.Builder
	err = doctor.Write(&text, report, false, false)
	return text.String(), err
}

// machine says what the doctor looks at on this machine. clocks are web servers whose
// time is compared.
func (c *config) machine(clocks []string) (*machine.Config, error) {
	dir, err := c.dataDir()
	if err != nil {
		return nil, err
	}
	m := &machine.Config{Data: dir, Web: clocks}
	if !isCredential(c.path) && c.secretHere {
		m.Secrets = append(m.Secrets, c.path)
	}
	server := func(s serverConfig) {
		m.Servers = append(m.Servers, net.JoinHostPort(s.Host, fmt.Sprint(s.Port)))
	}
	for _, b := range c.Mailboxes {
		if b.IMAP != nil {
			server(b.IMAP.Server)
		}
		server(b.SMTP.Server)
	}
	slices.Sort(m.Servers)
	m.Servers = slices.Compact(m.Servers)
	return m, nil
}

func newDoctorNetwork(f *doctorFlags) *cobra.Command {
	more := usualOutside()
	cmd := &cobra.Command{
		Use: "network", Short: "Check this machine and its network", Args: noArgs,
		Long: `Compares the clock with web servers, looks at the disk and at the
modes of files, connects to each server over IPv4 and IPv6, and says what stands in
between: proxies, containers, tunnels.`,
		Example: `  hashsend doctor network`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := f.config()
			if err != nil {
				return err
			}
			c, err := configOf(cmd)
			if err != nil {
				return err
			}
			if cfg.Machine, err = c.machine(more.clocks); err != nil {
				return err
			}
			return f.run(cmd, cfg)
		},
	}
	more.clockFlag(cmd)
	return cmd
}

func (o *outside) clockFlag(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&o.clocks, "clock", o.clocks, "web server to compare the clock with (may be repeated)")
}
