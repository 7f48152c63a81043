// Package tracecontext finds trace ids in header fields and SQL comments.
//
// Takes: names and values of header fields, one pair at a time. Gives: trace id, span id, parent span id and request id, as pieces of the
// values wherever they stand there as they are. Does not follow `tracestate`, `baggage` or sampling flags.
//
//	| header                                             | trace id          | span id                         | parent            |
//	|----------------------------------------------------|-------------------|---------------------------------|-------------------|
//	| traceparent (W3C Trace Context 3.2)                | 2nd part          | 3rd part                        | -                 |
//	| sw8, sw6 (SkyWalking propagation headers v3, v2)   | 2nd part, decoded | 3rd part, decoded, -, 4th part  | -                 |
//	| b3 (openzipkin/b3-propagation, single header)      | 1st part          | 2nd part                        | 4th part          |
//	| x-b3-traceid, x-b3-spanid, x-b3-parentspanid       | value             | value                           | value             |
//	| uber-trace-id (Jaeger client libraries)            | 1st part          | 2nd part                        | 3rd part unless 0 |
//	| any other one in the configuration                 | value             | value                           | -                 |
//
// When several headers hold an id, the first one in the order of the configuration wins (the default is the order of the table), whatever
// their order in the message; the ids of the others become attributes under the name of their header in lower case.
package tracecontext

import (
	"strings"

	weir "weir.dev/plugin-sdk-go"
)

// namesLimit: names that one list may have; every one is compared with headers that begin with the same letter.
const namesLimit = 32

// What is read when the configuration says nothing.
const (
	defaultTraceIds   = "traceparent, sw8, sw6, b3, x-b3-traceid, uber-trace-id"
	defaultSpanIds    = "traceparent, sw8, sw6, b3, x-b3-spanid, uber-trace-id"
	defaultRequestIds = "x-request-id"
)

// unranked is the rank of a header that is not in the list.
const unranked = 255

// Headers are those that hold ids, best first. Built once for an instance.
type Headers struct {
	entries []entry
	// A bit for each first letter, `letter & 31`, which both cases share: most headers are told apart by this alone.
	firstLetters uint32
}

type entry struct {
	// In lower case.
	name string
	form form
	// Places in the lists; 0 is best.
	traceRank, spanRank uint8
}

// form says how a value is read.
type form uint8

const (
	formPlain form = iota
	formB3
	formB3Parent
	formB3Span
	formB3Trace
	formJaeger
	formRequest
	formSkyWalking
	formTraceparent
)

func formOf(name string) form {
	switch name {
	case "b3":
		return formB3
	case "sw6", "sw8":
		return formSkyWalking
	case "traceparent":
		return formTraceparent
	case "uber-trace-id":
		return formJaeger
	case "x-b3-parentspanid":
		return formB3Parent
	case "x-b3-spanid":
		return formB3Span
	case "x-b3-traceid":
		return formB3Trace
	}
	return formPlain
}

// NewHeaders takes lists of header names, separated by commas, best first. Names that this package knows are read in their own form, the
// value of any other one is the id. An empty list: no such id is read. At most 32 names of each list count.
func NewHeaders(traceIds, spanIds, requestIds string) *Headers {
	h := new(Headers)
	for rank, name := range names(traceIds) {
		h.entry(name).traceRank = uint8(rank)
	}
	for rank, name := range names(spanIds) {
		h.entry(name).spanRank = uint8(rank)
	}
	for i := range h.entries {
		if h.entries[i].form == formB3Span {
			h.entry("x-b3-parentspanid")
			break
		}
	}
	for _, name := range names(requestIds) {
		h.entry(name).form = formRequest
	}
	for i := range h.entries {
		h.firstLetters |= 1 << (h.entries[i].name[0] & 31)
	}
	return h
}

var configured *Headers

// Configured gives the lists of the plugin's configuration: `trace-id-headers`, `span-id-headers`, `x-request-id-headers`. The host is
// asked once; every later call gives the same lists.
func Configured() *Headers {
	if configured == nil {
		configured = NewHeaders(
			list("trace-id-headers", defaultTraceIds),
			list("span-id-headers", defaultSpanIds),
			list("x-request-id-headers", defaultRequestIds),
		)
	}
	return configured
}

func list(key, other string) string {
	if value, set := weir.Config(key); set {
		return value
	}
	return other
}

func names(list string) (all []string) {
	for _, name := range strings.Split(list, ",") {
		if name = strings.TrimSpace(name); name != "" && len(all) < namesLimit {
			all = append(all, strings.ToLower(name))
		}
	}
	return all
}

func (h *Headers) entry(name string) *entry {
	for i := range h.entries {
		if h.entries[i].name == name {
			return &h.entries[i]
		}
	}
	h.entries = append(h.entries, entry{name: name, form: formOf(name), traceRank: unranked, spanRank: unranked})
	return &h.entries[len(h.entries)-1]
}

// find gives the index of the entry of this name, whatever the case of its letters; -1: there is none.
func (h *Headers) find(name []byte) int {
	if len(name) == 0 || h.firstLetters>>(name[0]&31)&1 == 0 {
		return -1
	}
	for i := range h.entries {
		if len(h.entries[i].name) == len(name) && sameName(name, h.entries[i].name) {
			return i
		}
	}
	return -1
}

// sameName compares two texts of one length; lower is in lower case.
func sameName(name []byte, lower string) bool {
	for i, c := range name {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}
