// Package json reads the members of a JSON object (RFC 8259), maybe cut off, one by one, and says how it ended. It allocates nothing.
//
// Does not do: numbers, members of members. What is nested is stepped over and given as bytes.
package json

import "bytes"

// DepthLimit is nesting that is followed. Parsers in use refuse 100 to 1000 levels; bodies of business have fewer than ten.
const DepthLimit = 64

// Kind of a value.
type Kind uint8

const (
	// Absent: there is no such member.
	Absent Kind = iota
	// String: Text holds it.
	String
	// Scalar: a number, `true` or `false`; Raw is what stands there.
	Scalar
	// Null: `null`.
	Null
	// Nested: an object or an array; Raw is what stands there.
	Nested
)

// Value is what a member holds.
type Value struct {
	Kind Kind
	// Raw is what stands there; of a string what stands between the quotes.
	Raw []byte
}

// Text is the value as a string.
func (v Value) Text() Text { return Text{v.Raw} }

// End says how an object ended.
type End uint8

const (
	// Open: it has more members.
	Open End = iota
	// Whole: with its brace, and nothing behind it.
	Whole
	// Cut: the bytes ended inside of it; all of them made sense.
	Cut
	// Bad: not JSON, or not an object, or nested too deep.
	Bad
)

// Members are those of an object, in order; a name may come twice (most readers take the last).
//
//	members := json.Object(body)
//	for members.Next() {
//		if members.Name().Is("id") { ... members.Value() ... }
//	}
type Members struct {
	rest  []byte
	name  Text
	value Value
	first bool
	end   End
}

var byteOrderMark = []byte("\xef\xbb\xbf")

// Object gives the members of the object that the bytes are. A byte order mark and blanks in front are passed over.
func Object(text []byte) Members {
	rest := blanks(bytes.TrimPrefix(text, byteOrderMark))
	switch {
	case len(rest) == 0:
		return Members{end: Cut}
	case rest[0] != '{':
		return Members{end: Bad}
	}
	return Members{rest: rest[1:], first: true}
}

// Find writes what the last member of each name holds into found (`null` is as good as absent), which is as long as names. It says how
// the object ended.
func Find(text []byte, names []string, found []Value) End {
	clear(found)
	members := Object(text)
	for members.Next() {
		for i, name := range names {
			if members.name.Is(name) {
				if found[i] = members.value; members.value.Kind == Null {
					found[i] = Value{}
				}
			}
		}
	}
	return members.End()
}

// Next goes to the next member; false when there is none.
func (m *Members) Next() bool {
	if m.end == Open {
		m.end = m.member()
	}
	return m.end == Open
}

// Name of the member.
func (m *Members) Name() Text { return m.name }

// Value of the member.
func (m *Members) Value() Value { return m.value }

// End says how the object ended, once there are no more members.
func (m *Members) End() End { return m.end }

func (m *Members) member() End {
	rest := blanks(m.rest)
	switch {
	case len(rest) == 0:
		return Cut
	case rest[0] == '}':
		if len(blanks(rest[1:])) > 0 {
			return Bad
		}
		return Whole
	case m.first:
	case rest[0] == ',':
		rest = blanks(rest[1:])
	default:
		return Bad
	}
	name, rest, end := quoted(rest)
	if end != Open {
		return end
	}
	if rest = blanks(rest); len(rest) == 0 {
		return Cut
	}
	if rest[0] != ':' {
		return Bad
	}
	value, rest, end := readValue(blanks(rest[1:]))
	if end != Open {
		return end
	}
	m.name, m.value, m.rest, m.first = Text{name}, value, rest, false
	return Open
}

func blanks(text []byte) []byte {
	for len(text) > 0 && (text[0] == ' ' || text[0] == '\t' || text[0] == '\r' || text[0] == '\n') {
		text = text[1:]
	}
	return text
}

// quoted gives the inside of the string at the front, and what stands behind it.
func quoted(text []byte) (inside, behind []byte, end End) {
	if len(text) == 0 {
		return nil, nil, Cut
	}
	if text[0] != '"' {
		return nil, nil, Bad
	}
	for at := 1; ; at += 2 {
		if at > len(text) {
			return nil, nil, Cut
		}
		n := quoteOrEscape(text[at:])
		if n < 0 {
			return nil, nil, Cut
		}
		if at += n; text[at] == '"' {
			return text[1:at], text[at+1:], Open
		}
	}
}

func quoteOrEscape(text []byte) int {
	for i, c := range text {
		if c == '"' || c == '\\' {
			return i
		}
	}
	return -1
}

func readValue(text []byte) (value Value, behind []byte, end End) {
	if len(text) == 0 {
		return Value{}, nil, Cut
	}
	switch text[0] {
	case '"':
		inside, behind, end := quoted(text)
		return Value{String, inside}, behind, end
	case '{', '[':
		return nested(text)
	}
	return scalar(text)
}

func scalar(text []byte) (value Value, behind []byte, end End) {
	length := 0
	for length < len(text) && isScalar(text[length]) {
		length++
	}
	raw, behind := text[:length], text[length:]
	switch {
	case length == 0:
		return Value{}, nil, Bad
	case len(behind) == 0:
		return Value{}, nil, Cut // nobody knows whether it goes on
	case string(raw) == "null":
		return Value{Null, raw}, behind, Open
	case string(raw) == "true", string(raw) == "false", isNumber(raw):
		return Value{Scalar, raw}, behind, Open
	}
	return Value{}, nil, Bad
}

func isScalar(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z' || c == '+' || c == '-' || c == '.'
}

// isNumber looks at the characters only.
func isNumber(raw []byte) bool {
	if raw[0] != '-' && (raw[0] < '0' || raw[0] > '9') {
		return false
	}
	for _, c := range raw {
		if (c < '0' || c > '9') && c != '+' && c != '-' && c != '.' && c|0x20 != 'e' {
			return false
		}
	}
	return true
}

// nested steps over an object or an array: brackets have to match, what stands between them is not looked at.
func nested(text []byte) (value Value, behind []byte, end End) {
	// One bit a level: 1 for an object.
	levels, depth := uint64(0), 0
	for at := 0; at < len(text); {
		switch c := text[at]; c {
		case '"':
			_, behind, end := quoted(text[at:])
			if end != Open {
				return Value{}, nil, end
			}
			at = len(text) - len(behind)
			continue
		case '{', '[':
			if depth == DepthLimit {
				return Value{}, nil, Bad
			}
			levels, depth = levels<<1, depth+1
			if c == '{' {
				levels |= 1
			}
		case '}', ']':
			if (levels&1 == 1) != (c == '}') {
				return Value{}, nil, Bad
			}
			levels, depth = levels>>1, depth-1
			if depth == 0 {
				return Value{Nested, text[:at+1]}, text[at+1:], Open
			}
		}
		at++
	}
	return Value{}, nil, Cut
}
