// Package parser exports a weir.Parser under the names that the host looks for (`weir:plugin/parser@0.1.0`).
//
// A plugin imports it to register its parser; one that does not import it has no parser for the host to see.
package parser

import weir "weir.dev/plugin-sdk-go"

var instance *weir.Instance

// Register makes p the plugin's parser. Call it once, in an init function: the host calls nothing called main.
func Register(p weir.Parser) {
	if instance != nil {
		panic("weir: a plugin has one parser")
	}
	instance = weir.NewInstance(p)
}

// registered is what Register was given. The host asks describe first, so it is checked there.
func registered() *weir.Instance {
	if instance == nil {
		panic("weir: no parser is registered: call parser.Register in an init function, main is never called")
	}
	return instance
}
