// Package weirtest plays the host, natively: it keeps what a parser left, steps over what it does not want, hands out gaps, and shows
// hooks made-up subjects.
//
// Takes: a conversation, or a subject. Gives: the messages that the parser told, or the patch of the hook. Does not pair messages;
// `weir replay` does.
package weirtest

import (
	"fmt"
	"strconv"

	weir "weir.dev/plugin-sdk-go"
	"weir.dev/plugin-sdk-go/abi"
)

// Harness is one connection, driven by hand.
type Harness struct {
	instance   *weir.Instance
	transport  weir.Transport
	lanes      [2]lane
	messages   []Message
	violations int
	end        End
	time       uint64
}

// lane is one direction.
type lane struct {
	kept []byte
	// Of the byte behind kept.
	position uint64
	// Next byte that is wanted.
	resumeAt uint64
	need     uint32
}

// End says how a parser left a connection.
type End uint8

const (
	// StillThere: it did not.
	StillThere End = iota
	// Finished: weir.Finished.
	Finished
	// Upgraded: weir.Upgraded.
	Upgraded
)

// Tcp is a TCP connection, seen from its start.
func Tcp(parser weir.Parser) *Harness { return open(parser, weir.Flow{FromStart: true}) }

// TcpJoined is a TCP connection that the capture joined in the middle.
func TcpJoined(parser weir.Parser) *Harness { return open(parser, weir.Flow{}) }

// Udp is datagrams of one five-tuple.
func Udp(parser weir.Parser) *Harness {
	return open(parser, weir.Flow{Transport: weir.UDP, FromStart: true})
}

// TcpWithPieces is a TCP connection of which hooks want heads and so many bytes of each body.
func TcpWithPieces(parser weir.Parser, bodyLimit uint32) *Harness {
	return open(parser, weir.Flow{FromStart: true, Heads: true, BodyLimit: bodyLimit})
}

func open(parser weir.Parser, flow weir.Flow) *Harness {
	h := &Harness{instance: weir.NewInstance(parser), transport: flow.Transport, time: 1_700_000_000_000_000_000}
	raw := abi.Flow{
		Transport: uint8(flow.Transport), FromStart: flag(flow.FromStart), Heads: flag(flow.Heads), BodyLimit: flow.BodyLimit,
		Client: endpoint(1, 40_000), Server: endpoint(2, 80),
	}
	h.call(nil, []abi.Flow{raw}, abi.StreamEvent{Case: abi.EventOpened})
	return h
}

// Client: the client sends a segment or datagram.
func (h *Harness) Client(bytes string) *Harness { return h.Send(weir.ClientToServer, []byte(bytes)) }

// Server: the server sends a segment or datagram.
func (h *Harness) Server(bytes string) *Harness { return h.Send(weir.ServerToClient, []byte(bytes)) }

// Send: one side sends a segment or datagram.
func (h *Harness) Send(direction weir.Direction, bytes []byte) *Harness {
	h.time += 1_000
	lane := &h.lanes[direction]
	wanted := min(lane.resumeAt-min(lane.resumeAt, lane.position), uint64(len(bytes)))
	lane.position += uint64(len(bytes))
	lane.kept = append(lane.kept, bytes[wanted:]...)
	if h.end != StillThere || len(lane.kept) == 0 || len(lane.kept) < int(lane.need) {
		return h
	}
	arena := lane.kept
	lane.kept = nil
	h.call(arena, nil, abi.StreamEvent{
		Case: abi.EventData, Direction: uint8(direction), Length: uint32(len(arena)),
		Position: lane.position - uint64(len(arena)), TimeOrBytes: h.time,
	})
	left := min(lane.position-min(lane.position, lane.resumeAt), uint64(len(arena)))
	lane.kept = append([]byte(nil), arena[uint64(len(arena))-left:]...)
	return h
}

// Gap: so many bytes of one direction were not captured.
func (h *Harness) Gap(direction weir.Direction, bytes uint64) *Harness {
	lane := &h.lanes[direction]
	position, unread := lane.position, lane.kept
	lane.kept = nil
	lane.position += bytes
	if lane.resumeAt < lane.position {
		lane.resumeAt, lane.need = lane.position, 0
		h.call(unread, nil, abi.StreamEvent{
			Case: abi.EventGap, Direction: uint8(direction), Length: uint32(len(unread)), Position: position, TimeOrBytes: bytes,
		})
	}
	return h
}

// Close: the connection ends.
func (h *Harness) Close() *Harness {
	h.call(nil, nil, abi.StreamEvent{Case: abi.EventClosed})
	return h
}

// Messages are what was told so far.
func (h *Harness) Messages() []Message { return h.messages }

// Violations says how often the parser said that bytes are not its protocol's.
func (h *Harness) Violations() int { return h.violations }

// End says whether and how the parser left the connection.
func (h *Harness) End() End { return h.end }

// Joined gives messages with their beginnings, middles and ends joined into wholes, in the order of their beginnings: what the host
// makes of them.
func (h *Harness) Joined() []Message {
	var joined []Message
	for _, message := range h.messages {
		if message.Part != weir.PartEnd && message.Part != weir.PartMore {
			joined = append(joined, message)
			continue
		}
		for i := range joined {
			if joined[i].Part == weir.PartBegin && joined[i].goesWith(&message) {
				joined[i].join(&message)
				break
			}
		}
	}
	return joined
}

func (h *Harness) call(arena []byte, flows []abi.Flow, event abi.StreamEvent) {
	lists := h.instance.Process(arena, flows, []abi.StreamEvent{event})
	h.messages = readMessages(lists, arena, h.messages)
	if event.Case != abi.EventData {
		return
	}
	lane := &h.lanes[event.Direction]
	lane.resumeAt, lane.need = max(lane.resumeAt, lane.position), 0
	for _, progress := range lists.Progress {
		lane.resumeAt, lane.need = progress.ResumeAt, progress.Need
		switch progress.State {
		case abi.StateViolation:
			h.violations++
		case abi.StateFinished:
			h.end = Finished
		case abi.StateUpgraded:
			h.end = Upgraded
		}
	}
	if h.transport == weir.UDP && lane.resumeAt != lane.position {
		panic("a datagram must not be kept")
	}
}

// Message is a message as a parser told it.
type Message struct {
	Direction weir.Direction
	Kind      weir.Kind
	Part      weir.Part
	Status    weir.Status
	// Protocol is an index into the manifest's protocols.
	Protocol    uint8
	Correlation *uint64
	// Start and End are the positions of the first byte and behind the last one.
	Start, End uint64
	// Fields in the order they were set; numbers as text.
	Fields []FieldText
	// Attributes in the order they were set; numbers as text.
	Attributes []AttributeText
	// Head is all header fields, Bodies are the payloads that pieces told.
	Head   string
	Bodies []Body
}

// FieldText is a field of a message or patch.
type FieldText struct {
	Name weir.Field
	Text string
}

// AttributeText is an attribute of a message or patch.
type AttributeText struct{ Key, Text string }

// Body is one payload of a message.
type Body struct {
	Encoding weir.Encoding
	Bytes    string
	// Ended: its last piece was told.
	Ended bool
}

// Text is the last value of a field; empty when it was not set.
func (m *Message) Text(field weir.Field) string { return lastField(m.Fields, field) }

// Attribute is the last value of an attribute.
func (m *Message) Attribute(key string) string { return lastAttribute(m.Attributes, key) }

// String shows all of it, for the lines of a failed test.
func (m Message) String() string {
	correlation := "-"
	if m.Correlation != nil {
		correlation = strconv.FormatUint(*m.Correlation, 10)
	}
	return fmt.Sprintf("%d/%d/%d status %d protocol %d correlation %s %d..%d %v %v head %q bodies %v",
		m.Direction, m.Kind, m.Part, m.Status, m.Protocol, correlation, m.Start, m.End, m.Fields, m.Attributes, m.Head, m.Bodies)
}

func (m *Message) goesWith(other *Message) bool {
	same := (m.Correlation == nil) == (other.Correlation == nil)
	if same && m.Correlation != nil {
		same = *m.Correlation == *other.Correlation
	}
	return same && m.Direction == other.Direction && m.Kind == other.Kind
}

func (m *Message) join(other *Message) {
	if other.Part == weir.PartEnd {
		m.Part, m.End = weir.PartWhole, other.End
	}
	m.Fields = append(m.Fields, other.Fields...)
	m.Attributes = append(m.Attributes, other.Attributes...)
	m.Head += other.Head
	for _, body := range other.Bodies {
		m.addBody(body)
	}
	if other.Status != weir.StatusNone {
		m.Status = other.Status
	}
}

func (m *Message) addBody(piece Body) {
	if n := len(m.Bodies); n > 0 && !m.Bodies[n-1].Ended {
		m.Bodies[n-1].Bytes += piece.Bytes
		m.Bodies[n-1].Ended = piece.Ended
		return
	}
	m.Bodies = append(m.Bodies, piece)
}

func readMessages(lists *weir.Lists, arena []byte, into []Message) []Message {
	r := values{arena: arena, owned: lists.Owned}
	fields, attributes, pieces := lists.Fields, lists.Attributes, lists.Pieces
	for _, raw := range lists.Messages {
		message := Message{
			Direction: weir.Direction(raw.Direction), Kind: weir.Kind(raw.Kind), Part: weir.Part(raw.Part),
			Status: weir.Status(raw.Status), Protocol: raw.Protocol, Start: raw.Start, End: raw.End,
		}
		if raw.HasCorrelation != 0 {
			correlation := raw.Correlation
			message.Correlation = &correlation
		}
		message.Fields, fields = r.fields(fields[:raw.Fields]), fields[raw.Fields:]
		message.Attributes, attributes = r.attributes(attributes[:raw.Attributes]), attributes[raw.Attributes:]
		for _, piece := range pieces[:raw.Pieces] {
			if text := r.text(piece.Value); weir.PieceKind(piece.Kind) == weir.PieceHead {
				message.Head += text
			} else {
				message.addBody(Body{weir.Encoding(piece.Encoding), text, piece.Last != 0})
			}
		}
		pieces = pieces[raw.Pieces:]
		into = append(into, message)
	}
	if len(fields)+len(attributes)+len(pieces) > 0 {
		panic("entries that belong to no message")
	}
	return into
}

func endpoint(host uint64, port uint16) abi.Endpoint {
	return abi.Endpoint{Low: 0xffff_0a00_0000 + host, Port: port}
}

func flag(value bool) uint8 {
	if value {
		return 1
	}
	return 0
}
