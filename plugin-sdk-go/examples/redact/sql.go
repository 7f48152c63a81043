package main

import (
	"bytes"
)

// sqlDialect decides what a quote means.
type sqlDialect uint8

const (
	sqlNone sqlDialect = iota
	sqlMySql
	sqlPostgreSql
)

func dialect(protocol []byte) sqlDialect {
	switch string(protocol) {
	case "MySQL":
		return sqlMySql
	case "PostgreSQL":
		return sqlPostgreSql
	}
	return sqlNone
}

// hideLiterals replaces texts and numbers in a statement with `?`. Names, keywords, parameters and comments stay. False: there is
// none, and into is as it was.
//
// Sources: MySQL 8.0 Reference Manual, 9.1 Literal Values and 9.7 Comments; PostgreSQL manual, 4.1 Lexical Structure.
func (d sqlDialect) hideLiterals(text, into []byte) ([]byte, bool) {
	if d == sqlNone {
		return into, false
	}
	copied, hit := 0, false
	for at := 0; at < len(text); {
		end, literal := d.token(text, at)
		if literal {
			into = append(append(into, text[copied:at]...), '?')
			copied, hit = end, true
		}
		at = end
	}
	if !hit {
		return into, false
	}
	return append(into, text[copied:]...), true
}

// token gives the place behind the token that begins at at, and whether it is a literal.
func (d sqlDialect) token(text []byte, at int) (end int, literal bool) {
	rest := text[at:]
	c := rest[0]
	switch {
	case c == '\'':
		return at + quoted(rest, '\'', d == sqlMySql), true
	case c == '"':
		return at + quoted(rest, '"', d == sqlMySql), d == sqlMySql
	case c == '`' && d == sqlMySql:
		return at + quoted(rest, '`', false), false
	case c == '$' && d == sqlPostgreSql:
		return dollar(text, at)
	case isDigit(c), c == '.' && len(rest) > 1 && isDigit(rest[1]) && !endsName(text[:at]):
		return at + number(rest), true
	case isName(c):
		return d.name(text, at)
	}
	return at + d.comment(rest), false
}

// name gives a word; one that belongs to the quote behind it (`N'x'`, `_utf8'x'`) is a literal with it.
func (d sqlDialect) name(text []byte, at int) (int, bool) {
	end := at
	for end < len(text) && (isName(text[end]) || isDigit(text[end]) || text[end] == '$') {
		end++
	}
	if end == len(text) || text[end] != '\'' {
		return end, false
	}
	word := text[at:end]
	prefix := len(word) == 1 && bytes.IndexByte([]byte("nNxXbBeE"), word[0]) >= 0
	if !prefix && !(d == sqlMySql && word[0] == '_') {
		return end, false
	}
	escapes := d == sqlMySql || word[0]|0x20 == 'e'
	return end + quoted(text[end:], '\'', escapes), true
}

// quoted gives the length of what begins with a quote; without its end, all there is.
func quoted(rest []byte, quote byte, escapes bool) int {
	for at := 1; at < len(rest); at++ {
		switch {
		case rest[at] == '\\' && escapes:
			at++
		case rest[at] != quote:
		case at+1 < len(rest) && rest[at+1] == quote:
			at++
		default:
			return at + 1
		}
	}
	return len(rest)
}

// dollar: `$tag$ ... $tag$` is a text, `$1` a parameter.
func dollar(text []byte, at int) (int, bool) {
	tag := at + 1
	for tag < len(text) && (isName(text[tag]) || (isDigit(text[tag]) && tag > at+1)) {
		tag++
	}
	if tag == len(text) || text[tag] != '$' {
		// A parameter: its number is no literal.
		for tag < len(text) && isDigit(text[tag]) {
			tag++
		}
		return tag, false
	}
	delimiter := text[at : tag+1]
	length := bytes.Index(text[tag+1:], delimiter)
	if length < 0 {
		return len(text), true
	}
	return tag + 1 + length + len(delimiter), true
}

// number gives the length of `12`, `1.5e-3`, `0xff`, `.5`.
func number(rest []byte) int {
	isHex := len(rest) > 1 && rest[0] == '0' && rest[1]|0x20 == 'x'
	at := 1
	for ; at < len(rest); at++ {
		c := rest[at]
		sign := (c == '+' || c == '-') && !isHex && rest[at-1]|0x20 == 'e' && at+1 < len(rest) && isDigit(rest[at+1])
		if !isWord(c) && c != '.' && !sign {
			break
		}
	}
	return at
}

// comment gives the length of a comment, or 1 for any other sign. What MySQL runs (`/*! ... */`) is no comment.
func (d sqlDialect) comment(rest []byte) int {
	switch {
	case rest[0] == '/' && bytes.HasPrefix(rest, []byte("/*!")) && d == sqlMySql:
		// The version behind it is no literal.
		at := 3
		for at < len(rest) && isDigit(rest[at]) {
			at++
		}
		return at
	case rest[0] == '/' && bytes.HasPrefix(rest, []byte("/*")):
		if end := bytes.Index(rest[2:], []byte("*/")); end >= 0 {
			return end + 4
		}
		return len(rest)
	case rest[0] == '#' && d == sqlMySql, rest[0] == '-' && bytes.HasPrefix(rest, []byte("--")) && d.dashes(rest):
		if end := bytes.IndexByte(rest, '\n'); end >= 0 {
			return end + 1
		}
		return len(rest)
	}
	return 1
}

// dashes: in MySQL `--` begins a comment only with white space behind it, since `1--1` is a sum.
func (d sqlDialect) dashes(rest []byte) bool {
	return d == sqlPostgreSql || len(rest) == 2 || rest[2] <= ' '
}

// isName: a letter, an underscore, or anything that is not ASCII.
func isName(c byte) bool { return !isDigit(c) && isWord(c) || c >= 0x80 }

// endsName: a dot behind it belongs to a name.
func endsName(text []byte) bool {
	if len(text) == 0 {
		return false
	}
	c := text[len(text)-1]
	return isWord(c) || c >= 0x80 || c == '`' || c == '"'
}
