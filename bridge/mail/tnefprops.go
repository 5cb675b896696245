package mail

// prop is a property of a message or a file (MS-OXCDATA, 2.11).
type prop struct {
	kind  uint16
	value []byte // the first, of several
}

const (
	typeUnicode = 0x1f
	manyValues  = 0x1000
	firstNamed  = 0x8000
	maxProps    = 4096
)

// reading goes through bytes; at their end it gives nothing more.
type reading struct {
	b    []byte
	over bool
}

func (r *reading) take(n uint64) []byte {
	if n > uint64(len(r.b)) {
		r.b, r.over = nil, true
		return nil
	}
	out := r.b[:n]
	r.b = r.b[n:]
	return out
}

func (r *reading) number(n int) uint64 {
	b := r.take(uint64(n))
	var v uint64
	for i := len(b) - 1; i >= 0; i-- {
		v = v<<8 | uint64(b[i])
	}
	return v
}

// padded takes bytes and what fills them up to a multiple of four.
func (r *reading) padded(n uint64) []byte {
	b := r.take(n)
	r.take(min((4-n%4)%4, uint64(len(r.b))))
	return b
}

// readProps reads a list of properties (MS-OXTNEF, 2.1.3.4) as far as it is whole.
// Named ones are passed over.
func readProps(b []byte) map[uint16]prop {
	r := &reading{b: b}
	ps := map[uint16]prop{}
	for range min(r.number(4), maxProps) {
		kind, id := uint16(r.number(2)), uint16(r.number(2))
		if id >= firstNamed {
			r.take(16)
			if r.number(4) == 0 {
				r.take(4)
			} else {
				r.padded(r.number(4))
			}
		}
		value, ok := r.value(kind)
		if !ok || r.over {
			break
		}
		if id < firstNamed {
			ps[id] = prop{kind &^ manyValues, value}
		}
	}
	return ps
}

// value takes the value of a property; false: its type is unknown, and so is where
// it ends.
func (r *reading) value(kind uint16) ([]byte, bool) {
	width := uint64(0)
	switch kind &^ manyValues {
	case 0x02, 0x03, 0x04, 0x0a, 0x0b, 0x01:
		width = 4
	case 0x05, 0x06, 0x07, 0x14, 0x40:
		width = 8
	case 0x48:
		width = 16
	case 0x0d, 0x1e, typeUnicode, 0x102:
	default:
		return nil, false
	}
	n := uint64(1)
	if width == 0 || kind&manyValues != 0 {
		n = r.number(4)
	}
	var first []byte
	for i := range n {
		var v []byte
		if width > 0 {
			v = r.take(width)
		} else {
			v = r.padded(r.number(4))
		}
		if r.over {
			return first, false
		}
		if i == 0 {
			first = v
		}
	}
	return first, true
}
