package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hashsend/bridge/store"
	"hashsend/cmd/hashsend/discover"
	"hashsend/cmd/hashsend/signin"
	"hashsend/connectors/mailnet"
)

// loginOptions are the flags of hashsend login.
type loginOptions struct {
	device, browser bool
	issuer          string
	port            int
	client          *http.Client
}

func newLogin() *cobra.Command {
	o := loginOptions{client: &http.Client{Timeout: 20 * time.Second}}
	cmd := &cobra.Command{
		Use: "login MAILBOX", Short: "Sign in again to a mailbox that uses OAuth2",
		Long: `Signs in to a mailbox whose provider wants OAuth2, and keeps the new token in the
data folder; the configuration stays as it is. A running hashsend uses it at its
next attempt to connect. MAILBOX is the name or the address in the configuration.

Microsoft shows a code that you enter in any browser. Google wants a browser that
can reach this machine; if yours cannot, paste the address that it ends at.`,
		Example: `  hashsend login team@example.org
  hashsend login team@example.org --issuer https://login.example.org`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage("%s requires the name of one mailbox", cmd.CommandPath())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := configOf(cmd)
			if err != nil {
				return err
			}
			return c.login(cmd.Context(), args[0], o, cmd.InOrStdin(), cmd.OutOrStdout())
		},
	}
	f := cmd.Flags()
	f.BoolVar(&o.device, "device", false, "enter a code on the provider's page")
	f.BoolVar(&o.browser, "browser", false, "sign in with a browser on this machine")
	f.StringVar(&o.issuer, "issuer", "", "URL of the provider, to discover its sign-in pages")
	f.IntVar(&o.port, "port", 0, "port that the browser returns to (default: any)")
	cmd.MarkFlagsMutuallyExclusive("device", "browser")
	return cmd
}

// login signs in to a mailbox and keeps the token.
func (c *config) login(ctx context.Context, name string, o loginOptions, in io.Reader, out io.Writer) (err error) {
	box, err := c.mailbox(name)
	if err != nil {
		return err
	}
	all := box.signIns()
	if len(all) == 0 {
		return usage("mailbox %s signs in with a password; change it in %s", box.name(), c.path)
	}
	dir, err := c.dataDir()
	if err != nil {
		return err
	}
	tokens, err := store.OpenTokens(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, tokens.Close()) }()
	lines := bufio.NewReader(in)
	who := signin.Person{
		Say:  func(format string, args ...any) { fmt.Fprintf(out, format+"\n", args...) }, //nolint:errcheck // a closed terminal ends the sign-in anyway
		Line: func(context.Context) (string, error) { return lines.ReadString('\n') },
	}
	for _, s := range all {
		p, err := o.provider(ctx, s.oauth2)
		if err != nil {
			return err
		}
		sign := func() error {
			got, err := o.sign(ctx, p, who)
			if err != nil {
				return err
			}
			_, err = tokenRow{tokens: tokens, name: s.row}.Update(ctx, func(mailnet.Token) (mailnet.Token, error) {
				return mailnet.Token{Refresh: got, Origin: s.oauth2.Origin()}, nil
			})
			return err
		}
		if err := sign(); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(out, "Signed in to %s. A running hashsend uses this at its next connection.\n", box.name())
	return err
}

// mailbox finds one by its name or address.
func (c *config) mailbox(name string) (*mailboxConfig, error) {
	var known []string
	for i := range c.Mailboxes {
		m := &c.Mailboxes[i]
		if m.name() == name || strings.EqualFold(m.Address, name) {
			return m, nil
		}
		known = append(known, m.name())
	}
	return nil, usage("there is no mailbox %q; the configuration has %s", name, strings.Join(known, ", "))
}

// provider finds out where to sign in: from the table of providers, else from the
// provider's own document.
func (o loginOptions) provider(ctx context.Context, at mailnet.OAuth2) (signin.Provider, error) {
	p := signin.Provider{Name: "the provider", ClientID: at.ClientID, ClientSecret: at.ClientSecret, TokenURL: at.TokenURL, Scopes: at.Scopes}
	if known := discover.SignIn(at.TokenURL); known != nil && o.issuer == "" {
		p.Name, p.AuthURL, p.DeviceURL, p.Extra = known.Name, known.AuthURL, known.DeviceURL, known.Extra
		if len(p.Scopes) == 0 {
			p.Scopes = known.Scopes
		}
		return p, nil
	}
	issuer := o.issuer
	if issuer == "" {
		u, err := url.Parse(at.TokenURL)
		if err != nil || u.Host == "" {
			return p, usage("token_url %q is not a valid URL; use --issuer", at.TokenURL)
		}
		issuer = u.Scheme + "://" + u.Host
	}
	if u, err := url.Parse(issuer); err == nil && u.Host != "" {
		p.Name = u.Host
	}
	if err := signin.Discover(ctx, o.client, issuer, &p); err != nil {
		return p, fmt.Errorf("%w; name the provider with --issuer", err)
	}
	return p, nil
}

// sign signs in, in the way that the provider has and the flags want.
func (o loginOptions) sign(ctx context.Context, p signin.Provider, who signin.Person) (refresh string, err error) {
	sign := func(ctx context.Context) (string, error) {
		got, err := signin.Device(ctx, o.client, p, who)
		if err != nil {
			return "", err
		}
		return got.RefreshToken, nil
	}
	switch {
	case o.device && p.DeviceURL == "":
		return "", usage("%s doesn't support signing in with a code; try --browser", p.Name)
	case o.browser && p.AuthURL == "":
		return "", usage("%s doesn't support signing in with a browser; try --device", p.Name)
	case p.DeviceURL == "" || o.browser:
		sign = func(ctx context.Context) (string, error) {
			got, err := signin.Browser(ctx, o.client, p, who, o.port)
			if err != nil {
				return "", err
			}
			return got.RefreshToken, nil
		}
	}
	return sign(ctx)
}
