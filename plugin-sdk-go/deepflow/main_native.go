//go:build !wasm

package deepflow

// start: natively, in tests, main is the test's.
func start() {}
