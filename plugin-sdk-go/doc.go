// Package weir is for writing protocol parsers and hooks for Weir in Go.
//
// A parser is a type that implements Parser; parser.Register (package plugin-sdk-go/parser) exports it. Hooks implement HttpHook,
// MessageHook or SessionHook; httphook.Register, messagehook.Register and sessionhook.Register export them. Each export is a package
// of its own, so that a plugin has just what it imports. The same types run natively in tests (package weirtest) and in the sandbox.
//
// Takes: batches of stream events, or subjects of finished sessions, over one arena of bytes, in the canonical layout of wit/v0.1.
// Gives: messages and patches whose texts point into that arena wherever they can.
// Does not do: pairing, latency, time-outs, cutting of texts: those are the host's.
package weir
