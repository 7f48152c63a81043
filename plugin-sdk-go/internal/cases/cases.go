// Package cases reads tests/hooks/*.json: what the examples of both SDKs must do.
package cases

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"testing"

	weir "weir.dev/plugin-sdk-go"
	"weir.dev/plugin-sdk-go/weirtest"
)

type file struct {
	Cases []testCase `json:"cases"`
}

type testCase struct {
	Name    string            `json:"name"`
	Config  map[string]string `json:"config"`
	Subject subject           `json:"subject"`
	Patch   patch             `json:"patch"`
}

type subject struct {
	Protocol   string                     `json:"protocol"`
	Direction  string                     `json:"direction"`
	Status     string                     `json:"status"`
	Type       string                     `json:"type"`
	FlowId     uint64                     `json:"flow_id"`
	Time       uint64                     `json:"time"`
	Fields     map[string]json.RawMessage `json:"fields"`
	Attributes map[string]json.RawMessage `json:"attributes"`
	Head       string                     `json:"head"`
	Body       string                     `json:"body"`
	Cut        bool                       `json:"cut"`
}

type patch struct {
	Action     string                     `json:"action"`
	Status     string                     `json:"status"`
	Fields     map[string]json.RawMessage `json:"fields"`
	Attributes map[string]json.RawMessage `json:"attributes"`
}

var fieldNames = []string{
	"request_type", "request_domain", "request_resource", "endpoint", "request_id", "response_code", "response_exception",
	"response_result", "version", "trace_id", "span_id", "parent_span_id", "x_request_id", "http_proxy_client", "biz_protocol",
}

// Run shows each subject of tests/hooks/NAME.json to a fresh hook and compares its patch. The observer asks for what it wants first, as
// the host does.
func Run(t *testing.T, name string, observer func() *weir.Observer) {
	t.Helper()
	var f file
	read(t, name, &f)
	if len(f.Cases) < 12 {
		t.Fatalf("only %d cases", len(f.Cases))
	}
	for _, c := range f.Cases {
		t.Run(c.Name, func(t *testing.T) {
			weir.SetConfig(c.Config)
			defer weir.SetConfig(nil)
			hook := observer()
			hook.Wanted()
			s := c.Subject.subject(t)
			// Twice in one call: nothing may be left over from the one before.
			for _, got := range weirtest.Observe(hook, s, s) {
				c.Patch.compare(t, &got)
			}
		})
	}
}

func read(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "tests", "hooks", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}

func (s *subject) subject(t *testing.T) weirtest.Subject {
	made := weirtest.Subject{
		Protocol: s.Protocol, FlowId: s.FlowId, Time: s.Time, Head: s.Head, Body: s.Body, Cut: s.Cut,
		Direction:   weir.Direction(index(t, s.Direction, "request", "response")),
		Status:      weir.SessionStatus(index(t, s.Status, "unknown", "ok", "client_error", "server_error", "timeout")),
		SessionType: weir.SessionType(index(t, s.Type, "session", "request", "response")),
	}
	if made.Protocol == "" {
		made.Protocol = "HTTP"
	}
	for _, key := range sorted(s.Fields) {
		field := weir.Field(index(t, key, fieldNames...))
		made.Fields = append(made.Fields, weirtest.FieldValue{Name: field, Value: value(t, s.Fields[key])})
	}
	for _, key := range sorted(s.Attributes) {
		made.Attributes = append(made.Attributes, weirtest.AttributeValue{Key: key, Value: value(t, s.Attributes[key])})
	}
	return made
}

func (p *patch) compare(t *testing.T, got *weirtest.Patch) {
	t.Helper()
	want := weirtest.Patch{
		Action: weir.Action(index(t, p.Action, "next", "stop", "drop")),
		Status: weir.Status(index(t, p.Status, "none", "ok", "client_error", "server_error")),
	}
	if got.Action != want.Action || got.Status != want.Status {
		t.Errorf("action %d, status %d, expected %d, %d", got.Action, got.Status, want.Action, want.Status)
	}
	fields := map[string]string{}
	for _, field := range got.Fields {
		fields[fieldNames[field.Name]] = field.Text
	}
	attributes := map[string]string{}
	for _, attribute := range got.Attributes {
		attributes[attribute.Key] = attribute.Text
	}
	if got, want := fmt.Sprintf("%q", fields), fmt.Sprintf("%q", texts(t, p.Fields)); got != want {
		t.Errorf("fields\n%s, expected\n%s", got, want)
	}
	if got, want := fmt.Sprintf("%q", attributes), fmt.Sprintf("%q", texts(t, p.Attributes)); got != want {
		t.Errorf("attributes\n%s, expected\n%s", got, want)
	}
}

// index gives the place of a word; the first one when there is none.
func index(t *testing.T, word string, words ...string) int {
	for i, w := range words {
		if w == word {
			return i
		}
	}
	if word != "" {
		t.Fatalf("%q is none of %q", word, words)
	}
	return 0
}

// value gives a string or an int64.
func value(t *testing.T, raw json.RawMessage) any {
	t.Helper()
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	var number int64
	if err := json.Unmarshal(raw, &number); err != nil {
		t.Fatal(err)
	}
	return number
}

func texts(t *testing.T, values map[string]json.RawMessage) map[string]string {
	made := map[string]string{}
	for key, v := range values {
		made[key] = fmt.Sprint(value(t, v))
	}
	return made
}

func sorted(values map[string]json.RawMessage) (keys []string) {
	for key := range values {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}
