package tracecontext

import (
	"fmt"
	"strings"
	"testing"

	weir "weir.dev/plugin-sdk-go"
	"weir.dev/plugin-sdk-go/weirtest"
)

const (
	parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	sw8    = "1-My40LjU=-MS4yLjM=-4-c2VydmljZQ==-aW5zdA==-L2FwcA==-MTI3LjAuMC4xOjgwODA="
)

var names15 = []string{9: "trace", 10: "span", 11: "parent", 12: "request"}

// teller tells the headers of each line of its input.
type teller struct {
	weir.NoMemory
	headers *Headers
	context *Context
}

func (teller) Manifest() weir.Manifest               { return weir.Manifest{} }
func (teller) Check([]byte, weir.Probe) weir.Verdict { return weir.VerdictNo }
func (t teller) Open(*weir.Flow) weir.Connection     { return t }
func (t teller) Parse(in weir.Input, out weir.Output) weir.Step {
	t.context.Reset()
	rest := in.Bytes
	for len(rest) > 0 {
		end := strings.IndexByte(string(rest), '\n')
		t.context.Line(t.headers, rest[:end])
		rest = rest[end+1:]
	}
	t.context.Tell(t.headers, out.Message(weir.KindRequest, 1))
	return weir.Consumed(uint64(len(in.Bytes)))
}

func told(headers *Headers, lines ...string) string {
	h := weirtest.Tcp(teller{headers: headers, context: new(Context)}).Client(strings.Join(lines, "\n") + "\n")
	var all []string
	message := h.Messages()[0]
	for _, field := range message.Fields {
		all = append(all, names15[field.Name]+"="+field.Text)
	}
	for _, attribute := range message.Attributes {
		all = append(all, attribute.Key+"="+attribute.Text)
	}
	return strings.Join(all, " ")
}

func defaults() *Headers { return NewHeaders(defaultTraceIds, defaultSpanIds, defaultRequestIds) }

func TestEachForm(t *testing.T) {
	const w3c = "trace=4bf92f3577b34da6a3ce929d0e0e4736 span=00f067aa0ba902b7"
	const b3all = "trace=80f198ee56343ba864fe8b2a57d3eff7 span=e457b5a2e4d86bd1 parent=05e3ac9a4f6e3b90"
	for _, c := range []struct {
		want  string
		lines []string
	}{
		{w3c, []string{"TraceParent: " + parent}},
		{"trace=3.4.5 span=1.2.3-4", []string{"sw8: " + sw8}},
		{"trace=3.4.5 span=1.2.3-4", []string{"SW6:" + sw8}},
		{b3all, []string{"b3: 80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1-05e3ac9a4f6e3b90"}},
		{"trace=abc span=12 parent=7", []string{"Uber-Trace-Id: abc%3A12%3A7%3A1"}},
		{"request=a b", []string{"X-Request-ID:  a b \r"}},
		{b3all, []string{
			"X-B3-ParentSpanId: 05e3ac9a4f6e3b90", "X-B3-SpanId: e457b5a2e4d86bd1", "X-B3-Sampled: 1",
			"X-B3-TraceId: 80f198ee56343ba864fe8b2a57d3eff7",
		}},
		{
			w3c + " x-b3-spanid=e457b5a2e4d86bd1 uber-trace-id=abc sw8=3.4.5", []string{
				"X-B3-SpanId: e457b5a2e4d86bd1", "X-B3-ParentSpanId: 05e3ac9a4f6e3b90", "uber-trace-id: abc:12:0:1", "sw8: " + sw8,
				"Traceparent: " + parent,
			},
		},
		{"trace=abc span=12", []string{"traceparent: " + strings.Replace(parent, "4bf92f3577b34da6a3ce929d0e0e4736", strings.Repeat("0", 32), 1), "uber-trace-id: abc:12:0:1"}},
		{"", []string{"b3: 0", "x-request-id: ", "x-request-id2: a", "x-request-id", "", ": x", "accept: y"}},
		{w3c, []string{"traceparent: " + parent, "traceparent: 00-1-2-3"}},
	} {
		if got := told(defaults(), c.lines...); got != c.want {
			t.Errorf("%q:\n%s, expected\n%s", c.lines, got, c.want)
		}
	}
}

func TestOtherLists(t *testing.T) {
	other := NewHeaders("X-My-Trace, uber-trace-id, traceparent", "sw8", "x-id")
	got := told(other, "x-id: 1", "x-my-trace: t", "uber-trace-id: abc:12:0:1", "sw8: "+sw8, "Traceparent: "+parent)
	want := "request=1 trace=t span=1.2.3-4 uber-trace-id=abc traceparent=4bf92f3577b34da6a3ce929d0e0e4736"
	if got != want {
		t.Errorf("%s, expected\n%s", got, want)
	}
	var list, lines []string
	for n := range 20 {
		list, lines = append(list, fmt.Sprintf("h%d", n)), append(lines, fmt.Sprintf("h%d: v", n))
	}
	if got := told(NewHeaders(strings.Join(list, ","), "", ""), lines...); strings.Count(got, "=") != foundLimit {
		t.Error(got)
	}
	for length := range sw8 {
		told(defaults(), "sw8: "+sw8[:length], "b3: "+parent[:min(length, len(parent))], "uber-trace-id: "+sw8[length:])
	}
}

func TestConfigured(t *testing.T) {
	configured = nil
	weir.SetConfig(map[string]string{"trace-id-headers": "x-mine"})
	defer func() { configured = nil; weir.SetConfig(nil) }()
	if got := told(Configured(), "x-mine: 7", "traceparent: "+parent); got != "trace=7 span=00f067aa0ba902b7" {
		t.Error(got)
	}
	weir.SetConfig(nil)
	if got := told(Configured(), "x-mine: 7"); got != "trace=7" {
		t.Error("the host is asked once", got)
	}
}

func TestTraceparent(t *testing.T) {
	for value, want := range map[string]bool{
		parent: true, " " + parent + "\t": true, "cc" + parent[2:] + "-what-the-future-brings": true, "cc" + parent[2:]: true,
		"cc" + parent[2:] + ".no-dash": false, parent + "-": false, "ff" + parent[2:]: false, strings.ToUpper(parent): false,
		parent[1:]: false, parent[:54]: false, strings.Replace(parent, "-", "x", 2): false, strings.Repeat("-", 55): false, "": false,
		parent[:54] + "x": false, "00-" + strings.Repeat("0", 32) + parent[35:]: false,
	} {
		if _, _, got := Traceparent([]byte(value)); got != want {
			t.Errorf("%q: %v", value, got)
		}
	}
}

func TestNonsense(t *testing.T) {
	for _, value := range []string{
		"", "-", "--", "0", "d", "0000000000000000-e457b5a2e4d86bd1", "80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-x",
		"80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1-05e3ac9a4f6e3b90-1", "80f198ee56343ba864fe8b2a57d3eff-e457b5a2e4d86bd1",
	} {
		if p := b3([]byte(value)); p.trace.IsSet() {
			t.Errorf("b3 %q", value)
		}
	}
	for _, value := range []string{
		"", ":::", "1:1:0", "0:1:0:1", "1:0:0:1", "g:1:0:1", "1:1:0:", "1%3B1:0:1", "1:1:0:1:1", "%3", strings.Repeat("a", 33) + ":1:0:1",
	} {
		if p := uberTraceId([]byte(value)); p.trace.IsSet() {
			t.Errorf("uber-trace-id %q", value)
		}
	}
	long := strings.Repeat("AAAA", idLimit/3)
	for _, value := range []string{
		"", "1", "1-AAAA", "1-AAAA-AAAA", "2-AAAA-AAAA-1", "1--AAAA-1", "1-AAAA--1", "1-AAAA-AAAA-", "1-AAAA-AAAA-x", "1-A*AA-AAAA-1",
		"1-AAAA-AAAA-12345678901", "1-AAAA-" + long + "-1", "1-" + long + "AAAA-AAAA-1", "1-AAA\nA-AAAA-1",
	} {
		if p := sw([]byte(value)); p.trace.IsSet() {
			t.Errorf("sw8 %q", value)
		}
	}
}

func TestSqlComment(t *testing.T) {
	const pair = "traceparent='" + parent + "'"
	far := strings.Repeat("x", commentLimit)
	for sql, want := range map[string]bool{
		"SELECT 1 /*action='a%2C',controller='index,'framework='spring'," + pair + ",tracestate='congo%3Dt61'*/": true,
		"SELECT 1 /* " + pair + " */ ; \n":                   true,
		"/*" + pair + "*/ SELECT 1":                          true,
		"/*+ INDEX(a b) */ /*" + pair + "*/SELECT 1 /* x */": true,
		"SELECT 1 /*traceparent=\\'" + parent + "\\'*/":      true,
		"SELECT '" + far + "' /*" + pair + "*/":              true,
		"SELECT '/*" + pair + "*/'":                          false,
		"SELECT 1 /*x" + pair + "*/":                         false,
		"SELECT 1 /*traceparent='00-0-0-01'*/":               false,
		"SELECT 1 /*traceparent='*/":                         false,
		"SELECT 1 /*" + pair:                                 false,
		"SELECT 1 /*" + pair + "," + far + "*/":              false,
		"":                                                   false,
		"*/":                                                 false,
		"/*":                                                 false,
		"/*/":                                                false,
		"/**/":                                               false,
		";":                                                  false,
	} {
		if _, span, got := SqlComment([]byte(sql)); got != want || (got && string(span) != "00f067aa0ba902b7") {
			t.Errorf("%.60q: %v", sql, got)
		}
	}
}

func TestNothingIsAllocated(t *testing.T) {
	headers, context := defaults(), new(Context)
	lines := [][]byte{[]byte("accept: x"), []byte("Traceparent: " + parent), []byte("sw8: " + sw8), []byte("uber-trace-id: abc:12:0:1")}
	var buffer [idLimit]byte
	if n := testing.AllocsPerRun(100, func() {
		context.Reset()
		for _, line := range lines {
			context.Line(headers, line)
		}
		ids := context.Ids(headers)
		ids.Span.Text(buffer[:])
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
