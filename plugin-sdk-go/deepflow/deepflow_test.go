//go:build !deepflow_abi

package deepflow

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	weir "weir.dev/plugin-sdk-go"
	"weir.dev/plugin-sdk-go/deepflow/pb"
	"weir.dev/plugin-sdk-go/weirtest"
)

// toy answers what the test wants, and keeps what it was given.
type toy struct {
	DefaultParser
	check   func(*ParseCtx) (uint8, string, uint8)
	parse   func(*ParseCtx) Action
	request func(*HttpReqCtx) Action
	respond func(*HttpRespCtx) Action
	nats    func(pb.NatsMessage) Action
	points  []HookBitmap
	custom  uint64
}

func (t *toy) HookIn() []HookBitmap                              { return t.points }
func (t *toy) CustomMessageHookIn() uint64                       { return t.custom }
func (t *toy) OnCheckPayload(c *ParseCtx) (uint8, string, uint8) { return t.check(c) }
func (t *toy) OnParsePayload(c *ParseCtx) Action                 { return t.parse(c) }
func (t *toy) OnHttpReq(c *HttpReqCtx) Action                    { return t.request(c) }
func (t *toy) OnHttpResp(c *HttpRespCtx) Action                  { return t.respond(c) }
func (t *toy) OnNatsMessage(m pb.NatsMessage) Action             { return t.nats(m) }

var _ Parser = &toy{}

func set(t *testing.T, p any) {
	t.Helper()
	SetParser(p)
	t.Cleanup(func() { plugin, truncation = nil, truncationDefault })
}

func yes(*ParseCtx) (uint8, string, uint8) { return 7, "toy", REQUEST }

func TestPayloads(t *testing.T) {
	one := uint32(1)
	var seen []string
	set(t, &toy{check: yes, parse: func(c *ParseCtx) Action {
		payload, _ := c.GetPayload()
		seen = append(seen, fmt.Sprintf("%s:%d>%s:%d %d %d %d %s", &c.SrcIP, c.SrcPort, &c.DstIP, c.DstPort, c.L4, c.L7, c.Direction, payload))
		code, bad := int32(3), RespStatusClientErr
		return ParseActionAbortWithL7Info([]*L7ProtocolInfo{nil, {
			RequestID: &one,
			Req:       &Request{ReqType: "ask", Resource: "r", Version: "2"},
			Resp:      &Response{Code: &code, Status: &bad, Exception: "e", Result: "x"},
			Trace:     &Trace{TraceID: "t1", TraceIDs: []string{"t1", "", "t2"}, SpanID: "s"},
			Kv:        []KeyVal{{"k", "v"}, {"", "v"}}, BizCode: "b", BizType: 9,
		}})
	}})
	h := weirtest.Tcp(weirParser{}).Client("hello").Server("world!")
	if len(h.Messages()) != 2 {
		t.Fatal(h.Messages())
	}
	request, response := h.Messages()[0], h.Messages()[1]
	if fmt.Sprint(seen) != "[10.0.0.1:40000>10.0.0.2:80 6 7 0 hello 10.0.0.2:80>10.0.0.1:40000 6 7 1 world!]" {
		t.Error(seen)
	}
	if request.Kind != weir.KindRequest || request.Text(weir.FieldRequestType) != "ask" || request.Text(weir.FieldResponseCode) != "" ||
		request.Text(weir.FieldBizProtocol) != "toy" || *request.Correlation != 1 || request.End != 5 ||
		request.Text(weir.FieldTraceId) != "t1" || request.Attribute("trace_id_2") != "t2" || request.Attribute("k") != "v" ||
		request.Attribute("biz_code") != "b" || request.Attribute("biz_type") != "9" || len(request.Attributes) != 4 {
		t.Error(request)
	}
	if response.Kind != weir.KindResponse || response.Text(weir.FieldRequestType) != "" || response.Text(weir.FieldResponseCode) != "3" ||
		response.Status != weir.StatusClientError || response.Text(weir.FieldResponseException) != "e" {
		t.Error(response)
	}
}

func TestSeveralRecords(t *testing.T) {
	three, five, yes1 := 3, 5, true
	id := uint32(4)
	infos := [][]*L7ProtocolInfo{
		{{ReqLen: &three, Req: &Request{ReqType: "a"}}, {ReqLen: &five, Req: &Request{ReqType: "b"}}, {IsAsync: &yes1, Req: &Request{}}},
		{{ProtocolMerge: true, RequestID: &id, Req: &Request{ReqType: "c"}}},
		{{ProtocolMerge: true, RequestID: &id, Req: &Request{Resource: "d"}}},
		{{ProtocolMerge: true, IsEnd: true, RequestID: &id, Req: &Request{Endpoint: "e"}}},
	}
	set(t, &toy{check: yes, parse: func(*ParseCtx) Action {
		now := infos[0]
		infos = infos[1:]
		return ParseActionAbortWithL7Info(now)
	}})
	h := weirtest.Tcp(weirParser{}).Client("0123456789").Client("x").Client("y").Client("z")
	told := h.Messages()
	if len(told) != 6 || told[0].End != 3 || told[1].Start != 3 || told[1].End != 8 || told[2].End != 10 || told[2].Kind != weir.KindOneWay {
		t.Fatal(told)
	}
	joined := h.Joined()
	last := joined[len(joined)-1]
	if last.Part != weir.PartWhole || last.Text(weir.FieldRequestResource) != "d" || last.Text(weir.FieldEndpoint) != "e" || last.End != 13 {
		t.Error(last)
	}
}

func TestWhatThePluginDoesNotWant(t *testing.T) {
	asked := 0
	set(t, &toy{check: yes, parse: func(*ParseCtx) Action {
		asked++
		return []Action{ActionNext(), ActionAbort(), ActionAbortWithErr(errors.New("x")), nil}[asked%4]
	}})
	h := weirtest.Tcp(weirParser{})
	for range 4 {
		h.Client("x")
	}
	if len(h.Messages()) != 0 || h.End() != weirtest.StillThere {
		t.Error(h.Messages(), h.End())
	}
	set(t, &toy{check: yes, parse: func(*ParseCtx) Action { return ActionNext() }})
	h = weirtest.Tcp(weirParser{})
	for range missesLimit {
		h.Client("x")
	}
	if h.End() != weirtest.Finished {
		t.Error("a plugin is asked for ever about what it does not want")
	}
}

func TestCheck(t *testing.T) {
	direction := uint8(0)
	number := uint8(1)
	set(t, &toy{check: func(c *ParseCtx) (uint8, string, uint8) { return number, "", direction }})
	for _, c := range []struct {
		number, direction uint8
		sender            weir.Sender
		want              weir.Verdict
	}{
		{0, REQUEST, weir.SenderClient, weir.VerdictNo},
		{1, 0, weir.SenderUnknown, weir.VerdictClientSpeaks},
		{1, 0, weir.SenderServer, weir.VerdictServerSpeaks},
		{1, REQUEST, weir.SenderServer, weir.VerdictClientSpeaks},
		{1, RESPONSE, weir.SenderClient, weir.VerdictServerSpeaks},
	} {
		number, direction = c.number, c.direction
		if got := weirtest.Check(weirParser{}, weir.TCP, c.sender, "xx"); got != c.want {
			t.Errorf("%+v: %d", c, got)
		}
	}
	if weirtest.Check(weirParser{}, weir.TCP, weir.SenderClient, "x") != weir.VerdictNeedMore {
		t.Error("one byte is not shown")
	}
}

// older is a parser as it was written years ago.
type older struct{}

func (older) OnHttpReq(*HttpReqCtx) HttpAction                           { return ActionNext() }
func (older) OnHttpResp(*HttpRespCtx) HttpAction                         { return ActionNext() }
func (older) OnCheckPayload(*ParseCtx) (protoNum uint8, protoStr string) { return 3, "old" }
func (older) OnParsePayload(*ParseCtx) ParseAction {
	return ParseActionAbortWithL7Info([]*L7ProtocolInfo{{Req: &Request{ReqType: "x"}}})
}
func (older) HookIn() []HookBitmap { return []HookBitmap{HOOK_POINT_PAYLOAD_PARSE} }

func TestOlderParsers(t *testing.T) {
	set(t, older{})
	told := weirtest.Tcp(weirParser{}).Client("xx").Messages()
	if len(told) != 1 || told[0].Text(weir.FieldBizProtocol) != "old" {
		t.Error(told)
	}
	if m := (weirParser{}).Manifest(); len(m.Signatures) != 2 {
		t.Error(m)
	}
	if i := newHttpHook().Wanted(); i.Requests || i.Responses || i.Head || i.BodyLimit != 0 {
		t.Error(i)
	}
	if i := new(messageHook).Wanted(); i.Requests || i.Responses {
		t.Error(i)
	}
	defer func() {
		if recover() == nil {
			t.Error("anything is a parser")
		}
	}()
	SetParser(1)
}

func TestHttp(t *testing.T) {
	var request *http.Request
	var body []byte
	set(t, &toy{
		points: []HookBitmap{HOOK_POINT_HTTP_REQ, HOOK_POINT_HTTP_RESP},
		request: func(c *HttpReqCtx) Action {
			payload, _ := c.BaseCtx.GetPayload()
			var err error
			if request, err = http.ReadRequest(bufio.NewReader(bytes.NewReader(payload))); err != nil {
				t.Fatal(err, string(payload))
			}
			body, _ = io.ReadAll(request.Body)
			if c.BaseCtx.L7 != 20 || c.Path != "/p?q" || c.Host != "h" || c.UserAgent != "ua" || c.Referer != "" {
				t.Error(c)
			}
			req := &Request{ReqType: "STEAL", Version: "1.1", Domain: "d", Endpoint: "/p"}
			return HttpReqActionAbortWithResult(req, &Trace{TraceID: "a", TraceIDs: []string{"b"}, SpanID: "new"}, []KeyVal{{"k", "v"}})
		},
		respond: func(c *HttpRespCtx) Action {
			payload, _ := c.BaseCtx.GetPayload()
			if !bytes.HasPrefix(payload, []byte("HTTP/1.1 204 \r\n")) || c.Code != 204 || c.Status != RespStatusOk || c.Endpoint != "/e" {
				t.Errorf("%q %+v", payload, c)
			}
			bad, code := RespStatusServerErr, int32(500)
			return HttpRespActionAbortWithResult(&Response{Status: &bad, Code: &code, Exception: "x", Result: "r"}, nil, nil)
		},
	})
	hook := weir.ObserveHttp(newHttpHook())
	if i := hook.Wanted(); !i.Requests || !i.Responses || !i.Head || i.BodyLimit != truncationDefault {
		t.Error(i)
	}
	patches := weirtest.Observe(hook, weirtest.Subject{
		Protocol: "HTTP", Head: "Host: h\r\nUser-Agent: ua\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", Body: "plain",
		Fields: []weirtest.FieldValue{
			{Name: weir.FieldRequestType, Value: "POST"}, {Name: weir.FieldRequestResource, Value: "/p?q"},
			{Name: weir.FieldRequestDomain, Value: "h"}, {Name: weir.FieldSpanId, Value: "old"},
		},
	}, weirtest.Subject{
		Protocol: "HTTP", Direction: weir.ServerToClient, Status: weir.SessionOk, Head: "a: b\r\n",
		Fields: []weirtest.FieldValue{{Name: weir.FieldResponseCode, Value: int64(204)}, {Name: weir.FieldEndpoint, Value: "/e"}},
	})
	if string(body) != "plain" || request.Method != "POST" || request.URL.Path != "/p" || request.Header.Get("Content-Encoding") != "" {
		t.Errorf("%q %+v", body, request)
	}
	p := patches[0]
	if p.Action != weir.ActionStop || p.Text(weir.FieldRequestType) != "" || p.Text(weir.FieldVersion) != "1.1" ||
		p.Text(weir.FieldRequestDomain) != "d" || p.Text(weir.FieldTraceId) != "b" || p.Attribute("apm_span_id") != "old" ||
		p.Text(weir.FieldSpanId) != "new" || p.Attribute("k") != "v" || p.Text(weir.FieldEndpoint) != "/p" {
		t.Error(p)
	}
	p = patches[1]
	if p.Status != weir.StatusServerError || p.Text(weir.FieldResponseCode) != "500" || p.Text(weir.FieldResponseException) != "x" {
		t.Error(p)
	}
}

func TestHttp2Frames(t *testing.T) {
	long := strings.Repeat("v", 300)
	set(t, &toy{request: func(c *HttpReqCtx) Action {
		payload, _ := c.BaseCtx.GetPayload()
		if c.BaseCtx.L7 != 41 || c.Path != "/s/m" || !bytes.HasPrefix(payload[3:], []byte("\x01\x04\x00\x00\x00\x05\x00\x05:path\x04/s/m")) {
			t.Errorf("%+v %q", c, payload)
		}
		if !bytes.Contains(payload, []byte("\x7f\xad\x01"+long)) || !bytes.HasSuffix(payload, []byte("\x00\x00\x09\x00\x01\x00\x00\x00\x05\x00\x00\x00\x00\x04body")) {
			t.Errorf("%q", payload)
		}
		return ActionNext()
	}})
	patches := weirtest.Observe(weir.ObserveHttp(newHttpHook()), weirtest.Subject{
		Protocol: "gRPC", Head: ":path: /s/m\r\nlong: " + long + "\r\n", Body: "body",
		Fields: []weirtest.FieldValue{{Name: weir.FieldRequestId, Value: int64(5)}},
	})
	if p := patches[0]; p.Action != weir.ActionNext || p.Fields != nil {
		t.Error(p)
	}
}

func TestNats(t *testing.T) {
	p := &toy{points: []HookBitmap{HOOK_POINT_CUSTOM_MESSAGE}, custom: CustomMessageHookProtocol(PROTOCOL_NATS, true)}
	p.nats = func(m pb.NatsMessage) Action {
		return CustomMessageActionAbortWithResult([]KeyVal{{"seen", m.Subject + "|" + m.ReplyTo + "|" + string(m.Payload)}})
	}
	p.Parser = p
	set(t, p)
	hook := weir.ObserveMessages(new(messageHook))
	if i := hook.Wanted(); fmt.Sprint(i.Protocols) != "[NATS]" || !i.Requests {
		t.Error(i)
	}
	long := strings.Repeat("x", 500)
	patches := weirtest.Observe(hook, weirtest.Subject{
		Protocol: "NATS", Body: long, Fields: []weirtest.FieldValue{{Name: weir.FieldRequestResource, Value: "orders"}},
		Attributes: []weirtest.AttributeValue{{Key: "reply_to", Value: "inbox"}},
	}, weirtest.Subject{Protocol: "Dubbo", Body: "x"})
	if got := patches[0].Attribute("seen"); got != "orders|inbox|"+long {
		t.Error(got)
	}
	if patches[1].Attributes != nil {
		t.Error("Dubbo is not NATS")
	}
	p.custom = CUSTOM_MESSAGE_HOOK_ALL
	if i := hook.Wanted(); len(i.Protocols) != len(customNumbers) {
		t.Error(i)
	}
	p.custom = CustomMessageHookProtocol(PROTOCOL_NATS, false)
	if i := hook.Wanted(); i.Requests || i.Responses {
		t.Error(i)
	}
}

func TestTruncation(t *testing.T) {
	length := 0
	set(t, &toy{check: yes, parse: func(c *ParseCtx) Action {
		payload, _ := c.GetPayload()
		length = len(payload)
		return ActionAbort()
	}})
	for text, want := range map[string]int{"": 1024, "2000": 2000, "255": 1024, "65536": 1024, "x": 1024} {
		truncation = truncationDefault
		if text != "" {
			weir.SetConfig(map[string]string{"payload-truncation": text})
		}
		weirParser{}.Manifest()
		weir.SetConfig(nil)
		weirtest.Tcp(weirParser{}).Client(strings.Repeat("x", 5000))
		if length != want {
			t.Errorf("%q: %d", text, length)
		}
	}
}

func TestIdentity(t *testing.T) {
	Identify("My_Plugin", "1.2.3")
	defer Identify("", "")
	if who := about(); who.Name != "my-plugin" || who.Version != "1.2.3" {
		t.Error(who)
	}
	Identify("", "")
	if who := about(); who.Name == "" || who.Version == "" {
		t.Error(who)
	}
}
