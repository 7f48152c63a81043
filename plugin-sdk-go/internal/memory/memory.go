// Package memory gives the memory in which the host places the arguments of a call.
//
// Takes: sizes and alignments (`cabi_realloc`). Gives: addresses in buffers that are kept from call to call, and the bytes at an
// address. Nothing is given back one by one: the end of a call ends the use of all. An address is only ever looked up in the buffers,
// never made into a pointer.
package memory

import (
	"unsafe"

	"weir.dev/plugin-sdk-go/abi"
)

// firstChunk holds the arguments of a usual batch: 32 payloads of 1 KiB and their records.
const firstChunk = 64 << 10

// Arena is a stack of buffers; after a few calls it is one buffer that fits every batch.
type Arena struct {
	// The last one is in use; those before it hold earlier arguments of the same call.
	chunks []chunk
}

type chunk struct {
	// In words, so that every record is aligned.
	words []uint64
	used  uintptr
}

func (c *chunk) size() uintptr { return uintptr(len(c.words)) * 8 }

func (c *chunk) base() uintptr { return uintptr(unsafe.Pointer(&c.words[0])) }

func (c *chunk) bytes() []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(&c.words[0])), c.size())
}

// Place gives the address of so many free bytes; align is a power of two up to 8.
func (a *Arena) Place(size, align uintptr) uintptr {
	if size == 0 {
		return align
	}
	if n := len(a.chunks); n > 0 {
		last := &a.chunks[n-1]
		from := (last.used + align - 1) &^ (align - 1)
		if from <= last.size() && size <= last.size()-from {
			last.used = from + size
			return last.base() + from
		}
	}
	fresh := chunk{words: make([]uint64, (max(firstChunk, size, 2*a.total())+7)/8), used: size}
	a.chunks = append(a.chunks, fresh)
	return fresh.base()
}

func (a *Arena) total() (size uintptr) {
	for i := range a.chunks {
		size += a.chunks[i].size()
	}
	return size
}

// Bytes gives what was placed at an address; nil when nothing was.
func (a *Arena) Bytes(address, length uintptr) []byte {
	if length == 0 {
		return nil
	}
	for i := range a.chunks {
		c := &a.chunks[i]
		// Below the base the difference wraps around and is too large.
		if from := address - c.base(); from < c.size() && length <= c.size()-from {
			return c.bytes()[from : from+length : from+length]
		}
	}
	return nil
}

// Reset ends a call: all that was placed is free. Only the largest buffer is kept.
func (a *Arena) Reset() {
	if n := len(a.chunks); n > 1 {
		// Each chunk is at least as large as all before it together.
		a.chunks[0] = a.chunks[n-1]
		clear(a.chunks[1:])
		a.chunks = a.chunks[:1]
	}
	if len(a.chunks) > 0 {
		a.chunks[0].used = 0
	}
}

// Records gives what was placed at an address as records. T must be a record of plain numbers.
func Records[T any](a *Arena, address, count uintptr) []T {
	var record T
	if count > ^uintptr(0)/unsafe.Sizeof(record) {
		return nil
	}
	bytes := a.Bytes(address, count*unsafe.Sizeof(record))
	if bytes == nil || uintptr(unsafe.Pointer(&bytes[0]))%unsafe.Alignof(record) != 0 {
		return nil
	}
	return unsafe.Slice((*T)(unsafe.Pointer(&bytes[0])), count)
}

// Guest is the one arena of a module.
var Guest Arena

// Address is where a list stands in the guest's memory of 32 bits; lists without entries have none, any aligned number does.
func Address[T any](list []T) uint32 {
	if len(list) == 0 {
		return 8
	}
	return uint32(uintptr(unsafe.Pointer(&list[0])))
}

// AddressOf is where one record stands.
func AddressOf[T any](record *T) uint32 { return uint32(uintptr(unsafe.Pointer(record))) }

// List gives address and length of a list.
func List[T any](list []T) abi.List {
	return abi.List{Address: Address(list), Length: uint32(len(list))}
}
