package weir_test

import (
	"fmt"
	"strings"
	"testing"

	weir "weir.dev/plugin-sdk-go"
	"weir.dev/plugin-sdk-go/abi"
)

// scripted answers one step after the other, and keeps what it was given.
type scripted struct {
	steps []weir.Step
	seen  *[]string
	tell  func(weir.Input, weir.Output)
}

func (scripted) Manifest() weir.Manifest                 { return weir.Manifest{} }
func (scripted) Check([]byte, weir.Probe) weir.Verdict   { return weir.VerdictNo }
func (s *scripted) Open(flow *weir.Flow) weir.Connection { s.note("open %v", *flow); return s }
func (s *scripted) Gap(gap weir.Gap, _ weir.Output) {
	s.note("gap %d+%d %q", gap.Position, gap.Bytes, gap.Unread)
}
func (s *scripted) Close(weir.Output) { s.note("close") }
func (s *scripted) note(format string, args ...any) {
	*s.seen = append(*s.seen, fmt.Sprintf(format, args...))
}
func (s *scripted) Parse(in weir.Input, out weir.Output) weir.Step {
	s.note("%d@%d %q", in.Direction, in.Position, in.Bytes)
	if s.tell != nil {
		s.tell(in, out)
	}
	step := weir.Consumed(uint64(len(in.Bytes)))
	if len(s.steps) > 0 {
		step, s.steps = s.steps[0], s.steps[1:]
	}
	return step
}

func opened() abi.StreamEvent { return abi.StreamEvent{Case: abi.EventOpened} }

func data(direction uint8, offset, length uint32, position uint64) abi.StreamEvent {
	return abi.StreamEvent{Case: abi.EventData, Direction: direction, Offset: offset, Length: length, Position: position}
}

func run(transport uint8, steps []weir.Step, arena string, events ...abi.StreamEvent) (seen []string, lists *weir.Lists) {
	instance := weir.NewInstance(&scripted{steps: steps, seen: &seen})
	events = append([]abi.StreamEvent{opened()}, events...)
	lists = instance.Process([]byte(arena), []abi.Flow{{Transport: transport}}, events)
	return seen[1:], lists
}

func TestProgress(t *testing.T) {
	for _, c := range []struct {
		name      string
		transport uint8
		steps     []weir.Step
		events    []abi.StreamEvent
		seen      string
		progress  string
	}{
		{"consumed whole", 0, nil, []abi.StreamEvent{data(0, 0, 10, 0)}, `[0@0 "0123456789"]`, "[]"},
		{
			"one message after the other", 0, []weir.Step{weir.Consumed(4), weir.Consumed(6)}, []abi.StreamEvent{data(0, 0, 10, 0)},
			`[0@0 "0123456789" 0@4 "456789"]`, "[]",
		},
		{
			"stepping over, inside of the call too", 0, []weir.Step{weir.Consumed(12)},
			[]abi.StreamEvent{data(0, 0, 5, 0), data(0, 5, 5, 5), data(0, 0, 5, 10)},
			`[0@0 "01234" 0@12 "234"]`, "[1:0:12:0 2:0:12:0]",
		},
		{
			"what was left comes again, so later events wait", 0, []weir.Step{weir.NeedMore()},
			[]abi.StreamEvent{data(0, 0, 5, 0), data(1, 5, 5, 0), {Case: abi.EventGap, Position: 5, TimeOrBytes: 3}, {Case: abi.EventClosed}},
			`[0@0 "01234"]`, "[1:0:0:0]",
		},
		{
			"how much is needed", 0, []weir.Step{weir.Consumed(2), weir.NeedAtLeast(99)}, []abi.StreamEvent{data(0, 0, 5, 7)},
			`[0@7 "01234" 0@9 "234"]`, "[1:0:9:99]",
		},
		{"nothing consumed is need more", 0, []weir.Step{weir.Consumed(0)}, []abi.StreamEvent{data(0, 0, 5, 0)}, `[0@0 "01234"]`, "[1:0:0:0]"},
		{
			"a violation drops the input", 0, []weir.Step{weir.Violation()}, []abi.StreamEvent{data(0, 0, 5, 0), data(0, 5, 5, 5)},
			`[0@0 "01234" 0@5 "56789"]`, "[1:1:5:0]",
		},
		{
			"finished: no more calls but the last", 0, []weir.Step{weir.Finished()},
			[]abi.StreamEvent{data(0, 0, 5, 0), data(1, 5, 5, 0), {Case: abi.EventClosed}},
			`[0@0 "01234" close]`, "[1:2:5:0]",
		},
		{"upgraded", 0, []weir.Step{weir.Upgraded(3)}, []abi.StreamEvent{data(0, 0, 5, 0)}, `[0@0 "01234"]`, "[1:3:3:0]"},
		{
			"a datagram is never kept", 1, []weir.Step{weir.NeedMore(), weir.Consumed(3), weir.NeedAtLeast(9)},
			[]abi.StreamEvent{data(0, 0, 5, 0), data(0, 5, 5, 5)},
			`[0@0 "01234" 0@5 "56789" 0@8 "89"]`, "[]",
		},
		{
			"a gap, and what was left before it", 0, nil,
			[]abi.StreamEvent{{Case: abi.EventGap, Offset: 2, Length: 3, Position: 8, TimeOrBytes: 4}, data(0, 0, 2, 12)},
			`[gap 8+4 "234" 0@12 "01"]`, "[]",
		},
		{
			"a gap in what is stepped over is none", 0, []weir.Step{weir.Consumed(20)},
			[]abi.StreamEvent{data(0, 0, 5, 0), {Case: abi.EventGap, Position: 5, TimeOrBytes: 15}},
			`[0@0 "01234"]`, "[1:0:20:0]",
		},
		{
			"lies", 0, nil,
			[]abi.StreamEvent{
				data(0, 9, 2, 0), data(0, ^uint32(0), 2, 0), data(0, 2, ^uint32(0), 0), {Case: abi.EventData, Connection: 1, Length: 1},
				{Case: abi.EventData, Connection: ^uint32(0), Length: 1}, {Case: abi.EventOpened, Connection: 7}, {Case: abi.EventClosed, Connection: 9},
				{Case: abi.EventGap, Connection: 3},
			},
			`[]`, "[]",
		},
		{"too far", 0, []weir.Step{weir.Consumed(^uint64(0))}, []abi.StreamEvent{data(0, 0, 5, 7)}, `[0@7 "01234"]`, "[1:0:18446744073709551615:0]"},
		{"nothing after the end", 0, nil, []abi.StreamEvent{{Case: abi.EventClosed}, data(0, 0, 5, 0), {Case: abi.EventClosed}}, `[close]`, "[]"},
	} {
		seen, lists := run(c.transport, c.steps, "0123456789", c.events...)
		progress := []string{}
		for _, p := range lists.Progress {
			progress = append(progress, fmt.Sprintf("%d:%d:%d:%d", p.Event, p.State, p.ResumeAt, p.Need))
		}
		if fmt.Sprint(seen) != c.seen || fmt.Sprint(progress) != c.progress {
			t.Errorf("%s:\n%v, expected\n%v\n%v, expected\n%v", c.name, seen, c.seen, progress, c.progress)
		}
	}
}

func TestLeftAloneOnlyInThatCall(t *testing.T) {
	var seen []string
	instance := weir.NewInstance(&scripted{steps: []weir.Step{weir.NeedMore()}, seen: &seen})
	instance.Process([]byte("ab"), []abi.Flow{{}}, []abi.StreamEvent{opened(), data(0, 0, 1, 0)})
	instance.Process([]byte("ab"), nil, []abi.StreamEvent{data(0, 0, 2, 0)})
	if got := fmt.Sprint(seen[1:]); got != `[0@0 "a" 0@0 "ab"]` {
		t.Error(got)
	}
}

func TestFlow(t *testing.T) {
	var seen []string
	instance := weir.NewInstance(&scripted{seen: &seen})
	mapped := abi.Endpoint{Low: 0xffff_0a00_0001, Port: 80}
	six := abi.Endpoint{High: 0x2001_0db8 << 32, Low: 1, Port: 443}
	flows := []abi.Flow{{Connection: 5, Transport: 1, Client: mapped, Server: six, FromStart: 1, Heads: 1, BodyLimit: 9}, {Connection: 1 << 30}}
	instance.Process(nil, flows, []abi.StreamEvent{opened(), {Case: abi.EventOpened, Connection: 1}})
	if got := fmt.Sprint(seen); got != "[open {1 10.0.0.1:80 [2001:db8::1]:443 true true 9}]" {
		t.Error(got)
	}
}

func TestTextsOfTheInputAreNotCopied(t *testing.T) {
	var seen []string
	parser := &scripted{seen: &seen, tell: func(in weir.Input, out weir.Output) {
		out.Message(weir.KindRequest, 3).
			Text(weir.FieldRequestType, in.Bytes[1:3]).
			Text(weir.FieldEndpoint, append([]byte(nil), in.Bytes...)).
			Text(weir.FieldVersion, in.Bytes[:0]).
			String(weir.FieldSpanId, "s").
			Number(weir.FieldResponseCode, -7).
			Attribute("key", in.Bytes[2:]).
			Head(in.Bytes[:1]).Body([]byte("x"), weir.EncodingGzip).LastOfBody(in.Bytes[3:4], weir.EncodingZstd).
			Protocol(2).Correlation(9).Status(weir.StatusClientError)
		out.Toward(weir.ServerToClient).Begin(weir.KindResponse)
		out.More(weir.KindResponse)
		out.End(weir.KindResponse, ^uint64(0))
	}}
	instance := weir.NewInstance(parser)
	lists := instance.Process([]byte("..0123"), []abi.Flow{{}}, []abi.StreamEvent{opened(), data(0, 2, 4, 10)})
	value := func(c uint8, low, high uint32) abi.Value {
		return abi.Value{Case: c, Bits: uint64(low) | uint64(high)<<32}
	}
	minus7 := int64(-7)
	want := []abi.Field{
		{Name: 0, Value: value(abi.ValueSlice, 3, 2)},
		{Name: 3, Value: value(abi.ValueOwned, 0, 4)},
		{Name: 8, Value: value(abi.ValueOwned, 4, 0)},
		{Name: 10, Value: value(abi.ValueOwned, 4, 1)},
		{Name: 5, Value: abi.Value{Case: abi.ValueNumber, Bits: uint64(minus7)}},
	}
	if fmt.Sprint(lists.Fields) != fmt.Sprint(want) {
		t.Errorf("%v, expected\n%v", lists.Fields, want)
	}
	if a := lists.Attributes[0]; a.Key != 5 || a.KeyLength != 3 || a.Value != value(abi.ValueSlice, 4, 2) {
		t.Error(a)
	}
	pieces := []abi.Piece{
		{Kind: 0, Value: value(abi.ValueSlice, 2, 1)},
		{Kind: 1, Encoding: 1, Value: value(abi.ValueOwned, 8, 1)},
		{Kind: 1, Encoding: 4, Last: 1, Value: value(abi.ValueSlice, 5, 1)},
	}
	if fmt.Sprint(lists.Pieces) != fmt.Sprint(pieces) {
		t.Error(lists.Pieces)
	}
	m := lists.Messages[0]
	if m.Fields != 5 || m.Attributes != 1 || m.Pieces != 3 || m.Protocol != 2 || m.Correlation != 9 || m.HasCorrelation != 1 || m.Status != 2 ||
		m.Start != 10 || m.End != 13 {
		t.Error(m)
	}
	if b, e := lists.Messages[1], lists.Messages[3]; b.Direction != 1 || b.Part != 1 || lists.Messages[2].Part != 3 || e.Part != 2 || e.End != ^uint64(0) {
		t.Error(lists.Messages)
	}
	if string(lists.Owned) != "0123skeyx" {
		t.Errorf("%q", lists.Owned)
	}
	lists.Place(1000)
	if lists.Fields[1].Value.Bits != 1000|4<<32 || lists.Fields[0].Value != want[0].Value || lists.Attributes[0].Key != 1005 ||
		lists.Pieces[1].Value.Bits != 1008|1<<32 {
		t.Error("only what refers to owned texts gets their address")
	}
}

func TestLongTextsAreCut(t *testing.T) {
	var seen []string
	long := strings.Repeat("x", weir.TextLimit-1) + "中"
	parser := &scripted{seen: &seen, tell: func(in weir.Input, out weir.Output) {
		out.Message(weir.KindRequest, 1).String(weir.FieldEndpoint, long).Text(weir.FieldEndpoint, []byte(long)).Body([]byte(long), 0)
	}}
	lists := weir.NewInstance(parser).Process([]byte("x"), []abi.Flow{{}}, []abi.StreamEvent{opened(), data(0, 0, 1, 0)})
	for _, field := range lists.Fields {
		if length := field.Value.Bits >> 32; length != weir.TextLimit-1 {
			t.Errorf("%d bytes: a text has a limit, and no character is cut in two", length)
		}
	}
	if length := lists.Pieces[0].Value.Bits >> 32; int(length) != len(long) {
		t.Error("a piece is not cut")
	}
}

func TestAMessageIsFilledBeforeTheNext(t *testing.T) {
	var seen []string
	parser := &scripted{seen: &seen, tell: func(_ weir.Input, out weir.Output) {
		first := out.Message(weir.KindRequest, 1)
		out.Message(weir.KindRequest, 1)
		first.Number(weir.FieldResponseCode, 1)
	}}
	defer func() {
		if recover() == nil {
			t.Error("the field would be the second message's")
		}
	}()
	weir.NewInstance(parser).Process([]byte("x"), []abi.Flow{{}}, []abi.StreamEvent{opened(), data(0, 0, 1, 0)})
}

// quiet needs no memory.
type quiet struct{ weir.NoMemory }

func (quiet) Manifest() weir.Manifest               { return weir.Manifest{} }
func (quiet) Check([]byte, weir.Probe) weir.Verdict { return weir.VerdictNo }
func (q quiet) Open(*weir.Flow) weir.Connection     { return q }
func (quiet) Parse(in weir.Input, out weir.Output) weir.Step {
	out.Message(weir.KindRequest, 1).Text(weir.FieldRequestType, in.Bytes).String(weir.FieldEndpoint, "owned").Attribute("key", in.Bytes)
	return weir.Consumed(uint64(len(in.Bytes)))
}

func TestParsersAllocateNothing(t *testing.T) {
	instance := weir.NewInstance(quiet{})
	arena, flows := []byte("0123456789"), []abi.Flow{{}}
	events := []abi.StreamEvent{opened(), data(0, 0, 5, 0), data(1, 5, 5, 0), {Case: abi.EventGap, Position: 5, TimeOrBytes: 9}, {Case: abi.EventClosed}}
	if n := testing.AllocsPerRun(100, func() { instance.Process(arena, flows, events).Place(7) }); n != 0 {
		t.Errorf("%v allocations, for connections that come and go too", n)
	}
}
