package main

import (
	"strings"
	"testing"

	weir "weir.dev/plugin-sdk-go"
	"weir.dev/plugin-sdk-go/abi"
	"weir.dev/plugin-sdk-go/weirtest"
)

var talk = []weirtest.Segment{
	weirtest.Client("PING one\nPING two\n"),
	weirtest.Server("PONG one\nFAIL no two here\n"),
}

func TestRequestsAndAnswers(t *testing.T) {
	told := weirtest.EverySplit(t, Echo{}, talk)
	if len(told) != 4 {
		t.Fatal(told)
	}
	if got := told[1].Text(weir.FieldRequestResource); got != "two" {
		t.Error(got)
	}
	if got := told[3].Text(weir.FieldResponseException); got != "no two here" {
		t.Error(got)
	}
	if told[3].Status != weir.StatusServerError || told[2].Status != weir.StatusOk {
		t.Error(told[3].Status, told[2].Status)
	}
}

func TestStrangersBytes(t *testing.T) {
	weirtest.EveryPrefix(t, Echo{}, talk)
	weirtest.Mutations(Echo{}, talk, 200)
	if h := weirtest.Tcp(Echo{}).Client(strings.Repeat("x", lineLimit+1)); h.Violations() != 1 {
		t.Error("a line without an end is waited for")
	}
}

func TestCheck(t *testing.T) {
	for payload, want := range map[string]weir.Verdict{
		"PING": weir.VerdictNeedMore, "PING ": weir.VerdictClientSpeaks, "FAIL x": weir.VerdictServerSpeaks,
		"PONG x": weir.VerdictServerSpeaks, "PINGx": weir.VerdictNo,
	} {
		if got := weirtest.Check(Echo{}, weir.TCP, weir.SenderClient, payload); got != want {
			t.Errorf("%q: %v", payload, got)
		}
	}
}

// BenchmarkProcess is one payload of 1 KiB at batch 32; no allocation is a promise of the SDK.
func BenchmarkProcess(b *testing.B) {
	const batch, size = 32, 1024
	line := "PING " + strings.Repeat("x", size-6) + "\n"
	arena := []byte(strings.Repeat(line, batch))
	events := make([]abi.StreamEvent, batch)
	for i := range events {
		events[i] = abi.StreamEvent{Case: abi.EventData, Offset: uint32(i * size), Length: size}
	}
	instance := weir.NewInstance(Echo{})
	instance.Process(nil, []abi.Flow{{}}, []abi.StreamEvent{{Case: abi.EventOpened}})
	b.SetBytes(size)
	b.ReportAllocs()
	position := uint64(0)
	for done := 0; done < b.N; done += batch {
		for i := range events {
			events[i].Position = position
			position += size
		}
		if lists := instance.Process(arena, nil, events); len(lists.Messages) != batch || len(lists.Owned) != 0 {
			b.Fatal(len(lists.Messages))
		}
	}
}
