package tracecontext

import (
	"bytes"
	"encoding/base64"
)

// idLimit is the longest decoded id: SkyWalking's ids (a UUID or a service, a thread, a time) have about 60 bytes, a span number up to
// 10. Longer ones are not read.
const idLimit = 256

// Id is a trace or span id.
type Id struct {
	text []byte
	// Set for SkyWalking's span id: the number of the span in the segment that text is.
	span    []byte
	encoded bool
}

// IsSet: there is one.
func (i Id) IsSet() bool { return i.text != nil }

// Text is the id: a piece of the value, or decoded into buffer, which has 256 bytes.
func (i Id) Text(buffer []byte) []byte {
	if !i.encoded {
		return i.text
	}
	length := decode(i.text, buffer)
	if length < 0 || length+1+len(i.span) > len(buffer) {
		return nil
	}
	text := buffer[:length]
	if i.span != nil {
		text = append(append(text, '-'), i.span...)
	}
	return text
}

// parts is what one header tells.
type parts struct {
	trace, span Id
	parent      []byte
}

func of(trace, span []byte) parts { return parts{trace: Id{text: trace}, span: Id{text: span}} }

func read(form form, value []byte) (p parts) {
	switch form {
	case formB3:
		return b3(value)
	case formB3Span:
		if isSpanId(value) {
			p.span.text = value
		}
	case formB3Trace:
		if isTraceId(value) {
			p.trace.text = value
		}
	case formJaeger:
		return uberTraceId(value)
	case formPlain:
		if len(value) > 0 {
			return of(value, value)
		}
	case formSkyWalking:
		return sw(value)
	case formTraceparent:
		if trace, span, ok := Traceparent(value); ok {
			return of(trace, span)
		}
	}
	return p
}

// Traceparent gives trace id (32 digits) and span id (16 digits) of a value of the header `traceparent` (W3C Trace Context, sections 3.2 and
// 4): its second and third part. False when a length is wrong, a digit is not one of `0-9a-f`, an id is all zeros, or the version is
// `ff`. Versions above `00` may have more parts behind the flags.
func Traceparent(value []byte) (trace, span []byte, ok bool) {
	const length = 55
	value = bytes.Trim(value, " \t\r\n\f")
	if len(value) < length || value[2] != '-' || value[35] != '-' || value[52] != '-' {
		return nil, nil, false
	}
	version, flags, more := value[:2], value[53:55], value[55:]
	trace, span = value[3:35], value[36:52]
	badEnd := len(more) > 0 && (string(version) == "00" || more[0] != '-')
	if badEnd || string(version) == "ff" || !isLowerHex(version) || !isLowerHex(flags) ||
		!isLowerHex(trace) || !isLowerHex(span) || isZero(trace) || isZero(span) {
		return nil, nil, false
	}
	return trace, span, true
}

// b3: openzipkin/b3-propagation, "Single Header": `{TraceId}-{SpanId}-{SamplingState}-{ParentSpanId}`, where the last two may be missing, or
// the sampling state may stand alone.
func b3(value []byte) parts {
	trace, rest, _ := bytes.Cut(value, []byte{'-'})
	span, rest, sampled := bytes.Cut(rest, []byte{'-'})
	if !isTraceId(trace) || !isSpanId(span) {
		return parts{}
	}
	p := of(trace, span)
	if !sampled {
		return p
	}
	state, parent, more := bytes.Cut(rest, []byte{'-'})
	if s := string(state); s != "0" && s != "1" && s != "d" || bytes.IndexByte(parent, '-') >= 0 {
		return parts{}
	}
	if more && isSpanId(parent) {
		p.parent = parent
	}
	return p
}

// isTraceId: 64 or 128 bits.
func isTraceId(id []byte) bool { return (len(id) == 16 || len(id) == 32) && isHexId(id) }

// isSpanId: 64 bits.
func isSpanId(id []byte) bool { return len(id) == 16 && isHexId(id) }

// uberTraceId: Jaeger client libraries, "Propagation Format": `{trace-id}:{span-id}:{parent-span-id}:{flags}`, numbers of any length in
// hexadecimal digits; HTTP clients URL-encode the colons. A parent of 0 is none.
func uberTraceId(value []byte) parts {
	trace, rest, first := cutColon(value)
	span, rest, second := cutColon(rest)
	parent, flags, third := cutColon(rest)
	if !first || !second || !third || len(trace) > 32 || len(span) > 16 || len(parent) > 16 || len(flags) < 1 || len(flags) > 2 ||
		!isHex(flags) || !isHexId(trace) || !isHexId(span) {
		return parts{}
	}
	p := of(trace, span)
	if isHexId(parent) {
		p.parent = parent
	}
	return p
}

// cutColon cuts at a colon, which may be written `%3A`.
func cutColon(value []byte) (part, rest []byte, ok bool) {
	end := bytes.IndexAny(value, ":%")
	if end < 0 {
		return nil, nil, false
	}
	part, rest = value[:end], value[end:]
	if rest[0] == ':' {
		return part, rest[1:], true
	}
	if len(rest) >= 3 && rest[1] == '3' && rest[2]|0x20 == 'a' {
		return part, rest[3:], true
	}
	return nil, nil, false
}

// sw: SkyWalking cross-process propagation headers protocol v3 (`sw8`) and v2 (`sw6`): parts joined by `-`, which base 64 (RFC 4648 section
// 4) does not contain: sample flag, trace id, parent's segment id, parent's span number, ...
func sw(value []byte) parts {
	flag, rest, _ := bytes.Cut(value, []byte{'-'})
	trace, rest, _ := bytes.Cut(rest, []byte{'-'})
	segment, rest, there := bytes.Cut(rest, []byte{'-'})
	span, _, _ := bytes.Cut(rest, []byte{'-'})
	// A span number is a 32-bit integer.
	if s := string(flag); s != "0" && s != "1" || !there || len(span) < 1 || len(span) > 10 || !isDigits(span) {
		return parts{}
	}
	var buffer [idLimit]byte
	length := decode(segment, buffer[:])
	if decode(trace, buffer[:]) <= 0 || length <= 0 || length >= idLimit-10 {
		return parts{}
	}
	return parts{trace: Id{text: trace, encoded: true}, span: Id{text: segment, span: span, encoded: true}}
}

// decode decodes base 64, with or without padding, and says how many bytes came out; -1 for a foreign character, a bad length, or more
// bytes than into has.
func decode(code, into []byte) int {
	for i := 0; i < 2; i++ {
		code = bytes.TrimSuffix(code, []byte{'='})
	}
	if bytes.ContainsAny(code, "\r\n") || base64.RawStdEncoding.DecodedLen(len(code)) > len(into) {
		return -1
	}
	length, err := base64.RawStdEncoding.Decode(into, code)
	if err != nil {
		return -1
	}
	return length
}

// isHexId: hexadecimal digits of either case, not all of them zero: what B3 and Jaeger call a valid id.
func isHexId(id []byte) bool { return isHex(id) && !isZero(id) }

func isZero(id []byte) bool {
	for _, c := range id {
		if c != '0' {
			return false
		}
	}
	return true
}

func isHex(text []byte) bool {
	for _, c := range text {
		if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'f') {
			return false
		}
	}
	return true
}

func isLowerHex(text []byte) bool {
	for _, c := range text {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

func isDigits(text []byte) bool {
	for _, c := range text {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}
