package main

import (
	"testing"

	sdk "weir.dev/plugin-sdk-go/deepflow"
)

// It still is what DeepFlow's SDK calls a parser.
var _ sdk.Parser = plugin{}

func TestLines(t *testing.T) {
	for line, resource := range map[string]string{"ASK 1 what is up": "what is up", "ASK 4294967295 x": "x"} {
		if info := parse(line); info == nil || info.Req.Resource != resource {
			t.Errorf("%q: %+v", line, info)
		}
	}
	for line, status := range map[string]sdk.RespStatus{"ANS 1 0 me": sdk.RespStatusOk, "ANS 1 7 no body": sdk.RespStatusServerErr} {
		if info := parse(line); info == nil || *info.Resp.Status != status {
			t.Errorf("%q: %+v", line, info)
		}
	}
	for _, line := range []string{"", "ASK", "ASK 1", "ASK x y", "ASK 4294967296 x", "ANS 1 0", "ANS 1 x y", "SAY 1 x"} {
		if info := parse(line); info != nil {
			t.Errorf("%q: %+v", line, info)
		}
	}
}
