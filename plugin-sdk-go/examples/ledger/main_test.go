package main

import (
	"testing"

	weir "weir.dev/plugin-sdk-go"
	"weir.dev/plugin-sdk-go/internal/cases"
	"weir.dev/plugin-sdk-go/weirtest"
)

func TestCases(t *testing.T) { cases.RunParser(t, "ledger", Ledger{}) }

var talk = []weirtest.Segment{
	weirtest.Client("LDG1\x01\x00\x00\x00\x0c\x00\x00\x00\x00\x00\x00\x00\x07\x03put\x03T-1rest"),
	weirtest.Server("LDG1\x02\x00\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00\x07\x01\x94\x02no"),
}

func TestStrangersBytes(t *testing.T) {
	if told := weirtest.EverySplit(t, Ledger{}, talk); len(told) != 2 || told[1].Text(weir.FieldResponseException) != "no" {
		t.Error(told)
	}
	weirtest.EveryPrefix(t, Ledger{}, talk)
	weirtest.Mutations(Ledger{}, talk, 500)
}

func TestCheck(t *testing.T) {
	head := talk[0].Bytes
	for n := range headLength {
		if got := weirtest.Check(Ledger{}, weir.TCP, weir.SenderClient, head[:n]); got != weir.VerdictNeedMore {
			t.Errorf("%d bytes: %v", n, got)
		}
	}
	for payload, want := range map[string]weir.Verdict{
		head: weir.VerdictClientSpeaks, talk[1].Bytes: weir.VerdictServerSpeaks,
		"LDG2": weir.VerdictNo, "LDG1\x03": weir.VerdictNo, "x": weir.VerdictNo,
		"LDG1\x01\xff\x00\x00\x0c\x00\x00\x00\x00\x00\x00\x00\x07": weir.VerdictNo,
	} {
		if got := weirtest.Check(Ledger{}, weir.TCP, weir.SenderClient, payload); got != want {
			t.Errorf("%q: %v", payload, got)
		}
	}
}
