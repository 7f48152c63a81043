package deepflow

import "fmt"

// LogLevel says how important a line is.
type LogLevel uint8

// The levels.
const (
	LogLevelInfo  LogLevel = 0
	LogLevelWarn  LogLevel = 1
	LogLevelError LogLevel = 2
)

// Info writes a line into the host's log.
func Info(s string, arg ...interface{}) { logLine(LogLevelInfo, fmt.Sprintf(s, arg...)) }

// Warn writes a line into the host's log.
func Warn(s string, arg ...interface{}) { logLine(LogLevelWarn, fmt.Sprintf(s, arg...)) }

// Error writes a line into the host's log.
func Error(s string, arg ...interface{}) { logLine(LogLevelError, fmt.Sprintf(s, arg...)) }
