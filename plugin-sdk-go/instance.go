package weir

import (
	"encoding/binary"
	"net/netip"

	"weir.dev/plugin-sdk-go/abi"
)

// Instance holds all connections of one plugin instance. It takes batches and calls one Connection each; it holds the rules of
// `progress` that every parser would have to repeat: stepping over, leaving a connection alone once bytes of it were left, datagrams
// that are never kept. Authors need it only in tests, through package weirtest.
type Instance struct {
	parser      Parser
	connections []slot
	lists       Lists
	// Of the connection that opens; kept here so that nothing is allocated for it.
	flow Flow
	// Counts calls, so that "left alone in this call" needs no clearing.
	call uint64
}

type slot struct {
	// nil: there is no such connection.
	connection Connection
	transport  Transport
	// Finished: no more calls but Close. Upgraded: nothing is taken any more.
	finished, upgraded bool
	// The call in which bytes were left: events of that call that come later are given again by the host.
	leftInCall uint64
	// By direction: position of the next byte that the parser wants.
	resumeAt [2]uint64
}

// NewInstance has no connections yet.
func NewInstance(parser Parser) *Instance {
	return &Instance{parser: parser, lists: newLists()}
}

// Parser gives what the instance was made with.
func (i *Instance) Parser() Parser { return i.parser }

// Process deals with one batch. Positions and lengths are checked against the arena; what does not fit is left out. The answer is
// good until the next call.
func (i *Instance) Process(arena []byte, flows []abi.Flow, events []abi.StreamEvent) *Lists {
	i.call++
	i.lists.begin(arena)
	for index := range events {
		event := &events[index]
		switch event.Case {
		case abi.EventOpened:
			if int(event.Connection) < len(flows) {
				i.open(&flows[event.Connection])
			}
		case abi.EventData:
			i.data(uint32(index), event, arena)
		case abi.EventGap:
			i.gap(event, arena)
		default:
			i.close(event.Connection)
		}
	}
	i.lists.arena = nil
	return &i.lists
}

// maxConnections bounds what a number can make us allocate; the host gives dense numbers and has fewer connections.
const maxConnections = 1 << 24

func (i *Instance) open(flow *abi.Flow) {
	number := int(flow.Connection)
	if number >= maxConnections {
		return
	}
	for len(i.connections) <= number {
		i.connections = append(i.connections, slot{})
	}
	i.flow = Flow{
		Transport: Transport(flow.Transport),
		Client:    endpoint(&flow.Client),
		Server:    endpoint(&flow.Server),
		FromStart: flow.FromStart != 0,
		Heads:     flow.Heads != 0,
		BodyLimit: flow.BodyLimit,
	}
	i.connections[number] = slot{connection: i.parser.Open(&i.flow), transport: i.flow.Transport}
}

func (i *Instance) find(number uint32) *slot {
	if int(number) >= len(i.connections) {
		return nil
	}
	if slot := &i.connections[number]; slot.connection != nil {
		return slot
	}
	return nil
}

func (i *Instance) data(index uint32, event *abi.StreamEvent, arena []byte) {
	slot := i.find(event.Connection)
	bytes, ok := pieceOf(arena, event)
	if slot == nil || !ok || slot.finished || slot.leftInCall == i.call {
		return
	}
	direction := Direction(event.Direction & 1)
	end := saturatingAdd(event.Position, uint64(event.Length))
	progress := abi.Progress{Event: index, ResumeAt: max(slot.resumeAt[direction], event.Position)}
	if !slot.upgraded && progress.ResumeAt < end {
		input := Input{Bytes: bytes, Direction: direction, Position: event.Position, Time: event.TimeOrBytes}
		i.run(slot, event.Connection, input, end, &progress)
	}
	if slot.transport == UDP {
		// A datagram is a message of its own: nothing of it is kept.
		progress.ResumeAt = end
	}
	slot.resumeAt[direction] = progress.ResumeAt
	if progress.ResumeAt < end {
		slot.leftInCall = i.call
	}
	if progress.ResumeAt != end || progress.State != abi.StateGoing {
		i.lists.Progress = append(i.lists.Progress, progress)
	}
}

// run walks through the bytes of one event.
func (i *Instance) run(slot *slot, number uint32, event Input, end uint64, progress *abi.Progress) {
	output := Output{lists: &i.lists, connection: number, direction: event.Direction}
	for progress.ResumeAt < end {
		position := progress.ResumeAt
		input := event
		input.Bytes, input.Position = event.Bytes[position-event.Position:], position
		output.position = position
		switch step := slot.connection.Parse(input, output); step.kind {
		case stepConsumed:
			if step.n == 0 {
				return
			}
			progress.ResumeAt = saturatingAdd(position, step.n)
		case stepViolation:
			progress.State, progress.ResumeAt = abi.StateViolation, end
		case stepFinished:
			slot.finished = true
			progress.State, progress.ResumeAt = abi.StateFinished, end
		case stepUpgraded:
			slot.upgraded = true
			progress.State, progress.ResumeAt = abi.StateUpgraded, saturatingAdd(position, step.n)
			return
		default:
			progress.Need = uint32(step.n)
			return
		}
	}
}

func (i *Instance) gap(event *abi.StreamEvent, arena []byte) {
	slot := i.find(event.Connection)
	if slot == nil || slot.leftInCall == i.call || slot.finished || slot.upgraded {
		return
	}
	direction := Direction(event.Direction & 1)
	after := saturatingAdd(event.Position, event.TimeOrBytes)
	if slot.resumeAt[direction] >= after {
		return
	}
	slot.resumeAt[direction] = after
	unread, _ := pieceOf(arena, event)
	start := event.Position - min(event.Position, uint64(len(unread)))
	output := Output{lists: &i.lists, connection: event.Connection, direction: direction, position: start}
	gap := Gap{Direction: direction, Position: event.Position, Bytes: event.TimeOrBytes, Unread: unread}
	slot.connection.Gap(gap, output)
}

func (i *Instance) close(number uint32) {
	slot := i.find(number)
	if slot == nil || slot.leftInCall == i.call {
		return // comes again behind the bytes that were left
	}
	connection := slot.connection
	slot.connection = nil
	position := slot.resumeAt[ServerToClient]
	connection.Close(Output{lists: &i.lists, connection: number, direction: ServerToClient, position: position})
}

func pieceOf(arena []byte, event *abi.StreamEvent) ([]byte, bool) {
	return cut(arena, event.Offset, event.Length)
}

// cut gives a piece of the arena, or false when it does not lie inside.
func cut(arena []byte, offset, length uint32) ([]byte, bool) {
	from, to := uint64(offset), uint64(offset)+uint64(length)
	if to > uint64(len(arena)) {
		return nil, false
	}
	return arena[from:to:to], true
}

func endpoint(raw *abi.Endpoint) netip.AddrPort {
	var bytes [16]byte
	binary.BigEndian.PutUint64(bytes[:8], raw.High)
	binary.BigEndian.PutUint64(bytes[8:], raw.Low)
	return netip.AddrPortFrom(netip.AddrFrom16(bytes).Unmap(), raw.Port)
}
