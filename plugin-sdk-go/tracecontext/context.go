package tracecontext

import (
	"bytes"

	weir "weir.dev/plugin-sdk-go"
	"weir.dev/plugin-sdk-go/payload"
)

// foundLimit: headers with ids that one message may have, more than all known forms together. Further ones are not read.
const foundLimit = 8

// Context is the headers of one message that hold ids; they are read when all of them are known. The zero value has none. Its slices are
// those that were handed in.
type Context struct {
	found   [foundLimit]found
	count   int
	request []byte
	// For ids that have to be decoded.
	buffer [idLimit]byte
}

type found struct {
	// Index of the entry.
	entry int
	value []byte
}

// Ids are those of one message.
type Ids struct {
	// Trace is of the whole trace, Span of the span that sent the message.
	Trace, Span Id
	// Parent is that span's parent; only from the header that gave the span.
	Parent []byte
	// Request is X-Request-ID.
	Request []byte

	// Entries that gave the trace and the span; -1: none.
	winners [2]int
	// More than one header has a trace or a span.
	several bool
}

// Reset forgets all headers, for the next message.
func (c *Context) Reset() { c.count, c.request = 0, nil }

// Header takes a header if it is one of headers; says whether it was. The first one of a name counts.
func (c *Context) Header(headers *Headers, name, value []byte) bool {
	index := headers.find(name)
	if index < 0 {
		return false
	}
	value = payload.TrimBlanks(value)
	if headers.entries[index].form == formRequest {
		if c.request == nil && len(value) > 0 {
			c.request = value
		}
		return true
	}
	for _, found := range c.found[:c.count] {
		if found.entry == index {
			return true
		}
	}
	if c.count < foundLimit {
		c.found[c.count] = found{index, value}
		c.count++
	}
	return true
}

// Line is the same for a whole line `name: value`.
func (c *Context) Line(headers *Headers, line []byte) bool {
	if len(line) == 0 || headers.firstLetters>>(line[0]&31)&1 == 0 {
		return false
	}
	name, value, found := bytes.Cut(line, []byte{':'})
	return found && c.Header(headers, name, value)
}

// IsEmpty: no header with an id was seen.
func (c *Context) IsEmpty() bool { return c.count == 0 && c.request == nil }

// Ids gives those of the preferred headers; values that do not hold what their form asks for are passed over.
func (c *Context) Ids(headers *Headers) Ids {
	ids := Ids{Request: c.request, winners: [2]int{-1, -1}}
	traceRank, spanRank := uint8(unranked), uint8(unranked)
	var b3Parent []byte
	for _, found := range c.found[:c.count] {
		entry := &headers.entries[found.entry]
		if entry.form == formB3Parent && isSpanId(found.value) {
			b3Parent = found.value
		}
		parts := read(entry.form, found.value)
		more := parts.trace.IsSet() || parts.span.IsSet()
		ids.several = ids.several || more && ids.winners != [2]int{-1, -1}
		if parts.trace.IsSet() && entry.traceRank < traceRank {
			traceRank, ids.Trace, ids.winners[0] = entry.traceRank, parts.trace, found.entry
		}
		if parts.span.IsSet() && entry.spanRank < spanRank {
			spanRank, ids.Span, ids.Parent, ids.winners[1] = entry.spanRank, parts.span, parts.parent, found.entry
		}
	}
	if winner := ids.winners[1]; winner >= 0 && headers.entries[winner].form == formB3Span {
		ids.Parent = b3Parent
	}
	return ids
}

// Tell sets the fields of a message: trace_id, span_id, parent_span_id, x_request_id, and an attribute for each header whose id did not win.
func (c *Context) Tell(headers *Headers, message weir.MessageBuilder) {
	if c.request != nil {
		message.Text(weir.FieldXRequestId, c.request)
	}
	if c.count == 0 {
		return
	}
	ids := c.Ids(headers)
	if ids.Trace.IsSet() {
		message.Text(weir.FieldTraceId, ids.Trace.Text(c.buffer[:]))
	}
	if ids.Span.IsSet() {
		message.Text(weir.FieldSpanId, ids.Span.Text(c.buffer[:]))
	}
	if ids.Parent != nil {
		message.Text(weir.FieldParentSpanId, ids.Parent)
	}
	if ids.several {
		c.tellOthers(headers, &ids, message)
	}
}

// tellOthers: the trace id of each header that did not win; its span id when it has no trace id that lost.
func (c *Context) tellOthers(headers *Headers, ids *Ids, message weir.MessageBuilder) {
	for _, found := range c.found[:c.count] {
		entry := &headers.entries[found.entry]
		parts := read(entry.form, found.value)
		switch {
		case parts.trace.IsSet() && entry.traceRank != unranked && ids.winners[0] != found.entry:
			message.Attribute(entry.name, parts.trace.Text(c.buffer[:]))
		case parts.span.IsSet() && entry.spanRank != unranked && ids.winners[1] != found.entry:
			message.Attribute(entry.name, parts.span.Text(c.buffer[:]))
		}
	}
}
