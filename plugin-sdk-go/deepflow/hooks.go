//go:build !deepflow_abi

package deepflow

import (
	"bytes"
	"strings"

	weir "weir.dev/plugin-sdk-go"
	"weir.dev/plugin-sdk-go/deepflow/pb"
)

// Numbers of the protocols with HTTP's semantics.
var httpNumbers = [...]struct {
	name   string
	number uint8
}{{"HTTP", 20}, {"HTTP2", 21}, {"gRPC", 41}, {"Triple", 49}}

// Protocols that have custom messages, with their numbers.
var customNumbers = [...]struct {
	name   string
	number uint32
}{{"Dubbo", 40}, {"NATS", 104}, {"ZMTP", 106}, {"RocketMQ", 107}}

// httpHook is the plugin as a hook on HTTP.
type httpHook struct {
	// Used again for each subject.
	base    ParseCtx
	subject *weir.Subject
	// Start line of the message.
	startLine []byte
	message   []byte
	// payload, so that it is not made a value anew for each subject.
	build func(*ParseCtx) []byte
}

func newHttpHook() *httpHook {
	h := new(httpHook)
	h.build = h.payload
	return h
}

// Wanted is what HookIn says.
func (*httpHook) Wanted() weir.Interest {
	configure()
	interest := weir.Interest{Requests: hooksIn(HOOK_POINT_HTTP_REQ), Responses: hooksIn(HOOK_POINT_HTTP_RESP)}
	if interest.Requests || interest.Responses {
		interest.Head, interest.BodyLimit = true, uint32(truncation)
	}
	return interest
}

// Request asks OnHttpReq.
func (h *httpHook) Request(subject *weir.Subject, patch *weir.Patch) weir.Action {
	parser, ok := plugin.(httpParser)
	if !ok {
		return weir.ActionNext
	}
	path := first(subject.Header(":path"), subject.Field(weir.FieldRequestResource).Bytes())
	h.startLine = append(h.startLine[:0], subject.Field(weir.FieldRequestType).Bytes()...)
	h.startLine = append(append(append(h.startLine, ' '), path...), " HTTP/"...)
	h.startLine = append(h.startLine, version(subject)...)
	h.begin(subject)
	infos, dealt := settle(parser.OnHttpReq(&HttpReqCtx{
		BaseCtx:   h.base,
		Path:      string(path),
		Host:      string(first(subject.Header(":authority"), subject.Field(weir.FieldRequestDomain).Bytes())),
		UserAgent: string(subject.Header("user-agent")),
		Referer:   string(subject.Header("referer")),
	}))
	return h.end(infos, dealt, patch, patchRequest)
}

// Response asks OnHttpResp.
func (h *httpHook) Response(subject *weir.Subject, patch *weir.Patch) weir.Action {
	parser, ok := plugin.(httpParser)
	if !ok {
		return weir.ActionNext
	}
	code, _ := subject.Field(weir.FieldResponseCode).Number()
	if code < 0 || code > 999 {
		code = 0
	}
	h.startLine = append(append(h.startLine[:0], "HTTP/"...), version(subject)...)
	h.startLine = append(h.startLine, ' ', '0'+byte(code/100), '0'+byte(code/10%10), '0'+byte(code%10), ' ')
	h.startLine = append(h.startLine, subject.Field(weir.FieldResponseException).Bytes()...)
	h.begin(subject)
	infos, dealt := settle(parser.OnHttpResp(&HttpRespCtx{
		BaseCtx:  h.base,
		Code:     uint16(code),
		Status:   statusOf(subject),
		Endpoint: string(subject.Field(weir.FieldEndpoint).Bytes()),
	}))
	return h.end(infos, dealt, patch, patchResponse)
}

func (h *httpHook) begin(subject *weir.Subject) {
	h.subject = subject
	h.base = baseOf(subject)
	for _, protocol := range httpNumbers {
		if string(subject.Protocol()) == protocol.name {
			h.base.L7 = protocol.number
		}
	}
	h.base.build = h.build
}

// payload puts the message together; nothing is there any more once the plugin has answered.
func (h *httpHook) payload(*ParseCtx) []byte {
	if h.subject == nil {
		return nil
	}
	h.message = appendHttp(h.message[:0], h.startLine, h.subject, h.base.L7)
	return truncated(h.message)
}

// end: the last record counts, as in the original.
func (h *httpHook) end(
	infos []*L7ProtocolInfo, dealt bool, patch *weir.Patch, write func(*weir.Subject, *weir.Patch, *L7ProtocolInfo),
) weir.Action {
	subject := h.subject
	h.subject = nil
	return finish(infos, dealt, func(info *L7ProtocolInfo) { write(subject, patch, info) })
}

func finish(infos []*L7ProtocolInfo, dealt bool, write func(*L7ProtocolInfo)) weir.Action {
	if !dealt {
		return weir.ActionNext
	}
	if n := len(infos); n > 0 && infos[n-1] != nil {
		write(infos[n-1])
	}
	return weir.ActionStop
}

func first(texts ...[]byte) []byte {
	for _, text := range texts {
		if len(text) > 0 {
			return text
		}
	}
	return nil
}

func version(subject *weir.Subject) []byte {
	return first(subject.Field(weir.FieldVersion).Bytes(), []byte("1.1"))
}

func statusOf(subject *weir.Subject) RespStatus {
	switch subject.Status() {
	case weir.SessionOk:
		return RespStatusOk
	case weir.SessionClientError:
		return RespStatusClientErr
	case weir.SessionServerError:
		return RespStatusServerErr
	case weir.SessionTimeout:
		return RespStatusTimeout
	}
	return RespStatusUnknown
}

func baseOf(subject *weir.Subject) ParseCtx {
	base := ParseCtx{
		L4: l4(subject.Transport()), EbpfType: EbpfTypeNone, Time: subject.Time() / 1000,
		Direction: Direction(subject.Direction()), FlowID: subject.FlowId(), BufSize: uint16(truncation),
	}
	client, server := side(subject.Client()), side(subject.Server())
	if subject.Direction() == weir.ClientToServer {
		base.between(&client, &server)
	} else {
		base.between(&server, &client)
	}
	return base
}

// messageHook is the plugin as a hook on messages.
type messageHook struct {
	message []byte
}

// Wanted is what HookIn and CustomMessageHookIn say. No protocol at all would mean every one.
func (*messageHook) Wanted() weir.Interest {
	configure()
	parser, ok := plugin.(messageParser)
	if !ok || !hooksIn(HOOK_POINT_CUSTOM_MESSAGE) {
		return weir.Interest{}
	}
	wish := parser.CustomMessageHookIn()
	all, code := wish>>48 != 0, uint32(wish)
	interest := weir.Interest{BodyLimit: uint32(truncation)}
	for _, protocol := range customNumbers {
		if all || (uint16(wish>>32) == ProtocolParse && code == protocol.number) {
			interest.Protocols = append(interest.Protocols, protocol.name)
		}
	}
	wanted := len(interest.Protocols) > 0
	interest.Requests, interest.Responses = wanted, wanted
	return interest
}

// Message asks OnCustomMessage.
func (h *messageHook) Message(subject *weir.Subject, patch *weir.Patch) weir.Action {
	parser, ok := plugin.(messageParser)
	if !ok {
		return weir.ActionNext
	}
	ctx := CustomMessageCtx{BaseCtx: baseOf(subject), HookPoint: ProtocolParse}
	protocol := string(subject.Protocol())
	for _, known := range customNumbers {
		if protocol == known.name {
			ctx.TypeCode = known.number
		}
	}
	h.message = h.message[:0]
	switch protocol {
	case "NATS":
		h.message = pb.AppendBytes(h.message, 1, subject.Field(weir.FieldRequestResource).Bytes())
		h.message = pb.AppendBytes(h.message, 2, subject.Attribute("reply_to").Bytes())
		h.message = pb.AppendBytes(h.message, 3, subject.Body())
	case "ZMTP":
		h.message = pb.AppendBytes(h.message, 1, subject.Attribute("subscription").Bytes())
		h.message = pb.AppendBytes(h.message, 2, subject.Body())
		ctx.BaseCtx.payload = truncated(subject.Body())
	default:
		ctx.BaseCtx.payload = truncated(subject.Body())
	}
	ctx.Payload = h.message
	infos, dealt := settle(parser.OnCustomMessage(&ctx))
	return finish(infos, dealt, func(info *L7ProtocolInfo) { patchMessage(protocol, subject, patch, info) })
}

// appendHttp writes a message as it would stand in a packet. Bodies reach hooks unpacked, so header fields that say otherwise are left
// out, and the length is that of the body here.
func appendHttp(into, startLine []byte, subject *weir.Subject, number uint8) []byte {
	if number != 0 && number != httpNumbers[0].number {
		return appendFrames(into, subject, number != httpNumbers[1].number)
	}
	into = append(append(into, startLine...), "\r\n"...)
	repack := subject.Header("content-encoding") != nil || subject.Header("transfer-encoding") != nil
	lines(subject.Head(), func(name, value []byte) {
		if !repack || !isPacking(name) {
			into = append(append(append(append(into, name...), ": "...), value...), "\r\n"...)
		}
	})
	if repack {
		into = append(append(into, "content-length: "...), decimal(len(subject.Body()))...)
		into = append(into, "\r\n"...)
	}
	return append(append(into, "\r\n"...), subject.Body()...)
}

func isPacking(name []byte) bool {
	return strings.EqualFold(string(name), "content-encoding") || strings.EqualFold(string(name), "transfer-encoding") ||
		strings.EqualFold(string(name), "content-length")
}

func decimal(n int) []byte {
	var digits [20]byte
	at := len(digits)
	for at--; n >= 10; at-- {
		digits[at] = '0' + byte(n%10)
		n /= 10
	}
	digits[at] = '0' + byte(n)
	return append([]byte(nil), digits[at:]...)
}

// lines calls with each header field. A name may begin with a colon (HTTP/2).
func lines(head []byte, visit func(name, value []byte)) {
	for len(head) > 0 {
		line, rest, _ := bytes.Cut(head, []byte{'\n'})
		head = rest
		if colon := bytes.IndexByte(line[min(1, len(line)):], ':'); colon >= 0 {
			visit(line[:colon+1], bytes.TrimSpace(line[colon+2:]))
		}
	}
}

// appendFrames writes a HEADERS and a DATA frame (RFC 9113, 6.1 and 6.2), the fields without compression (RFC 7541, 6.2.2): any decoder
// reads that, whatever came before it. A message of gRPC gets its prefix back.
func appendFrames(into []byte, subject *weir.Subject, isGrpc bool) []byte {
	stream, _ := subject.Field(weir.FieldRequestId).Number()
	if stream <= 0 {
		stream = 1
	}
	const data, headers, endStream, endHeaders = 0, 1, 1, 4
	if head := subject.Head(); len(head) > 0 {
		start := len(into)
		into = appendFrameHead(into, headers, endHeaders, uint32(stream))
		lines(head, func(name, value []byte) {
			into = appendHpack(appendHpack(append(into, 0), name), value)
		})
		putFrameLength(into[start:])
	}
	if body := subject.Body(); len(body) > 0 {
		start, flags := len(into), byte(endStream)
		if subject.Cut() {
			flags = 0
		}
		into = appendFrameHead(into, data, flags, uint32(stream))
		if isGrpc {
			n := len(body)
			into = append(into, 0, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
		}
		into = append(into, body...)
		putFrameLength(into[start:])
	}
	return into
}

func appendFrameHead(into []byte, kind, flags byte, stream uint32) []byte {
	return append(into, 0, 0, 0, kind, flags, byte(stream>>24)&0x7f, byte(stream>>16), byte(stream>>8), byte(stream))
}

func putFrameLength(frame []byte) {
	const frameHead = 9
	n := len(frame) - frameHead
	frame[0], frame[1], frame[2] = byte(n>>16), byte(n>>8), byte(n)
}

// appendHpack writes a string with its length behind a prefix of seven bits (RFC 7541, 5.1 and 5.2).
func appendHpack(into, text []byte) []byte {
	const prefix = 127
	if n := len(text); n < prefix {
		into = append(into, byte(n))
	} else {
		into = append(into, prefix)
		for n -= prefix; n >= 128; n >>= 7 {
			into = append(into, byte(n)|0x80)
		}
		into = append(into, byte(n))
	}
	return append(into, text...)
}
