package tracecontext

import "bytes"

// commentLimit: a comment is looked for no further than this many bytes: the pairs of the specification (route, framework, traceparent,
// tracestate of at most 512 bytes, ...) fit several times, and a long statement stays cheap.
const commentLimit = 4096

// commentsInFront are tried: an optimiser's hint or a licence text may come first.
const commentsInFront = 4

const blank = " \t\r\n\f"

// SqlComment gives trace id and span id of `traceparent='00-...-...-01'` in a comment at the end or the beginning of a statement
// (sqlcommenter specification: `key='value'` pairs, URL-encoded, joined by commas, behind the statement; some drivers put it in front).
// Comments in the middle are not looked at: what stands there could as well be text inside a literal.
func SqlComment(sql []byte) (trace, span []byte, ok bool) {
	if trace, span, ok = ids(behind(sql)); ok {
		return trace, span, ok
	}
	rest := sql
	for range commentsInFront {
		inside, found := bytes.CutPrefix(bytes.TrimLeft(rest, blank), []byte("/*"))
		if !found {
			break
		}
		end := bytes.Index(inside[:min(len(inside), commentLimit)], []byte("*/"))
		if end < 0 {
			break
		}
		if trace, span, ok = ids(inside[:end]); ok {
			return trace, span, ok
		}
		rest = inside[end+2:]
	}
	return nil, nil, false
}

// behind gives the inside of the comment that ends the statement.
func behind(sql []byte) []byte {
	inside, found := bytes.CutSuffix(bytes.TrimRight(sql, blank+";\x00"), []byte("*/"))
	if !found {
		return nil
	}
	inside = inside[max(0, len(inside)-commentLimit):]
	if start := bytes.LastIndex(inside, []byte("/*")); start >= 0 {
		return inside[start+2:]
	}
	return nil
}

// ids among the pairs of one comment. Values are URL-encoded, so a comma is always a border; the characters of a traceparent need no
// encoding.
func ids(comment []byte) (trace, span []byte, ok bool) {
	for len(comment) > 0 {
		pair, rest, _ := bytes.Cut(comment, []byte{','})
		comment = rest
		value, found := bytes.CutPrefix(bytes.Trim(pair, blank), []byte("traceparent"))
		if !found {
			continue
		}
		if value, found = bytes.CutPrefix(bytes.TrimLeft(value, blank), []byte{'='}); !found {
			continue
		}
		value = bytes.Trim(value, blank)
		// Inside of a literal that a driver quoted once more the quotes are escaped.
		value = bytes.TrimPrefix(value, []byte{'\\'})
		if value, found = bytes.CutPrefix(value, []byte{'\''}); !found {
			return nil, nil, false
		}
		if value, found = bytes.CutSuffix(value, []byte{'\''}); !found {
			return nil, nil, false
		}
		return Traceparent(bytes.TrimSuffix(value, []byte{'\\'}))
	}
	return nil, nil, false
}
