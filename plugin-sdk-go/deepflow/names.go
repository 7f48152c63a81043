// Package deepflow lets a parser that was written for DeepFlow's Go SDK be built for Weir: change its import, keep its code.
//
//	import sdk "weir.dev/plugin-sdk-go/deepflow"
//
// Names and signatures are those of DeepFlow's SDK; what is behind them is not. A parser becomes a plugin of Weir's own contract: its
// payload functions a parser, its HTTP functions an http hook, OnCustomMessage a message hook. What differs is in README.md beside this
// file. With the build tag `deepflow_abi` the module speaks DeepFlow's own interface instead.
package deepflow

import "net"

// L4Protocol is the number of a transport protocol in IP.
type L4Protocol uint16

// The transport protocols.
const (
	TCP L4Protocol = 6
	UDP L4Protocol = 17
)

// Direction of a payload.
type Direction uint8

// The directions.
const (
	DirectionRequest  Direction = 0
	DirectionResponse Direction = 1
)

// Answers of OnCheckPayload: who sent the payload.
var (
	REQUEST  uint8 = 1
	RESPONSE uint8 = 2
)

// EbpfType says where a payload comes from. Here it is always EbpfTypeNone.
type EbpfType uint8

// The sources.
const (
	EbpfTypeTracePoint        EbpfType = 0
	EbpfTypeTlsUprobe         EbpfType = 1
	EbpfTypeGoHttp2Uprobe     EbpfType = 2
	EbpfTypeGoHttp2UprobeDATA EbpfType = 5
	EbpfTypeUnixSocket        EbpfType = 8
	EbpfTypeNone              EbpfType = 255
)

// RespStatus says how a request went.
type RespStatus uint8

// The statuses. RespStatusNotExist is what older versions call 2.
const (
	RespStatusOk        RespStatus = 0
	RespStatusTimeout   RespStatus = 2
	RespStatusNotExist  RespStatus = 2
	RespStatusServerErr RespStatus = 3
	RespStatusClientErr RespStatus = 4
	RespStatusUnknown   RespStatus = 5
)

// Hook points of custom messages. Only the first is ever told.
const (
	ProtocolParse uint16 = 0
	SessionFilter uint16 = 1
	Sampling      uint16 = 2
)

// Protocols with custom messages.
var (
	PROTOCOL_DUBBO uint16 = 40
	PROTOCOL_NATS  uint16 = 104
	PROTOCOL_ZMTP  uint16 = 106
)

// PAGE_SIZE is that of WebAssembly.
const PAGE_SIZE = 65536

// HookBitmap is a number of 128 bits, the higher half first.
type HookBitmap [2]uint64

// What HookIn may answer.
var (
	HOOK_POINT_HTTP_REQ       = HookBitmap{1 << 63, 0}
	HOOK_POINT_HTTP_RESP      = HookBitmap{1 << 62, 0}
	HOOK_POINT_CUSTOM_MESSAGE = HookBitmap{1 << 61, 0}
	HOOK_POINT_PAYLOAD_PARSE  = HookBitmap{0, 1}
)

// CUSTOM_MESSAGE_HOOK_ALL asks for the messages of all protocols that have them.
var CUSTOM_MESSAGE_HOOK_ALL uint64 = 0xff << 48

// CustomMessageHookProtocol is an answer of CustomMessageHookIn: messages of one protocol. Nothing is ever told for a response in the
// sense of this function; requests and responses both come as isRequest.
func CustomMessageHookProtocol(protocol uint16, isRequest bool) uint64 {
	code := uint64(protocol)
	if !isRequest {
		code |= 1 << 16
	}
	return uint64(ProtocolParse)<<32 | code
}

// ParseCtx is what is known of a payload.
type ParseCtx struct {
	SrcIP    net.IPAddr
	SrcPort  uint16
	DstIP    net.IPAddr
	DstPort  uint16
	L4       L4Protocol
	L7       uint8
	EbpfType EbpfType
	// Time in microseconds since 1970.
	Time      uint64
	Direction Direction
	// ProcName is empty.
	ProcName string
	FlowID   uint64
	// BufSize: no payload is longer.
	BufSize uint16

	payload []byte
	// Puts the payload together when somebody asks for it.
	build func(*ParseCtx) []byte
}

// GetPayload gives the bytes; they are good until the function that was given the context returns. There is never an error.
func (p *ParseCtx) GetPayload() ([]byte, error) {
	if p.build != nil {
		p.payload, p.build = p.build(p), nil
	}
	return p.payload, nil
}

// HttpReqCtx is what OnHttpReq is given.
type HttpReqCtx struct {
	BaseCtx   ParseCtx
	Path      string
	Host      string
	UserAgent string
	Referer   string
}

// HttpRespCtx is what OnHttpResp is given.
type HttpRespCtx struct {
	BaseCtx  ParseCtx
	Code     uint16
	Status   RespStatus
	Endpoint string
}

// CustomMessageCtx is what OnCustomMessage is given.
type CustomMessageCtx struct {
	BaseCtx   ParseCtx
	HookPoint uint16
	TypeCode  uint32
	// Payload is what the protocol's own parser found, in protobuf (package pb); empty for most protocols.
	Payload []byte
}

// CheckParseProtocol says whether it is a message of that protocol.
func (c *CustomMessageCtx) CheckParseProtocol(protocol uint16, isRequest bool) bool {
	return isRequest && c.HookPoint == ProtocolParse && c.TypeCode == uint32(protocol)
}

// Request is what a plugin says of a request.
type Request struct {
	Version  string
	ReqType  string
	Domain   string
	Resource string
	Endpoint string
}

// Response is what a plugin says of a response.
type Response struct {
	Status    *RespStatus
	Code      *int32
	Result    string
	Exception string
	ReqType   string
	Endpoint  string
}

// Trace is the ids that a plugin found.
type Trace struct {
	TraceID         string
	SpanID          string
	ParentSpanID    string
	XRequestID      string
	HttpProxyClient string
	TraceIDs        []string
}

// KeyVal is an attribute.
type KeyVal struct {
	Key string
	Val string
}

// L7ProtocolInfo is one record.
type L7ProtocolInfo struct {
	ReqLen    *int
	RespLen   *int
	RequestID *uint32
	Req       *Request
	Resp      *Response
	Trace     *Trace
	Kv        []KeyVal
	// ProtocolMerge: further records with the same RequestID belong to the same request or response, until one with IsEnd.
	ProtocolMerge bool
	IsEnd         bool
	// IsAsync: no other half belongs to it.
	IsAsync         *bool
	IsReversed      *bool
	BizType         uint8
	BizCode         string
	BizScenario     string
	BizResponseCode string
	L7ProtocolStr   string
}
