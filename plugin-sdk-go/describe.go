package weir

import (
	"encoding/binary"
	"unsafe"

	"weir.dev/plugin-sdk-go/internal/memory"
)

// EncodeManifest writes a `manifest` as the canonical ABI wants it, for the host to read at the address of its first word. It
// is called once for each instance.
func EncodeManifest(manifest Manifest) []uint64 {
	return encode(func(b *blob) {
		root := b.reserve(32)
		b.text(root, manifest.Name)
		b.text(root+8, manifest.Version)
		protocols := b.list(root+16, len(manifest.Protocols), 8)
		for i, protocol := range manifest.Protocols {
			b.text(protocols+8*i, protocol)
		}
		signatures := b.list(root+24, len(manifest.Signatures), 24)
		for i, signature := range manifest.Signatures {
			b.signature(signatures+24*i, signature)
		}
	})
}

func (b *blob) signature(at int, signature Signature) {
	b.bytes[at] = uint8(signature.Transport)
	b.word(at+4, signature.Offset)
	anyOf := b.list(at+8, len(signature.AnyOf), 8)
	for i, alternative := range signature.AnyOf {
		b.text(anyOf+8*i, alternative)
	}
	ports := b.list(at+16, len(signature.Ports), 2)
	for i, port := range signature.Ports {
		binary.LittleEndian.PutUint16(b.bytes[ports+2*i:], port)
	}
}

// EncodeAbout writes an `about`.
func EncodeAbout(about About) []uint64 {
	return encode(func(b *blob) {
		root := b.reserve(16)
		b.text(root, about.Name)
		b.text(root+8, about.Version)
	})
}

// EncodeInterest writes an `interest`.
func EncodeInterest(interest Interest) []uint64 {
	return encode(func(b *blob) {
		root := b.reserve(20)
		b.flag(root+8, interest.Requests)
		b.flag(root+9, interest.Responses)
		b.flag(root+10, interest.Head)
		b.word(root+12, interest.BodyLimit)
		b.flag(root+16, interest.Required)
		protocols := b.list(root, len(interest.Protocols), 8)
		for i, protocol := range interest.Protocols {
			b.text(protocols+8*i, protocol)
		}
	})
}

// blob is a record with everything that it refers to, in one piece of memory.
type blob struct {
	bytes []byte
	// Of the piece.
	base uint32
}

// encode writes twice: the first time to know the size, the second time with the addresses.
func encode(write func(*blob)) []uint64 {
	var first blob
	write(&first)
	words := make([]uint64, (len(first.bytes)+7)/8)
	second := blob{base: memory.Address(words)}
	write(&second)
	copy(unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), 8*len(words)), second.bytes)
	return words
}

// reserve gives the offset of so many bytes, aligned for every record.
func (b *blob) reserve(size int) int {
	at := (len(b.bytes) + 7) / 8 * 8
	b.bytes = append(b.bytes, make([]byte, at+size-len(b.bytes))...)
	return at
}

func (b *blob) word(at int, value uint32) { binary.LittleEndian.PutUint32(b.bytes[at:], value) }

func (b *blob) flag(at int, value bool) {
	if value {
		b.bytes[at] = 1
	}
}

// list reserves count records of a size and refers to them.
func (b *blob) list(at, count, size int) int {
	place := b.reserve(count * size)
	b.word(at, b.base+uint32(place))
	b.word(at+4, uint32(count))
	return place
}

func (b *blob) text(at int, text string) {
	copy(b.bytes[b.list(at, len(text), 1):], text)
}
