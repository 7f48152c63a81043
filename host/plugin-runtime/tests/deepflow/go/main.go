//go:build wasip1

// A plugin for DeepFlow's agent without its SDK: parses lines `GAME <name>` and answers `DONE <name>`, and marks HTTP requests.
package main

import (
	"bytes"
	"encoding/binary"
	"time"
	"unsafe"
)

//go:wasmimport deepflow wasm_log
func wasmLog(text unsafe.Pointer, length, level uint32)

//go:wasmimport deepflow vm_read_ctx_base
func readContext(buffer unsafe.Pointer, length uint32) int32

//go:wasmimport deepflow vm_read_payload
func readPayload(buffer unsafe.Pointer, length uint32) int32

//go:wasmimport deepflow vm_read_http_req_info
func readRequest(buffer unsafe.Pointer, length uint32) int32

//go:wasmimport deepflow host_read_l7_protocol_info
func tellRecords(list unsafe.Pointer, length uint32) int32

//go:wasmimport deepflow host_read_str_result
func tellName(text unsafe.Pointer, length uint32) int32

const (
	hookRequest = 1 << 7
	hookParse   = 1
	number      = 3
	request     = 1 << 8
	response    = 2 << 8
)

var (
	bitmap  = [16]byte{0: hookRequest, 15: hookParse}
	context [1024]byte
	info    [1024]byte
	payload [65536]byte
)

func main() {}

func read() []byte {
	readContext(unsafe.Pointer(&context[0]), uint32(len(context)))
	length := readPayload(unsafe.Pointer(&payload[0]), uint32(len(payload)))
	return payload[:max(length, 0)]
}

func withLength(text []byte) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(text))), text...)
}

// field is a protobuf field of bytes; all of them here are short.
func field(number uint64, content []byte) []byte {
	tag := binary.AppendUvarint(nil, number<<3|2)
	return append(append(tag, byte(len(content))), content...)
}

func attribute(key, value string) []byte {
	return field(31, append(field(1, []byte(key)), field(2, []byte(value))...))
}

func tell(parts ...[]byte) int32 {
	list := withLength(append([]byte("PB"), bytes.Join(parts, nil)...))
	if tellRecords(unsafe.Pointer(&list[0]), uint32(len(list))) == 0 {
		panic("the host does not take the list")
	}
	return 1
}

//go:wasmexport get_hook_bitmap
func hooks() uint32 { return uint32(uintptr(unsafe.Pointer(&bitmap[0]))) }

//go:wasmexport check_payload
func check() int32 {
	direction := int32(request)
	switch first := read(); {
	case bytes.HasPrefix(first, []byte("GAME ")):
	case bytes.HasPrefix(first, []byte("DONE ")):
		direction = response
	default:
		return 0
	}
	name := withLength([]byte("game"))
	tellName(unsafe.Pointer(&name[0]), uint32(len(name)))
	return direction | number
}

//go:wasmexport parse_payload
func parse() int32 {
	line := read()
	verb, name, found := bytes.Cut(bytes.TrimSpace(line), []byte(" "))
	if !found || context[14] != number {
		return 0
	}
	if string(verb) == "GAME" {
		now := attribute("now", time.Now().UTC().Format(time.RFC3339))
		return tell(field(10, append(field(2, verb), field(4, name)...)), now)
	}
	return tell(field(11, append([]byte{1 << 3, 0}, field(4, name)...)))
}

//go:wasmexport on_http_req
func onRequest() int32 {
	length := readRequest(unsafe.Pointer(&info[0]), uint32(len(info)))
	path := binary.BigEndian.Uint16(info[:2])
	if length == 0 || path == 0 {
		return 0
	}
	text := []byte("a request")
	wasmLog(unsafe.Pointer(&text[0]), uint32(len(text)), 0)
	return tell(attribute("path", string(info[2:2+path])))
}

//go:wasmexport on_http_resp
func onResponse() int32 { panic("it has no such hook") }
