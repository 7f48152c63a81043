package main

import (
	"testing"

	weir "weir.dev/plugin-sdk-go"
	"weir.dev/plugin-sdk-go/internal/cases"
)

func TestCases(t *testing.T) {
	cases.Run(t, "sample", func() *weir.Observer { return weir.ObserveSessions(&Sample{}) })
}
