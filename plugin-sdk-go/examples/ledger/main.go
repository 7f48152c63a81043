// Ledger is a parser of a private protocol: see README.md for its frames.
package main

import (
	"bytes"

	weir "weir.dev/plugin-sdk-go"
	"weir.dev/plugin-sdk-go/parser"
	"weir.dev/plugin-sdk-go/payload"
)

const (
	headLength   = 17
	typeRequest  = 1
	typeResponse = 2
	// bodyLimit: no transaction is that long; a longer one is a length that was misread.
	bodyLimit = 16 << 20
)

var magic = []byte("LDG1")

// Ledger is the parser, and as frames stand alone, that of every connection as well.
type Ledger struct{ weir.NoMemory }

// Manifest says which first bytes are worth a look.
func (Ledger) Manifest() weir.Manifest {
	return weir.Manifest{
		Name:       "ledger",
		Version:    "0.1.0",
		Protocols:  []string{"Ledger"},
		Signatures: []weir.Signature{{Transport: weir.TCP, AnyOf: []string{"LDG1"}}},
	}
}

// Check looks at the head of a frame.
func (Ledger) Check(bytes []byte, _ weir.Probe) weir.Verdict {
	reader := payload.NewReader(bytes)
	head, ok := readHead(&reader)
	switch {
	case !ok:
		return weir.VerdictNo
	case reader.Short() > 0:
		return weir.VerdictNeedMore
	case head.kind == typeRequest:
		return weir.VerdictClientSpeaks
	}
	return weir.VerdictServerSpeaks
}

// Open needs no memory.
func (l Ledger) Open(*weir.Flow) weir.Connection { return l }

type head struct {
	kind   uint8
	length uint32
	id     uint64
}

// readHead is false for bytes that no frame begins with; when they are too few, the reader is short.
func readHead(reader *payload.Reader) (head, bool) {
	start := reader.Rest()
	if !bytes.HasPrefix(start, magic[:min(len(start), len(magic))]) {
		return head{}, false
	}
	reader.Take(len(magic))
	h := head{kind: reader.U8()}
	if reader.Short() == 0 && h.kind != typeRequest && h.kind != typeResponse {
		return h, false
	}
	h.length, h.id = reader.U32(), reader.U64()
	return h, h.length <= bodyLimit
}

// Parse deals with one frame.
func (Ledger) Parse(input weir.Input, output weir.Output) weir.Step {
	reader := payload.NewReader(input.Bytes)
	head, ok := readHead(&reader)
	if !ok {
		return weir.Violation()
	}
	if reader.Short() > 0 {
		return weir.NeedAtLeast(headLength)
	}
	// As much of the body as is there.
	body := payload.NewReader(reader.Rest()[:min(len(reader.Rest()), int(head.length))])
	isRequest := head.kind == typeRequest
	var first, text []byte
	status := uint16(0)
	if isRequest {
		first = body.Take(int(body.U8()))
	} else {
		status = body.U16()
	}
	text = body.Take(int(body.U8()))
	if needed := uint32(body.Needed()); needed > head.length {
		return weir.Violation()
	} else if needed > 0 {
		return weir.NeedAtLeast(headLength + needed)
	}
	length := headLength + uint64(head.length)
	if isRequest {
		tellRequest(output.Message(weir.KindRequest, length), &head, first, text)
	} else {
		tellResponse(output.Message(weir.KindResponse, length), &head, status, text)
	}
	return weir.Consumed(length)
}

func tellRequest(message weir.MessageBuilder, head *head, operation, transaction []byte) {
	message.Correlation(head.id).
		String(weir.FieldBizProtocol, "Ledger").
		Text(weir.FieldRequestType, operation).
		Number(weir.FieldRequestId, int64(head.id))
	if len(transaction) > 0 {
		message.Text(weir.FieldTraceId, transaction)
	}
}

func tellResponse(message weir.MessageBuilder, head *head, status uint16, text []byte) {
	message.Correlation(head.id).
		String(weir.FieldBizProtocol, "Ledger").
		Number(weir.FieldResponseCode, int64(status))
	switch {
	case status == 0:
		message.Status(weir.StatusOk)
	case status < 500:
		message.Status(weir.StatusClientError)
	default:
		message.Status(weir.StatusServerError)
	}
	if len(text) == 0 {
		return
	}
	if status == 0 {
		message.Text(weir.FieldResponseResult, text)
	} else {
		message.Text(weir.FieldResponseException, text)
	}
}

func init() { parser.Register(Ledger{}) }

func main() {}
