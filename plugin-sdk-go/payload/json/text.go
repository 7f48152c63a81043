package json

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// Text is a string of JSON as it stands there (RFC 8259 section 7).
type Text struct{ raw []byte }

// Raw is what stands between the quotes, with its escapes.
func (t Text) Raw() []byte { return t.raw }

// Is compares the text that is meant.
func (t Text) Is(expected string) bool {
	rest := t.raw
	for len(rest) > 0 {
		if rest[0] != '\\' {
			if expected == "" || expected[0] != rest[0] {
				return false
			}
			rest, expected = rest[1:], expected[1:]
			continue
		}
		character, length := escape(rest)
		var buffer [utf8.UTFMax]byte
		n := utf8.EncodeRune(buffer[:], character)
		if len(expected) < n || expected[:n] != string(buffer[:n]) {
			return false
		}
		rest, expected = rest[length:], expected[n:]
	}
	return expected == ""
}

// Decode gives the text that is meant: a piece of the input where it has no escapes, else written into buffer, which is kept for the
// next time. Half a surrogate pair and an escape that is none become U+FFFD.
func (t Text) Decode(buffer *[]byte) []byte {
	at := bytes.IndexByte(t.raw, '\\')
	if at < 0 {
		return t.raw
	}
	text := append((*buffer)[:0], t.raw[:at]...)
	for rest := t.raw[at:]; len(rest) > 0; {
		if rest[0] != '\\' {
			text = append(text, rest[0])
			rest = rest[1:]
			continue
		}
		character, length := escape(rest)
		text = utf8.AppendRune(text, character)
		rest = rest[length:]
	}
	*buffer = text
	return text
}

// escape gives the character at the front, and how many bytes tell it.
func escape(text []byte) (rune, int) {
	if len(text) < 2 {
		return utf8.RuneError, len(text)
	}
	switch c := text[1]; c {
	case '"', '\\', '/':
		return rune(c), 2
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	case 'u':
		return unicode(text)
	default:
		// The whole character, not a byte of it.
		_, size := utf8.DecodeRune(text[1:])
		return utf8.RuneError, 1 + size
	}
}

func unicode(text []byte) (rune, int) {
	high, ok := hex4(text[2:])
	if !ok {
		return utf8.RuneError, 2
	}
	if !utf16.IsSurrogate(high) {
		return high, 6
	}
	if len(text) >= 12 && text[6] == '\\' && text[7] == 'u' {
		if low, ok := hex4(text[8:]); ok {
			if pair := utf16.DecodeRune(high, low); pair != utf8.RuneError {
				return pair, 12
			}
		}
	}
	return utf8.RuneError, 6
}

func hex4(text []byte) (value rune, ok bool) {
	if len(text) < 4 {
		return 0, false
	}
	for _, c := range text[:4] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		value = value<<4 | rune(c)
	}
	return value, true
}
