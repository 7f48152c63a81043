package weir_test

import (
	"fmt"
	"testing"

	weir "weir.dev/plugin-sdk-go"
	"weir.dev/plugin-sdk-go/abi"
	"weir.dev/plugin-sdk-go/weirtest"
)

type hook func(*weir.Subject, *weir.Patch) weir.Action

func (hook) Wanted() weir.Interest                                { return weir.Interest{} }
func (h hook) Session(s *weir.Subject, p *weir.Patch) weir.Action { return h(s, p) }
func (h hook) Message(s *weir.Subject, p *weir.Patch) weir.Action { return h(s, p) }

func observe(h hook, subjects ...weirtest.Subject) []weirtest.Patch {
	return weirtest.Observe(weir.ObserveSessions(h), subjects...)
}

func TestWhatASubjectSays(t *testing.T) {
	subject := weirtest.Subject{
		Protocol: "HTTP", Status: weir.SessionTimeout, SessionType: weir.TypeRequest, FlowId: 3, Time: 4, Duration: 5, Body: "body", Cut: true,
		Direction: weir.ServerToClient,
		Head:      ":path: /a\r\nHost:  a b\t\r\nHosts: c\r\nX-Host: d\r\nhost: second\r\nempty:\r\nlast: e",
		Fields: []weirtest.FieldValue{
			{Name: weir.FieldResponseCode, Value: int64(-404)}, {Name: weir.FieldTraceId, Value: "77"}, {Name: weir.FieldEndpoint, Value: ""},
		},
		Attributes: []weirtest.AttributeValue{{Key: "a", Value: "x"}, {Key: "ab", Value: int64(1)}},
	}
	asked := 0
	observe(func(s *weir.Subject, _ *weir.Patch) weir.Action {
		asked++
		if string(s.Protocol()) != "HTTP" || s.Status() != weir.SessionTimeout || s.SessionType() != weir.TypeRequest || s.FlowId() != 3 ||
			s.Time() != 4 || s.Duration() != 5 || string(s.Body()) != "body" || !s.Cut() || s.Direction() != weir.ServerToClient ||
			s.Client().String() != "10.0.0.1:40000" || s.Server().String() != "10.0.0.2:80" || s.Transport() != weir.TCP {
			t.Error("plain facts")
		}
		code, trace := s.Field(weir.FieldResponseCode), s.Field(weir.FieldTraceId)
		if n, ok := code.Number(); n != -404 || !ok || code.Bytes() != nil || string(code.Append([]byte("="))) != "=-404" {
			t.Error("a number")
		}
		if n, ok := trace.Number(); n != 77 || !ok || string(trace.Append(nil)) != "77" || string(s.TraceId()) != "77" {
			t.Error("a text of digits")
		}
		if e := s.Field(weir.FieldEndpoint); !e.IsSet() || len(e.Bytes()) != 0 {
			t.Error("empty is not absent")
		}
		if s.Field(weir.FieldVersion).IsSet() || s.Attribute("b").IsSet() || string(s.Attribute("a").Bytes()) != "x" {
			t.Error("what is there")
		}
		if n, _ := s.Attribute("ab").Number(); n != 1 || s.AttributeCount() != 2 || s.FieldCount() != 3 {
			t.Error("attributes")
		}
		if key, value := s.AttributeAt(1); string(key) != "ab" || !value.IsSet() {
			t.Error("by index")
		}
		if name, _ := s.FieldAt(0); name != weir.FieldResponseCode {
			t.Error("by index")
		}
		for name, want := range map[string]string{"host": "a b", "HOST": "a b", ":path": "/a", "empty": "", "last": "e"} {
			if got := s.Header(name); got == nil || string(got) != want {
				t.Errorf("%s: %q", name, got)
			}
		}
		for _, name := range []string{"ost", "hos", "", "last: e"} {
			if got := s.Header(name); got != nil {
				t.Errorf("%s: %q", name, got)
			}
		}
		return weir.ActionNext
	}, subject, subject)
	if asked != 2 {
		t.Error("each is asked once")
	}
}

func TestPatches(t *testing.T) {
	n := 0
	patches := observe(func(s *weir.Subject, p *weir.Patch) weir.Action {
		n++
		switch n {
		case 2:
			p.Text(weir.FieldEndpoint, s.Body()).String(weir.FieldTraceId, "a").String(weir.FieldTraceId, "b").Remove(weir.FieldVersion)
			p.Number(weir.FieldResponseCode, 500).Attribute("k", s.Body()[1:]).RemoveAttribute("r").Status(weir.StatusOk)
		case 3:
			return weir.ActionDrop
		case 4:
			p.Status(weir.StatusServerError)
			return weir.ActionStop
		}
		return weir.ActionNext
	}, weirtest.Subject{}, weirtest.Subject{Body: "body"}, weirtest.Subject{}, weirtest.Subject{}, weirtest.Subject{})
	want := "[{0 0 [] []} {0 1 [{3 body} {9 a} {9 b} {8 } {5 500}] [{k ody} {r }]} {2 0 [] []} {1 3 [] []} {0 0 [] []}]"
	if got := fmt.Sprint(patches); got != want {
		t.Errorf("%s, expected\n%s", got, want)
	}
}

func TestPatchesInMemory(t *testing.T) {
	observer := weir.ObserveMessages(hook(func(s *weir.Subject, p *weir.Patch) weir.Action {
		p.Text(weir.FieldEndpoint, s.Body()).String(weir.FieldSpanId, "own").Attribute("key", nil)
		return weir.ActionNext
	}))
	lists := observer.Observe([]byte("..body"), []abi.Subject{{}, {Body: abi.Slice{Offset: 2, Length: 4}}}, nil, nil)
	lists.Place(100)
	if len(lists.Patches) != 2 || lists.Patches[1].Subject != 1 || lists.Patches[1].Fields != 2 || lists.Patches[1].Attributes != 1 {
		t.Fatal(lists.Patches)
	}
	if v := lists.Fields[2].Value; v.Case != abi.ValueSlice || v.Bits != 2|4<<32 {
		t.Error("a piece of the arena is no copy", v)
	}
	// Behind the texts of the first patch: "own", "key".
	if v := lists.Fields[3].Value; v.Case != abi.ValueOwned || v.Bits != 106|3<<32 || lists.Attributes[1].Key != 109 {
		t.Error("addresses", v, lists.Attributes)
	}
}

func TestLyingSubjects(t *testing.T) {
	asked := 0
	observer := weir.ObserveSessions(hook(func(s *weir.Subject, p *weir.Patch) weir.Action {
		asked++
		p.Text(weir.FieldEndpoint, s.Body()).Text(weir.FieldVersion, s.Field(weir.FieldEndpoint).Bytes())
		s.Header("x")
		return weir.ActionNext
	}))
	far := abi.Slice{Offset: 3, Length: ^uint32(0)}
	observer.Observe([]byte("abc"), []abi.Subject{{Body: far, Head: far, Protocol: far, Fields: 1}, {Fields: 1}, {}},
		[]abi.Field{{Name: 3, Value: abi.Value{Case: abi.ValueSlice, Bits: 1<<63 | 2}}}, nil)
	if asked != 1 {
		t.Error("a subject without its fields ends the call", asked)
	}
}

func TestHooksAllocateNothing(t *testing.T) {
	observer := weir.ObserveSessions(hook(func(s *weir.Subject, p *weir.Patch) weir.Action {
		p.Text(weir.FieldEndpoint, s.Header("host")).String(weir.FieldSpanId, "own").Attribute("key", s.Body())
		return weir.ActionNext
	}))
	arena := []byte("host: a\r\nbody")
	subjects := make([]abi.Subject, 32)
	for i := range subjects {
		subjects[i] = abi.Subject{Head: abi.Slice{Length: 9}, Body: abi.Slice{Offset: 9, Length: 4}, Fields: 1}
	}
	fields := make([]abi.Field, 32)
	if n := testing.AllocsPerRun(100, func() { observer.Observe(arena, subjects, fields, nil).Place(7) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
