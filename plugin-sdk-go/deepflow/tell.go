//go:build !deepflow_abi

package deepflow

import (
	"strconv"

	weir "weir.dev/plugin-sdk-go"
)

// begun is a message that several records make.
type begun struct {
	numbered bool
	id       uint32
}

// begunLimit: messages of one direction that are put together at a time; more are told as they come.
const begunLimit = 64

// traceIdsLimit: trace ids of one record that are kept.
const traceIdsLimit = 8

// tell makes a message of each record. An empty text is no text.
func (c *connection) tell(infos []*L7ProtocolInfo, input weir.Input, output weir.Output) {
	start, last := input.Position, input.Position+uint64(len(input.Bytes))
	for _, info := range infos {
		if info == nil {
			continue
		}
		end := last
		if stated := statedLength(info, input.Direction); stated > 0 && start+stated <= last {
			// A length inside of the payload ends the message: the next record follows it.
			end = start + stated
		}
		message := output.Spanning(kind(info, input.Direction), c.part(info, input.Direction), start, end)
		c.write(message, info, input.Direction)
		if end < last {
			start = end
		}
	}
}

func statedLength(info *L7ProtocolInfo, direction weir.Direction) uint64 {
	length := info.ReqLen
	if direction == weir.ServerToClient {
		length = info.RespLen
	}
	if length == nil || *length < 0 {
		return 0
	}
	return uint64(*length)
}

func kind(info *L7ProtocolInfo, direction weir.Direction) weir.Kind {
	switch {
	case info.IsAsync != nil && *info.IsAsync:
		return weir.KindOneWay
	case direction == weir.ClientToServer:
		return weir.KindRequest
	}
	return weir.KindResponse
}

func (c *connection) part(info *L7ProtocolInfo, direction weir.Direction) weir.Part {
	if !info.ProtocolMerge {
		return weir.PartWhole
	}
	key := begun{}
	if info.RequestID != nil {
		key = begun{true, *info.RequestID}
	}
	list := &c.begun[direction]
	for i := range *list {
		if (*list)[i] != key {
			continue
		}
		if !info.IsEnd {
			return weir.PartMore
		}
		(*list)[i] = (*list)[len(*list)-1]
		*list = (*list)[:len(*list)-1]
		return weir.PartEnd
	}
	if info.IsEnd || len(*list) == begunLimit {
		return weir.PartWhole
	}
	*list = append(*list, key)
	return weir.PartBegin
}

func (c *connection) write(message weir.MessageBuilder, info *L7ProtocolInfo, direction weir.Direction) {
	text := func(field weir.Field, value string) {
		if value != "" {
			message.String(field, value)
		}
	}
	name := c.name
	if name == "" {
		name = info.L7ProtocolStr
	}
	text(weir.FieldBizProtocol, name)
	if info.RequestID != nil {
		message.Number(weir.FieldRequestId, int64(*info.RequestID)).Correlation(uint64(*info.RequestID))
	}
	if req := info.Req; req != nil && (info.Resp == nil || direction == weir.ClientToServer) {
		text(weir.FieldRequestType, req.ReqType)
		text(weir.FieldRequestDomain, req.Domain)
		text(weir.FieldRequestResource, req.Resource)
		text(weir.FieldEndpoint, req.Endpoint)
		text(weir.FieldVersion, req.Version)
	} else if resp := info.Resp; resp != nil && (info.Req == nil || direction == weir.ServerToClient) {
		if resp.Code != nil {
			message.Number(weir.FieldResponseCode, int64(*resp.Code))
		}
		if resp.Status != nil {
			message.Status(status(*resp.Status))
		}
		text(weir.FieldResponseException, resp.Exception)
		text(weir.FieldResponseResult, resp.Result)
		text(weir.FieldRequestType, resp.ReqType)
		text(weir.FieldEndpoint, resp.Endpoint)
	}
	attribute := func(key, value string) {
		if key != "" && value != "" {
			message.Attribute(key, []byte(value))
		}
	}
	if trace := info.Trace; trace != nil {
		ids := traceIds(trace)
		for i, id := range ids {
			if i == 0 {
				text(weir.FieldTraceId, id)
			} else {
				attribute("trace_id_"+strconv.Itoa(i+1), id)
			}
		}
		text(weir.FieldSpanId, trace.SpanID)
		text(weir.FieldParentSpanId, trace.ParentSpanID)
		text(weir.FieldXRequestId, trace.XRequestID)
		text(weir.FieldHttpProxyClient, trace.HttpProxyClient)
	}
	attributes(info, attribute)
}

// traceIds gives all that are there, each once.
func traceIds(trace *Trace) (ids []string) {
	for i := -1; i < len(trace.TraceIDs) && len(ids) < traceIdsLimit; i++ {
		id := trace.TraceID
		if i >= 0 {
			id = trace.TraceIDs[i]
		}
		known := id == ""
		for _, other := range ids {
			known = known || other == id
		}
		if !known {
			ids = append(ids, id)
		}
	}
	return ids
}

// attributes gives those that the plugin names, and what request logs have no field for.
func attributes(info *L7ProtocolInfo, set func(key, value string)) {
	for _, pair := range info.Kv {
		set(pair.Key, pair.Val)
	}
	set("biz_code", info.BizCode)
	set("biz_scenario", info.BizScenario)
	set("biz_response_code", info.BizResponseCode)
	if info.BizType > 0 {
		set("biz_type", strconv.Itoa(int(info.BizType)))
	}
	if info.IsReversed != nil && *info.IsReversed {
		set("is_reversed", "true")
	}
}

func status(status RespStatus) weir.Status {
	switch status {
	case RespStatusOk:
		return weir.StatusOk
	case RespStatusClientErr:
		return weir.StatusClientError
	case RespStatusServerErr, RespStatusTimeout:
		return weir.StatusServerError
	}
	return weir.StatusNone
}
