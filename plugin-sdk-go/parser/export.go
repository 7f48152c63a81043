//go:build wasm

package parser

import (
	weir "weir.dev/plugin-sdk-go"
	"weir.dev/plugin-sdk-go/abi"
	"weir.dev/plugin-sdk-go/internal/memory"
)

// The answer of process; it is good until the next call.
var outcome abi.Outcome

//go:wasmexport weir:plugin/parser@0.1.0#describe
func describe() uint32 {
	return memory.Address(weir.EncodeManifest(registered().Parser().Manifest()))
}

//go:wasmexport weir:plugin/parser@0.1.0#check
func check(payload, length, transport, sourcePort, destinationPort, fromStart, clientKnown, fromClient uint32) uint32 {
	probe := weir.Probe{
		Transport:       weir.Transport(transport),
		SourcePort:      uint16(sourcePort),
		DestinationPort: uint16(destinationPort),
		FromStart:       fromStart != 0,
	}
	if clientKnown != 0 {
		probe.Sender = weir.SenderServer - weir.Sender(fromClient&1)
	}
	verdict := instance.Parser().Check(memory.Guest.Bytes(uintptr(payload), uintptr(length)), probe)
	memory.Guest.Reset()
	return uint32(verdict)
}

//go:wasmexport weir:plugin/parser@0.1.0#process
func process(arena, arenaLength, flows, flowCount, events, eventCount uint32) uint32 {
	guest := &memory.Guest
	lists := instance.Process(
		guest.Bytes(uintptr(arena), uintptr(arenaLength)),
		memory.Records[abi.Flow](guest, uintptr(flows), uintptr(flowCount)),
		memory.Records[abi.StreamEvent](guest, uintptr(events), uintptr(eventCount)),
	)
	guest.Reset()
	lists.Place(memory.Address(lists.Owned))
	outcome = abi.Outcome{
		Messages:   memory.List(lists.Messages),
		Fields:     memory.List(lists.Fields),
		Attributes: memory.List(lists.Attributes),
		Progress:   memory.List(lists.Progress),
		Pieces:     memory.List(lists.Pieces),
	}
	return memory.AddressOf(&outcome)
}
