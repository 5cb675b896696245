package mail

import (
	"bytes"
	"strings"
)

// What is read of a mail that is signed in one piece.
const (
	maxSigned = 8 << 20 // bytes of the signed mail, with its files
	maxNested = 16      // levels of its structure
)

// isSigned tells whether a part may be a mail with a signature wrapped around it.
func isSigned(part Part) bool {
	if part.Type != "application/pkcs7-mime" && part.Type != "application/x-pkcs7-mime" {
		return false
	}
	kind := strings.ToLower(part.Params["smime-type"])
	return kind == "" || kind == "signed-data"
}

// signedBox keeps a part until it is known what it is. What is too large for that
// becomes a file at once.
type signedBox struct {
	p    *parser
	part Part
	kept []byte
	size int64
	file *filed
	full bool
}

func (b *signedBox) write(data []byte) {
	b.size += int64(len(data))
	if !b.full && len(b.kept)+len(data) <= maxSigned {
		b.kept = append(b.kept, data...)
		return
	}
	b.spill()
	b.file.write(data)
}

// spill makes the part a file.
func (b *signedBox) spill() {
	if !b.full {
		b.full, b.file = true, b.p.sink(b.part)
		b.file.write(b.kept)
		b.kept = nil
	}
}

// signedLeaf reads a part that may be a signed mail, and that mail in its place.
func (p *parser) signedLeaf(part Part, encoding string, depth int, speaks bool) (body, stop) {
	box := &signedBox{p: p, part: part}
	dec := newDecoder(encoding, box.write)
	s := p.read(dec.write)
	dec.close()
	if content, ok := signedContent(box.kept); ok {
		sub := &parser{lines: newLineReader(bytes.NewReader(content), int64(len(content))), lim: p.lim, shared: p.shared, m: p.m, signed: true}
		b, _ := sub.entity(sub.header(min(p.shared.header, p.lim.Header)), "text/plain", depth+1, speaks)
		return b, s
	}
	box.spill()
	part.Size, part.Stored = box.size, box.file.close()
	p.add(part)
	return body{}, s
}

// signedContent returns the mail inside of a signature that is wrapped around it (CMS
// signed-data: RFC 5652, 5; RFC 8551, 3.5.2). It checks no signature. ok is false when b
// is something else: what is encrypted, say.
//
// Many branches: each step into the structure may find something else.
func signedContent(b []byte) (content []byte, ok bool) {
	info, ok := asnSequence(b)
	if !ok {
		return nil, false
	}
	oid, rest, ok := asnNext(info)
	if !ok || oid.tag != asnOID || !bytes.Equal(oid.body, oidSignedData) {
		return nil, false
	}
	explicit, _, ok := asnNext(rest)
	if !ok || explicit.tag != asnContext0 {
		return nil, false
	}
	signed, ok := asnSequence(explicit.body)
	if !ok {
		return nil, false
	}
	// version, digestAlgorithms, encapContentInfo
	for range 2 {
		if _, signed, ok = asnNext(signed); !ok {
			return nil, false
		}
	}
	inner, ok := asnSequence(signed)
	if !ok {
		return nil, false
	}
	_, inner, ok = asnNext(inner)
	if !ok {
		return nil, false
	}
	explicit, _, ok = asnNext(inner)
	if !ok || explicit.tag != asnContext0 {
		return nil, false // the mail is beside the signature
	}
	octets, _, ok := asnNext(explicit.body)
	if !ok {
		return nil, false
	}
	if content = octets.body; octets.tag != asnOctets {
		content = octets.octets(make([]byte, 0, len(octets.body)), 0)
	}
	return content, len(content) > 0
}

// oidSignedData is 1.2.840.113549.1.7.2.
var oidSignedData = []byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02}

// Tags of ASN.1 (ITU-T X.690, 8.1.2).
const (
	asnOctets   = 0x04
	asnOID      = 0x06
	asnSeq      = 0x30
	asnOctetsIn = 0x24 // octets in pieces
	asnContext0 = 0xa0
)

// asnValue is a value of ASN.1.
type asnValue struct {
	tag  byte
	body []byte
}

func asnSequence(b []byte) (body []byte, ok bool) {
	v, _, ok := asnNext(b)
	return v.body, ok && v.tag == asnSeq
}

// asnNext takes a value in BER from the front: also one whose length is not told,
// and one whose end is missing.
func asnNext(b []byte) (v asnValue, rest []byte, ok bool) { return asnAt(b, 0) }

func asnAt(b []byte, depth int) (v asnValue, rest []byte, ok bool) {
	if len(b) < 2 || b[0]&0x1f == 0x1f || depth > maxNested {
		return v, nil, false
	}
	v.tag = b[0]
	length, b := b[1], b[2:]
	switch {
	case length < 0x80:
		n := min(int(length), len(b))
		v.body, rest = b[:n], b[n:]
		return v, rest, true
	case length == 0x80:
		return asnOpen(v, b, depth)
	}
	n := int(length & 0x7f)
	if n > 4 || n > len(b) {
		return v, nil, false
	}
	size := 0
	for _, c := range b[:n] {
		size = size<<8 | int(c)
	}
	b = b[n:]
	size = min(size, len(b))
	v.body, rest = b[:size], b[size:]
	return v, rest, true
}

// asnOpen takes the values up to the mark that ends them.
func asnOpen(v asnValue, b []byte, depth int) (asnValue, []byte, bool) {
	for at := 0; ; {
		if len(b)-at < 2 || b[at] == 0 && b[at+1] == 0 {
			v.body = b[:at]
			return v, b[min(len(b), at+2):], true
		}
		_, rest, ok := asnAt(b[at:], depth+1)
		if !ok {
			return v, nil, false
		}
		at = len(b) - len(rest)
	}
}

// octets joins the pieces of a string of octets.
func (v asnValue) octets(to []byte, depth int) []byte {
	if v.tag == asnOctets {
		return append(to, v.body...)
	}
	if v.tag != asnOctetsIn || depth > maxNested {
		return to
	}
	for rest := v.body; len(rest) > 0 && len(to) < maxSigned; {
		var piece asnValue
		var ok bool
		if piece, rest, ok = asnNext(rest); !ok {
			break
		}
		to = piece.octets(to, depth+1)
	}
	return to
}
