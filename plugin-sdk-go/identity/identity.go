// Package identity exports who a plugin is (`weir:plugin/identity@0.1.0`). The packages of the hooks call it; authors need not.
package identity

import weir "weir.dev/plugin-sdk-go"

var about weir.About

// Register says who the plugin is. All hooks of a plugin must say the same.
func Register(who weir.About) {
	if about != (weir.About{}) && about != who {
		panic("weir: the hooks of a plugin have one name and one version")
	}
	about = who
}
