// Package cases reads tests/hooks/*.json: what the built-in hooks in Rust and their twins in Go must do. tests/hooks/README.md says
// what a case holds.
package cases

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	weir "weir.dev/plugin-sdk-go"
	"weir.dev/plugin-sdk-go/weirtest"
)

type testCase struct {
	Name     string            `json:"name"`
	Config   map[string]string `json:"config"`
	Subject  many[subject]     `json:"subject"`
	Expected many[patch]       `json:"expected"`
}

// many is a list, or one that is as good as a list of itself.
type many[T any] []T

func (m *many[T]) UnmarshalJSON(text []byte) error {
	if bytes.HasPrefix(text, []byte("[")) {
		return json.Unmarshal(text, (*[]T)(m))
	}
	*m = make([]T, 1)
	return json.Unmarshal(text, &(*m)[0])
}

// pair is a name and a value.
type pair [2]json.RawMessage

type subject struct {
	Protocol    string  `json:"protocol"`
	Direction   string  `json:"direction"`
	Status      string  `json:"status"`
	SessionType string  `json:"session_type"`
	FlowId      *uint64 `json:"flow_id"`
	Time        *uint64 `json:"time"`
	Fields      []pair  `json:"fields"`
	Attributes  []pair  `json:"attributes"`
	Head        string  `json:"head"`
	Body        string  `json:"body"`
	Cut         bool    `json:"cut"`
}

type patch struct {
	Action     string `json:"action"`
	Status     string `json:"status"`
	Fields     []pair `json:"fields"`
	Attributes []pair `json:"attributes"`
}

var fieldNames = []string{
	"request_type", "request_domain", "request_resource", "endpoint", "request_id", "response_code", "response_exception",
	"response_result", "version", "trace_id", "span_id", "parent_span_id", "x_request_id", "http_proxy_client", "biz_protocol",
}

// Run shows the subjects of each case of tests/hooks/NAME.json to a fresh hook in one call and compares the patches. The observer asks
// for what it wants first, as the host does. Then the subjects are damaged: nothing may panic.
func Run(t *testing.T, name string, observer func() *weir.Observer) {
	t.Helper()
	var all []testCase
	read(t, name, &all)
	if len(all) < 12 {
		t.Fatalf("only %d cases", len(all))
	}
	for _, c := range all {
		t.Run(c.Name, func(t *testing.T) {
			weir.SetConfig(c.Config)
			defer weir.SetConfig(nil)
			hook := observer()
			hook.Wanted()
			var subjects []weirtest.Subject
			for i := range c.Subject {
				subjects = append(subjects, c.Subject[i].subject(t))
			}
			if len(subjects) != len(c.Expected) {
				t.Fatal("as many patches as subjects must be expected")
			}
			// Twice: nothing may be left over from the call before.
			for range 2 {
				for i, got := range weirtest.Observe(hook, subjects...) {
					if got, want := fmt.Sprintf("%+q", got), fmt.Sprintf("%+q", c.Expected[i].patch(t)); got != want {
						t.Errorf("subject %d\n%s, expected\n%s", i, got, want)
					}
				}
			}
			weirtest.HookMutations(hook, subjects, 100)
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
		Protocol: s.Protocol, FlowId: 1, Time: 1_700_000_000_000_000_000, Head: s.Head, Body: s.Body, Cut: s.Cut,
		Direction:   weir.Direction(index(t, s.Direction, "request", "response")),
		SessionType: weir.SessionType(index(t, s.SessionType, "session", "request", "response")),
	}
	if s.Status != "none" {
		made.Status = weir.SessionStatus(index(t, s.Status, "unknown", "ok", "client_error", "server_error", "timeout"))
	}
	if s.Protocol == "" {
		made.Protocol = "HTTP"
	}
	if s.FlowId != nil {
		made.FlowId = *s.FlowId
	}
	if s.Time != nil {
		made.Time = *s.Time
	}
	for _, pair := range s.Fields {
		field := weir.Field(index(t, pair.name(t), fieldNames...))
		made.Fields = append(made.Fields, weirtest.FieldValue{Name: field, Value: pair.value(t)})
	}
	for _, pair := range s.Attributes {
		made.Attributes = append(made.Attributes, weirtest.AttributeValue{Key: pair.name(t), Value: pair.value(t)})
	}
	return made
}

func (p *patch) patch(t *testing.T) weirtest.Patch {
	made := weirtest.Patch{
		Action: weir.Action(index(t, p.Action, "next", "stop", "drop")),
		Status: weir.Status(index(t, p.Status, "none", "ok", "client_error", "server_error")),
	}
	made.Fields = fields(t, p.Fields)
	for _, pair := range p.Attributes {
		attribute := weirtest.AttributeText{Key: pair.name(t), Text: fmt.Sprint(pair.value(t))}
		made.Attributes = append(made.Attributes, attribute)
	}
	return made
}

func fields(t *testing.T, pairs []pair) (made []weirtest.FieldText) {
	for _, pair := range pairs {
		field := weir.Field(index(t, pair.name(t), fieldNames...))
		made = append(made, weirtest.FieldText{Name: field, Text: fmt.Sprint(pair.value(t))})
	}
	return made
}

// index gives the place of a word; the first one when there is none.
func index(t *testing.T, word string, words ...string) int {
	t.Helper()
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

func (p *pair) name(t *testing.T) string {
	t.Helper()
	var name string
	if err := json.Unmarshal(p[0], &name); err != nil {
		t.Fatal(err)
	}
	return name
}

// value gives a string or an int64.
func (p *pair) value(t *testing.T) any {
	t.Helper()
	var text string
	if json.Unmarshal(p[1], &text) == nil {
		return text
	}
	var number int64
	if err := json.Unmarshal(p[1], &number); err != nil {
		t.Fatal(err)
	}
	return number
}
