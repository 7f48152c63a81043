//go:build deepflow_abi

package deepflow

import (
	"encoding/binary"
	"net"

	"weir.dev/plugin-sdk-go/deepflow/pb"
)

// Contexts and records as they cross the border in DeepFlow's own interface: big-endian structures in, protobuf out.

// fields reads a structure; once something is missing all is.
type fields struct {
	rest  []byte
	short bool
}

func (f *fields) take(n int) []byte {
	if n > len(f.rest) {
		f.rest, f.short = nil, true
		return make([]byte, n)
	}
	taken := f.rest[:n]
	f.rest = f.rest[n:]
	return taken
}

func (f *fields) u8() uint8      { return f.take(1)[0] }
func (f *fields) u16() uint16    { return binary.BigEndian.Uint16(f.take(2)) }
func (f *fields) u32() uint32    { return binary.BigEndian.Uint32(f.take(4)) }
func (f *fields) u64() uint64    { return binary.BigEndian.Uint64(f.take(8)) }
func (f *fields) string() string { return string(f.take(int(f.u16()))) }

func (f *fields) ip(length int) net.IPAddr {
	return net.IPAddr{IP: append(net.IP(nil), f.take(length)...)}
}

// readBase reads a CtxBase; false: it is not whole.
func readBase(bytes []byte) (ctx ParseCtx, ok bool) {
	f := fields{rest: bytes}
	length := 4
	if f.u8() == 6 {
		length = 16
	}
	ctx.SrcIP, ctx.DstIP = f.ip(length), f.ip(length)
	ctx.SrcPort, ctx.DstPort = f.u16(), f.u16()
	ctx.L4, ctx.L7 = L4Protocol(f.u8()), f.u8()
	ctx.EbpfType, ctx.Time, ctx.Direction = EbpfType(f.u8()), f.u64(), Direction(f.u8())
	ctx.ProcName = string(f.take(int(f.u8())))
	ctx.FlowID, ctx.BufSize = f.u64(), f.u16()
	return ctx, !f.short
}

func readRequest(bytes []byte, base ParseCtx) (*HttpReqCtx, bool) {
	f := fields{rest: bytes}
	ctx := &HttpReqCtx{BaseCtx: base, Path: f.string(), Host: f.string(), UserAgent: f.string(), Referer: f.string()}
	return ctx, !f.short
}

// readResponse: older agents end behind the status.
func readResponse(bytes []byte, base ParseCtx) (*HttpRespCtx, bool) {
	f := fields{rest: bytes}
	ctx := &HttpRespCtx{BaseCtx: base, Code: f.u16(), Status: RespStatus(f.u8())}
	if len(f.rest) > 0 {
		ctx.Endpoint = f.string()
	}
	return ctx, !f.short
}

func readMessage(bytes []byte, base ParseCtx) (*CustomMessageCtx, bool) {
	f := fields{rest: bytes}
	ctx := &CustomMessageCtx{BaseCtx: base, HookPoint: f.u16(), TypeCode: f.u32()}
	if length := f.u32(); uint64(length) <= uint64(len(f.rest)) {
		ctx.Payload = f.take(int(length))
		return ctx, !f.short
	}
	return nil, false
}

// recordLimit: a record says its length in 16 bits, the `PB` before it included.
const recordLimit = 65535

// appendRecords writes the list that the host reads. A record that is too long is left out.
func appendRecords(into []byte, infos []*L7ProtocolInfo, direction Direction) []byte {
	var message []byte
	for _, info := range infos {
		if info == nil {
			continue
		}
		if message = appendInfo(message[:0], info, direction); len(message)+2 > recordLimit {
			Warn("a record of %d bytes is left out", len(message))
			continue
		}
		into = binary.BigEndian.AppendUint16(into, uint16(len(message)+2))
		into = append(append(into, "PB"...), message...)
	}
	return into
}

// appendInfo writes an AppInfo; what is empty is left out.
func appendInfo(into []byte, info *L7ProtocolInfo, direction Direction) []byte {
	into = appendLength(into, 1, info.ReqLen)
	into = appendLength(into, 2, info.RespLen)
	if info.RequestID != nil {
		into = pb.AppendNumber(into, 3, uint64(*info.RequestID))
	}
	if req := info.Req; req != nil && (info.Resp == nil || direction == DirectionRequest) {
		into = pb.AppendMessage(into, 10, texts(nil, req.Version, req.ReqType, req.Domain, req.Resource, req.Endpoint))
	} else if resp := info.Resp; resp != nil && (info.Req == nil || direction == DirectionResponse) {
		into = pb.AppendMessage(into, 11, response(resp))
	}
	if t := info.Trace; t != nil {
		trace := texts(nil, t.TraceID, t.SpanID, t.ParentSpanID, t.XRequestID, t.HttpProxyClient)
		for _, id := range t.TraceIDs {
			trace = pb.AppendBytes(trace, 6, []byte(id))
		}
		into = pb.AppendMessage(into, 12, trace)
	}
	into = pb.AppendBytes(into, 13, []byte(info.L7ProtocolStr))
	if info.ProtocolMerge {
		// That it is there says that records are joined.
		into = appendFlag(into, 21, &info.IsEnd)
	}
	into = appendFlag(into, 22, info.IsAsync)
	into = appendFlag(into, 23, info.IsReversed)
	for _, pair := range info.Kv {
		into = pb.AppendMessage(into, 31, texts(nil, pair.Key, pair.Val))
	}
	if info.BizType > 0 {
		into = pb.AppendNumber(into, 32, uint64(info.BizType))
	}
	into = pb.AppendBytes(into, 33, []byte(info.BizCode))
	into = pb.AppendBytes(into, 34, []byte(info.BizScenario))
	return pb.AppendBytes(into, 35, []byte(info.BizResponseCode))
}

// response: without a status the host refuses it.
func response(resp *Response) []byte {
	status := RespStatusUnknown
	if resp.Status != nil {
		status = *resp.Status
	}
	message := pb.AppendNumber(nil, 1, uint64(status))
	if resp.Code != nil {
		message = pb.AppendNumber(message, 2, uint64(int64(*resp.Code)))
	}
	for i, text := range [...]string{resp.Exception, resp.Result, resp.ReqType, resp.Endpoint} {
		message = pb.AppendBytes(message, uint64(3+i), []byte(text))
	}
	return message
}

// texts writes fields 1, 2, ...
func texts(into []byte, texts ...string) []byte {
	for i, text := range texts {
		into = pb.AppendBytes(into, uint64(1+i), []byte(text))
	}
	return into
}

func appendLength(into []byte, number uint64, length *int) []byte {
	if length == nil || *length < 0 {
		return into
	}
	return pb.AppendNumber(into, number, uint64(uint32(*length)))
}

func appendFlag(into []byte, number uint64, flag *bool) []byte {
	if flag == nil {
		return into
	}
	value := uint64(0)
	if *flag {
		value = 1
	}
	return pb.AppendNumber(into, number, value)
}
