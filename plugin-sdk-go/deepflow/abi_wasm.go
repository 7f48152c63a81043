//go:build deepflow_abi

package deepflow

import (
	"encoding/binary"
	"unsafe"
)

//go:wasmimport deepflow wasm_log
//go:noescape
func wasmLog(text unsafe.Pointer, length, level uint32)

//go:wasmimport deepflow vm_read_ctx_base
//go:noescape
func vmReadCtxBase(into unsafe.Pointer, length uint32) int32

//go:wasmimport deepflow vm_read_payload
//go:noescape
func vmReadPayload(into unsafe.Pointer, length uint32) int32

//go:wasmimport deepflow vm_read_http_req_info
//go:noescape
func vmReadHttpReqInfo(into unsafe.Pointer, length uint32) int32

//go:wasmimport deepflow vm_read_http_resp_info
//go:noescape
func vmReadHttpRespInfo(into unsafe.Pointer, length uint32) int32

//go:wasmimport deepflow vm_read_custom_message_info
//go:noescape
func vmReadCustomMessageInfo(into unsafe.Pointer, length uint32) int32

//go:wasmimport deepflow host_read_l7_protocol_info
//go:noescape
func hostReadL7ProtocolInfo(from unsafe.Pointer, length uint32) int32

//go:wasmimport deepflow host_read_str_result
//go:noescape
func hostReadStrResult(from unsafe.Pointer, length uint32) int32

// What the host writes into and reads from; used again for each call. 65535 bytes are the longest payload, 64 KiB what agents write at
// most, and 36+255 or 60+255 bytes are a base.
var (
	baseBuffer    [1024]byte
	infoBuffer    [PAGE_SIZE]byte
	payloadBuffer [PAGE_SIZE]byte
	resultBuffer  = make([]byte, 0, PAGE_SIZE)
	hookBitmap    [16]byte
	customHook    [8]byte
)

// resultLimit: so many bytes an agent takes.
const resultLimit = PAGE_SIZE

func logLine(level LogLevel, line string) {
	if line != "" {
		wasmLog(unsafe.Pointer(unsafe.StringData(line)), uint32(len(line)), uint32(level))
	}
}

//go:wasmexport get_hook_bitmap
func getHookBitmap() uint32 {
	start()
	joined := hooks()
	binary.BigEndian.PutUint64(hookBitmap[:8], joined[0])
	binary.BigEndian.PutUint64(hookBitmap[8:], joined[1])
	return address(&hookBitmap[0])
}

//go:wasmexport get_custom_message_hook
func getCustomMessageHook() uint32 {
	start()
	wish := uint64(0)
	if parser, ok := plugin.(messageParser); ok {
		wish = parser.CustomMessageHookIn()
	}
	binary.BigEndian.PutUint64(customHook[:], wish)
	return address(&customHook[0])
}

func address(byte *byte) uint32 { return uint32(uintptr(unsafe.Pointer(byte))) }

func base() (ParseCtx, bool) {
	length := vmReadCtxBase(unsafe.Pointer(&baseBuffer[0]), uint32(len(baseBuffer)))
	if length <= 0 {
		return ParseCtx{}, false
	}
	ctx, ok := readBase(baseBuffer[:length])
	ctx.build = readPayload
	return ctx, ok
}

func readPayload(*ParseCtx) []byte {
	length := vmReadPayload(unsafe.Pointer(&payloadBuffer[0]), uint32(len(payloadBuffer)))
	return payloadBuffer[:max(length, 0)]
}

func info(read func(unsafe.Pointer, uint32) int32) []byte {
	length := read(unsafe.Pointer(&infoBuffer[0]), uint32(len(infoBuffer)))
	return infoBuffer[:max(length, 0)]
}

// nameLimit: what agents keep of a protocol's name.
const nameLimit = 16

//go:wasmexport check_payload
func checkPayload() int32 {
	ctx, ok := base()
	if !ok {
		return 0
	}
	number, name, direction := check(&ctx)
	if number == 0 {
		return 0
	}
	name = name[:min(len(name), nameLimit)]
	resultBuffer = append(binary.BigEndian.AppendUint16(resultBuffer[:0], uint16(len(name))), name...)
	if hostReadStrResult(unsafe.Pointer(&resultBuffer[0]), uint32(len(resultBuffer))) == 0 {
		return 0
	}
	return int32(direction)<<8 | int32(number)
}

//go:wasmexport parse_payload
func parsePayload() int32 {
	ctx, ok := base()
	parser, has := plugin.(payloadParser)
	if !ok || !has {
		return 0
	}
	return answer(parser.OnParsePayload(&ctx), ctx.Direction)
}

//go:wasmexport on_http_req
func onHttpReq() int32 {
	ctx, ok := base()
	parser, has := plugin.(httpParser)
	if !ok || !has {
		return 0
	}
	request, ok := readRequest(info(vmReadHttpReqInfo), ctx)
	if !ok {
		return 0
	}
	return answer(parser.OnHttpReq(request), DirectionRequest)
}

//go:wasmexport on_http_resp
func onHttpResp() int32 {
	ctx, ok := base()
	parser, has := plugin.(httpParser)
	if !ok || !has {
		return 0
	}
	response, ok := readResponse(info(vmReadHttpRespInfo), ctx)
	if !ok {
		return 0
	}
	status := response.Status
	action := parser.OnHttpResp(response)
	if infos, _ := settle(action); len(infos) > 0 && infos[0] != nil && infos[0].Resp != nil && infos[0].Resp.Status == nil {
		// An agent takes every status that is told: tell the one that it has.
		infos[0].Resp.Status = &status
	}
	return answer(action, DirectionResponse)
}

//go:wasmexport on_custom_message
func onCustomMessage() int32 {
	ctx, ok := base()
	parser, has := plugin.(messageParser)
	if !ok || !has {
		return 0
	}
	message, ok := readMessage(info(vmReadCustomMessageInfo), ctx)
	if !ok {
		return 0
	}
	return answer(parser.OnCustomMessage(message), ctx.Direction)
}

// answer hands over the records of an action; 1: no other plugin is asked.
func answer(action Action, direction Direction) int32 {
	infos, dealt := settle(action)
	if !dealt {
		return 0
	}
	resultBuffer = appendRecords(resultBuffer[:0], infos, direction)
	if length := len(resultBuffer); length > resultLimit {
		Warn("records of %d bytes are left out", length)
	} else if length > 0 {
		hostReadL7ProtocolInfo(unsafe.Pointer(&resultBuffer[0]), uint32(length))
	}
	return 1
}
