// Deepflow is a parser in the shape of DeepFlow's Go SDK; only the import is Weir's. It reads a toy protocol (lines `ASK id text` from the
// client, `ANS id code text` from the server), makes the header X-Order-Id of HTTP requests an attribute and the trace id, and turns
// responses with the header X-Biz-Error into errors.
package main

import (
	"bytes"
	"strconv"
	"strings"

	sdk "weir.dev/plugin-sdk-go/deepflow"
)

const protocol uint8 = 7

func main() {
	sdk.SetParser(plugin{})
}

type plugin struct {
	sdk.DefaultParser
}

func (plugin) HookIn() []sdk.HookBitmap {
	return []sdk.HookBitmap{sdk.HOOK_POINT_PAYLOAD_PARSE, sdk.HOOK_POINT_HTTP_REQ, sdk.HOOK_POINT_HTTP_RESP}
}

func (plugin) OnCheckPayload(ctx *sdk.ParseCtx) (uint8, string, uint8) {
	payload, err := ctx.GetPayload()
	switch {
	case err != nil:
		return 0, "", 0
	case bytes.HasPrefix(payload, []byte("ASK ")):
		return protocol, "asking", sdk.REQUEST
	case bytes.HasPrefix(payload, []byte("ANS ")):
		return protocol, "asking", sdk.RESPONSE
	}
	return 0, "", 0
}

func (plugin) OnParsePayload(ctx *sdk.ParseCtx) sdk.Action {
	payload, err := ctx.GetPayload()
	if err != nil || ctx.L7 != protocol {
		return sdk.ActionNext()
	}
	var infos []*sdk.L7ProtocolInfo
	for _, line := range strings.Split(strings.TrimSuffix(string(payload), "\n"), "\n") {
		if info := parse(line); info != nil {
			infos = append(infos, info)
		}
	}
	if len(infos) == 0 {
		return sdk.ActionNext()
	}
	return sdk.ParseActionAbortWithL7Info(infos)
}

func parse(line string) *sdk.L7ProtocolInfo {
	words := strings.SplitN(line, " ", 4)
	if len(words) < 3 {
		return nil
	}
	number, err := strconv.ParseUint(words[1], 10, 32)
	if err != nil {
		return nil
	}
	id := uint32(number)
	switch words[0] {
	case "ASK":
		return &sdk.L7ProtocolInfo{RequestID: &id, Req: &sdk.Request{ReqType: "ASK", Resource: strings.Join(words[2:], " ")}}
	case "ANS":
		code, err := strconv.ParseInt(words[2], 10, 32)
		if err != nil || len(words) < 4 {
			return nil
		}
		code32, status := int32(code), sdk.RespStatusOk
		if code > 0 {
			status = sdk.RespStatusServerErr
		}
		return &sdk.L7ProtocolInfo{RequestID: &id, Resp: &sdk.Response{Code: &code32, Status: &status, Result: words[3]}}
	}
	return nil
}

func (plugin) OnHttpReq(ctx *sdk.HttpReqCtx) sdk.Action {
	order := header(&ctx.BaseCtx, "x-order-id: ")
	if order == "" {
		return sdk.ActionNext()
	}
	trace := &sdk.Trace{TraceID: order}
	return sdk.HttpReqActionAbortWithResult(nil, trace, []sdk.KeyVal{{Key: "order", Val: order}, {Key: "host", Val: ctx.Host}})
}

func (plugin) OnHttpResp(ctx *sdk.HttpRespCtx) sdk.Action {
	text := header(&ctx.BaseCtx, "x-biz-error: ")
	if text == "" || ctx.Code >= 400 {
		return sdk.ActionNext()
	}
	code, status := int32(500), sdk.RespStatusServerErr
	return sdk.HttpRespActionAbortWithResult(&sdk.Response{Code: &code, Status: &status, Exception: text}, nil, nil)
}

func header(ctx *sdk.ParseCtx, name string) string {
	payload, err := ctx.GetPayload()
	if err != nil {
		return ""
	}
	for _, line := range strings.Split(string(payload), "\r\n") {
		if line == "" {
			break
		}
		if len(line) > len(name) && strings.EqualFold(line[:len(name)], name) {
			return line[len(name):]
		}
	}
	return ""
}
