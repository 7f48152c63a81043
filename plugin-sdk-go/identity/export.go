//go:build wasm

package identity

import (
	weir "weir.dev/plugin-sdk-go"
	"weir.dev/plugin-sdk-go/internal/memory"
)

//go:wasmexport weir:plugin/identity@0.1.0#describe
func describe() uint32 { return memory.Address(weir.EncodeAbout(About())) }
