package payload

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// jsonDepth is how deep values may be nested. Deeper ones are not read: nobody means them.
const jsonDepth = 128

// Members walks over the members of a JSON object (RFC 8259) in order, without building it: keys and values are pieces of the text.
//
//	members := payload.Object(body)
//	for members.Next() {
//		if payload.IsKey(members.Key(), "id") { ... }
//	}
type Members struct {
	text       []byte
	at         int
	key, value []byte
	state      membersState
}

type membersState uint8

const (
	// Nothing was read yet.
	membersFirst membersState = iota
	// A member was read.
	membersInside
	// The object has ended, and nothing but white space stands behind it.
	membersComplete
	// It is no object, or it is cut off.
	membersBroken
)

// Object walks over the object that the text is.
func Object(text []byte) Members { return Members{text: text} }

// Next goes to the next member; false when there is none or the text is no JSON any more.
func (m *Members) Next() bool {
	switch m.state {
	case membersFirst:
		if m.at = skipSpace(m.text, 0); m.byteAt(m.at) != '{' {
			return m.stop(membersBroken)
		}
		if m.at = skipSpace(m.text, m.at+1); m.byteAt(m.at) == '}' {
			return m.end()
		}
	case membersInside:
		m.at = skipSpace(m.text, m.at)
		if m.byteAt(m.at) == '}' {
			return m.end()
		}
		if m.byteAt(m.at) != ',' {
			return m.stop(membersBroken)
		}
		m.at = skipSpace(m.text, m.at+1)
	default:
		return false
	}
	return m.member()
}

func (m *Members) member() bool {
	colon, ok := skipString(m.text, m.at)
	if !ok {
		return m.stop(membersBroken)
	}
	m.key = m.text[m.at:colon]
	if colon = skipSpace(m.text, colon); m.byteAt(colon) != ':' {
		return m.stop(membersBroken)
	}
	start := skipSpace(m.text, colon+1)
	end, ok := skipValue(m.text, start)
	if !ok {
		return m.stop(membersBroken)
	}
	m.value, m.at, m.state = m.text[start:end], end, membersInside
	return true
}

func (m *Members) end() bool {
	if skipSpace(m.text, m.at+1) < len(m.text) {
		return m.stop(membersBroken)
	}
	return m.stop(membersComplete)
}

func (m *Members) stop(state membersState) bool {
	m.state, m.key, m.value = state, nil, nil
	return false
}

func (m *Members) byteAt(at int) byte { return byteAt(m.text, at) }

// Key of the member, with its quotes; see IsKey.
func (m *Members) Key() []byte { return m.key }

// Value of the member as it stands there; see JsonText.
func (m *Members) Value() []byte { return m.value }

// Complete is true behind the last member of a whole object that nothing but white space follows.
func (m *Members) Complete() bool { return m.state == membersComplete }

// IsObject is true for the text of one whole JSON object.
func IsObject(text []byte) bool {
	members := Object(text)
	for members.Next() {
	}
	return members.Complete()
}

// Member gives the value of the last member of that name in what is there of an object (it may be cut off behind it).
func Member(text []byte, name string) (value []byte, found bool) {
	members := Object(text)
	for members.Next() {
		if IsKey(members.Key(), name) {
			value, found = members.Value(), true
		}
	}
	return value, found
}

// IsKey compares a key or a string value, in quotes, with a name.
func IsKey(quoted []byte, name string) bool {
	if len(quoted) < 2 || quoted[0] != '"' {
		return false
	}
	inside := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(inside, '\\') < 0 {
		return string(inside) == name
	}
	// An escape is never shorter than what it stands for, and at most six times as long.
	if len(inside) < len(name) || len(inside) > 6*len(name) {
		return false
	}
	var buffer [128]byte
	return string(unescape(inside, buffer[:0])) == name
}

// JsonText gives the text of a value: what a string holds, or a number or literal as it stands there. A string without escapes is a
// piece of the value, others are decoded behind buffer. False for objects and arrays.
func JsonText(value, buffer []byte) ([]byte, bool) {
	switch {
	case len(value) == 0 || value[0] == '{' || value[0] == '[':
		return nil, false
	case value[0] != '"':
		return value, true
	}
	inside := value[1 : len(value)-1]
	if bytes.IndexByte(inside, '\\') < 0 {
		return inside, true
	}
	return unescape(inside, buffer[:0]), true
}

// IsString is true for a string value.
func IsString(value []byte) bool { return len(value) > 0 && value[0] == '"' }

// IsNumber is true for a number value.
func IsNumber(value []byte) bool {
	return len(value) > 0 && (value[0] == '-' || isDigit(value[0]))
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func byteAt(text []byte, at int) byte {
	if at < len(text) {
		return text[at]
	}
	return 0
}

func skipSpace(text []byte, at int) int {
	for at < len(text) && (text[at] == ' ' || text[at] == '\n' || text[at] == '\r' || text[at] == '\t') {
		at++
	}
	return at
}

// skipString gives the place behind the string that begins at at.
func skipString(text []byte, at int) (int, bool) {
	if byteAt(text, at) != '"' {
		return at, false
	}
	for at++; at < len(text); at++ {
		switch c := text[at]; {
		case c == '"':
			return at + 1, true
		case c < ' ':
			return at, false
		case c == '\\':
			at++
			switch byteAt(text, at) {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			case 'u':
				if _, ok := hex4(text, at+1); !ok {
					return at, false
				}
				at += 4
			default:
				return at, false
			}
		}
	}
	return at, false
}

func hex4(text []byte, at int) (rune, bool) {
	if at+4 > len(text) {
		return 0, false
	}
	var value rune
	for _, c := range text[at : at+4] {
		digit, ok := unhex(c)
		if !ok {
			return 0, false
		}
		value = value<<4 | rune(digit)
	}
	return value, true
}

func unhex(c byte) (byte, bool) {
	switch {
	case isDigit(c):
		return c - '0', true
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10, true
	}
	return 0, false
}

// skipValue gives the place behind the value that begins at at.
func skipValue(text []byte, at int) (int, bool) {
	// One bit a level: set for an object.
	var objects [jsonDepth / 64]uint64
	depth := 0
	for {
		var ok bool
		switch c := byteAt(text, at); c {
		case '{', '[':
			if depth == jsonDepth {
				return at, false
			}
			objects[depth/64] &^= 1 << (depth % 64)
			if c == '{' {
				objects[depth/64] |= 1 << (depth % 64)
			}
			depth++
			// '[' and ']' are two apart, '{' and '}' as well.
			if at = skipSpace(text, at+1); byteAt(text, at) != c+2 {
				if c == '{' {
					if at, ok = skipKey(text, at); !ok {
						return at, false
					}
				}
				continue
			}
			at++
			depth--
		case '"':
			if at, ok = skipString(text, at); !ok {
				return at, false
			}
		default:
			if at, ok = skipScalar(text, at); !ok {
				return at, false
			}
		}
		// Behind a value: as many ends as there are, then a comma.
		for depth > 0 {
			inObject := objects[(depth-1)/64]>>((depth-1)%64)&1 == 1
			at = skipSpace(text, at)
			c := byteAt(text, at)
			if (inObject && c == '}') || (!inObject && c == ']') {
				at++
				depth--
				continue
			}
			if c != ',' {
				return at, false
			}
			at = skipSpace(text, at+1)
			if inObject {
				if at, ok = skipKey(text, at); !ok {
					return at, false
				}
			}
			break
		}
		if depth == 0 {
			return at, true
		}
	}
}

// skipKey gives the place of the value behind a key and its colon.
func skipKey(text []byte, at int) (int, bool) {
	at, ok := skipString(text, at)
	if at = skipSpace(text, at); !ok || byteAt(text, at) != ':' {
		return at, false
	}
	return skipSpace(text, at+1), true
}

func skipScalar(text []byte, at int) (int, bool) {
	for _, word := range [...]string{"true", "false", "null"} {
		if end := at + len(word); end <= len(text) && string(text[at:end]) == word {
			return end, true
		}
	}
	return skipNumber(text, at)
}

func skipNumber(text []byte, at int) (int, bool) {
	if byteAt(text, at) == '-' {
		at++
	}
	first := byteAt(text, at)
	if !isDigit(first) {
		return at, false
	}
	if at++; first != '0' {
		at = skipDigits(text, at)
	}
	if byteAt(text, at) == '.' {
		if !isDigit(byteAt(text, at+1)) {
			return at, false
		}
		at = skipDigits(text, at+1)
	}
	if byteAt(text, at)|0x20 == 'e' {
		at++
		if sign := byteAt(text, at); sign == '+' || sign == '-' {
			at++
		}
		if !isDigit(byteAt(text, at)) {
			return at, false
		}
		at = skipDigits(text, at)
	}
	return at, true
}

func skipDigits(text []byte, at int) int {
	for isDigit(byteAt(text, at)) {
		at++
	}
	return at
}

// unescape decodes the inside of a string that skipString went over. Halves of surrogate pairs become U+FFFD.
func unescape(inside, into []byte) []byte {
	for at := 0; at < len(inside); at++ {
		c := inside[at]
		if c != '\\' {
			into = append(into, c)
			continue
		}
		at++
		switch c := byteAt(inside, at); c {
		case 'b':
			into = append(into, '\b')
		case 'f':
			into = append(into, '\f')
		case 'n':
			into = append(into, '\n')
		case 'r':
			into = append(into, '\r')
		case 't':
			into = append(into, '\t')
		case 'u':
			r, _ := hex4(inside, at+1)
			at += 4
			if utf16.IsSurrogate(r) {
				low, ok := rune(0), false
				if byteAt(inside, at+1) == '\\' && byteAt(inside, at+2) == 'u' {
					low, ok = hex4(inside, at+3)
				}
				if r = utf16.DecodeRune(r, low); ok && r != utf8.RuneError {
					at += 6
				} else {
					r = utf8.RuneError
				}
			}
			into = utf8.AppendRune(into, r)
		default:
			into = append(into, c)
		}
	}
	return into
}
