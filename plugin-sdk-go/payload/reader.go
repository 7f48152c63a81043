// Package payload reads bytes from a stranger without copying them: integers and pieces, members of a JSON object, values of a form.
//
// Nothing here panics on any input, and nothing allocates but where a buffer is handed in.
package payload

import (
	"bytes"
	"encoding/binary"
)

// Reader is a cursor over bytes; every step checks the end. "Need more" and "wrong" are different answers: the reader only ever says
// the first, the parser decides the second. Once a step failed, all later ones fail: check Short once behind several steps.
type Reader struct {
	bytes []byte
	at    int
	// How many bytes the first failed step lacked.
	missing int
}

// NewReader starts at the first byte.
func NewReader(bytes []byte) Reader { return Reader{bytes: bytes} }

// Position says how many bytes were taken.
func (r *Reader) Position() int { return r.at }

// Rest is what was not taken yet.
func (r *Reader) Rest() []byte { return r.bytes[r.at:] }

// IsEmpty: nothing is left.
func (r *Reader) IsEmpty() bool { return r.at == len(r.bytes) }

// Short says how many bytes the first failed step lacked at least; 0: all went well.
func (r *Reader) Short() int { return r.missing }

// Needed says how many bytes there must be, counted from the first, for the first failed step; 0: all went well.
func (r *Reader) Needed() int {
	if r.missing == 0 {
		return 0
	}
	return len(r.bytes) + r.missing
}

// Take gives the next n bytes.
func (r *Reader) Take(n int) []byte {
	if left := len(r.bytes) - r.at; n < 0 || n > left || r.missing > 0 {
		if r.missing == 0 {
			r.missing = max(n-left, 1)
		}
		return nil
	}
	taken := r.bytes[r.at : r.at+n : r.at+n]
	r.at += n
	return taken
}

// Sub is a reader over the next n bytes alone.
func (r *Reader) Sub(n int) Reader { return NewReader(r.Take(n)) }

// TakeUntil gives everything up to end, which is taken as well but not returned.
func (r *Reader) TakeUntil(end byte) []byte {
	n := bytes.IndexByte(r.Rest(), end)
	if n < 0 {
		n = len(r.Rest())
	}
	if taken := r.Take(n + 1); taken != nil {
		return taken[:n:n]
	}
	return nil
}

// U8 is one byte.
func (r *Reader) U8() uint8 {
	if b := r.Take(1); b != nil {
		return b[0]
	}
	return 0
}

// U16 is two bytes, the highest first (network order).
func (r *Reader) U16() uint16 {
	if b := r.Take(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

// U32 is four bytes, the highest first.
func (r *Reader) U32() uint32 {
	if b := r.Take(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

// U64 is eight bytes, the highest first.
func (r *Reader) U64() uint64 {
	if b := r.Take(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

// U16Le is two bytes, the lowest first.
func (r *Reader) U16Le() uint16 {
	if b := r.Take(2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

// U32Le is four bytes, the lowest first.
func (r *Reader) U32Le() uint32 {
	if b := r.Take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// U64Le is eight bytes, the lowest first.
func (r *Reader) U64Le() uint64 {
	if b := r.Take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}
