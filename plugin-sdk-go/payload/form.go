package payload

import "bytes"

// Pairs are those of an `application/x-www-form-urlencoded` text (URL Standard, section 5), in order.
type Pairs struct {
	rest        []byte
	name, value []byte
	ended, bad  bool
}

// Form gives the pairs of a form. A text that holds blanks, quotes or brackets is none, so that nothing else is taken for one.
func Form(text []byte) Pairs { return Pairs{rest: text} }

// Next goes to the next pair that has a `=`; false when there is none, or when it is no form.
func (p *Pairs) Next() bool {
	for !p.ended {
		pair, rest, more := bytes.Cut(p.rest, []byte{'&'})
		p.rest, p.ended = rest, !more
		for _, c := range pair {
			if c <= ' ' || c > '~' || c == '"' || c == '<' || c == '>' || c == '{' || c == '}' || c == '\\' {
				p.bad, p.ended = true, true
				return false
			}
		}
		found := false
		if p.name, p.value, found = bytes.Cut(pair, []byte{'='}); found {
			return true
		}
	}
	return false
}

// IsName compares the name of the pair, decoded.
func (p *Pairs) IsName(name string) bool {
	at := 0
	for i := 0; i < len(name); i++ {
		if at == len(p.name) {
			return false
		}
		c, length := decodeForm(p.name[at:])
		if c != name[i] {
			return false
		}
		at += length
	}
	return at == len(p.name)
}

// Value of the pair as it stands there; see FormText.
func (p *Pairs) Value() []byte { return p.value }

// IsLast: nothing stands behind this pair, so when the text was cut its value may be cut as well.
func (p *Pairs) IsLast() bool { return p.ended }

// IsBad: Next ended since it is no form.
func (p *Pairs) IsBad() bool { return p.bad }

// FormText decodes a name or a value: a piece of it when nothing is encoded, else written into buffer, which is kept for the next time. A
// `%` without two hexadecimal digits stays what it is.
func FormText(encoded []byte, buffer *[]byte) []byte {
	if bytes.IndexByte(encoded, '%') < 0 && bytes.IndexByte(encoded, '+') < 0 {
		return encoded
	}
	text := (*buffer)[:0]
	for len(encoded) > 0 {
		c, length := decodeForm(encoded)
		text = append(text, c)
		encoded = encoded[length:]
	}
	*buffer = text
	return text
}

// decodeForm gives the byte at the front, and how many tell it.
func decodeForm(encoded []byte) (byte, int) {
	c := encoded[0]
	if c == '+' {
		return ' ', 1
	}
	if c == '%' && len(encoded) >= 3 {
		high, ok := unhex(encoded[1])
		low, also := unhex(encoded[2])
		if ok && also {
			return high<<4 | low, 3
		}
	}
	return c, 1
}

func unhex(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10, true
	}
	return 0, false
}
