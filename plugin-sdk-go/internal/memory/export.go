//go:build wasm

package memory

// cabiRealloc is where the host gets memory for arguments. It never asks for more than it then uses, and never gives back.
//
//go:wasmexport cabi_realloc
func cabiRealloc(old, oldSize, align, newSize uint32) uint32 {
	address := Guest.Place(uintptr(newSize), uintptr(align))
	if oldSize > 0 && newSize > 0 {
		copy(Guest.Bytes(address, uintptr(newSize)), Guest.Bytes(uintptr(old), uintptr(min(oldSize, newSize))))
	}
	return uint32(address)
}
