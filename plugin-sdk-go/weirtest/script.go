package weirtest

import (
	"fmt"
	"testing"

	weir "weir.dev/plugin-sdk-go"
)

// Segment is what one side sends at once.
type Segment struct {
	Direction weir.Direction
	Bytes     string
}

// Client is a segment of the client.
func Client(bytes string) Segment { return Segment{weir.ClientToServer, bytes} }

// Server is a segment of the server.
func Server(bytes string) Segment { return Segment{weir.ServerToClient, bytes} }

// Check gives what a parser's Check says to bytes of the sender of a connection that was seen from its start.
func Check(parser weir.Parser, transport weir.Transport, sender weir.Sender, payload string) weir.Verdict {
	probe := weir.Probe{Transport: transport, SourcePort: 40_000, DestinationPort: 80, FromStart: true, Sender: sender}
	return parser.Check([]byte(payload), probe)
}

// EverySplit runs a conversation in its own segments, byte by byte and in many other splits, and fails the test when the messages
// are not the same each time. It returns them joined.
func EverySplit(t testing.TB, parser weir.Parser, script []Segment) []Message {
	t.Helper()
	whole := run(parser, script, func(rest int) int { return rest })
	for piece := 1; piece <= 17; piece++ {
		split := run(parser, script, func(int) int { return piece })
		same(t, whole, split, fmt.Sprintf("segments of %d bytes", piece))
	}
	for seed := 1; seed <= 64; seed++ {
		random := Random(seed)
		split := run(parser, script, func(rest int) int { return 1 + random.Below(min(rest, 1+seed*7%300)) })
		same(t, whole, split, fmt.Sprintf("random segments of seed %d", seed))
	}
	return whole
}

func run(parser weir.Parser, script []Segment, piece func(rest int) int) []Message {
	h := Tcp(parser)
	for _, segment := range script {
		rest := []byte(segment.Bytes)
		for len(rest) > 0 {
			n := max(1, min(piece(len(rest)), len(rest)))
			h.Send(segment.Direction, rest[:n])
			rest = rest[n:]
		}
	}
	return h.Close().Joined()
}

func same(t testing.TB, whole, split []Message, how string) {
	t.Helper()
	for i := range min(len(whole), len(split)) {
		if a, b := whole[i].String(), split[i].String(); a != b {
			t.Fatalf("message %d differs with %s:\n%s\n%s", i, how, a, b)
		}
	}
	if len(whole) != len(split) {
		t.Fatalf("%d messages, with %s %d", len(whole), how, len(split))
	}
}

// EveryPrefix ends a conversation behind every one of its bytes: nothing may panic, and every message must begin in what was seen.
func EveryPrefix(t testing.TB, parser weir.Parser, script []Segment) {
	t.Helper()
	total := 0
	for _, segment := range script {
		total += len(segment.Bytes)
	}
	for length := 0; length <= total; length++ {
		h, left := Tcp(parser), length
		for _, segment := range script {
			piece := segment.Bytes[:min(len(segment.Bytes), left)]
			left -= len(piece)
			if piece != "" {
				h.Send(segment.Direction, []byte(piece))
			}
		}
		for _, message := range h.Close().Messages() {
			if seen := h.lanes[message.Direction].position; message.Start > seen {
				t.Fatalf("%v begins behind byte %d, prefix of %d bytes", message, seen, length)
			}
		}
		if length >= 4096 {
			// Long conversations: every prefix of the first bytes, then a sample.
			length += length / 512
		}
	}
}

// Mutations feeds seeded mutations of a conversation (changed, lost, repeated, foreign bytes): nothing may panic.
func Mutations(parser weir.Parser, script []Segment, rounds int) {
	for seed := 1; seed <= rounds; seed++ {
		random := Random(uint64(seed) * 0x9e37_79b9_7f4a_7c15)
		h := Tcp(parser)
		if seed%2 == 1 {
			h = TcpJoined(parser)
		}
		for _, segment := range script {
			rest := []byte(segment.Bytes)
			for range random.Below(4) {
				rest = random.Damage(rest)
			}
			for len(rest) > 0 {
				n := 1 + random.Below(len(rest))
				direction := segment.Direction
				if random.Below(40) == 0 {
					direction = direction.Reverse()
				}
				h.Send(direction, rest[:n])
				rest = rest[n:]
			}
			if random.Below(30) == 0 {
				h.Gap(segment.Direction, uint64(1+random.Below(5000)))
			}
		}
		h.Close()
	}
}

// Random is a small seeded generator (xorshift): the same bytes on every run. Not 0.
type Random uint64

// Next gives the next number.
func (r *Random) Next() uint64 {
	*r ^= *r << 13
	*r ^= *r >> 7
	*r ^= *r << 17
	return uint64(*r)
}

// Below gives 0 to limit - 1; 0 for a limit of 0.
func (r *Random) Below(limit int) int {
	if limit <= 0 {
		return 0
	}
	return int(r.Next() % uint64(limit))
}

// Damage gives the bytes with some of them changed, removed, repeated or overwritten.
func (r *Random) Damage(bytes []byte) []byte {
	if len(bytes) == 0 {
		return bytes
	}
	at := r.Below(len(bytes))
	end := at + 1 + r.Below(min(len(bytes)-at, 16))
	end = min(end, len(bytes))
	damaged := append([]byte(nil), bytes...)
	switch r.Below(5) {
	case 0:
		damaged[at] = byte(r.Next())
	case 1:
		damaged[at] ^= 1 << r.Below(8)
	case 2:
		damaged = append(damaged[:at], damaged[end:]...)
	case 3:
		damaged = append(append(append([]byte(nil), damaged[:end]...), damaged[at:end]...), damaged[end:]...)
	default:
		extreme := [...]byte{0, 0x7f, 0x80, 0xff}[r.Below(4)]
		for i := at; i < end; i++ {
			damaged[i] = extreme
		}
	}
	return damaged
}
