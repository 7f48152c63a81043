package weir

import "weir.dev/plugin-sdk-go/abi"

// Kind is a message's part in a conversation.
type Kind uint8

const (
	// KindRequest asks; an answer is expected.
	KindRequest Kind = iota
	// KindResponse answers.
	KindResponse
	// KindOneWay is never answered, or was never asked for.
	KindOneWay
)

// Part says which part of a message is told.
type Part uint8

const (
	// PartWhole: all of it.
	PartWhole Part = iota
	// PartBegin: its beginning; an end follows.
	PartBegin
	// PartEnd: its end, and fields that were not known before.
	PartEnd
	// PartMore: fields, attributes and pieces of a message that was begun and goes on.
	PartMore
)

// Status says how it went; docs/request-log.md tells what is whose fault in each protocol.
type Status uint8

const (
	// StatusNone: this message does not tell.
	StatusNone Status = iota
	// StatusOk: it worked.
	StatusOk
	// StatusClientError: the client did something wrong.
	StatusClientError
	// StatusServerError: the server failed.
	StatusServerError
)

// Field of the request log; docs/request-log.md explains each.
type Field uint8

// The fields, in the order of the contract.
const (
	FieldRequestType Field = iota
	FieldRequestDomain
	FieldRequestResource
	FieldEndpoint
	FieldRequestId
	FieldResponseCode
	FieldResponseException
	FieldResponseResult
	FieldVersion
	FieldTraceId
	FieldSpanId
	FieldParentSpanId
	FieldXRequestId
	FieldHttpProxyClient
	FieldBizProtocol
)

// PieceKind says what a piece of a message is.
type PieceKind uint8

const (
	// PieceHead: header fields as lines `name: value` with CR LF.
	PieceHead PieceKind = iota
	// PieceBody: of the body, as it was sent but for its framing.
	PieceBody
)

// Encoding says how the bytes of a body were packed. The host unpacks them.
type Encoding uint8

// The encodings, in the order of the contract.
const (
	EncodingIdentity Encoding = iota
	EncodingGzip
	EncodingDeflate
	EncodingBrotli
	EncodingZstd
)

// Lists are the lists of one answer. They are kept from call to call, so that nothing is allocated on the path.
type Lists struct {
	Messages []abi.Message
	// Fields, Attributes and Pieces: owned values hold offsets into Owned until Place turns them into addresses.
	Fields     []abi.Field
	Attributes []abi.Attribute
	Progress   []abi.Progress
	Pieces     []abi.Piece
	// Owned are the bytes that owned values refer to.
	Owned []byte

	arena []byte
}

// How many entries each list has room for from the start: a batch of 32 payloads with a few messages each.
const roomAtStart = 128

func newLists() Lists {
	return Lists{
		Messages:   make([]abi.Message, 0, roomAtStart),
		Fields:     make([]abi.Field, 0, 4*roomAtStart),
		Attributes: make([]abi.Attribute, 0, roomAtStart),
		Progress:   make([]abi.Progress, 0, roomAtStart),
		Pieces:     make([]abi.Piece, 0, roomAtStart),
		Owned:      make([]byte, 0, 16<<10),
	}
}

func (l *Lists) begin(arena []byte) {
	l.Messages = l.Messages[:0]
	l.Fields = l.Fields[:0]
	l.Attributes = l.Attributes[:0]
	l.Progress = l.Progress[:0]
	l.Pieces = l.Pieces[:0]
	l.Owned = l.Owned[:0]
	l.arena = arena
}

// Place adds the address of the owned texts to every value that refers to one.
func (l *Lists) Place(base uint32) {
	if len(l.Owned) == 0 {
		return
	}
	placeFields(l.Fields, base)
	placeAttributes(l.Attributes, base)
	for i := range l.Pieces {
		place(&l.Pieces[i].Value, base)
	}
}

func placeFields(fields []abi.Field, base uint32) {
	for i := range fields {
		place(&fields[i].Value, base)
	}
}

func placeAttributes(attributes []abi.Attribute, base uint32) {
	for i := range attributes {
		attributes[i].Key += base
		place(&attributes[i].Value, base)
	}
}

func place(value *abi.Value, base uint32) {
	if value.Case == abi.ValueOwned {
		value.Bits += uint64(base)
	}
}

// Output is where a parser puts its messages. It is a handle: pass it by value.
type Output struct {
	lists      *Lists
	connection uint32
	direction  Direction
	position   uint64
}

// Message adds a message that begins at the first byte of the input and is length bytes long, those included that were not
// seen yet.
func (o Output) Message(kind Kind, length uint64) MessageBuilder {
	return o.Spanning(kind, PartWhole, o.position, saturatingAdd(o.position, length))
}

// Begin adds a message that begins at the first byte of the input; tell its end with End.
func (o Output) Begin(kind Kind) MessageBuilder {
	return o.Spanning(kind, PartBegin, o.position, o.position)
}

// More adds fields and pieces to the message that was begun in this direction; it goes on.
func (o Output) More(kind Kind) MessageBuilder {
	return o.Spanning(kind, PartMore, o.position, o.position)
}

// End ends the message that was begun in this direction, length bytes behind the first byte of the input.
func (o Output) End(kind Kind, length uint64) MessageBuilder {
	end := saturatingAdd(o.position, length)
	return o.Spanning(kind, PartEnd, end, end)
}

// Spanning adds a message from position start to position end of this direction.
func (o Output) Spanning(kind Kind, part Part, start, end uint64) MessageBuilder {
	o.lists.Messages = append(o.lists.Messages, abi.Message{
		Connection: o.connection,
		Direction:  uint8(o.direction),
		Kind:       uint8(kind),
		Part:       uint8(part),
		Start:      start,
		End:        end,
	})
	return MessageBuilder{o.lists, len(o.lists.Messages) - 1}
}

// Toward gives the same lists for messages of the other direction (a close, a gap): positions are absolute there.
func (o Output) Toward(direction Direction) Output {
	o.direction = direction
	return o
}

// MessageBuilder fills the message that was just added, until the next one is.
type MessageBuilder struct {
	lists *Lists
	index int
}

func (m MessageBuilder) last() *abi.Message {
	if m.index != len(m.lists.Messages)-1 {
		panic("weir: a message must be filled before the next one begins")
	}
	return &m.lists.Messages[m.index]
}

// Text sets a field to a text: free of copies when it is a piece of the input. A copy is cut at TextLimit.
func (m MessageBuilder) Text(field Field, text []byte) MessageBuilder {
	m.last().Fields++
	m.lists.Fields = append(m.lists.Fields, abi.Field{Name: uint8(field), Value: m.lists.value(text)})
	return m
}

// String sets a field to a text that is no piece of the input.
func (m MessageBuilder) String(field Field, text string) MessageBuilder {
	m.last().Fields++
	m.lists.Fields = append(m.lists.Fields, abi.Field{Name: uint8(field), Value: ownString(&m.lists.Owned, text)})
	return m
}

// Number sets a field to a number.
func (m MessageBuilder) Number(field Field, number int64) MessageBuilder {
	m.last().Fields++
	value := abi.Value{Case: abi.ValueNumber, Bits: uint64(number)}
	m.lists.Fields = append(m.lists.Fields, abi.Field{Name: uint8(field), Value: value})
	return m
}

// Attribute adds an attribute.
func (m MessageBuilder) Attribute(key string, value []byte) MessageBuilder {
	m.last().Attributes++
	m.lists.Attributes = append(m.lists.Attributes, attribute(&m.lists.Owned, key, m.lists.value(value)))
	return m
}

// Head hands on header fields as lines `name: value` with CR LF. Only where Flow.Heads asks for them.
func (m MessageBuilder) Head(lines []byte) MessageBuilder {
	return m.piece(PieceHead, EncodingIdentity, 0, lines)
}

// Body hands on the next bytes of a body, without its framing; only as many as Flow.BodyLimit asks for.
func (m MessageBuilder) Body(bytes []byte, encoding Encoding) MessageBuilder {
	return m.piece(PieceBody, encoding, 0, bytes)
}

// LastOfBody is the same, and the payload ends here: the next body of this message begins another one.
func (m MessageBuilder) LastOfBody(bytes []byte, encoding Encoding) MessageBuilder {
	return m.piece(PieceBody, encoding, 1, bytes)
}

func (m MessageBuilder) piece(kind PieceKind, encoding Encoding, last uint8, bytes []byte) MessageBuilder {
	m.last().Pieces++
	value := placeBytes(m.lists.arena, &m.lists.Owned, bytes)
	piece := abi.Piece{Kind: uint8(kind), Encoding: uint8(encoding), Last: last, Value: value}
	m.lists.Pieces = append(m.lists.Pieces, piece)
	return m
}

// Status sets how it went.
func (m MessageBuilder) Status(status Status) MessageBuilder {
	m.last().Status = uint8(status)
	return m
}

// Protocol says which of the manifest's protocols the message belongs to; 0 when it is not called.
func (m MessageBuilder) Protocol(index uint8) MessageBuilder {
	m.last().Protocol = index
	return m
}

// Correlation pairs by this number and not by order.
func (m MessageBuilder) Correlation(id uint64) MessageBuilder {
	message := m.last()
	message.HasCorrelation, message.Correlation = 1, id
	return m
}

func (l *Lists) value(text []byte) abi.Value { return placeText(l.arena, &l.Owned, text) }

func saturatingAdd(a, b uint64) uint64 {
	if sum := a + b; sum >= a {
		return sum
	}
	return ^uint64(0)
}
