package smtp

import (
	"regexp"
	"strings"
)

var (
	// Outlook.com: "2.0.0 OK <ID@HOST.prod.outlook.com> [Hostname=…]"
	outlookID = regexp.MustCompile(`<([^<>@\s]{1,200}@[A-Za-z0-9.-]{1,100}\.prod\.outlook\.com)>`)
	// Amazon SES: "Ok 0100019…-000000"
	sesID = regexp.MustCompile(`(?i)^(?:2\.\d\.\d )?ok ([0-9a-f-]{30,80})$`)
	// The region in the name of an SES endpoint.
	sesHost = regexp.MustCompile(`(?i)^email-smtp(?:-fips)?\.([a-z0-9-]{1,30})\.amazonaws\.com$`)
)

// finalID reads the Message-ID that the server will use from its answer to the
// end of DATA, where that is known to tell it. Empty: it
// does not.
func finalID(host, answer string) string {
	if m := outlookID.FindStringSubmatch(answer); m != nil {
		return m[1]
	}
	region := sesHost.FindStringSubmatch(host)
	if region == nil {
		return ""
	}
	m := sesID.FindStringSubmatch(strings.TrimSpace(answer))
	if m == nil {
		return ""
	}
	if region[1] == "us-east-1" {
		return m[1] + "@email.amazonses.com"
	}
	return m[1] + "@" + region[1] + ".amazonses.com"
}
