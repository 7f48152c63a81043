// Package httphook exports a weir.HttpHook under the names that the host looks for (`weir:plugin/http-hook@0.1.0`): requests and responses of protocols with HTTP's semantics.
//
// A plugin imports it to register its hook; one that does not import it has no such hook for the host to see.
package httphook

import (
	weir "weir.dev/plugin-sdk-go"
	"weir.dev/plugin-sdk-go/identity"
)

var observer *weir.Observer

// Register makes hook the plugin's. Call it once, in an init function: the host calls nothing called main.
func Register(about weir.About, hook weir.HttpHook) {
	if observer != nil {
		panic("weir: a plugin has one hook of a kind")
	}
	identity.Register(about)
	observer = weir.ObserveHttp(hook)
}

// registered is what Register was given. The host asks wanted first, so it is checked there.
func registered() *weir.Observer {
	if observer == nil {
		panic("weir: no hook is registered: call httphook.Register in an init function, main is never called")
	}
	return observer
}
