package weir

import (
	"unsafe"

	"weir.dev/plugin-sdk-go/abi"
)

// TextLimit is the host's limit of one text. A longer one that has to be copied is cut here already, so that a plugin that joins or
// decodes can not fill the answer (4 MiB of copies at most) with what nobody will see.
const TextLimit = 64 << 10

// placeText gives the piece of the arena that a text is, else a copy of its first TextLimit bytes.
func placeText(arena []byte, owned *[]byte, text []byte) abi.Value {
	if value, inside := slice(arena, text); inside {
		return value
	}
	offset, text := len(*owned), text[:cutAt(text)]
	*owned = append(*owned, text...)
	return ownedValue(offset, len(text))
}

// placeBytes is the same for the bytes of a piece, which are not a text: nothing is cut.
func placeBytes(arena []byte, owned *[]byte, bytes []byte) abi.Value {
	if value, inside := slice(arena, bytes); inside {
		return value
	}
	offset := len(*owned)
	*owned = append(*owned, bytes...)
	return ownedValue(offset, len(bytes))
}

// ownString copies a text that is never a piece of the arena.
func ownString(owned *[]byte, text string) abi.Value {
	offset, text := len(*owned), text[:cutAt(text)]
	*owned = append(*owned, text...)
	return ownedValue(offset, len(text))
}

func ownedValue(offset, length int) abi.Value {
	return abi.Value{Case: abi.ValueOwned, Bits: uint64(uint32(offset)) | uint64(length)<<32}
}

// slice finds out whether a text is a piece of the arena. Only addresses are compared, nothing is read.
func slice(arena, text []byte) (abi.Value, bool) {
	if len(text) == 0 || len(arena) == 0 {
		return abi.Value{}, false
	}
	offset := uintptr(unsafe.Pointer(&text[0])) - uintptr(unsafe.Pointer(&arena[0]))
	if offset >= uintptr(len(arena)) || uintptr(len(text)) > uintptr(len(arena))-offset {
		return abi.Value{}, false
	}
	return abi.Value{Case: abi.ValueSlice, Bits: uint64(offset) | uint64(len(text))<<32}, true
}

// cutAt gives the length of a text within TextLimit, and no character in two.
func cutAt[T string | []byte](text T) int {
	end := len(text)
	if end <= TextLimit {
		return end
	}
	end = TextLimit
	// What is no UTF-8 is cut anywhere: a character has three bytes behind its first at most.
	for range 3 {
		if text[end]&0xc0 != 0x80 {
			break
		}
		end--
	}
	return end
}

// attribute copies a key.
func attribute(owned *[]byte, key string, value abi.Value) abi.Attribute {
	place := ownString(owned, key)
	return abi.Attribute{Key: uint32(place.Bits), KeyLength: uint32(place.Bits >> 32), Value: value}
}
