//go:build deepflow_abi

package deepflow

import (
	"bytes"
	"testing"
)

const base4 = "\x04\x0a\x00\x00\x01\x0a\x00\x00\x02\x9c\x40\x00\x50\x06\x07\xff" +
	"\x00\x00\x00\x00\x00\x00\x03\xe8\x01\x02ab\x00\x00\x00\x00\x00\x00\x00\x09\x04\x00"

func TestContexts(t *testing.T) {
	ctx, ok := readBase([]byte(base4))
	if !ok || ctx.SrcIP.String() != "10.0.0.1" || ctx.DstIP.String() != "10.0.0.2" || ctx.SrcPort != 40000 || ctx.DstPort != 80 || ctx.L4 != TCP ||
		ctx.L7 != 7 || ctx.EbpfType != EbpfTypeNone || ctx.Time != 1000 || ctx.Direction != DirectionResponse || ctx.ProcName != "ab" ||
		ctx.FlowID != 9 || ctx.BufSize != 1024 {
		t.Errorf("%+v", ctx)
	}
	six := "\x06" + "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01" + "\xfe\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02" + base4[9:]
	if ctx, ok := readBase([]byte(six)); !ok || ctx.SrcIP.String() != "2001:db8::1" || ctx.BufSize != 1024 {
		t.Errorf("%+v", ctx)
	}
	for _, whole := range []string{base4, six} {
		for length := range whole {
			if _, ok := readBase([]byte(whole[:length])); ok {
				t.Errorf("%d of %d bytes are no context", length, len(whole))
			}
		}
	}
	request := "\x00\x02/p\x00\x01h\x00\x00\x00\x01r"
	if r, ok := readRequest([]byte(request), ctx); !ok || r.Path != "/p" || r.Host != "h" || r.UserAgent != "" || r.Referer != "r" || r.BaseCtx.L7 != 7 {
		t.Errorf("%+v", r)
	}
	if _, ok := readRequest([]byte(request[:len(request)-1]), ctx); ok {
		t.Error("a text is cut off")
	}
	for text, endpoint := range map[string]string{"\x01\x94\x04": "", "\x01\x94\x04\x00\x02/e": "/e"} {
		if r, ok := readResponse([]byte(text), ctx); !ok || r.Code != 404 || r.Status != RespStatusClientErr || r.Endpoint != endpoint {
			t.Errorf("%+v", r)
		}
	}
	if m, ok := readMessage([]byte("\x00\x00\x00\x00\x00\x68\x00\x00\x00\x01x"), ctx); !ok || m.TypeCode != 104 || string(m.Payload) != "x" {
		t.Errorf("%+v", m)
	}
	if _, ok := readMessage([]byte("\x00\x00\x00\x00\x00\x68\xff\xff\xff\xffx"), ctx); ok {
		t.Error("the message is not there")
	}
}

func TestRecords(t *testing.T) {
	id, code, length, no, yes := uint32(300), int32(-1), 5, false, true
	bad := RespStatusClientErr
	info := &L7ProtocolInfo{
		ReqLen: &length, RequestID: &id, Req: &Request{ReqType: "r"}, Resp: &Response{Status: &bad, Code: &code, Exception: "e"},
		Trace: &Trace{TraceID: "t", TraceIDs: []string{"u"}}, Kv: []KeyVal{{"k", "v"}}, ProtocolMerge: true, IsAsync: &yes, IsReversed: &no,
		BizType: 1, BizCode: "b", BizResponseCode: "c", L7ProtocolStr: "p",
	}
	rest := "\x62\x06\x0a\x01t\x32\x01u" + "\x6a\x01p" + "\xa8\x01\x00" + "\xb0\x01\x01" + "\xb8\x01\x00" + "\xfa\x01\x06\x0a\x01k\x12\x01v" +
		"\x80\x02\x01" + "\x8a\x02\x01b" + "\x9a\x02\x01c"
	start := "\x08\x05\x18\xac\x02"
	for direction, half := range map[Direction]string{
		DirectionRequest:  "\x52\x03\x12\x01r",
		DirectionResponse: "\x5a\x10\x08\x04\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x1a\x01e",
	} {
		want := "PB" + start + half + rest
		want = "\x00" + string(rune(len(want))) + want
		if got := appendRecords(nil, []*L7ProtocolInfo{nil, info}, direction); string(got) != want {
			t.Errorf("%q, expected\n%q", got, want)
		}
	}
	if got := appendRecords(nil, []*L7ProtocolInfo{{Resp: &Response{}}}, DirectionRequest); string(got) != "\x00\x06PB\x5a\x02\x08\x05" {
		t.Errorf("%q: a response without a status is refused", got)
	}
	long := &L7ProtocolInfo{BizCode: string(bytes.Repeat([]byte("x"), recordLimit))}
	if got := appendRecords(nil, []*L7ProtocolInfo{long}, DirectionRequest); len(got) != 0 {
		t.Error("a length that does not fit into 16 bits")
	}
}
