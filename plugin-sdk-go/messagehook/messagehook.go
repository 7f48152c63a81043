// Package messagehook exports a weir.MessageHook under the names that the host looks for (`weir:plugin/message-hook@0.1.0`): payloads of messages.
//
// A plugin imports it to register its hook; one that does not import it has no such hook for the host to see.
package messagehook

import (
	weir "weir.dev/plugin-sdk-go"
	"weir.dev/plugin-sdk-go/identity"
)

var observer *weir.Observer

// Register makes hook the plugin's. Call it once, in an init function: the host calls nothing called main.
func Register(about weir.About, hook weir.MessageHook) {
	if observer != nil {
		panic("weir: a plugin has one hook of a kind")
	}
	identity.Register(about)
	observer = weir.ObserveMessages(hook)
}

// registered is what Register was given. The host asks wanted first, so it is checked there.
func registered() *weir.Observer {
	if observer == nil {
		panic("weir: no hook is registered: call messagehook.Register in an init function, main is never called")
	}
	return observer
}
