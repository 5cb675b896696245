package mailauth

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"

	"github.com/emersion/go-msgauth/dkim"
	"github.com/emersion/go-msgauth/dmarc"

	"hashsend/bridge/mail"
)

// maxSignatures is how many signatures of one mail are checked, topmost first.
const maxSignatures = 8

// evidence is what our own look at a mail has found.
type evidence struct {
	signer  string // the domain whose signature holds and belongs to From
	strict  bool   // its domain wants signer and From to be the same
	broken  string // why a signature of the domain does not hold
	cause   mail.Cause
	waiting bool   // a name server gave no answer
	policy  string // "none", "quarantine", "reject"; empty: none found
}

// checkSignatures verifies the signatures of the author's domain and, where none
// holds, looks up what the domain wants done with such mail.
func (v *Verifier) checkSignatures(ctx context.Context, m mail.Incoming, from author) (mail.Verdict, error) {
	lookups, cancel := context.WithTimeout(ctx, dnsPatience)
	defer cancel()
	var e evidence
	if hasSignatureOf(m.Header, from.domain) {
		if err := v.verifyDKIM(ctx, lookups, m, from, &e); err != nil {
			return mail.Verdict{}, err
		}
	}
	if e.signer != from.domain { // also for the alignment that the domain wants
		v.lookupPolicy(lookups, from.domain, &e)
	}
	if err := ctx.Err(); err != nil {
		return mail.Verdict{}, err
	}
	return weighEvidence(from, e), nil
}

// weighEvidence decides. Mail of a domain that signs all of its mail, and says so
// by its policy, is false without a signature that holds.
func weighEvidence(from author, e evidence) mail.Verdict {
	switch {
	case e.signer != "" && (!e.strict || e.signer == from.domain):
		return mail.Verdict{
			Trust: mail.Proven, Method: "dkim", Domain: from.domain,
			Reason: fmt.Sprintf("it bears a valid signature of %s (DKIM)", e.signer),
		}
	case e.waiting:
		return mail.Verdict{Method: "dkim", Reason: fmt.Sprintf("the name server of %s gave no answer, so its signature could not be checked", from.domain)}
	case e.policy == "reject" || e.policy == "quarantine":
		reason := "it bears no signature of its domain"
		if e.broken != "" {
			reason = "its signature does not hold (" + e.broken + ")"
		}
		return mail.Verdict{
			Trust: mail.Failed, Method: "dmarc", Domain: from.domain,
			Reason: fmt.Sprintf("%s, and %s asks to distrust such mail (DMARC %s)", reason, from.domain, e.policy),
		}
	case e.broken != "":
		return mail.Verdict{Method: "dkim", Cause: e.cause, Reason: "its signature does not hold (" + e.broken + ")"}
	}
	return mail.Verdict{Reason: fmt.Sprintf("neither the mail server nor a signature speaks for %s", from.domain)}
}

func hasSignatureOf(h mail.Header, domain string) bool {
	return slices.ContainsFunc(h.Values("DKIM-Signature"), func(v string) bool {
		return aligned(cleanDomain(signatureTags(v)["d"]), domain)
	})
}

func (v *Verifier) verifyDKIM(ctx, lookups context.Context, m mail.Incoming, from author, e *evidence) error {
	body, err := m.Open(ctx)
	if err != nil {
		return fmt.Errorf("open the mail to check its signature: %w", err)
	}
	defer body.Close()
	r := &wireReader{r: bufio.NewReader(body)}
	keys := map[string]string{}
	var asking sync.Mutex
	found, err := dkim.VerifyWithOptions(r, &dkim.VerifyOptions{
		MaxVerifications: maxSignatures,
		LookupTXT: func(name string) ([]string, error) {
			records, err := v.cfg.Resolver.LookupTXT(lookups, name)
			if err == nil && len(records) == 1 {
				asking.Lock()
				keys[strings.ToLower(name)] = records[0]
				asking.Unlock()
			}
			return records, err
		},
	})
	if r.err != nil {
		return fmt.Errorf("read the mail to check its signature: %w", r.err)
	}
	signatures := m.Header.Values("DKIM-Signature")
	if err != nil && len(found) == 0 || len(found) != min(len(signatures), maxSignatures) {
		e.broken = "its header cannot be read"
		return nil
	}
	for i, s := range found {
		if aligned(cleanDomain(s.Domain), from.domain) {
			tags := signatureTags(signatures[i])
			e.note(m.Header, from, s, tags, keys[strings.ToLower(tags["s"]+"._domainkey."+tags["d"])])
		}
	}
	return nil
}

// note takes in what became of one signature of the author's domain.
func (e *evidence) note(h mail.Header, from author, s *dkim.Verification, tags map[string]string, key string) {
	switch {
	case s.Err == nil:
		if reason, cause := unfit(h, tags, key); reason != "" {
			e.broken, e.cause = reason, cause
		} else if d := cleanDomain(s.Domain); e.signer == "" || d == from.domain {
			e.signer = d
		}
	case dkim.IsTempFail(s.Err):
		e.waiting = true
	default:
		e.broken = strings.TrimPrefix(s.Err.Error(), "dkim: ")
		if _, short := tags["l"]; short {
			e.cause = mail.PartSigned
		}
	}
}

// unfit says why a signature that holds proves nothing: it leaves out what is used,
// or its key says that it does not count (RFC 6376, 3.6.1, t=).
func unfit(h mail.Header, tags map[string]string, key string) (reason string, cause mail.Cause) {
	flags := strings.Split(strings.ToLower(signatureTags(key)["t"]), ":")
	identity := tags["i"]
	switch {
	case slices.Contains(flags, "y"):
		return "the domain only tries out its key", mail.NoCause
	case slices.Contains(flags, "s") && identity != "" && !strings.EqualFold(identity[strings.LastIndexByte(identity, '@')+1:], tags["d"]):
		return "its key is not for subdomains", mail.NoCause
	}
	if name := notCovered(h, tags["h"]); name != "" {
		return "it does not cover the field " + name, mail.FieldUnsigned
	}
	return "", mail.NoCause
}

// lookupPolicy asks the domain, then its organisation (RFC 7489, 6.6.3). For
// mail of a subdomain the organisation's sp= counts.
func (v *Verifier) lookupPolicy(ctx context.Context, domain string, e *evidence) {
	opts := &dmarc.LookupOptions{LookupTXT: func(name string) ([]string, error) { return v.cfg.Resolver.LookupTXT(ctx, name) }}
	record, err := dmarc.LookupWithOptions(domain, opts)
	sub := false
	if org := organisation(domain); errors.Is(err, dmarc.ErrNoPolicy) && org != "" && org != domain {
		record, err = dmarc.LookupWithOptions(org, opts)
		sub = true
	}
	if err != nil {
		e.waiting = e.waiting || dmarc.IsTempFail(err) || ctx.Err() != nil
		return
	}
	e.strict = record.DKIMAlignment == dmarc.AlignmentStrict
	e.policy = string(record.Policy)
	if sub && record.SubdomainPolicy != "" {
		e.policy = string(record.SubdomainPolicy)
	}
}

// wireReader gives a mail with the line ends it had on the wire. An error of the
// mail's source is kept in err and shown as the end, because the checker leaves
// goroutines behind when its reader fails.
type wireReader struct {
	r    *bufio.Reader
	last byte
	half bool // an LF is still owed
	err  error
}

func (w *wireReader) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		if w.half {
			p[n], w.half, w.last = '\n', false, '\n'
			n++
			continue
		}
		if n > 0 && w.r.Buffered() == 0 {
			break
		}
		c, err := w.r.ReadByte()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				w.err = err
			}
			if n > 0 {
				return n, nil
			}
			return 0, io.EOF
		}
		if c == '\n' && w.last != '\r' {
			p[n], w.half = '\r', true
		} else {
			p[n] = c
		}
		w.last = p[n]
		n++
	}
	return n, nil
}

var _ Resolver = (*net.Resolver)(nil)
