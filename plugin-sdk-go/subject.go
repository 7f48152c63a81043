package weir

import (
	"bytes"
	"net/netip"
	"strconv"

	"weir.dev/plugin-sdk-go/abi"
)

// Subject is a message or session as the plugins before left it. Its texts are pieces of the arena of the call: copy what is kept.
type Subject struct {
	record     *abi.Subject
	arena      []byte
	fields     []abi.Field
	attributes []abi.KnownAttribute
}

func (s *Subject) text(slice abi.Slice) []byte {
	text, _ := cut(s.arena, slice.Offset, slice.Length)
	return text
}

// Protocol as in `l7_protocol`; for `Custom` the name in `biz_protocol`.
func (s *Subject) Protocol() []byte { return s.text(s.record.Protocol) }

// Client is the side that sends requests.
func (s *Subject) Client() netip.AddrPort { return endpoint(&s.record.Client) }

// Server is the other side.
func (s *Subject) Server() netip.AddrPort { return endpoint(&s.record.Server) }

// Transport carried it.
func (s *Subject) Transport() Transport { return Transport(s.record.Transport) }

// FlowId joins the sessions of one flow.
func (s *Subject) FlowId() uint64 { return s.record.FlowID }

// Time of the first byte of the message (of the session for a session hook), nanoseconds since 1970.
func (s *Subject) Time() uint64 { return s.record.Time }

// Duration from the last request byte to the first response byte, nanoseconds; 0 when not known.
func (s *Subject) Duration() uint64 { return s.record.Duration }

// Direction of the message; not for sessions.
func (s *Subject) Direction() Direction { return Direction(s.record.Direction & 1) }

// Status of the session.
func (s *Subject) Status() SessionStatus { return SessionStatus(s.record.Status) }

// SessionType says which halves were seen.
func (s *Subject) SessionType() SessionType { return SessionType(s.record.SessionType) }

// Head is the header fields as lines `name: value`; empty when it was not wanted, or for sessions.
func (s *Subject) Head() []byte { return s.text(s.record.Head) }

// Body is unpacked, up to Interest.BodyLimit.
func (s *Subject) Body() []byte { return s.text(s.record.Body) }

// Cut: the body is longer than what is here, or could not be unpacked to its end.
func (s *Subject) Cut() bool { return s.record.Cut != 0 }

// TraceId of the session so far; empty: it has none.
func (s *Subject) TraceId() []byte { return s.Field(FieldTraceId).Bytes() }

// Field of the record as it stands now.
func (s *Subject) Field(field Field) Value {
	for i := range s.fields {
		if s.fields[i].Name == uint8(field) {
			return s.value(&s.fields[i].Value)
		}
	}
	return Value{}
}

// FieldCount says how many fields are set; FieldAt gives each.
func (s *Subject) FieldCount() int { return len(s.fields) }

// FieldAt gives name and value of the field of that index.
func (s *Subject) FieldAt(index int) (Field, Value) {
	return Field(s.fields[index].Name), s.value(&s.fields[index].Value)
}

// Attribute of the record as it stands now.
func (s *Subject) Attribute(key string) Value {
	for i := range s.attributes {
		if string(s.text(s.attributes[i].Key)) == key {
			return s.value(&s.attributes[i].Value)
		}
	}
	return Value{}
}

// AttributeCount says how many attributes are set; AttributeAt gives each.
func (s *Subject) AttributeCount() int { return len(s.attributes) }

// AttributeAt gives key and value of the attribute of that index.
func (s *Subject) AttributeAt(index int) ([]byte, Value) {
	return s.text(s.attributes[index].Key), s.value(&s.attributes[index].Value)
}

// Header gives the value of the first header field of that name, whatever the case of its letters; nil when there is none.
func (s *Subject) Header(name string) []byte {
	head := s.Head()
	for len(head) > 0 && name != "" {
		line := head
		if end := bytes.IndexByte(head, '\n'); end >= 0 {
			line, head = head[:end], head[end+1:]
		} else {
			head = nil
		}
		if len(line) > len(name) && line[len(name)] == ':' && equalFold(line[:len(name)], name) {
			return trimBlanks(line[len(name)+1:])
		}
	}
	return nil
}

// trimBlanks cuts blanks and line ends off both ends; what is left is never nil, since an empty value is not an absent one.
func trimBlanks(text []byte) []byte {
	for len(text) > 0 && isBlank(text[0]) {
		text = text[1:]
	}
	for len(text) > 0 && isBlank(text[len(text)-1]) {
		text = text[:len(text)-1]
	}
	return text
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// equalFold compares two texts of one length as HTTP compares names: only ASCII letters have two cases (RFC 9110 section 5.1).
func equalFold(text []byte, name string) bool {
	for i := range text {
		if lower(text[i]) != lower(name[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

func (s *Subject) value(raw *abi.Value) Value {
	switch raw.Case {
	case abi.ValueSlice:
		return Value{kind: valueText, text: s.text(abi.Slice{Offset: uint32(raw.Bits), Length: uint32(raw.Bits >> 32)})}
	case abi.ValueNumber:
		return Value{kind: valueNumber, number: int64(raw.Bits)}
	}
	return Value{} // the host owns no texts outside of the arena
}

// Value of a field or attribute: nothing, a text, or a number.
type Value struct {
	kind   valueKind
	text   []byte
	number int64
}

type valueKind uint8

const (
	valueNone valueKind = iota
	valueText
	valueNumber
)

// IsSet: the value is there, though perhaps empty.
func (v Value) IsSet() bool { return v.kind != valueNone }

// Bytes of a text; nil for a number.
func (v Value) Bytes() []byte { return v.text }

// Number of a number, or of a text of decimal digits.
func (v Value) Number() (int64, bool) {
	if v.kind == valueText && len(v.text) > 0 && len(v.text) < 20 {
		number, err := strconv.ParseInt(string(v.text), 10, 64)
		return number, err == nil
	}
	return v.number, v.kind == valueNumber
}

// Append writes the value as text behind buffer.
func (v Value) Append(buffer []byte) []byte {
	if v.kind == valueNumber {
		return strconv.AppendInt(buffer, v.number, 10)
	}
	return append(buffer, v.text...)
}
