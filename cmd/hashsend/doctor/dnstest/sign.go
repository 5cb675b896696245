package dnstest

import (
	"crypto"
	"time"

	"github.com/miekg/dns"
)

// Sign adds a key and signatures that are valid from begin to end, and returns the
// DS record for the zone above.
func (z *Zone) Sign(begin, end time.Time) *dns.DS {
	key := &dns.DNSKEY{
		Hdr:   dns.RR_Header{Name: z.Apex, Rrtype: dns.TypeDNSKEY, Class: dns.ClassINET, Ttl: 3600},
		Flags: 257, Protocol: 3, Algorithm: dns.ECDSAP256SHA256,
	}
	private, err := key.Generate(256)
	if err != nil {
		panic(err) // a fault of the test
	}
	z.RRs = append(z.RRs, key)
	sets := map[[2]string][]dns.RR{}
	var order [][2]string
	for _, rr := range z.RRs {
		h := rr.Header()
		if at := z.cut(h.Name); at != "" && (h.Rrtype != dns.TypeDS || at != h.Name) {
			continue
		}
		k := [2]string{h.Name, dns.TypeToString[h.Rrtype]}
		if sets[k] == nil {
			order = append(order, k)
		}
		sets[k] = append(sets[k], rr)
	}
	for _, k := range order {
		sig := &dns.RRSIG{
			Hdr: dns.RR_Header{Ttl: 3600}, Algorithm: key.Algorithm, KeyTag: key.KeyTag(), SignerName: z.Apex,
			Inception: uint32(begin.Unix()), Expiration: uint32(end.Unix()), //nolint:gosec // serial arithmetic
		}
		if err := sig.Sign(private.(crypto.Signer), sets[k]); err != nil {
			panic(err) // a fault of the test
		}
		z.RRs = append(z.RRs, sig)
	}
	return key.ToDS(dns.SHA256)
}
