// Sample keeps a part of all sessions, and of a trace all or nothing: the decision is made by a hash of the trace id, so that every
// host that sees a session of the trace decides alike. Sessions without a trace id are decided by flow and time.
//
// Configuration:
//   - `keep`: how many of a hundred are kept, `0` to `100`, with up to four decimals; `100` when it is not set or no such number.
//   - `keep-errors`: `false` drops sessions with server errors and time-outs as well; they are kept otherwise.
//
// The hash is FNV-1a with 64 bits (Fowler, Noll, Vo) of the bytes of the trace id, or of flow id and start time in nanoseconds, each
// eight bytes, the lowest first. A session is kept when the hash modulo a million is below ten thousand times `keep`: no floating point, so
// that it is the same on every machine and in every language.
package main

import (
	"encoding/binary"
	"strings"

	weir "weir.dev/plugin-sdk-go"
	"weir.dev/plugin-sdk-go/sessionhook"
)

// whole is a hundred percent in the steps that are counted in.
const whole = 1_000_000

// Sample is the hook.
type Sample struct {
	// Of a million.
	keep       uint64
	keepErrors bool
}

// Wanted: every session. The configuration is read here, since it is asked once.
func (s *Sample) Wanted() weir.Interest {
	text, set := weir.Config("keep")
	keep, ok := percentage(strings.TrimSpace(text))
	if set && !ok {
		weir.Log(weir.LevelWarn, "keep is no percentage from 0 to 100 with 4 decimals at most: everything is kept")
	}
	errors, _ := weir.Config("keep-errors")
	s.keep, s.keepErrors = keep, errors != "false"
	return weir.Interest{}
}

// Session decides.
func (s *Sample) Session(subject *weir.Subject, _ *weir.Patch) weir.Action {
	status := subject.Status()
	if s.keepErrors && (status == weir.SessionServerError || status == weir.SessionTimeout) {
		return weir.ActionNext
	}
	if hash(subject)%whole < s.keep {
		return weir.ActionNext
	}
	return weir.ActionDrop
}

func hash(subject *weir.Subject) uint64 {
	if trace := subject.TraceId(); len(trace) > 0 {
		return fnv1a(trace)
	}
	var key [16]byte
	binary.LittleEndian.PutUint64(key[:8], subject.FlowId())
	binary.LittleEndian.PutUint64(key[8:], subject.Time())
	return fnv1a(key[:])
}

// fnv1a is the hash of the draft draft-eastlake-fnv, section 2: basis and prime of 64 bits.
func fnv1a(bytes []byte) uint64 {
	hash := uint64(0xcbf2_9ce4_8422_2325)
	for _, b := range bytes {
		hash = (hash ^ uint64(b)) * 0x100_0000_01b3
	}
	return hash
}

// percentage reads `12.34` as 123400; everything when it is none.
func percentage(text string) (uint64, bool) {
	units, decimals, _ := strings.Cut(text, ".")
	if units == "" || len(units) > 3 || len(decimals) > 4 {
		return whole, false
	}
	value := uint64(0)
	for _, digit := range units + (decimals + "0000")[:4] {
		if digit < '0' || digit > '9' {
			return whole, false
		}
		value = value*10 + uint64(digit-'0')
	}
	return min(value, whole), value <= whole
}

func init() {
	sessionhook.Register(weir.About{Name: "sample", Version: "0.1.0"}, &Sample{keep: whole, keepErrors: true})
}

func main() {}
