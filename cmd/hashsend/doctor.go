package main

import (
	"fmt"
	"io"
	"net/netip"
	"os"
	"sync"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"hashsend/cmd/hashsend/doctor"
)

// doctorFlags are those that all parts of the doctor share.
type doctorFlags struct {
	json, verbose    bool
	resolvers, roots []string
	controls         []string
	from             string
	port             uint16
}

func newDoctor() *cobra.Command {
	var f doctorFlags
	more := usualOutside()
	cmd := &cobra.Command{
		Use: "doctor", Short: "Find out why email does not arrive", Args: noArgs,
		Long: `Looks at what outside of hashsend decides whether email arrives, and says what is
wrong, whose it is, and what to do. It changes nothing, and sends no email but those of
doctor mail. Without a subcommand it looks at everything that the configuration names.

Each finding is ok, a note, a warning, an error, or unknown (it could not be
checked). The exit code is 0 without warnings and errors, 1 with them, and 2 for a
usage error.`,
		Example: `  hashsend doctor                            everything that the configuration names
  hashsend doctor mail                       the mailboxes, with an email to themselves
  hashsend doctor dns example.org            a domain's name servers, asked in every way
  hashsend doctor sender team@example.org    an address, as receivers of its email see it
  hashsend doctor recipient ann@example.com  whether somebody can get email`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := f.config()
			if err != nil {
				return err
			}
			c, err := configOf(cmd)
			if err != nil {
				return err
			}
			if err := c.doctorAll(cmd.Context(), &cfg, more); err != nil {
				return err
			}
			return f.run(cmd, cfg)
		},
	}
	flags := cmd.PersistentFlags()
	flags.BoolVar(&f.json, "json", false, "print the report as one JSON object")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "show the evidence of each finding")
	flags.StringArrayVar(&f.resolvers, "resolver", nil, "resolver to use instead of this machine's, such as 192.0.2.53 (may be repeated)")
	flags.StringVar(&f.from, "from", "", "own IP address to ask from")
	cmd.Flags().StringVar(&more.rdap, "rdap", more.rdap, "list of the registries' servers; empty: they are not asked")
	more.clockFlag(cmd)
	f.zoneFlags(cmd)
	cmd.AddCommand(newDoctorMail(&f), newDoctorDNS(&f), newDoctorSender(&f), newDoctorRecipient(&f), newDoctorBounces(&f),
		newDoctorReputation(&f), newDoctorThreads(&f), newDoctorNetwork(&f))
	return cmd
}

// zoneFlags are those about name servers.
func (f *doctorFlags) zoneFlags(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&f.controls, "control", nil, "domain to compare with (may be repeated; default three well-known ones)")
	cmd.Flags().StringArrayVar(&f.roots, "root", nil, "address of a root server to follow the delegation from (may be repeated)")
	cmd.Flags().Uint16Var(&f.port, "port", 53, "port of the name servers")
}

func newDoctorDNS(f *doctorFlags) *cobra.Command {
	cmd := &cobra.Command{
		Use: "dns DOMAIN", Short: "Check a domain's name servers",
		Long: `Asks the resolver of this machine, the servers of the zone above, and each name
server of the domain: over UDP and TCP, IPv4 and IPv6, with and without EDNS, and
from several source ports, because firewalls that drop low ports make a domain fail
for some resolvers only. Three other domains are asked in the same way, to tell your
firewall from theirs.

Source ports below 1024 need a right that ordinary users lack; without it they are
left out. To give it: sudo setcap cap_net_bind_service=+ep $(command -v hashsend)`,
		Example: `  hashsend doctor dns example.org
  hashsend doctor dns example.org -v --resolver 192.0.2.53`,
		Args: oneArg("a domain, such as example.org"),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := f.config()
			if err != nil {
				return err
			}
			if err := doctor.ValidDomain(args[0]); err != nil {
				return usage("%w", err)
			}
			cfg.Domains = args
			return f.run(cmd, cfg)
		},
	}
	f.zoneFlags(cmd)
	return cmd
}

func newDoctorSender(f *doctorFlags) *cobra.Command {
	var x doctor.Sender
	var ip, file string
	cmd := &cobra.Command{
		Use: "sender ADDRESS", Short: "Check an address as receivers of its email do",
		Long: `Looks at the domain of an address as receivers of its email do: MX, SPF, DKIM, DMARC
(by RFC 7489 and by RFC 9989), MTA-STS, DANE, reports, the name of the sending machine,
and the age of the domain; then compares that with what large providers want.

Which machine sends and which key signs stands in an email that has arrived. Save one
that you have sent to another provider, with all its headers, and name it with --mail.`,
		Example: `  hashsend doctor sender team@example.org
  hashsend doctor sender team@example.org --mail arrived.eml
  hashsend doctor sender team@example.org --ip 192.0.2.25 --selector s1`,
		Args: oneArg("an email address, such as team@example.org"),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := f.config()
			if err != nil {
				return err
			}
			x.Address = args[0]
			if ip != "" {
				if x.IP, err = netip.ParseAddr(ip); err != nil {
					return usage("--ip %s is not an IP address", ip)
				}
			}
			if file != "" {
				if x.Copy, err = os.ReadFile(file); err != nil {
					return err
				}
			}
			if err := doctor.ValidAddress(x.Address); err != nil {
				return usage("%w", err)
			}
			cfg.Senders = []doctor.Sender{x}
			return f.run(cmd, cfg)
		},
	}
	cmd.Flags().StringVar(&ip, "ip", "", "address of the machine that sends")
	cmd.Flags().StringVar(&x.Helo, "helo", "", "name that the machine gives")
	cmd.Flags().StringArrayVar(&x.Selectors, "selector", nil, "selector of the DKIM key (may be repeated)")
	cmd.Flags().StringVar(&file, "mail", "", "file with an email that has arrived")
	cmd.Flags().StringVar(&x.RDAP, "rdap", doctor.IANA, "list of the registries' servers; empty: they are not asked")
	return cmd
}

// oneArg wants exactly one argument, and says what it is.
func oneArg(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) == 0:
			return usage("%s needs %s", cmd.CommandPath(), what)
		case len(args) > 1:
			return usage("%s takes one argument, and got %q as well", cmd.CommandPath(), args[1])
		}
		return nil
	}
}

// config reads the flags.
func (f *doctorFlags) config() (cfg doctor.Config, err error) {
	cfg.DNS.Controls, cfg.DNS.Port = f.controls, f.port
	if cfg.DNS.Resolvers, err = servers("resolver", f.resolvers); err != nil {
		return cfg, err
	}
	if cfg.DNS.Roots, err = servers("root", f.roots); err != nil {
		return cfg, err
	}
	if f.from != "" {
		if cfg.DNS.From, err = netip.ParseAddr(f.from); err != nil {
			return cfg, usage("--from %s is not an IP address", f.from)
		}
	}
	return cfg, nil
}

// servers reads addresses with or without a port.
func servers(flag string, words []string) (all []netip.AddrPort, err error) {
	for _, w := range words {
		if a, err := netip.ParseAddr(w); err == nil {
			all = append(all, netip.AddrPortFrom(a, 53))
			continue
		}
		a, err := netip.ParseAddrPort(w)
		if err != nil {
			return nil, usage("--%s %s is not an IP address", flag, w)
		}
		all = append(all, a)
	}
	return all, nil
}

// run makes the report and prints it.
func (f *doctorFlags) run(cmd *cobra.Command, cfg doctor.Config) error {
	line := progressLine{w: cmd.ErrOrStderr()}
	cfg.Progress = line.say
	report, err := doctor.Run(cmd.Context(), cfg)
	line.clear()
	if err != nil {
		return err
	}
	if err := doctor.Write(cmd.OutOrStdout(), report, f.json, f.verbose); err != nil {
		return err
	}
	if report.Bad() {
		return &quietError{}
	}
	return nil
}

// progressLine shows what is done now, where somebody looks at a terminal.
type progressLine struct {
	w     io.Writer
	mu    sync.Mutex
	shown bool
}

func (p *progressLine) say(what string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if f, ok := p.w.(*os.File); !ok || !term.IsTerminal(int(f.Fd())) { //nolint:gosec // file descriptors are small
		return
	}
	fmt.Fprintf(p.w, "\r\x1b[K%s …", what)
	p.shown = true
}

func (p *progressLine) clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shown {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
