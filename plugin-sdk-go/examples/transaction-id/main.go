// Transaction-id makes the number of a business transaction the trace id: it reads it from the body of the request or else of the
// response, a JSON object or a form.
//
// Of a JSON object the outermost members count, texts and numbers, of several with one name the last; of a form, `a=1&b=2`, the first
// field of a name. Numbers of more than 256 bytes, and blank ones, are none.
//
// Configuration: `fields`, names with commas between, in the order of preference; `transaction_id,transactionId,txn_no` when it is
// not set.
package main

import (
	"bytes"
	"strings"

	weir "weir.dev/plugin-sdk-go"
	"weir.dev/plugin-sdk-go/httphook"
	"weir.dev/plugin-sdk-go/payload"
	"weir.dev/plugin-sdk-go/payload/json"
)

const (
	// bodyLimit: numbers stand in the front of what clients send; what is longer is an upload.
	bodyLimit = 64 << 10
	// idLimit is longer than any number: a UUID has 36 characters, a JWT is no number.
	idLimit       = 256
	defaultFields = "transaction_id,transactionId,txn_no"
)

// TransactionId is the hook.
type TransactionId struct {
	fields []string
	// answered: the last request of flow had a number; its response comes next and is not asked.
	answered bool
	flow     uint64
	// Numbers with escapes are put together here.
	buffer []byte
}

// Wanted: both with their bodies. The configuration is read here, since it is asked once.
func (x *TransactionId) Wanted() weir.Interest {
	list, set := weir.Config("fields")
	if !set {
		list = defaultFields
	}
	x.fields = nil
	for _, name := range strings.Split(list, ",") {
		if name = strings.TrimSpace(name); name != "" {
			x.fields = append(x.fields, name)
		}
	}
	return weir.Interest{Protocols: []string{"HTTP", "HTTP2"}, Requests: true, Responses: true, BodyLimit: bodyLimit}
}

// Request looks into the body, and remembers whether it found a number.
func (x *TransactionId) Request(subject *weir.Subject, patch *weir.Patch) weir.Action {
	x.answered = x.tell(subject, patch) && subject.SessionType() == weir.TypeSession
	x.flow = subject.FlowId()
	return weir.ActionNext
}

// Response looks into the body when the request had no number.
func (x *TransactionId) Response(subject *weir.Subject, patch *weir.Patch) weir.Action {
	if !x.answered || x.flow != subject.FlowId() {
		x.tell(subject, patch)
	}
	x.answered = false
	return weir.ActionNext
}

func (x *TransactionId) tell(subject *weir.Subject, patch *weir.Patch) bool {
	body := payload.TrimBlanksLeft(subject.Body())
	if len(body) == 0 {
		return false
	}
	var id []byte
	if body[0] == '{' || body[0] == 0xef { // a byte order mark
		id = x.inObject(body)
	} else {
		id = x.inForm(body, subject.Cut())
	}
	if len(id) == 0 {
		return false
	}
	if !bytes.Equal(id, subject.TraceId()) {
		patch.Text(weir.FieldTraceId, id)
	}
	return true
}

// inObject gives the first name of the list that holds a number; of equal names the last one counts.
func (x *TransactionId) inObject(body []byte) []byte {
	best, rank := json.Value{}, len(x.fields)
	members := json.Object(body)
	for members.Next() {
		for i, field := range x.fields[:min(rank+1, len(x.fields))] {
			if members.Name().Is(field) {
				if isId(members.Value()) {
					best, rank = members.Value(), i
				}
				break
			}
		}
	}
	if members.End() == json.Bad {
		return nil
	}
	if best.Kind == json.String {
		return payload.TrimBlanks(best.Text().Decode(&x.buffer))
	}
	return best.Raw
}

// isId: a text of some length, or a number.
func isId(value json.Value) bool {
	switch value.Kind {
	case json.String:
		return fits(payload.TrimBlanks(value.Raw))
	case json.Scalar:
		return value.Raw[0] != 't' && value.Raw[0] != 'f'
	}
	return false
}

func fits(id []byte) bool { return len(id) > 0 && len(id) <= idLimit }

// inForm gives the first name of the list that holds a number; of equal names the first one counts, as servers have it. A last value
// that may be cut off is left alone.
func (x *TransactionId) inForm(body []byte, cut bool) []byte {
	var best []byte
	rank := len(x.fields)
	pairs := payload.Form(payload.TrimBlanks(body))
	for pairs.Next() {
		if cut && pairs.IsLast() {
			continue
		}
		for i, field := range x.fields[:rank] {
			if pairs.IsName(field) && fits(pairs.Value()) {
				best, rank = pairs.Value(), i
				break
			}
		}
	}
	if pairs.IsBad() {
		return nil
	}
	return payload.TrimBlanks(payload.FormText(best, &x.buffer))
}

func init() {
	httphook.Register(weir.About{Name: "transaction-id", Version: "0.1.0"}, &TransactionId{})
}

func main() {}
