// Package pb holds the messages that OnCustomMessage hands on, without the rest of protobuf.
package pb

import "errors"

// NatsMessage is a message of NATS: field 1 is the subject, 2 where the answer goes, 3 the payload.
type NatsMessage struct {
	Subject string
	ReplyTo string
	Payload []byte
}

// ZmtpMessage is a message of ZMTP: field 1 is the pattern of a subscription, when it is one; 2 the payload.
type ZmtpMessage struct {
	// Subscription is nil or a *ZmtpMessage_MatchPattern.
	Subscription isZmtpMessage_Subscription
	Payload      []byte
}

type isZmtpMessage_Subscription interface{ isZmtpMessage_Subscription() }

// ZmtpMessage_MatchPattern is the pattern of a subscription.
type ZmtpMessage_MatchPattern struct{ MatchPattern string }

func (*ZmtpMessage_MatchPattern) isZmtpMessage_Subscription() {}

// GetMatchPattern is the pattern; empty for what is no subscription.
func (m *ZmtpMessage) GetMatchPattern() string {
	if s, ok := m.Subscription.(*ZmtpMessage_MatchPattern); ok {
		return s.MatchPattern
	}
	return ""
}

// GetSubject is the subject.
func (m *NatsMessage) GetSubject() string { return m.Subject }

// GetReplyTo is where the answer goes.
func (m *NatsMessage) GetReplyTo() string { return m.ReplyTo }

// GetPayload is the payload.
func (m *NatsMessage) GetPayload() []byte { return m.Payload }

// GetPayload is the payload.
func (m *ZmtpMessage) GetPayload() []byte { return m.Payload }

var errDamaged = errors.New("pb: damaged message")

// UnmarshalVT reads a message; its payload is a piece of data.
func (m *NatsMessage) UnmarshalVT(data []byte) error {
	*m = NatsMessage{}
	return fields(data, func(number uint64, content []byte) {
		switch number {
		case 1:
			m.Subject = string(content)
		case 2:
			m.ReplyTo = string(content)
		case 3:
			m.Payload = content
		}
	})
}

// UnmarshalVT reads a message; its payload is a piece of data.
func (m *ZmtpMessage) UnmarshalVT(data []byte) error {
	*m = ZmtpMessage{}
	return fields(data, func(number uint64, content []byte) {
		switch number {
		case 1:
			m.Subscription = &ZmtpMessage_MatchPattern{string(content)}
		case 2:
			m.Payload = content
		}
	})
}

// Wire types (protobuf encoding, "Message Structure").
const (
	wireVarint = 0
	wire64     = 1
	wireBytes  = 2
	wire32     = 5
)

// fields calls with each field that holds bytes, and steps over the others.
func fields(data []byte, visit func(number uint64, content []byte)) error {
	for len(data) > 0 {
		key, rest, ok := varint(data)
		if !ok {
			return errDamaged
		}
		length := uint64(0)
		switch key & 7 {
		case wireVarint:
			if _, rest, ok = varint(rest); !ok {
				return errDamaged
			}
		case wire64:
			length = 8
		case wire32:
			length = 4
		case wireBytes:
			if length, rest, ok = varint(rest); !ok {
				return errDamaged
			}
		default:
			return errDamaged
		}
		if length > uint64(len(rest)) {
			return errDamaged
		}
		if key&7 == wireBytes {
			visit(key>>3, rest[:length:length])
		}
		data = rest[length:]
	}
	return nil
}

func varint(data []byte) (value uint64, rest []byte, ok bool) {
	for i := 0; i < len(data) && i < 10; i++ {
		value |= uint64(data[i]&0x7f) << (7 * i)
		if data[i] < 0x80 {
			return value, data[i+1:], true
		}
	}
	return 0, nil, false
}

// AppendBytes writes a field; an empty one is left out, as proto3 has it.
func AppendBytes(message []byte, number uint64, content []byte) []byte {
	if len(content) == 0 {
		return message
	}
	return AppendMessage(message, number, content)
}

// AppendMessage writes a field, also an empty one.
func AppendMessage(message []byte, number uint64, content []byte) []byte {
	message = appendVarint(message, number<<3|wireBytes)
	return append(appendVarint(message, uint64(len(content))), content...)
}

// AppendNumber writes a field.
func AppendNumber(message []byte, number, value uint64) []byte {
	return appendVarint(appendVarint(message, number<<3|wireVarint), value)
}

func appendVarint(message []byte, value uint64) []byte {
	for value >= 0x80 {
		message = append(message, byte(value)|0x80)
		value >>= 7
	}
	return append(message, byte(value))
}
