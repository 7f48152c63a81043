//go:build wasm

package sessionhook

import (
	weir "weir.dev/plugin-sdk-go"
	"weir.dev/plugin-sdk-go/abi"
	"weir.dev/plugin-sdk-go/internal/memory"
)

// The answer of observe; it is good until the next call.
var patches abi.Patches

//go:wasmexport weir:plugin/session-hook@0.1.0#wanted
func wanted() uint32 { return memory.Address(weir.EncodeInterest(registered().Wanted())) }

//go:wasmexport weir:plugin/session-hook@0.1.0#observe
func observe(arena, arenaLength, subjects, subjectCount, fields, fieldCount, attributes, attributeCount uint32) uint32 {
	guest := &memory.Guest
	lists := observer.Observe(
		guest.Bytes(uintptr(arena), uintptr(arenaLength)),
		memory.Records[abi.Subject](guest, uintptr(subjects), uintptr(subjectCount)),
		memory.Records[abi.Field](guest, uintptr(fields), uintptr(fieldCount)),
		memory.Records[abi.KnownAttribute](guest, uintptr(attributes), uintptr(attributeCount)),
	)
	guest.Reset()
	lists.Place(memory.Address(lists.Owned))
	patches = abi.Patches{
		Patches:    memory.List(lists.Patches),
		Fields:     memory.List(lists.Fields),
		Attributes: memory.List(lists.Attributes),
	}
	return memory.AddressOf(&patches)
}
