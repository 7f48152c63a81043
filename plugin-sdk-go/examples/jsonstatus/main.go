// Jsonstatus reads the business status that HTTP does not know: an answer such as
//
//	HTTP/1.1 200 OK
//
//	{"OPT_STATUS": "E1007", "DESCRIPTION": "insufficient funds"}
//
// is an error, whatever the code says. OPT_STATUS other than SUCCESS with a code below 400: response_code becomes 500, the status
// server_error. response_exception becomes DESCRIPTION. From 400 on the code stays, and response_result becomes the body when it is
// a JSON object. Members are those of the outermost object; of several with one name the last counts; only texts count.
package main

import (
	"bytes"

	weir "weir.dev/plugin-sdk-go"
	"weir.dev/plugin-sdk-go/httphook"
	"weir.dev/plugin-sdk-go/payload"
)

// bodyLimit: business answers are short, and a list of thousand orders has its status in front.
const bodyLimit = 64 << 10

// JsonStatus is the hook.
type JsonStatus struct {
	// For a text with escapes.
	buffer []byte
}

// Wanted: responses with their bodies.
func (*JsonStatus) Wanted() weir.Interest {
	return weir.Interest{Responses: true, BodyLimit: bodyLimit}
}

// Request is never asked for.
func (*JsonStatus) Request(*weir.Subject, *weir.Patch) weir.Action { return weir.ActionNext }

// Response looks into the body.
func (j *JsonStatus) Response(subject *weir.Subject, patch *weir.Patch) weir.Action {
	code, known := subject.Field(weir.FieldResponseCode).Number()
	body := bytes.Trim(subject.Body(), " \t\r\n")
	if !known || len(body) == 0 || body[0] != '{' {
		return weir.ActionNext
	}
	status, description, whole := members(body)
	failed := payload.IsString(status) && !payload.IsKey(status, "SUCCESS")
	if failed && code < 400 {
		patch.Number(weir.FieldResponseCode, 500).Status(weir.StatusServerError)
	}
	if failed && payload.IsString(description) {
		if text, _ := payload.JsonText(description, j.buffer); len(text) > 0 {
			patch.Text(weir.FieldResponseException, text)
		}
	}
	if code >= 400 && whole {
		patch.Text(weir.FieldResponseResult, body)
	}
	return weir.ActionNext
}

// members gives the two that matter, and whether the body is one whole JSON object.
func members(body []byte) (status, description []byte, whole bool) {
	object := payload.Object(body)
	for object.Next() {
		switch {
		case payload.IsKey(object.Key(), "OPT_STATUS"):
			status = object.Value()
		case payload.IsKey(object.Key(), "DESCRIPTION"):
			description = object.Value()
		}
	}
	return status, description, object.Complete()
}

func newHook() *JsonStatus { return &JsonStatus{buffer: make([]byte, 0, 4096)} }

func init() {
	httphook.Register(weir.About{Name: "jsonstatus", Version: "0.1.0"}, newHook())
}

func main() {}
