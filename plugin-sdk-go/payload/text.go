package payload

// TrimBlanks cuts spaces, tabs, line ends and form feeds off both ends.
func TrimBlanks(text []byte) []byte {
	text = TrimBlanksLeft(text)
	for len(text) > 0 && isBlank(text[len(text)-1]) {
		text = text[:len(text)-1]
	}
	return text
}

// TrimBlanksLeft cuts them off the front.
func TrimBlanksLeft(text []byte) []byte {
	for len(text) > 0 && isBlank(text[0]) {
		text = text[1:]
	}
	return text
}

func isBlank(c byte) bool {
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'
}
