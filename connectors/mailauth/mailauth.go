// Package mailauth finds out whether a mail is really from the address in its
// From: by what the mailbox's own server wrote into Authentication-Results, or
// else by checking DKIM and DMARC itself.
package mailauth

import (
	"context"
	"log/slog"
	"net"
	"time"

	"hashsend/bridge/mail"
)

// Resolver looks up TXT records. *net.Resolver is one.
type Resolver interface {
	LookupTXT(ctx context.Context, name string) ([]string, error)
}

// Config says whom to believe.
type Config struct {
	// AuthservIDs are the names under which the mailbox's own server writes
	// Authentication-Results (RFC 8601, 2.5). They are compared whole, without
	// regard to case. Two names stand for providers that write theirs in a place
	// or form of their own: "mx.google.com" and "outlook.com". None: nothing that
	// stands in a mail is believed.
	AuthservIDs []string
	// Resolver is used for DKIM keys and DMARC policies; nil: that of the system.
	Resolver Resolver
	// CheckDKIM makes the Verifier check signatures itself where no trusted
	// server proved the sender or said that it is false.
	CheckDKIM bool
}

// Verifier is a mail.Verifier. It is safe for several goroutines.
type Verifier struct {
	cfg Config
	log *slog.Logger
}

var _ mail.Verifier = (*Verifier)(nil)

// dnsPatience is how long all lookups for one mail may take together.
const dnsPatience = 10 * time.Second

// Open returns a Verifier. It opens no connection; there is nothing to close.
func Open(cfg Config, log *slog.Logger) *Verifier {
	if cfg.Resolver == nil {
		cfg.Resolver = net.DefaultResolver
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Verifier{cfg: cfg, log: log}
}

// Verify implements mail.Verifier. What is wrong with a mail, and a name server
// that gives no answer, end in a verdict, so that no mail can hold up those
// behind it; an error is one of reading the mail, or that ctx ended.
func (v *Verifier) Verify(ctx context.Context, m mail.Incoming) (mail.Verdict, error) {
	whole, err := headerIsWhole(ctx, m)
	if err != nil {
		return mail.Verdict{}, err
	}
	if !whole {
		return mail.Verdict{Trust: mail.Failed, Method: "header", Cause: mail.HeaderTooLarge, Reason: "its header is too large to be read whole"}, nil
	}
	from, verdict, ok := readFrom(m.Header)
	if !ok {
		return verdict, nil
	}
	if m.Place == mail.Sent {
		return mail.Verdict{
			Trust: mail.Proven, Method: "place", Domain: from.domain, Address: from.address,
			Reason: "it lies in the mailbox's own folder of sent mail",
		}, nil
	}
	verdict, err = v.verify(ctx, m, from)
	verdict.Address = from.address
	if name := doubled(m.Header, comesStraight(from, trustedResults(m.Header, v.cfg.AuthservIDs), m.Header)); name != "" && verdict.Trust == mail.Proven {
		verdict.Trust, verdict.Cause = mail.Unproven, mail.FieldDoubled
		verdict.Reason = "the field " + name + " stands in it twice, so nobody can say which one counts"
	}
	return verdict, err
}

// verify asks what the mailbox's own server found, and then the signatures.
func (v *Verifier) verify(ctx context.Context, m mail.Incoming, from author) (mail.Verdict, error) {
	verdict := judge(from, trustedResults(m.Header, v.cfg.AuthservIDs), m.Header)
	if verdict.Trust != mail.Unproven || !v.cfg.CheckDKIM {
		return verdict, nil
	}
	own, err := v.checkSignatures(ctx, m, from)
	if err != nil {
		return mail.Verdict{}, err
	}
	if own.Trust == mail.Unproven && verdict.Method != "" {
		own = verdict // the server's words say more than that we found nothing either
	}
	v.log.Debug("checked the origin of a mail", "domain", from.domain, "method", own.Method, "reason", own.Reason)
	return own, nil
}
