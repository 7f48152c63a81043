//go:build !wasm

package weir

import "os"

func hostLog(level Level, message string) {
	names := [...]string{"error", "warn", "info", "debug"}
	_, _ = os.Stderr.WriteString(names[level&3] + ": " + message + "\n")
}

func hostConfig(key string) (string, bool) {
	value, ok := nativeConfig[key]
	return value, ok
}

func hostCount(string, uint64) {}
