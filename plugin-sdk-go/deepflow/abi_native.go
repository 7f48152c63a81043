//go:build deepflow_abi && !wasm

package deepflow

import "os"

func logLine(_ LogLevel, line string) { _, _ = os.Stderr.WriteString(line + "\n") }
