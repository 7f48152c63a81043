package weir_test

import (
	"encoding/binary"
	"testing"
	"unsafe"

	weir "weir.dev/plugin-sdk-go"
)

// reader reads a record as the host does, by addresses.
type reader struct {
	bytes []byte
	base  uint32
}

func read(words []uint64) reader {
	bytes := unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), 8*len(words))
	return reader{bytes, uint32(uintptr(unsafe.Pointer(&words[0])))}
}

func (r reader) word(at uint32) uint32 { return binary.LittleEndian.Uint32(r.bytes[at:]) }

// list gives place and length.
func (r reader) list(at uint32) (place, length uint32) { return r.word(at) - r.base, r.word(at + 4) }

func (r reader) text(at uint32) string {
	place, length := r.list(at)
	return string(r.bytes[place : place+length])
}

func TestManifestInMemory(t *testing.T) {
	r := read(weir.EncodeManifest(weir.Manifest{
		Name: "name", Version: "1.2.3", Protocols: []string{"One", "Zwei"},
		Signatures: []weir.Signature{
			{Transport: weir.UDP, Offset: 7, AnyOf: []string{"ab", "\x00\xff"}, Ports: []uint16{53, 5353}}, {},
		},
	}))
	protocols, count := r.list(16)
	if r.text(0) != "name" || r.text(8) != "1.2.3" || count != 2 || r.text(protocols) != "One" || r.text(protocols+8) != "Zwei" {
		t.Errorf("%q", r.bytes)
	}
	at, count := r.list(24)
	anyOf, alternatives := r.list(at + 8)
	ports, portCount := r.list(at + 16)
	if count != 2 || r.bytes[at] != 1 || r.word(at+4) != 7 || alternatives != 2 || r.text(anyOf) != "ab" || r.text(anyOf+8) != "\x00\xff" ||
		portCount != 2 || binary.LittleEndian.Uint16(r.bytes[ports+2:]) != 5353 {
		t.Errorf("%q", r.bytes)
	}
	if _, none := r.list(at + 24 + 8); none != 0 || at%4 != 0 || anyOf%4 != 0 || ports%2 != 0 {
		t.Error("an empty list, and places that are aligned")
	}
}

func TestAboutAndInterestInMemory(t *testing.T) {
	r := read(weir.EncodeAbout(weir.About{Name: "n", Version: "v"}))
	if r.text(0) != "n" || r.text(8) != "v" {
		t.Errorf("%q", r.bytes)
	}
	r = read(weir.EncodeInterest(weir.Interest{Protocols: []string{"A", "BC"}, Responses: true, Head: true, BodyLimit: 77, Required: true}))
	protocols, count := r.list(0)
	if count != 2 || r.text(protocols+8) != "BC" || string(r.bytes[8:11]) != "\x00\x01\x01" || r.word(12) != 77 || r.bytes[16] != 1 {
		t.Errorf("%q", r.bytes)
	}
	if r = read(weir.EncodeInterest(weir.Interest{})); string(r.bytes[8:20]) != string(make([]byte, 12)) {
		t.Errorf("%q", r.bytes)
	}
}
