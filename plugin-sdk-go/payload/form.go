package payload

import "bytes"

// FormValue gives the first value of that name in an `application/x-www-form-urlencoded` text (URL Standard, section 5), as it stands
// there; see FormText. Names are compared decoded.
func FormValue(form []byte, name string) ([]byte, bool) {
	var buffer [128]byte
	for len(form) > 0 {
		pair := form
		if end := bytes.IndexByte(form, '&'); end >= 0 {
			pair, form = form[:end], form[end+1:]
		} else {
			form = nil
		}
		key, value, found := bytes.Cut(pair, []byte{'='})
		// A name may grow to three times its length when it is encoded.
		if found && len(key) <= 3*len(name) && string(FormText(key, buffer[:0])) == name {
			return value, true
		}
	}
	return nil, false
}

// FormText decodes a name or a value: a piece of it when nothing is encoded, else behind buffer. A `%` without two hexadecimal digits
// stays what it is.
func FormText(encoded, buffer []byte) []byte {
	if bytes.IndexByte(encoded, '%') < 0 && bytes.IndexByte(encoded, '+') < 0 {
		return encoded
	}
	buffer = buffer[:0]
	for at := 0; at < len(encoded); at++ {
		c := encoded[at]
		if c == '+' {
			c = ' '
		} else if c == '%' {
			high, ok := unhex(byteAt(encoded, at+1))
			low, also := unhex(byteAt(encoded, at+2))
			if ok && also {
				c = high<<4 | low
				at += 2
			}
		}
		buffer = append(buffer, c)
	}
	return buffer
}
