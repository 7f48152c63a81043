//go:build wasm

package weir

import (
	"unsafe"

	"weir.dev/plugin-sdk-go/internal/memory"
)

//go:wasmimport weir:plugin/host@0.1.0 log
//go:noescape
func importLog(level uint32, message unsafe.Pointer, length uint32)

//go:wasmimport weir:plugin/host@0.1.0 config
//go:noescape
func importConfig(key unsafe.Pointer, length uint32, result unsafe.Pointer)

//go:wasmimport weir:plugin/host@0.1.0 count
//go:noescape
func importCount(counter unsafe.Pointer, length uint32, by uint64)

func hostLog(level Level, message string) {
	importLog(uint32(level), unsafe.Pointer(unsafe.StringData(message)), uint32(len(message)))
}

// configResult is an `option<string>`.
type configResult struct{ some, address, length uint32 }

// In the heap: the host calls back for memory while it is being filled, and a stack may move.
var configAnswer configResult

func hostConfig(key string) (string, bool) {
	configAnswer = configResult{}
	importConfig(unsafe.Pointer(unsafe.StringData(key)), uint32(len(key)), unsafe.Pointer(&configAnswer))
	answer := configAnswer
	// Copied: what the host placed is free when the call ends.
	return string(memory.Guest.Bytes(uintptr(answer.address), uintptr(answer.length))), answer.some&0xff != 0
}

func hostCount(counter string, by uint64) {
	importCount(unsafe.Pointer(unsafe.StringData(counter)), uint32(len(counter)), by)
}
