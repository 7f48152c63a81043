// Package identity exports who a plugin is (`weir:plugin/identity@0.1.0`). The packages of the hooks call it; authors need not.
package identity

import weir "weir.dev/plugin-sdk-go"

var (
	about weir.About
	later func() weir.About
)

// Register says who the plugin is. All hooks of a plugin must say the same; nothing at all leaves it to RegisterLater.
func Register(who weir.About) {
	if who == (weir.About{}) {
		return
	}
	if about != (weir.About{}) && about != who {
		panic("weir: the hooks of a plugin have one name and one version")
	}
	about = who
}

// RegisterLater is for what is known only when the host asks.
func RegisterLater(who func() weir.About) { later = who }

// About gives who the plugin is.
func About() weir.About {
	if later != nil {
		return later()
	}
	return about
}
