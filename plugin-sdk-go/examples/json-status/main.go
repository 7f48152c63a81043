// Json-status reads errors that a service tells in the JSON body of a response while HTTP says 200:
//
//	HTTP/1.1 200 OK
//
//	{"OPT_STATUS": "E1007", "DESCRIPTION": "insufficient funds"}
//
// A status other than success with a code below 400: response_code becomes 500, the status server_error. The description becomes
// response_exception. From 400 on the code stays, and response_result becomes the body when it is a JSON object. Members are those of
// the outermost object.
//
// Configuration: `status-field`, `success-value`, `description-field`; `OPT_STATUS`, `SUCCESS`, `DESCRIPTION` when they are not set.
package main

import (
	weir "weir.dev/plugin-sdk-go"
	"weir.dev/plugin-sdk-go/httphook"
	"weir.dev/plugin-sdk-go/payload"
	"weir.dev/plugin-sdk-go/payload/json"
)

// bodyLimit: an object with a status is short; what is longer is a document. A description behind it is not seen.
const bodyLimit = 64 << 10

// JsonStatus is the hook.
type JsonStatus struct {
	// Of status and description.
	names   [2]string
	success string
	found   [2]json.Value
	// Descriptions with escapes are put together here.
	buffer []byte
}

// Wanted: responses with their bodies. The configuration is read here, since it is asked once.
func (j *JsonStatus) Wanted() weir.Interest {
	j.names = [2]string{configured("status-field", "OPT_STATUS"), configured("description-field", "DESCRIPTION")}
	j.success = configured("success-value", "SUCCESS")
	return weir.Interest{Protocols: []string{"HTTP", "HTTP2"}, Responses: true, BodyLimit: bodyLimit}
}

func configured(key, other string) string {
	if value, set := weir.Config(key); set {
		return value
	}
	return other
}

// Request is not asked for.
func (*JsonStatus) Request(*weir.Subject, *weir.Patch) weir.Action { return weir.ActionNext }

// Response looks into the body.
func (j *JsonStatus) Response(subject *weir.Subject, patch *weir.Patch) weir.Action {
	code, known := subject.Field(weir.FieldResponseCode).Number()
	body := payload.TrimBlanks(subject.Body())
	if !known || len(body) == 0 || json.Find(body, j.names[:], j.found[:]) == json.Bad {
		return weir.ActionNext
	}
	if code >= 400 {
		patch.Text(weir.FieldResponseResult, body)
	}
	status, description := j.found[0], j.found[1]
	if !j.failed(status) {
		return weir.ActionNext
	}
	if code < 400 {
		patch.Number(weir.FieldResponseCode, 500).Status(weir.StatusServerError)
	}
	switch description.Kind {
	case json.String:
		patch.Text(weir.FieldResponseException, description.Text().Decode(&j.buffer))
	case json.Scalar:
		patch.Text(weir.FieldResponseException, description.Raw)
	}
	return weir.ActionNext
}

// failed: there is a status, a text or a number, and it is not the one of success.
func (j *JsonStatus) failed(status json.Value) bool {
	switch status.Kind {
	case json.String:
		return !status.Text().Is(j.success)
	case json.Scalar:
		return string(status.Raw) != j.success
	}
	return false
}

func init() {
	httphook.Register(weir.About{Name: "json-status", Version: "0.1.0"}, &JsonStatus{})
}

func main() {}
