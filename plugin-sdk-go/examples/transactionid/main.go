// Transactionid makes a business number the trace id: it reads the payloads of messages of any protocol, takes the first of the
// configured fields that is there, and sets trace_id.
//
// A payload that begins with `{` is a JSON object: its outermost members count, texts and numbers, of several with one name the last.
// Anything else is read as a form, `a=1&b=2`: of several fields with one name the first counts. Numbers of more than 128 bytes, and
// empty ones, are none.
//
// Configuration: `fields`, names with commas between, in the order of preference; `transaction_id,transactionId,txn_no` when it is
// not set.
package main

import (
	"bytes"
	"strings"

	weir "weir.dev/plugin-sdk-go"
	"weir.dev/plugin-sdk-go/messagehook"
	"weir.dev/plugin-sdk-go/payload"
)

const (
	// bodyLimit: a number that stands further behind is not worth the copying.
	bodyLimit = 64 << 10
	// idLimit: what is longer is no number that somebody searches for.
	idLimit       = 128
	defaultFields = "transaction_id,transactionId,txn_no"
)

// TransactionId is the hook.
type TransactionId struct {
	fields []string
	// For a text with escapes.
	buffer []byte
}

// Wanted: all payloads. The configuration is read here, since it is asked once.
func (x *TransactionId) Wanted() weir.Interest {
	names, set := weir.Config("fields")
	if !set {
		names = defaultFields
	}
	x.fields = x.fields[:0]
	for _, name := range strings.Split(names, ",") {
		if name = strings.TrimSpace(name); name != "" {
			x.fields = append(x.fields, name)
		}
	}
	return weir.Interest{Requests: true, Responses: true, BodyLimit: bodyLimit}
}

// Message looks into a payload.
func (x *TransactionId) Message(subject *weir.Subject, patch *weir.Patch) weir.Action {
	body := bytes.TrimLeft(subject.Body(), " \t\r\n")
	if len(body) == 0 {
		return weir.ActionNext
	}
	for _, field := range x.fields {
		var id []byte
		if body[0] == '{' {
			id = x.member(body, field)
		} else {
			id = x.form(body, field)
		}
		if len(id) > 0 && len(id) <= idLimit {
			patch.Text(weir.FieldTraceId, id)
			break
		}
	}
	return weir.ActionNext
}

func (x *TransactionId) member(body []byte, field string) []byte {
	value, _ := payload.Member(body, field)
	if !payload.IsString(value) && !payload.IsNumber(value) {
		return nil
	}
	id, _ := payload.JsonText(value, x.buffer)
	return id
}

func (x *TransactionId) form(body []byte, field string) []byte {
	value, _ := payload.FormValue(body, field)
	// Encoded, each byte has three at most.
	if len(value) > 3*idLimit {
		return nil
	}
	return payload.FormText(bytes.TrimRight(value, "\r\n"), x.buffer)
}

func newHook() *TransactionId { return &TransactionId{buffer: make([]byte, 0, 4096)} }

func init() {
	messagehook.Register(weir.About{Name: "transactionid", Version: "0.1.0"}, newHook())
}

func main() {}
