// Echo is a toy protocol, start to end: lines `PING text` from the client, `PONG text` or `FAIL text` from the server.
package main

import (
	"bytes"

	weir "weir.dev/plugin-sdk-go"
	"weir.dev/plugin-sdk-go/parser"
)

// lineLimit is the longest line that is waited for.
const lineLimit = 1024

var ping, pong, fail = []byte("PING "), []byte("PONG "), []byte("FAIL ")

// Echo is the parser, and as this protocol needs no memory, that of every connection as well.
type Echo struct{ weir.NoMemory }

// Manifest says which first bytes are worth a look.
func (Echo) Manifest() weir.Manifest {
	return weir.Manifest{
		Name:       "echo",
		Version:    "0.1.0",
		Protocols:  []string{"Echo"},
		Signatures: []weir.Signature{{Transport: weir.TCP, AnyOf: []string{"PING ", "PONG ", "FAIL "}}},
	}
}

// Check looks at the first word.
func (Echo) Check(payload []byte, _ weir.Probe) weir.Verdict {
	switch {
	case len(payload) < len(ping):
		return weir.VerdictNeedMore
	case bytes.HasPrefix(payload, ping):
		return weir.VerdictClientSpeaks
	case bytes.HasPrefix(payload, pong), bytes.HasPrefix(payload, fail):
		return weir.VerdictServerSpeaks
	}
	return weir.VerdictNo
}

// Open needs no memory.
func (e Echo) Open(*weir.Flow) weir.Connection { return e }

// Parse deals with one line.
func (Echo) Parse(input weir.Input, output weir.Output) weir.Step {
	end := bytes.IndexByte(input.Bytes, '\n')
	if end < 0 && len(input.Bytes) > lineLimit {
		return weir.Violation()
	}
	if end < 0 {
		return weir.NeedMore()
	}
	line, length := input.Bytes[:end], uint64(end)+1
	switch {
	case bytes.HasPrefix(line, ping):
		output.Message(weir.KindRequest, length).
			Text(weir.FieldRequestType, line[:4]).
			Text(weir.FieldRequestResource, line[5:])
	case bytes.HasPrefix(line, pong):
		output.Message(weir.KindResponse, length).
			Status(weir.StatusOk).
			Text(weir.FieldResponseResult, line[5:])
	case bytes.HasPrefix(line, fail):
		output.Message(weir.KindResponse, length).
			Status(weir.StatusServerError).
			Text(weir.FieldResponseException, line[5:])
	default:
		return weir.Violation()
	}
	return weir.Consumed(length)
}

func init() { parser.Register(Echo{}) }

func main() {}
