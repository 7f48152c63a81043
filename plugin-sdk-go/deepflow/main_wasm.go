package deepflow

import _ "unsafe" // for go:linkname

// programMain is the main function of the plugin.
//
//go:linkname programMain main.main
func programMain()

var started bool

// start runs main once: plugins for DeepFlow set their parser there, and the host calls no main.
func start() {
	if !started {
		started = true
		programMain()
	}
}
