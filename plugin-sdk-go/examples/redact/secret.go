package main

import (
	"bytes"
	"strings"
)

// usualNames: a key is secret when it ends with one of these, whatever the case, without its `_`, `-` and `.`.
const usualNames = "password,passwd,passphrase,pwd,secret,token,apikey,secretkey,privatekey,accesskey,authorization"

// keyLimit: no key is longer; bounds the look back from each separator.
const keyLimit = 64

// names are what secrets are called.
type names []string

// namesWith gives the usual ones, and those of a list with commas.
func namesWith(more string) (all names) {
	for _, name := range strings.Split(usualNames+","+more, ",") {
		plain := ""
		for _, c := range []byte(name) {
			if isPlain(c) {
				plain += string(rune(lower(c)))
			}
		}
		if plain != "" {
			all = append(all, plain)
		}
	}
	return all
}

// has says whether a key ends with one of the names.
func (n names) has(key []byte) bool {
	for _, name := range n {
		left, at := len(name), len(key)
		for left > 0 && at > 0 {
			at--
			if !isPlain(key[at]) {
				continue
			}
			if lower(key[at]) != name[left-1] {
				break
			}
			left--
		}
		if left == 0 {
			return true
		}
	}
	return false
}

// isPlain: a letter or a digit.
func isPlain(c byte) bool { return isWord(c) && c != '_' }

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c | 0x20
	}
	return c
}

// hideSecrets replaces the values of secret keys (`key=value`, `"key": "value"`, `key: value`) and the password in front of a host
// (`scheme://user:password@host`). False: there is none, and into is as it was.
func (n names) hideSecrets(text, into []byte) ([]byte, bool) {
	copied, hit := 0, false
	for at := 0; at < len(text); at++ {
		if text[at] != '=' && text[at] != ':' {
			continue
		}
		from, to := n.secretAt(text, copied, at)
		if value := string(text[from:to]); value == "" || value == hidden || value == "?" {
			continue
		}
		into = append(append(into, text[copied:from]...), hidden...)
		copied, hit = to, true
		at = to - 1
	}
	if !hit {
		return into, false
	}
	return append(into, text[copied:]...), true
}

// secretAt gives the range of the secret behind the separator at at; an empty one where there is none.
func (n names) secretAt(text []byte, floor, at int) (from, to int) {
	if text[at] == ':' && bytes.HasPrefix(text[at:], []byte("://")) {
		return userInfo(text, at+3)
	}
	key := keyBefore(text, floor, at)
	if !n.has(key) {
		return 0, 0
	}
	from = at + 1
	if from < len(text) && (text[from] == '>' || text[from] == '=') { // `=>`, `==`
		from++
	}
	for from < len(text) && (text[from] == ' ' || text[from] == '\t') {
		from++
	}
	return from, valueEnd(text, &from, text[at], endsWithAuthorization(key))
}

func endsWithAuthorization(key []byte) bool {
	const name = "authorization"
	return len(key) >= len(name) && strings.EqualFold(string(key[len(key)-len(name):]), name)
}

// userInfo gives the range of the password in `user:password@host`, from behind `://` on.
func userInfo(text []byte, from int) (int, int) {
	end := from
	for end < len(text) && strings.IndexByte("/?# \t\r\n\"'<>", text[end]) < 0 {
		end++
	}
	authority := text[from:end]
	at := bytes.LastIndexByte(authority, '@')
	if at < 0 {
		return 0, 0
	}
	colon := bytes.IndexByte(authority[:at], ':')
	if colon < 0 {
		return 0, 0
	}
	return from + colon + 1, from + at
}

// keyBefore gives the key in front of a separator, without quotes.
func keyBefore(text []byte, floor, at int) []byte {
	end := at
	if end > floor && strings.IndexByte("!<>:", text[end-1]) >= 0 { // `!=`, `:=`
		end--
	}
	for end > floor && at-end < 8 && (text[end-1] == ' ' || text[end-1] == '\t') {
		end--
	}
	if end > floor && isQuote(text[end-1]) {
		end--
		if end > floor && text[end-1] == '\\' {
			end--
		}
	}
	start := end
	for start > floor && end-start < keyLimit && isKey(text[start-1]) {
		start--
	}
	return text[start:end]
}

func isKey(c byte) bool { return isWord(c) || c == '-' || c == '.' }

func isQuote(c byte) bool { return c == '"' || c == '\'' || c == '`' }

// valueEnd gives the place behind the value that begins at *from, and moves *from behind its quote.
func valueEnd(text []byte, from *int, separator byte, wholeLine bool) int {
	at := *from
	if at == len(text) || text[at] == '{' || text[at] == '[' {
		return at // what is inside has keys of its own
	}
	if text[at] == '\\' && at+1 < len(text) && isQuote(text[at+1]) {
		*from = at + 2
		return escapedEnd(text, at+2, text[at+1])
	}
	if isQuote(text[at]) {
		*from = at + 1
		return quotedEnd(text, at+1, text[at])
	}
	ends := "&; \t\r\n\""
	if separator == ':' {
		ends = ",}]&; \t\r\n\""
		if wholeLine { // a scheme, a space and the credentials
			ends = "\r\n\""
		}
	}
	for at < len(text) && strings.IndexByte(ends, text[at]) < 0 {
		at++
	}
	return at
}

// escapedEnd: a text inside of a text ends at the next escaped quote.
func escapedEnd(text []byte, at int, quote byte) int {
	for ; at < len(text); at++ {
		if text[at] == '\\' && at+1 < len(text) {
			if text[at+1] == quote {
				return at
			}
			if text[at+1] == '\\' { // an escape of the inner text: what follows belongs to it
				at += 3
			}
		}
	}
	return len(text)
}

func quotedEnd(text []byte, at int, quote byte) int {
	for ; at < len(text); at++ {
		if text[at] == '\\' {
			at++
		} else if text[at] == quote {
			if at+1 == len(text) || text[at+1] != quote {
				return at
			}
			at++ // a doubled quote stands for one
		}
	}
	return len(text)
}
