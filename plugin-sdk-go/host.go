package weir

// Level says how important a log line is.
type Level uint8

const (
	// LevelError: something does not work.
	LevelError Level = iota
	// LevelWarn: something looks wrong.
	LevelWarn
	// LevelInfo: worth to know.
	LevelInfo
	// LevelDebug: for the plugin's author.
	LevelDebug
)

// Log writes a line into the host's log, under the plugin's name. Cut at 1 KiB, at most 100 lines a second. Natively it goes to
// standard error.
func Log(level Level, message string) { hostLog(level, message) }

// Config is the plugin's configuration value of that name, and whether it is set. Ask once and keep it, in Manifest or Wanted. An init
// function is too early: the host makes an instance to learn the plugin's name, and only then knows which configuration is its own.
// Natively it is what SetConfig set.
func Config(key string) (string, bool) { return hostConfig(key) }

// Count adds to one of the plugin's own counters: at most 64 names of at most 64 bytes. Natively it counts nothing.
func Count(counter string, by uint64) { hostCount(counter, by) }

var nativeConfig map[string]string

// SetConfig is for native tests: what Config shall answer from now on. In the sandbox the host answers.
func SetConfig(values map[string]string) { nativeConfig = values }
