package discover

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"hashsend/connectors/mailnet"
)

// Provider is what is known of a mail provider.
type Provider struct {
	Name        string
	IMAP, SMTP  Server
	Password    string   // which password works, and where to make it
	OAuth2      *OAuth2  // set: passwords do not work
	KeepsSent   bool     // puts what is submitted into Sent by itself
	NewIDs      bool     // gives mails another Message-ID
	PerHour     int      // so that half of it, which is used, stays within what is allowed a day; 0: unknown
	AuthservIDs []string // its Authentication-Results can be believed

	domains []string
	mx      []string // ends of the names of those who take its mail
	not     string   // why it cannot be used
}

// OAuth2 is where a provider gives out access tokens.
type OAuth2 struct {
	Name                         string
	AuthURL, DeviceURL, TokenURL string // AuthURL or DeviceURL may be empty: it has no such sign-in for mail
	Scopes                       []string
	Extra                        map[string]string // parameters that it wants at AuthURL besides
	Register                     string            // where and how to get a client id
}

// SignIn returns what is known of the provider that issues tokens at an address;
// nil: nothing.
func SignIn(tokenURL string) *OAuth2 {
	u, err := url.Parse(tokenURL)
	if err != nil {
		return nil
	}
	for _, o := range []*OAuth2{microsoft(), google()} {
		if known, err := url.Parse(o.TokenURL); err == nil && strings.EqualFold(known.Host, u.Host) {
			return o
		}
	}
	return nil
}

// google has a sign-in by code, but not for mail.
func google() *OAuth2 {
	return &OAuth2{
		Name: "Google", AuthURL: "https://accounts.google.com/o/oauth2/v2/auth", TokenURL: "https://oauth2.googleapis.com/token",
		Scopes: []string{"https://mail.google.com/"}, Extra: map[string]string{"access_type": "offline", "prompt": "consent"},
		Register: "create an OAuth client of type Desktop app at https://console.cloud.google.com/auth/clients and give its id and secret",
	}
}

func (p Provider) found(how string) (Found, error) {
	if p.not != "" {
		return Found{}, fmt.Errorf("%s: %s", p.Name, p.not)
	}
	return Found{IMAP: p.IMAP, SMTP: p.SMTP, Provider: &p, How: fmt.Sprintf("%s (%s)", how, p.Name)}, nil
}

func byDomain(domain string) *Provider {
	for _, p := range providers() {
		if slices.Contains(p.domains, domain) {
			return &p
		}
	}
	return nil
}

func byHost(host string) *Provider {
	for _, p := range providers() {
		if p.not == "" && strings.EqualFold(p.IMAP.Host, host) {
			return &p
		}
	}
	return nil
}

func implicit(host string, port int) Server { return Server{Host: host, Port: port, TLS: mailnet.TLS} }

func upgraded(host string, port int) Server {
	return Server{Host: host, Port: port, TLS: mailnet.StartTLS}
}

func microsoft() *OAuth2 {
	return &OAuth2{
		Name: "Microsoft", AuthURL: "https://login.microsoftonline.com/common/oauth2/v2.0/authorize", DeviceURL: "https://login.microsoftonline.com/common/oauth2/v2.0/devicecode",
		TokenURL: "https://login.microsoftonline.com/common/oauth2/v2.0/token",
		Scopes:   []string{"https://outlook.office.com/IMAP.AccessAsUser.All", "https://outlook.office.com/SMTP.Send", "offline_access"},
		Register: "register an application at https://entra.microsoft.com (App registrations, public client flows allowed, " +
			"permissions IMAP.AccessAsUser.All and SMTP.Send) and give its id with --oauth2-client-id",
	}
}

// providers is the table of well-known providers.
func providers() []Provider {
	return slices.Concat(largeProviders(), europeanProviders(), otherProviders())
}

func largeProviders() []Provider {
	return []Provider{
		{
			Name: "Gmail", domains: []string{"gmail.com", "googlemail.com"},
			IMAP: implicit("imap.gmail.com", 993), SMTP: implicit("smtp.gmail.com", 465),
			Password:  "an app password: turn on 2-Step Verification, then make one at https://myaccount.google.com/apppasswords",
			KeepsSent: true, PerHour: 40, AuthservIDs: []string{"mx.google.com"},
		},
		{
			Name: "Google Workspace", mx: []string{"google.com", "googlemail.com"},
			IMAP: implicit("imap.gmail.com", 993), SMTP: implicit("smtp.gmail.com", 465),
			Password:  "an app password, if the admin of the domain allows them: https://myaccount.google.com/apppasswords",
			KeepsSent: true, PerHour: 160, AuthservIDs: []string{"mx.google.com"},
		},
		{
			Name: "Outlook.com", domains: []string{"outlook.com", "hotmail.com", "live.com", "msn.com", "outlook.de", "hotmail.de", "live.de", "outlook.fr", "hotmail.fr", "hotmail.co.uk", "live.co.uk", "outlook.es", "hotmail.it", "outlook.it"},
			IMAP: implicit("outlook.office365.com", 993), SMTP: upgraded("smtp-mail.outlook.com", 587),
			Password: "none: Microsoft accepts OAuth2 only", OAuth2: microsoft(),
			KeepsSent: true, NewIDs: true, PerHour: 24, AuthservIDs: []string{"outlook.com"},
		},
		{
			Name: "Microsoft 365", mx: []string{"protection.outlook.com", "mx.microsoft"},
			IMAP: implicit("outlook.office365.com", 993), SMTP: upgraded("smtp.office365.com", 587),
			Password: "none: Microsoft accepts OAuth2 only, and the admin of the domain must allow SMTP AUTH for this mailbox", OAuth2: microsoft(),
			KeepsSent: true, PerHour: 800, AuthservIDs: []string{"outlook.com"},
		},
		{
			Name: "iCloud", domains: []string{"icloud.com", "me.com", "mac.com"}, mx: []string{"mail.icloud.com"},
			IMAP: implicit("imap.mail.me.com", 993), SMTP: upgraded("smtp.mail.me.com", 587),
			Password: "an app-specific password, made at https://account.apple.com (Sign-In and Security)", PerHour: 80,
		},
		{
			Name: "Yahoo", domains: []string{"yahoo.com", "ymail.com", "rocketmail.com", "yahoo.de", "yahoo.fr", "yahoo.co.uk", "yahoo.es", "yahoo.it", "yahoo.co.in", "yahoo.com.br"}, mx: []string{"yahoodns.net"},
			IMAP: implicit("imap.mail.yahoo.com", 993), SMTP: implicit("smtp.mail.yahoo.com", 465),
			Password:  "an app password, made at https://login.yahoo.com/account/security",
			KeepsSent: true, PerHour: 40,
		},
		{
			Name: "AOL", domains: []string{"aol.com", "aim.com", "aol.de"},
			IMAP: implicit("imap.aol.com", 993), SMTP: implicit("smtp.aol.com", 465),
			Password:  "an app password, made at https://login.aol.com/account/security",
			KeepsSent: true, PerHour: 40,
		},
	}
}

func europeanProviders() []Provider {
	return []Provider{
		{
			Name: "GMX", domains: []string{"gmx.de", "gmx.net", "gmx.at", "gmx.ch"},
			IMAP: implicit("imap.gmx.net", 993), SMTP: implicit("mail.gmx.net", 465),
			Password: "the password of the account, or an app password with two-factor sign-in; allow IMAP in the settings first (POP3 and IMAP)",
		},
		{
			Name: "GMX", domains: []string{"gmx.com", "gmx.us", "gmx.co.uk", "gmx.fr", "gmx.es"},
			IMAP: implicit("imap.gmx.com", 993), SMTP: upgraded("mail.gmx.com", 587),
			Password: "the password of the account, or an app password with two-factor sign-in; allow IMAP in the settings first (POP3 and IMAP)",
		},
		{
			Name: "WEB.DE", domains: []string{"web.de"},
			IMAP: implicit("imap.web.de", 993), SMTP: upgraded("smtp.web.de", 587),
			Password: "the password of the account, or an app password with two-factor sign-in; allow IMAP in the settings first (POP3 and IMAP)",
		},
		{
			Name: "T-Online", domains: []string{"t-online.de", "magenta.de"},
			IMAP: implicit("secureimap.t-online.de", 993), SMTP: implicit("securesmtp.t-online.de", 465),
			Password: "the password for email programs, made in the Telekom customer center (not the one you sign in with)",
		},
		{
			Name: "Posteo", domains: []string{"posteo.de", "posteo.net", "posteo.eu", "posteo.org"},
			IMAP: implicit("posteo.de", 993), SMTP: implicit("posteo.de", 465),
			Password: "the password of the account, or an app password where the settings ask for one",
		},
		{
			Name: "mailbox.org", domains: []string{"mailbox.org", "secure.mailbox.org"}, mx: []string{"mailbox.org"},
			IMAP: implicit("imap.mailbox.org", 993), SMTP: implicit("smtp.mailbox.org", 465),
			Password: "the password of the account; with two-factor sign-in an app password from the settings (Security)",
		},
		{
			Name: "IONOS", mx: []string{"kundenserver.de", "ionos.com", "ionos.co.uk", "ionos.es", "ionos.fr", "1and1.com"},
			IMAP: implicit("imap.ionos.com", 993), SMTP: implicit("smtp.ionos.com", 465),
			Password: "the password of the mailbox", PerHour: 100,
		},
		{
			Name: "OVHcloud", mx: []string{"mail.ovh.net"},
			IMAP: implicit("ssl0.ovh.net", 993), SMTP: implicit("ssl0.ovh.net", 465),
			Password: "the password of the mailbox",
		},
		{
			Name: "Seznam", domains: []string{"seznam.cz", "email.cz", "post.cz", "spoluzaci.cz"}, mx: []string{"seznam.cz"},
			IMAP: implicit("imap.seznam.cz", 993), SMTP: implicit("smtp.seznam.cz", 465),
			Password: "the password of the account; allow IMAP in the settings first",
		},
		{
			Name: "Infomaniak", domains: []string{"ik.me", "etik.com", "ikmail.com"}, mx: []string{"infomaniak.ch", "infomaniak.com"},
			IMAP: implicit("mail.infomaniak.com", 993), SMTP: implicit("mail.infomaniak.com", 465),
			Password: "a device password, made in the Infomaniak manager for this address", PerHour: 40,
		},
		{
			Name: "Migadu", mx: []string{"migadu.com"},
			IMAP: implicit("imap.migadu.com", 993), SMTP: implicit("smtp.migadu.com", 465),
			Password: "the password of the mailbox",
		},
		{
			Name: "Free", domains: []string{"free.fr"},
			IMAP: implicit("imap.free.fr", 993), SMTP: implicit("smtp.free.fr", 465),
			Password: "the password of the mailbox; allow authenticated SMTP in the settings of the account first",
		},
		{
			Name: "Orange", domains: []string{"orange.fr", "wanadoo.fr"},
			IMAP: implicit("imap.orange.fr", 993), SMTP: implicit("smtp.orange.fr", 465),
			Password: "the password of the mailbox; allow other email programs in its settings first",
		},
	}
}

func otherProviders() []Provider {
	return []Provider{
		{
			Name: "Fastmail", domains: []string{"fastmail.com", "fastmail.fm", "sent.com", "mailbolt.com"}, mx: []string{"messagingengine.com"},
			IMAP: implicit("imap.fastmail.com", 993), SMTP: implicit("smtp.fastmail.com", 465),
			Password: "an app password, made at https://app.fastmail.com/settings/security/apps", PerHour: 300,
		},
		{
			Name: "Zoho", domains: []string{"zoho.com", "zohomail.com"}, mx: []string{"zoho.com"},
			IMAP: implicit("imap.zoho.com", 993), SMTP: implicit("smtp.zoho.com", 465),
			Password: "an app-specific password, made at https://accounts.zoho.com (Security); allow IMAP in the settings of Zoho Mail first", PerHour: 50,
		},
		{
			Name: "Zoho", domains: []string{"zoho.eu", "zohomail.eu"}, mx: []string{"zoho.eu"},
			IMAP: implicit("imap.zoho.eu", 993), SMTP: implicit("smtp.zoho.eu", 465),
			Password: "an app-specific password, made at https://accounts.zoho.eu (Security); allow IMAP in the settings of Zoho Mail first", PerHour: 50,
		},
		{
			Name: "Proton Mail (by Proton Mail Bridge on this machine)", domains: []string{"proton.me", "protonmail.com", "pm.me", "protonmail.ch"}, mx: []string{"protonmail.ch"},
			IMAP: upgraded("127.0.0.1", 1143), SMTP: upgraded("127.0.0.1", 1025),
			Password: "the one that Proton Mail Bridge shows (it must run here, and needs a paid account); export its TLS certificate and name it with --ca-file",
		},
		{
			Name: "Yandex", domains: []string{"yandex.com", "yandex.ru", "ya.ru", "yandex.com.tr"}, mx: []string{"yandex.net"},
			IMAP: implicit("imap.yandex.com", 993), SMTP: implicit("smtp.yandex.com", 465),
			Password: "an app password, made at https://id.yandex.com (Security); allow IMAP in the settings of the mailbox first", PerHour: 40,
		},
		{
			Name: "Mail.ru", domains: []string{"mail.ru", "inbox.ru", "list.ru", "bk.ru"},
			IMAP: implicit("imap.mail.ru", 993), SMTP: implicit("smtp.mail.ru", 465),
			Password: "a password for external applications, made in the security settings of the account",
		},
		{
			Name: "QQ Mail", domains: []string{"qq.com", "foxmail.com", "vip.qq.com"}, mx: []string{"qq.com"},
			IMAP: implicit("imap.qq.com", 993), SMTP: implicit("smtp.qq.com", 465),
			Password: "an authorization code, a password of 16 letters made in the settings (Account) after IMAP/SMTP was turned on",
		},
		{
			Name: "NetEase", domains: []string{"163.com", "vip.163.com"},
			IMAP: implicit("imap.163.com", 993), SMTP: implicit("smtp.163.com", 465),
			Password: "an authorization code, a password made in the settings (POP3/SMTP/IMAP)",
		},
		{
			Name: "NetEase", domains: []string{"126.com"},
			IMAP: implicit("imap.126.com", 993), SMTP: implicit("smtp.126.com", 465),
			Password: "an authorization code, a password made in the settings (POP3/SMTP/IMAP)",
		},
		{
			Name: "Naver", domains: []string{"naver.com"},
			IMAP: implicit("imap.naver.com", 993), SMTP: implicit("smtp.naver.com", 465),
			Password: "an app password, made in the security settings after 2-step verification was turned on; allow IMAP in the settings of Naver Mail first",
		},
		{
			Name: "Hostinger", mx: []string{"hostinger.com"},
			IMAP: implicit("imap.hostinger.com", 993), SMTP: implicit("smtp.hostinger.com", 465),
			Password: "the password of the mailbox",
		},
		{
			Name: "StartMail", domains: []string{"startmail.com"}, mx: []string{"startmail.com"},
			IMAP: implicit("imap.startmail.com", 993), SMTP: implicit("smtp.startmail.com", 465),
			Password: "a device password, made in the settings (IMAP)",
		},
		{
			Name: "Runbox", domains: []string{"runbox.com"},
			IMAP: implicit("mail.runbox.com", 993), SMTP: implicit("mail.runbox.com", 465),
			Password: "the password of the account; with two-factor sign-in an app password from the account's security settings",
		},
		{
			Name: "Purelymail", domains: []string{"purelymail.com"}, mx: []string{"purelymail.com"},
			IMAP: implicit("imap.purelymail.com", 993), SMTP: implicit("smtp.purelymail.com", 465),
			Password: "the password of the mailbox; with two-factor sign-in an app password",
		},
		{Name: "Tuta", domains: []string{"tuta.com", "tutanota.com", "tutanota.de", "tutamail.com", "tuta.io", "keemail.me"}, mx: []string{"tutanota.de"}, not: "it has neither IMAP nor SMTP for other programs; take a mailbox elsewhere"},
		{Name: "HEY", domains: []string{"hey.com"}, mx: []string{"hey.com"}, not: "it has neither IMAP nor SMTP for other programs; take a mailbox elsewhere"},
	}
}
