//go:build !deepflow_abi

package deepflow

import weir "weir.dev/plugin-sdk-go"

// patcher writes what is there; an empty text changes nothing.
type patcher struct{ *weir.Patch }

func (p patcher) text(field weir.Field, text string) {
	if text != "" {
		p.Patch.String(field, text)
	}
}

// Methods (RFC 9110 section 9.1, RFC 5789) and versions that the original takes.
var (
	methods  = [...]string{"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"}
	versions = [...]string{"1.0", "1.1", "2"}
)

func known(text string, list []string) string {
	for _, one := range list {
		if text == one {
			return text
		}
	}
	return ""
}

// patchRequest takes what was asked, ids and attributes.
func patchRequest(subject *weir.Subject, patch *weir.Patch, info *L7ProtocolInfo) {
	to := patcher{patch}
	if req := info.Req; req != nil {
		to.text(weir.FieldVersion, known(req.Version, versions[:]))
		to.text(weir.FieldRequestType, known(req.ReqType, methods[:]))
		to.text(weir.FieldRequestDomain, req.Domain)
		to.text(weir.FieldRequestResource, req.Resource)
		to.text(weir.FieldEndpoint, req.Endpoint)
	}
	if info.RequestID != nil {
		patch.Number(weir.FieldRequestId, int64(*info.RequestID))
	}
	to.ids(subject, info)
	to.attributes(info)
}

// patchResponse takes what was answered, ids and attributes.
func patchResponse(subject *weir.Subject, patch *weir.Patch, info *L7ProtocolInfo) {
	to := patcher{patch}
	to.answer(subject, info.Resp)
	to.ids(subject, info)
	to.attributes(info)
}

// patchMessage takes what the original takes: of some protocols attributes alone.
func patchMessage(protocol string, subject *weir.Subject, patch *weir.Patch, info *L7ProtocolInfo) {
	to := patcher{patch}
	if protocol == "NATS" || protocol == "ZMTP" {
		to.text(weir.FieldBizProtocol, info.L7ProtocolStr)
		to.attributes(info)
		return
	}
	if req := info.Req; req != nil && subject.Direction() == weir.ClientToServer {
		to.text(weir.FieldRequestDomain, req.Domain)
		to.text(weir.FieldRequestType, req.ReqType)
		if protocol != "Dubbo" {
			to.text(weir.FieldVersion, req.Version)
			to.text(weir.FieldRequestResource, req.Resource)
			to.text(weir.FieldEndpoint, req.Endpoint)
		}
	} else if subject.Direction() == weir.ServerToClient {
		to.answer(subject, info.Resp)
	}
	to.ids(subject, info)
	to.attributes(info)
}

// answer: a status that is the same changes nothing; an exception belongs to an answer that is not well.
func (p patcher) answer(subject *weir.Subject, resp *Response) {
	if resp == nil {
		return
	}
	before := statusOf(subject)
	now := before
	if resp.Status != nil {
		now = *resp.Status
	}
	if resp.Code != nil {
		p.Number(weir.FieldResponseCode, int64(*resp.Code))
	}
	p.text(weir.FieldResponseResult, resp.Result)
	if now != RespStatusOk {
		p.text(weir.FieldResponseException, resp.Exception)
	}
	if now != before {
		p.Status(status(now))
	}
}

func (p patcher) ids(subject *weir.Subject, info *L7ProtocolInfo) {
	trace := info.Trace
	if trace == nil {
		return
	}
	for _, id := range traceIds(trace) {
		p.text(weir.FieldTraceId, id)
	}
	if before := subject.Field(weir.FieldSpanId).Bytes(); trace.SpanID != "" && len(before) > 0 && string(before) != trace.SpanID {
		p.Attribute("apm_span_id", before)
	}
	p.text(weir.FieldSpanId, trace.SpanID)
	p.text(weir.FieldParentSpanId, trace.ParentSpanID)
	p.text(weir.FieldXRequestId, trace.XRequestID)
	p.text(weir.FieldHttpProxyClient, trace.HttpProxyClient)
}

func (p patcher) attributes(info *L7ProtocolInfo) {
	attributes(info, func(key, value string) {
		if key != "" && value != "" {
			p.Attribute(key, []byte(value))
		}
	})
	if info.IsAsync != nil && *info.IsAsync {
		p.Attribute("is_async", []byte("true"))
	}
}
