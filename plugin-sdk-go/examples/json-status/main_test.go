package main

import (
	"testing"

	weir "weir.dev/plugin-sdk-go"
	"weir.dev/plugin-sdk-go/internal/cases"
)

func TestCases(t *testing.T) {
	cases.Run(t, "json-status", func() *weir.Observer { return weir.ObserveHttp(&JsonStatus{}) })
}
