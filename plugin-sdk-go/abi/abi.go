// Package abi holds the records of wit/v0.1 in the canonical layout (Component Model, CanonicalABI.md, 32-bit memory).
//
// Takes and gives plain integers; does not interpret them. All padding is written out, so that every offset is the same on
// every machine; a test compares each with the WIT.
package abi

// StreamEvent is `stream-event`. The fields of `data` and `gap` lie over one another.
type StreamEvent struct {
	// Case of the variant: see the Event constants.
	Case uint8
	_    [7]byte
	// Connection; for `opened` the index of the flow.
	Connection uint32
	// Direction of `data` and `gap`: 0 client to server.
	Direction uint8
	_         [3]byte
	// Offset and Length of the bytes in the arena.
	Offset uint32
	Length uint32
	// Position of the first byte (`data`), of the first missing byte (`gap`).
	Position uint64
	// TimeOrBytes is `data.time` or `gap.bytes`.
	TimeOrBytes uint64
}

// Cases of StreamEvent.
const (
	EventOpened uint8 = iota
	EventData
	EventGap
	EventClosed
)

// Flow is `flow`.
type Flow struct {
	Connection uint32
	// Transport: 0 TCP, 1 UDP.
	Transport uint8
	_         [3]byte
	Client    Endpoint
	Server    Endpoint
	// FromStart is not 0 when the capture saw the beginning.
	FromStart uint8
	// Heads is not 0 when some hook wants the heads of messages.
	Heads uint8
	_     [2]byte
	// BodyLimit says how many bytes of each body some hook wants.
	BodyLimit uint32
}

// Endpoint is `endpoint`.
type Endpoint struct {
	// High and Low are the two halves of the address as big-endian numbers.
	High uint64
	Low  uint64
	Port uint16
	_    [6]byte
}

// Slice is `slice`: a piece of the arena.
type Slice struct {
	Offset uint32
	Length uint32
}

// Message is `message`.
type Message struct {
	Connection uint32
	Direction  uint8
	Kind       uint8
	Part       uint8
	Status     uint8
	// Protocol is an index into the manifest's protocols.
	Protocol uint8
	_        uint8
	// Fields, Attributes and Pieces say how many entries of the lists are this message's.
	Fields     uint16
	Attributes uint16
	Pieces     uint16
	// HasCorrelation is not 0 when Correlation is set.
	HasCorrelation uint8
	_              [7]byte
	Correlation    uint64
	Start          uint64
	End            uint64
}

// Value is `value`.
type Value struct {
	// Case of the variant: see the Value constants.
	Case uint8
	_    [7]byte
	// Bits hold offset (low half) and length (high half), address and length, or the number.
	Bits uint64
}

// Cases of Value.
const (
	ValueSlice uint8 = iota
	ValueOwned
	ValueNumber
)

// Field is `field`.
type Field struct {
	// Name is an index into `field-name`.
	Name  uint8
	_     [7]byte
	Value Value
}

// Attribute is `attribute`.
type Attribute struct {
	// Key is an address.
	Key       uint32
	KeyLength uint32
	Value     Value
}

// Progress is `progress`.
type Progress struct {
	// Event is an index.
	Event uint32
	// State: see the State constants.
	State uint8
	_     [3]byte
	// Need says how many bytes must be there before it is worth to ask again.
	Need uint32
	_    uint32
	// ResumeAt is the position of the next byte that is wanted.
	ResumeAt uint64
}

// States of Progress.
const (
	StateGoing uint8 = iota
	StateViolation
	StateFinished
	StateUpgraded
)

// Piece is `piece`.
type Piece struct {
	// Kind: 0 head, 1 body.
	Kind     uint8
	Encoding uint8
	// Last is not 0 when the piece ends a payload.
	Last  uint8
	_     [5]byte
	Value Value
}

// Subject is `subject` of the hooks.
type Subject struct {
	Protocol Slice
	Client   Endpoint
	Server   Endpoint
	FlowID   uint64
	Time     uint64
	Duration uint64
	Head     Slice
	Body     Slice
	// Fields and Attributes say how many entries of the lists are this subject's.
	Fields      uint16
	Attributes  uint16
	Transport   uint8
	Direction   uint8
	Status      uint8
	SessionType uint8
	Cut         uint8
	_           [7]byte
}

// KnownAttribute is `known-attribute`.
type KnownAttribute struct {
	Key   Slice
	Value Value
}

// Patch is `patch`.
type Patch struct {
	// Subject is an index.
	Subject    uint32
	Action     uint8
	Status     uint8
	Fields     uint16
	Attributes uint16
	_          [2]byte
}

// List is the address and the length of a list.
type List struct {
	Address uint32
	Length  uint32
}

// Outcome is `outcome`.
type Outcome struct {
	Messages   List
	Fields     List
	Attributes List
	Progress   List
	Pieces     List
}

// Patches is `patches`.
type Patches struct {
	Patches    List
	Fields     List
	Attributes List
}

// Interest is `interest`.
type Interest struct {
	Protocols List
	Requests  uint8
	Responses uint8
	Head      uint8
	_         uint8
	BodyLimit uint32
	Required  uint8
	_         [3]byte
}

// About is `about`.
type About struct {
	Name    List
	Version List
}

// Manifest is `manifest`.
type Manifest struct {
	Name       List
	Version    List
	Protocols  List
	Signatures List
}

// Signature is `signature`.
type Signature struct {
	Transport uint8
	_         [3]byte
	Offset    uint32
	AnyOf     List
	Ports     List
}
