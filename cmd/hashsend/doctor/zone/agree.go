package zone

import (
	"fmt"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"hashsend/cmd/hashsend/doctor/ask"
	"hashsend/cmd/hashsend/doctor/finding"
)

// agreementFindings compares what the servers that serve the domain say.
func agreementFindings(f Facts) (all []finding.Finding) {
	add := func(check string, level finding.Level, text, do string, evidence ...string) {
		all = append(all, finding.Finding{Check: check, Level: level, Text: text, Do: do, Evidence: evidence})
	}
	serials := map[uint32][]*Server{}
	for _, s := range f.Servers {
		if n, ok := s.serial(); ok {
			serials[n] = append(serials[n], s)
		}
	}
	if len(serials) > 1 {
		var parts []string
		for _, n := range sortedKeys(serials) {
			parts = append(parts, fmt.Sprintf("%d at %s", n, f.labels(serials[n])))
		}
		add("dns.serial", finding.Note, fmt.Sprintf("The name servers have different versions of the zone: serial %s.", finding.List(parts)),
			"Right after a change this is normal. If it stays, the zone transfer fails.")
	}
	for _, t := range mailTypes {
		says := map[string][]*Server{}
		for _, s := range f.Servers {
			if said, ok := s.says(t); ok {
				says[said] = append(says[said], s)
			}
		}
		if len(says) < 2 {
			continue
		}
		level := finding.Warning
		var parts, evidence []string
		for _, said := range sortedKeys(says) {
			shown := said
			if shown == "" {
				shown = "none"
			}
			parts = append(parts, fmt.Sprintf("%s at %s", shorten(shown), f.labels(says[said])))
			evidence = append(evidence, fmt.Sprintf("%s: %s", f.labels(says[said]), shown))
		}
		if t == dns.TypeA || t == dns.TypeAAAA {
			level = finding.Note // may be meant, to spread load
		}
		add("dns.differ", level, fmt.Sprintf("The name servers give different %s records of %s: %s.", dns.TypeToString[t], plainName(f.Domain), finding.List(parts)),
			"Some receivers see one, some the other. Make the servers serve the same zone.", evidence...)
	}
	return append(all, ttlFindings(f)...)
}

func sortedKeys[K uint32 | string, V any](m map[K]V) (keys []K) {
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// shorten cuts what would make a sentence unreadable; the evidence has it whole.
func shorten(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:57]) + "…"
	}
	return s
}

func (s *Server) soa() *dns.SOA {
	for _, r := range []ask.Reply{s.EDNS, s.Plain, s.TCP} {
		for _, rr := range r.Answers() {
			if soa, ok := rr.(*dns.SOA); ok && r.Msg.Authoritative {
				return soa
			}
		}
	}
	return nil
}

func (s *Server) serial() (uint32, bool) {
	if soa := s.soa(); soa != nil {
		return soa.Serial, true
	}
	return 0, false
}

// says is the set of records of one type that the server serves, as one text.
func (s *Server) says(t uint16) (string, bool) {
	r, ok := s.Data[t]
	if !ok || r.Msg == nil || !r.Msg.Authoritative || r.Msg.Truncated || (r.Outcome != ask.Answered && r.Outcome != ask.NoData) {
		return "", false
	}
	var words []string
	for _, rr := range r.Answers() {
		c := dns.Copy(rr)
		head := c.Header().String()
		words = append(words, strings.TrimPrefix(c.String(), head))
	}
	slices.Sort(words)
	return strings.Join(words, ", "), true
}

// ttlFindings looks at times to live that hurt.
func ttlFindings(f Facts) (all []finding.Finding) {
	for _, s := range f.Servers {
		soa := s.soa()
		if soa == nil {
			continue
		}
		if negative := min(soa.Minttl, soa.Hdr.Ttl); negative > 86400 {
			all = append(all, finding.Finding{
				Check: "dns.ttl", Level: finding.Note,
				Text: fmt.Sprintf("Resolvers may remember for %s that a record of %s does not exist (the last number of the SOA record).", span(negative), plainName(f.Apex)),
				Do:   "An hour is usual: new records are seen sooner (RFC 2308).",
			})
		}
		if mx := s.Data[dns.TypeMX]; len(mx.Answers()) > 0 && mx.Answers()[0].Header().Ttl < 60 {
			all = append(all, finding.Finding{
				Check: "dns.ttl", Level: finding.Note,
				Text: fmt.Sprintf("The MX records of %s are valid for %s only; each short failure of the name servers stops email.", plainName(f.Domain), span(mx.Answers()[0].Header().Ttl)),
				Do:   "An hour or more is usual.",
			})
		}
		break
	}
	return all
}

// span is a time to live in words.
func span(seconds uint32) string {
	for _, u := range []struct {
		of        uint32
		one, many string
	}{{86400, "day", "days"}, {3600, "hour", "hours"}, {60, "minute", "minutes"}} {
		if n := seconds / u.of; n > 0 && seconds%u.of == 0 {
			return fmt.Sprintf("%d %s", n, verb(int(n), u.one, u.many))
		}
	}
	return fmt.Sprintf("%d %s", seconds, verb(int(seconds), "second", "seconds"))
}
