package weir

import "net/netip"

// Parser is what an author writes: one value for the plugin, which opens one Connection for each connection that Check claimed.
//
// Every byte comes from a stranger: a panic is a trap, a trap throws the whole instance away. Prefer payload.Reader over
// indexing.
type Parser interface {
	// Manifest gives name, protocols, and the cheap signatures that decide whether Check is called at all.
	Manifest() Manifest

	// Check says whose bytes these are. They are the first ones of a direction, or where probe.FromStart is false, from
	// somewhere in the middle. Be strict: VerdictNo for anything that could as well be something else.
	Check(payload []byte, probe Probe) Verdict

	// Open: a connection that Check claimed begins, or comes over from an instance that had to be thrown away. A value without
	// memory of its own (an empty struct) costs nothing. The flow is good until Open returns: copy what is kept.
	Open(flow *Flow) Connection
}

// Connection is the parser of one connection. Slices of the input are good until the call returns: copy what is kept.
type Connection interface {
	// Parse deals with the bytes at the front of input, one message at a time: the SDK calls again for the rest.
	Parse(input Input, output Output) Step

	// Gap: bytes are missing; the next input of this direction begins behind them, anywhere in a message. A gap that lies in
	// bytes that were stepped over is not reported. The output stands at the first byte of gap.Unread.
	Gap(gap Gap, output Output)

	// Close: the connection is over. Messages that were begun may be ended; the host ends what is left open.
	Close(output Output)
}

// NoMemory is embedded by connections that do nothing about gaps and at the end.
type NoMemory struct{}

// Gap does nothing.
func (NoMemory) Gap(Gap, Output) {}

// Close does nothing.
func (NoMemory) Close(Output) {}

// Step is what Connection.Parse did with the bytes at the front of its input.
type Step struct {
	kind stepKind
	n    uint64
}

type stepKind uint8

const (
	stepNeed stepKind = iota
	stepConsumed
	stepViolation
	stepFinished
	stepUpgraded
)

// Consumed: so many bytes are dealt with. More than the input has: the ones to come are stepped over and never copied to the
// guest. 0 is the same as NeedMore.
func Consumed(n uint64) Step { return Step{stepConsumed, n} }

// NeedMore: the bytes come again with more behind them.
func NeedMore() Step { return Step{stepNeed, 0} }

// NeedAtLeast is the same, and it is pointless to ask before this many bytes are there.
func NeedAtLeast(n uint32) Step { return Step{stepNeed, uint64(n)} }

// Violation: these are not this protocol's bytes. All of the input is dropped, and the next one begins with the next captured
// segment: a likely place for a message to start.
func Violation() Step { return Step{stepViolation, 0} }

// Finished: the connection holds nothing more for this parser (TLS begins, a tunnel opens). No more calls.
func Finished() Step { return Step{stepFinished, 0} }

// Upgraded: so many bytes are dealt with, and behind them another protocol speaks: the host asks all plugins again.
func Upgraded(n uint64) Step { return Step{stepUpgraded, n} }

// Direction is which way bytes went. The client is the side that sends requests.
type Direction uint8

const (
	// ClientToServer: requests.
	ClientToServer Direction = iota
	// ServerToClient: responses.
	ServerToClient
)

// Reverse is the other way.
func (d Direction) Reverse() Direction { return d ^ 1 }

// Transport carries the bytes.
type Transport uint8

const (
	// TCP is a stream: messages are split and joined at will.
	TCP Transport = iota
	// UDP: one input is one datagram, what is not consumed of it is lost.
	UDP
)

// Flow is what is known of a connection when it opens.
type Flow struct {
	Transport Transport
	// Client is address and port of the side that sends requests.
	Client netip.AddrPort
	// Server is address and port of the side that answers.
	Server netip.AddrPort
	// FromStart false: the capture began in the middle, the first input may begin in the middle of a message.
	FromStart bool
	// Heads: some hook wants the heads of messages, see MessageBuilder.Head.
	Heads bool
	// BodyLimit: so many bytes of each body some hook wants, see MessageBuilder.Body. 0: step over all of them.
	BodyLimit uint32
}

// Probe is what is known of a connection when Parser.Check is asked.
type Probe struct {
	Transport Transport
	// SourcePort is the port of the side that sent the bytes.
	SourcePort uint16
	// DestinationPort is the port of the side that gets them.
	DestinationPort uint16
	// FromStart: these are the first bytes of the connection in this direction.
	FromStart bool
	// Sender of the bytes, where that is known (the client is who sent the SYN).
	Sender Sender
}

// Sender sent the bytes that Parser.Check looks at.
type Sender uint8

const (
	// SenderUnknown: nobody knows.
	SenderUnknown Sender = iota
	// SenderClient is the side that opened the connection.
	SenderClient
	// SenderServer is the side that accepted it.
	SenderServer
)

// Verdict is the answer of Parser.Check.
type Verdict uint8

const (
	// VerdictNo: not mine.
	VerdictNo Verdict = iota
	// VerdictNeedMore: might be; ask again with more bytes.
	VerdictNeedMore
	// VerdictClientSpeaks: mine, and the client sent these bytes.
	VerdictClientSpeaks
	// VerdictServerSpeaks: mine, and the server sent these bytes.
	VerdictServerSpeaks
)

// Input is bytes of one direction of a connection; the first is the next one that was not dealt with yet.
type Input struct {
	// Bytes is never empty.
	Bytes     []byte
	Direction Direction
	// Position: how many bytes of this direction came before Bytes[0].
	Position uint64
	// Time when the last byte was captured, nanoseconds since 1970.
	Time uint64
}

// Gap is bytes that were never captured.
type Gap struct {
	Direction Direction
	// Position of the first missing byte.
	Position uint64
	// Bytes: how many.
	Bytes uint64
	// Unread is what the parser left unread just before the gap, for the last time: a head that was cut off may still tell enough.
	Unread []byte
}
