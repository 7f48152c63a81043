package main

// Shortest and longest card numbers (ISO/IEC 7812-1: up to 19 digits; none in use has less than 13).
const (
	cardShortest = 13
	cardLongest  = 19
)

// hideCards replaces numbers of 13 to 19 digits whose check digit is right, also with one space or dash between digits. A number that
// touches a letter, an underscore or another digit is none. False: there is none, and into is as it was.
func hideCards(text, into []byte) ([]byte, bool) {
	copied, hit := 0, false
	for at := 0; at < len(text); at++ {
		if !isDigit(text[at]) || (at > 0 && isWord(text[at-1])) {
			continue
		}
		end := cardEnd(text, at)
		if end == 0 {
			continue
		}
		into = append(append(into, text[copied:at]...), hidden...)
		copied, hit = end, true
		at = end - 1
	}
	if !hit {
		return into, false
	}
	return append(into, text[copied:]...), true
}

// cardEnd gives the place behind the longest card number that begins here; 0: none does.
func cardEnd(text []byte, at int) int {
	var digits [cardLongest]byte
	count, end := 0, 0
	for count < cardLongest && at < len(text) && isDigit(text[at]) {
		digits[count] = text[at] - '0'
		count++
		at++
		atBorder := at == len(text) || !isWord(text[at])
		if atBorder && count >= cardShortest && luhn(digits[:count]) {
			end = at
		}
		if at+1 < len(text) && (text[at] == ' ' || text[at] == '-') && isDigit(text[at+1]) {
			at++
		}
	}
	return end
}

// luhn checks the last digit (ISO/IEC 7812-1, annex B).
func luhn(digits []byte) bool {
	sum := 0
	for i, digit := range digits {
		value := int(digit)
		if (len(digits)-i)%2 == 0 {
			if value *= 2; value > 9 {
				value -= 9
			}
		}
		sum += value
	}
	return sum%10 == 0
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// isWord: a letter, a digit or an underscore.
func isWord(c byte) bool {
	return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'z' || c == '_'
}
