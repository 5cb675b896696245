package discover

import (
	"fmt"
	"slices"
	"strings"
)

// Page is the page about providers, in Markdown: the table that init uses, and what
// is known besides.
func Page() string {
	var b strings.Builder
	b.WriteString(`# Email providers

` + "`hashsend init`" + ` knows these providers: it fills in the servers, says which password works, and sets how much
may be sent. Any other provider with IMAP and SMTP works too; ` + "`init`" + ` looks for its servers in DNS, by
autoconfig and under the usual names.

hashsend uses half of "emails an hour" so that the account stays within the provider's limits while you use it as
well; ` + "`mails_per_hour`" + ` changes that. "Keeps sent email" means that the provider puts what is submitted into the
Sent folder by itself. Limits change: the last column says where the figure is from and when it was read; "not read"
means that nobody has confirmed it lately.

| provider | IMAP | SMTP | password | emails an hour | keeps sent email |
|---|---|---|---|---|---|
`)
	var refused []string
	for _, p := range providers() {
		if p.not != "" {
			refused = append(refused, p.Name)
			continue
		}
		per := "not known"
		if p.PerHour > 0 {
			per = fmt.Sprint(p.PerHour)
		}
		keeps := "no"
		if p.KeepsSent {
			keeps = "yes"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", p.where(), p.IMAP, p.SMTP, cell(p.Password), per, keeps)
	}
	fmt.Fprintf(&b, "\n%s cannot be used: they offer neither IMAP nor SMTP to other programs.\n\n## Limits, folders and quirks\n\n", strings.Join(refused, " and "))
	facts(&b, "provider", providerFacts())
	b.WriteString("\n## Your own server, or your host's\n\n")
	facts(&b, "program", programFacts())
	b.WriteString("\n## Sign in with OAuth2\n\n")
	for _, o := range []*OAuth2{microsoft(), google()} {
		way := "`hashsend login MAILBOX` shows a code that you enter in any browser"
		if o.DeviceURL == "" {
			way = "`hashsend login MAILBOX` shows an address for your browser; on a remote machine, paste the address that it ends at"
		}
		fmt.Fprintf(&b, "- **%s**: %s. %s. Then %s.\n", o.Name, strings.ToUpper(o.Register[:1])+o.Register[1:], "Set `oauth2.client_id` and `oauth2.token_url: "+o.TokenURL+"` for IMAP and SMTP", way)
	}
	b.WriteString("- **Others**: set `oauth2.client_id`, `oauth2.token_url` and `oauth2.scopes`; `hashsend login MAILBOX --issuer https://…` reads the rest from the provider's discovery document.\n")
	return b.String()
}

// where names a provider, with its domains where it stands in several rows.
func (p Provider) where() string {
	same := 0
	for _, o := range providers() {
		if o.Name == p.Name {
			same++
		}
	}
	if same > 1 {
		return fmt.Sprintf("%s (%s)", p.Name, strings.Join(p.domains[:min(len(p.domains), 3)], ", "))
	}
	return p.Name
}

func facts(b *strings.Builder, what string, all []Facts) {
	fmt.Fprintf(b, "| %s | limits | folders are found | quirks | source |\n|---|---|---|---|---|\n", what)
	for _, f := range all {
		source := "none found"
		if f.Source != "" {
			source = "<" + f.Source + ">, not read"
			if f.Seen != "" {
				source = "<" + f.Source + ">, " + f.Seen
			}
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s |\n", f.Name, cell(f.Limits), cell(f.Folders), cell(f.Quirks), source)
	}
}

// cell writes text for a cell of a table.
func cell(s string) string {
	if s == "" {
		return "-"
	}
	return strings.ReplaceAll(s, "|", `\|`)
}

// factsOf returns what is known of a provider besides its table.
func factsOf(name string) (Facts, bool) {
	all := providerFacts()
	i := slices.IndexFunc(all, func(f Facts) bool { return f.Name == name })
	if i < 0 {
		return Facts{}, false
	}
	return all[i], true
}
